// From evidence, in any form, to facts. Total: whatever comes in, facts come out.
import { newFacts, readObject } from "./objects.js";
import { asText, constantsOf, has, head, isAscii, isBytes, isMapping, lengthOf, strip, truthy } from "./python.js";
import { readText, readWwwAuthenticate } from "./texts.js";

const CIRCUMSTANCES = constantsOf("circumstances");
const READING = constantsOf("reading");
const ODD = /[\ufffd\0-\x07\x0e-\x1a\x1c-\x1f]/gu;

/** Everything the matcher looks at, from `evidence`. */
export function readEvidence(evidence, known) {
  const facts = newFacts(
    CIRCUMSTANCES.SURFACES.includes(evidence.surface) ? evidence.surface : "threads",
    CIRCUMSTANCES.STAGES.includes(evidence.stage) ? evidence.stage : "unknown",
    evidence.http_status,
    evidence.headers,
  );
  if (truthy(evidence.context)) facts.context = evidence.context;
  let body = evidence.body;
  if (isMapping(body)) {
    if (truthy(body) && readObject(body, facts)) return facts;
    body = truthy(body) ? flatten(body) : null;
  } else if (isBytes(body)) {
    body = decodeBytes(body, facts);
  } else if (Array.isArray(body)) {
    if (readObject({ errors: body }, facts)) return facts;
    body = flatten(body);
  }
  if (body !== null && typeof body !== "string") body = flatten(body);
  let text = typeof body === "string" && strip(body) ? body : "";
  const certain = CIRCUMSTANCES.TRANSPORTS.includes(evidence.transport);
  if (certain) facts.transport = evidence.transport;
  else if (evidence.exception) text = text ? `${text}\n${evidence.exception}` : evidence.exception;
  if (text && isBinary(text)) {
    facts.empty = "binary";
    text = "";
  }
  if (text) {
    readText(text, facts, known);
    if (certain) facts.transport = evidence.transport;
    else if (has(facts.context, "transport")) facts.transport = correctedTransport(facts.transport, facts.context.transport);
  }
  readHeaders(facts);
  if (!(text || facts.message || facts.transport || truthy(facts.context)) && facts.http_status === null) {
    facts.empty = facts.empty || "nothing";
  }
  return facts;
}

/** What the caller knows for certain outranks the words: whether the request was written at all. */
function correctedTransport(read, known) {
  const sent = ["timeout", "reset", "truncated"].includes(read);
  if (known === "lost" && !sent) return "reset";
  return known === "not_sent" && sent ? "connect" : read;
}

function readHeaders(facts) {
  if (facts.code !== null || facts.subcode !== null) return;
  for (const [name, value] of Object.entries(facts.headers)) {
    if (name.toLowerCase() === "www-authenticate" && typeof value === "string") readWwwAuthenticate(head(value, 2000), facts);
  }
}

/** Text from bytes: UTF-8 or UTF-16, with or without mark; else the code page of Windows, 1252. */
export function decodeBytes(data, facts = null) {
  const bytes = new Uint8Array(data);
  const encoding = encodingOf(bytes.subarray(0, READING.BYTES));
  let text = decoded(bytes, encoding);
  const read = text.replaceAll("\ufffd", "");
  if (encoding === "utf-8" && read !== text && isAscii(read) && !isBinary(read)) {
    // The five bytes that the code page does not use are none of its letters.
    text = decoded(bytes, "windows-1252").replace(/[\x81\x8d\x8f\x90\x9d]/g, "\ufffd");
  }
  if (facts !== null && isBinary(text)) facts.empty = "binary";
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** The encoding that a mark names, or that NUL in every other byte gives away; UTF-8 else. */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const start = Array.from(bytes.subarray(0, 200));
  const even = start.filter((_, place) => place % 2 === 0);
  const odd = start.filter((_, place) => place % 2 === 1);
  const zeros = (list) => list.filter((byte) => byte === 0).length;
  if (odd.length > 3 && !zeros(even) && zeros(odd) * 4 > odd.length * 3) return "utf-16le";
  if (odd.length > 3 && !zeros(odd) && zeros(even) * 4 > even.length * 3) return "utf-16be";
  return "utf-8";
}

function decoded(bytes, encoding) {
  const decoder = () => new TextDecoder(encoding, { ignoreBOM: true });
  if (bytes.length <= READING.BYTES) return decoder().decode(bytes);
  const end = bytes.length - READING.BYTES / 4 - (bytes.length % 2);
  return `${decoder().decode(bytes.subarray(0, (READING.BYTES * 3) / 4))}\n${decoder().decode(bytes.subarray(end))}`;
}

function isBinary(text) {
  const start = head(text, 2000);
  return (start.match(ODD)?.length ?? 0) * 8 > lengthOf(start) || start.includes("\0\0\0");
}

/** Text of an object that is no answer of Meta's, so that its words still count. */
function flatten(value) {
  const out = [];
  const walk = (node, depth) => {
    if (out.length > 60 || depth > 6) return;
    if (isMapping(node)) {
      for (const [key, inner] of Object.entries(node).slice(0, 30)) {
        if (isMapping(inner) || Array.isArray(inner)) walk(inner, depth + 1);
        else out.push(`${key}=${head(asText(inner), 2000)}`);
      }
    } else if (Array.isArray(node)) {
      for (const inner of node.slice(0, 30)) walk(inner, depth + 1);
    } else out.push(head(asText(node), 2000));
  };
  walk(value, 0);
  return out.join(" ");
}
