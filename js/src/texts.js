// Reading text as people paste it: log lines, HTTP exchanges, redirects, HTML, reprs, exception texts.
import {
  constantIn, isContainerState, isHttpLike, isShortPair, isTokenSubcode, parseJson, readObject,
} from "./objects.js";
import { undone, unquoted } from "./copied.js";
import { anotherAnswered } from "./other-platforms.js";
import {
  allMatches, asNumber, constantsOf, get, has, head, isMapping, lengthOf, partition, pythonLiteral, replaceAll, splitAtMost, strip,
  stripEnd, tail, truthy, wordsOf,
} from "./python.js";
import { transportOf } from "./transport.js";

const TEXTS = constantsOf("texts");

/** Fills `facts` from text; a bare number counts only where the catalogue knows it. */
export function readText(given, facts, known) {
  const text = clip(given);
  inferPlace(text, facts);
  const body = readExchange(text, facts);
  if (readEmbedded(body, facts)) return;
  const redirect = TEXTS.REDIRECT.exec(body);
  if (redirect && takeRedirect(body.slice(redirect.index + redirect[0].length - redirect[1].length), facts)) return;
  if (body.includes("<") && readXml(body, facts)) return;
  if (body.includes("<") && looksHtml(body)) takeHtml(body, facts);
  else readLine(body, facts, known);
}

/** Surface and stage, from the addresses and words of a text, where `facts` does not hold them yet. */
export function placeOf(text, facts) {
  inferPlace(clip(text), facts);
}

/** The part of a long paste that is looked at: its head and its tail. What copying did to it is undone. */
export function clip(given) {
  const text = undone(given);
  if (lengthOf(text) <= TEXTS.MAX_TEXT) return text;
  return `${head(text, Math.floor((TEXTS.MAX_TEXT * 3) / 4))}\n${tail(text, TEXTS.MAX_TEXT / 4)}`;
}

export function readWwwAuthenticate(value, facts) {
  const hit = TEXTS.WWW.exec(value);
  if (!hit) return;
  facts.message = hit[1].toLowerCase();
  const code = TEXTS.HASH.exec(hit[1]);
  if (code) facts.code = Number(code[1] || code[2]);
}

function inferPlace(text, facts) {
  inferSurfaceAndStage(text, facts);
  facts.doubted = ["publish", "unknown"].includes(facts.stage) && TEXTS.CUT_OFF.test(text);
}

function inferSurfaceAndStage(text, facts) {
  const hit = TEXTS.HOST.exec(text);
  if (hit) {
    const host = hit[1].toLowerCase().split(".")[0];
    if (facts.surface === "threads" && host !== "threads" && !text.includes("threads.")) facts.surface = host;
  }
  if (facts.stage !== "unknown") return;
  const lower = head(text, 6000).toLowerCase().replaceAll("threads_publishing_limit", "");
  for (const [stage, marks] of TEXTS.STAGES) {
    if (marks.some((mark) => lower.includes(mark))) {
      facts.stage = stage;
      return;
    }
  }
  if (TEXTS.PUBLISHING.test(lower) || TEXTS.PUBLISHING_ABROAD.test(lower)) {
    facts.stage = "publish";
    return;
  }
  for (const request of allMatches(TEXTS.REQUEST, head(text, 6000))) {
    const path = stripEnd(request[2].split("?")[0], "/");
    if (request[1] === "POST" && /\/(?:threads|media|videos|feed|photos)$/.test(path)) facts.stage = "create_container";
    else if (request[1] === "GET" && path.includes("/")) facts.stage = "read";
  }
  if (facts.stage !== "create_container" && TEXTS.PUBLISHER.test(lower)) facts.stage = "publish";
}

