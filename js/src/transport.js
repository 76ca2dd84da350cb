// Telling from an exception's text how a call failed to bring an answer.
import { constantsOf } from "./python.js";

const TRANSPORT = constantsOf("transport");

export function transportOf(text) {
  const lower = text.toLowerCase();
  for (const [kind, phrases] of TRANSPORT.KINDS) {
    if (phrases.some((phrase) => lower.includes(phrase))) return kind;
  }
  return "";
}
