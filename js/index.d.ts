/** The diagnosis of one error answer of Meta's Threads, Instagram or Facebook publishing APIs. */

export type Surface = "threads" | "instagram" | "facebook";
export type Stage =
  | "oauth"
  | "token_refresh"
  | "preflight"
  | "media"
  | "create_container"
  | "container_status"
  | "publish"
  | "verify"
  | "read"
  | "unknown";
export type Lane =
  | "meta_token"
  | "linked_instagram_account"
  | "account_restricted"
  | "permission_app_review"
  | "media_fetch"
  | "media_processing"
  | "media_validation"
  | "content"
  | "rate_limit"
  | "platform_temporary"
  | "request_bug"
  | "resource_gone"
  | "unknown";
export type Action =
  | "reconnect"
  | "retry_later"
  | "fix_media"
  | "fix_content"
  | "fix_app_setup"
  | "resolve_on_platform"
  | "recreate_container"
  | "verify_first"
  | "fix_request"
  | "contact_support";
export type RetryKind = "never" | "later" | "new_container" | "verify_first" | "when_repaired";
export type Who = "nobody" | "owner" | "developer" | "operator" | "meta";
export type Confidence = "exact" | "likely" | "guess";
export type Scope = "post" | "account" | "app" | "media_host" | "platform";
export type Transport = "dns" | "connect" | "tls" | "timeout" | "reset" | "truncated";

/** Whether, when and how often the same thing may be tried again. */
export interface RetryAdvice {
  kind: RetryKind;
  /** Seconds before the first retry; null when there is none. */
  after_s: number | null;
  /** Retries in all. */
  max_attempts: number;
  /** Seconds at most between two retries. */
  max_delay_s: number | null;
  /** What follows when the retries are used up. */
  then: RetryKind | null;
  /** Meta gave the time itself; do not try before it. */
  hinted: boolean;
}

/** Facts of the caller that sharpen a diagnosis. Others are allowed and ignored. */
export interface Context {
  container_age_s?: number;
  container_status?: string;
  reply_target?: "own_recent" | "own" | "other";
  /** How often this answer has come for this container. */
  seen_on_container?: number;
  /** Whether `/me` answers with this token. */
  me_ok?: boolean;
  other_accounts_fail?: boolean;
  media_bytes?: number;
  media_kind?: "image" | "video";
  text_bytes?: number;
  /** A publish of this container was sent before this answer. */
  after_publish?: boolean;
  /** An earlier publish of this container has an unknown outcome. */
  unclear_before?: boolean;
  /** This call created and published in one. */
  auto_publish_text?: boolean;
  /** It is proven that this publish did not happen. */
  not_published?: boolean;
  transport?: "not_sent" | "lost";
  [fact: string]: unknown;
}

/** What is known of a failure. Every field may be missing. */
export interface Evidence {
  surface?: Surface;
  /** What was being done. At "publish" the advice is careful: an unclear answer may hide a live post. */
  stage?: Stage;
  httpStatus?: number | null;
  http_status?: number | null;
  headers?: Headers | Record<string, unknown> | null;
  /** The JSON answer, or text, or bytes. */
  body?: unknown;
  /** The error of a call that brought no answer, or its text. */
  exception?: unknown;
  context?: Context;
  transport?: Transport | null;
}

export interface Diagnosis {
  /** The id of the pattern; "unknown", or "nothing_to_diagnose". */
  pattern: string;
  title: string;
  category: string;
  lane: Lane;
  action: Action;
  action_label: string;
  retry: RetryAdvice;
  /** The retry advice in one sentence. */
  retry_sentence: string;
  who: Who;
  confidence: Confidence;
  what_happened: string;
  /** For whoever got the answer with a program of their own. */
  next_step: string;
  next_step_developer: string;
  /** For the owner of the profile. */
  owner_step: string;
  treadle_does: string;
  /** The steps in order, when one answer has several causes. */
  plan: string[];
  /** Facts that would tell those causes apart. */
  decides: string[];
  /** What a block for this cause has to hold back. */
  scope: Scope;
  surface: Surface;
  /** Path of the pattern's page in the guide. */
  guide: string;
  /** The facts that decided. */
  matched: string[];
  /** The answer as it came, secrets removed. */
  raw: unknown;
}

/**
 * Says why it failed, who must do what, and whether a retry can work. Never throws.
 *
 * A `Response`, and an error that holds one (ky), has to be read first: the result is then a promise.
 */
export function diagnose(input: Response, options?: Evidence & { body?: undefined }): Promise<Diagnosis>;
export function diagnose(input: Error & { response: Response }, options?: Evidence & { body?: undefined }): Promise<Diagnosis>;
export function diagnose(
  input?: string | Uint8Array | ArrayBuffer | Error | Evidence | Record<string, unknown> | readonly unknown[] | null,
  options?: Evidence,
): Diagnosis;
/** Of a caught value, whose kind nobody knows: `await` serves both. */
export function diagnose(input: unknown, options?: Evidence): Diagnosis | Promise<Diagnosis>;

/** Whether Meta's answer to a publish (its JSON with an HTTP status) says plainly that nothing was published. */
export function isClearRefusal(status: number, body: unknown, options?: { unclearBefore?: boolean }): boolean;

/** An answer as an entry to start from for the catalogue: TOML with its matcher and its example, secrets removed. */
export function contribution(input: unknown, options?: Evidence): string;

/** A copy of `value` without tokens and other secrets, cut after about `maxChars` characters (12,000). */
export function redact(value: unknown, maxChars?: number): unknown;
export function redactText(text: string): string;
export function retrySentence(advice: RetryAdvice, known?: boolean): string;

/** The pattern of an answer that the catalogue does not know. */
export const UNKNOWN: "unknown";
/** The pattern of a good answer, and of nothing. */
export const NOTHING: "nothing_to_diagnose";
export const VERSION: string;
/** The newest date (ISO) on which an entry of the catalogue was checked. */
export const CHECKED: string;
/** The fixed terms as people read them. */
export const LABELS: {
  readonly action: Record<Action, string>;
  readonly who: Record<Who, string>;
  readonly confidence: Record<Confidence, string>;
  readonly scope: Record<Scope, string>;
};
