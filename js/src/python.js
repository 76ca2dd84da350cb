// What Python does with text and values, where JavaScript does something else.
import { TABLES } from "./tables.js";

const SPACES = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const EDGES = new RegExp(`^${SPACES}+|${SPACES}+$`, "g");
const RUN_OF_SPACES = new RegExp(`${SPACES}+`);
const SURROGATE = /[\ud800-\udfff]/;
const NOT_ASCII = /[^\0-\x7f]/;

/** The constants of one Python module, expressions ready to use. */
export function constantsOf(module) {
  const found = {};
  for (const [name, value] of Object.entries(TABLES.modules[module])) {
    found[name] = value !== null && typeof value === "object" && value.re ? new RegExp(...value.re) : value;
  }
  return found;
}

export const strip = (text) => text.replace(EDGES, "");
export const stripEnd = (text, letters) => {
  let end = text.length;
  while (end && letters.includes(text[end - 1])) end--;
  return text.slice(0, end);
};
export const stripBoth = (text, letters) => {
  let start = 0;
  while (start < text.length && letters.includes(text[start])) start++;
  return stripEnd(text.slice(start), letters);
};
export const wordsOf = (text) => strip(text).split(RUN_OF_SPACES).filter(Boolean);
export const isAscii = (text) => !NOT_ASCII.test(text);
export const countOf = (text, piece) => text.split(piece).length - 1;

/** The first `count` characters, a pair of surrogates being one. */
export function head(text, count) {
  if (text.length <= count) return text;
  return SURROGATE.test(text) ? Array.from(text).slice(0, count).join("") : text.slice(0, count);
}

export function tail(text, count) {
  if (text.length <= count) return text;
  return SURROGATE.test(text) ? Array.from(text).slice(-count).join("") : text.slice(-count);
}

export function lengthOf(text) {
  return SURROGATE.test(text) ? Array.from(text).length : text.length;
}

/** Every match from the start, as `re.finditer` gives them. */
export const allMatches = (expression, text) => text.matchAll(new RegExp(expression.source, `${expression.flags}g`));
export const replaceAll = (expression, text, by) =>
  text.replace(new RegExp(expression.source, `${expression.flags}g`), by);

/** `text.split(separator, most)` of Python: the last piece holds the rest. */
export function splitAtMost(text, separator, most) {
  const pieces = [];
  let rest = text;
  for (let at = rest.indexOf(separator); at >= 0 && pieces.length < most; at = rest.indexOf(separator)) {
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at + separator.length);
  }
  return [...pieces, rest];
}

export function partition(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, "", ""] : [text.slice(0, at), separator, text.slice(at + separator.length)];
}

export const isBytes = (value) => value instanceof Uint8Array || value instanceof ArrayBuffer;
export const isMapping = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isBytes(value) && !(value instanceof Date);
export const has = (node, key) => Object.prototype.hasOwnProperty.call(node, key);
export const get = (node, key) => (has(node, key) ? (node[key] ?? null) : null);