function readExchange(text, facts) {
  const answers = [...allMatches(TEXTS.EXCHANGE, head(text, TEXTS.MAX_TEXT))];
  if (!answers.length) return text;
  const last = answers[answers.length - 1];
  facts.http_status = facts.http_status || Number(last[1]);
  const headers = {};
  const lines = splitAtMost(text.slice(last.index + last[0].length), "\n", 120);
  let bodyAt = 1;
  for (const line of lines.slice(1)) {
    const hit = TEXTS.HEADER.exec(strip(line));
    if (!hit) break;
    headers[hit[1].toLowerCase()] = strip(hit[2]);
    bodyAt++;
  }
  if (Object.keys(headers).length) {
    const given = Object.entries(facts.headers).map(([key, value]) => [key.toLowerCase(), value]);
    facts.headers = { ...headers, ...Object.fromEntries(given) };
  }
  return strip(replaceAll(TEXTS.CURL_NOISE, lines.slice(bodyAt).join("\n"), "")) || text;
}

function readEmbedded(text, facts) {
  let position = -1;
  for (let tries = 1; tries <= 12; tries++) {
    position = text.indexOf("{", position + 1);
    if (position < 0 || position > TEXTS.MAX_TEXT) return false;
    const slice = head(text.slice(position), 12_000);
    let parsed = parseJson(slice);
    if (parsed === null && slice.includes("'") && tries <= 4) parsed = parseRepr(slice);
    if (isMapping(parsed) && truthy(parsed)) {
      facts.foreign = facts.foreign || anotherAnswered(parsed);
      if (readObject(parsed, facts)) {
        if (!facts.success) return true;
        facts.success = false;
      } else position++;
    }
  }
  return false;
}

function parseRepr(text) {
  let depth = 0;
  const start = head(text, 4000);
  for (let index = 0; index < start.length; index++) {
    if (start[index] === "{") depth++;
    else if (start[index] === "}" && --depth === 0) return pythonLiteral(start.slice(0, index + 1)) ?? null;
  }
  return null;
}

function queryFields(query) {
  const parts = query.split("&");
  if (parts.length > 60) throw new RangeError("too many fields");
  const fields = {};
  for (const part of parts) {
    const [key, , value] = partition(part, "=");
    if (value) fields[unquoted(key.replaceAll("+", " "))] = unquoted(value.replaceAll("+", " "));
  }
  return fields;
}

function takeRedirect(query, facts) {
  let fields = queryFields(query.split("#")[0]);
  // "error_message=UNKNOWN" alone is a container's, or a log's.
  if (!["error", "error_code", "error_reason"].some((key) => has(fields, key))) return false;
  if (query.includes("\n") || strip(query).includes(" ")) {
    const kept = Object.entries(fields).filter(([, value]) => wordsOf(value).length);
    fields = Object.fromEntries(kept.map(([key, value]) => [key, /^error(?:_code|_reason)?$/.test(key) ? wordsOf(value)[0] : value]));
  }
  if (facts.stage === "unknown") facts.stage = "oauth";
  facts.oauth = ["error_reason", "error"].map((key) => get(fields, key)).filter(Boolean).join(" ").toLowerCase();
  const told = ["error_message", "error_description"].map((key) => get(fields, key));
  facts.message = head([...told, query.replaceAll("+", " ")].filter(Boolean).join(" "), 4000).toLowerCase();
  const code = /^[0-9]{1,8}/.exec(get(fields, "error_code") ?? "");
  // Small numbers (error_code=200 beside error_reason=user_denied) are the window's own, not Graph codes.
  if (code && Number(code[0]) > 999_999) facts.code = facts.subcode = Number(code[0]);
  return true;
}

function looksHtml(text) {
  const start = strip(head(text, 600).toLowerCase());
  return /^<(?:!doctype|html|head|body|title|h1|center|\?xml)/.test(start) || head(text, 600).toLowerCase().includes("<html");
}

/** An answer of Meta's as XML: it has a code, and a message beside it. */
function readXml(text, facts) {
  const fields = {};
  for (const hit of allMatches(TEXTS.XML_FIELD, head(text, TEXTS.MAX_TEXT))) fields[hit[1].toLowerCase()] = strip(hit[2]);
  if (!fields.message) {
    fields.message = fields.error_msg ?? "";
    delete fields.error_msg;
  }
  if (asNumber(fields.code || fields.error_code) === null || !fields.message) return false;
  return readObject(fields, facts);
}

