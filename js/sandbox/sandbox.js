import { spawn } from "node:child_process";

/** Runs `threads-sandbox` on a free port until `stop()`, or until this process ends. */
export async function startSandbox(options = {}) {
  const { accounts = ["ada"], processing = "fast", tls = false, switches = {}, timeoutMs = 30_000 } = options;
  const [program, ...first] = [options.command ?? process.env.THREADS_SANDBOX ?? "threads-sandbox"].flat();
  // Ids and tokens are given, so that they are the same after reset().
  const named = accounts.map((name, place) => ({ name, id: `2898361400000${1000 + place}`, token: `sandbox-token-of-${name}` }));
  const child = spawn(program, [
    ...first, "--port", "0", "--json", "--processing", String(processing), ...(tls ? ["--tls"] : []),
    ...named.flatMap(({ name, id, token }) => ["--account", `${name}:${id}:${token}`]),
    ...Object.entries(switches).flatMap(([name, value]) => ["-o", `${name}=${JSON.stringify(value)}`]),
  ], { stdio: ["ignore", "pipe", "pipe"] });
  const end = () => child.kill();
  process.once("exit", end);
  const where = await firstLine(child, program, timeoutMs).catch((error) => {
    end();
    throw error;
  });
  return new Sandbox(JSON.parse(where), child, end);
}

function firstLine(child, program, timeoutMs) {
  return new Promise((resolve, reject) => {
    let [said, wrong] = ["", ""];
    const timer = setTimeout(() => reject(new Error(`${program} did not start within ${timeoutMs} ms. ${wrong}`)), timeoutMs);
    const over = (settle, value) => {
      clearTimeout(timer);
      settle(value);
    };
    child.stdout.setEncoding("utf8").on("data", (piece) => {
      said += piece;
      if (said.includes("\n")) over(resolve, said.slice(0, said.indexOf("\n")));
    });
    child.stderr.setEncoding("utf8").on("data", (piece) => (wrong += piece));
    child.on("error", (error) => over(reject, new Error(`${program} cannot be run (pip install treadle-sandbox): ${error.message}`)));
    child.on("exit", (code) => over(reject, new Error(`${program} ended with ${code}: ${wrong.trim()}`)));
  });
}

export class Sandbox {
  #child;
  #end;

  constructor(where, child, end) {
    this.#child = child;
    this.#end = end;
    this.url = where.url;
    this.authorizeUrl = where.authorize_url;
    this.app = { id: where.app_id, secret: where.app_secret };
    this.accounts = where.accounts.map(({ username, id, access_token }) => ({ username, id, accessToken: access_token }));
    this.caFile = where.ca_file;
    this.proxyUrl = where.proxy_url;
  }

  /** The access token of the first account, or of the one named. */
  token(username = this.accounts[0].username) {
    const account = this.accounts.find((one) => one.username === username);
    if (!account) throw new Error(`There is no account ${username} in this sandbox.`);
    return account.accessToken;
  }

  /** One call of the control API: `await sandbox.control("POST", "clock", { advance_s: 60 })`. */
  async control(method, path, body) {
    const answer = await fetch(`${this.url}/_sandbox/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error ?? `HTTP ${answer.status}`);
    return said;
  }

  /** A failure: `fault("publish", "rate_limit")`, `fault("publish", { drop: true }, { when: "after" })`. */
  async fault(endpoint, answer, rule = {}) {
    const said = typeof answer === "string" ? { name: answer } : answer;
    return (await this.control("POST", "faults", { endpoint, answer: said, ...rule })).id;
  }

  async posts(account) {
    return (await this.control("GET", `posts?${new URLSearchParams(account ? { account } : {})}`)).data;
  }

  async requests(filters = {}) {
    return (await this.control("GET", `requests?${new URLSearchParams(filters)}`)).data;
  }

  /** Moves the sandbox's clock forward. */
  advance(seconds) {
    return this.control("POST", "clock", { advance_s: seconds });
  }

  /** Back to how it started, with the same ids and tokens. */
  reset() {
    return this.control("POST", "reset", {});
  }

  stop() {
    process.off("exit", this.#end);
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once("exit", () => resolve());
      this.#end();
    });
  }
}
