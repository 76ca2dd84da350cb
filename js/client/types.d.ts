// What requests and answers hold, and the operations. Made of the API's document by tools/build_clients.py; do not edit.

/** The account of a post, and the open causes that its posts wait for now. */
export interface AccountAhead {
  /** Its id; never changes. */
  id: string;
  /** Without '@'. */
  username: string;
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others. */
  health: string;
  /** Its health in plain words. */
  health_words: string;
  /** Nothing is sent to it until it is resumed. */
  paused: boolean;
  /** As GET /v1/blockers gives them. */
  blockers: Array<Blocker>;
  [more: string]: unknown;
}

/** What Threads says of the account now. */
export interface AccountChecked {
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others. */
  health: string;
  /** What came of it, in plain words. */
  message: string;
  /** The diagnosis when the read failed. */
  cause: Diagnosis | null;
  /** Ids of posts that waited and are published now. */
  released: Array<string>;
  /** The account as it is now. */
  account: Account;
  [more: string]: unknown;
}

/** An account that was connected, and what came of it. */
export interface AccountConnected {
  /** acc_ and 26 characters. */
  id: string;
  /** The profile's id on Threads. */
  threads_user_id: string;
  /** Without @; empty when Threads never told it. */
  username: string;
  /** The name shown on the profile. */
  name: string;
  /** The profile's picture at Meta; such addresses expire. */
  picture_url: string | null;
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app. */
  health: string;
  /** The health as a sentence. */
  health_words: string;
  /** The diagnosis that decided it; null while it works. */
  health_cause: Diagnosis | null;
  /** Since when the health is what it is. ISO 8601 in UTC, to the millisecond. */
  health_at: string | null;
  /** When a call last showed how the account is. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** Permissions its owner granted, or those asked for: see scopes_confirmed. */
  scopes: Array<string>;
  /** False: asked for, and Threads does not say which were granted. */
  scopes_confirmed: boolean;
  /** When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond. */
  token_expires_at: string | null;
  /** True: Threads did not say when it ends; 60 days are assumed. */
  token_expiry_assumed: boolean;
  /** Days until then, to two decimals; negative when it has ended. */
  token_days_left: number | null;
  /** When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond. */
  grant_expires_at: string | null;
  /** When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond. */
  refresh_next_at: string | null;
  /** Nothing is sent to it until it is resumed. */
  paused: boolean;
  /** A token is stored, and nobody disconnected it. */
  connected: boolean;
  /** The publishing limit as last read. */
  quota: QuotaKnown;
  /** When it was connected first. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When anything of it changed last. ISO 8601 in UTC, to the millisecond. */
  updated_at: string | null;
  /** When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond. */
  disconnected_at: string | null;
  /** new, reconnected, or returned (it had been disconnected). */
  outcome: string;
  /** Ids of posts that waited for this account and are published now. */
  released: Array<string>;
  /** Permissions that publishing needs and the token lacks. */
  missing_scopes: Array<string>;
  /** The token ends within two hours and cannot be renewed: no app is configured to exchange it with. */
  short_lived?: boolean;
  [more: string]: unknown;
}

/** Of an event of an account. */
export interface AccountEventData {
  /** acc_ and 26 characters. */
  account_id: string;
  /** Without @. */
  username?: string | null;
  /** Id of the profile on Threads. */
  threads_user_id?: string | null;
  /** What the account is now. */
  health?: string | null;
  /** What it was before. */
  before?: string | null;
  /** What 'health' means, in plain words. */
  what?: string | null;
  /** Id of the pattern of what went wrong. */
  pattern?: string | null;
  /** The next step in plain words. */
  next_step?: string | null;
  /** When the trouble is expected to end: ISO 8601 in UTC. */
  ends_at?: string | null;
  /** Connected or reconnected: posts that go on with it. */
  released?: number | null;
  [more: string]: unknown;
}

/** A token of a profile. */
export interface AccountIn {
  /** A token of the Threads profile, from Meta's dashboard. */
  token: string;
}

/** A Threads profile that this workspace publishes to. Times are ISO 8601 in UTC. */
export interface Account {
  /** acc_ and 26 characters. */
  id: string;
  /** The profile's id on Threads. */
  threads_user_id: string;
  /** Without @; empty when Threads never told it. */
  username: string;
  /** The name shown on the profile. */
  name: string;
  /** The profile's picture at Meta; such addresses expire. */
  picture_url: string | null;
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app. */
  health: string;
  /** The health as a sentence. */
  health_words: string;
  /** The diagnosis that decided it; null while it works. */
  health_cause: Diagnosis | null;
  /** Since when the health is what it is. ISO 8601 in UTC, to the millisecond. */
  health_at: string | null;
  /** When a call last showed how the account is. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** Permissions its owner granted, or those asked for: see scopes_confirmed. */
  scopes: Array<string>;
  /** False: asked for, and Threads does not say which were granted. */
  scopes_confirmed: boolean;
  /** When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond. */
  token_expires_at: string | null;
  /** True: Threads did not say when it ends; 60 days are assumed. */
  token_expiry_assumed: boolean;
  /** Days until then, to two decimals; negative when it has ended. */
  token_days_left: number | null;
  /** When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond. */
  grant_expires_at: string | null;
  /** When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond. */
  refresh_next_at: string | null;
  /** Nothing is sent to it until it is resumed. */
  paused: boolean;
  /** A token is stored, and nobody disconnected it. */
  connected: boolean;
  /** The publishing limit as last read. */
  quota: QuotaKnown;
  /** When it was connected first. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When anything of it changed last. ISO 8601 in UTC, to the millisecond. */
  updated_at: string | null;
  /** When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond. */
  disconnected_at: string | null;
  [more: string]: unknown;
}

/** An account. */
export interface AccountRead {
  /** acc_ and 26 characters. */
  id: string;
  /** The profile's id on Threads. */
  threads_user_id: string;
  /** Without @; empty when Threads never told it. */
  username: string;
  /** The name shown on the profile. */
  name: string;
  /** The profile's picture at Meta; such addresses expire. */
  picture_url: string | null;
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app. */
  health: string;
  /** The health as a sentence. */
  health_words: string;
  /** The diagnosis that decided it; null while it works. */
  health_cause: Diagnosis | null;
  /** Since when the health is what it is. ISO 8601 in UTC, to the millisecond. */
  health_at: string | null;
  /** When a call last showed how the account is. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** Permissions its owner granted, or those asked for: see scopes_confirmed. */
  scopes: Array<string>;
  /** False: asked for, and Threads does not say which were granted. */
  scopes_confirmed: boolean;
  /** When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond. */
  token_expires_at: string | null;
  /** True: Threads did not say when it ends; 60 days are assumed. */
  token_expiry_assumed: boolean;
  /** Days until then, to two decimals; negative when it has ended. */
  token_days_left: number | null;
  /** When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond. */
  grant_expires_at: string | null;
  /** When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond. */
  refresh_next_at: string | null;
  /** Nothing is sent to it until it is resumed. */
  paused: boolean;
  /** A token is stored, and nobody disconnected it. */
  connected: boolean;
  /** The publishing limit as last read. */
  quota: QuotaKnown;
  /** When it was connected first. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When anything of it changed last. ISO 8601 in UTC, to the millisecond. */
  updated_at: string | null;
  /** When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond. */
  disconnected_at: string | null;
  /** What reconnecting it would publish and hold. */
  reconnect_would: PostsOfARepair;
  [more: string]: unknown;
}

/** All accounts of the workspace. */
export interface Accounts {
  /** The entries of this page. */
  data: Array<Account>;
  [more: string]: unknown;
}

/** What became of one post of many. */
export interface ActedOn {
  /** The post's id: pst_ and 26 characters. */
  id: string;
  /** 200, or that of 'problem'; 0 in a preview. */
  status: number;
  /** What was done, in plain words. */
  message?: string | null;
  /** The post afterwards. */
  post?: Post | null;
  /** Why it was refused; null: it was not. */
  problem?: Problem | null;
  [more: string]: unknown;
}

/** Something was done with a post; here it is afterwards. */
export interface Action {
  /** What was done, in plain words. */
  message: string;
  /** The post as it is now. */
  post: Post;
  /** Of a canceled post: what is live and stays. */
  published_parts?: Array<LivePart> | null;
  [more: string]: unknown;
}

/** Which posts ('ids' or 'filter'), and what is done to them. */
export interface ActionsIn {
  /** What is done to the posts. */
  action: "retry" | "edit" | "replace" | "confirm" | "cancel" | "delete";
  /** 1 to 500 ids of posts. */
  ids?: Array<string> | null;
  /** Which posts, by the filters of their list. */
  filter?: PostFilter | null;
  /** For 'edit'. */
  patch?: PatchIn | null;
  /** For 'replace'. */
  replace?: ReplaceIn | null;
  /** Also try changed posts again that had failed. */
  retry?: boolean | null;
  /** Only say which posts it would be. */
  preview?: boolean | null;
  /** How many posts at most, 1 to 500. */
  limit?: number | null;
  /** 'next' of the answer before; for 'filter'. */
  after?: string | null;
}

/** What became of each post. */
export interface Actions {
  /** What was done to the posts. */
  action: string;
  /** How many posts it was. */
  chosen: number;
  /** How many posts it was done to. */
  done: number;
  /** How many were refused. */
  refused: number;
  /** Send it as 'after' for the rest; null: there is none. */
  next: string | null;
  /** One for each post, in order. */
  data: Array<ActedOn>;
  [more: string]: unknown;
}

/** Facts of the address that a file was read from; without any for an uploaded file. */
export interface AddressFacts {
  /** The address without its query. */
  url?: string | null;
  /** Its host. */
  host?: string | null;
  /** When a signed address expires: ISO 8601 in UTC. */
  expires_at?: string | null;
  /** HTTP status of the answer. */
  status?: number | null;
  /** Where redirects led, without the query. */
  final_url?: string | null;
  /** Number of redirects. */
  redirects?: number | null;
  /** As the host says. */
  content_type?: string | null;
  /** Bytes, as the host says. */
  size?: number | null;
  /** Whether the host answers requests for a part of the file. */
  ranges?: boolean | null;
  /** Seconds until the first byte. */
  first_byte_s?: number | null;
  /** The user agent that was let in. */
  agent?: string | null;
  /** Seconds that looking took. */
  seconds?: number | null;
  [more: string]: unknown;
}

/** Whether a test reached one target. */
export interface AlertTried {
  /** Which service it is sent by. */
  service: string;
  /** Its address without the secrets. */
  target: string;
  /** Whether it arrived. */
  delivered: boolean;
  [more: string]: unknown;
}

/** Whether a test reached each target. */
export interface AlertsTried {
  /** The entries of this page. */
  data: Array<AlertTried>;
  [more: string]: unknown;
}

/** The process answers. */
export interface Alive {
  /** ok. */
  status: string;
  /** The version of the server. */
  version: string;
  [more: string]: unknown;
}

/** The main sound track. */
export interface AudioFacts {
  /** Such as 'aac'. */
  codec: string;
  /** The name of the codec in the file. */
  fourcc?: string;
  /** For AAC: 'LC', 'HE', 'HEv2' and so on. */
  profile?: string;
  /** Number of channels. */
  channels?: number | null;
  /** Hz. */
  sample_rate?: number | null;
  /** Bits a second. */
  bit_rate?: number | null;
  /** Seconds. */
  duration_s?: number | null;
  /** 'none', 'trivial' or 'real'. */
  edit_list?: string;
  /** Seconds by which it begins after the picture. */
  offset_s?: number | null;
  [more: string]: unknown;
}

/** Who did what, when. */
export interface AuditEntry {
  /** Its number; grows. */
  id: number;
  /** key_..., usr_..., cli, treadle, meta, link or setup. */
  actor: string;
  /** The person's email address where known, else the actor. */
  actor_name: string;
  /** Such as user.added or key.revoked. */
  action: string;
  /** Id of what it was done to. */
  subject: string | null;
  /** More about it, by name. */
  detail: Record<string, unknown>;
  /** ISO 8601 in UTC. */
  at: string | null;
  [more: string]: unknown;
}

/** A page of the audit log. */
export interface Audit {
  /** The entries of this page. */
  data: Array<AuditEntry>;
  /** Send it as 'before' for older entries; null: there are none. */
  next: string | null;
  [more: string]: unknown;
}

/** Of an event of a cause that holds posts back; also of trouble of Threads as a whole. */
export interface BlockerEventData {
  /** blk_ and 26 characters. */
  blocker_id: string;
  /** What it holds: post, account, app, media_host or platform. */
  scope: string;
  /** Which of these: an id, a host, or the name of the platform. */
  key: string;
  /** Id of the pattern. */
  pattern: string;
  /** blocker.opened: what has to be done. */
  action?: string | null;
  /** blocker.repaired: who or what showed that it is repaired. */
  by?: string | null;
  [more: string]: unknown;
}

