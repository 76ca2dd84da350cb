import { OPERATIONS } from "./operations.js";

// Nothing more happens to a post in these states, or nothing before a person acts.
const SETTLED = new Set(["published", "failed", "canceled", "blocked", "held", "draft"]);
const REPEATABLE = new Set(["GET", "PUT", "PATCH", "DELETE"]);
const LONGEST_WAIT_MS = 60_000;
const FIRST_WAIT_MS = 500;
const PRINTABLE = /^[!-~](?:[ -~]*[!-~])?$/; // what a header can hold as it is

export class TreadleError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

// The server answered that it did not do it (RFC 9457).
export class ApiError extends TreadleError {
  constructor(status, problem, headers) {
    const requestId = headers.get("request-id") ?? "";
    const said = [status, problem.code, problem.detail || problem.title].filter(Boolean).join(" ");
    super(requestId ? `${said} (${requestId})` : said);
    this.status = status;
    this.problem = problem;
    this.headers = headers;
    this.code = problem.code ?? "";
    this.wayOut = problem.way_out ?? "";
    this.who = problem.who ?? "";
    this.findings = problem.findings ?? [];
    this.requestId = requestId;
    this.retryable =
      typeof problem.retryable === "boolean" ? problem.retryable : [429, 502, 503, 504].includes(status);
  }
}

// No answer came: the server was not reached, or the connection broke.
export class ConnectionFailed extends TreadleError {}

// The post had no outcome in time; it goes on.
export class NotSettled extends TreadleError {
  constructor(postId, state, timeoutMs) {
    super(`${postId} is ${state} after ${timeoutMs} ms`);
    this.postId = postId;
    this.state = state;
  }
}

// A webhook that its sender did not sign with this secret, or too old a one.
export class SignatureError extends TreadleError {}

const environment = () => globalThis.process?.env ?? {};

function pause(ms, signal) {
  return new Promise((done, failed) => {
    if (signal?.aborted) return failed(signal.reason);
    const stopped = () => {
      clearTimeout(timer);
      failed(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      done();
    }, ms);
    signal?.addEventListener("abort", stopped, { once: true });
  });
}

function retryAfterMs(value) {
  if (!value) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const when = Date.parse(value);
  return Number.isNaN(when) ? undefined : Math.max(0, when - Date.now());
}

// Milliseconds until the next try, or undefined: give up. `failure` is undefined for a lost connection.
function waitMs(call, tried, most, failure) {
  if (tried > most) return undefined;
  const repeatable = call.once || REPEATABLE.has(call.method);
  if (failure === undefined) {
    if (!repeatable) return undefined;
  } else if (!failure.retryable || !(repeatable || failure.status === 429)) {
    return undefined; // with 429 nothing was done
  }
  const hint = failure && retryAfterMs(failure.headers.get("retry-after"));
  if (hint !== undefined) return hint <= LONGEST_WAIT_MS ? hint + Math.random() * FIRST_WAIT_MS : undefined;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tried - 1)) * (0.5 + Math.random() / 2);
}

const short = (header) => header.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()).replace(/^\w/, (first) => first.toLowerCase());

export class Treadle {
  #url;
  #key;
  #retries;
  #timeoutMs;
  #fetch;

