// Give the same idempotency key again, as after a crash: it is the same post. Another post with that key is refused.
import { randomUUID } from "node:crypto";
import { ApiError, Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle();
const idempotencyKey = `order-${randomUUID()}`; // in your program: the id of what the post is about, stored before the call
const body = { account_id: process.env.ACCOUNT, text: "Sold out.", draft: true };
const first = await treadle.posts.create(body, { idempotencyKey });
const again = await treadle.posts.create(body, { idempotencyKey });
console.log("one post:", first.id === again.id);
try {
  await treadle.posts.create({ ...body, text: "Back soon." }, { idempotencyKey });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.log(error.status, error.code);
}
