// The words people read for the fixed terms of a diagnosis.
import { constantsOf, rounded } from "./python.js";

const WORDING = constantsOf("wording");

export const LABELS = {
  action: constantsOf("types").ACTION_LABELS,
  who: WORDING.VISITOR_WHO_LABELS,
  confidence: WORDING.CONFIDENCE_LABELS,
  scope: WORDING.SCOPE_LABELS,
};

/** Seconds as a person would say it: 90 as "2 minutes". */
export function duration(seconds) {
  const [count, unit] =
    seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : seconds < 129_600 ? [seconds / 3600, "hour"] : [seconds / 86_400, "day"];
  const whole = Math.max(rounded(count), 1);
  return whole === 1 ? `${whole} ${unit}` : `${whole} ${unit}s`;
}

/** Retry advice in one sentence. */
export function retrySentence(advice, known = true) {
  if (!known) return "Not automatically: without knowing the cause, a retry is a guess.";
  if (advice.kind === "never") return "No. The same request fails again.";
  if (advice.kind === "when_repaired") return "Not as it is. Once the cause is repaired, it can work.";
  const wait = advice.after_s === null ? "a moment" : duration(advice.after_s);
  const asked = advice.hinted ? ", as Meta asked" : "";
  const times = advice.max_attempts === 1 ? "once" : `up to ${advice.max_attempts} times`;
  const then = advice.then ? `; ${WORDING.THEN[advice.then]}` : "";
  if (advice.kind === "later") return `Yes: after about ${wait}${asked}, ${times} with growing pauses${then}.`;
  if (advice.kind === "new_container") return `Yes, with a new container: after about ${wait}, ${times}${then}.`;
  return `Only after checking whether the post is live: look after about ${wait}, ${times}${then}.`;
}
