// The helper for tests, against the sandbox itself; THREADS_SANDBOX_PYTHON names the interpreter that has it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { startSandbox } from "../dist/sandbox.mjs";

const command = [process.env.THREADS_SANDBOX_PYTHON, "-m", "treadle_sandbox"];
let sandbox;
before(async () => (sandbox = await startSandbox({ command, accounts: ["ada", "grace"], switches: { quota_posts: 2 } })));
after(() => sandbox.stop());

const post = (path, fields) => fetch(`${sandbox.url}/v1.0/${path}`, { method: "POST", body: new URLSearchParams(fields) });
const publish = async (text, user) =>
  post("me/threads", { media_type: "TEXT", text, auto_publish_text: "true", access_token: sandbox.token(user) });

test("posts as an account, and sees what arrived", async () => {
  assert.equal((await publish("from node", "grace")).status, 200);
  assert.deepEqual((await sandbox.posts("grace")).map(({ text }) => text), ["from node"]);
  assert.equal((await sandbox.requests({ endpoint: "create" })).length, 1);
});

test("fails on demand, and starts afresh with the same tokens", async () => {
  const token = sandbox.token();
  await sandbox.fault("create", "rate_limit");
  assert.equal((await (await publish("no")).json()).error.code, 613);
  await sandbox.fault("create", { drop: true }, { when: "after" });
  await assert.rejects(publish("lost"));
  assert.deepEqual((await sandbox.posts("ada")).map(({ text }) => text), ["lost"]);
  await sandbox.reset();
  assert.deepEqual(await sandbox.posts(), []);
  const me = await (await fetch(`${sandbox.url}/v1.0/me?fields=id&access_token=${token}`)).json();
  assert.equal(me.id, sandbox.accounts[0].id);
  await sandbox.advance(60);
});

test("says what is wrong", async () => {
  assert.throws(() => sandbox.token("nobody"), /nobody/);
  await assert.rejects(sandbox.fault("publish", "no_such_answer"), /no_such_answer/);
  await assert.rejects(startSandbox({ command: "no-such-program-here" }), /pip install treadle-sandbox/);
  await assert.rejects(startSandbox({ command, switches: { no_such_switch: 1 } }), /no_such_switch/);
});

test("is there for require too", () => {
  assert.equal(typeof createRequire(import.meta.url)("../dist/sandbox.cjs").startSandbox, "function");
});
