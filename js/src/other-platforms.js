// Errors of other networks, which people paste here because one program posts to several.
import { constantsOf, get, has, isMapping } from "./python.js";

const OTHERS = constantsOf("other_platforms");

/** Whether a text, in lower case, names another network's API and nothing of Meta's. */
export const namesAnother = (text) => OTHERS.NAMED.test(text) && !OTHERS.META.test(text);

/** Whether an object has the shape of another network's error: fields that Meta's answers never have. */
export function anotherAnswered(body) {
  if (!isMapping(body)) return false;
  if (has(body, "serviceErrorCode") || has(body, "documentation_url")) return true; // LinkedIn, GitHub
  if (get(body, "ok") === false && (has(body, "description") || typeof get(body, "error") === "string")) return true; // Telegram, Slack
  if (isDiscord(body)) return true;
  const kind = get(body, "type");
  if (typeof kind === "string") {
    if (OTHERS.TWITTER_TYPES.some((start) => kind.startsWith(start)) || (kind === "about:blank" && has(body, "title"))) return true;
  }
  const error = get(body, "error");
  const errors = get(body, "errors");
  if (typeof error === "string") return OTHERS.BLUESKY_ERRORS.includes(error) && has(body, "message");
  if (isMapping(error)) {
    if (has(error, "log_id") && typeof get(error, "code") === "string") return true; // TikTok
    const word = OTHERS.MODEL_TYPES.includes(get(error, "type")) && !Number.isInteger(get(error, "code"));
    if (word && !has(error, "fbtrace_id")) return true;
    const inner = get(error, "errors"); // Google, YouTube
    return Array.isArray(inner) && inner.slice(0, 5).some((one) => isMapping(one) && has(one, "domain"));
  }
  const first = Array.isArray(errors) && errors.length ? errors[0] : null;
  if (!isMapping(first) || !Object.keys(first).every((key) => key === "code" || key === "message")) return false;
  return OTHERS.TWITTER_CODES.includes(get(first, "code"));
}

/** Five digits in the first 1,100 of a ten thousand, where Meta has none, beside nothing but words. */
function isDiscord(body) {
  const code = get(body, "code");
  if (!Number.isInteger(code) || code < 10_000 || code >= 70_000 || code % 10_000 >= 1_100) return false;
  return has(body, "message") && Object.keys(body).every((key) => ["code", "message", "errors"].includes(key));
}
