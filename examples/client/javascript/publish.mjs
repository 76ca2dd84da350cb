// Publish a post and wait for its outcome.
import { Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle(); // TREADLE_URL, TREADLE_KEY
const { id } = await treadle.posts.create({ account_id: process.env.ACCOUNT, text: "Hello from JavaScript" });
const post = await treadle.posts.wait(id, { timeoutMs: 120_000 });
console.log(post.state, post.parts[0].permalink);
