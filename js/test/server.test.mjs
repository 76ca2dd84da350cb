// The client against a real server: TREADLE_URL, TREADLE_KEY and ACCOUNT say which; LINE is the same through a bad line.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import { ApiError, ConnectionFailed, NotSettled, SignatureError, Treadle, verifyWebhook } from "treadle-diagnosis/client";

const account_id = process.env.ACCOUNT;
const treadle = new Treadle();
const throughLine = new Treadle({ url: process.env.LINE });
const label = `once-${process.pid}`;
const lost = `Lost ${process.pid}`;
const later = { account_id, publish_at: "2040-01-01T09:00:00Z" };

const all = async (entries) => {
  const found = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

test("a post is made, waited for, listed and followed", async () => {
  const { id } = await treadle.posts.create({ account_id, text: "From the client in JavaScript" });
  const post = await treadle.posts.wait(id, { timeoutMs: 120_000 });
  assert.equal(post.state, "published");
  assert.match(post.parts[0].permalink, /^https:/);
  assert.ok((await all(treadle.posts.iterate({ state: ["published"], limit: 1 }))).some((one) => one.id === id));
  assert.ok((await all(treadle.events.stream({ after: 0, follow: false }))).some((change) => change.subject === id));
});

test("a file is uploaded", async () => {
  const picture = Uint8Array.from(atob(process.env.PICTURE), (letter) => letter.charCodeAt(0));
  const media = await treadle.media.upload(picture, { filename: "a.jpg", contentType: "image/jpeg" });
  assert.equal((await treadle.media.get(media.id)).id, media.id);
});

test("an answer that never comes makes no second post", async () => {
  const made = await throughLine.posts.create({ ...later, text: "Once", labels: [label] }); // the line loses the first answer
  const found = await all(treadle.posts.iterate({ label }));
  assert.deepEqual(found.map((one) => one.id), [made.id]);
});

test("what is made is made once, whatever becomes of the answer", async () => {
  await throughLine.workspaces.create({ name: lost });
  const { data } = await treadle.workspaces.list();
  assert.equal(data.filter((one) => one.name === lost).length, 1);
});

test("a refusal says everything, and is not tried again", async () => {
  await assert.rejects(treadle.posts.create({ account_id, text: "x".repeat(501) }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.who, error.retryable], [422, "invalid_request", "developer", false]);
    assert.equal(error.findings[0].rule, "text_too_long");
    assert.match(error.requestId, /^req_/);
    return true;
  });
});

test("waiting ends", async () => {
  const { id } = await treadle.posts.create({ ...later, text: "Later" });
  await assert.rejects(treadle.posts.wait(id, { timeoutMs: 0 }), NotSettled);
  await treadle.posts.cancel(id);
  assert.equal((await treadle.posts.wait(id)).state, "canceled");
});

test("an option that is none is refused", async () => {
  await assert.rejects(treadle.posts.list({ stat: ["failed"] }), TypeError);
  await assert.rejects(treadle.posts.get(""), TypeError);
  await assert.rejects(new Treadle({ url: "http://127.0.0.1:9", retries: 0 }).accounts.list(), ConnectionFailed);
});

test("a signature holds for its bytes and its time", async () => {
  const secret = Buffer.alloc(32, 7);
  const shown = `whsec_${secret.toString("base64")}`;
  const body = JSON.stringify({ type: "post.published", data: { text: "ü" } });
  const value = createHmac("sha256", secret).update(`msg_1.1000.${body}`).digest("base64");
  const headers = { "Webhook-Id": "msg_1", "webhook-timestamp": "1000", "webhook-signature": `v1,AAAA v1,${value}` };
  assert.equal((await verifyWebhook(body, headers, shown, { now: 1299 })).data.text, "ü");
  assert.equal((await verifyWebhook(Buffer.from(body), new Headers(headers), [shown], { now: 1000 })).type, "post.published");
  for (const [given, sent, at] of [[`${body} `, headers, 1000], [body, { ...headers, "Webhook-Id": "2" }, 1000], [body, headers, 1301], [body, {}, 1000]]) {
    await assert.rejects(verifyWebhook(given, sent, shown, { now: at }), SignatureError);
  }
});

test("it can be required", () => {
  assert.equal(typeof createRequire(import.meta.url)("treadle-diagnosis/client").Treadle, "function");
});

test("an event is read again by its number, and what no header can hold is refused without being shown", async () => {
  const treadle = new Treadle();
  const [first] = await all(treadle.events.stream({ after: 0, follow: false }));
  assert.equal((await treadle.events.get(first.id)).id, first.id);
  assert.equal((await treadle.events.get(String(first.id))).id, first.id);
  await assert.rejects(async () => treadle.events.get(1.5), /an id is missing/);
  for (const key of ["secret\nkey", "secrét", "sec ret\u0000"]) {
    assert.throws(() => new Treadle({ key }), (error) => error instanceof TypeError && !error.message.includes("sec"));
    const made = treadle.posts.create({ account_id: process.env.ACCOUNT, text: "x" }, { idempotencyKey: key });
    await assert.rejects(made, /printable ASCII/);
  }
});

test("a stream that ends before its first event loses none", async () => {
  const event = { id: 42, type: "post.published", subject: "pst_1" };
  const whole = `id: 42\nevent: post.published\ndata: ${JSON.stringify(event)}\n\n`;
  const asked = [];
  const fetch = async (address) => {
    asked.push(address.searchParams.get("after"));
    return new Response(`retry: 2000\nid: 41\n\n${asked.length > 1 ? whole : whole.slice(0, 30)}`);
  };
  for await (const change of new Treadle({ url: "http://x", key: "key", fetch }).events.stream()) {
    assert.deepEqual(change, event);
    break;
  }
  assert.deepEqual(asked, [null, "41"]);
});

test("an event that was committed late is not missed by a stream that ends", async () => {
  const told = (id, mark) => `id: ${mark}\nevent: post.published\ndata: ${JSON.stringify({ id, type: "post.published", subject: "pst_1" })}\n\n`;
  const bodies = [told(41, 41) + told(43, 41), told(42, 42) + told(43, 43) + told(44, 44)];
  const asked = [];
  const fetch = async (address) => {
    asked.push(address.searchParams.get("after"));
    return new Response(bodies[asked.length - 1]);
  };
  const ids = [];
  for await (const change of new Treadle({ url: "http://x", key: "key", fetch }).events.stream({ after: 40 })) {
    ids.push(change.id);
    if (change.id === 44) break;
  }
  assert.deepEqual(ids, [41, 43, 42, 44]);
  assert.deepEqual(asked, ["40", "41"]);
});
