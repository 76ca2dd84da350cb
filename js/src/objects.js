// Reading an answer that is an object: Meta's envelopes, and the ways other programs wrap them.
import {
  asNumber, asText, constantsOf, countOf, get, has, head, isMapping, jsonAt, lengthOf, strip, truthy, wordsOf,
} from "./python.js";
import { transportOf } from "./transport.js";

const OBJECTS = constantsOf("objects");
const FACTS = constantsOf("facts");

/** The facts a matcher looks at. */
export function newFacts(surface = "threads", stage = "unknown", status = null, headers = {}) {
  return {
    surface, stage, http_status: status, headers, context: {}, code: null, subcode: null, type: "", message: "",
    constant: "", container: "", oauth: "", transport: "", unlisted: false, doubted: false, structured: false, success: false, foreign: false,
    empty: "",
  };
}

export const isTokenSubcode = (number) => FACTS.TOKEN_SUBCODES.includes(number);
export const isHttpLike = (number) => FACTS.HTTP_LIKE.includes(number);
export const isShortPair = (first, second) => FACTS.SHORT_PAIRS.some((pair) => pair[0] === first && pair[1] === second);
export const constantIn = (text) => OBJECTS.CONSTANT.exec(text)?.[1] ?? "";
export const isContainerState = (text) => OBJECTS.CONTAINER_STATES.includes(text);

/** Fills `facts` from `body`; false when nothing in it looks like an answer of Meta's. */
export function readObject(body, facts) {
  const error = get(body, "error");
  if (isMapping(error) && (has(error, "code") || saysAll(error))) {
    takeError(error, facts);
    return true;
  }
  const found = findAnswer(body, 0);
  if (found === null) {
    if (isSuccess(body)) {
      facts.structured = facts.success = true;
      return true;
    }
    return saysNotDone(body, facts);
  }
  if (found === body && saysNotDone(body, facts)) return true;
  if (has(found, "status") || has(found, "status_code")) {
    const state = containerState(found);
    if (state && !hasCode(found)) {
      takeContainer(found, state, facts);
      return true;
    }
  }
  takeError(found, facts);
  return true;
}

/** Whether an error without a code has a message, and nothing inside that could hold the code. */
const saysAll = (error) => has(error, "message") && !Object.keys(error).some((key) => mayHold(error[key]));

/** Whether `body` says that the call failed, and nothing more. */
function saysNotDone(body, facts) {
  const { CODE_KEYS, SUBCODE_KEYS, MESSAGE_KEYS } = OBJECTS;
  if (get(body, "success") !== false || [CODE_KEYS, SUBCODE_KEYS, MESSAGE_KEYS].some((keys) => truthy(firstOf(body, keys)))) {
    return false;
  }
  facts.structured = true;
  facts.message = OBJECTS.NOT_DONE;
  return true;
}

function isSuccess(body) {
  if (!truthy(body) || has(body, "error")) return false;
  return has(body, "id") || get(body, "success") === true || has(body, "access_token") || Array.isArray(get(body, "data"));
}

function containerState(node) {
  for (const key of ["status_code", "status"]) {
    const value = get(node, key);
    if (typeof value !== "string" || !value) continue;
    const upper = strip(value).toUpperCase();
    if (isContainerState(upper)) return upper;
    if (upper.startsWith("ERROR")) return "ERROR";
    if (upper.startsWith("IN PROGRESS")) return "IN_PROGRESS";
    if (/^(?:EXPIRED|FINISHED|PUBLISHED)/.test(upper)) return wordsOf(upper.split(":")[0])[0];
  }
  return "";
}

/** Whether it is an error with a status word of its own, as other services write them, and no container. */
const hasCode = (node) => has(node, "code") || has(node, "error_code");

function findAnswer(node, depth) {
  if (depth > OBJECTS.DEPTH) return null;
  if (typeof node === "string") {
    const start = node.indexOf("{");
    if (start < 0 || lengthOf(node) > 200_000) return null;
    const parsed = parseJson(node.slice(start));
    return parsed === null ? null : findAnswer(parsed, depth + 1);
  }
  if (Array.isArray(node)) {
    for (const item of node.slice(0, 10)) {
      const hit = findAnswer(item, depth + 1);
      if (hit !== null) return hit;
    }
    return null;
  }
  if (!isMapping(node)) return null;
  const keys = Object.keys(node);
  if (keys.length > 40 || keys.some((key) => mayHold(node[key]))) {
    for (const key of OBJECTS.WRAPPERS) {
      const inner = get(node, key);
      if (!mayHold(inner)) continue;
      const hit = findAnswer(inner, depth + 1);
      if (hit !== null) return hit;
    }
  }
  if (containerState(node) && !hasCode(node)) return node;
  if (typeof get(node, "error") === "string" || OBJECTS.MARKS.some((key) => has(node, key))) return node;
  const coded = OBJECTS.CODE_KEYS.some((key) => has(node, key));
  if (has(node, "message") && (coded || has(node, "type") || has(node, "status") || depth)) return node;
  if (coded && keys.length <= 4) return node;
  if (depth < 3) {
    for (const key of keys.slice(0, 20)) {
      const inner = node[key];
      if (OBJECTS.WRAPPERS.includes(key) || !(isMapping(inner) || Array.isArray(inner))) continue;
      const hit = findAnswer(inner, depth + 1);
      if (truthy(hit)) return hit;
    }
  }
  return null;
}