/** A cause that holds posts. Times are ISO 8601 in UTC. */
export interface Blocker {
  /** blk_ and 26 characters. */
  id: string;
  /** What it holds: post, account, app, media_host or platform. */
  scope: string;
  /** Which one: the id of the post, account or app, the host, or 'threads'. */
  key: string;
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** The diagnosis. */
  cause: Diagnosis;
  /** When it began. ISO 8601 in UTC, to the millisecond. */
  opened_at: string | null;
  /** null: it is open. ISO 8601 in UTC, to the millisecond. */
  repaired_at: string | null;
  /** reconnect, recheck, edit, time or person. */
  repaired_by: string | null;
  /** How often it was rechecked. */
  checks: number;
  /** When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond. */
  next_check_at: string | null;
  /** How many posts of this workspace wait for it. */
  posts_waiting: number;
  /** When the first of them is due. ISO 8601 in UTC, to the millisecond. */
  oldest_due_at: string | null;
  [more: string]: unknown;
}

/** An open or repaired cause, with the posts that wait for it. */
export interface BlockerRead {
  /** blk_ and 26 characters. */
  id: string;
  /** What it holds: post, account, app, media_host or platform. */
  scope: string;
  /** Which one: the id of the post, account or app, the host, or 'threads'. */
  key: string;
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** The diagnosis. */
  cause: Diagnosis;
  /** When it began. ISO 8601 in UTC, to the millisecond. */
  opened_at: string | null;
  /** null: it is open. ISO 8601 in UTC, to the millisecond. */
  repaired_at: string | null;
  /** reconnect, recheck, edit, time or person. */
  repaired_by: string | null;
  /** How often it was rechecked. */
  checks: number;
  /** When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond. */
  next_check_at: string | null;
  /** How many posts of this workspace wait for it. */
  posts_waiting: number;
  /** When the first of them is due. ISO 8601 in UTC, to the millisecond. */
  oldest_due_at: string | null;
  /** What its repair would publish, and what it would hold as too late. */
  would: PostsOfARepair;
  [more: string]: unknown;
}

/** A page of causes. */
export interface Blockers {
  /** The entries of this page. */
  data: Array<Blocker>;
  /** Send it as 'after' for the next page; null: this was the last. */
  next: string | null;
  [more: string]: unknown;
}

/** How much of one of Threads' limits is used. */
export interface Bucket {
  /** What Threads counts in its 24 hours; null: never asked. */
  used: number | null;
  /** What Threads allows in 24 hours. */
  total: number;
  /** What this server published in the window. */
  here: number;
  [more: string]: unknown;
}

/** Each post is read alone: one that is wrong does not hold the others up. */
export interface BulkIn {
  /** 1 to 500 posts. */
  posts: Array<BulkPostIn>;
}

/** What became of one post of many: the stored post, or why it was refused. */
export interface BulkItem {
  /** Its place in the request, from 0. */
  index: number;
  /** 201: stored; 200: stored by an earlier request; else that of 'problem'. */
  status: number;
  /** The post as it is now. */
  post?: Post | null;
  /** Why it was refused; null: it was not. */
  problem?: Problem | null;
  [more: string]: unknown;
}

/** What became of each post. */
export interface Bulk {
  /** One for each post, in the order sent. */
  data: Array<BulkItem>;
  /** How many were stored. */
  accepted: number;
  /** How many were refused. */
  refused: number;
  [more: string]: unknown;
}

/** One post of many. */
export interface BulkPostIn {
  /** At most 500 of what Threads counts as characters. */
  text?: string | null;
  /** Pictures and videos, at most 20; several make a carousel. */
  media?: Array<MediaIn> | null;
  /** Parameters of Threads; see PostOptions. */
  options?: PostOptions | null;
  /** Further parts, each a reply to the one before. */
  replies?: Array<PartIn> | null;
  /** ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible. */
  publish_at?: string | null;
  /** The time zone of a 'publish_at' without an offset: Europe/Berlin. */
  zone?: string | null;
  /** How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set. */
  max_lateness?: string | number | null;
  /** Yours; kept and given back. At most 16 KiB. */
  metadata?: Record<string, unknown> | null;
  /** Words to find it by; at most 50 of 100 characters each. */
  labels?: Array<string> | null;
  /** The account that publishes it. */
  account_id: string;
  /** Keep it until it is confirmed. */
  draft?: boolean | null;
  /** Wait for somebody's approval before it is published. */
  approval?: boolean | null;
  /** When any part of a chain has a warning, hold the whole of it until somebody approves, so that it does not break off behind its first parts. The workspace's option of this name holds when it is left out. */
  hold_chain_on_warning?: boolean | null;
  /** Publish it in the next free slot of the account's queue. */
  queue?: boolean | null;
  /** This post's own Idempotency-Key. */
  idempotency_key?: string | null;
}

/** A diagnosis in few words. */
export interface CauseSent {
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string | null;
  /** What happened, in one line. */
  title: string | null;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string | null;
  /** What has to be done, in one word. */
  action: string | null;
  /** Who must act: owner, developer, operator, meta or nobody. */
  who: string | null;
  /** What happened, in plain words. */
  what_happened: string | null;
  /** The next step in plain words. */
  next_step: string | null;
  /** Path of the guide page. */
  guide: string | null;
  [more: string]: unknown;
}

/** What changed. Which fields there are depends on the type of the change. */
export interface ChangeData {
  /** Of `post.*`. */
  post_id?: string | null;
  /** Of `post.*`, `account.*` and `threads.*`. */
  account_id?: string | null;
  /** Of `post.*`: the state that it is in now. */
  state?: string | null;
  /** Of `post.*` and `blocker.*`: the cause; null: nothing is wrong. */
  pattern?: string | null;
  /** Of `post.*`: what happens next. */
  next?: Next | null;
  /** Of `post.*`: where it is not as asked. */
  differs?: Array<DifferentPart> | null;
  /** Of `post.differs`: the position of the part. */
  part?: number | null;
  /** Of `post.differs`: the id of the part on Threads. */
  threads_id?: string | null;
  /** Of `post.*`: the post's own, as sent. */
  metadata?: Record<string, unknown> | null;
  /** Of `post.*`: the post itself, then its replies, as now. */
  parts?: Array<PartSent> | null;
  /** Of `post.*`: why it is not live; null: nothing is wrong. */
  cause?: CauseSent | null;
  /** Of `post.at_risk`: when it is due, ISO 8601 in UTC. */
  due_at?: string | null;
  /** Of `blocker.*`, `platform.*` and `post.at_risk`. */
  blocker_id?: string | null;
  /** Of `blocker.*`: post, account, app, media_host or platform. */
  scope?: string | null;
  /** Of `blocker.*`: which post, account, app or host. */
  key?: string | null;
  /** Of `blocker.opened`: what has to be done. */
  action?: string | null;
  /** Of `blocker.repaired`: who or what repaired it. */
  by?: string | null;
  /** Of `webhook.paused`. */
  webhook_id?: string | null;
  /** Of `webhook.paused`. */
  why?: string | null;
  /** Of `webhook.paused`: what to do. */
  what_now?: string | null;
  /** Of `threads.*`: the field of Meta's webhook. */
  field?: string | null;
  /** Of `threads.*`: Meta's value, without secrets. */
  value?: unknown;
  [more: string]: unknown;
}

/** One event: the same here, in the stream and in webhooks. */
export interface Change {
  /** Its number; grows. What Last-Event-ID takes. */
  id: number;
  /** Such as post.published. */
  type: string;
  /** The id of what changed. */
  subject: string;
  /** When it happened, ISO 8601 in UTC. */
  at: string | null;
  /** The same as 'at', by the name that Standard Webhooks gives it. ISO 8601 in UTC, to the millisecond. */
  timestamp: string | null;
  /** What changed. */
  data: ChangeData;
  [more: string]: unknown;
}

/** A comment on a post. */
export interface CommentIn {
  /** 1 to 4000 characters. */
  text: string;
}

/** A comment on a post. */
export interface Comment {
  /** Its number; grows. */
  id: number;
  /** An email address, or the id of a key. */
  author: string;
  /** The text. */
  text: string;
  /** ISO 8601 in UTC. */
  at: string | null;
  [more: string]: unknown;
}

/** The comments on a post. */
export interface Comments {
  /** The newest 200, oldest first. */
  data: Array<Comment>;
  [more: string]: unknown;
}

/** How a link to connect is made. */
export interface ConnectIn {
  /** Where the person goes afterwards; must be on the allow-list. */
  return_url?: string | null;
  /** Permissions that are asked for; by default those that publishing needs. */
  scopes?: Array<string> | null;
  /** Seconds until the link ends, 60 to 2592000 (30 days). */
  expires_in_s?: number | null;
}

/** As last read on a day. */
export interface DayInsights {
  /** How many views Threads counts; null: it did not say. */
  views: number | null;
  /** How many likes Threads counts; null: it did not say. */
  likes: number | null;
  /** How many replies Threads counts; null: it did not say. */
  replies: number | null;
  /** How many reposts Threads counts; null: it did not say. */
  reposts: number | null;
  /** How many quotes Threads counts; null: it did not say. */
  quotes: number | null;
  /** How many shares Threads counts; null: it did not say. */
  shares: number | null;
  /** In UTC, such as '2026-11-30'. */
  day: string;
  /** ISO 8601 in UTC, to the millisecond */
  read_at: string | null;
  [more: string]: unknown;
}

/** One change sent to one address. Times are ISO 8601 in UTC. */
export interface Delivery {
  /** dlv_ and 26 characters; the receiver sees it as webhook-id. */
  id: string;
  /** The webhook: whk_ and 26 characters. */
  webhook_id: string;
  /** The event. */
  type: string;
  /** due, delivered, or given_up. */
  state: string;
  /** How often it was tried. */
  attempts: number;
  /** When it is tried next. ISO 8601 in UTC, to the millisecond. */
  next_at: string | null;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When a 2xx came; null: none did. ISO 8601 in UTC, to the millisecond. */
  delivered_at: string | null;
  /** The tries, oldest first. */
  history: Array<Try>;
  /** The body as it is sent. */
  payload: string;
  [more: string]: unknown;
}

/** A page of deliveries. */
export interface DeliveryPage {
  /** The entries of this page. */
  data: Array<Delivery>;
  /** Send it as 'after' for the next page; null: this was the last. */
  next: string | null;
  [more: string]: unknown;
}

/** A delivery that is sent now. */
export interface DeliveryQueued {
  /** The delivery: dlv_ and 26 characters. */
  delivery_id: string;
  [more: string]: unknown;
}

/** One failure. Everything may be left out but some trace of the answer; a bare answer of Meta's is taken too. It is not read with this: whatever comes is diagnosed, and what cannot be is answered as such. */
export interface DiagnoseIn {
  /** Yours; given back with the diagnosis. */
  id?: string | null;
  /** Which API of Meta answered: threads, instagram or facebook. */
  surface?: string | null;
  /** Which call was answered: oauth, token_refresh, create_container, container_status, publish, verify or read. */
  stage?: string | null;
  /** HTTP status of the answer. */
  http_status?: number | null;
  /** Headers of the answer, by name. */
  headers?: Record<string, string> | null;
  /** Body of the answer: JSON or text. */
  body?: unknown;
  /** What your HTTP client raised, when there was no answer. */
  exception?: string | null;
  /** Facts about the situation, by name; an unknown one is refused. */
  context?: Record<string, unknown> | null;
  [more: string]: unknown;
}

/** A pattern applied to a failure: why it failed, what to do now, who does it, whether a retry can work. */
export interface Diagnosis {
  /** The id that was sent with a failure to diagnose. */
  id?: string | null;
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string;
  /** What happened, in one line. */
  title: string;
  /** The chapter of the guide that it stands in. */
  category: string;
  /** How Treadle deals with it. */
  lane: string;
  /** What has to be done. */
  action: string;
  /** The same in plain words. */
  action_label: string;
  /** Whether a retry can work, when and how often. */
  retry: Retry;
  /** Who must act: owner, developer, operator, meta or nobody. */
  who: string;
  /** How sure it is: exact, likely or guess. */
  confidence: string;
  /** What happened, in plain words. */
  what_happened: string;
  /** The next step in plain words. */
  next_step: string;
  /** The same for a developer; empty: no other. */
  next_step_developer?: string | null;
  /** The same for the owner of the profile, of an answer diagnosed. */
  owner_step?: string | null;
  /** What Treadle does about it. */
  treadle_does: string;
  /** The steps in order when one answer has several causes. */
  plan?: Array<string> | null;
  /** Facts that would tell the possible causes apart. */
  decides?: Array<string> | null;
  /** What it holds: post, account, app, media_host or platform. */
  scope?: string | null;
  /** Which API of Meta answered. */
  surface?: string | null;
  /** The stage in which it happened. */
  stage?: string | null;
  /** Path of the guide page. */
  guide: string;
  /** What in the answer matched. */
  matched: Array<string>;
  /** The answer as it came, secrets removed. */
  raw?: unknown;
  [more: string]: unknown;
}

/** One thing in which a live post is not as asked. */
export interface Difference {
  /** Named as it was asked for. */
  field: string;
  /** What was asked for. */
  asked: string;
  /** As Threads returns it; empty: it returns nothing. */
  live: string;
  [more: string]: unknown;
}

/** One thing in which a published part is not as asked. */
export interface DifferentPart {
  /** Named as it was asked for. */
  field: string;
  /** What was asked for. */
  asked: string;
  /** As Threads returns it; empty: it returns nothing. */
  live: string;
  /** Its position: 0 for the post itself, then its replies in order. */
  part: number;
  /** Id of the pattern that explains it. */
  pattern?: string | null;
  /** The lane of that pattern. */
  lane?: string | null;
  [more: string]: unknown;
}

