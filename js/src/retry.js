// Retry advice: the pattern's schedule, overridden by what Meta said and stretched by what is known of the media.
import { get, head, isMapping, rounded, strip } from "./python.js";

const LONGEST_HINT_S = 7 * 86_400;
const GB = 1e9;

export function newAdvice(kind, after = null, attempts = 0, cap = null, then = null, hinted = false) {
  return { kind, after_s: after, max_attempts: attempts, max_delay_s: cap, then, hinted };
}

export const neverAgain = () => newAdvice("never");

/** The advice of a pattern with nothing else known. */
function plainAdvice(retry) {
  const kind = retry.kind ?? "never";
  if ((kind === "never" || kind === "when_repaired") && !retry.max_attempts) return newAdvice(kind);
  return newAdvice(kind, retry.after_s ?? null, retry.max_attempts ?? 0, retry.max_delay_s ?? null, retry.then ?? null);
}

export function adviseRetry(retry, headers, context) {
  const plain = plainAdvice(retry);
  const bends = ["later", "new_container", "verify_first"].includes(plain.kind) && plain.after_s !== null;
  if (!bends || !(Object.keys(headers).length || Object.keys(context).length)) return plain;
  let after = plain.after_s;
  let cap = plain.max_delay_s || after;
  const size = get(context, "media_bytes");
  if (retry.per_gb_s && typeof size === "number" && size > 0 && size < 1e13) {
    const extra = (retry.per_gb_s * size) / GB;
    after += extra;
    cap += extra * 2;
  }
  const hint = hintedWait(headers);
  const hinted = hint !== null && plain.kind === "later";
  if (hinted) {
    after = Math.max(after, hint);
    cap = Math.max(cap, after);
  }
  return newAdvice(plain.kind, rounded(after, 3), plain.max_attempts, rounded(cap, 3), plain.then, hinted);
}

/** Whether this answer came so often for this container that what follows the budget is due. */
export function budgetSpent(retry, context) {
  const seen = get(context, "seen_on_container");
  return retry.kind === "later" && retry.max_attempts > 0 && Number.isInteger(seen) && seen > retry.max_attempts;
}

export function adviceAfterBudget(retry) {
  const [after, cap] = [retry.after_s ?? null, retry.max_delay_s ?? null];
  if (retry.then === "new_container") return newAdvice("new_container", after, 1, cap, "when_repaired");
  if (retry.then === "verify_first") return newAdvice("verify_first", after, 3, cap, "when_repaired");
  return newAdvice(retry.then === "when_repaired" ? "when_repaired" : "never");
}

function hintedWait(headers) {
  const low = {};
  for (const [key, value] of Object.entries(headers)) if (typeof value === "string") low[key.toLowerCase()] = value;
  const found = [];
  const wait = low["retry-after"] ? retryAfter(low["retry-after"], low.date) : null;
  if (wait !== null) found.push(wait);
  for (const name of ["x-business-use-case-usage", "x-app-usage", "x-ad-account-usage"]) {
    if (low[name]) found.push(...usageWaits(low[name]));
  }
  return found.length ? Math.min(Math.max(...found), LONGEST_HINT_S) : null;
}

function retryAfter(value, date) {
  const text = strip(value);
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) {
    const seconds = Number(text);
    return seconds >= 0 && seconds < 1e9 ? seconds : null;
  }
  const wait = date === undefined ? NaN : (Date.parse(text) - Date.parse(date)) / 1000;
  return wait >= 0 ? wait : null;
}

function usageWaits(value) {
  let parsed;
  try {
    parsed = JSON.parse(head(value, 20_000));
  } catch {
    return [];
  }
  const rows = [parsed];
  if (isMapping(parsed)) for (const group of Object.values(parsed)) if (Array.isArray(group)) rows.push(...group.slice(0, 50));
  const waits = [];
  for (const row of rows.filter(isMapping)) {
    const minutes = get(row, "estimated_time_to_regain_access");
    if (typeof minutes === "number" && minutes > 0 && minutes < 1e7) waits.push(minutes * 60);
    else if (["call_count", "total_time", "total_cputime"].some((key) => typeof row[key] === "number" && row[key] >= 100)) {
      waits.push(3600);
    }
  }
  return waits;
}
