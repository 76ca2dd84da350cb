"""What requests and answers hold. Made of the API's document by tools/build_clients.py; do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class AccountAhead(TypedDict):
    """The account of a post, and the open causes that its posts wait for now."""

    id: str
    """Its id; never changes."""
    username: str
    """Without '@'."""
    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others."""
    health_words: str
    """Its health in plain words."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    blockers: list[Blocker]
    """As GET /v1/blockers gives them."""


class AccountChecked(TypedDict):
    """What Threads says of the account now."""

    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others."""
    message: str
    """What came of it, in plain words."""
    cause: Diagnosis | None
    """The diagnosis when the read failed."""
    released: list[str]
    """Ids of posts that waited and are published now."""
    account: Account
    """The account as it is now."""


class AccountConnected(TypedDict):
    """An account that was connected, and what came of it."""

    id: str
    """acc_ and 26 characters."""
    threads_user_id: str
    """The profile's id on Threads."""
    username: str
    """Without @; empty when Threads never told it."""
    name: str
    """The name shown on the profile."""
    picture_url: str | None
    """The profile's picture at Meta; such addresses expire."""
    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app."""
    health_words: str
    """The health as a sentence."""
    health_cause: Diagnosis | None
    """The diagnosis that decided it; null while it works."""
    health_at: str | None
    """Since when the health is what it is. ISO 8601 in UTC, to the millisecond."""
    checked_at: str | None
    """When a call last showed how the account is. ISO 8601 in UTC, to the millisecond."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first. ISO 8601 in UTC, to the millisecond."""
    updated_at: str | None
    """When anything of it changed last. ISO 8601 in UTC, to the millisecond."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond."""
    outcome: str
    """new, reconnected, or returned (it had been disconnected)."""
    released: list[str]
    """Ids of posts that waited for this account and are published now."""
    missing_scopes: list[str]
    """Permissions that publishing needs and the token lacks."""
    short_lived: NotRequired[bool]
    """The token ends within two hours and cannot be renewed: no app is configured to exchange it with."""


class AccountEventData(TypedDict):
    """Of an event of an account."""

    account_id: str
    """acc_ and 26 characters."""
    username: NotRequired[str | None]
    """Without @."""
    threads_user_id: NotRequired[str | None]
    """Id of the profile on Threads."""
    health: NotRequired[str | None]
    """What the account is now."""
    before: NotRequired[str | None]
    """What it was before."""
    what: NotRequired[str | None]
    """What 'health' means, in plain words."""
    pattern: NotRequired[str | None]
    """Id of the pattern of what went wrong."""
    next_step: NotRequired[str | None]
    """The next step in plain words."""
    ends_at: NotRequired[str | None]
    """When the trouble is expected to end: ISO 8601 in UTC."""
    released: NotRequired[int | None]
    """Connected or reconnected: posts that go on with it."""


class AccountIn(TypedDict):
    """A token of a profile."""

    token: str
    """A token of the Threads profile, from Meta's dashboard."""


class Account(TypedDict):
    """A Threads profile that this workspace publishes to. Times are ISO 8601 in UTC."""

    id: str
    """acc_ and 26 characters."""
    threads_user_id: str
    """The profile's id on Threads."""
    username: str
    """Without @; empty when Threads never told it."""
    name: str
    """The name shown on the profile."""
    picture_url: str | None
    """The profile's picture at Meta; such addresses expire."""
    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app."""
    health_words: str
    """The health as a sentence."""
    health_cause: Diagnosis | None
    """The diagnosis that decided it; null while it works."""
    health_at: str | None
    """Since when the health is what it is. ISO 8601 in UTC, to the millisecond."""
    checked_at: str | None
    """When a call last showed how the account is. ISO 8601 in UTC, to the millisecond."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first. ISO 8601 in UTC, to the millisecond."""
    updated_at: str | None
    """When anything of it changed last. ISO 8601 in UTC, to the millisecond."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond."""


class AccountRead(TypedDict):
    """An account."""

    id: str
    """acc_ and 26 characters."""
    threads_user_id: str
    """The profile's id on Threads."""
    username: str
    """Without @; empty when Threads never told it."""
    name: str
    """The name shown on the profile."""
    picture_url: str | None
    """The profile's picture at Meta; such addresses expire."""
    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, linked_account, app."""
    health_words: str
    """The health as a sentence."""
    health_cause: Diagnosis | None
    """The diagnosis that decided it; null while it works."""
    health_at: str | None
    """Since when the health is what it is. ISO 8601 in UTC, to the millisecond."""
    checked_at: str | None
    """When a call last showed how the account is. ISO 8601 in UTC, to the millisecond."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before. ISO 8601 in UTC, to the millisecond."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first. ISO 8601 in UTC, to the millisecond."""
    updated_at: str | None
    """When anything of it changed last. ISO 8601 in UTC, to the millisecond."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond."""
    reconnect_would: PostsOfARepair
    """What reconnecting it would publish and hold."""


class Accounts(TypedDict):
    """All accounts of the workspace."""

    data: list[Account]
    """The entries of this page."""


class ActedOn(TypedDict):
    """What became of one post of many."""

    id: str
    """The post's id: pst_ and 26 characters."""
    status: int
    """200, or that of 'problem'; 0 in a preview."""
    message: NotRequired[str | None]
    """What was done, in plain words."""
    post: NotRequired[Post | None]
    """The post afterwards."""
    problem: NotRequired[Problem | None]
    """Why it was refused; null: it was not."""


class Action(TypedDict):
    """Something was done with a post; here it is afterwards."""

    message: str
    """What was done, in plain words."""
    post: Post
    """The post as it is now."""
    published_parts: NotRequired[list[LivePart] | None]
    """Of a canceled post: what is live and stays."""


class ActionsIn(TypedDict):
    """Which posts ('ids' or 'filter'), and what is done to them."""

    action: Literal["retry", "edit", "replace", "confirm", "cancel", "delete"]
    """What is done to the posts."""
    ids: NotRequired[list[str] | None]
    """1 to 500 ids of posts."""
    filter: NotRequired[PostFilter | None]
    """Which posts, by the filters of their list."""
    patch: NotRequired[PatchIn | None]
    """For 'edit'."""
    replace: NotRequired[ReplaceIn | None]
    """For 'replace'."""
    retry: NotRequired[bool | None]
    """Also try changed posts again that had failed."""
    preview: NotRequired[bool | None]
    """Only say which posts it would be."""
    limit: NotRequired[int | None]
    """How many posts at most, 1 to 500."""
    after: NotRequired[str | None]
    """'next' of the answer before; for 'filter'."""


class Actions(TypedDict):
    """What became of each post."""

    action: str
    """What was done to the posts."""
    chosen: int
    """How many posts it was."""
    done: int
    """How many posts it was done to."""
    refused: int
    """How many were refused."""
    next: str | None
    """Send it as 'after' for the rest; null: there is none."""
    data: list[ActedOn]
    """One for each post, in order."""


class AddressFacts(TypedDict):
    """Facts of the address that a file was read from; without any for an uploaded file."""

    url: NotRequired[str | None]
    """The address without its query."""
    host: NotRequired[str | None]
    """Its host."""
    expires_at: NotRequired[str | None]
    """When a signed address expires: ISO 8601 in UTC."""
    status: NotRequired[int | None]
    """HTTP status of the answer."""
    final_url: NotRequired[str | None]
    """Where redirects led, without the query."""
    redirects: NotRequired[int | None]
    """Number of redirects."""
    content_type: NotRequired[str | None]
    """As the host says."""
    size: NotRequired[int | None]
    """Bytes, as the host says."""
    ranges: NotRequired[bool | None]
    """Whether the host answers requests for a part of the file."""
    first_byte_s: NotRequired[float | None]
    """Seconds until the first byte."""
    agent: NotRequired[str | None]
    """The user agent that was let in."""
    seconds: NotRequired[float | None]
    """Seconds that looking took."""


class AlertTried(TypedDict):
    """Whether a test reached one target."""

    service: str
    """Which service it is sent by."""
    target: str
    """Its address without the secrets."""
    delivered: bool
    """Whether it arrived."""


class AlertsTried(TypedDict):
    """Whether a test reached each target."""

    data: list[AlertTried]
    """The entries of this page."""


class Alive(TypedDict):
    """The process answers."""

    status: str
    """ok."""
    version: str
    """The version of the server."""


class AudioFacts(TypedDict):
    """The main sound track."""

    codec: str
    """Such as 'aac'."""
    fourcc: NotRequired[str]
    """The name of the codec in the file."""
    profile: NotRequired[str]
    """For AAC: 'LC', 'HE', 'HEv2' and so on."""
    channels: NotRequired[int | None]
    """Number of channels."""
    sample_rate: NotRequired[int | None]
    """Hz."""
    bit_rate: NotRequired[float | None]
    """Bits a second."""
    duration_s: NotRequired[float | None]
    """Seconds."""
    edit_list: NotRequired[str]
    """'none', 'trivial' or 'real'."""
    offset_s: NotRequired[float | None]
    """Seconds by which it begins after the picture."""


class AuditEntry(TypedDict):
    """Who did what, when."""

    id: int
    """Its number; grows."""
    actor: str
    """key_..., usr_..., cli, treadle, meta, link or setup."""
    actor_name: str
    """The person's email address where known, else the actor."""
    action: str
    """Such as user.added or key.revoked."""
    subject: str | None
    """Id of what it was done to."""
    detail: dict[str, Any]
    """More about it, by name."""
    at: str | None
    """ISO 8601 in UTC."""


class Audit(TypedDict):
    """A page of the audit log."""

    data: list[AuditEntry]
    """The entries of this page."""
    next: str | None
    """Send it as 'before' for older entries; null: there are none."""


class BlockerEventData(TypedDict):
    """Of an event of a cause that holds posts back; also of trouble of Threads as a whole."""

    blocker_id: str
    """blk_ and 26 characters."""
    scope: str
    """What it holds: post, account, app, media_host or platform."""
    key: str
    """Which of these: an id, a host, or the name of the platform."""
    pattern: str
    """Id of the pattern."""
    action: NotRequired[str | None]
    """blocker.opened: what has to be done."""
    by: NotRequired[str | None]
    """blocker.repaired: who or what showed that it is repaired."""


class Blocker(TypedDict):
    """A cause that holds posts. Times are ISO 8601 in UTC."""

    id: str
    """blk_ and 26 characters."""
    scope: str
    """What it holds: post, account, app, media_host or platform."""
    key: str
    """Which one: the id of the post, account or app, the host, or 'threads'."""
    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    cause: Diagnosis
    """The diagnosis."""
    opened_at: str | None
    """When it began. ISO 8601 in UTC, to the millisecond."""
    repaired_at: str | None
    """null: it is open. ISO 8601 in UTC, to the millisecond."""
    repaired_by: str | None
    """reconnect, recheck, edit, time or person."""
    checks: int
    """How often it was rechecked."""
    checked_at: str | None
    """When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond."""
    next_check_at: str | None
    """When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond."""
    posts_waiting: int
    """How many posts of this workspace wait for it."""
    oldest_due_at: str | None
    """When the first of them is due. ISO 8601 in UTC, to the millisecond."""


