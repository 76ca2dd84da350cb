// The client of a Treadle server. Types of requests and answers follow from the API's document (below, or types.d.ts).
export interface CallOptions {
  /** Stops the call, and waiting between tries. */
  signal?: AbortSignal;
  /** Tries after the first; that of the client unless set. */
  retries?: number;
}

export interface TreadleOptions {
  /** TREADLE_URL, else http://127.0.0.1:8700, unless set. */
  url?: string;
  /** TREADLE_KEY unless set. */
  key?: string;
  /** Tries after the first, only of what may be tried again; 4 unless set. */
  retries?: number;
  /** For each try of a call, in milliseconds; 30,000 unless set. */
  timeoutMs?: number;
  fetch?: typeof globalThis.fetch;
}

export interface RawCall extends CallOptions {
  method: string;
  path: string;
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  body?: unknown;
  content?: BodyInit;
  /** The route heeds an Idempotency-Key: sending it again has one effect. */
  once?: boolean;
  idempotencyKey?: string;
}

/** A Treadle server, for one workspace. */
export declare class Treadle {
  constructor(options?: TreadleOptions);
  readonly posts: PostsOperations & {
    /** The post once it is published, failed or canceled, or waits for a person; throws NotSettled after timeoutMs (300,000). */
    wait(postId: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Post>;
  };
  readonly media: MediaOperations & {
    upload(
      file: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>,
      options?: { filename?: string; contentType?: string; signal?: AbortSignal },
    ): Promise<Media>;
  };
  readonly accounts: AccountsOperations;
  readonly answers: AnswersOperations;
  readonly patterns: PatternsOperations;
  readonly blockers: BlockersOperations;
  readonly webhooks: WebhooksOperations;
  readonly imports: ImportsOperations;
  readonly people: PeopleOperations;
  readonly audit: AuditOperations;
  readonly keys: KeysOperations;
  readonly workspaces: WorkspacesOperations;
  readonly events: EventsOperations & {
    /** Changes as they come, from `after` on (else from now on); resumes where the connection broke. */
    stream(options?: { types?: string[]; after?: number; follow?: boolean; signal?: AbortSignal }): AsyncGenerator<Change>;
  };
  /** Make a call, again where that may be done; for routes that have no method here. */
  send(call: RawCall): Promise<unknown>;
}

export declare class TreadleError extends Error {}

/** The server answered that it did not do it (RFC 9457). */
export declare class ApiError extends TreadleError {
  readonly status: number;
  /** Stable, for programs; empty: the answer was not Treadle's, but of something between. */
  readonly code: string;
  readonly wayOut: string;
  readonly who: string;
  readonly findings: Finding[];
  readonly requestId: string;
  /** Whether the same request, sent again later, can work although nobody changes anything. */
  readonly retryable: boolean;
  readonly problem: Partial<Problem>;
  readonly headers: Headers;
}

/** No answer came: the server was not reached, or the connection broke. */
export declare class ConnectionFailed extends TreadleError {}

/** The post had no outcome in time; it goes on. */
export declare class NotSettled extends TreadleError {
  readonly postId: string;
  readonly state: string;
}

/** A webhook that its sender did not sign with this secret, or too old a one. */
export declare class SignatureError extends TreadleError {}

/** The payload of a delivery, once its signature is verified; rejects with SignatureError. */
export declare function verifyWebhook(
  body: string | ArrayBuffer | Uint8Array<ArrayBuffer>,
  headers: Headers | Record<string, string | string[] | undefined>,
  secret: string | string[],
  options?: { toleranceS?: number; now?: number },
): Promise<WebhookPayload>;