/** The last line of a whole export. */
export interface EndOfExport {
  /** true: the export is whole. */
  complete: true;
  [more: string]: unknown;
}

/** What the event is about: the fields of its change. */
export interface EventData {
  [more: string]: unknown;
}

/** One kind of event that a webhook can take. */
export interface EventKind {
  /** Its type, such as post.published. */
  type: string;
  /** What has happened when it is sent. */
  meaning: string;
  [more: string]: unknown;
}

/** Every kind of event. */
export interface EventKinds {
  /** The entries of this page. */
  data: Array<EventKind>;
  [more: string]: unknown;
}

/** One entry of a post's timeline. */
export interface Event {
  /** Its number; 0: a call that is under way; it gets its id when it has ended. */
  id: number;
  /** Position of the part; null: the post as a whole. */
  part: number | null;
  /** Which run of the post it belongs to, from 1. */
  attempt: number;
  /** Where it is on its way: preflight, media, create_container, container_status, publish or verify. */
  stage: string;
  /** What kind of entry: call, wait, decision, edit, state and others. */
  kind: string;
  /** What was done, in plain words. */
  what: string;
  /** ISO 8601 in UTC, to the millisecond */
  started_at: string;
  /** Seconds; null: it took no time. */
  duration_s: number | null;
  /** How it ended: ok, refused, not_sent, lost or interrupted; null: it is not over. */
  outcome: string | null;
  /** What was sent to Threads, secrets removed. */
  request?: unknown;
  /** What Threads answered, secrets removed. */
  answer?: unknown;
  /** What the answer means; null: it was no failure. */
  diagnosis?: Diagnosis | null;
  /** What was decided, in plain words. */
  decision?: string | null;
  [more: string]: unknown;
}

/** The timeline of a post. */
export interface Events {
  /** The entries of this page. */
  data: Array<Event>;
  [more: string]: unknown;
}