class BlockerRead(TypedDict):
    """An open or repaired cause, with the posts that wait for it."""

    id: str
    """blk_ and 26 characters."""
    scope: str
    """What it holds: post, account, app, media_host or platform."""
    key: str
    """Which one: the id of the post, account or app, the host, or 'threads'."""
    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    cause: Diagnosis
    """The diagnosis."""
    opened_at: str | None
    """When it began. ISO 8601 in UTC, to the millisecond."""
    repaired_at: str | None
    """null: it is open. ISO 8601 in UTC, to the millisecond."""
    repaired_by: str | None
    """reconnect, recheck, edit, time or person."""
    checks: int
    """How often it was rechecked."""
    checked_at: str | None
    """When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond."""
    next_check_at: str | None
    """When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond."""
    posts_waiting: int
    """How many posts of this workspace wait for it."""
    oldest_due_at: str | None
    """When the first of them is due. ISO 8601 in UTC, to the millisecond."""
    would: PostsOfARepair
    """What its repair would publish, and what it would hold as too late."""


class Blockers(TypedDict):
    """A page of causes."""

    data: list[Blocker]
    """The entries of this page."""
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class Bucket(TypedDict):
    """How much of one of Threads' limits is used."""

    used: int | None
    """What Threads counts in its 24 hours; null: never asked."""
    total: int
    """What Threads allows in 24 hours."""
    here: int
    """What this server published in the window."""


class BulkIn(TypedDict):
    """Each post is read alone: one that is wrong does not hold the others up."""

    posts: list[BulkPostIn]
    """1 to 500 posts."""


class BulkItem(TypedDict):
    """What became of one post of many: the stored post, or why it was refused."""

    index: int
    """Its place in the request, from 0."""
    status: int
    """201: stored; 200: stored by an earlier request; else that of 'problem'."""
    post: NotRequired[Post | None]
    """The post as it is now."""
    problem: NotRequired[Problem | None]
    """Why it was refused; null: it was not."""


class Bulk(TypedDict):
    """What became of each post."""

    data: list[BulkItem]
    """One for each post, in the order sent."""
    accepted: int
    """How many were stored."""
    refused: int
    """How many were refused."""


class BulkPostIn(TypedDict):
    """One post of many."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    """Pictures and videos, at most 20; several make a carousel."""
    options: NotRequired[PostOptions | None]
    """Parameters of Threads; see PostOptions."""
    replies: NotRequired[list[PartIn] | None]
    """Further parts, each a reply to the one before."""
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
    """Words to find it by; at most 50 of 100 characters each."""
    account_id: str
    """The account that publishes it."""
    draft: NotRequired[bool | None]
    """Keep it until it is confirmed."""
    approval: NotRequired[bool | None]
    """Wait for somebody's approval before it is published."""
    hold_chain_on_warning: NotRequired[bool | None]
    """When any part of a chain has a warning, hold the whole of it until somebody approves, so that it does not break off behind its first parts. The workspace's option of this name holds when it is left out."""
    queue: NotRequired[bool | None]
    """Publish it in the next free slot of the account's queue."""
    idempotency_key: NotRequired[str | None]
    """This post's own Idempotency-Key."""


class CauseSent(TypedDict):
    """A diagnosis in few words."""

    pattern: str | None
    """Id of the pattern; 'unknown': none matched."""
    title: str | None
    """What happened, in one line."""
    lane: str | None
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str | None
    """What has to be done, in one word."""
    who: str | None
    """Who must act: owner, developer, operator, meta or nobody."""
    what_happened: str | None
    """What happened, in plain words."""
    next_step: str | None
    """The next step in plain words."""
    guide: str | None
    """Path of the guide page."""


class ChangeData(TypedDict):
    """What changed. Which fields there are depends on the type of the change."""

    post_id: NotRequired[str | None]
    """Of `post.*`."""
    account_id: NotRequired[str | None]
    """Of `post.*`, `account.*` and `threads.*`."""
    state: NotRequired[str | None]
    """Of `post.*`: the state that it is in now."""
    pattern: NotRequired[str | None]
    """Of `post.*` and `blocker.*`: the cause; null: nothing is wrong."""
    next: NotRequired[Next | None]
    """Of `post.*`: what happens next."""
    differs: NotRequired[list[DifferentPart] | None]
    """Of `post.*`: where it is not as asked."""
    part: NotRequired[int | None]
    """Of `post.differs`: the position of the part."""
    threads_id: NotRequired[str | None]
    """Of `post.differs`: the id of the part on Threads."""
    metadata: NotRequired[dict[str, Any] | None]
    """Of `post.*`: the post's own, as sent."""
    parts: NotRequired[list[PartSent] | None]
    """Of `post.*`: the post itself, then its replies, as now."""
    cause: NotRequired[CauseSent | None]
    """Of `post.*`: why it is not live; null: nothing is wrong."""
    due_at: NotRequired[str | None]
    """Of `post.at_risk`: when it is due, ISO 8601 in UTC."""
    blocker_id: NotRequired[str | None]
    """Of `blocker.*`, `platform.*` and `post.at_risk`."""
    scope: NotRequired[str | None]
    """Of `blocker.*`: post, account, app, media_host or platform."""
    key: NotRequired[str | None]
    """Of `blocker.*`: which post, account, app or host."""
    action: NotRequired[str | None]
    """Of `blocker.opened`: what has to be done."""
    by: NotRequired[str | None]
    """Of `blocker.repaired`: who or what repaired it."""
    webhook_id: NotRequired[str | None]
    """Of `webhook.paused`."""
    why: NotRequired[str | None]
    """Of `webhook.paused`."""
    what_now: NotRequired[str | None]
    """Of `webhook.paused`: what to do."""
    field: NotRequired[str | None]
    """Of `threads.*`: the field of Meta's webhook."""
    value: NotRequired[Any]
    """Of `threads.*`: Meta's value, without secrets."""


class Change(TypedDict):
    """One event: the same here, in the stream and in webhooks."""

    id: int
    """Its number; grows. What Last-Event-ID takes."""
    type: str
    """Such as post.published."""
    subject: str
    """The id of what changed."""
    at: str | None
    """When it happened, ISO 8601 in UTC."""
    timestamp: str | None
    """The same as 'at', by the name that Standard Webhooks gives it. ISO 8601 in UTC, to the millisecond."""
    data: ChangeData
    """What changed."""


class CommentIn(TypedDict):
    """A comment on a post."""

    text: str
    """1 to 4000 characters."""


class Comment(TypedDict):
    """A comment on a post."""

    id: int
    """Its number; grows."""
    author: str
    """An email address, or the id of a key."""
    text: str
    """The text."""
    at: str | None
    """ISO 8601 in UTC."""


class Comments(TypedDict):
    """The comments on a post."""

    data: list[Comment]
    """The newest 200, oldest first."""


class ConnectIn(TypedDict):
    """How a link to connect is made."""

    return_url: NotRequired[str | None]
    """Where the person goes afterwards; must be on the allow-list."""
    scopes: NotRequired[list[str] | None]
    """Permissions that are asked for; by default those that publishing needs."""
    expires_in_s: NotRequired[float | None]
    """Seconds until the link ends, 60 to 2592000 (30 days)."""


class DayInsights(TypedDict):
    """As last read on a day."""

    views: int | None
    """How many views Threads counts; null: it did not say."""
    likes: int | None
    """How many likes Threads counts; null: it did not say."""
    replies: int | None
    """How many replies Threads counts; null: it did not say."""
    reposts: int | None
    """How many reposts Threads counts; null: it did not say."""
    quotes: int | None
    """How many quotes Threads counts; null: it did not say."""
    shares: int | None
    """How many shares Threads counts; null: it did not say."""
    day: str
    """In UTC, such as '2026-11-30'."""
    read_at: str | None
    """ISO 8601 in UTC, to the millisecond"""


class Delivery(TypedDict):
    """One change sent to one address. Times are ISO 8601 in UTC."""

    id: str
    """dlv_ and 26 characters; the receiver sees it as webhook-id."""
    webhook_id: str
    """The webhook: whk_ and 26 characters."""
    type: str
    """The event."""
    state: str
    """due, delivered, or given_up."""
    attempts: int
    """How often it was tried."""
    next_at: str | None
    """When it is tried next. ISO 8601 in UTC, to the millisecond."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    delivered_at: str | None
    """When a 2xx came; null: none did. ISO 8601 in UTC, to the millisecond."""
    history: list[Try]
    """The tries, oldest first."""
    payload: str
    """The body as it is sent."""


class DeliveryPage(TypedDict):
    """A page of deliveries."""

    data: list[Delivery]
    """The entries of this page."""
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class DeliveryQueued(TypedDict):
    """A delivery that is sent now."""

    delivery_id: str
    """The delivery: dlv_ and 26 characters."""


class DiagnoseIn(TypedDict):
    """One failure. Everything may be left out but some trace of the answer; a bare answer of Meta's is taken too. It is not read with this: whatever comes is diagnosed, and what cannot be is answered as such."""

    id: NotRequired[str | None]
    """Yours; given back with the diagnosis."""
    surface: NotRequired[str | None]
    """Which API of Meta answered: threads, instagram or facebook."""
    stage: NotRequired[str | None]
    """Which call was answered: oauth, token_refresh, create_container, container_status, publish, verify or read."""
    http_status: NotRequired[int | None]
    """HTTP status of the answer."""
    headers: NotRequired[dict[str, str] | None]
    """Headers of the answer, by name."""
    body: NotRequired[Any]
    """Body of the answer: JSON or text."""
    exception: NotRequired[str | None]
    """What your HTTP client raised, when there was no answer."""
    context: NotRequired[dict[str, Any] | None]
    """Facts about the situation, by name; an unknown one is refused."""


