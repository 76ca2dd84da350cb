// What copying does to an answer, undone: percent signs, HTML entities, backslashes, curly quotes.
import { constantsOf, head, replaceAll } from "./python.js";

const COPIED = constantsOf("copied");

/** `given` as it was before it was put into a query, a page, a string within a string, or a word processor. */
export function undone(given) {
  let text = given;
  const seen = head(text, COPIED.SEEN);
  if (seen.includes("%")) {
    for (let times = 0; times < COPIED.TIMES && COPIED.PERCENT.test(head(text, COPIED.SEEN)); times++) {
      // A form writes a space as "+", everybody else as "%20".
      text = unquoted(text.includes("%20") ? text : text.replaceAll("+", " "));
    }
  }
  if (seen.includes("&") && COPIED.ENTITY_KEY.test(head(text, COPIED.SEEN))) {
    text = replaceAll(COPIED.ENTITY, text, (_, name) => COPIED.ENTITIES[name.toLowerCase()]);
  }
  if (seen.includes("\\\\") && COPIED.BACKSLASH_KEY.test(head(text, COPIED.SEEN))) {
    text = replaceAll(COPIED.BACKSLASHES, text, '"');
  }
  if (!/^[\x00-\x7f]*$/.test(seen) && COPIED.CURLY_KEY.test(head(text, COPIED.SEEN))) {
    text = replaceAll(COPIED.CURLY, text, '"');
  }
  return text;
}

/** Percent signs decoded, as UTF-8. */
export function unquoted(text) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    decoder.decode(Uint8Array.from(run.slice(1).split("%"), (pair) => parseInt(pair, 16))));
}
