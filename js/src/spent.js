// A cause once its retries are used up: what somebody has to do. One rule for the action, who takes it, and the words.
import { constantsOf } from "./python.js";

const SPENT = constantsOf("spent");
const { AUTOMATIC } = constantsOf("types");

/** The advised action once the retries of a pattern are used up; never "retry later". */
function whatFollows(pattern) {
  const { kind, then, then_action: named } = pattern.retry;
  if (named) return named;
  if (SPENT.BY_THEN[then ?? ""]) return SPENT.BY_THEN[then];
  return kind === "verify_first" ? "verify_first" : SPENT.BY_LANE[pattern.lane] ?? SPENT.LAST_RESORT;
}

/** What a spent budget changes of a diagnosis of `pattern`, whose retry advice is then `advice`. */
export function afterBudget(pattern, advice) {
  const action = whatFollows(pattern);
  const person = pattern.who === "nobody" ? SPENT.WHO[action] ?? "owner" : pattern.who;
  return {
    action,
    retry: advice,
    who: AUTOMATIC.includes(advice.kind) ? pattern.who : person,
    next_step: `${SPENT.USED_UP} ${SPENT.STEP[action]}`,
  };
}