  constructor({ url, key, retries = 4, timeoutMs = 30_000, fetch: own } = {}) {
    this.#url = (url ?? environment().TREADLE_URL ?? "http://127.0.0.1:8700").replace(/\/+$/, "");
    this.#key = (key ?? environment().TREADLE_KEY ?? "").trim();
    if (!/^https?:\/\//.test(this.#url)) throw new TypeError(`${this.#url}: an address begins with http:// or https://`);
    if (!this.#key) throw new TypeError("No key: pass one, or set TREADLE_KEY. 'treadle keys create' makes one.");
    if (!PRINTABLE.test(this.#key)) {
      // Said here, where the key is not shown.
      throw new TypeError("The key holds characters that no key has: pass what 'treadle keys create' prints.");
    }
    this.#retries = retries;
    this.#timeoutMs = timeoutMs;
    this.#fetch = own ?? globalThis.fetch.bind(globalThis);
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      const [resource, method] = name.split(".");
      this[resource] ??= {};
      this[resource][method] = (...given) => this.#operation(operation, given);
      if (operation[6]) this[resource][method.replace("list", "iterate")] = (...given) => this.#pages(operation, given);
    }
    this.posts.wait = (postId, options) => this.#wait(postId, options);
    this.media.upload = (file, options) => this.#upload(file, options);
    this.events.stream = (options) => this.#stream(options);
  }

  // Make a call, again where that may be done; for routes that have no method here.
  async send(call) {
    const { response } = await this.#request(call, { longest: this.#timeoutMs });
    const text = await response.text();
    if (text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiError(response.status, { title: "The answer is not JSON.", detail: text.slice(0, 300) }, response.headers);
    }
  }

  async #request(call, { longest }) {
    const address = new URL(this.#url + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value === undefined || value === null) continue;
      for (const one of Array.isArray(value) ? value : [value]) address.searchParams.append(name, String(one));
    }
    const headers = { Accept: "application/json", ...call.headers, Authorization: `Bearer ${this.#key}` };
    let body = call.content;
    if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(call.body);
    }
    if (call.once) {
      const key = call.idempotencyKey ?? crypto.randomUUID();
      if (!PRINTABLE.test(key)) throw new TypeError("An idempotency key is 1 to 200 printable ASCII characters.");
      headers["Idempotency-Key"] = key;
    }
    for (let tried = 1; ; tried += 1) {
      let failure;
      let cause;
      const limits = [call.signal, longest ? AbortSignal.timeout(longest) : undefined].filter(Boolean);
      try {
        const response = await this.#fetch(address, { method: call.method, headers, body, signal: either(limits) });
        if (response.ok) return { response };
        const text = await response.text();
        failure = new ApiError(response.status, problemOf(text), response.headers);
      } catch (error) {
        if (call.signal?.aborted) throw error;
        cause = error;
      }
      const wait = waitMs(call, tried, call.retries ?? this.#retries, failure);
      if (wait === undefined) {
        if (failure) throw failure;
        throw new ConnectionFailed(`${call.method} ${call.path}: ${cause?.cause?.code ?? cause?.message ?? cause}`, { cause });
      }
      await pause(wait, call.signal);
    }
  }

  #call([method, template, query, headers, hasBody, once], given) {
    const ids = template.match(/{\w+}/g) ?? [];
    let path = template;
    ids.forEach((id, at) => {
      const value = Number.isSafeInteger(given[at]) ? String(given[at]) : given[at];
      if (typeof value !== "string" || value === "") throw new TypeError(`${template}: an id is missing`);
      path = path.replace(id, () => encodeURIComponent(value));
    });
    const rest = given.slice(ids.length);
    const body = hasBody ? rest.shift() : undefined;
    const options = rest[0] ?? {};
    const known = new Set([...query, ...headers.map(short), "signal", "retries", ...(once ? ["idempotencyKey"] : [])]);
    for (const name of Object.keys(options)) {
      if (!known.has(name)) throw new TypeError(`${template}: there is no option ${name}; there are ${[...known].join(", ")}`);
    }
    return {
      method,
      path,
      query: Object.fromEntries(query.map((name) => [name, options[name]])),
      headers: Object.fromEntries(headers.filter((name) => options[short(name)]).map((name) => [name, options[short(name)]])),
      body,
      once,
      idempotencyKey: options.idempotencyKey,
      signal: options.signal,
      retries: options.retries,
    };
  }

  async #operation(operation, given) {
    return this.send(this.#call(operation, given));
  }

