// An answer as an entry to start from for the catalogue: TOML with its matcher and its example, secrets removed.
import { constantsOf, head, isBytes, truthy, wordsOf } from "./python.js";
import { decodeBytes, readEvidence } from "./reading.js";
import { redact } from "./redact.js";
import { ruleBook } from "./rules.js";

const ENTRY = constantsOf("contribution");
const NOT_LITERAL = /[\0-\x08\x0b-\x1f\x7f]|'''|'$/;

export function contributionOf(evidence) {
  const facts = readEvidence(evidence, ruleBook().known);
  return [
    `${ENTRY.HEAD}[[pattern]]`,
    ...ENTRY.TO_FILL.map(([name, words]) => `${name} = ${tomlText(words)}`),
    "references = []",
    "",
    "[[pattern.match]]",
    ...matchLines(facts),
    "",
    "[[pattern.example]]",
    ...exampleLines(evidence, facts),
    "",
  ].join("\n");
}

function matchLines(facts) {
  const lines = [];
  if (facts.code !== null && facts.code !== facts.subcode) lines.push(`code = [${facts.code}]`);
  if (facts.subcode !== null) lines.push(`subcode = [${facts.subcode}]`);
  if (facts.constant) lines.push(`constant = [${tomlText(facts.constant)}]`);
  if (facts.container) lines.push(`container = [${tomlText(facts.container)}]`);
  const words = head(wordsOf(redact(facts.message)).join(" "), ENTRY.MAX_WORDS);
  if (words && !facts.subcode && !facts.constant) {
    lines.push(`words = [${tomlText(words)}]  # KEEP THE PART THAT IS ALWAYS THE SAME`);
  }
  return lines;
}

function exampleLines(evidence, facts) {
  const lines = [`surface = ${tomlText(facts.surface)}`, `stage = ${tomlText(facts.stage)}`];
  if (facts.http_status !== null) lines.push(`http_status = ${facts.http_status}`);
  const body = redact(isBytes(evidence.body) ? decodeBytes(evidence.body) : evidence.body, ENTRY.MAX_CHARS);
  if (typeof body === "string" && body) lines.push(`body = ${tomlBlock(body)}`);
  else if (truthy(body)) lines.push(`json = ${tomlBlock(JSON.stringify(body, null, 2))}`);
  if (evidence.exception) lines.push(`exception = ${tomlText(redact(evidence.exception, ENTRY.MAX_CHARS))}`);
  return lines;
}

const tomlText = (text) => JSON.stringify(text).replaceAll("\x7f", "\\u007f");
const tomlBlock = (text) => (NOT_LITERAL.test(text) ? tomlText(text) : `'''\n${text}'''`);
