// After a publish, an answer that is no clear refusal leaves open whether the post is live.
import { allMatches, asNumber, constantsOf, get, head, isMapping, truthy } from "./python.js";
import { TABLES } from "./tables.js";

const PUBLISHING = constantsOf("publishing");
const CLARITY = constantsOf("clarity");

/** Whether this answers a call that may have published; not when it is proven that it did not. */
export function atPublish(stage, context) {
  if (truthy(get(context, "not_published"))) return false;
  return stage === "publish" || PUBLISHING.POSTING.some((key) => truthy(get(context, key)));
}

/** Whether a good-looking answer names no post: no answer to a publish is good without an id. */
export const namesNoPost = (body) => isMapping(body) && !truthy(get(body, "id"));

/** Whether an answer to a publish that this rule recognizes leaves open whether the post is live. */
export function leavesOpen(rule, facts) {
  const { pattern, match } = rule;
  if ([pattern.action, get(pattern.retry, "kind")].some((word) => PUBLISHING.CHECKS_ALREADY.includes(word))) return false;
  const before = truthy(get(facts.context, "unclear_before")) || truthy(get(facts.context, "after_publish"));
  const repeats = PUBLISHING.REPEATS.includes(get(pattern.retry, "kind"));
  if (repeats && !match.container.length && repeatCouldDouble(pattern, facts, before)) return true;
  const clear = clearRefusal(facts, before);
  if (clear === null && clearRefusal(facts, false) !== null) return true;
  if (PUBLISHING.NEVER_WRITTEN.includes(facts.transport)) return false;
  if ([match.subcode, match.container, match.constant, match.oauth].some((list) => list.length)) return false;
  const status = facts.http_status;
  const nameless = status === 429 && facts.code === null && facts.subcode === null; // a gateway says that too
  if (facts.type === "html" || nameless || (status !== null && status >= 400 && !mayBeClear(status))) return true;
  if (!facts.structured && !before && (match.words.length || saysItInWords(pattern, facts.message))) {
    // Text often loses the codes: its words may name a clear refusal, or one that the catalogue knows by a subcode.
    const subcodes = pattern.scope === "platform" ? [] : pattern.match.flatMap((one) => one.subcode ?? []);
    const named =
      facts.code === null
        ? subcodes.length > 0 || namesClearRefusal(pattern.id, facts.message)
        : facts.subcode === null && subcodes.some((subcode) => clearRefusal({ code: facts.code, subcode, message: "" }, false));
    if (named) return false;
  }
  return (facts.code === null && facts.subcode === null) || clear === null;
}

/** Whether this call or one before it may have published, however well the answer itself is known. */
function repeatCouldDouble(pattern, facts, before) {
  const status = facts.http_status;
  if (before || facts.doubted || (status !== null && status >= 400 && !mayBeClear(status))) return true;
  const passing = pattern.lane === "platform_temporary" && get(pattern.retry, "kind") === "later";
  return passing && PUBLISHING.ALWAYS_OPEN.includes(facts.code);
}

function saysItInWords(pattern, message) {
  const phrases = pattern.match.flatMap((one) => one.words ?? []);
  return phrases.some((phrase) => phrase.split("&").every((part) => message.includes(part.trim())));
}

/** Whether, with the stage unknown, the advice to repeat would be dangerous had this been the publish call. */
export function riskyIfPublished(rule, facts) {
  const repeats = PUBLISHING.REPEATS.includes(get(rule.pattern.retry, "kind"));
  return rule.pattern.lane === "platform_temporary" && repeats && leavesOpen(rule, facts);
}

/** The entry of the table of clear refusals that these codes meet. */
function clearRefusal(codes, before) {
  if (codes.code === null) return null;
  return (
    TABLES.refusals.find((entry) => {
      if (entry.first_send_only && before) return false;
      const range = entry.code_range;
      const coded = entry.code.includes(codes.code) || (range && range[0] <= codes.code && codes.code <= range[1]);
      if (!coded || !subcodeFits(entry.subcode, codes.subcode)) return false;
      return !entry.names_parameter || namesParameter(codes.message);
    }) ?? null
  );
}

function subcodeFits(wanted, subcode) {
  if (wanted.includes("any")) return true;
  if (subcode === null) return wanted.includes("none") || wanted.includes("known");
  return wanted.includes(subcode) || (wanted.includes("known") && knownSubcodes().has(subcode));
}

let subcodesOfAll = null;
const knownSubcodes = () =>
  (subcodesOfAll ??= new Set(TABLES.patterns.flatMap((p) => p.match.flatMap((one) => one.subcode ?? []))));

function namesParameter(message) {
  return [...allMatches(CLARITY.PARAMETER, message)].some((hit) => !CLARITY.NO_NAME.includes(hit[1]));
}

const mayBeClear = (status) => status >= 400 && status < 500 && !CLARITY.OPEN_STATUS.includes(status);

/** Whether a whole answer, Meta's own JSON error object with a status of 4xx, says that this publish did not happen. */
export function isClearRefusal(status, body, { unclearBefore = false } = {}) {
  const error = isMapping(body) ? get(body, "error") : null;
  if (unclearBefore || !mayBeClear(status) || !isMapping(error)) return false;
  const given = get(error, "error_subcode");
  const subcode = asNumber(given);
  if (subcode === null && given !== null) return false;
  const message = get(error, "message");
  const told = typeof message === "string" ? head(message.toLowerCase(), 4000) : "";
  return clearRefusal({ code: asNumber(get(error, "code")), subcode: subcode || null, message: told }, false) !== null;
}

function namesClearRefusal(id, message) {
  const needsParameter = clearPatterns().get(id);
  return needsParameter === false || (needsParameter === true && namesParameter(message));
}

let clearOnes = null;
function clearPatterns() {
  if (clearOnes) return clearOnes;
  clearOnes = new Map();
  for (const pattern of TABLES.patterns) {
    if (pattern.lane === "meta_token") clearOnes.set(pattern.id, false);
    for (const match of pattern.match) {
      const subcodes = match.subcode?.length ? match.subcode : [null];
      const pairs = (match.code ?? []).flatMap((code) => subcodes.map((subcode) => ({ code, subcode, message: "" })));
      for (const subcode of match.subcode ?? []) {
        for (const entry of TABLES.refusals) {
          if (entry.subcode.includes(subcode)) pairs.push(...entry.code.map((code) => ({ code, subcode, message: "" })));
        }
      }
      if (pairs.some((pair) => clearRefusal(pair, false))) clearOnes.set(pattern.id, false);
      else if (!clearOnes.has(pattern.id) && pairs.some((pair) => clearRefusal({ ...pair, message: "param x" }, false))) {
        clearOnes.set(pattern.id, true);
      }
    }
  }
  return clearOnes;
}