function mayHold(value) {
  return typeof value === "string" ? value.includes("{") : isMapping(value) || Array.isArray(value);
}

/** The JSON value at the start of `text`, also when its quotes are escaped; null when there is none. */
export function parseJson(text) {
  if (countOf(head(text, 12_000), "{") > 300) return null;
  for (const candidate of text.includes('\\"') ? [text, text.replaceAll('\\"', '"')] : [text]) {
    const found = jsonAt(candidate, 0);
    if (found !== null) return found[0];
  }
  return null;
}

function firstOf(node, keys) {
  for (const key of keys) {
    const value = get(node, key);
    if (value !== null && value !== "") return value;
  }
  return null;
}

function takeContainer(node, state, facts) {
  facts.structured = true;
  facts.container = state;
  const reason = get(node, "error_message");
  const words = [reason, get(node, "status")].filter((value) => typeof value === "string" && value);
  facts.message = words.join(" ").toLowerCase();
  if (facts.stage === "unknown") facts.stage = "container_status";
  if (typeof reason === "string" && reason) {
    facts.constant = /^[A-Za-z_]{3,60}$/.test(strip(reason)) ? strip(reason).toUpperCase() : "";
  }
  for (const text of words) {
    const hit = OBJECTS.IN_WORDS.exec(text.toLowerCase());
    if (hit) {
      facts.subcode = Number(hit[1]);
      break;
    }
  }
  if (facts.subcode === null) facts.subcode = asNumber(firstOf(node, OBJECTS.SUBCODE_KEYS));
}

/** Beside a subcode they say no more than it. Translated ones never decide, nor any where it may be live. */
function addWordsForPeople(error, facts) {
  const texts = ["error_user_title", "error_user_msg"].map((key) => get(error, key)).filter((text) => typeof text === "string");
  const words = texts.join(" ");
  if (/^[\x00-\x7f]*$/.test(words) && facts.stage !== "publish" && !truthy(facts.context)) {
    facts.message = head(`${facts.message} ${words.toLowerCase()}`, OBJECTS.MESSAGE_CHARS);
  }
}

function takeError(error, facts) {
  facts.structured = true;
  let message = get(error, "message");
  let code = get(error, "code");
  const subcode = get(error, "error_subcode") ?? firstOf(error, OBJECTS.SUBCODE_KEYS);
  const kind = get(error, "type") ?? firstOf(error, OBJECTS.TYPE_KEYS);
  if (message === null || message === "") message = firstOf(error, OBJECTS.MESSAGE_KEYS);
  if (code === null || code === "") code = firstOf(error, OBJECTS.CODE_KEYS);
  facts.type = typeof kind === "string" ? kind : "";
  if (typeof message === "string") {
    message = head(message, OBJECTS.MESSAGE_CHARS);
    facts.message = message.toLowerCase();
  } else if (message !== null) {
    message = facts.message = head(asText(message), 400).toLowerCase();
  }
  let sub = (facts.subcode = asNumber(subcode) || null);
  let number = Number.isInteger(code) ? code : asNumber(code);
  if (number === null && typeof code === "string") {
    const pair = OBJECTS.PAIR.exec(code);
    if (pair) {
      number = Number(pair[1]);
      facts.subcode = sub = sub || Number(pair[2]);
    } else {
      facts.constant = constantIn(code.toUpperCase());
    }
  }
  if (number !== null && isHttpLike(number) && sub === null) {
    facts.http_status = facts.http_status || number;
    number = null;
  }
  if (typeof message === "string" && message) {
    const prefix = number === null ? OBJECTS.PREFIX.exec(message) : null;
    if (prefix) number = Number(prefix[1]);
    if (!facts.constant && message.includes("_")) facts.constant = constantIn(message);
    const inside = sub === null && facts.message.includes("code") ? OBJECTS.IN_WORDS.exec(facts.message) : null;
    if (inside) facts.subcode = Number(inside[1]);
  }
  if (isTokenSubcode(number) && number !== 452 && facts.subcode === null) {
    facts.subcode = number;
    number = 190;
  }
  // A seven-digit "code" is a subcode or an OAuth-window code; both are looked up in the same table.
  if (number !== null && number > 999_999 && facts.subcode === null) facts.subcode = number;
  facts.code = number;
  if (has(error, "error_user_msg") && facts.subcode === null && number !== null && FACTS.VAGUE_CODES.includes(number)) {
    addWordsForPeople(error, facts);
  }
  if (number === null && facts.subcode === null && !facts.constant) {
    facts.transport = transportOf(head(`${asText(message)} ${asText(code)}`, 4000));
  }
  const reason = truthy(get(error, "error_reason")) ? get(error, "error_reason") : get(error, "error");
  if (typeof reason === "string") {
    facts.oauth = reason.toLowerCase();
    if (!facts.message) facts.message = facts.oauth;
  }
}
