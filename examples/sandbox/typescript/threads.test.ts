import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startSandbox, type Sandbox } from "treadle-diagnosis/sandbox";
import { Threads } from "./threads.ts";

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
beforeEach(() => sandbox.reset());
after(() => sandbox.stop());

test("a post arrives", async () => {
  await new Threads(sandbox.url, sandbox.token()).post("Hello");
  assert.deepEqual((await sandbox.posts()).map((post) => post.text), ["Hello"]);
});

test("a lost answer does not double it", async () => {
  await sandbox.fault("publish", { drop: true }, { when: "after" });
  const made = await new Threads(sandbox.url, sandbox.token()).post("Once");
  assert.deepEqual((await sandbox.posts()).map((post) => post.id), [made]);
});