/** Whether a value counts as true in Python: empty containers do not. */
export function truthy(value) {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\\\n\r\t]/g, (letter) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[letter] ?? "\\\\");
  return quote + (quote === "'" ? inside.replace(/'/g, "\\'") : inside) + quote;
}

/** `str(value)` of Python. */
export function asText(value, inside = false) {
  if (typeof value === "string") return inside ? quoted(value) : value;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((one) => asText(one, true)).join(", ")}]`;
  if (isMapping(value)) {
    return `{${Object.entries(value).map(([key, one]) => `${quoted(key)}: ${asText(one, true)}`).join(", ")}}`;
  }
  return String(value);
}

/** An integer from what JSON or text holds it as; null for anything else. */
export function asNumber(value) {
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e12 ? value : null;
  if (typeof value === "string") {
    const text = strip(value).replace(/^#+/, "");
    return text.length <= 12 && /^-?[0-9]+$/.test(text) ? Number(text) : null;
  }
  return null;
}

/** `round(value, places)` of Python: halves go to the even neighbour. */
export function rounded(value, places = 0) {
  const scale = 10 ** places;
  const scaled = value * scale;
  const below = Math.floor(scaled);
  if (scaled - below === 0.5) return (below % 2 === 0 ? below : below + 1) / scale;
  return Math.round(scaled) / scale;
}

/** Where the JSON object or list that begins at `at` ends; -1 when it never does. */
function endOfJson(text, at) {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const letter = text[index];
    if (letter === '"') {
      for (index++; index < text.length && text[index] !== '"'; index++) if (text[index] === "\\") index++;
    } else if (letter === "{" || letter === "[") depth++;
    else if ((letter === "}" || letter === "]") && --depth === 0) return index + 1;
  }
  return -1;
}

/** The JSON value that begins at `at` and its end, as `raw_decode` of Python finds it; null for none. */
export function jsonAt(text, at) {
  const end = endOfJson(text, at);
  if (end < 0) return null;
  try {
    return [JSON.parse(text.slice(at, end)), end];
  } catch {
    return null;
  }
}

const ESCAPES = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", a: "\x07", "\n": "" };

/** A literal of Python (dict, list, tuple, text, number, True, False, None); undefined for anything else. */
export function pythonLiteral(text) {
  let at = 0;
  const skip = () => {
    while (at < text.length && " \t\f\n\r".includes(text[at])) at++;
  };
  const fail = () => {
    throw new SyntaxError("no literal");
  };
  const string = () => {
    let out = "";
    do {
      if (/[bB]/.test(text[at])) fail();
      const raw = /[rR]/.test(text[at]);
      if (/[rRuU]/.test(text[at])) at++;
      const quote = text[at];
      const long = text.startsWith(quote.repeat(3), at) ? 3 : 1;
      at += long;
      while (!text.startsWith(quote.repeat(long), at)) {
        if (at >= text.length || (long === 1 && text[at] === "\n")) fail();
        if (text[at] === "\\" && !raw) {
          const letter = text[at + 1];
          const coded = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))/.exec(text.slice(at + 1, at + 11));
          if (coded) {
            out += String.fromCodePoint(coded[4] ? parseInt(coded[4], 8) : parseInt(coded[1] ?? coded[2] ?? coded[3], 16));
            at += 1 + coded[0].length;
          } else {
            if (letter === undefined || "xuUN".includes(letter)) fail();
            out += ESCAPES[letter] ?? ("\\'\"".includes(letter) ? letter : `\\${letter}`);
            at += 2;
          }
        } else out += text[at++];
      }
      at += long;
      skip();
    } while (/["'rRuUbB]/.test(text[at] ?? "") && /^[rRuUbB]{0,2}["']/.test(text.slice(at, at + 3)));
    return out;
  };
  const items = (close, one) => {
    at++;
    for (skip(); text[at] !== close; skip()) {
      one();
      skip();
      if (text[at] === ",") at++;
      else if (text[at] !== close) fail();
    }
    at++;
  };
  const value = (depth) => {
    skip();
    if (depth > 90) fail();
    const letter = text[at];
    if (letter === "{") {
      const out = {};
      items("}", () => {
        const key = value(depth + 1);
        if (key !== null && typeof key === "object") fail();
        skip();
        if (text[at++] !== ":") fail();
        out[typeof key === "string" ? key : asText(key)] = value(depth + 1);
      });
      return out;
    }
    if (letter === "[" || letter === "(") {
      const out = [];
      items(letter === "[" ? "]" : ")", () => out.push(value(depth + 1)));
      return out;
    }
    if (/^(?:[rRuU]?["'])/.test(text.slice(at, at + 2))) return string();
    const word = /^(?:True|False|None)(?!\w)/.exec(text.slice(at, at + 6));
    if (word) {
      at += word[0].length;
      return word[0] === "None" ? null : word[0] === "True";
    }
    const digits = /^[+-]?[ \t]*(?:(?:0+|[1-9](?:_?\d)*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/.exec(text.slice(at, at + 60));
    if (!digits) fail();
    at += digits[0].length;
    return Number(digits[0].replace(/[\s_]/g, ""));
  };
  try {
    const found = value(0);
    skip();
    return at === text.length ? found : undefined;
  } catch {
    return undefined;
  }
}