function takeHtml(text, facts) {
  const plain = wordsOf(replaceAll(TEXTS.TAG, withoutScripts(head(text, 6000)), " ")).join(" ");
  facts.type = "html";
  facts.message = head(plain, 4000).toLowerCase();
  takeStatus(head(plain, 2000), facts);
  if (facts.http_status === null && facts.message.includes("bad gateway")) facts.http_status = 502;
}

function takeStatus(text, facts) {
  const hit = facts.http_status === null ? TEXTS.STATUS.exec(text) : null;
  if (hit) facts.http_status = Number(hit.slice(1).find(Boolean));
}

function withoutScripts(html) {
  const kept = [];
  let at = 0;
  let opened = -1;
  for (const edge of allMatches(TEXTS.SCRIPT_EDGE, html)) {
    const closes = edge[0].startsWith("</");
    if (closes && opened >= 0) {
      kept.push(html.slice(at, opened));
      at = edge.index + edge[0].length;
      opened = -1;
    } else if (!closes && opened < 0) opened = edge.index;
  }
  return [...kept, html.slice(at)].join(" ");
}

/** Fills `facts` from one line of prose or of a log. */
/** 4.279009e+06 as 4279009; what is no whole number stays. */
function wholeNumber(read, first, rest, size) {
  const digits = rest ?? "";
  return digits.length <= Number(size) ? first + digits.padEnd(Number(size), "0") : read;
}

export function readLine(given, facts, known) {
  const text = given.includes("e+0") ? replaceAll(TEXTS.GO_NUMBER, given, wholeNumber) : given;
  const lower = text.toLowerCase();
  facts.message = lower;
  const start = head(text, 2000);
  const read = replaceAll(TEXTS.SCANNED_WORD, start, (_, before, odd, after) => before + TEXTS.AS_LETTER[odd] + after);
  if (read !== start) facts.message = `${lower} ${read.toLowerCase()}`;
  takeStatus(text, facts);
  const kind = TEXTS.META_ERROR.exec(text);
  if (kind) facts.type = kind[0];
  takeCodes(text, lower, facts, known);
  if (facts.code !== null && facts.code > 99_999) facts.subcode = facts.subcode || facts.code;
  if (facts.subcode === null) facts.subcode = bareSubcode(text, known);
  if (isTokenSubcode(facts.code) && facts.code !== 452 && facts.subcode === null) {
    facts.subcode = facts.code;
    facts.code = 190;
  }
  if (facts.code !== null && facts.code === facts.http_status) facts.code = null;
  takeState(text, facts);
  facts.constant = constantIn(text) || facts.constant;
  if (TEXTS.ME_WORKS.test(text) && !has(facts.context, "me_ok")) facts.context = { ...facts.context, me_ok: true };
  if (facts.code === null && facts.subcode === null && !facts.type) facts.transport = transportOf(text);
}

