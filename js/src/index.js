// What an error of the Threads API means, what to do, who has to act, and whether a retry can succeed.
import { contributionOf } from "./contribution.js";
import { NOTHING, UNKNOWN, diagnoseEvidence } from "./engine.js";
import { asEvidence, responseIn } from "./input.js";
import { isClearRefusal } from "./publishing.js";
import { redact, redactText } from "./redact.js";
import { TABLES } from "./tables.js";
import { LABELS, retrySentence } from "./wording.js";

const VERSION = TABLES.version;
const CHECKED = TABLES.checked;

/**
 * Says why it failed, who must do what, and whether a retry can work. Never throws.
 *
 * `input` is pasted text, a JSON answer, bytes, an Error (of fetch, axios or another client), evidence with fields of
 * its own, or a Response. A Response has to be read first: for one, and for an error that holds one, the result is a
 * promise. `options` fill in or override the fields of the evidence.
 */
function diagnose(input, options = {}) {
  const response = responseIn(input);
  if (response === null || options.body !== undefined) return labeled(safely(input, options));
  return bodyOf(response).then((body) => labeled(safely(input, { ...options, body })));
}

function safely(input, options) {
  try {
    return diagnoseEvidence(asEvidence(input, options));
  } catch {
    return diagnoseEvidence(asEvidence({ body: "the answer could not be read" }));
  }
}

/** The body of a Response as text, read from a copy; null when somebody has read it before. */
async function bodyOf(response) {
  try {
    const text = response.bodyUsed ? "" : await response.clone().text();
    return text ? parsed(text) : null;
  } catch {
    return null;
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : text;
  } catch {
    return text;
  }
}

/** The diagnosis with its fixed terms as people read them. */
function labeled(found) {
  const sentence = retrySentence(found.retry, found.pattern !== UNKNOWN);
  return { ...found, action_label: LABELS.action[found.action], retry_sentence: sentence };
}

/** An answer as an entry to start from for the catalogue: TOML with its matcher and its example, secrets removed. */
function contribution(input, options = {}) {
  return contributionOf(asEvidence(input, options));
}

export { CHECKED, LABELS, NOTHING, UNKNOWN, VERSION, contribution, diagnose, isClearRefusal, redact, redactText, retrySentence };
