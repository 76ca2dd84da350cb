// Say what an error answer of Threads means, what a refused request lacks, and which posts wait for somebody.
import { ApiError, Treadle } from "treadle-diagnosis/client";

const treadle = new Treadle();
const body = { error: { message: "Error validating access token", code: 190, error_subcode: 463 } };
const found = await treadle.answers.diagnose({ stage: "publish", http_status: 400, body });
console.log(found.pattern, found.who, found.retry.kind);
try {
  await treadle.posts.create({ account_id: process.env.ACCOUNT, text: "x".repeat(501) });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.log(error.code, error.who, error.retryable, error.findings[0].rule, error.requestId);
}
for await (const post of treadle.posts.iterate({ state: ["blocked", "failed", "held"] })) {
  console.log(post.id, post.state, post.cause);
}