function takeCodes(text, lower, facts, known) {
  let hit;
  if (lower.includes("code") || text.includes("#") || text.includes("/")) {
    takeSubcode(text, facts);
    if ((hit = TEXTS.CODE.exec(text))) facts.code = Number(hit[1]);
    else if ((hit = TEXTS.HASH.exec(text))) facts.code = Number(hit[1] || hit[2]);
  } else if (lower.includes("sub")) takeSubcode(text, facts);
  const pair = pairIn(text, facts.code, known);
  if (pair !== null) [facts.code, facts.subcode] = pair;
  if (facts.code === null && facts.type && (hit = TEXTS.NUMBER_OF_TYPE.exec(text)) && known.codes.has(Number(hit[1]))) {
    facts.code = Number(hit[1]);
  }
  if (facts.code === null && (hit = TEXTS.TYPED_CODE.exec(text))) {
    const number = Number(hit[1] || hit[3]);
    const other = hit[3] && TEXTS.OTHER_NUMBER.test(text.slice(Math.max(0, hit.index - 24), hit.index));
    if (known.codes.has(number) && !isHttpLike(number) && !other) {
      facts.code = number;
      facts.subcode = facts.subcode || Number(hit[2] ?? 0) || null;
    }
  }
  if (facts.code === null && (hit = TEXTS.CODE_ABROAD.exec(text))) {
    const number = Number(hit[1]);
    const sub = facts.subcode === null ? TEXTS.SUBCODE_ABROAD.exec(text) : null;
    if (!isHttpLike(number) && (sub || known.codes.has(number))) {
      facts.code = number;
      facts.subcode = facts.subcode || (sub ? Number(sub[1]) || null : null);
    }
  }
  if (facts.code === null && (hit = TEXTS.LONE.exec(text))) {
    const number = Number(hit[1]);
    if (isHttpLike(number)) facts.http_status = facts.http_status || number;
    else if (known.codes.has(number)) facts.code = number;
  }
  if (facts.code === null && (hit = TEXTS.SCANNED_CODE.exec(text)) && /[0-9][^0-9]*[0-9]/.test(hit[1])) {
    const number = Number(asDigits(hit[1]));
    if (known.codes.has(number)) facts.code = number;
  }
  // "Error 613/9999999": the code was found after the pairs were looked for.
  if (pair === null && facts.code !== null && facts.subcode === null) facts.subcode = pairIn(text, facts.code, known)?.[1] ?? null;
}

function takeSubcode(text, facts) {
  const hit = TEXTS.SUBCODE.exec(text);
  if (hit) facts.subcode = Number(hit[1] || hit[2]) || null;
}

const asDigits = (read) => Array.from(read, (letter) => {
  const to = TEXTS.AS_DIGITS[letter.charCodeAt(0)];
  return to === undefined ? letter : String.fromCharCode(to);
}).join("");

function takeState(text, facts) {
  const hit = TEXTS.CONTAINER.exec(text);
  const upper = strip(text).toUpperCase();
  if (hit) facts.container = hit[1];
  else if (isContainerState(upper)) facts.container = upper;
  else if (TEXTS.NEVER_FINISHED.test(text)) facts.container = "IN_PROGRESS";
  else {
    const words = TEXTS.CONTAINER_WORDS.exec(text) ?? TEXTS.CONTAINER_STATE.exec(text);
    if (words) facts.container = words[1].toUpperCase();
  }
}

function pairIn(text, code, known) {
  const { value } = pairsOf(text, code, known).next();
  return value ? value[1] : null;
}

/** Where the pairs of a text begin, and their numbers. */
function* pairsOf(text, code, known) {
  for (const hit of allMatches(TEXTS.PAIR, head(text, 8000))) {
    const [first, between, second] = [Number(hit[1]), hit[2], Number(hit[3])];
    const slash = between === "/" || between === ":";
    const token = isTokenSubcode(second) && (first === 190 || first === 102);
    const short = isShortPair(first, second) && (between === "/" || code === first);
    const listed = known.subcodes.has(second) && (slash || known.codes.has(first));
    if (token || short || (second > 99_999 && (listed || (slash && code === first)))) yield [hit.index, [first, second]];
  }
}

/** A line in parts, each with one pair of code and subcode: "190/463 and 24/4279009" names two errors. */
export function splitAtPairs(line, known) {
  if ((line.match(/[/.:-]/g) ?? []).length < 2) return [line];
  const cuts = [0];
  let last = null;
  for (const [start, pair] of pairsOf(line, null, known)) {
    const name = pair.join("/");
    if (last !== null && name !== last) cuts.push(start);
    last = name;
  }
  return cuts.map((cut, place) => line.slice(cut, cuts[place + 1]));
}

function bareSubcode(text, known) {
  const start = head(text, 8000);
  for (const hit of allMatches(TEXTS.SEVEN, start)) {
    if (known.subcodes.has(Number(hit[1]))) return Number(hit[1]);
  }
  for (const [read] of allMatches(TEXTS.SCANNED, start)) {
    const digits = asDigits(read);
    if (/(?:[0-9][^0-9]*){4}/.test(read) && known.subcodes.has(Number(digits))) return Number(digits);
  }
  return null;
}
