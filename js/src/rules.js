// The catalogue's matchers and their order of trust: subcode, constant, code with words, OAuth reason, words, code,
// container, transport, HTTP status.
import { asText, constantsOf, get, has, isAscii, lengthOf, strip, wordsOf } from "./python.js";
import { TABLES } from "./tables.js";

const RULES = constantsOf("rules");
const REPEATS = RULES.REPEATS;
const SEPARATORS = new Set(Object.keys(RULES.SPLIT).map((code) => String.fromCodePoint(Number(code))));
const PLAIN = ["subcode", "code", "constant", "stage", "surface", "container", "transport", "type"];
const EMPTY = {
  subcode: [], code: [], code_range: null, constant: [], container: [], words: [], without: [], oauth: [], transport: [],
  http: [], stage: [], surface: [], type: [], form: "", context: {}, unlisted_subcode: false, confidence: null,
};

const some = (list) => (list && list.length ? 1 : 0);
const tokens = (text) => wordsOf(Array.from(text, (letter) => (SEPARATORS.has(letter) ? " " : letter)).join(""));

function newRule(pattern, entry, order) {
  const match = { ...EMPTY, ...entry };
  const weight =
    1000 * some(match.subcode) + 900 * some(match.constant) + 300 * some(match.code) + 180 * some(match.code_range) +
    200 * Number(match.unlisted_subcode) + 340 * some(match.words) + 330 * some(match.oauth) + 250 * some(match.container) +
    150 * some(match.transport) + 100 * some(match.http) + 60 * Object.keys(match.context).length +
    30 * some(match.stage) + 20 * (some(match.surface) + some(match.type)) + 5 * Number(Boolean(match.form));
  const sure =
    some(match.subcode) || some(match.constant) || (some(match.code) && some(match.words))
      ? "exact"
      : ["code", "container", "oauth", "words", "transport"].some((name) => some(match[name])) ? "likely" : "guess";
  return {
    pattern, match, order, weight,
    confidence: match.confidence || sure,
    phrases: match.words.map((phrase) => phrase.split("&").map(strip)),
    among: PLAIN.filter((name) => some(match[name])).map((name) => [name, new Set(match[name])]),
  };
}

/** 0 when a condition fails, else the weight plus how much of the words was found. */
function scoreOf(rule, facts) {
  for (const [name, allowed] of rule.among) if (!allowed.has(facts[name])) return 0;
  if (!rareHold(rule.match, facts)) return 0;
  for (const [key, wanted] of Object.entries(rule.match.context)) {
    if (!contextFits(get(facts.context, key), wanted)) return 0;
  }
  if (!rule.phrases.length) return rule.weight;
  let longest = 0;
  for (const parts of rule.phrases) {
    if (parts.every((part) => facts.message.includes(part))) {
      longest = Math.max(longest, parts.reduce((sum, part) => sum + lengthOf(part), 0));
    }
  }
  return longest ? rule.weight + Math.floor(Math.min(longest, 99) / 4) : 0;
}

function rareHold(match, facts) {
  if (match.unlisted_subcode && !facts.unlisted) return false;
  if (match.http.length && !httpFits(match.http, facts.http_status)) return false;
  const range = match.code_range;
  if (range && !(facts.code !== null && range[0] <= facts.code && facts.code <= range[1])) return false;
  if (match.form && (match.form === "object") !== facts.structured) return false;
  if (match.oauth.length && !match.oauth.some((reason) => facts.oauth.includes(reason))) return false;
  return !match.without.some((phrase) => facts.message.includes(phrase));
}

function httpFits(wanted, status) {
  if (status === null) return false;
  return wanted.some((value) => (value.endsWith("xx") ? Math.floor(status / 100) === Number(value[0]) : String(status) === value));
}

function contextFits(value, wanted) {
  if (typeof wanted === "string") {
    if (wanted === "missing") return value === null;
    if ("<>".includes(wanted[0] ?? " ")) {
      if (typeof value !== "number") return false;
      const [op, limit] = wanted.split(" ");
      const bound = Number(limit);
      return op === "<" ? value < bound : op === "<=" ? value <= bound : op === ">" ? value > bound : value >= bound;
    }
    return typeof value === "string" && value.toLowerCase() === wanted.toLowerCase();
  }
  const same = (one, other) => one === other || (typeof one === "boolean" ? Number(one) : one) === (typeof other === "boolean" ? Number(other) : other);
  return Array.isArray(wanted) ? wanted.some((one) => same(value, one)) : same(value, wanted);
}

const indexOf = () => ({ words: new Map(), wordless: [] });

/** Files a rule under a word of each of its phrases; those without one are `wordless`. */
function fileByWord(index, rule) {
  let whole = true;
  for (const parts of rule.phrases) {
    const key = indexWord(parts);
    if (!key) {
      whole = false;
      continue;
    }
    if (!index.words.has(key)) index.words.set(key, new Set());
    index.words.get(key).add(rule);
  }
  if (!whole) index.wordless.push(rule);
}

function indexWord(parts) {
  let words = parts.flatMap(tokens);
  if (!words.length || !words.every((word) => isAscii(word) || /^\p{L}+$/u.test(word))) words = words.filter(isAscii);
  if (parts.some((part) => !isAscii(part) && !separatesWords(part))) return "";
  return words.reduce((longest, word) => (lengthOf(word) > lengthOf(longest) ? word : longest), "");
}

/** Whether the script of `text` puts spaces between words. */
function separatesWords(text) {
  return Array.from(text).every((letter) => {
    const code = letter.codePointAt(0);
    return code < 0x0e00 || (code >= 0x1e00 && code < 0x2100);
  });
}

