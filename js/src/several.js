// Several errors in one paste: the one that stops the work decides, and the answer says that there were several.
import { newFacts, readObject } from "./objects.js";
import { constantsOf, countOf, get, head, isMapping, jsonAt, splitAtMost, stripBoth } from "./python.js";
import { clip, readLine, splitAtPairs } from "./texts.js";

const SEVERAL = constantsOf("several");
const NO_KEY = [null, null, "", ""];

/** The errors and successes in text or in a list of answers, in order; equal neighbours count once. */
export function piecesOf(body, known) {
  if (typeof body === "string") {
    const more = body.includes("\n") || countOf(body, "{") >= 2 || splitAtPairs(head(body, 2000), known).length > 1;
    return more ? merged(inText(clip(body), known)) : [];
  }
  const list = isMapping(body) && Array.isArray(get(body, "errors")) ? body.errors : body;
  return Array.isArray(list) && list.length > 1 ? merged(inList(list.slice(-SEVERAL.MAX_ERRORS), known)) : [];
}

export const errorsIn = (pieces) => new Set(pieces.filter((p) => !p.success).map((p) => JSON.stringify(p.key))).size;

/** The errors that no success has made history. */
export function afterLastSuccess(pieces) {
  return pieces.slice(pieces.map((piece) => piece.success).lastIndexOf(true) + 1);
}

/** The one that stops the work: the last, unless it only waits and an earlier one cannot pass by waiting. */
export function deciding(diagnoses) {
  const last = diagnoses[diagnoses.length - 1];
  const waits = (diagnosis) => SEVERAL.REPEATS.includes(diagnosis.retry.kind);
  const stops = (one) => SEVERAL.STOPPING.includes(one.lane) && !waits(one) && one.confidence !== "guess";
  const before = [...diagnoses].reverse();
  return (waits(last) && (before.find(stops) ?? before.find((one) => one.retry.kind === "verify_first"))) || last;
}

export function withCount(diagnosis, errors) {
  const told = `There are ${errors} different errors here; this is the one that stops the work.`;
  return {
    ...diagnosis,
    what_happened: `${told} ${diagnosis.what_happened}`,
    matched: [...diagnosis.matched, `errors=${errors}`],
  };
}

function merged(pieces) {
  const kept = [];
  for (const piece of pieces) {
    const last = kept[kept.length - 1];
    if (!last || last.success || piece.success || !agree(last.key, piece.key)) kept.push(piece);
    else if (JSON.stringify(last.key) === JSON.stringify(piece.key)) kept[kept.length - 1] = piece;
    else {
      // The same error, told in two ways.
      const body = typeof piece.body === "string" ? `${last.body}\n${piece.body}` : piece.body;
      kept[kept.length - 1] = { body, key: either(piece.key, last.key), success: false };
    }
  }
  return kept.slice(-SEVERAL.MAX_ERRORS);
}

const agree = (one, other) => one.every((value, place) => value === other[place] || !value || !other[place]);
const either = (one, other) => one.map((value, place) => value || other[place]);
const keyOf = (facts) => [facts.code, facts.subcode, facts.constant, facts.container];
const errorPiece = (body, key) => ({ body, key, success: false });
const goodPiece = (body) => ({ body, key: NO_KEY, success: true });

function* inList(items, known) {
  for (const item of items) {
    if (isMapping(item)) {
      const key = isResult(item) ? null : keyOfObject(item);
      if (isResult(item)) yield goodPiece(item);
      else if (key !== null) yield errorPiece(item, key);
    } else if (typeof item === "string") yield* inText(clip(item), known);
  }
}

function keyOfObject(node) {
  const facts = newFacts();
  if (!readObject(node, facts) || facts.success) return null;
  const key = keyOf(facts);
  return key.some(Boolean) ? key : null;
}

/** Whether an object is a good answer of Meta's and nothing else, so that errors before it are over. */
function isResult(node) {
  const keys = Object.keys(node);
  if (!keys.length || !keys.every((key) => SEVERAL.RESULT.includes(key))) return false;
  const made = get(node, "id");
  return get(node, "success") === true || (typeof made === "string" && made.search(SEVERAL.ID) === 0);
}

function* inText(text, known) {
  let [begin, position, failed] = [0, 0, 0];
  while (failed < SEVERAL.MAX_FAILED_OBJECTS) {
    const at = text.indexOf("{", position);
    if (at < 0) break;
    const found = countOf(text.slice(at, at + 4000), "{") >= 200 ? null : jsonAt(text, at);
    if (found === null) {
      position = at + 1;
      failed++;
      continue;
    }
    const [node, end] = found;
    position = end;
    const line = begin + text.slice(begin, at).lastIndexOf("\n") + 1;
    const key = keyOfObject(node);
    if (isResult(node) && !stripBoth(text.slice(line, at), " \t>[,")) {
      yield* inLines(text.slice(begin, line), known);
      yield goodPiece(text.slice(line, end));
    } else if (key !== null) {
      yield* inLines(text.slice(begin, line), known);
      yield errorPiece(text.slice(line, end), key);
    } else continue;
    begin = end;
  }
  yield* inLines(text.slice(begin), known);
}

/** Lines that name an error; those that add to each other are one, a line that contradicts begins the next. */
function* inLines(text, known) {
  let group = [];
  let key = NO_KEY;
  const lines = splitAtMost(text, "\n", SEVERAL.MAX_LINES).slice(0, SEVERAL.MAX_LINES);
  const marked = lines.filter((line) => SEVERAL.MARK.test(line));
  for (const line of marked.flatMap((one) => splitAtPairs(head(one, 2000), known))) {
    const facts = newFacts();
    readLine(line, facts, known);
    if (!namesAnError(facts, line)) continue;
    const found = keyOf(facts);
    if (group.length && !agree(key, found)) {
      yield errorPiece(group.join("\n"), key);
      group = [];
      key = NO_KEY;
    }
    group.push(line);
    key = either(found, key);
  }
  if (group.length) yield errorPiece(group.join("\n"), key);
}

function namesAnError(facts, line) {
  if (facts.subcode || facts.constant || facts.container) return true;
  return facts.code !== null && Boolean(facts.type || line.includes("(#"));
}
