// Errors as programs have them in their hands: of fetch, axios and others, and hostile ones.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { test } from "node:test";
import { diagnose, isClearRefusal, NOTHING, UNKNOWN } from "treadle-diagnosis";

const EXPIRED = { error: { message: "Session has expired", type: "OAuthException", code: 190, error_subcode: 463 } };

async function answering(status, body, headers, use) {
  const server = createServer((_, answer) => answer.writeHead(status, headers).end(body));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

test("a Response of fetch is read, from a copy", async () => {
  await answering(400, JSON.stringify(EXPIRED), { "content-type": "application/json" }, async (address) => {
    const response = await fetch(`${address}/v1.0/me`);
    const found = await diagnose(response);
    assert.equal(found.pattern, "token_expired");
    assert.equal(found.action, "reconnect");
    assert.deepEqual(await response.json(), EXPIRED);
  });
});

test("a Response brings its headers, its status and the stage of its address", async () => {
  const limit = JSON.stringify({ error: { message: "Application request limit reached", code: 4 } });
  await answering(403, limit, { "retry-after": "1234" }, async (address) => {
    const found = await diagnose(await fetch(`${address}/v1.0/me/threads`));
    assert.equal(found.retry.after_s >= 1234, true);
    assert.equal(found.retry.hinted, true);
  });
  await answering(502, "<html><h1>502 Bad Gateway</h1></html>", {}, async (address) => {
    const found = await diagnose(await fetch(`${address}/v1.0/me/threads_publish`));
    assert.equal(found.retry.kind, "verify_first");
  });
});

test("a Response that was read before still has its status, and a body that is given with it counts", async () => {
  await answering(429, JSON.stringify(EXPIRED), {}, async (address) => {
    const response = await fetch(address);
    const body = await response.json();
    assert.equal((await diagnose(response)).lane, "rate_limit");
    assert.equal(diagnose(response, { body }).pattern, "token_expired");
  });
});

test("an error of fetch tells by its cause what failed", async () => {
  const closed = await answering(200, "", {}, (address) => address);
  const error = await fetch(closed).catch((failed) => failed);
  assert.equal(error instanceof TypeError, true);
  const found = diagnose(error);
  assert.deepEqual(found.matched, ["transport=connect"]);
  assert.equal(diagnose(error, { stage: "publish" }).retry.kind, "later");
  const browser = diagnose(new TypeError("Failed to fetch"), { stage: "publish" });
  assert.equal(browser.retry.kind, "verify_first");
});

class AxiosError extends Error {
  name = "AxiosError";
  constructor(message, code, config, response) {
    super(message);
    Object.assign(this, { code, config, response });
  }
}
const publishing = { method: "post", url: "https://graph.threads.net/v1.0/me/threads_publish" };

test("an AxiosError with a response is read from its data", () => {
  const response = { status: 400, data: EXPIRED, headers: { "content-type": "application/json" } };
  const found = diagnose(new AxiosError("Request failed with status code 400", "ERR_BAD_REQUEST", publishing, response));
  assert.equal(found.pattern, "token_expired");
});

test("an AxiosError without one keeps the address of the call: an open publish is checked first", () => {
  const found = diagnose(new AxiosError("timeout of 5000ms exceeded", "ECONNABORTED", publishing, undefined));
  assert.equal(found.action, "verify_first");
  const read = diagnose(new AxiosError("timeout of 5000ms exceeded", "ECONNABORTED", { method: "get", url: "/me" }));
  assert.equal(read.retry.kind, "later");
});

test("errors that hold a Response, a body or the answer itself", async () => {
  const held = Object.assign(new Error("Request failed"), { response: new Response(JSON.stringify(EXPIRED), { status: 400 }) });
  assert.equal((await diagnose(held)).pattern, "token_expired");
  const got = Object.assign(new Error("Response code 400"), { response: { statusCode: 400, body: JSON.stringify(EXPIRED) } });
  assert.equal(diagnose(got).pattern, "token_expired");
  const sdk = Object.assign(new Error("failed"), { response: EXPIRED });
  assert.equal(diagnose(sdk).pattern, "token_expired");
});

test("never throws", () => {
  const hostile = { get error() { throw new Error("no"); } };
  const ring = {};
  ring.ring = ring;
  const inputs = [undefined, null, "", 0, NaN, 5n, Symbol("s"), () => 1, [], {}, new Map(), new Date(), ring, hostile, Object.create(null), new Uint8Array([0, 0, 0, 255])];
  for (const input of inputs) assert.equal(typeof diagnose(input).pattern, "string");
  const loop = new Error("loop");
  loop.cause = loop;
  assert.equal(typeof diagnose(loop).pattern, "string");
  assert.equal(diagnose(undefined).pattern, NOTHING);
  assert.equal(diagnose("flurb").pattern, UNKNOWN);
  assert.equal(diagnose('{"error":{"__proto__":1,"code":190}}').action, "reconnect");
});

test("huge inputs take no time", () => {
  const began = process.cpuUsage().user;
  for (const piece of ["{", '{"a":', "code=", "4279", "é{'", "error=x&", "<a ", "\n(#1)", "/me ", "HTTP/1.1 500\n"]) {
    diagnose(piece.repeat(Math.ceil(1_000_000 / piece.length)));
  }
  assert.ok(process.cpuUsage().user - began < 20_000_000);
});

test("by require it is the same", () => {
  const required = createRequire(import.meta.url)("treadle-diagnosis");
  assert.deepEqual(required.diagnose("190/463"), diagnose("190/463"));
  assert.equal(isClearRefusal(400, EXPIRED), true);
  assert.equal(required.isClearRefusal(500, EXPIRED), false);
});
