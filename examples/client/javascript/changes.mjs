// Follow changes until a post is published. The id of the last one seen is where to come back.
import { Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle();
const post = await treadle.posts.create({ account_id: process.env.ACCOUNT, text: "Followed" });
let seen = 0; // in your program: what you stored last
for await (const change of treadle.events.stream({ types: ["post.*"], after: seen })) {
  seen = change.id;
  if (change.subject !== post.id) continue;
  console.log(change.type);
  if (change.type === "post.published") break;
}