class Diagnosis(TypedDict):
    """A pattern applied to a failure: why it failed, what to do now, who does it, whether a retry can work."""

    id: NotRequired[str | None]
    """The id that was sent with a failure to diagnose."""
    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    title: str
    """What happened, in one line."""
    category: str
    """The chapter of the guide that it stands in."""
    lane: str
    """How Treadle deals with it."""
    action: str
    """What has to be done."""
    action_label: str
    """The same in plain words."""
    retry: Retry
    """Whether a retry can work, when and how often."""
    who: str
    """Who must act: owner, developer, operator, meta or nobody."""
    confidence: str
    """How sure it is: exact, likely or guess."""
    what_happened: str
    """What happened, in plain words."""
    next_step: str
    """The next step in plain words."""
    next_step_developer: NotRequired[str | None]
    """The same for a developer; empty: no other."""
    owner_step: NotRequired[str | None]
    """The same for the owner of the profile, of an answer diagnosed."""
    treadle_does: str
    """What Treadle does about it."""
    plan: NotRequired[list[str] | None]
    """The steps in order when one answer has several causes."""
    decides: NotRequired[list[str] | None]
    """Facts that would tell the possible causes apart."""
    scope: NotRequired[str | None]
    """What it holds: post, account, app, media_host or platform."""
    surface: NotRequired[str | None]
    """Which API of Meta answered."""
    stage: NotRequired[str | None]
    """The stage in which it happened."""
    guide: str
    """Path of the guide page."""
    matched: list[str]
    """What in the answer matched."""
    raw: NotRequired[Any]
    """The answer as it came, secrets removed."""


class Difference(TypedDict):
    """One thing in which a live post is not as asked."""

    field: str
    """Named as it was asked for."""
    asked: str
    """What was asked for."""
    live: str
    """As Threads returns it; empty: it returns nothing."""


class DifferentPart(TypedDict):
    """One thing in which a published part is not as asked."""

    field: str
    """Named as it was asked for."""
    asked: str
    """What was asked for."""
    live: str
    """As Threads returns it; empty: it returns nothing."""
    part: int
    """Its position: 0 for the post itself, then its replies in order."""
    pattern: NotRequired[str | None]
    """Id of the pattern that explains it."""
    lane: NotRequired[str | None]
    """The lane of that pattern."""


class EndOfExport(TypedDict):
    """The last line of a whole export."""

    complete: Literal[True]
    """true: the export is whole."""


class EventData(TypedDict):
    """What the event is about: the fields of its change."""


class EventKind(TypedDict):
    """One kind of event that a webhook can take."""

    type: str
    """Its type, such as post.published."""
    meaning: str
    """What has happened when it is sent."""


class EventKinds(TypedDict):
    """Every kind of event."""

    data: list[EventKind]
    """The entries of this page."""


class Event(TypedDict):
    """One entry of a post's timeline."""

    id: int
    """Its number; 0: a call that is under way; it gets its id when it has ended."""
    part: int | None
    """Position of the part; null: the post as a whole."""
    attempt: int
    """Which run of the post it belongs to, from 1."""
    stage: str
    """Where it is on its way: preflight, media, create_container, container_status, publish or verify."""
    kind: str
    """What kind of entry: call, wait, decision, edit, state and others."""
    what: str
    """What was done, in plain words."""
    started_at: str
    """ISO 8601 in UTC, to the millisecond"""
    duration_s: float | None
    """Seconds; null: it took no time."""
    outcome: str | None
    """How it ended: ok, refused, not_sent, lost or interrupted; null: it is not over."""
    request: NotRequired[Any]
    """What was sent to Threads, secrets removed."""
    answer: NotRequired[Any]
    """What Threads answered, secrets removed."""
    diagnosis: NotRequired[Diagnosis | None]
    """What the answer means; null: it was no failure."""
    decision: NotRequired[str | None]
    """What was decided, in plain words."""


class Events(TypedDict):
    """The timeline of a post."""

    data: list[Event]
    """The entries of this page."""


class ExportLine(TypedDict):
    """One thing of the workspace; `type` says what `data` is."""

    type: str
    """workspace, account, connect_link, media, blocker, webhook, webhook_delivery, key, user, member, login_link, queue, import, comment, idempotency_key, alert, audit, change, post or end."""
    data: (
        Workspace
        | ExportedPost
        | EndOfExport
        | ExportedRow
        | ExportedAccount
        | ExportedConnectLink
        | ExportedMedia
        | ExportedBlocker
        | ExportedWebhook
        | ExportedWebhookDelivery
        | ExportedKey
        | ExportedUser
        | ExportedMember
        | ExportedLoginLink
        | ExportedQueue
        | ExportedImport
        | ExportedComment
        | ExportedIdempotencyKey
        | ExportedAlert
        | ExportedAudit
        | ExportedChange
        | None
    )
    """The thing itself."""


