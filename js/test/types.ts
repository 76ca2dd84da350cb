// Compiled, never run: what a program in TypeScript may write, and what it may not.
import { diagnose, isClearRefusal, redact, type Diagnosis, type Evidence, type RetryAdvice } from "treadle-diagnosis";

const found: Diagnosis = diagnose('{"error":{"code":190}}', { stage: "publish", httpStatus: 400 });
const waited: Promise<Diagnosis> = diagnose(new Response("{}"), { stage: "read" });
const ofError: Diagnosis = diagnose(new TypeError("fetch failed"));
const advice: RetryAdvice = found.retry;
const seconds: number | null = advice.after_s;
const evidence: Evidence = { body: {}, context: { container_age_s: 90_000 }, headers: new Headers() };
const clear: boolean = isClearRefusal(400, {}, { unclearBefore: true });

export async function caught(error: unknown): Promise<string> {
  const answer = await diagnose(error);
  // @ts-expect-error there is no such field
  answer.nothing;
  // @ts-expect-error no stage has this name
  diagnose("x", { stage: "publishing" });
  return `${answer.next_step}${String(redact(answer.raw))}`;
}
export { clear, evidence, ofError, seconds, waited };
