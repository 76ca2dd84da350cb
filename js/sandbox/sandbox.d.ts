// Runs threads-sandbox for the tests of a JavaScript project: node:test, vitest, jest or any other.
export interface SandboxOptions {
  /** The command, with its first arguments; THREADS_SANDBOX, else "threads-sandbox", unless set. */
  command?: string | string[];
  /** User names; ["ada"] unless set. */
  accounts?: string[];
  /** How long containers take: "fast" unless set, "real", or seconds. */
  processing?: "fast" | "real" | number;
  /** Speak TLS too and be a proxy for Meta's hosts; needs treadle-sandbox[tls]. */
  tls?: boolean;
  /** Switches of the sandbox: { count: "bytes" }. */
  switches?: Record<string, unknown>;
  /** Until it has to be there, in milliseconds; 30,000 unless set. */
  timeoutMs?: number;
}

export interface SandboxAccount {
  username: string;
  id: string;
  accessToken: string;
}

export interface FaultRule {
  account?: string;
  nth?: number;
  times?: number | null;
  probability?: number;
  when?: "before" | "after";
}

export interface FaultAnswer {
  name?: string;
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  delay_s?: number;
  drop?: boolean;
  truncate?: boolean;
}

export declare class Sandbox {
  readonly url: string;
  readonly authorizeUrl: string;
  readonly app: { id: string; secret: string };
  readonly accounts: SandboxAccount[];
  /** With tls: what NODE_EXTRA_CA_CERTS and HTTPS_PROXY are set to. */
  readonly caFile: string | null;
  readonly proxyUrl: string | null;
  token(username?: string): string;
  control(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<any>;
  fault(endpoint: string, answer: string | FaultAnswer, rule?: FaultRule): Promise<string>;
  posts(account?: string): Promise<Record<string, any>[]>;
  requests(filters?: Record<string, string>): Promise<Record<string, any>[]>;
  advance(seconds: number): Promise<unknown>;
  reset(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Runs the sandbox on a free port until stop(), or until this process ends. */
export declare function startSandbox(options?: SandboxOptions): Promise<Sandbox>;