class ExportedAccount(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    threads_user_id: str
    """The profile's id on Threads."""
    username: str
    """The profile's name on Threads, without '@'."""
    name: str
    """What people call it."""
    picture_url: str | None
    """The profile's picture at Meta; such addresses expire."""
    profile: Any
    """What Threads tells of the profile."""
    app_id: str
    """Id of the Meta app that it was connected with."""
    token_issued_at: str | None
    """When the access token was given out. ISO 8601 in UTC, to the millisecond."""
    token_expires_at: str | None
    """When the access token ends. ISO 8601 in UTC, to the millisecond."""
    token_expiry_assumed: bool
    """true: Threads did not say when it ends; 60 days are assumed."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it. ISO 8601 in UTC, to the millisecond."""
    scopes: Any
    """Permissions by name."""
    scopes_confirmed: bool
    """false: asked for, and Threads does not say which were granted."""
    health: str
    """One of active, expiring, reconnect, checkpoint, restricted, limited, lacking and others."""
    health_cause: Any
    """The diagnosis that decided the health; null while it works."""
    health_at: str | None
    """Since when the health is what it is. ISO 8601 in UTC, to the millisecond."""
    checked_at: str | None
    """When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be. ISO 8601 in UTC, to the millisecond."""
    refresh_attempts: int
    """How often renewing the token failed in a row."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    quota: Any
    """What Threads counts and allows."""
    quota_until: float | None
    """No publish before then, in seconds since 1970 (UTC); null: no limit is met."""
    learned: Any
    """What Threads has shown of the profile."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    updated_at: str
    """When anything of it changed last. ISO 8601 in UTC, to the millisecond."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not. ISO 8601 in UTC, to the millisecond."""


class ExportedAlert(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    """Its number; grows."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    kind: str
    """Which kind it is."""
    key: str
    """Which one: an id, a host, or a name."""
    detail: Any
    """More about it, by name."""
    raised_at: str
    """When its cause was seen. ISO 8601 in UTC, to the millisecond."""
    sent_at: str | None
    """When it was sent; null: not yet. ISO 8601 in UTC, to the millisecond."""


class ExportedAudit(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    """Its number; grows."""
    workspace_id: str | None
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    actor: str
    """Who did it: key_..., usr_..., cli, treadle, meta, link or setup."""
    action: str
    """What was done, such as key.revoked."""
    subject: str | None
    """Id of what it is about."""
    detail: Any
    """More about it, by name."""
    at: str
    """When it happened. ISO 8601 in UTC, to the millisecond."""


class ExportedBlocker(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str | None
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    scope: str
    """What it holds: post, account, app, media_host or platform."""
    key: str
    """Which one: an id, a host, or a name."""
    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    cause: Any
    """The diagnosis; null: nothing is wrong."""
    opened_at: str
    """When it began. ISO 8601 in UTC, to the millisecond."""
    repaired_at: str | None
    """When it was repaired; null: it is open. ISO 8601 in UTC, to the millisecond."""
    repaired_by: str | None
    """What shows that it is repaired."""
    checks: int
    """How often it was looked at again."""
    checked_at: str | None
    """When it was last looked at; null: never. ISO 8601 in UTC, to the millisecond."""
    next_check_at: str | None
    """When it is looked at next; null: only when somebody asks. ISO 8601 in UTC, to the millisecond."""
    probe_post_id: str | None
    """The post that is published first, to see whether the cause is over; null: none."""


class ExportedChange(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    """Its number; grows."""
    workspace_id: str | None
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    type: str
    """Its type, such as post.published."""
    subject: str
    """Id of what it is about."""
    payload: Any
    """What it carries."""
    at: str
    """When it happened. ISO 8601 in UTC, to the millisecond."""


class ExportedComment(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    """Its number; grows."""
    post_id: str
    """The post: pst_ and 26 characters."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    author: str
    """An email address, or the id of a key."""
    text: str
    """The text."""
    at: str
    """When it happened. ISO 8601 in UTC, to the millisecond."""


class ExportedConnectLink(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    account_id: str | None
    """The account: acc_ and 26 characters."""
    return_url: str | None
    """Where its owner goes after consenting; null: to our own page."""
    scopes: Any
    """Permissions by name."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""
    opened_at: str | None
    """When its owner opened it; null: not yet. ISO 8601 in UTC, to the millisecond."""
    used_at: str | None
    """When it was used; null: not yet. ISO 8601 in UTC, to the millisecond."""
    outcome: Any
    """What came of it; null: nothing yet."""


class ExportedIdempotencyKey(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    key: str
    """The Idempotency-Key as it was sent."""
    status: int
    """The HTTP status that the first request was answered with."""
    post_ids: Any
    """Ids of the posts that it made."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""


class ExportedImport(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    name: str
    """What people call it."""
    held: bool
    """Whether its posts wait for the confirmation."""
    created_by: str
    """Who made it: the id of a person or of a key, or cli."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    confirmed_at: str | None
    """When somebody confirmed that the posts are paused elsewhere; null: not yet. ISO 8601 in UTC, to the millisecond."""


class ExportedKey(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    name: str
    """What people call it."""
    scopes: Any
    """read, write (includes read) or admin (includes both)."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str | None
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""
    last_used_at: str | None
    """When it was used last, to the minute; null: never. ISO 8601 in UTC, to the millisecond."""
    revoked_at: str | None
    """When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond."""


class ExportedLoginLink(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    kind: str
    """invite or reset."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    role: str | None
    """owner, admin, editor, author or viewer."""
    user_id: str | None
    """The person: usr_ and 26 characters."""
    created_by: str
    """Who made it: the id of a person or of a key, or cli."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""
    used_at: str | None
    """When it was used; null: not yet. ISO 8601 in UTC, to the millisecond."""
    revoked_at: str | None
    """When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond."""


class ExportedMedia(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    source_url: str | None
    """The address it was copied from, without its query."""
    stored: Any
    """Where the file is kept."""
    filename: str
    """As it was sent; may be empty."""
    content_type: str
    """Its media type."""
    size: int
    """Bytes."""
    sha256: str | None
    """Of its bytes, hexadecimal."""
    report: Any
    """Facts, findings and what would be repaired."""
    prepared: Any
    """Where the repaired file is kept; null: there is none."""
    used_by: str | None
    """The post it was made for; null: it was uploaded."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str | None
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""


class ExportedMember(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    user_id: str
    """The person: usr_ and 26 characters."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    role: str
    """owner, admin, editor, author or viewer."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""


class ExportedPost(TypedDict):
    """A post with its timeline."""

    id: str
    """Its id; never changes."""
    account_id: str
    """The account: acc_ and 26 characters."""
    username: str
    """Of the account, without '@'."""
    state: Literal[
        "draft",
        "scheduled",
        "publishing",
        "waiting",
        "retrying",
        "checking",
        "blocked",
        "held",
        "published",
        "failed",
        "canceled",
    ]
    """Its state in one word."""
    state_label: str
    """The state in plain words."""
    stage: str
    """Where it is on its way: preflight, media, create_container, container_status, publish or verify."""
    why: str | None
    """Why it is in this state, in plain words."""
    text: str
    """The text of its first part."""
    parts: list[Part]
    """The post itself, then its replies."""
    cause: Diagnosis | None
    """The diagnosis; null: nothing is wrong."""
    blocker_ids: list[str]
    """Open causes that it waits for."""
    next: Next | None
    """What happens next, and when; null: nothing until somebody acts."""
    publish_at: str | None
    """ISO 8601 in UTC, to the millisecond; null: as soon as possible."""
    publish_at_asked: str | None
    """As it was sent."""
    zone: NotRequired[str | None]
    """As it was sent."""
    due_at: str
    """ISO 8601 in UTC, to the millisecond"""
    max_lateness: float
    """Seconds after 'due_at' until it is not published without approval."""
    max_lateness_iso: str
    """The same as an ISO 8601 duration."""
    approval: str | None
    """'pending', 'approved', or null: it needs none."""
    attempt: int
    """1, and one more with each retry that somebody asked for."""
    metadata: dict[str, Any]
    """As sent."""
    labels: list[str]
    """As sent."""
    version: int
    """1, and one more with each edit."""
    created_at: str
    """ISO 8601 in UTC, to the millisecond"""
    updated_at: str
    """ISO 8601 in UTC, to the millisecond"""
    published_at: str | None
    """ISO 8601 in UTC, to the millisecond; null until all parts are live."""
    warnings: NotRequired[list[Finding] | None]
    """Only in the answer to its creation."""
    events: list[Event]
    """Its timeline, oldest first."""
    insights: list[PartInsights]
    """What Threads counted of its parts, day by day."""


class ExportedQueue(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    account_id: str
    """The account: acc_ and 26 characters."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    zone: str
    """A time zone of the IANA list."""
    slots: Any
    """Times of the week at which the queue publishes."""
    updated_at: str
    """When anything of it changed last. ISO 8601 in UTC, to the millisecond."""


class ExportedRow(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""


class ExportedUser(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    email: str
    """The email address that they log in with."""
    zone: str
    """A time zone of the IANA list."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    disabled_at: str | None
    """Since when they cannot log in; null: they can. ISO 8601 in UTC, to the millisecond."""


class ExportedWebhook(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    url: str
    """Where it is."""
    types: Any
    """Names of the events it takes; empty: all."""
    state: str
    """active, paused or failing."""
    failing_since: float | None
    """Since when nothing was taken, in seconds since 1970 (UTC); null: it works."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""


class ExportedWebhookDelivery(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    """Its id; never changes."""
    webhook_id: str
    """The webhook: whk_ and 26 characters."""
    workspace_id: str
    """The workspace: wsp_ and 26 characters, or wsp_default; null: the whole server."""
    change_id: int
    """The number of the change that is delivered; negative: a test."""
    type: str
    """Its type, such as post.published."""
    payload: str
    """The body as it is sent."""
    state: str
    """due, delivered, or given_up."""
    attempts: int
    """How often it was tried."""
    history: Any
    """The tries, oldest first."""
    next_at: str | None
    """When it is tried next; null: it is not. ISO 8601 in UTC, to the millisecond."""
    created_at: str
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    delivered_at: str | None
    """When a 2xx came; null: none did. ISO 8601 in UTC, to the millisecond."""


class FileFacts(TypedDict):
    """Facts of a file, as far as they were read."""

    kind: str
    """'image', 'video', 'audio' or 'unknown'."""
    container: NotRequired[str]
    """Such as 'mp4'."""
    size: NotRequired[int | None]
    """Bytes."""
    duration_s: NotRequired[float | None]
    """Seconds."""
    video: NotRequired[VideoFacts | None]
    """The main picture track, if there is one."""
    audio: NotRequired[AudioFacts | None]
    """The main sound track, if there is one."""
    image: NotRequired[ImageFacts | None]
    """The still picture, if it is one."""
    extra_tracks: NotRequired[int]
    """Tracks beside the main ones."""
    subtitles: NotRequired[int]
    """Tracks of subtitles."""
    index_first: NotRequired[bool | None]
    """Whether the index stands before the samples."""
    index_bytes: NotRequired[int]
    """Size of the index, bytes."""
    fragmented: NotRequired[bool]
    """Whether the file is made of fragments."""
    encrypted: NotRequired[bool]
    """Whether it is encrypted."""
    external_reference: NotRequired[bool]
    """Whether its samples lie in another file."""
    location: NotRequired[bool]
    """Of a video: whether a position is recorded in it."""
    location_track: NotRequired[bool]
    """Of a video: whether the position is in a track of its own."""
    device: NotRequired[bool]
    """Of a video: whether it holds the make or model of what took it."""
    complete: NotRequired[bool]
    """False: only the whole file allows a verdict."""
    guesses: NotRequired[list[str]]
    """Facts that are estimates."""
    problem: NotRequired[str | None]
    """Why it cannot be used: 'empty', 'not_media', 'truncated', 'malformed' or 'hostile'."""
    detail: NotRequired[str]
    """More about the problem."""
    bytes_read: NotRequired[int]
    """Bytes read to find this out."""
    requests: NotRequired[int]
    """Requests made to find this out."""


class FileFinding(TypedDict):
    """One thing that is or may be wrong with a kept file."""

    code: str
    """Stable, such as 'frame_rate'."""
    severity: Literal["error", "repair", "remark"]
    """'error': somebody must act; 'repair': Treadle makes it right; 'remark': it stops nothing."""
    field: str
    """The fact that it is about, such as 'video.frame_rate'."""
    message: str
    """One or two sentences."""
    got: NotRequired[Any]
    """The value that was found."""
    limit: NotRequired[Any]
    """The value that it was compared with."""
    pattern: NotRequired[str]
    """Id of the pattern that explains it; empty: none."""
    fix: NotRequired[str]
    """The repair that removes it; 'reject': only you can."""
    basis: NotRequired[str]
    """The rule is 'documented' by Meta, 'seen', or 'folklore'."""


class FileReport(TypedDict):
    """What was read and found of a kept file, and what would be repaired."""

    source: str
    """The file or address, without its query."""
    ok: bool
    """Whether it can be published, as it is or after a repair."""
    kind: str
    """'image' or 'video' as Threads will see it; 'unknown': it could not be read."""
    size: NotRequired[int | None]
    """Bytes; null: not known."""
    findings: NotRequired[list[FileFinding]]
    """Worst first."""
    plan: NotRequired[RepairPlan | None]
    """What would be repaired."""
    probe: NotRequired[FileFacts | None]
    """Facts of the file; null: it was not reached."""
    fetch: NotRequired[AddressFacts | None]
    """Facts of the address; empty for an uploaded file."""


class Finding(TypedDict):
    """One rule that one field breaks."""

    field: str
    """Path into the request, such as 'media[2].alt_text'; empty: the request itself."""
    rule: str
    """Stable name of the rule."""
    severity: str
    """'error' stops the post; 'warning' and 'repair' do not."""
    message: str
    """What is wrong."""
    way_out: str
    """What to do."""
    given: NotRequired[Any]
    """The value that was sent, shortened to 300 characters."""
    limit: NotRequired[Any]
    """What it was compared with, in the unit that 'message' names."""
    pattern: NotRequired[str]
    """Id of the catalogue's pattern that explains it; empty: none."""
    guide: NotRequired[str | None]
    """Address of that pattern's guide page."""


class Hidden(TypedDict):
    """Whether a reply is hidden."""

    reply_id: str
    """Id of the reply on Threads."""
    hidden: bool
    """Whether the reply is hidden now."""
    message: str
    """What came of it, in plain words."""


class ImageFacts(TypedDict):
    """A still picture."""

    format: str
    """Such as 'jpeg'."""
    width: int
    """Pixels as stored."""
    height: int
    """Pixels as stored."""
    bit_depth: NotRequired[int | None]
    """Bits per sample."""
    colour: NotRequired[str | None]
    """'grey', 'rgb', 'palette' or 'cmyk'."""
    alpha: NotRequired[bool | None]
    """Whether it has transparency."""
    orientation: NotRequired[int]
    """EXIF's, 1 to 8."""
    profile: NotRequired[str]
    """Name of the embedded color profile; empty: none."""
    animated: NotRequired[bool | None]
    """Whether it moves."""
    location: NotRequired[bool]
    """Whether its notes (EXIF, XMP) hold a position."""
    device: NotRequired[bool]
    """Whether its notes hold the make or model of what took it."""


class ImportIn(TypedDict):
    """Posts of another scheduler, as CSV."""

    csv: str
    """The file, in UTF-8, with a header. At most 2000 rows and 4 MB."""
    mapping: NotRequired[dict[str, int] | None]
    """Column by what it holds, counted from 0; by default guessed from the header."""
    account_id: NotRequired[str | None]
    """For rows without an account."""
    zone: NotRequired[str | None]
    """Of times without one; UTC by default."""
    dates: NotRequired[Literal["ymd", "mdy", "dmy"] | None]
    """Order of dates that are not ISO 8601."""
    held: NotRequired[bool | None]
    """False: the posts are scheduled nowhere else."""
    name: NotRequired[str | None]
    """What people call the import; the first 200 characters are kept."""
    dry_run: NotRequired[bool | None]
    """True by default: nothing is stored."""


class Import(TypedDict):
    """An import. Times are ISO 8601 in UTC."""

    id: str
    """imp_ and 26 characters."""
    name: str
    """What people call it."""
    held: bool
    """Whether its posts wait for the confirmation."""
    created_by: str
    """Who made it: the id of a person or of a key, or cli."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    confirmed_at: str | None
    """When somebody confirmed that the posts are paused elsewhere; null: not yet. ISO 8601 in UTC, to the millisecond."""
    posts: dict[str, int]
    """How many of its posts are in each state."""


ImportReport = TypedDict(
    "ImportReport",
    {
        "dry_run": "bool",
        "header": "list[str]",
        "mapping": "dict[str, int]",
        "data": "list[ImportedRow]",
        "counts": "dict[str, int]",
        "not_compared": "list[str]",
        "import": "Import | None",
    },
)
"""What an import did, or would do."""


class ImportedRow(TypedDict):
    """What becomes, or would become, of one row."""

    row: int
    """Its number, 1 for the first below the header."""
    verdict: str
    """new, already_here, live (on Threads already) or refused."""
    text: str
    """Its text, as it was read."""
    publish_at: str | None
    """ISO 8601 in UTC; null: as soon as possible."""
    account_id: str
    """The account: acc_ and 26 characters."""
    post_id: str | None
    """The post it was stored as, now or before."""
    permalink: str | None
    """Of one that is live."""
    findings: list[Finding]
    """What is wrong with it."""


class Imports(TypedDict):
    """All imports of the workspace."""

    data: list[Import]
    """The entries of this page."""


class Insights(TypedDict):
    """What Threads counts of a post. Views are estimates of Threads' own."""

    post_id: str
    """The post: pst_ and 26 characters."""
    total: Numbers | None
    """The newest figures, of all parts together; null: never read yet."""
    read_at: str | None
    """When they were last read: ISO 8601 in UTC, to the millisecond."""
    parts: list[PartInsights]
    """Parts with figures."""
    why: str | None
    """Why figures are missing or old, in one sentence; null: nothing is wrong."""
    cause: Diagnosis | None
    """Threads' refusal, if the owner of the account must act."""


class InviteIn(TypedDict):
    """An invitation to join."""

    role: Literal["viewer", "author", "editor", "admin", "owner"]
    """owner, admin, editor, author or viewer."""


class Invite(TypedDict):
    """An invitation that still works."""

    id: str
    """inv_ and 26 characters."""
    role: str
    """owner, admin, editor, author or viewer."""
    created_by: str
    """Who made it: the id of a person or of a key, or cli."""
    created_at: str | None
    """ISO 8601 in UTC."""
    expires_at: str | None
    """ISO 8601 in UTC."""


class Invites(TypedDict):
    """All open invitations."""

    data: list[Invite]
    """The entries of this page."""


class KeyIn(TypedDict):
    """What a new key may do."""

    name: NotRequired[str | None]
    """What the key is for; at most 200 characters."""
    scopes: NotRequired[list[str] | None]
    """read, write (includes read) or admin (includes both); by default write."""
    expires_at: NotRequired[str | None]
    """When the key ends: ISO 8601, with an offset. Left out: never."""


class KeyMade(TypedDict):
    """A new key, with its secret."""

    id: str
    """key_ and 26 characters."""
    name: str
    """What it is for."""
    prefix: str
    """Its first characters, to tell keys apart."""
    scopes: list[str]
    """read, write (includes read) or admin (includes both)."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str | None
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""
    last_used_at: str | None
    """To the minute; null: never used. ISO 8601 in UTC, to the millisecond."""
    revoked_at: str | None
    """When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond."""
    key: str
    """The key itself; shown this once."""


class Key(TypedDict):
    """An API key without its secret. Times are ISO 8601 in UTC."""

    id: str
    """key_ and 26 characters."""
    name: str
    """What it is for."""
    prefix: str
    """Its first characters, to tell keys apart."""
    scopes: list[str]
    """read, write (includes read) or admin (includes both)."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    expires_at: str | None
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""
    last_used_at: str | None
    """To the minute; null: never used. ISO 8601 in UTC, to the millisecond."""
    revoked_at: str | None
    """When it was revoked; null: it was not. ISO 8601 in UTC, to the millisecond."""


class Keys(TypedDict):
    """All keys of the workspace."""

    data: list[Key]
    """The entries of this page."""


class LinkMade(TypedDict):
    """A link that works once; shown this once."""

    id: str
    """Its id; never changes."""
    url: str
    """Give it to the person; whoever has it can use it."""
    role: str | None
    """Of an invitation."""
    expires_at: str | None
    """ISO 8601 in UTC."""


class Link(TypedDict):
    """A link to connect an account with."""

    id: str
    """lnk_ and 26 characters."""
    url: str
    """For the account's owner; shown this once, good for one connection."""
    expires_at: str | None
    """When it ends; null: never. ISO 8601 in UTC, to the millisecond."""


class Live(TypedDict):
    """What Threads shows of a published part, compared with what was asked."""

    checked: list[str]
    """What was compared."""
    differs: list[Difference]
    """What two readings showed to differ. Nothing is sent again."""
    not_checked: list[str]
    """What Threads did not return, or has not been asked for yet."""
    remarks: list[Difference]
    """Texts that read differently without being cut."""


class LivePart(TypedDict):
    """A part that is live."""

    part: int
    """Its position."""
    threads_id: str | None
    """Id on Threads."""
    permalink: str | None
    """Address on Threads."""


class MediaFinding(TypedDict):
    """A finding of the check of a file."""

    field: str
    """Path into the request, such as 'media[2].alt_text'; empty: the request itself."""
    rule: str
    """Stable name of the rule."""
    severity: str
    """'error' stops the post; 'warning' and 'repair' do not."""
    message: str
    """What is wrong."""
    way_out: str
    """What to do."""
    given: NotRequired[Any]
    """The value that was sent, shortened to 300 characters."""
    limit: NotRequired[Any]
    """What it was compared with, in the unit that 'message' names."""
    pattern: NotRequired[str]
    """Id of the catalogue's pattern that explains it; empty: none."""
    guide: NotRequired[str | None]
    """Address of that pattern's guide page."""
    fix: NotRequired[str | None]
    """The repair that removes it, 'none', or 'reject': only you can."""
    basis: NotRequired[str | None]
    """The rule is 'documented' by Meta, 'seen', or 'folklore'."""
    who: NotRequired[str | None]
    """Who has to act, as its pattern says: operator is whoever runs this server; null: no pattern."""


class MediaIn(TypedDict):
    """A picture or a video: the address of one, or the id of an uploaded file."""

    url: NotRequired[str | None]
    """A public address Threads can fetch."""
    id: NotRequired[str | None]
    """An uploaded file (POST /v1/media)."""
    alt_text: NotRequired[str | None]
    """A description for people who cannot see it; at most 1000 characters."""
    type: NotRequired[Literal["image", "video"] | None]
    """Leave it out: the file tells."""
    spoiler: NotRequired[bool | None]
    """Hidden until it is tapped."""


class Media(TypedDict):
    """A kept file."""

    id: str
    """Its id; never changes."""
    filename: str
    """As it was sent; may be empty."""
    content_type: str
    """Its media type."""
    size: int
    """Bytes."""
    sha256: str | None
    """Of its bytes, hexadecimal."""
    kind: str | None
    """'image' or 'video' as Threads will see it; 'unknown': it could not be read."""
    ok: bool | None
    """Whether it can be published, as it is or after a repair."""
    report: FileReport | None
    """Facts, findings and what would be repaired."""
    prepared: PreparedFile | None
    """The repaired file, if one was made."""
    job: RepairJob | None
    """The last repair."""
    url: str | None
    """Where Threads can fetch it."""
    source_url: str | None
    """The address it was copied from, without its query."""
    used_by: str | None
    """The post it was made for; null: it was uploaded."""
    created_at: str
    """ISO 8601 in UTC, to the millisecond"""
    expires_at: str | None
    """Until when it is kept if no post uses it, ISO 8601 in UTC, to the millisecond; null: for 30 days after it was made. A file that posts use stays until 90 days after the last of them is finished, one with 'used_by' 7 days."""


class MediaPage(TypedDict):
    """A page of files."""

    data: list[Media]
    """The entries of this page."""
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


MediaSwap = TypedDict("MediaSwap", {"from": "str", "to": "str"})
"""A file, and what takes its place."""


class MediaUrlIn(TypedDict):
    """Where a file is copied from."""

    url: str
    """An http or https address that a file is copied from."""


class Medium(TypedDict):
    """What the check of one medium of a post found."""

    field: str
    """The medium's path in the request, such as 'replies[0].media[2]'."""
    source: str
    """The file or address, without its query."""
    ok: bool
    """Whether the file can be published, as it is or after a repair. A fault of this server's set-up is not the file's: it is among 'findings', with 'who' operator, and stops the post."""
    kind: str
    """'image' or 'video' as Threads will see it; 'unknown': it could not be read."""
    size: int | None
    """Bytes; null: not known."""
    findings: list[MediaFinding]
    """What is wrong with it."""
    plan: RepairPlan
    """What Treadle would repair."""
    probe: FileFacts | None
    """Facts of the file."""
    fetch: AddressFacts
    """Facts of the address; empty for an uploaded file."""


class MoveIn(TypedDict):
    """When the post is published instead."""

    to: str
    """ISO 8601, with an offset."""


class Next(TypedDict):
    """What happens next, and when."""

    what: str
    """What happens next, in plain words."""
    at: str | None
    """When, ISO 8601 in UTC, to the millisecond; null: when something else ends."""


class Numbers(TypedDict):
    """Since it was published. Null: Threads did not say."""

    views: int | None
    """How many views Threads counts; null: it did not say."""
    likes: int | None
    """How many likes Threads counts; null: it did not say."""
    replies: int | None
    """How many replies Threads counts; null: it did not say."""
    reposts: int | None
    """How many reposts Threads counts; null: it did not say."""
    quotes: int | None
    """How many quotes Threads counts; null: it did not say."""
    shares: int | None
    """How many shares Threads counts; null: it did not say."""


class PartIn(TypedDict):
    """A further part of a chain; it replies to the part before it."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    """Pictures and videos, at most 20; several make a carousel."""
    options: NotRequired[PostOptions | None]
    """Parameters of Threads; see PostOptions."""


class PartInsights(TypedDict):
    """The figures of one part."""

    position: int
    """0 for the post itself, then its replies in order."""
    threads_id: str | None
    """Id of the live post on Threads."""
    days: list[DayInsights]
    """One for each day on which it was read, oldest first."""


class Part(TypedDict):
    """One part of a post: the post itself, or a reply to the part before it."""

    id: str
    """Its id; never changes."""
    position: int
    """0 for the post itself, then its replies in order."""
    state: Literal[
        "pending",
        "preparing",
        "creating",
        "waiting",
        "ready",
        "publishing",
        "checking",
        "published",
        "failed",
        "canceled",
    ]
    """The part's state."""
    kind: str
    """The container's kind: TEXT, IMAGE, VIDEO or CAROUSEL."""
    text: str
    """The text of the part; at most 500 of what Threads counts as characters."""
    media: list[dict[str, Any]]
    """As sent."""
    options: dict[str, Any]
    """As sent."""
    container_id: str | None
    """Meta's id of its present container."""
    container_status: str | None
    """Meta's last word on it."""
    container_made_at: str | None
    """ISO 8601 in UTC, to the millisecond"""
    sends: int
    """How often its present container was sent for publishing."""
    unclear: bool
    """Whether an answer to a publish was unclear."""
    threads_id: str | None
    """Id of the live post on Threads."""
    permalink: str | None
    """Address of the live post on Threads."""
    published_at: str | None
    """ISO 8601 in UTC, to the millisecond"""
    live: Live | None
    """Null until it is published."""
    cause: Diagnosis | None
    """Why it is not live, or not as asked, when something is wrong."""


class PartSent(TypedDict):
    """A part of the post."""

    position: int
    """0 for the post itself, then its replies in order."""
    threads_id: str | None
    """Id of the live post on Threads."""
    permalink: str | None
    """Address of the live post on Threads."""


class PatchIn(TypedDict):
    """A change of a post. Fields left out stay as they are."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    """Pictures and videos, at most 20; several make a carousel."""
    options: NotRequired[PostOptions | None]
    """Parameters of Threads; see PostOptions."""
    replies: NotRequired[list[PartIn] | None]
    """Further parts, each a reply to the one before."""
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
    """Words to find it by; at most 50 of 100 characters each."""
    account_id: NotRequired[str | None]
    """The account: acc_ and 26 characters."""


class Pattern(TypedDict):
    """A pattern of the catalogue, whole."""

    id: str
    """The pattern's id; never changes."""
    public_name: str
    """Its name in addresses of the guide."""
    title: str
    """What happened, in one line."""
    category: str
    """The chapter of the guide that it stands in."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    action_label: str
    """The same in plain words."""
    scope: str
    """What one such cause holds: post, account, app, media_host or platform."""
    who: str
    """Who acts."""
    retry: PatternRetry
    """Whether a retry can work, when and how often."""
    guide: str
    """The path of its page in the guide."""
    what_happened: str
    """What happened, in plain words."""
    owner: str
    """What the account's owner does."""
    developer: str
    """What a developer does."""
    treadle: str
    """What Treadle does."""
    repaired: str
    """How one sees that it is repaired."""
    repaired_by: list[str]
    """What shows that it is repaired."""
    look_alikes: dict[str, str]
    """Other patterns, and how to tell them apart."""
    examples: list[dict[str, Any]]
    """Answers that it matches, with what is found."""
    plan: list[str]
    """The steps in order when one answer has several causes."""
    checked: str
    """When it was last compared with Meta's answers, as a date."""


class PatternRetry(TypedDict):
    """Whether a retry can work, when and how often."""

    kind: str
    """never, later, new_container, verify_first or when_repaired."""
    after_s: float | None
    """Seconds until the first try again."""
    max_attempts: int
    """How many tries at most."""
    max_delay_s: float | None
    """The longest wait between two tries, in seconds."""
    then: str | None
    """What follows when the tries are used up."""


class PatternSummary(TypedDict):
    """One cause of the catalogue."""

    id: str
    """The pattern's id; never changes."""
    public_name: str
    """Its name in addresses of the guide."""
    title: str
    """What happened, in one line."""
    category: str
    """The chapter of the guide that it stands in."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    action_label: str
    """The same in plain words."""
    scope: str
    """What one such cause holds: post, account, app, media_host or platform."""
    who: str
    """Who acts."""
    retry: PatternRetry
    """Whether a retry can work, when and how often."""
    guide: str
    """The path of its page in the guide."""


class Patterns(TypedDict):
    """The patterns of the catalogue."""

    data: list[PatternSummary]
    """The entries of this page."""
    checked: str
    """When the catalogue was last checked, as a date."""


class PauseIn(TypedDict):
    """Whether an account is paused."""

    paused: bool
    """true: nothing is sent to the account until it is resumed."""


class People(TypedDict):
    """Everybody who is a member."""

    data: list[Person]
    """The entries of this page."""


class Person(TypedDict):
    """Somebody who can log in to the pages of this workspace. Times are ISO 8601 in UTC."""

    id: str
    """usr_ and 26 characters."""
    email: str
    """The email address that they log in with."""
    role: str
    """owner, admin, editor, author or viewer."""
    zone: str
    """Their time zone; UTC: that of their browser."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    disabled_at: str | None
    """Since when they cannot log in; null: they can. ISO 8601 in UTC, to the millisecond."""
    last_login_at: str | None
    """Null: never. ISO 8601 in UTC, to the millisecond."""
    sessions: int
    """In how many browsers they are logged in."""
    keys: list[str]
    """Ids of active API keys that they created."""


class PersonPatch(TypedDict):
    """What changes about a person."""

    role: NotRequired[str | None]
    """owner, admin, editor, author or viewer."""
    disabled: NotRequired[bool | None]
    """true: they cannot log in."""


class PostEventData(TypedDict):
    """Of an event of a post: what changed, and how the post is now."""

    post_id: str
    """pst_ and 26 characters."""
    account_id: NotRequired[str | None]
    """acc_ and 26 characters."""
    state: NotRequired[str | None]
    """The state it entered; see the states of a post."""
    pattern: NotRequired[str | None]
    """Id of the pattern of what went wrong; null: nothing did."""
    next: NotRequired[dict[str, Any] | None]
    """What happens next, and when: 'what' and 'at'."""
    part: NotRequired[int | None]
    """post.differs: position of the part; 0 is the post itself."""
    threads_id: NotRequired[str | None]
    """post.differs: id of the live post on Threads."""
    differs: NotRequired[list[dict[str, Any]] | None]
    """What is live otherwise than asked: 'field', 'asked' and 'live' of each."""
    due_at: NotRequired[str | None]
    """post.at_risk: when it is due, ISO 8601 in UTC."""
    why: NotRequired[str | None]
    """post.at_risk: what it would run into."""
    blocker_id: NotRequired[str | None]
    """post.at_risk: the blocker it would wait behind."""
    metadata: dict[str, Any]
    """As sent."""
    parts: list[PartSent]
    """The post itself, then its replies."""
    cause: CauseSent | None
    """Why the post is not live; null: nothing is wrong."""


class PostFilter(TypedDict):
    """The filters of the list of posts; one or more."""

    state: NotRequired[list[str] | str | None]
    """In one of these states."""
    lane: NotRequired[list[str] | str | None]
    """Which kind of trouble: whose it is, and how it is repaired."""
    pattern: NotRequired[list[str] | str | None]
    """Id of the pattern; 'unknown': none matched."""
    account_id: NotRequired[str | None]
    """The account: acc_ and 26 characters."""
    label: NotRequired[str | None]
    """With this label."""
    q: NotRequired[str | None]
    """Words of the text."""
    blocker_id: NotRequired[str | None]
    """The open cause: blk_ and 26 characters."""
    due_from: NotRequired[str | None]
    """Due at or after this: ISO 8601, without an offset UTC."""
    due_to: NotRequired[str | None]
    """Due before this: ISO 8601, without an offset UTC."""


class PostIn(TypedDict):
    """A post, now or later, with its further parts."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    """Pictures and videos, at most 20; several make a carousel."""
    options: NotRequired[PostOptions | None]
    """Parameters of Threads; see PostOptions."""
    replies: NotRequired[list[PartIn] | None]
    """Further parts, each a reply to the one before."""
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
    """Words to find it by; at most 50 of 100 characters each."""
    account_id: str
    """The account that publishes it."""
    draft: NotRequired[bool | None]
    """Keep it until it is confirmed."""
    approval: NotRequired[bool | None]
    """Wait for somebody's approval before it is published."""
    hold_chain_on_warning: NotRequired[bool | None]
    """When any part of a chain has a warning, hold the whole of it until somebody approves, so that it does not break off behind its first parts. The workspace's option of this name holds when it is left out."""
    queue: NotRequired[bool | None]
    """Publish it in the next free slot of the account's queue."""


class PostOptions(TypedDict):
    """Threads' own parameter names."""

    topic_tag: NotRequired[str]
    """The topic of the post. 1 to 50 characters, none of them . or &."""
    text_entities: NotRequired[list[dict[str, Any]]]
    """Ranges of the text that are hidden until they are tapped. At most 10, counted in UTF-16 units."""
    link_attachment: NotRequired[str]
    """The link that is shown as a card; without it Threads shows the first link of the text. An http or https address. Only without media."""
    quote_post_id: NotRequired[str]
    """The post that is quoted, by its id on Threads. Digits, as text; empty is refused."""
    gif_attachment: NotRequired[dict[str, Any]]
    """A GIF, by its id at GIPHY (Tenor ended on 31 March 2026). provider: GIPHY. Only without media."""
    poll_attachment: NotRequired[dict[str, Any]]
    """A poll; a choice that is left empty is left out. 2 to 4 choices of 1 to 25 characters. Only without media."""
    text_attachment: NotRequired[dict[str, Any]]
    """A longer text that hangs on the post. In what unit its styled ranges count is not documented. At most 10000 characters. Only without media. Not with poll_attachment."""
    reply_control: NotRequired[
        Literal["everyone", "accounts_you_follow", "mentioned_only", "followers_only", "parent_post_author_only"]
    ]
    """Who may reply; everyone unless it is set. One of everyone, accounts_you_follow, mentioned_only, followers_only, parent_post_author_only."""
    allowlisted_country_codes: NotRequired[list[str]]
    """The only countries where the post is shown; the profile must be eligible for that. Codes of two letters (ISO 3166-1)."""
    reply_to_id: NotRequired[str]
    """The post that this one replies to, by its id on Threads. Whose root is another's, that needs the permission to search or to see mentions too. Digits, as text; empty is refused. Only on the first part."""
    enable_reply_approvals: NotRequired[bool]
    """Replies wait until they are approved. Not with is_ghost_post."""
    is_ghost_post: NotRequired[bool]
    """The post is archived after 24 hours. Only without media. Not on a reply. Not with reply_to_id."""
    alt_text: NotRequired[str]
    """The alternative text of the one medium of the post; several media have one each, beside their address. At most 1000 characters. Only with one medium."""
    is_spoiler_media: NotRequired[bool]
    """All media of the post are hidden until they are tapped. Only with media."""
    location_id: NotRequired[str]
    """The place, by the id that a search for places gives. Digits, as text. Needs threads_location_tagging."""
    crossreshare_to_ig: NotRequired[bool]
    """The post is shared to the story of the linked Instagram account as well; without one the story fails and the post is still published. Needs threads_share_to_instagram."""
    crossreshare_to_ig_dark_mode: NotRequired[bool]
    """The same with dark colors; either of the two shares the post. Needs threads_share_to_instagram."""
    on_too_long: NotRequired[Literal["refuse", "trim"]]
    """Read by Treadle: whether a video that is too long is refused or cut at the limit. One of refuse, trim."""
    copy_media: NotRequired[bool]
    """Read by Treadle: linked media are copied when the post is accepted."""
    extra: NotRequired[dict[str, Any]]
    """Parameters of Threads that this release does not know, passed as they are: not checked."""


class Post(TypedDict):
    """A post with its parts, the cause when something is wrong, and what happens next."""

    id: str
    """Its id; never changes."""
    account_id: str
    """The account: acc_ and 26 characters."""
    username: str
    """Of the account, without '@'."""
    state: Literal[
        "draft",
        "scheduled",
        "publishing",
        "waiting",
        "retrying",
        "checking",
        "blocked",
        "held",
        "published",
        "failed",
        "canceled",
    ]
    """The post's state."""
    state_label: str
    """The state in plain words."""
    stage: str
    """Where it is on its way: preflight, media, create_container, container_status, publish or verify."""
    why: str | None
    """Why it is in this state, in plain words."""
    text: str
    """The text of its first part."""
    parts: list[Part]
    """The post itself, then its replies."""
    cause: Diagnosis | None
    """The diagnosis; null: nothing is wrong."""
    blocker_ids: list[str]
    """Open causes that it waits for."""
    next: Next | None
    """What happens next, and when; null: nothing until somebody acts."""
    publish_at: str | None
    """ISO 8601 in UTC, to the millisecond; null: as soon as possible."""
    publish_at_asked: str | None
    """As it was sent."""
    zone: NotRequired[str | None]
    """As it was sent."""
    due_at: str
    """ISO 8601 in UTC, to the millisecond"""
    max_lateness: float
    """Seconds after 'due_at' until it is not published without approval."""
    max_lateness_iso: str
    """The same as an ISO 8601 duration."""
    approval: str | None
    """'pending', 'approved', or null: it needs none."""
    attempt: int
    """1, and one more with each retry that somebody asked for."""
    metadata: dict[str, Any]
    """As sent."""
    labels: list[str]
    """As sent."""
    version: int
    """1, and one more with each edit."""
    created_at: str
    """ISO 8601 in UTC, to the millisecond"""
    updated_at: str
    """ISO 8601 in UTC, to the millisecond"""
    published_at: str | None
    """ISO 8601 in UTC, to the millisecond; null until all parts are live."""
    warnings: NotRequired[list[Finding] | None]
    """Only in the answer to its creation."""


class PostPage(TypedDict):
    """A page of posts."""

    data: list[Post]
    """The entries of this page."""
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class PostsOfARepair(TypedDict):
    """Ids of the posts that a repair would publish, and of those it would hold as too late."""

    sends: list[str]
    """Ids of posts that a repair would publish."""
    holds: list[str]
    """Ids of posts that a repair would hold as too late."""


class Preflight(TypedDict):
    """Everything that is known of a post before it is sent."""

    ok: bool
    """Whether it can be published: no finding is an error, of the post or of a medium, and no medium is refused."""
    findings: list[Finding]
    """Of the request and the account; where media were not looked at, of this server's set-up for them."""
    media: list[Medium]
    """Of each medium that could be checked, at most 40."""
    account: AccountAhead | None
    """Null: the request names none of this workspace."""
    scopes: Scopes
    """The permissions that the post needs."""


class PreparedFile(TypedDict):
    """The repaired file."""

    id: str
    """Its id; it is kept as a file of its own."""
    summary: str
    """What was done, in one sentence."""
    size: int
    """Bytes."""
    report: NotRequired[FileReport | None]
    """What was read and found of the repaired file."""


class Problem(TypedDict):
    """A refusal (RFC 9457), with what belongs to its code as further fields."""

    type: str
    """Address of the page that explains it."""
    title: str
    """The kind of the problem, for people; the same for each 'code'."""
    status: int
    """The HTTP status; of one of many, as if it had been sent alone."""
    detail: str
    """What is wrong here, for people."""
    code: str
    """Stable, for programs."""
    way_out: str
    """What to do."""
    retryable: bool
    """Whether the same request, sent again later, can work although nobody changes anything."""
    who: str
    """Who has to act: developer, owner, operator, meta or nobody."""
    request_id: NotRequired[str | None]
    """The answer's Request-Id: quote it when you ask for help."""
    instance: NotRequired[str | None]
    """The address that was asked."""
    findings: NotRequired[list[Finding] | None]
    """Everything that is wrong with the request, at once."""


class QueueEntry(TypedDict):
    """A slot, or a post that is due at a time of its own."""

    at: str
    """When it is due. ISO 8601 in UTC, to the millisecond."""
    slot: bool
    """Whether this is one of the queue's slots."""
    post: Post | None
    """null: the slot is free."""


class QueueIn(TypedDict):
    """The queue of an account."""

    zone: str
    """The zone that the slots are times of: Europe/Berlin."""
    slots: list[SlotIn]
    """Times of the week at which the queue publishes."""


class Queue(TypedDict):
    """The queue of an account for the next 14 days, in order."""

    account_id: str
    """The account: acc_ and 26 characters."""
    zone: str
    """The zone that the slots are times of."""
    slots: list[Slot]
    """Times of the week at which the queue publishes."""
    paused: bool
    """Publishing to the account is paused: nothing of the queue is published."""
    next_free: str | None
    """Where the next post that is added goes; null: there is no free slot. ISO 8601 in UTC, to the millisecond."""
    entries: list[QueueEntry]
    """Posts and free slots, in the order in which they are due."""
    empty_days: list[str]
    """Days of the next 7 that have slots and no post."""


class QuotaKnown(TypedDict):
    """What is known of an account's publishing limit; what was never read is left out."""

    posts_used: NotRequired[int | None]
    """In 24 hours, as Threads counts."""
    posts_total: NotRequired[int | None]
    """What Threads allows in 24 hours."""
    replies_used: NotRequired[int | None]
    """How many replies of the last 24 hours Threads counts."""
    replies_total: NotRequired[int | None]
    """How many replies Threads allows in 24 hours."""
    at: str | None
    """When it was read. ISO 8601 in UTC, to the millisecond."""
    full_until: str | None
    """No publish before then. ISO 8601 in UTC, to the millisecond."""


class Quota(TypedDict):
    """How much an account may publish in a rolling 24 hours."""

    posts: Bucket
    """The posts of 24 hours."""
    replies: Bucket
    """The replies of 24 hours."""
    live: bool
    """Threads was asked now."""
    at: str | None
    """When Threads was asked last. ISO 8601 in UTC, to the millisecond."""
    full_until: str | None
    """No publish before then. ISO 8601 in UTC, to the millisecond."""


class Ready(TypedDict):
    """Whether it can do its work."""

    status: str
    """ready, or not ready."""
    checks: dict[str, str]
    """By name of what is needed: ok, or what is missing."""


class RecheckIn(TypedDict):
    """How a cause is looked at again."""

    preview: NotRequired[bool | None]
    """true: only say what a repair would send and hold."""


class Recheck(TypedDict):
    """What a look at the cause showed."""

    verdict: str | None
    """repaired, still, or unknown (one post goes first to see); null: a preview."""
    message: str
    """What came of it, in plain words."""
    released: list[str]
    """Ids of posts that are published now."""


class RecheckPreview(TypedDict):
    """What a repair would publish and hold."""

    verdict: str | None
    """repaired, still, or unknown (one post goes first to see); null: a preview."""
    message: str
    """What came of it, in plain words."""
    released: list[str]
    """Ids of posts that are published now."""
    sends: list[str]
    """Ids of posts that a repair would publish."""
    holds: list[str]
    """Ids of posts that a repair would hold as too late."""


class RepairIn(TypedDict):
    """How a file is repaired."""

    on_too_long: NotRequired[Literal["refuse", "trim"] | None]
    """refuse: say so; trim: cut the video at the limit."""


class RepairJob(TypedDict):
    """A repair, under way or ended. Which fields there are depends on `state`."""

    state: str
    """'running', 'done', 'failed' or 'canceled'."""
    began_at: NotRequired[str | None]
    """ISO 8601 in UTC."""
    step: NotRequired[str | None]
    """What is done now."""
    percent: NotRequired[float | None]
    """0 to 100."""
    speed: NotRequired[float | None]
    """Bytes, or seconds of the video, a second; null: not known."""
    left_s: NotRequired[float | None]
    """Seconds left; null: not known."""
    changed: NotRequired[bool | None]
    """Of a repair that is done: whether there is another file now."""
    summary: NotRequired[str | None]
    """What was done, in one sentence."""
    id: NotRequired[str | None]
    """The id of the repaired file."""
    findings: NotRequired[list[MediaFinding] | None]
    """Why a repair failed."""


class RepairPlan(TypedDict):
    """The least repair that removes everything that was found."""

    kind: str
    """'none', 'copy', 'patch', 'remux', 'trim', 'audio', 'video', 'full', 'image', or 'reject': only you can make it right."""
    words: NotRequired[str]
    """The same in one sentence."""
    video: NotRequired[str]
    """What happens to the picture: 'copy', 'encode' or 'drop'."""
    audio: NotRequired[str]
    """What happens to the sound: 'copy', 'encode' or 'drop'."""
    trim_to: NotRequired[float | None]
    """Seconds that are kept."""
    frame_rate: NotRequired[int | None]
    """The steady rate it gets, frames a second."""
    deinterlace: NotRequired[bool]
    """Whether it is deinterlaced."""
    max_width: NotRequired[int]
    """Pixels; what is wider is made smaller."""
    image: NotRequired[bool]
    """Whether it is a still picture."""
    animate: NotRequired[bool]
    """Whether a moving picture becomes a video."""
    inspect: NotRequired[bool]
    """Whether the whole file is read first."""
    reasons: NotRequired[list[str]]
    """Codes of the findings that it removes."""


class ReplaceIn(TypedDict):
    """Exact matches; the rest of the post stays."""

    media: NotRequired[MediaSwap | None]
    """A file's id (med_...) or an address, and what takes its place."""
    text: NotRequired[Swap | None]
    """Words in the text of any part."""
    link: NotRequired[Swap | None]
    """A link attachment; an empty 'to' takes it away."""


class Replies(TypedDict):
    """Replies to a post."""

    data: list[Reply]
    """Newest first, of every depth; parts of the post itself are left out."""
    more: bool
    """Whether there are older ones that were not read."""


class Reply(TypedDict):
    """A reply, as Threads shows it now."""

    id: str
    """On Threads; 'reply_to_id' of a post that answers it."""
    username: str
    """Who wrote it, without '@'; empty: Threads did not say."""
    text: str
    """The text."""
    at: str | None
    """When it was published, as Threads says it. ISO 8601 in UTC, to the millisecond."""
    permalink: str | None
    """Address of the live post on Threads."""
    media_type: str | None
    """TEXT_POST, IMAGE, VIDEO, CAROUSEL_ALBUM or AUDIO."""
    replied_to: str | None
    """Id of the post that it replies to."""
    hidden: bool
    """Whether Threads hides it."""
    own: bool
    """Whether the account wrote it."""
    can_hide: bool
    """Whether it can be hidden: Threads allows it for direct replies of others only."""


class ResolveIn(TypedDict):
    """One of these: the live post's id on Threads, its address, 'absent': nothing was published, or 'detached': what to do about a reply that is live, but not as a reply."""

    threads_id: NotRequired[str | None]
    """Id of the live post on Threads, 1 to 40 digits."""
    absent: NotRequired[bool | None]
    """true: nothing of it was published."""
    permalink: NotRequired[str | None]
    """Address of the live post on Threads."""
    detached: NotRequired[Literal["below_root", "stop", "send_again"] | None]
    """What becomes of the rest of a chain whose reply is live, but not as a reply."""


class Retry(TypedDict):
    """Whether and when trying again can work."""

    kind: str
    """never, later, new_container, verify_first or when_repaired."""
    after_s: float | None
    """Seconds until the first retry; null: not known."""
    max_attempts: int
    """Retries at most."""
    max_delay_s: NotRequired[float | None]
    """Seconds between two retries at most."""
    then: NotRequired[str | None]
    """What kind follows when these are used up."""
    hinted: NotRequired[bool]
    """Whether 'after_s' is Meta's own hint."""


class Scopes(TypedDict):
    """Permissions of Meta."""

    needed: list[str]
    """Without these Threads refuses the post."""
    missing: list[str]
    """Of these, what the account did not grant."""
    wanted: list[str]
    """What would make it safer, and was not granted."""


class Secret(TypedDict):
    """A new secret."""

    id: str
    """Its id; never changes."""
    secret: str
    """Shown this once."""


class SlotIn(TypedDict):
    """A time of the week."""

    weekday: str
    """mon, tue, wed, thu, fri, sat or sun."""
    time: str
    """Of the day in the queue's zone, from 00:00 to 23:59."""


class Slot(TypedDict):
    """A time of the week."""

    weekday: str
    """One of mon, tue, wed, thu, fri, sat, sun."""
    time: str
    """Of the day in the queue's zone, from 00:00 to 23:59."""


Swap = TypedDict("Swap", {"from": "str", "to": "str"})
"""What is replaced, and by what."""


class ThreadsEventData(TypedDict):
    """Of something that Threads told about an account."""

    account_id: str
    """acc_ and 26 characters."""
    field: str
    """The field of Meta's message, such as replies."""
    value: Any
    """What Meta sent, secrets removed; at most 8,000 characters."""


class Try(TypedDict):
    """One try to deliver."""

    at: str | None
    """When it happened. ISO 8601 in UTC, to the millisecond."""
    status: NotRequired[int | None]
    """HTTP status; null: nobody answered."""
    took_s: NotRequired[float | None]
    """Seconds."""
    answer: NotRequired[str | None]
    """The beginning of what was answered."""
    error: NotRequired[str | None]
    """Why nobody answered."""


class UnknownAnswer(TypedDict):
    """Answers of Meta that no pattern knows, of one shape."""

    shape: str
    """What all answers alike have in common."""
    count: int
    """How many there were."""
    first_at: str | None
    """When the first of them came. ISO 8601 in UTC, to the millisecond."""
    last_at: str | None
    """When the last of them came. ISO 8601 in UTC, to the millisecond."""
    sample: Any
    """One of them, without its secrets."""
    post_id: str | None
    """The post: pst_ and 26 characters."""


class UnknownAnswers(TypedDict):
    """Answers of Meta that no pattern knows."""

    data: list[UnknownAnswer]
    """The entries of this page."""


class Unpublished(TypedDict):
    """What was deleted from Threads."""

    message: str
    """What was done, in plain words."""
    post: Post
    """The post as it is now."""
    published_parts: NotRequired[list[LivePart] | None]
    """Of a canceled post: what is live and stays."""
    deleted: list[str]
    """Ids on Threads that were deleted, the last part first."""


class VerboseError(TypedDict):
    """The fields of bundle.social's error; `meta` is the diagnosis."""

    code: str | None
    """'TH:' with Meta's code, or 'TREADLE:' with the pattern's id."""
    errorMessage: str | None
    """Meta's message, or what happened in our words."""
    isTransient: bool | None
    """Whether the same can work later without anybody doing anything."""
    httpStatus: int | None
    """HTTP status of Meta's last answer."""
    meta: VerboseMeta | None
    """The diagnosis in few words; null: there is none."""
    userFacingMessage: str | None
    """What happened and the next step, in plain words."""


class VerboseMeta(TypedDict):
    """The diagnosis, in few words."""

    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    """What has to be done, in one word."""
    who: str
    """Who must act: owner, developer, operator, meta or nobody."""
    retry: Retry
    """Whether a retry can work, when and how often."""
    guide: str
    """Path of the guide page."""
    subcode: Any
    """Meta's error_subcode."""
    fbtrace_id: Any
    """Meta's own id of the failure."""


class Verbose(TypedDict):
    """A post's error in another service's words."""

    id: str
    """Its id; never changes."""
    status: str
    """The state in their words."""
    errorsVerbose: dict[str, VerboseError | None]
    """The error under 'THREADS', or null."""


class VideoFacts(TypedDict):
    """The main picture track."""

    codec: str
    """Such as 'h264' or 'hevc'."""
    fourcc: NotRequired[str]
    """The name of the codec in the file."""
    width: NotRequired[int]
    """Pixels as stored, before rotation."""
    height: NotRequired[int]
    """Pixels as stored, before rotation."""
    rotation: NotRequired[int]
    """Degrees clockwise, 0 to 359."""
    mirrored: NotRequired[bool]
    """Whether it is shown mirrored."""
    pixel_aspect: NotRequired[list[int]]
    """Width and height of one pixel."""
    frames: NotRequired[int | None]
    """Number of frames."""
    frame_rate: NotRequired[float | None]
    """Frames a second, on average."""
    frame_rate_median: NotRequired[float | None]
    """Frames a second, by the most usual distance."""
    irregular_share: NotRequired[float | None]
    """Share of frames at another distance, 0 to 1."""
    duration_s: NotRequired[float | None]
    """Seconds."""
    bit_rate: NotRequired[float | None]
    """Bits a second."""
    profile: NotRequired[str]
    """Profile of the codec."""
    level: NotRequired[float | None]
    """Level of the codec."""
    chroma: NotRequired[str | None]
    """Chroma subsampling, such as '4:2:0'."""
    bit_depth: NotRequired[int | None]
    """Bits per sample."""
    interlaced: NotRequired[bool | None]
    """Null: not known from what was read."""
    may_be_interlaced: NotRequired[bool]
    """The header allows it, which encoders also set without need."""
    transfer: NotRequired[str]
    """Transfer function, such as HDR's."""
    open_gop: NotRequired[bool | None]
    """Whether groups of pictures refer to each other."""
    edit_list: NotRequired[str]
    """'none', 'trivial' or 'real'."""
    parameter_sets_in_band: NotRequired[bool]
    """Whether parameters are repeated in the stream."""
    size_missing: NotRequired[bool]
    """The container names no size; the stream's own is given."""


class WebhookEventData(TypedDict):
    """Of an event of another webhook of the workspace."""

    webhook_id: str
    """whk_ and 26 characters."""
    why: str
    """What went wrong with it."""
    what_now: str
    """What has to be done."""


class WebhookIn(TypedDict):
    """Where events are sent, and which."""

    url: str
    """An https address. It must lead to a public one."""
    types: NotRequired[list[str] | None]
    """ParameterNames of events; empty for all."""


class WebhookMade(TypedDict):
    """A new webhook, with its secret."""

    id: str
    """whk_ and 26 characters."""
    url: str
    """Where its deliveries are sent."""
    types: list[str]
    """Names of the events it takes; empty: all."""
    state: str
    """active, paused (by somebody here), or failing (paused after two days of failing)."""
    failing_since: str | None
    """Since when nothing was taken; null: it works."""
    two_secrets: bool
    """Deliveries are also signed with the secret before this one."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""
    secret: str
    """Verifies the signatures; shown this once."""


class Webhook(TypedDict):
    """One address that changes are sent to. Times are ISO 8601 in UTC."""

    id: str
    """whk_ and 26 characters."""
    url: str
    """Where its deliveries are sent."""
    types: list[str]
    """Names of the events it takes; empty: all."""
    state: str
    """active, paused (by somebody here), or failing (paused after two days of failing)."""
    failing_since: str | None
    """Since when nothing was taken; null: it works."""
    two_secrets: bool
    """Deliveries are also signed with the secret before this one."""
    created_at: str | None
    """When it was made. ISO 8601 in UTC, to the millisecond."""


class WebhookPatch(TypedDict):
    """What changes about a webhook."""

    url: NotRequired[str | None]
    """An https address that leads to a public host; at most 2000 characters."""
    types: NotRequired[list[str] | None]
    """Names of the events it takes; empty: all."""
    paused: NotRequired[bool | None]
    """false starts a paused one again; what was kept for it is sent."""


class WebhookPayload(TypedDict):
    """The body of a delivery, after Standard Webhooks."""

    type: str
    """Such as post.published."""
    timestamp: str | None
    """When it happened: ISO 8601 in UTC."""
    data: PostEventData | EventData
    """What it is about."""
    id: NotRequired[int | None]
    """The event's number: GET /v1/events/{id} gives it again for 14 days. Absent: a test."""
    subject: NotRequired[str | None]
    """Id of what the event is about."""
    at: NotRequired[str | None]
    """The same as 'timestamp'. ISO 8601 in UTC, to the millisecond."""


class Webhooks(TypedDict):
    """All webhooks of the workspace."""

    data: list[Webhook]
    """The entries of this page."""


class WorkspaceIn(TypedDict):
    """A new workspace."""

    name: str
    """1 to 200 characters."""


class WorkspaceMade(TypedDict):
    """A new workspace, with its first key."""

    id: str
    """wsp_ and 26 characters, or wsp_default."""
    name: str
    """What people call it."""
    paused: bool
    """Nothing is sent until it is resumed."""
    options: dict[str, Any]
    """Its settings by name; secrets are left out."""
    created_at: str | None
    """ISO 8601 in UTC."""
    posts: dict[str, int]
    """How many posts are in each state."""
    key: str
    """Its first admin key; shown this once."""
    key_id: str
    """Id of its first key: key_ and 26 characters."""


class Workspace(TypedDict):
    """A tenant: its accounts, posts and keys are its own."""

    id: str
    """wsp_ and 26 characters, or wsp_default."""
    name: str
    """What people call it."""
    paused: bool
    """Nothing is sent until it is resumed."""
    options: dict[str, Any]
    """Its settings by name; secrets are left out."""
    created_at: str | None
    """ISO 8601 in UTC."""
    posts: dict[str, int]
    """How many posts are in each state."""


class WorkspacePatch(TypedDict):
    """What changes about a workspace."""

    name: NotRequired[str | None]
    """1 to 200 characters."""
    paused: NotRequired[bool | None]
    """true: nothing of the workspace is sent until it is resumed."""
    options: NotRequired[dict[str, Any] | None]
    """Settings by name; null takes one away."""
    alert_urls: NotRequired[list[str] | None]
    """Addresses of alert recipients; sealed, never shown."""


class Workspaces(TypedDict):
    """All workspaces that the key may see."""

    data: list[Workspace]
    """The entries of this page."""
