// Taking secrets out of anything that is going to be shown or sent.
import {
  constantsOf, head, isBytes, isMapping, lengthOf, partition, replaceAll, truthy, wordsOf,
} from "./python.js";
import { decodeBytes } from "./reading.js";

const REDACT = constantsOf("redact");
const MARK = REDACT.MARK;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export const withoutLoneSurrogates = (text) => text.replace(LONE, "?");

/** Text without secrets; error codes and everything a diagnosis needs stay. */
export function redactText(given) {
  let text = withoutLoneSurrogates(given);
  if (lengthOf(text) < 12) return text;
  const equals = text.includes("=");
  if (text.includes("?") && (equals || text.includes("&"))) text = replaceAll(REDACT.ADDRESS, text, cleanAddress);
  if (equals || text.includes(":")) {
    const lower = text.toLowerCase();
    if (REDACT.PAIR_MARKS.some((mark) => lower.includes(mark))) {
      text = replaceAll(REDACT.PAIRS, text, (_, named, _value, bare) => `${named ?? bare}${MARK}`);
    }
    if (lower.includes("authorization")) text = replaceAll(REDACT.AUTHORIZATION, text, (_, name) => name + MARK);
    if (equals && lower.includes("code=")) text = replaceAll(REDACT.CODE_PARAM, text, (_, name) => name + MARK);
  }
  const longest = Math.max(0, ...wordsOf(text).map(lengthOf));
  if (longest >= 12 && REDACT.BEARER_MARK.test(text)) text = replaceAll(REDACT.BEARER, text, (_, word) => `${word} ${MARK}`);
  if (longest >= 9 && text.includes("TH|")) text = replaceAll(REDACT.APP_TOKEN, text, MARK);
  return longest >= 19 ? replaceAll(REDACT.RUN, text, cleanRun) : text;
}

function cleanRun(run) {
  if (!REDACT.DIGIT.test(run)) return replaceAll(REDACT.LETTER_TOKENS, run, MARK);
  const inner = run.replace(/^-+/, "");
  if (inner.length > REDACT.LONGEST_NAME) return run.slice(0, run.length - inner.length) + MARK;
  return replaceAll(REDACT.TOKENS, run, MARK);
}

/** A run of characters with its query cleaned, if it holds a path (a slash and something) and a query. */
function cleanAddress(run) {
  const pieces = run.split("?");
  for (let number = 1; number < pieces.length; number++) {
    if (!pieces[number - 1].slice(0, -1).includes("/")) continue;
    const query = pieces.slice(number).join("?");
    return query ? `${pieces.slice(0, number).join("?")}?${query.split("&").map(cleanField).join("&")}` : run;
  }
  return run;
}

function cleanField(part) {
  const [key, separator, value] = partition(part, "=");
  if (REDACT.PUBLIC_FIELDS.includes(key.toLowerCase())) return part;
  if (!separator) return MARK;
  return value ? `${head(key, 60)}=${MARK}` : part;
}

function isSecret(key, value) {
  const lower = key.toLowerCase();
  if (REDACT.SECRET_KEYS.includes(lower)) return true;
  // An authorization code is a long string; an error code is a short number.
  return lower === "code" && typeof value === "string" && lengthOf(value) > 20 && !value.startsWith("THREADS_API__");
}

/** `value` without secrets, strings and the whole cut after about `most` characters; objects keep their shape. */
export function redact(value, most = 12_000) {
  const budget = { left: most };
  const spend = (text, cut = false) => {
    const left = Math.max(budget.left, 0);
    budget.left -= lengthOf(text);
    return lengthOf(text) <= left && !cut ? text : `${head(text, left)}…`;
  };
  const walk = (node, depth) => {
    if (typeof node === "string") {
      const most = Math.max(budget.left, 0) + 2000;
      // The margin keeps a secret at the edge whole until it is found; the cut takes the margin away.
      return lengthOf(node) > most ? spend(redactText(head(node, most)), true) : spend(redactText(node));
    }
    if (typeof node === "number" && !Number.isFinite(node)) return String(node);
    if (node === null || node === undefined) return null;
    if (typeof node === "number" || typeof node === "boolean") return node;
    if (depth > 12) return "…";
    if (isBytes(node)) return walk(decodeBytes(node), depth);
    if (Array.isArray(node)) {
      const items = [];
      for (const inner of node) {
        if (budget.left <= 0) {
          items.push("…");
          break;
        }
        items.push(walk(inner, depth + 1));
      }
      return items;
    }
    if (!isMapping(node)) return walk(String(node), depth);
    const out = {};
    for (const [key, inner] of Object.entries(node)) {
      if (budget.left <= 0) {
        out["…"] = "…";
        break;
      }
      const name = withoutLoneSurrogates(key);
      budget.left -= lengthOf(name) + (typeof inner === "string" ? 0 : 12);
      const secret = !REDACT.PLAIN_KEYS.includes(name) && truthy(inner) && isSecret(name, inner);
      out[name] = secret ? MARK : walk(inner, depth + 1);
    }
    return out;
  };
  return walk(value, 0);
}