/** One thing of the workspace; ``type`` says what ``data`` is. */
export interface ExportLine {
  /** workspace, account, connect_link, media, blocker, webhook, webhook_delivery, key, user, member, login_link, queue, import, comment, idempotency_key, alert, audit, change, post or end. */
  type: string;
  /** The thing itself. */
  data: Workspace | ExportedPost | EndOfExport | ExportedRow | null | ExportedAccount | ExportedConnectLink | ExportedMedia | ExportedBlocker | ExportedWebhook | ExportedWebhookDelivery | ExportedKey | ExportedUser | ExportedMember | ExportedLoginLink | ExportedQueue | ExportedImport | ExportedComment | ExportedIdempotencyKey | ExportedAlert | ExportedAudit | ExportedChange;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedAccount {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The profile's id on Threads. */
  threads_user_id: string;
  /** The profile's name on Threads, without '@'. */
  username: string;
  /** What people call it. */
  name: string;
  /** The profile's picture at Meta; such addresses expire. */
  picture_url: string | null;
  /** What Threads tells of the profile. */
  profile: unknown;
  /** Id of the Meta app that it was connected with. */
  app_id: string;
  /** When the access token was given out. ISO 8601 in UTC, to the millisecond. */
  token_issued_at: string | null;
  /** When the access token ends. ISO 8601 in UTC, to the millisecond. */
  token_expires_at: string | null;
  /** true: Threads did not say when it ends; 60 days are assumed. */
  token_expiry_assumed: boolean;
  /** When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond. */
  grant_expires_at: string | null;
  /** Permissions by name. */
  scopes: unknown;
  /** false: asked for, and Threads does not say which were granted. */
  scopes_confirmed: boolean;
  /** One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others. */
  health: string;
  /** The diagnosis that decided the health; null while it works. */
  health_cause: unknown;
  /** Since when the health is what it is. ISO 8601 in UTC, to the millisecond. */
  health_at: string | null;
  /** When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond. */
  refresh_next_at: string | null;
  /** How often renewing the token failed in a row. */
  refresh_attempts: number;
  /** Nothing is sent to it until it is resumed. */
  paused: boolean;
  /** What Threads counts and allows. */
  quota: unknown;
  /** No publish before then, in seconds since 1970 (UTC); null: no limit is met. */
  quota_until: number | null;
  /** What Threads has shown of the profile. */
  learned: unknown;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When anything of it changed last. ISO 8601 in UTC, to the millisecond. */
  updated_at: string;
  /** When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond. */
  disconnected_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedAlert {
  /** Its number; grows. */
  id: number;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** Which kind it is. */
  kind: string;
  /** Which one: an id, a host, or a name. */
  key: string;
  /** More about it, by name. */
  detail: unknown;
  /** When its cause was seen. ISO 8601 in UTC, to the millisecond. */
  raised_at: string;
  /** When it was sent; null: not yet. ISO 8601 in UTC, to the millisecond. */
  sent_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedAudit {
  /** Its number; grows. */
  id: number;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string | null;
  /** Who did it: key_..., usr_..., cli, treadle, meta, link or setup. */
  actor: string;
  /** What was done, such as key.revoked. */
  action: string;
  /** Id of what it is about. */
  subject: string | null;
  /** More about it, by name. */
  detail: unknown;
  /** When it happened. ISO 8601 in UTC, to the millisecond. */
  at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedBlocker {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string | null;
  /** What it holds: post, account, app, media_host or platform. */
  scope: string;
  /** Which one: an id, a host, or a name. */
  key: string;
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** The diagnosis; null: nothing is wrong. */
  cause: unknown;
  /** When it began. ISO 8601 in UTC, to the millisecond. */
  opened_at: string;
  /** When it was repaired; null: it is open. ISO 8601 in UTC, to the millisecond. */
  repaired_at: string | null;
  /** What shows that it is repaired. */
  repaired_by: string | null;
  /** How often it was looked at again. */
  checks: number;
  /** When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond. */
  checked_at: string | null;
  /** When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond. */
  next_check_at: string | null;
  /** The post that is published first, to see whether the cause is over; null: none. */
  probe_post_id: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedChange {
  /** Its number; grows. */
  id: number;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string | null;
  /** Its type, such as post.published. */
  type: string;
  /** Id of what it is about. */
  subject: string;
  /** What it carries. */
  payload: unknown;
  /** When it happened. ISO 8601 in UTC, to the millisecond. */
  at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedComment {
  /** Its number; grows. */
  id: number;
  /** The post: pst_ and 26 characters. */
  post_id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** An email address, or the id of a key. */
  author: string;
  /** The text. */
  text: string;
  /** When it happened. ISO 8601 in UTC, to the millisecond. */
  at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedConnectLink {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The account: acc_ and 26 characters. */
  account_id: string | null;
  /** Where its owner goes after consenting; null: to our own page. */
  return_url: string | null;
  /** Permissions by name. */
  scopes: unknown;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string;
  /** When its owner opened it; null: not yet. ISO 8601 in UTC, to the millisecond. */
  opened_at: string | null;
  /** When it was used; null: not yet. ISO 8601 in UTC, to the millisecond. */
  used_at: string | null;
  /** What came of it; null: nothing yet. */
  outcome: unknown;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedIdempotencyKey {
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The Idempotency-Key as it was sent. */
  key: string;
  /** The HTTP status that the first request was answered with. */
  status: number;
  /** Ids of the posts that it made. */
  post_ids: unknown;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedImport {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** What people call it. */
  name: string;
  /** Whether its posts wait for the confirmation. */
  held: boolean;
  /** Who made it: the id of a person or of a key, or cli. */
  created_by: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When somebody confirmed that the posts are paused elsewhere; null: not yet. ISO 8601 in UTC, to the millisecond. */
  confirmed_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedKey {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** What people call it. */
  name: string;
  /** read, write (includes read) or admin (includes both). */
  scopes: unknown;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string | null;
  /** When it was used last, to the minute; null: never. ISO 8601 in UTC, to the millisecond. */
  last_used_at: string | null;
  /** When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond. */
  revoked_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedLoginLink {
  /** Its id; never changes. */
  id: string;
  /** invite or reset. */
  kind: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** owner, admin, editor, author or viewer. */
  role: string | null;
  /** The person: usr_ and 26 characters. */
  user_id: string | null;
  /** Who made it: the id of a person or of a key, or cli. */
  created_by: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string;
  /** When it was used; null: not yet. ISO 8601 in UTC, to the millisecond. */
  used_at: string | null;
  /** When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond. */
  revoked_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedMedia {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The address it was copied from, without its query. */
  source_url: string | null;
  /** Where the file is kept. */
  stored: unknown;
  /** As it was sent; may be empty. */
  filename: string;
  /** Its media type. */
  content_type: string;
  /** Bytes. */
  size: number;
  /** Of its bytes, hexadecimal. */
  sha256: string | null;
  /** Facts, findings and what would be repaired. */
  report: unknown;
  /** Where the repaired file is kept; null: there is none. */
  prepared: unknown;
  /** The post it was made for; null: it was uploaded. */
  used_by: string | null;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedMember {
  /** The person: usr_ and 26 characters. */
  user_id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** owner, admin, editor, author or viewer. */
  role: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  [more: string]: unknown;
}

/** A post with its timeline. */
export interface ExportedPost {
  /** Its id; never changes. */
  id: string;
  /** The account: acc_ and 26 characters. */
  account_id: string;
  /** Of the account, without '@'. */
  username: string;
  /** Its state in one word. */
  state: "draft" | "scheduled" | "publishing" | "waiting" | "retrying" | "checking" | "blocked" | "held" | "published" | "failed" | "canceled";
  /** The state in plain words. */
  state_label: string;
  /** Where it is on its way: preflight, media, create_container, container_status, publish or verify. */
  stage: string;
  /** Why it is in this state, in plain words. */
  why: string | null;
  /** The text of its first part. */
  text: string;
  /** The post itself, then its replies. */
  parts: Array<Part>;
  /** The diagnosis; null: nothing is wrong. */
  cause: Diagnosis | null;
  /** Open causes that it waits for. */
  blocker_ids: Array<string>;
  /** What happens next, and when; null: nothing until somebody acts. */
  next: Next | null;
  /** ISO 8601 in UTC, to the millisecond; null: as soon as possible. */
  publish_at: string | null;
  /** As it was sent. */
  publish_at_asked: string | null;
  /** As it was sent. */
  zone?: string | null;
  /** ISO 8601 in UTC, to the millisecond */
  due_at: string;
  /** Seconds after 'due_at' until it is not published without approval. */
  max_lateness: number;
  /** The same as an ISO 8601 duration. */
  max_lateness_iso: string;
  /** 'pending', 'approved', or null: it needs none. */
  approval: string | null;
  /** 1, and one more with each retry that somebody asked for. */
  attempt: number;
  /** As sent. */
  metadata: Record<string, unknown>;
  /** As sent. */
  labels: Array<string>;
  /** 1, and one more with each edit. */
  version: number;
  /** ISO 8601 in UTC, to the millisecond */
  created_at: string;
  /** ISO 8601 in UTC, to the millisecond */
  updated_at: string;
  /** ISO 8601 in UTC, to the millisecond; null until all parts are live. */
  published_at: string | null;
  /** Only in the answer to its creation. */
  warnings?: Array<Finding> | null;
  /** Its timeline, oldest first. */
  events: Array<Event>;
  /** What Threads counted of its parts, day by day. */
  insights: Array<PartInsights>;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedQueue {
  /** The account: acc_ and 26 characters. */
  account_id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** A time zone of the IANA list. */
  zone: string;
  /** Times of the week at which the queue publishes. */
  slots: unknown;
  /** When anything of it changed last. ISO 8601 in UTC, to the millisecond. */
  updated_at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedRow {
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedUser {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The email address that they log in with. */
  email: string;
  /** A time zone of the IANA list. */
  zone: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** Since when they cannot log in; null: they can. ISO 8601 in UTC, to the millisecond. */
  disabled_at: string | null;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedWebhook {
  /** Its id; never changes. */
  id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** Where it is. */
  url: string;
  /** Names of the events it takes; empty: all. */
  types: unknown;
  /** active, paused or failing. */
  state: string;
  /** Since when nothing was taken, in seconds since 1970 (UTC); null: it works. */
  failing_since: number | null;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  [more: string]: unknown;
}

/** A row as it is stored, without secrets. Times are ISO 8601 in UTC. */
export interface ExportedWebhookDelivery {
  /** Its id; never changes. */
  id: string;
  /** The webhook: whk_ and 26 characters. */
  webhook_id: string;
  /** The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server. */
  workspace_id: string;
  /** The number of the change that is delivered; negative: a test. */
  change_id: number;
  /** Its type, such as post.published. */
  type: string;
  /** The body as it is sent. */
  payload: string;
  /** due, delivered, or given_up. */
  state: string;
  /** How often it was tried. */
  attempts: number;
  /** The tries, oldest first. */
  history: unknown;
  /** When it is tried next; null: it is not. ISO 8601 in UTC, to the millisecond. */
  next_at: string | null;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string;
  /** When a 2xx came; null: none did. ISO 8601 in UTC, to the millisecond. */
  delivered_at: string | null;
  [more: string]: unknown;
}

/** Facts of a file, as far as they were read. */
export interface FileFacts {
  /** 'image', 'video', 'audio' or 'unknown'. */
  kind: string;
  /** Such as 'mp4'. */
  container?: string;
  /** Bytes. */
  size?: number | null;
  /** Seconds. */
  duration_s?: number | null;
  /** The main picture track, if there is one. */
  video?: VideoFacts | null;
  /** The main sound track, if there is one. */
  audio?: AudioFacts | null;
  /** The still picture, if it is one. */
  image?: ImageFacts | null;
  /** Tracks beside the main ones. */
  extra_tracks?: number;
  /** Tracks of subtitles. */
  subtitles?: number;
  /** Whether the index stands before the samples. */
  index_first?: boolean | null;
  /** Size of the index, bytes. */
  index_bytes?: number;
  /** Whether the file is made of fragments. */
  fragmented?: boolean;
  /** Whether it is encrypted. */
  encrypted?: boolean;
  /** Whether its samples lie in another file. */
  external_reference?: boolean;
  /** Of a video: whether a position is recorded in it. */
  location?: boolean;
  /** Of a video: whether the position is in a track of its own. */
  location_track?: boolean;
  /** Of a video: whether it holds the make or model of what took it. */
  device?: boolean;
  /** False: only the whole file allows a verdict. */
  complete?: boolean;
  /** Facts that are estimates. */
  guesses?: Array<string>;
  /** Why it cannot be used: 'empty', 'not_media', 'truncated', 'malformed' or 'hostile'. */
  problem?: string | null;
  /** More about the problem. */
  detail?: string;
  /** Bytes read to find this out. */
  bytes_read?: number;
  /** Requests made to find this out. */
  requests?: number;
  [more: string]: unknown;
}

/** One thing that is or may be wrong with a kept file. */
export interface FileFinding {
  /** Stable, such as 'frame_rate'. */
  code: string;
  /** 'error': somebody must act; 'repair': Treadle makes it right; 'remark': it stops nothing. */
  severity: "error" | "repair" | "remark";
  /** The fact that it is about, such as 'video.frame_rate'. */
  field: string;
  /** One or two sentences. */
  message: string;
  /** The value that was found. */
  got?: unknown;
  /** The value that it was compared with. */
  limit?: unknown;
  /** Id of the pattern that explains it; empty: none. */
  pattern?: string;
  /** The repair that removes it; 'reject': only you can. */
  fix?: string;
  /** The rule is 'documented' by Meta, 'seen', or 'folklore'. */
  basis?: string;
  [more: string]: unknown;
}

/** What was read and found of a kept file, and what would be repaired. */
export interface FileReport {
  /** The file or address, without its query. */
  source: string;
  /** Whether it can be published, as it is or after a repair. */
  ok: boolean;
  /** 'image' or 'video' as Threads will see it; 'unknown': it could not be read. */
  kind: string;
  /** Bytes; null: not known. */
  size?: number | null;
  /** Worst first. */
  findings?: Array<FileFinding>;
  /** What would be repaired. */
  plan?: RepairPlan | null;
  /** Facts of the file; null: it was not reached. */
  probe?: FileFacts | null;
  /** Facts of the address; empty for an uploaded file. */
  fetch?: AddressFacts | null;
  [more: string]: unknown;
}

/** One rule that one field breaks. */
export interface Finding {
  /** Path into the request, such as 'media[2].alt_text'; empty: the request itself. */
  field: string;
  /** Stable name of the rule. */
  rule: string;
  /** 'error' stops the post; 'warning' and 'repair' do not. */
  severity: string;
  /** What is wrong. */
  message: string;
  /** What to do. */
  way_out: string;
  /** The value that was sent, shortened to 300 characters. */
  given?: unknown;
  /** What it was compared with, in the unit that 'message' names. */
  limit?: unknown;
  /** Id of the catalogue's pattern that explains it; empty: none. */
  pattern?: string;
  /** Address of that pattern's guide page. */
  guide?: string | null;
  [more: string]: unknown;
}

/** Whether a reply is hidden. */
export interface Hidden {
  /** Id of the reply on Threads. */
  reply_id: string;
  /** Whether the reply is hidden now. */
  hidden: boolean;
  /** What came of it, in plain words. */
  message: string;
  [more: string]: unknown;
}

/** A still picture. */
export interface ImageFacts {
  /** Such as 'jpeg'. */
  format: string;
  /** Pixels as stored. */
  width: number;
  /** Pixels as stored. */
  height: number;
  /** Bits per sample. */
  bit_depth?: number | null;
  /** 'grey', 'rgb', 'palette' or 'cmyk'. */
  colour?: string | null;
  /** Whether it has transparency. */
  alpha?: boolean | null;
  /** EXIF's, 1 to 8. */
  orientation?: number;
  /** Name of the embedded color profile; empty: none. */
  profile?: string;
  /** Whether it moves. */
  animated?: boolean | null;
  /** Whether its notes (EXIF, XMP) hold a position. */
  location?: boolean;
  /** Whether its notes hold the make or model of what took it. */
  device?: boolean;
  [more: string]: unknown;
}

/** Posts of another scheduler, as CSV. */
export interface ImportIn {
  /** The file, in UTF-8, with a header. At most 2000 rows and 4 MB. */
  csv: string;
  /** Column by what it holds, counted from 0; by default guessed from the header. */
  mapping?: Record<string, number> | null;
  /** For rows without an account. */
  account_id?: string | null;
  /** Of times without one; UTC by default. */
  zone?: string | null;
  /** Order of dates that are not ISO 8601. */
  dates?: "ymd" | "mdy" | "dmy" | null;
  /** False: the posts are scheduled nowhere else. */
  held?: boolean | null;
  /** What people call the import; the first 200 characters are kept. */
  name?: string | null;
  /** True by default: nothing is stored. */
  dry_run?: boolean | null;
}

/** An import. Times are ISO 8601 in UTC. */
export interface Import {
  /** imp_ and 26 characters. */
  id: string;
  /** What people call it. */
  name: string;
  /** Whether its posts wait for the confirmation. */
  held: boolean;
  /** Who made it: the id of a person or of a key, or cli. */
  created_by: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When somebody confirmed that the posts are paused elsewhere; null: not yet. ISO 8601 in UTC, to the millisecond. */
  confirmed_at: string | null;
  /** How many of its posts are in each state. */
  posts: Record<string, number>;
  [more: string]: unknown;
}

/** What an import did, or would do. */
export interface ImportReport {
  /** Whether it was only tried and nothing stored. */
  dry_run: boolean;
  /** The columns of the file. */
  header: Array<string>;
  /** Which column holds what: its place, from 0. */
  mapping: Record<string, number>;
  /** One for each row. */
  data: Array<ImportedRow>;
  /** How many rows have each verdict. */
  counts: Record<string, number>;
  /** Usernames of accounts whose posts on Threads could not be read. */
  not_compared: Array<string>;
  /** Null for a dry run, or when nothing was stored. */
  import: Import | null;
  [more: string]: unknown;
}

/** What becomes, or would become, of one row. */
export interface ImportedRow {
  /** Its number, 1 for the first below the header. */
  row: number;
  /** new, already_here, live (on Threads already) or refused. */
  verdict: string;
  /** Its text, as it was read. */
  text: string;
  /** ISO 8601 in UTC; null: as soon as possible. */
  publish_at: string | null;
  /** The account: acc_ and 26 characters. */
  account_id: string;
  /** The post it was stored as, now or before. */
  post_id: string | null;
  /** Of one that is live. */
  permalink: string | null;
  /** What is wrong with it. */
  findings: Array<Finding>;
  [more: string]: unknown;
}

/** All imports of the workspace. */
export interface Imports {
  /** The entries of this page. */
  data: Array<Import>;
  [more: string]: unknown;
}

/** What Threads counts of a post. Views are estimates of Threads' own. */
export interface Insights {
  /** The post: pst_ and 26 characters. */
  post_id: string;
  /** The newest figures, of all parts together; null: never read yet. */
  total: Numbers | null;
  /** When they were last read: ISO 8601 in UTC, to the millisecond. */
  read_at: string | null;
  /** Parts with figures. */
  parts: Array<PartInsights>;
  /** Why figures are missing or old, in one sentence; null: nothing is wrong. */
  why: string | null;
  /** Threads' refusal, if the owner of the account must act. */
  cause: Diagnosis | null;
  [more: string]: unknown;
}

/** An invitation to join. */
export interface InviteIn {
  /** owner, admin, editor, author or viewer. */
  role: "viewer" | "author" | "editor" | "admin" | "owner";
}

/** An invitation that still works. */
export interface Invite {
  /** inv_ and 26 characters. */
  id: string;
  /** owner, admin, editor, author or viewer. */
  role: string;
  /** Who made it: the id of a person or of a key, or cli. */
  created_by: string;
  /** ISO 8601 in UTC. */
  created_at: string | null;
  /** ISO 8601 in UTC. */
  expires_at: string | null;
  [more: string]: unknown;
}

/** All open invitations. */
export interface Invites {
  /** The entries of this page. */
  data: Array<Invite>;
  [more: string]: unknown;
}

/** What a new key may do. */
export interface KeyIn {
  /** What the key is for; at most 200 characters. */
  name?: string | null;
  /** read, write (includes read) or admin (includes both); by default write. */
  scopes?: Array<string> | null;
  /** When the key ends: ISO 8601, with an offset. Left out: never. */
  expires_at?: string | null;
}

/** A new key, with its secret. */
export interface KeyMade {
  /** key_ and 26 characters. */
  id: string;
  /** What it is for. */
  name: string;
  /** Its first characters, to tell keys apart. */
  prefix: string;
  /** read, write (includes read) or admin (includes both). */
  scopes: Array<string>;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string | null;
  /** To the minute; null: never used. ISO 8601 in UTC, to the millisecond. */
  last_used_at: string | null;
  /** When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond. */
  revoked_at: string | null;
  /** The key itself; shown this once. */
  key: string;
  [more: string]: unknown;
}

/** An API key without its secret. Times are ISO 8601 in UTC. */
export interface Key {
  /** key_ and 26 characters. */
  id: string;
  /** What it is for. */
  name: string;
  /** Its first characters, to tell keys apart. */
  prefix: string;
  /** read, write (includes read) or admin (includes both). */
  scopes: Array<string>;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string | null;
  /** To the minute; null: never used. ISO 8601 in UTC, to the millisecond. */
  last_used_at: string | null;
  /** When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond. */
  revoked_at: string | null;
  [more: string]: unknown;
}

/** All keys of the workspace. */
export interface Keys {
  /** The entries of this page. */
  data: Array<Key>;
  [more: string]: unknown;
}

/** A link that works once; shown this once. */
export interface LinkMade {
  /** Its id; never changes. */
  id: string;
  /** Give it to the person; whoever has it can use it. */
  url: string;
  /** Of an invitation. */
  role: string | null;
  /** ISO 8601 in UTC. */
  expires_at: string | null;
  [more: string]: unknown;
}

/** A link to connect an account with. */
export interface Link {
  /** lnk_ and 26 characters. */
  id: string;
  /** For the account's owner; shown this once, good for one connection. */
  url: string;
  /** When it ends; null: never. ISO 8601 in UTC, to the millisecond. */
  expires_at: string | null;
  [more: string]: unknown;
}

/** What Threads shows of a published part, compared with what was asked. */
export interface Live {
  /** What was compared. */
  checked: Array<string>;
  /** What two readings showed to differ. Nothing is sent again. */
  differs: Array<Difference>;
  /** What Threads did not return, or has not been asked for yet. */
  not_checked: Array<string>;
  /** Texts that read differently without being cut. */
  remarks: Array<Difference>;
  [more: string]: unknown;
}

/** A part that is live. */
export interface LivePart {
  /** Its position. */
  part: number;
  /** Id on Threads. */
  threads_id: string | null;
  /** Address on Threads. */
  permalink: string | null;
  [more: string]: unknown;
}

/** A finding of the check of a file. */
export interface MediaFinding {
  /** Path into the request, such as 'media[2].alt_text'; empty: the request itself. */
  field: string;
  /** Stable name of the rule. */
  rule: string;
  /** 'error' stops the post; 'warning' and 'repair' do not. */
  severity: string;
  /** What is wrong. */
  message: string;
  /** What to do. */
  way_out: string;
  /** The value that was sent, shortened to 300 characters. */
  given?: unknown;
  /** What it was compared with, in the unit that 'message' names. */
  limit?: unknown;
  /** Id of the catalogue's pattern that explains it; empty: none. */
  pattern?: string;
  /** Address of that pattern's guide page. */
  guide?: string | null;
  /** The repair that removes it, 'none', or 'reject': only you can. */
  fix?: string | null;
  /** The rule is 'documented' by Meta, 'seen', or 'folklore'. */
  basis?: string | null;
  /** Who has to act, as its pattern says: operator is whoever runs this server; null: no pattern. */
  who?: string | null;
  [more: string]: unknown;
}

/** A picture or a video: the address of one, or the id of an uploaded file. */
export interface MediaIn {
  /** A public address Threads can fetch. */
  url?: string | null;
  /** An uploaded file (POST /v1/media). */
  id?: string | null;
  /** A description for people who cannot see it; at most 1000 characters. */
  alt_text?: string | null;
  /** Leave it out: the file tells. */
  type?: "image" | "video" | null;
  /** Hidden until it is tapped. */
  spoiler?: boolean | null;
}

/** A kept file. */
export interface Media {
  /** Its id; never changes. */
  id: string;
  /** As it was sent; may be empty. */
  filename: string;
  /** Its media type. */
  content_type: string;
  /** Bytes. */
  size: number;
  /** Of its bytes, hexadecimal. */
  sha256: string | null;
  /** 'image' or 'video' as Threads will see it; 'unknown': it could not be read. */
  kind: string | null;
  /** Whether it can be published, as it is or after a repair. */
  ok: boolean | null;
  /** Facts, findings and what would be repaired. */
  report: FileReport | null;
  /** The repaired file, if one was made. */
  prepared: PreparedFile | null;
  /** The last repair. */
  job: RepairJob | null;
  /** Where Threads can fetch it. */
  url: string | null;
  /** The address it was copied from, without its query. */
  source_url: string | null;
  /** The post it was made for; null: it was uploaded. */
  used_by: string | null;
  /** ISO 8601 in UTC, to the millisecond */
  created_at: string;
  /** Until when it is kept if no post uses it, ISO 8601 in UTC, to the millisecond; null: for 30 days after it was made. A file that posts use stays until 90 days after the last of them is finished, one with 'used_by' 7 days. */
  expires_at: string | null;
  [more: string]: unknown;
}

/** A page of files. */
export interface MediaPage {
  /** The entries of this page. */
  data: Array<Media>;
  /** Send it as 'after' for the next page; null: this was the last. */
  next: string | null;
  [more: string]: unknown;
}

/** A file, and what takes its place. */
export interface MediaSwap {
  /** What is replaced, exactly as it is. */
  from: string;
  /** What takes its place. */
  to: string;
}

/** Where a file is copied from. */
export interface MediaUrlIn {
  /** An http or https address that a file is copied from. */
  url: string;
}

/** What the check of one medium of a post found. */
export interface Medium {
  /** The medium's path in the request, such as 'replies[0].media[2]'. */
  field: string;
  /** The file or address, without its query. */
  source: string;
  /** Whether the file can be published, as it is or after a repair. A fault of this server's set-up is not the file's: it is among 'findings', with 'who' operator, and stops the post. */
  ok: boolean;
  /** 'image' or 'video' as Threads will see it; 'unknown': it could not be read. */
  kind: string;
  /** Bytes; null: not known. */
  size: number | null;
  /** What is wrong with it. */
  findings: Array<MediaFinding>;
  /** What Treadle would repair. */
  plan: RepairPlan;
  /** Facts of the file. */
  probe: FileFacts | null;
  /** Facts of the address; empty for an uploaded file. */
  fetch: AddressFacts;
  [more: string]: unknown;
}

/** When the post is published instead. */
export interface MoveIn {
  /** ISO 8601, with an offset. */
  to: string;
}

/** What happens next, and when. */
export interface Next {
  /** What happens next, in plain words. */
  what: string;
  /** When, ISO 8601 in UTC, to the millisecond; null: when something else ends. */
  at: string | null;
  [more: string]: unknown;
}

/** Since it was published. Null: Threads did not say. */
export interface Numbers {
  /** How many views Threads counts; null: it did not say. */
  views: number | null;
  /** How many likes Threads counts; null: it did not say. */
  likes: number | null;
  /** How many replies Threads counts; null: it did not say. */
  replies: number | null;
  /** How many reposts Threads counts; null: it did not say. */
  reposts: number | null;
  /** How many quotes Threads counts; null: it did not say. */
  quotes: number | null;
  /** How many shares Threads counts; null: it did not say. */
  shares: number | null;
  [more: string]: unknown;
}

/** A further part of a chain; it replies to the part before it. */
export interface PartIn {
  /** At most 500 of what Threads counts as characters. */
  text?: string | null;
  /** Pictures and videos, at most 20; several make a carousel. */
  media?: Array<MediaIn> | null;
  /** Parameters of Threads; see PostOptions. */
  options?: PostOptions | null;
}

/** The figures of one part. */
export interface PartInsights {
  /** 0 for the post itself, then its replies in order. */
  position: number;
  /** Id of the live post on Threads. */
  threads_id: string | null;
  /** One for each day on which it was read, oldest first. */
  days: Array<DayInsights>;
  [more: string]: unknown;
}

/** One part of a post: the post itself, or a reply to the part before it. */
export interface Part {
  /** Its id; never changes. */
  id: string;
  /** 0 for the post itself, then its replies in order. */
  position: number;
  /** The part's state. */
  state: "pending" | "preparing" | "creating" | "waiting" | "ready" | "publishing" | "checking" | "published" | "failed" | "canceled";
  /** The container's kind: TEXT, IMAGE, VIDEO or CAROUSEL. */
  kind: string;
  /** The text of the part; at most 500 of what Threads counts as characters. */
  text: string;
  /** As sent. */
  media: Array<Record<string, unknown>>;
  /** As sent. */
  options: Record<string, unknown>;
  /** Meta's id of its present container. */
  container_id: string | null;
  /** Meta's last word on it. */
  container_status: string | null;
  /** ISO 8601 in UTC, to the millisecond */
  container_made_at: string | null;
  /** How often its present container was sent for publishing. */
  sends: number;
  /** Whether an answer to a publish was unclear. */
  unclear: boolean;
  /** Id of the live post on Threads. */
  threads_id: string | null;
  /** Address of the live post on Threads. */
  permalink: string | null;
  /** ISO 8601 in UTC, to the millisecond */
  published_at: string | null;
  /** Null until it is published. */
  live: Live | null;
  /** Why it is not live, or not as asked, when something is wrong. */
  cause: Diagnosis | null;
  [more: string]: unknown;
}

/** A part of the post. */
export interface PartSent {
  /** 0 for the post itself, then its replies in order. */
  position: number;
  /** Id of the live post on Threads. */
  threads_id: string | null;
  /** Address of the live post on Threads. */
  permalink: string | null;
  [more: string]: unknown;
}

/** A change of a post. Fields left out stay as they are. */
export interface PatchIn {
  /** At most 500 of what Threads counts as characters. */
  text?: string | null;
  /** Pictures and videos, at most 20; several make a carousel. */
  media?: Array<MediaIn> | null;
  /** Parameters of Threads; see PostOptions. */
  options?: PostOptions | null;
  /** Further parts, each a reply to the one before. */
  replies?: Array<PartIn> | null;
  /** ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible. */
  publish_at?: string | null;
  /** The time zone of a 'publish_at' without an offset: Europe/Berlin. */
  zone?: string | null;
  /** How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set. */
  max_lateness?: string | number | null;
  /** Yours; kept and given back. At most 16 KiB. */
  metadata?: Record<string, unknown> | null;
  /** Words to find it by; at most 50 of 100 characters each. */
  labels?: Array<string> | null;
  /** The account: acc_ and 26 characters. */
  account_id?: string | null;
}

/** A pattern of the catalogue, whole. */
export interface Pattern {
  /** The pattern's id; never changes. */
  id: string;
  /** Its name in addresses of the guide. */
  public_name: string;
  /** What happened, in one line. */
  title: string;
  /** The chapter of the guide that it stands in. */
  category: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** The same in plain words. */
  action_label: string;
  /** What one such cause holds: post, account, app, media_host or platform. */
  scope: string;
  /** Who acts. */
  who: string;
  /** Whether a retry can work, when and how often. */
  retry: PatternRetry;
  /** The path of its page in the guide. */
  guide: string;
  /** What happened, in plain words. */
  what_happened: string;
  /** What the account's owner does. */
  owner: string;
  /** What a developer does. */
  developer: string;
  /** What Treadle does. */
  treadle: string;
  /** How one sees that it is repaired. */
  repaired: string;
  /** What shows that it is repaired. */
  repaired_by: Array<string>;
  /** Other patterns, and how to tell them apart. */
  look_alikes: Record<string, string>;
  /** Answers that it matches, with what is found. */
  examples: Array<Record<string, unknown>>;
  /** The steps in order when one answer has several causes. */
  plan: Array<string>;
  /** When it was last compared with Meta's answers, as a date. */
  checked: string;
  [more: string]: unknown;
}

/** Whether a retry can work, when and how often. */
export interface PatternRetry {
  /** never, later, new_container, verify_first or when_repaired. */
  kind: string;
  /** Seconds until the first try again. */
  after_s: number | null;
  /** How many tries at most. */
  max_attempts: number;
  /** The longest wait between two tries, in seconds. */
  max_delay_s: number | null;
  /** What follows when the tries are used up. */
  then: string | null;
  [more: string]: unknown;
}

/** One cause of the catalogue. */
export interface PatternSummary {
  /** The pattern's id; never changes. */
  id: string;
  /** Its name in addresses of the guide. */
  public_name: string;
  /** What happened, in one line. */
  title: string;
  /** The chapter of the guide that it stands in. */
  category: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** The same in plain words. */
  action_label: string;
  /** What one such cause holds: post, account, app, media_host or platform. */
  scope: string;
  /** Who acts. */
  who: string;
  /** Whether a retry can work, when and how often. */
  retry: PatternRetry;
  /** The path of its page in the guide. */
  guide: string;
  [more: string]: unknown;
}

/** The patterns of the catalogue. */
export interface Patterns {
  /** The entries of this page. */
  data: Array<PatternSummary>;
  /** When the catalogue was last checked, as a date. */
  checked: string;
  [more: string]: unknown;
}

/** Whether an account is paused. */
export interface PauseIn {
  /** true: nothing is sent to the account until it is resumed. */
  paused: boolean;
}

/** Everybody who is a member. */
export interface People {
  /** The entries of this page. */
  data: Array<Person>;
  [more: string]: unknown;
}

/** Somebody who can log in to the pages of this workspace. Times are ISO 8601 in UTC. */
export interface Person {
  /** usr_ and 26 characters. */
  id: string;
  /** The email address that they log in with. */
  email: string;
  /** owner, admin, editor, author or viewer. */
  role: string;
  /** Their time zone; UTC: that of their browser. */
  zone: string;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** Since when they cannot log in; null: they can. ISO 8601 in UTC, to the millisecond. */
  disabled_at: string | null;
  /** Null: never. ISO 8601 in UTC, to the millisecond. */
  last_login_at: string | null;
  /** In how many browsers they are logged in. */
  sessions: number;
  /** Ids of active API keys that they created. */
  keys: Array<string>;
  [more: string]: unknown;
}

/** What changes about a person. */
export interface PersonPatch {
  /** owner, admin, editor, author or viewer. */
  role?: string | null;
  /** true: they cannot log in. */
  disabled?: boolean | null;
}

/** Of an event of a post: what changed, and how the post is now. */
export interface PostEventData {
  /** pst_ and 26 characters. */
  post_id: string;
  /** acc_ and 26 characters. */
  account_id?: string | null;
  /** The state it entered; see the states of a post. */
  state?: string | null;
  /** Id of the pattern of what went wrong; null: nothing did. */
  pattern?: string | null;
  /** What happens next, and when: 'what' and 'at'. */
  next?: Record<string, unknown> | null;
  /** post.differs: position of the part; 0 is the post itself. */
  part?: number | null;
  /** post.differs: id of the live post on Threads. */
  threads_id?: string | null;
  /** What is live otherwise than asked: 'field', 'asked' and 'live' of each. */
  differs?: Array<Record<string, unknown>> | null;
  /** post.at_risk: when it is due, ISO 8601 in UTC. */
  due_at?: string | null;
  /** post.at_risk: what it would run into. */
  why?: string | null;
  /** post.at_risk: the blocker it would wait behind. */
  blocker_id?: string | null;
  /** As sent. */
  metadata: Record<string, unknown>;
  /** The post itself, then its replies. */
  parts: Array<PartSent>;
  /** Why the post is not live; null: nothing is wrong. */
  cause: CauseSent | null;
  [more: string]: unknown;
}

/** The filters of the list of posts; one or more. */
export interface PostFilter {
  /** In one of these states. */
  state?: Array<string> | string | null;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane?: Array<string> | string | null;
  /** Id of the pattern; 'unknown': none matched. */
  pattern?: Array<string> | string | null;
  /** The account: acc_ and 26 characters. */
  account_id?: string | null;
  /** With this label. */
  label?: string | null;
  /** Words of the text. */
  q?: string | null;
  /** The open cause: blk_ and 26 characters. */
  blocker_id?: string | null;
  /** Due at or after this: ISO 8601, without an offset UTC. */
  due_from?: string | null;
  /** Due before this: ISO 8601, without an offset UTC. */
  due_to?: string | null;
}

/** A post, now or later, with its further parts. */
export interface PostIn {
  /** At most 500 of what Threads counts as characters. */
  text?: string | null;
  /** Pictures and videos, at most 20; several make a carousel. */
  media?: Array<MediaIn> | null;
  /** Parameters of Threads; see PostOptions. */
  options?: PostOptions | null;
  /** Further parts, each a reply to the one before. */
  replies?: Array<PartIn> | null;
  /** ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible. */
  publish_at?: string | null;
  /** The time zone of a 'publish_at' without an offset: Europe/Berlin. */
  zone?: string | null;
  /** How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set. */
  max_lateness?: string | number | null;
  /** Yours; kept and given back. At most 16 KiB. */
  metadata?: Record<string, unknown> | null;
  /** Words to find it by; at most 50 of 100 characters each. */
  labels?: Array<string> | null;
  /** The account that publishes it. */
  account_id: string;
  /** Keep it until it is confirmed. */
  draft?: boolean | null;
  /** Wait for somebody's approval before it is published. */
  approval?: boolean | null;
  /** When any part of a chain has a warning, hold the whole of it until somebody approves, so that it does not break off behind its first parts. The workspace's option of this name holds when it is left out. */
  hold_chain_on_warning?: boolean | null;
  /** Publish it in the next free slot of the account's queue. */
  queue?: boolean | null;
}

/** Threads' own parameter names. */
export interface PostOptions {
  /** The topic of the post. 1 to 50 characters, none of them . or &. */
  topic_tag?: string;
  /** Ranges of the text that are hidden until they are tapped. At most 10, counted in UTF-16 units. */
  text_entities?: Array<Record<string, unknown>>;
  /** The link that is shown as a card; without it Threads shows the first link of the text. An http or https address. Only without media. */
  link_attachment?: string;
  /** The post that is quoted, by its id on Threads. Digits, as text; empty is refused. */
  quote_post_id?: string;
  /** A GIF, by its id at GIPHY (Tenor ended on 31 March 2026). provider: GIPHY. Only without media. */
  gif_attachment?: Record<string, unknown>;
  /** A poll; a choice that is left empty is left out. 2 to 4 choices of 1 to 25 characters. Only without media. */
  poll_attachment?: Record<string, unknown>;
  /** A longer text that hangs on the post. In what unit its styled ranges count is not documented. At most 10000 characters. Only without media. Not with poll_attachment. */
  text_attachment?: Record<string, unknown>;
  /** Who may reply; everyone unless it is set. One of everyone, accounts_you_follow, mentioned_only, followers_only, parent_post_author_only. */
  reply_control?: "everyone" | "accounts_you_follow" | "mentioned_only" | "followers_only" | "parent_post_author_only";
  /** The only countries where the post is shown; the profile must be eligible for that. Codes of two letters (ISO 3166-1). */
  allowlisted_country_codes?: Array<string>;
  /** The post that this one replies to, by its id on Threads. Whose root is another's, that needs the permission to search or to see mentions too. Digits, as text; empty is refused. Only on the first part. */
  reply_to_id?: string;
  /** Replies wait until they are approved. Not with is_ghost_post. */
  enable_reply_approvals?: boolean;
  /** The post is archived after 24 hours. Only without media. Not on a reply. Not with reply_to_id. */
  is_ghost_post?: boolean;
  /** The alternative text of the one medium of the post; several media have one each, beside their address. At most 1000 characters. Only with one medium. */
  alt_text?: string;
  /** All media of the post are hidden until they are tapped. Only with media. */
  is_spoiler_media?: boolean;
  /** The place, by the id that a search for places gives. Digits, as text. Needs threads_location_tagging. */
  location_id?: string;
  /** The post is shared to the story of the linked Instagram account as well; without one the story fails and the post is still published. Needs threads_share_to_instagram. */
  crossreshare_to_ig?: boolean;
  /** The same with dark colors; either of the two shares the post. Needs threads_share_to_instagram. */
  crossreshare_to_ig_dark_mode?: boolean;
  /** Read by Treadle: whether a video that is too long is refused or cut at the limit. One of refuse, trim. */
  on_too_long?: "refuse" | "trim";
  /** Read by Treadle: linked media are copied when the post is accepted. */
  copy_media?: boolean;
  /** Parameters of Threads that this release does not know, passed as they are: not checked. */
  extra?: Record<string, unknown>;
}

/** A post with its parts, the cause when something is wrong, and what happens next. */
export interface Post {
  /** Its id; never changes. */
  id: string;
  /** The account: acc_ and 26 characters. */
  account_id: string;
  /** Of the account, without '@'. */
  username: string;
  /** The post's state. */
  state: "draft" | "scheduled" | "publishing" | "waiting" | "retrying" | "checking" | "blocked" | "held" | "published" | "failed" | "canceled";
  /** The state in plain words. */
  state_label: string;
  /** Where it is on its way: preflight, media, create_container, container_status, publish or verify. */
  stage: string;
  /** Why it is in this state, in plain words. */
  why: string | null;
  /** The text of its first part. */
  text: string;
  /** The post itself, then its replies. */
  parts: Array<Part>;
  /** The diagnosis; null: nothing is wrong. */
  cause: Diagnosis | null;
  /** Open causes that it waits for. */
  blocker_ids: Array<string>;
  /** What happens next, and when; null: nothing until somebody acts. */
  next: Next | null;
  /** ISO 8601 in UTC, to the millisecond; null: as soon as possible. */
  publish_at: string | null;
  /** As it was sent. */
  publish_at_asked: string | null;
  /** As it was sent. */
  zone?: string | null;
  /** ISO 8601 in UTC, to the millisecond */
  due_at: string;
  /** Seconds after 'due_at' until it is not published without approval. */
  max_lateness: number;
  /** The same as an ISO 8601 duration. */
  max_lateness_iso: string;
  /** 'pending', 'approved', or null: it needs none. */
  approval: string | null;
  /** 1, and one more with each retry that somebody asked for. */
  attempt: number;
  /** As sent. */
  metadata: Record<string, unknown>;
  /** As sent. */
  labels: Array<string>;
  /** 1, and one more with each edit. */
  version: number;
  /** ISO 8601 in UTC, to the millisecond */
  created_at: string;
  /** ISO 8601 in UTC, to the millisecond */
  updated_at: string;
  /** ISO 8601 in UTC, to the millisecond; null until all parts are live. */
  published_at: string | null;
  /** Only in the answer to its creation. */
  warnings?: Array<Finding> | null;
  [more: string]: unknown;
}

/** A page of posts. */
export interface PostPage {
  /** The entries of this page. */
  data: Array<Post>;
  /** Send it as 'after' for the next page; null: this was the last. */
  next: string | null;
  [more: string]: unknown;
}

/** Ids of the posts that a repair would publish, and of those it would hold as too late. */
export interface PostsOfARepair {
  /** Ids of posts that a repair would publish. */
  sends: Array<string>;
  /** Ids of posts that a repair would hold as too late. */
  holds: Array<string>;
  [more: string]: unknown;
}

/** Everything that is known of a post before it is sent. */
export interface Preflight {
  /** Whether it can be published: no finding is an error, of the post or of a medium, and no medium is refused. */
  ok: boolean;
  /** Of the request and the account; where media were not looked at, of this server's set-up for them. */
  findings: Array<Finding>;
  /** Of each medium that could be checked, at most 40. */
  media: Array<Medium>;
  /** Null: the request names none of this workspace. */
  account: AccountAhead | null;
  /** The permissions that the post needs. */
  scopes: Scopes;
  [more: string]: unknown;
}

/** The repaired file. */
export interface PreparedFile {
  /** Its id; it is kept as a file of its own. */
  id: string;
  /** What was done, in one sentence. */
  summary: string;
  /** Bytes. */
  size: number;
  /** What was read and found of the repaired file. */
  report?: FileReport | null;
  [more: string]: unknown;
}

/** A refusal (RFC 9457), with what belongs to its code as further fields. */
export interface Problem {
  /** Address of the page that explains it. */
  type: string;
  /** The kind of the problem, for people; the same for each 'code'. */
  title: string;
  /** The HTTP status; of one of many, as if it had been sent alone. */
  status: number;
  /** What is wrong here, for people. */
  detail: string;
  /** Stable, for programs. */
  code: string;
  /** What to do. */
  way_out: string;
  /** Whether the same request, sent again later, can work although nobody changes anything. */
  retryable: boolean;
  /** Who has to act: developer, owner, operator, meta or nobody. */
  who: string;
  /** The answer's Request-Id: quote it when you ask for help. */
  request_id?: string | null;
  /** The address that was asked. */
  instance?: string | null;
  /** Everything that is wrong with the request, at once. */
  findings?: Array<Finding> | null;
  [more: string]: unknown;
}

/** A slot, or a post that is due at a time of its own. */
export interface QueueEntry {
  /** When it is due. ISO 8601 in UTC, to the millisecond. */
  at: string;
  /** Whether this is one of the queue's slots. */
  slot: boolean;
  /** null: the slot is free. */
  post: Post | null;
  [more: string]: unknown;
}

/** The queue of an account. */
export interface QueueIn {
  /** The zone that the slots are times of: Europe/Berlin. */
  zone: string;
  /** Times of the week at which the queue publishes. */
  slots: Array<SlotIn>;
}

/** The queue of an account for the next 14 days, in order. */
export interface Queue {
  /** The account: acc_ and 26 characters. */
  account_id: string;
  /** The zone that the slots are times of. */
  zone: string;
  /** Times of the week at which the queue publishes. */
  slots: Array<Slot>;
  /** Publishing to the account is paused: nothing of the queue is published. */
  paused: boolean;
  /** Where the next post that is added goes; null: there is no free slot. ISO 8601 in UTC, to the millisecond. */
  next_free: string | null;
  /** Posts and free slots, in the order in which they are due. */
  entries: Array<QueueEntry>;
  /** Days of the next 7 that have slots and no post. */
  empty_days: Array<string>;
  [more: string]: unknown;
}

/** What is known of an account's publishing limit; what was never read is left out. */
export interface QuotaKnown {
  /** In 24 hours, as Threads counts. */
  posts_used?: number | null;
  /** What Threads allows in 24 hours. */
  posts_total?: number | null;
  /** How many replies of the last 24 hours Threads counts. */
  replies_used?: number | null;
  /** How many replies Threads allows in 24 hours. */
  replies_total?: number | null;
  /** When it was read. ISO 8601 in UTC, to the millisecond. */
  at: string | null;
  /** No publish before then. ISO 8601 in UTC, to the millisecond. */
  full_until: string | null;
  [more: string]: unknown;
}

/** How much an account may publish in a rolling 24 hours. */
export interface Quota {
  /** The posts of 24 hours. */
  posts: Bucket;
  /** The replies of 24 hours. */
  replies: Bucket;
  /** Threads was asked now. */
  live: boolean;
  /** When Threads was asked last. ISO 8601 in UTC, to the millisecond. */
  at: string | null;
  /** No publish before then. ISO 8601 in UTC, to the millisecond. */
  full_until: string | null;
  [more: string]: unknown;
}

/** Whether it can do its work. */
export interface Ready {
  /** ready, or not ready. */
  status: string;
  /** By name of what is needed: ok, or what is missing. */
  checks: Record<string, string>;
  [more: string]: unknown;
}

/** How a cause is looked at again. */
export interface RecheckIn {
  /** true: only say what a repair would send and hold. */
  preview?: boolean | null;
}

/** What a look at the cause showed. */
export interface Recheck {
  /** repaired, still, or unknown (one post goes first to see); null: a preview. */
  verdict: string | null;
  /** What came of it, in plain words. */
  message: string;
  /** Ids of posts that are published now. */
  released: Array<string>;
  [more: string]: unknown;
}

/** What a repair would publish and hold. */
export interface RecheckPreview {
  /** repaired, still, or unknown (one post goes first to see); null: a preview. */
  verdict: string | null;
  /** What came of it, in plain words. */
  message: string;
  /** Ids of posts that are published now. */
  released: Array<string>;
  /** Ids of posts that a repair would publish. */
  sends: Array<string>;
  /** Ids of posts that a repair would hold as too late. */
  holds: Array<string>;
  [more: string]: unknown;
}

/** How a file is repaired. */
export interface RepairIn {
  /** refuse: say so; trim: cut the video at the limit. */
  on_too_long?: "refuse" | "trim" | null;
}

/** A repair, under way or ended. Which fields there are depends on ``state``. */
export interface RepairJob {
  /** 'running', 'done', 'failed' or 'canceled'. */
  state: string;
  /** ISO 8601 in UTC. */
  began_at?: string | null;
  /** What is done now. */
  step?: string | null;
  /** 0 to 100. */
  percent?: number | null;
  /** Bytes, or seconds of the video, a second; null: not known. */
  speed?: number | null;
  /** Seconds left; null: not known. */
  left_s?: number | null;
  /** Of a repair that is done: whether there is another file now. */
  changed?: boolean | null;
  /** What was done, in one sentence. */
  summary?: string | null;
  /** The id of the repaired file. */
  id?: string | null;
  /** Why a repair failed. */
  findings?: Array<MediaFinding> | null;
  [more: string]: unknown;
}

/** The least repair that removes everything that was found. */
export interface RepairPlan {
  /** 'none', 'copy', 'patch', 'remux', 'trim', 'audio', 'video', 'full', 'image', or 'reject': only you can make it right. */
  kind: string;
  /** The same in one sentence. */
  words?: string;
  /** What happens to the picture: 'copy', 'encode' or 'drop'. */
  video?: string;
  /** What happens to the sound: 'copy', 'encode' or 'drop'. */
  audio?: string;
  /** Seconds that are kept. */
  trim_to?: number | null;
  /** The steady rate it gets, frames a second. */
  frame_rate?: number | null;
  /** Whether it is deinterlaced. */
  deinterlace?: boolean;
  /** Pixels; what is wider is made smaller. */
  max_width?: number;
  /** Whether it is a still picture. */
  image?: boolean;
  /** Whether a moving picture becomes a video. */
  animate?: boolean;
  /** Whether the whole file is read first. */
  inspect?: boolean;
  /** Codes of the findings that it removes. */
  reasons?: Array<string>;
  [more: string]: unknown;
}

/** Exact matches; the rest of the post stays. */
export interface ReplaceIn {
  /** A file's id (med_...) or an address, and what takes its place. */
  media?: MediaSwap | null;
  /** Words in the text of any part. */
  text?: Swap | null;
  /** A link attachment; an empty 'to' takes it away. */
  link?: Swap | null;
}

/** Replies to a post. */
export interface Replies {
  /** Newest first, of every depth; parts of the post itself are left out. */
  data: Array<Reply>;
  /** Whether there are older ones that were not read. */
  more: boolean;
  [more: string]: unknown;
}

/** A reply, as Threads shows it now. */
export interface Reply {
  /** On Threads; 'reply_to_id' of a post that answers it. */
  id: string;
  /** Who wrote it, without '@'; empty: Threads did not say. */
  username: string;
  /** The text. */
  text: string;
  /** When it was published, as Threads says it. ISO 8601 in UTC, to the millisecond. */
  at: string | null;
  /** Address of the live post on Threads. */
  permalink: string | null;
  /** TEXT_POST, IMAGE, VIDEO, CAROUSEL_ALBUM or AUDIO. */
  media_type: string | null;
  /** Id of the post that it replies to. */
  replied_to: string | null;
  /** Whether Threads hides it. */
  hidden: boolean;
  /** Whether the account wrote it. */
  own: boolean;
  /** Whether it can be hidden: Threads allows it for direct replies of others only. */
  can_hide: boolean;
  [more: string]: unknown;
}

/** One of these: the live post's id on Threads, its address, 'absent': nothing was published, or 'detached': what to do about a reply that is live, but not as a reply. */
export interface ResolveIn {
  /** Id of the live post on Threads, 1 to 40 digits. */
  threads_id?: string | null;
  /** true: nothing of it was published. */
  absent?: boolean | null;
  /** Address of the live post on Threads. */
  permalink?: string | null;
  /** What becomes of the rest of a chain whose reply is live, but not as a reply. */
  detached?: "below_root" | "stop" | "send_again" | null;
}

/** Whether and when trying again can work. */
export interface Retry {
  /** never, later, new_container, verify_first or when_repaired. */
  kind: string;
  /** Seconds until the first retry; null: not known. */
  after_s: number | null;
  /** Retries at most. */
  max_attempts: number;
  /** Seconds between two retries at most. */
  max_delay_s?: number | null;
  /** What kind follows when these are used up. */
  then?: string | null;
  /** Whether 'after_s' is Meta's own hint. */
  hinted?: boolean;
  [more: string]: unknown;
}

/** Permissions of Meta. */
export interface Scopes {
  /** Without these Threads refuses the post. */
  needed: Array<string>;
  /** Of these, what the account did not grant. */
  missing: Array<string>;
  /** What would make it safer, and was not granted. */
  wanted: Array<string>;
  [more: string]: unknown;
}

/** A new secret. */
export interface Secret {
  /** Its id; never changes. */
  id: string;
  /** Shown this once. */
  secret: string;
  [more: string]: unknown;
}

/** A time of the week. */
export interface SlotIn {
  /** mon, tue, wed, thu, fri, sat or sun. */
  weekday: string;
  /** Of the day in the queue's zone, from 00:00 to 23:59. */
  time: string;
}

/** A time of the week. */
export interface Slot {
  /** One of mon, tue, wed, thu, fri, sat, sun. */
  weekday: string;
  /** Of the day in the queue's zone, from 00:00 to 23:59. */
  time: string;
  [more: string]: unknown;
}

/** What is replaced, and by what. */
export interface Swap {
  /** What is replaced, exactly as it is. */
  from: string;
  /** What takes its place. */
  to: string;
}

/** Of something that Threads told about an account. */
export interface ThreadsEventData {
  /** acc_ and 26 characters. */
  account_id: string;
  /** The field of Meta's message, such as replies. */
  field: string;
  /** What Meta sent, secrets removed; at most 8,000 characters. */
  value: unknown;
  [more: string]: unknown;
}

/** One try to deliver. */
export interface Try {
  /** When it happened. ISO 8601 in UTC, to the millisecond. */
  at: string | null;
  /** HTTP status; null: nobody answered. */
  status?: number | null;
  /** Seconds. */
  took_s?: number | null;
  /** The beginning of what was answered. */
  answer?: string | null;
  /** Why nobody answered. */
  error?: string | null;
  [more: string]: unknown;
}

/** Answers of Meta that no pattern knows, of one shape. */
export interface UnknownAnswer {
  /** What all answers alike have in common. */
  shape: string;
  /** How many there were. */
  count: number;
  /** When the first of them came. ISO 8601 in UTC, to the millisecond. */
  first_at: string | null;
  /** When the last of them came. ISO 8601 in UTC, to the millisecond. */
  last_at: string | null;
  /** One of them, without its secrets. */
  sample: unknown;
  /** The post: pst_ and 26 characters. */
  post_id: string | null;
  [more: string]: unknown;
}

/** Answers of Meta that no pattern knows. */
export interface UnknownAnswers {
  /** The entries of this page. */
  data: Array<UnknownAnswer>;
  [more: string]: unknown;
}

/** What was deleted from Threads. */
export interface Unpublished {
  /** What was done, in plain words. */
  message: string;
  /** The post as it is now. */
  post: Post;
  /** Of a canceled post: what is live and stays. */
  published_parts?: Array<LivePart> | null;
  /** Ids on Threads that were deleted, the last part first. */
  deleted: Array<string>;
  [more: string]: unknown;
}

/** The fields of bundle.social's error; ``meta`` is the diagnosis. */
export interface VerboseError {
  /** 'TH:' with Meta's code, or 'TREADLE:' with the pattern's id. */
  code: string | null;
  /** Meta's message, or what happened in our words. */
  errorMessage: string | null;
  /** Whether the same can work later without anybody doing anything. */
  isTransient: boolean | null;
  /** HTTP status of Meta's last answer. */
  httpStatus: number | null;
  /** The diagnosis in few words; null: there is none. */
  meta: VerboseMeta | null;
  /** What happened and the next step, in plain words. */
  userFacingMessage: string | null;
  [more: string]: unknown;
}

/** The diagnosis, in few words. */
export interface VerboseMeta {
  /** Id of the pattern; 'unknown': none matched. */
  pattern: string;
  /** Which kind of trouble: whose it is, and how it is repaired. */
  lane: string;
  /** What has to be done, in one word. */
  action: string;
  /** Who must act: owner, developer, operator, meta or nobody. */
  who: string;
  /** Whether a retry can work, when and how often. */
  retry: Retry;
  /** Path of the guide page. */
  guide: string;
  /** Meta's error_subcode. */
  subcode: unknown;
  /** Meta's own id of the failure. */
  fbtrace_id: unknown;
  [more: string]: unknown;
}

/** A post's error in another service's words. */
export interface Verbose {
  /** Its id; never changes. */
  id: string;
  /** The state in their words. */
  status: string;
  /** The error under 'THREADS', or null. */
  errorsVerbose: Record<string, VerboseError | null>;
  [more: string]: unknown;
}

/** The main picture track. */
export interface VideoFacts {
  /** Such as 'h264' or 'hevc'. */
  codec: string;
  /** The name of the codec in the file. */
  fourcc?: string;
  /** Pixels as stored, before rotation. */
  width?: number;
  /** Pixels as stored, before rotation. */
  height?: number;
  /** Degrees clockwise, 0 to 359. */
  rotation?: number;
  /** Whether it is shown mirrored. */
  mirrored?: boolean;
  /** Width and height of one pixel. */
  pixel_aspect?: Array<number>;
  /** Number of frames. */
  frames?: number | null;
  /** Frames a second, on average. */
  frame_rate?: number | null;
  /** Frames a second, by the most usual distance. */
  frame_rate_median?: number | null;
  /** Share of frames at another distance, 0 to 1. */
  irregular_share?: number | null;
  /** Seconds. */
  duration_s?: number | null;
  /** Bits a second. */
  bit_rate?: number | null;
  /** Profile of the codec. */
  profile?: string;
  /** Level of the codec. */
  level?: number | null;
  /** Chroma subsampling, such as '4:2:0'. */
  chroma?: string | null;
  /** Bits per sample. */
  bit_depth?: number | null;
  /** Null: not known from what was read. */
  interlaced?: boolean | null;
  /** The header allows it, which encoders also set without need. */
  may_be_interlaced?: boolean;
  /** Transfer function, such as HDR's. */
  transfer?: string;
  /** Whether groups of pictures refer to each other. */
  open_gop?: boolean | null;
  /** 'none', 'trivial' or 'real'. */
  edit_list?: string;
  /** Whether parameters are repeated in the stream. */
  parameter_sets_in_band?: boolean;
  /** The container names no size; the stream's own is given. */
  size_missing?: boolean;
  [more: string]: unknown;
}

/** Of an event of another webhook of the workspace. */
export interface WebhookEventData {
  /** whk_ and 26 characters. */
  webhook_id: string;
  /** What went wrong with it. */
  why: string;
  /** What has to be done. */
  what_now: string;
  [more: string]: unknown;
}

/** Where events are sent, and which. */
export interface WebhookIn {
  /** An https address. It must lead to a public one. */
  url: string;
  /** ParameterNames of events; empty for all. */
  types?: Array<string> | null;
}

/** A new webhook, with its secret. */
export interface WebhookMade {
  /** whk_ and 26 characters. */
  id: string;
  /** Where its deliveries are sent. */
  url: string;
  /** Names of the events it takes; empty: all. */
  types: Array<string>;
  /** active, paused (by somebody here), or failing (paused after two days of failing). */
  state: string;
  /** Since when nothing was taken; null: it works. */
  failing_since: string | null;
  /** Deliveries are also signed with the secret before this one. */
  two_secrets: boolean;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  /** Verifies the signatures; shown this once. */
  secret: string;
  [more: string]: unknown;
}

/** One address that changes are sent to. Times are ISO 8601 in UTC. */
export interface Webhook {
  /** whk_ and 26 characters. */
  id: string;
  /** Where its deliveries are sent. */
  url: string;
  /** Names of the events it takes; empty: all. */
  types: Array<string>;
  /** active, paused (by somebody here), or failing (paused after two days of failing). */
  state: string;
  /** Since when nothing was taken; null: it works. */
  failing_since: string | null;
  /** Deliveries are also signed with the secret before this one. */
  two_secrets: boolean;
  /** When it was made. ISO 8601 in UTC, to the millisecond. */
  created_at: string | null;
  [more: string]: unknown;
}

/** What changes about a webhook. */
export interface WebhookPatch {
  /** An https address that leads to a public host; at most 2000 characters. */
  url?: string | null;
  /** Names of the events it takes; empty: all. */
  types?: Array<string> | null;
  /** false starts a paused one again; what was kept for it is sent. */
  paused?: boolean | null;
}

/** The body of a delivery, after Standard Webhooks. */
export interface WebhookPayload {
  /** Such as post.published. */
  type: string;
  /** When it happened: ISO 8601 in UTC. */
  timestamp: string | null;
  /** What it is about. */
  data: PostEventData | EventData;
  /** The event's number: GET /v1/events/{id} gives it again for 14 days. Absent: a test. */
  id?: number | null;
  /** Id of what the event is about. */
  subject?: string | null;
  /** The same as 'timestamp'. ISO 8601 in UTC, to the millisecond. */
  at?: string | null;
  [more: string]: unknown;
}

/** All webhooks of the workspace. */
export interface Webhooks {
  /** The entries of this page. */
  data: Array<Webhook>;
  [more: string]: unknown;
}

/** A new workspace. */
export interface WorkspaceIn {
  /** 1 to 200 characters. */
  name: string;
}

/** A new workspace, with its first key. */
export interface WorkspaceMade {
  /** wsp_ and 26 characters, or wsp_default. */
  id: string;
  /** What people call it. */
  name: string;
  /** Nothing is sent until it is resumed. */
  paused: boolean;
  /** Its settings by name; secrets are left out. */
  options: Record<string, unknown>;
  /** ISO 8601 in UTC. */
  created_at: string | null;
  /** How many posts are in each state. */
  posts: Record<string, number>;
  /** Its first admin key; shown this once. */
  key: string;
  /** Id of its first key: key_ and 26 characters. */
  key_id: string;
  [more: string]: unknown;
}

/** A tenant: its accounts, posts and keys are its own. */
export interface Workspace {
  /** wsp_ and 26 characters, or wsp_default. */
  id: string;
  /** What people call it. */
  name: string;
  /** Nothing is sent until it is resumed. */
  paused: boolean;
  /** Its settings by name; secrets are left out. */
  options: Record<string, unknown>;
  /** ISO 8601 in UTC. */
  created_at: string | null;
  /** How many posts are in each state. */
  posts: Record<string, number>;
  [more: string]: unknown;
}

/** What changes about a workspace. */
export interface WorkspacePatch {
  /** 1 to 200 characters. */
  name?: string | null;
  /** true: nothing of the workspace is sent until it is resumed. */
  paused?: boolean | null;
  /** Settings by name; null takes one away. */
  options?: Record<string, unknown> | null;
  /** Addresses of alert recipients; sealed, never shown. */
  alert_urls?: Array<string> | null;
}

/** All workspaces that the key may see. */
export interface Workspaces {
  /** The entries of this page. */
  data: Array<Workspace>;
  [more: string]: unknown;
}

export interface PostsOperations {
  /** Do one thing to many posts: `POST /v1/posts/actions`. */
  actOnMany(body: ActionsIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Actions>;
  /** Publish many; an answer for each: `POST /v1/posts/bulk`. */
  createMany(body: BulkIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Bulk>;
  /** Publish, now or later: `POST /v1/posts`. */
  create(body: PostIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Post>;
  /** List posts: `GET /v1/posts`. */
  list(options?: CallOptions & { state?: Array<string> | null; lane?: Array<string> | null; pattern?: Array<string> | null; account_id?: string | null; label?: string | null; q?: string | null; blocker_id?: string | null; due_from?: string | null; due_to?: string | null; sort?: string; limit?: number; after?: string | null }): Promise<PostPage>;
  /** The same, entry by entry through all pages. */
  iterate(options?: CallOptions & { state?: Array<string> | null; lane?: Array<string> | null; pattern?: Array<string> | null; account_id?: string | null; label?: string | null; q?: string | null; blocker_id?: string | null; due_from?: string | null; due_to?: string | null; sort?: string; limit?: number; after?: string | null }): AsyncGenerator<Post>;
  /** Read a post: `GET /v1/posts/{post_id}`. */
  get(postId: string, options?: CallOptions): Promise<Post>;
  /** Change a post that is not published: `PATCH /v1/posts/{post_id}`. */
  update(postId: string, body: PatchIn, options?: CallOptions & { ifMatch?: string }): Promise<Post>;
  /** Delete a post that was never sent: `DELETE /v1/posts/{post_id}`. */
  delete(postId: string, options?: CallOptions): Promise<void>;
  /** A post's timeline: `GET /v1/posts/{post_id}/events`. */
  listEvents(postId: string, options?: CallOptions): Promise<Events>;
  /** A post's error in the shape of another service: `GET /v1/posts/{post_id}/errors-verbose`. */
  getErrorsVerbose(postId: string, options?: CallOptions): Promise<Verbose>;
  /** Try again now: `POST /v1/posts/{post_id}/retry`. */
  retry(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Stop a post: `POST /v1/posts/{post_id}/cancel`. */
  cancel(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Approve a post: `POST /v1/posts/{post_id}/confirm`. */
  confirm(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Ask for approval: `POST /v1/posts/{post_id}/request-approval`. */
  requestApproval(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Request changes: `POST /v1/posts/{post_id}/request-changes`. */
  requestChanges(postId: string, body: CommentIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Read comments: `GET /v1/posts/{post_id}/comments`. */
  listComments(postId: string, options?: CallOptions): Promise<Comments>;
  /** Comment on a post: `POST /v1/posts/{post_id}/comments`. */
  addComment(postId: string, body: CommentIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Comments>;
  /** Say what happened: `POST /v1/posts/{post_id}/resolve`. */
  resolve(postId: string, body: ResolveIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Delete a post from Threads: `POST /v1/posts/{post_id}/unpublish`. */
  unpublish(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Unpublished>;
  /** Read what Threads counts of a post: `GET /v1/posts/{post_id}/insights`. */
  getInsights(postId: string, options?: CallOptions): Promise<Insights>;
  /** Ask Threads for a post's figures now: `POST /v1/posts/{post_id}/insights`. */
  readInsights(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Insights>;
  /** List replies to a post: `GET /v1/posts/{post_id}/replies`. */
  listReplies(postId: string, options?: CallOptions): Promise<Replies>;
  /** Hide a reply: `POST /v1/posts/{post_id}/replies/{reply_id}/hide`. */
  hideReply(postId: string, replyId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Hidden>;
  /** Show a hidden reply again: `POST /v1/posts/{post_id}/replies/{reply_id}/show`. */
  showReply(postId: string, replyId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Hidden>;
  /** Look at a post before it is sent: `POST /v1/preflight`. */
  check(body: PostIn, options?: CallOptions & { media?: boolean }): Promise<Preflight>;
  /** Add a post to the queue: `POST /v1/posts/{post_id}/queue`. */
  queue(postId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
  /** Move a post in the queue: `POST /v1/posts/{post_id}/move`. */
  move(postId: string, body: MoveIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Action>;
}

export interface ImportsOperations {
  /** List imports: `GET /v1/imports`. */
  list(options?: CallOptions): Promise<Imports>;
  /** Import posts from CSV: `POST /v1/imports`. */
  create(body: ImportIn, options?: CallOptions & { idempotencyKey?: string }): Promise<ImportReport>;
  /** Confirm an import: `POST /v1/imports/{import_id}/confirm`. */
  confirm(importId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Imports>;
}

export interface EventsOperations {
  /** Read an event again: `GET /v1/events/{event_id}`. */
  get(eventId: number | string, options?: CallOptions): Promise<Change>;
}

export interface MediaOperations {
  /** List files: `GET /v1/media`. */
  list(options?: CallOptions & { limit?: number; after?: string | null }): Promise<MediaPage>;
  /** The same, entry by entry through all pages. */
  iterate(options?: CallOptions & { limit?: number; after?: string | null }): AsyncGenerator<Media>;
  /** Read a file's facts and findings: `GET /v1/media/{media_id}`. */
  get(mediaId: string, options?: CallOptions): Promise<Media>;
  /** Delete a file: `DELETE /v1/media/{media_id}`. */
  delete(mediaId: string, options?: CallOptions): Promise<void>;
  /** Make it fit for Threads: `POST /v1/media/{media_id}/repair`. */
  repair(mediaId: string, body?: RepairIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Media>;
  /** Stop a repair: `DELETE /v1/media/{media_id}/repair`. */
  stopRepair(mediaId: string, options?: CallOptions): Promise<void>;
}

export interface AccountsOperations {
  /** List accounts: `GET /v1/accounts`. */
  list(options?: CallOptions & { disconnected?: boolean }): Promise<Accounts>;
  /** Connect with a token: `POST /v1/accounts`. */
  add(body: AccountIn, options?: CallOptions & { idempotencyKey?: string }): Promise<AccountConnected>;
  /** Read an account: `GET /v1/accounts/{account_id}`. */
  get(accountId: string, options?: CallOptions): Promise<AccountRead>;
  /** Pause an account: `PATCH /v1/accounts/{account_id}`. */
  update(accountId: string, body: PauseIn, options?: CallOptions): Promise<Account>;
  /** Disconnect an account: `DELETE /v1/accounts/{account_id}`. */
  disconnect(accountId: string, options?: CallOptions): Promise<void>;
  /** Check that it works: `POST /v1/accounts/{account_id}/recheck`. */
  recheck(accountId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<AccountChecked>;
  /** How much it may publish: `GET /v1/accounts/{account_id}/quota`. */
  getQuota(accountId: string, options?: CallOptions & { live?: boolean }): Promise<Quota>;
  /** Read the queue of an account: `GET /v1/accounts/{account_id}/queue`. */
  getQueue(accountId: string, options?: CallOptions): Promise<Queue>;
  /** Set the slots of a queue: `PUT /v1/accounts/{account_id}/queue`. */
  setQueue(accountId: string, body: QueueIn, options?: CallOptions): Promise<Queue>;
  /** A link for somebody to connect their account: `POST /v1/accounts/connect`. */
  connect(body?: ConnectIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Link>;
  /** Reconnect an account: `POST /v1/accounts/{account_id}/reconnect`. */
  reconnect(accountId: string, body?: ConnectIn, options?: CallOptions & { idempotencyKey?: string }): Promise<Link>;
}

export interface BlockersOperations {
  /** What holds posts: `GET /v1/blockers`. */
  list(options?: CallOptions & { repaired?: boolean; limit?: number; after?: string | null }): Promise<Blockers>;
  /** The same, entry by entry through all pages. */
  iterate(options?: CallOptions & { repaired?: boolean; limit?: number; after?: string | null }): AsyncGenerator<Blocker>;
  /** Read one, and what its repair would send: `GET /v1/blockers/{blocker_id}`. */
  get(blockerId: string, options?: CallOptions): Promise<BlockerRead>;
  /** Look again: `POST /v1/blockers/{blocker_id}/recheck`. */
  recheck(blockerId: string, body?: RecheckIn, options?: CallOptions & { idempotencyKey?: string }): Promise<RecheckPreview | Recheck>;
}

export interface AnswersOperations {
  /** What does this error mean: `POST /v1/diagnose`. */
  diagnose(body: DiagnoseIn, options?: CallOptions): Promise<Diagnosis>;
  /** Answers no pattern knows: `GET /v1/unknown-answers`. */
  listUnknown(options?: CallOptions): Promise<UnknownAnswers>;
}

export interface PatternsOperations {
  /** The catalogue of causes: `GET /v1/patterns`. */
  list(options?: CallOptions & { lane?: Array<string> | null; category?: Array<string> | null; q?: string | null }): Promise<Patterns>;
  /** One cause, whole: `GET /v1/patterns/{pattern}`. */
  get(pattern: string, options?: CallOptions): Promise<Pattern>;
}

export interface WebhooksOperations {
  /** List webhooks: `GET /v1/webhooks`. */
  list(options?: CallOptions): Promise<Webhooks>;
  /** Create a webhook: `POST /v1/webhooks`. */
  create(body: WebhookIn, options?: CallOptions & { idempotencyKey?: string }): Promise<WebhookMade>;
  /** List the events that can be sent: `GET /v1/webhooks/events`. */
  listEvents(options?: CallOptions): Promise<EventKinds>;
  /** Read a webhook: `GET /v1/webhooks/{webhook_id}`. */
  get(webhookId: string, options?: CallOptions): Promise<Webhook>;
  /** Change, pause or start a webhook: `PATCH /v1/webhooks/{webhook_id}`. */
  update(webhookId: string, body: WebhookPatch, options?: CallOptions): Promise<Webhook>;
  /** Remove a webhook: `DELETE /v1/webhooks/{webhook_id}`. */
  delete(webhookId: string, options?: CallOptions): Promise<void>;
  /** Make a new secret: `POST /v1/webhooks/{webhook_id}/secret`. */
  rotateSecret(webhookId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<Secret>;
  /** Send a test: `POST /v1/webhooks/{webhook_id}/ping`. */
  ping(webhookId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<DeliveryQueued>;
  /** What was sent, and what came back: `GET /v1/webhooks/{webhook_id}/deliveries`. */
  listDeliveries(webhookId: string, options?: CallOptions & { limit?: number; after?: string | null }): Promise<DeliveryPage>;
  /** The same, entry by entry through all pages. */
  iterateDeliveries(webhookId: string, options?: CallOptions & { limit?: number; after?: string | null }): AsyncGenerator<Delivery>;
  /** Send one again: `POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver`. */
  redeliver(webhookId: string, deliveryId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<DeliveryQueued>;
}

export interface KeysOperations {
  /** List keys: `GET /v1/keys`. */
  list(options?: CallOptions): Promise<Keys>;
  /** Make a key: `POST /v1/keys`. */
  create(body?: KeyIn, options?: CallOptions & { idempotencyKey?: string }): Promise<KeyMade>;
  /** Revoke a key: `DELETE /v1/keys/{key_id}`. */
  revoke(keyId: string, options?: CallOptions): Promise<void>;
}

export interface PeopleOperations {
  /** List people: `GET /v1/people`. */
  list(options?: CallOptions): Promise<People>;
  /** List open invitations: `GET /v1/people/invites`. */
  listInvites(options?: CallOptions): Promise<Invites>;
  /** Invite a person: `POST /v1/people/invites`. */
  invite(body: InviteIn, options?: CallOptions & { idempotencyKey?: string }): Promise<LinkMade>;
  /** Revoke an invitation: `DELETE /v1/people/invites/{invite_id}`. */
  withdrawInvite(inviteId: string, options?: CallOptions): Promise<void>;
  /** Change a person's role, disable or enable them: `PATCH /v1/people/{user_id}`. */
  update(userId: string, body: PersonPatch, options?: CallOptions): Promise<Person>;
  /** Remove a person: `DELETE /v1/people/{user_id}`. */
  remove(userId: string, options?: CallOptions): Promise<void>;
  /** Make a link to a new password: `POST /v1/people/{user_id}/password-link`. */
  makePasswordLink(userId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<LinkMade>;
}

export interface AuditOperations {
  /** Read the audit log: `GET /v1/audit`. */
  list(options?: CallOptions & { limit?: number; before?: number | null; action?: string }): Promise<Audit>;
}

export interface WorkspacesOperations {
  /** Workspaces this key can see: `GET /v1/workspaces`. */
  list(options?: CallOptions): Promise<Workspaces>;
  /** Make a workspace for a customer: `POST /v1/workspaces`. */
  create(body: WorkspaceIn, options?: CallOptions & { idempotencyKey?: string }): Promise<WorkspaceMade>;
  /** Read a workspace: `GET /v1/workspaces/{workspace_id}`. */
  get(workspaceId: string, options?: CallOptions): Promise<Workspace>;
  /** Rename, pause, set options: `PATCH /v1/workspaces/{workspace_id}`. */
  update(workspaceId: string, body: WorkspacePatch, options?: CallOptions): Promise<Workspace>;
  /** Send a test alert: `POST /v1/workspaces/{workspace_id}/alerts/test`. */
  testAlerts(workspaceId: string, options?: CallOptions & { idempotencyKey?: string }): Promise<AlertsTried>;
}