  async *#pages(operation, given) {
    const call = this.#call(operation, given);
    for (;;) {
      const page = await this.send(call);
      yield* page.data;
      if (page.next === null) return;
      call.query = { ...call.query, after: page.next };
    }
  }

  async #wait(postId, { timeoutMs = 300_000, signal } = {}) {
    const until = Date.now() + timeoutMs;
    for (let asked = 0; ; asked += 1) {
      const post = await this.posts.get(postId, { signal });
      if (SETTLED.has(post.state)) return post;
      const left = until - Date.now();
      if (left <= 0) throw new NotSettled(postId, post.state, timeoutMs);
      await pause(Math.min(left, 5000, 250 * 1.5 ** Math.min(asked, 20)), signal);
    }
  }

  async #upload(file, { filename, contentType, signal } = {}) {
    const name = filename ?? file.name;
    const kind = contentType ?? (file.type || "application/octet-stream");
    return this.send({ method: "POST", path: "/v1/media", query: { filename: name }, headers: { "Content-Type": kind }, content: file, signal });
  }

  async *#stream({ types = [], after, follow = true, signal } = {}) {
    let lost = 0;
    let came = new Set(); // of the changes above `after`: some come again when a stream goes on
    for (;;) {
      const call = { method: "GET", path: "/v1/events", query: { types, after, follow }, headers: { Accept: "text/event-stream" }, signal };
      try {
        const { response } = await this.#request(call, { longest: undefined });
        for await (const { change, mark } of changesOf(response.body)) {
          if (!change) {
            after ??= mark;
            continue;
          }
          lost = 0;
          after = mark ?? change.id;
          const again = came.has(change.id);
          came = new Set([...came, change.id].filter((id) => id > after));
          if (!again) yield change;
        }
        if (!follow) return;
      } catch (error) {
        if (error instanceof ApiError || error instanceof ConnectionFailed || signal?.aborted) throw error;
        lost += 1;
        if (lost > this.#retries) throw new ConnectionFailed(`GET /v1/events: ${error?.message ?? error}`, { cause: error });
        await pause(250 * 2 ** lost, signal);
      }
    }
  }
}

// AbortSignal.any is younger than Node.js 18.
function either(signals) {
  if (signals.length < 2) return signals[0];
  const both = new AbortController();
  for (const one of signals) {
    if (one.aborted) both.abort(one.reason);
    one.addEventListener("abort", () => both.abort(one.reason), { once: true, signal: both.signal });
  }
  return both.signal;
}

function problemOf(text) {
  try {
    const read = JSON.parse(text);
    return read !== null && typeof read === "object" && !Array.isArray(read) ? read : {};
  } catch {
    return { detail: text.slice(0, 300) };
  }
}

// Each change with its mark, the id after which a stream may begin again and misses nothing: the change's own, or a smaller
// one while an earlier change may still come. A stream says a mark before its first change as well.
async function* changesOf(body) {
  const decoder = new TextDecoder();
  let kept = "";
  let data = [];
  let id = "";
  for await (const bytes of body) {
    kept += decoder.decode(bytes, { stream: true });
    const lines = kept.split("\n");
    kept = lines.pop();
    for (const ended of lines) {
      const line = ended.replace(/\r$/, "");
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      if (line.startsWith("id:")) id = line.slice(3).trim();
      if (line !== "") continue;
      const mark = /^\d+$/.test(id) ? Number(id) : undefined;
      if (data.length) {
        const change = JSON.parse(data.join("\n"));
        data = [];
        yield { change, mark };
      } else if (mark !== undefined) yield { mark };
    }
  }
}

// The payload of a delivery, once its signature is verified. `body`: the bytes as they arrived; `headers`: a Headers, or
// an object of them; `secret`: what was shown when the webhook was made, or several while one is being exchanged.
export async function verifyWebhook(body, headers, secret, { toleranceS = 300, now = Date.now() / 1000 } = {}) {
  const given = new Map(
    [...(typeof headers.entries === "function" ? headers.entries() : Object.entries(headers))].map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
    if (!given.has(name)) throw new SignatureError(`The header ${name} is missing.`);
  }
  const at = given.get("webhook-timestamp");
  if (!/^\d+$/.test(at)) throw new SignatureError("The header webhook-timestamp is not a number of seconds.");
  if (Math.abs(now - Number(at)) > toleranceS) throw new SignatureError("The delivery is too old, or one of the two clocks is wrong.");
  const encoder = new TextEncoder();
  const content = typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
  const head = encoder.encode(`${given.get("webhook-id")}.${at}.`);
  const signed = new Uint8Array(head.length + content.length);
  signed.set(head);
  signed.set(content, head.length);
  for (const one of Array.isArray(secret) ? secret : [secret]) {
    const bytes = Uint8Array.from(atob(one.replace(/^whsec_/, "")), (letter) => letter.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    for (const signature of given.get("webhook-signature").split(" ")) {
      const [version, value] = signature.split(",");
      let mac;
      try {
        mac = Uint8Array.from(atob(value ?? ""), (letter) => letter.charCodeAt(0));
      } catch {
        continue;
      }
      if (version === "v1" && (await crypto.subtle.verify("HMAC", key, mac, signed))) {
        return JSON.parse(new TextDecoder().decode(content));
      }
    }
  }
  throw new SignatureError("No signature is one of this secret over these bytes.");
}
