// The types of the client, as a program uses them; compiled, never run.
import { ApiError, Treadle, verifyWebhook, type Post, type PostIn } from "treadle-diagnosis/client";

const treadle = new Treadle({ url: "http://127.0.0.1:8700", key: "key" });
const body: PostIn = { account_id: "acc_1", text: "Hello", replies: [{ text: "more" }] };
const made: Post = await treadle.posts.create(body, { idempotencyKey: "order-4711" });
const state: string = (await treadle.posts.wait(made.id, { timeoutMs: 1000 })).state;
for await (const post of treadle.posts.iterate({ state: ["failed"], limit: 10 })) post.parts[0]?.permalink;
for await (const change of treadle.events.stream({ after: 0, follow: false })) change.id.toFixed();
try {
  await treadle.posts.cancel(made.id);
} catch (error) {
  if (error instanceof ApiError) error.findings.map((finding) => finding.field);
}
const payload = await verifyWebhook("{}", { "webhook-id": "1" }, "whsec_AAAA");
payload.type.length + state.length;
// @ts-expect-error a post belongs to an account
await treadle.posts.create({ text: "Hello" });
// @ts-expect-error there is no such option
await treadle.posts.list({ stat: ["failed"] });