const heaviestFirst = (rules) => rules.sort((a, b) => b.weight - a.weight);

function heaviest(rules, facts) {
  let best = null;
  let top = 0;
  for (const rule of rules) {
    if (rule.weight + 24 < top) continue;
    const score = scoreOf(rule, facts);
    if (score > top || (score && score === top && best !== null && rule.order < best.order)) {
      best = rule;
      top = score;
    }
  }
  return best && { rule: best, score: top };
}

/** All rules, by the fact that would make each one hold. */
class RuleBook {
  constructor() {
    this.patterns = new Map(TABLES.patterns.map((pattern) => [pattern.id, pattern]));
    this.shelves = { subcode: new Map(), constant: new Map(), code: new Map() };
    this.byWords = indexOf();
    this.ranges = [];
    this.rest = [];
    let order = 0;
    for (const pattern of TABLES.patterns) {
      for (const entry of pattern.match) this.file(newRule(pattern, entry, order++));
    }
    heaviestFirst(this.rest);
    for (const shelf of Object.values(this.shelves)) for (const rules of shelf.values()) heaviestFirst(rules);
    this.byCode = new Map();
    for (const [code, rules] of this.shelves.code) {
      const index = indexOf();
      const plain = rules.filter((rule) => !rule.match.words.length);
      for (const rule of rules) if (rule.match.words.length) fileByWord(index, rule);
      this.byCode.set(code, { index, plain: [...plain, ...index.wordless] });
    }
    this.known = { codes: this.shelves.code, subcodes: this.shelves.subcode };
  }

  file(rule) {
    for (const fact of ["subcode", "constant", "code"]) {
      if (!rule.match[fact].length) continue;
      for (const value of rule.match[fact]) {
        if (!this.shelves[fact].has(value)) this.shelves[fact].set(value, []);
        this.shelves[fact].get(value).push(rule);
      }
      return;
    }
    if (rule.match.code_range) this.ranges.push(rule);
    else if (rule.match.words.length) fileByWord(this.byWords, rule);
    else this.rest.push(rule);
  }

  /** The rule that holds with the most weight; on a tie, the earlier pattern of the catalogue. */
  best(facts) {
    if (facts.subcode !== null) {
      const rules = this.shelves.subcode.get(facts.subcode);
      const hit = rules ? heaviest(rules, facts) : null;
      if (hit) return hit;
      if (!rules) facts.unlisted = facts.subcode !== facts.code;
    }
    const named = facts.constant ? this.shelves.constant.get(facts.constant) : undefined;
    const hit = named ? heaviest(named, facts) : null;
    if (hit) return hit;
    const coded = facts.code !== null ? this.byCode.get(facts.code) : undefined;
    const vague = coded === undefined || RULES.VAGUE_CODES.includes(facts.code);
    const candidates = this.candidates(facts, coded, vague);
    let best = heaviest(candidates, facts);
    if (facts.unlisted && best && REPEATS.includes(get(best.rule.pattern.retry, "kind"))) {
      // Words that go with a code do not make its retry any safer.
      best = heaviest([...candidates].filter((rule) => rule.match.unlisted_subcode), facts) ?? best;
    }
    return vague ? this.plainer(facts, best) : best;
  }

  candidates(facts, coded, vague) {
    const found = new Set();
    const words = facts.message ? new Set(tokens(facts.message)) : new Set();
    const take = (index) => {
      for (const word of words) for (const rule of index.words.get(word) ?? []) found.add(rule);
    };
    if (coded) take(coded.index);
    if (vague) {
      take(this.byWords);
      if (!isAscii(facts.message)) for (const rule of this.byWords.wordless) found.add(rule);
    }
    for (const rule of coded?.plain ?? []) found.add(rule);
    if (facts.code !== null) for (const rule of this.ranges) found.add(rule);
    return found;
  }

  /** `hit`, or a rule without code and words that outweighs it. Those are worth their weight or nothing. */
  plainer(facts, hit) {
    let best = hit?.rule ?? null;
    let top = hit?.score ?? 0;
    for (const rule of this.rest) {
      if (rule.weight < top) break;
      if (scoreOf(rule, facts) && (best === null || rule.weight > top || rule.order < best.order)) {
        best = rule;
        top = rule.weight;
      }
    }
    return best && { rule: best, score: top };
  }
}

let book = null;
export const ruleBook = () => (book ??= new RuleBook());

/** The facts that made the rule hold, most telling first after the stage. */
export function matchedFacts(rule, facts) {
  const match = rule.match;
  const out = [];
  const say = (wanted, name, value) => {
    if (some(wanted)) out.push(`${name}=${asText(value)}`);
  };
  say(match.stage, "stage", facts.stage);
  if (some(match.code) || match.code_range || (some(match.subcode) && facts.code !== null && facts.code !== facts.subcode)) {
    out.push(`code=${asText(facts.code)}`);
  }
  say(match.subcode, "subcode", facts.subcode);
  say(match.constant, "constant", facts.constant);
  say(match.container, "container", facts.container);
  say(match.oauth, "oauth", match.oauth.find((reason) => facts.oauth.includes(reason)));
  say(match.transport, "transport", facts.transport);
  say(match.http, "http", facts.http_status);
  say(match.type, "type", facts.type);
  say(match.surface, "surface", facts.surface);
  for (const key of Object.keys(match.context)) {
    if (has(facts.context, key)) out.push(`context.${key}=${asText(facts.context[key])}`);
  }
  const words = rule.phrases.find((parts) => parts.every((part) => facts.message.includes(part)));
  if (words) out.push(`words=${words.join(" … ")}`);
  return out;
}
