// Putting it together: evidence in, diagnosis out. Pure, total, no clock, no network.
import { newFacts } from "./objects.js";
import { anotherAnswered, namesAnother } from "./other-platforms.js";
import { atPublish, leavesOpen, namesNoPost, riskyIfPublished } from "./publishing.js";
import { constantsOf, get, has, isBytes, isMapping, strip } from "./python.js";
import { decodeBytes, readEvidence } from "./reading.js";
import { redact } from "./redact.js";
import { adviceAfterBudget, adviseRetry, budgetSpent, neverAgain } from "./retry.js";
import { matchedFacts, ruleBook } from "./rules.js";
import { afterLastSuccess, deciding, errorsIn, piecesOf, withCount } from "./several.js";
import { afterBudget } from "./spent.js";
import { placeOf } from "./texts.js";
import { duration } from "./wording.js";

const ENGINE = constantsOf("engine");
const OF_RULES = constantsOf("rules");
export const UNKNOWN = ENGINE.UNKNOWN;
export const NOTHING = ENGINE.NOTHING;
const WHAT_TO_PASTE =
  'Paste the error as it came: the JSON answer ({"error": …}), the log line, the output of curl -i, the address you were sent back to after connecting, or the exception text.';

/** A pattern by its id, with case, surrounding space, "-" and "_" not mattering. */
function patternNamed(name) {
  const wanted = strip(name).toLowerCase();
  const patterns = ruleBook().patterns;
  return patterns.get(wanted) ?? patterns.get(wanted.replaceAll(" ", "_").replaceAll("-", "_")) ?? null;
}

/** The diagnosis of evidence in its shape, as Python gives it: `next_step` is the owner's. */
export function diagnoseEvidence(evidence) {
  try {
    const body = evidence.body;
    const alone = body === null || (isMapping(body) && !Array.isArray(get(body, "errors")));
    if (alone || has(evidence.context, "finding")) return ofOne(evidence);
    return ofSeveral(evidence, isBytes(body) ? decodeBytes(body) : body);
  } catch {
    // A hostile object (a getter that throws) must not stop a publisher.
    return unknown(newFacts(), null, "the answer could not be read");
  }
}

/** The diagnosis of the error that stops the work; that of a good answer when it came last. */
function ofSeveral(evidence, body) {
  const pieces = piecesOf(body, ruleBook().known);
  const errors = errorsIn(pieces);
  if (errors < 2 && !(errors && pieces[pieces.length - 1].success)) return ofOne(evidence);
  const facts = newFacts(evidence.surface, evidence.stage);
  if (typeof body === "string") placeOf(body, facts);
  const left = afterLastSuccess(pieces);
  if (!left.length) return nothing(facts, "over");
  const found = left.map((piece) => ofOne({ ...evidence, surface: facts.surface, stage: facts.stage, body: piece.body }));
  let chosen = { ...deciding(found), raw: redact(evidence.body) };
  if (facts.doubted && ENGINE.REPEATS.includes(chosen.retry.kind) && atPublish(facts.stage, evidence.context)) {
    chosen = openOutcome(facts, evidence.body, chosen.matched);
  }
  return errors > 1 ? withCount(chosen, errors) : chosen;
}

function ofOne(evidence) {
  const book = ruleBook();
  const facts = readEvidence(evidence, book.known);
  const raw = evidence.body ?? evidence.exception;
  const finding = get(facts.context, "finding");
  const named = typeof finding === "string" ? patternNamed(finding) : null;
  if (named) return built(named, facts, raw, [`finding=${named.id}`], "exact");
  const published = atPublish(facts.stage, facts.context);
  if (facts.success && !(published && namesNoPost(evidence.body))) facts.empty = "fine";
  if (facts.empty) return nothing(facts, facts.empty);
  if (!published && isForeign(facts, evidence.body)) {
    return built(patternNamed(ENGINE.OTHER_PLATFORM), facts, raw, [], "likely");
  }
  const hit = facts.success ? null : book.best(facts);
  if (hit === null) return published ? openOutcome(facts, raw, []) : unknown(facts, raw);
  const rule = hit.rule;
  const found = matchedFacts(rule, facts);
  if (published && leavesOpen(rule, facts)) return openOutcome(facts, raw, found);
  if (nothingButANumber(rule, facts)) return unknown(facts, raw);
  let diagnosis = built(rule.pattern, facts, raw, found, sureness(rule, facts));
  if (unlistedDecides(rule, facts)) diagnosis = lessSure(diagnosis, rule);
  if (facts.stage === "unknown" && !published && riskyIfPublished(rule, facts)) {
    return { ...diagnosis, confidence: "guess", next_step: `${ENGINE.IF_PUBLISHED} ${diagnosis.next_step}` };
  }
  return diagnosis;
}

/** Whether this is another network's error: by its shape, or by a name in words that are nobody else's. */
function isForeign(facts, body) {
  if (facts.subcode !== null || facts.type.includes("xception")) return false;
  return facts.foreign || anotherAnswered(body) || (!facts.type && namesAnother(facts.message));
}

function openOutcome(facts, raw, found) {
  const others = found.filter((fact) => fact !== "stage=publish");
  return built(patternNamed(ENGINE.OUTCOME_UNKNOWN), facts, raw, ["stage=publish", ...others], "likely");
}

