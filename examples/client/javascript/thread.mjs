// Upload a picture with its description, and publish it as the first part of a thread of two.
// Usage: node thread.mjs PICTURE
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle();
const picture = process.argv[2];
const media = await treadle.media.upload(await readFile(picture), { filename: basename(picture), contentType: "image/jpeg" });
const { id } = await treadle.posts.create({
  account_id: process.env.ACCOUNT,
  text: "The loom is threaded.",
  media: [{ id: media.id, alt_text: "A loom" }],
  replies: [{ text: "First pass in a minute." }],
});
const post = await treadle.posts.wait(id, { timeoutMs: 120_000 });
for (const part of post.parts) console.log(post.state, part.permalink);
