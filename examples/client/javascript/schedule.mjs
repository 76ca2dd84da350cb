// Schedule a post, change its text, cancel it. Nothing is published.
import { Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle();
const publish_at = new Date(Date.now() + 24 * 3600 * 1000).toISOString();
const made = await treadle.posts.create({ account_id: process.env.ACCOUNT, text: "The shop opens at nine.", publish_at });
console.log(made.state, made.publish_at);
const changed = await treadle.posts.update(made.id, { text: "The shop opens at ten." });
console.log(changed.parts[0].text);
await treadle.posts.cancel(made.id);
console.log((await treadle.posts.get(made.id)).state);