function sureness(rule, facts) {
  const { match, confidence } = rule;
  if (!match.subcode.length && facts.subcode !== null && confidence === "exact" && !match.constant.length) return "likely";
  if (confidence === "exact" && !facts.structured && match.words.length && !match.subcode.length) return "likely";
  return confidence;
}

/** Whether the subcode is unlisted and the rule holds for the code (or for words) beside it alone. */
function unlistedDecides({ match }, facts) {
  return facts.unlisted && !(match.constant.length || match.container.length || match.unlisted_subcode);
}

/** Whether one unlisted number is all there is, beside words that go with many faults. */
function nothingButANumber(rule, facts) {
  const alone = facts.code !== null && facts.code === facts.subcode && !rule.match.subcode.length;
  return alone && OF_RULES.REPEATS.includes(rule.pattern.retry.kind ?? "never");
}

function lessSure(diagnosis, rule) {
  const repeats = OF_RULES.REPEATS.includes(diagnosis.retry.kind);
  if (rule.match.words.length && !repeats) {
    return diagnosis.confidence === "exact" ? { ...diagnosis, confidence: "likely" } : diagnosis;
  }
  if (!repeats) return { ...diagnosis, confidence: "guess" };
  const tries = Math.min(diagnosis.retry.max_attempts, OF_RULES.UNLISTED_TRIES);
  return { ...diagnosis, confidence: "guess", retry: { ...diagnosis.retry, max_attempts: tries } };
}

function built(pattern, facts, raw, matched, confidence) {
  const retry = pattern.retry;
  const spent = budgetSpent(retry, facts.context);
  const advice = spent ? adviceAfterBudget(retry) : adviseRetry(retry, facts.headers, facts.context);
  const changed = spent ? afterBudget(pattern, advice) : {};
  const family = pattern.family ?? "threads";
  const surface = facts.surface === "threads" ? family : facts.surface;
  const elsewhere = surface !== "threads" && !facts.transport;
  return {
    pattern: pattern.id,
    title: pattern.title,
    category: pattern.category,
    lane: pattern.lane,
    action: pattern.action,
    retry: advice,
    who: pattern.who,
    confidence,
    what_happened: elsewhere ? `${pattern.what_happened} This is ${ENGINE.PLATFORM[surface]}'s answer, not Threads'.` : pattern.what_happened,
    next_step: stepOf(pattern, advice),
    owner_step: pattern.owner,
    next_step_developer: pattern.developer,
    treadle_does: pattern.treadle,
    plan: pattern.plan ?? [],
    decides: pattern.decides ?? [],
    scope: pattern.scope,
    surface,
    guide: `/guide/errors/${pattern.id}`,
    matched,
    raw: redact(raw),
    ...changed,
  };
}

/** The pattern's next step, led by the wait that Meta asked for. */
function stepOf(pattern, advice) {
  if (!advice.hinted || advice.after_s === null) return pattern.next_step;
  return `Wait about ${duration(advice.after_s)} (Meta asked for this). ${pattern.next_step}`;
}

const WITHOUT_PATTERN = {
  category: "Platform", lane: "unknown", action: "contact_support", confidence: "guess", plan: [], decides: [],
  scope: "post", guide: "/guide/unknown",
};

function unknown(facts, raw, why = "") {
  const seen = [["code", facts.code], ["subcode", facts.subcode], ["http", facts.http_status]];
  return {
    ...WITHOUT_PATTERN,
    pattern: UNKNOWN,
    title: "Not catalogued yet",
    retry: neverAgain(),
    who: "developer",
    what_happened: `Nothing in the catalogue matches this answer${why ? `: ${why}` : ""}.`,
    next_step: "Do not repeat the call on a timer. Read the whole answer; unless it was a publish, repeat the call once by hand with the same parameters. `treadle-diagnose --report` makes a report of it, ready to send.",
    owner_step: "Send the ready-made report, with the whole answer, to whoever runs this; the post stays as it is.",
    next_step_developer: "Read the raw answer, repeat the call by hand with the same parameters, and report it so that it can be catalogued.",
    treadle_does: "Keeps the answer, counts it, and does not retry: without knowing the cause, a retry is a guess.",
    matched: seen.filter(([, value]) => value !== null).map(([name, value]) => `${name}=${value}`),
    surface: facts.surface,
    raw: redact(raw),
  };
}

const BECAUSE = {
  binary: "This is binary data, not an answer.",
  fine: "This is a good answer: it holds a result and no error.",
  over: "The last answer is a good one: the errors before it are over.",
};

function nothing(facts, why) {
  return {
    ...WITHOUT_PATTERN,
    pattern: NOTHING,
    title: "Nothing to diagnose",
    retry: neverAgain(),
    who: "nobody",
    what_happened: BECAUSE[why] ?? "There is nothing here to read.",
    next_step: WHAT_TO_PASTE,
    owner_step: "There is nothing to do.",
    next_step_developer: "Give at least one of body, exception or http_status; stage and surface make it sharper.",
    treadle_does: "Nothing.",
    matched: [],
    surface: facts.surface,
    raw: null,
  };
}
