"""What requests and answers hold. Made of the API's document by tools/build_clients.py; do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class AccountAhead(TypedDict):
    """The account of a post, and the open causes that its posts wait for now."""

    id: str
    username: str
    """Without '@'."""
    health: str
    health_words: str
    """Its health in plain words."""
    paused: bool
    blockers: list[Blocker]
    """As GET /v1/blockers gives them."""


class AccountChecked(TypedDict):
    """What Threads says of the account now."""

    health: str
    message: str
    cause: Diagnosis | None
    """The diagnosis when the read failed."""
    released: list[str]
    """Ids of posts that waited and are published now."""
    account: Account


class AccountConnected(TypedDict):
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
    """Since when the health is what it is."""
    checked_at: str | None
    """When a call last showed how the account is."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first."""
    updated_at: str | None
    """When anything of it changed last."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not."""
    outcome: str
    """new, reconnected, or returned (it had been disconnected)."""
    released: list[str]
    """Ids of posts that waited for this account and are published now."""
    missing_scopes: list[str]
    """Permissions that publishing needs and the token lacks."""


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
    """Since when the health is what it is."""
    checked_at: str | None
    """When a call last showed how the account is."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first."""
    updated_at: str | None
    """When anything of it changed last."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not."""


class AccountRead(TypedDict):
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
    """Since when the health is what it is."""
    checked_at: str | None
    """When a call last showed how the account is."""
    scopes: list[str]
    """Permissions its owner granted, or those asked for: see scopes_confirmed."""
    scopes_confirmed: bool
    """False: asked for, and Threads does not say which were granted."""
    token_expires_at: str | None
    """When the access token ends; it is renewed long before."""
    token_expiry_assumed: bool
    """True: Threads did not say when it ends; 60 days are assumed."""
    token_days_left: float | None
    """Days until then, to two decimals; negative when it has ended."""
    grant_expires_at: str | None
    """When the owner's permission ends; only the owner can renew it."""
    refresh_next_at: str | None
    """When the token is renewed next; null: it cannot be."""
    paused: bool
    """Nothing is sent to it until it is resumed."""
    connected: bool
    """A token is stored, and nobody disconnected it."""
    quota: QuotaKnown
    """The publishing limit as last read."""
    created_at: str | None
    """When it was connected first."""
    updated_at: str | None
    """When anything of it changed last."""
    disconnected_at: str | None
    """When it was disconnected; null: it was not."""
    reconnect_would: PostsOfARepair
    """What connecting it again would publish and hold."""


class Accounts(TypedDict):
    data: list[Account]


class ActedOn(TypedDict):
    """What became of one post of many."""

    id: str
    status: int
    """200, or that of 'problem'; 0 in a preview."""
    message: NotRequired[str | None]
    """What was done, in plain words."""
    post: NotRequired[Post | None]
    """The post afterwards."""
    problem: NotRequired[Problem | None]


class Action(TypedDict):
    """Something was done with a post; here it is afterwards."""

    message: str
    """What was done, in plain words."""
    post: Post
    published_parts: NotRequired[list[LivePart] | None]
    """Of a canceled post: what is live and stays."""


class ActionsIn(TypedDict):
    """Which posts ('ids' or 'filter'), and what is done to them."""

    action: Literal["retry", "edit", "replace", "confirm", "cancel", "delete"]
    ids: NotRequired[list[str] | None]
    filter: NotRequired[PostFilter | None]
    patch: NotRequired[PatchIn]
    """For 'edit'."""
    replace: NotRequired[ReplaceIn | None]
    """For 'replace'."""
    retry: NotRequired[bool | None]
    """Also try changed posts again that had failed."""
    preview: NotRequired[bool | None]
    """Only say which posts it would be."""
    limit: NotRequired[int | None]
    after: NotRequired[str | None]
    """'next' of the answer before; for 'filter'."""


class Actions(TypedDict):
    action: str
    chosen: int
    """How many posts it was."""
    done: int
    refused: int
    next: str | None
    """Send it as 'after' for the rest; null: there is none."""
    data: list[ActedOn]


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
    """How long looking took."""


class AlertTried(TypedDict):
    service: str
    target: str
    """Its address without the secrets."""
    delivered: bool


class AlertsTried(TypedDict):
    data: list[AlertTried]


class Alive(TypedDict):
    status: str
    """ok."""
    version: str


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
    actor: str
    """key_..., usr_..., cli, treadle, meta, link or setup."""
    actor_name: str
    """The person's email address where known, else the actor."""
    action: str
    """Such as user.added or key.revoked."""
    subject: str | None
    """Id of what it was done to."""
    detail: dict[str, Any]
    at: str | None
    """ISO 8601 in UTC."""


class Audit(TypedDict):
    data: list[AuditEntry]
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
    lane: str
    action: str
    cause: Diagnosis
    """The diagnosis."""
    opened_at: str | None
    repaired_at: str | None
    """null: it is open."""
    repaired_by: str | None
    """reconnect, recheck, edit, time or person."""
    checks: int
    """How often it was rechecked."""
    checked_at: str | None
    next_check_at: str | None
    posts_waiting: int
    """How many posts of this workspace wait for it."""
    oldest_due_at: str | None
    """When the first of them is due."""


class BlockerRead(TypedDict):
    id: str
    """blk_ and 26 characters."""
    scope: str
    """What it holds: post, account, app, media_host or platform."""
    key: str
    """Which one: the id of the post, account or app, the host, or 'threads'."""
    pattern: str
    lane: str
    action: str
    cause: Diagnosis
    """The diagnosis."""
    opened_at: str | None
    repaired_at: str | None
    """null: it is open."""
    repaired_by: str | None
    """reconnect, recheck, edit, time or person."""
    checks: int
    """How often it was rechecked."""
    checked_at: str | None
    next_check_at: str | None
    posts_waiting: int
    """How many posts of this workspace wait for it."""
    oldest_due_at: str | None
    """When the first of them is due."""
    would: PostsOfARepair
    """What its repair would publish, and what it would hold as too late."""


class Blockers(TypedDict):
    data: list[Blocker]
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class Bucket(TypedDict):
    used: int | None
    """What Threads counts in its 24 hours; null: never asked."""
    total: int
    """What Threads allows in 24 hours."""
    here: int
    """What this server published in the window."""


class BulkIn(TypedDict):
    """Each post is read alone: one that is wrong does not hold the others up."""

    posts: list[BulkPostIn]


class BulkItem(TypedDict):
    """What became of one post of many: the stored post, or why it was refused."""

    index: int
    """Its place in the request, from 0."""
    status: int
    """201: stored; 200: stored by an earlier request; else that of 'problem'."""
    post: NotRequired[Post | None]
    problem: NotRequired[Problem | None]


class Bulk(TypedDict):
    data: list[BulkItem]
    """One for each post, in the order sent."""
    accepted: int
    refused: int


class BulkPostIn(TypedDict):
    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    options: NotRequired[PostOptions | None]
    replies: NotRequired[list[PartIn] | None]
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
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
    lane: str | None
    action: str | None
    who: str | None
    """Who must act: owner, developer, operator, meta or nobody."""
    what_happened: str | None
    next_step: str | None
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
    blocker_id: NotRequired[str | None]
    """Of `blocker.*`."""
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
    """One change."""

    id: int
    """Grows; what Last-Event-ID takes."""
    type: str
    """Such as post.published."""
    subject: str
    """The id of what changed."""
    at: str | None
    """ISO 8601 in UTC."""
    data: ChangeData
    """What changed."""


class CommentIn(TypedDict):
    text: str
    """1 to 4000 characters."""


class Comment(TypedDict):
    id: int
    author: str
    """An email address, or the id of a key."""
    text: str
    at: str | None
    """ISO 8601 in UTC."""


class Comments(TypedDict):
    data: list[Comment]
    """The newest 200, oldest first."""


class ConnectIn(TypedDict):
    return_url: NotRequired[str | None]
    """Where the person goes afterwards; must be on the allow-list."""
    scopes: NotRequired[list[str] | None]
    expires_in_s: NotRequired[float | None]


class DayInsights(TypedDict):
    """As last read on a day."""

    views: int | None
    likes: int | None
    replies: int | None
    reposts: int | None
    quotes: int | None
    shares: int | None
    day: str
    """In UTC, such as '2026-11-30'."""
    read_at: str | None
    """ISO 8601 in UTC, to the millisecond"""


class Delivery(TypedDict):
    """One change sent to one address. Times are ISO 8601 in UTC."""

    id: str
    """dlv_ and 26 characters; the receiver sees it as webhook-id."""
    webhook_id: str
    type: str
    """The event."""
    state: str
    """due, delivered, or given_up."""
    attempts: int
    next_at: str | None
    """When it is tried next."""
    created_at: str | None
    delivered_at: str | None
    history: list[Try]
    """The tries, oldest first."""
    payload: str
    """The body as it is sent."""


class DeliveryPage(TypedDict):
    data: list[Delivery]
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class DeliveryQueued(TypedDict):
    delivery_id: str


class DiagnoseIn(TypedDict):
    """One failure. Everything may be left out but some trace of the answer; a bare answer of Meta's is taken too. It is not read with this: whatever comes is diagnosed, and what cannot be is answered as such."""

    id: NotRequired[str | None]
    surface: NotRequired[str | None]
    stage: NotRequired[str | None]
    http_status: NotRequired[int | None]
    headers: NotRequired[dict[str, str] | None]
    body: NotRequired[Any]
    exception: NotRequired[str | None]
    context: NotRequired[dict[str, Any] | None]


class Diagnosis(TypedDict):
    """A pattern applied to a failure: why it failed, what to do now, who does it, whether a retry can work."""

    id: NotRequired[str | None]
    """The id that was sent with a failure to diagnose."""
    pattern: str
    """Id of the pattern; 'unknown': none matched."""
    title: str
    category: str
    lane: str
    """How Treadle deals with it."""
    action: str
    """What has to be done."""
    action_label: str
    retry: Retry
    who: str
    """Who must act: owner, developer, operator, meta or nobody."""
    confidence: str
    """How sure it is: exact, likely or guess."""
    what_happened: str
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
    field: str
    """Named as it was asked for."""
    asked: str
    live: str
    """As Threads returns it; empty: it returns nothing."""


class DifferentPart(TypedDict):
    """One thing in which a published part is not as asked."""

    field: str
    """Named as it was asked for."""
    asked: str
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


class EventData(TypedDict):
    """What the event is about: the fields of its change."""


class EventKind(TypedDict):
    type: str
    meaning: str


class EventKinds(TypedDict):
    data: list[EventKind]


class Event(TypedDict):
    """One entry of a post's timeline."""

    id: int
    """0: a call that is under way; it gets its id when it has ended."""
    part: int | None
    """Position of the part; null: the post as a whole."""
    attempt: int
    stage: str
    kind: str
    what: str
    started_at: str
    """ISO 8601 in UTC, to the millisecond"""
    duration_s: float | None
    """Seconds; null: it took no time."""
    outcome: str | None
    request: NotRequired[Any]
    """What was sent to Threads, secrets removed."""
    answer: NotRequired[Any]
    """What Threads answered, secrets removed."""
    diagnosis: NotRequired[Diagnosis | None]
    decision: NotRequired[str | None]
    """What was decided, in plain words."""


class Events(TypedDict):
    data: list[Event]


class ExportLine(TypedDict):
    """One thing of the workspace; `type` says what `data` is."""

    type: str
    """workspace, account, connect_link, media, blocker, webhook, webhook_delivery, key, user, member, login_link, queue, import, comment, idempotency_key, alert, audit, change, post or end."""
    data: Workspace | ExportedPost | EndOfExport | ExportedRow | None


class ExportedAccount(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    threads_user_id: str
    username: str
    name: str
    picture_url: str | None
    profile: Any
    app_id: str
    token_issued_at: str | None
    token_expires_at: str | None
    token_expiry_assumed: bool
    grant_expires_at: str | None
    scopes: Any
    scopes_confirmed: bool
    health: str
    health_cause: Any
    health_at: str | None
    checked_at: str | None
    refresh_next_at: str | None
    refresh_attempts: int
    paused: bool
    quota: Any
    quota_until: float | None
    learned: Any
    created_at: str
    updated_at: str
    disconnected_at: str | None


class ExportedAlert(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    workspace_id: str
    kind: str
    key: str
    detail: Any
    raised_at: str
    sent_at: str | None


class ExportedAudit(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    workspace_id: str | None
    actor: str
    action: str
    subject: str | None
    detail: Any
    at: str


class ExportedBlocker(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str | None
    scope: str
    key: str
    pattern: str
    lane: str
    action: str
    cause: Any
    opened_at: str
    repaired_at: str | None
    repaired_by: str | None
    checks: int
    checked_at: str | None
    next_check_at: str | None
    probe_post_id: str | None


class ExportedChange(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    workspace_id: str | None
    type: str
    subject: str
    payload: Any
    at: str


class ExportedComment(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: int
    post_id: str
    workspace_id: str
    author: str
    text: str
    at: str


class ExportedConnectLink(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    account_id: str | None
    return_url: str | None
    scopes: Any
    created_at: str
    expires_at: str
    opened_at: str | None
    used_at: str | None
    outcome: Any


class ExportedIdempotencyKey(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    workspace_id: str
    key: str
    status: int
    post_ids: Any
    created_at: str


class ExportedImport(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    name: str
    held: bool
    created_by: str
    created_at: str
    confirmed_at: str | None


class ExportedKey(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    name: str
    scopes: Any
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class ExportedLoginLink(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    kind: str
    workspace_id: str
    role: str | None
    user_id: str | None
    created_by: str
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class ExportedMedia(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    source_url: str | None
    stored: Any
    filename: str
    content_type: str
    size: int
    sha256: str | None
    report: Any
    prepared: Any
    used_by: str | None
    created_at: str
    expires_at: str | None


class ExportedMember(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    user_id: str
    workspace_id: str
    role: str
    created_at: str


class ExportedPost(TypedDict):
    id: str
    account_id: str
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
    state_label: str
    """The state in plain words."""
    stage: str
    why: str | None
    """Why it is in this state, in plain words."""
    text: str
    """The text of its first part."""
    parts: list[Part]
    cause: Diagnosis | None
    blocker_ids: list[str]
    """Open causes that it waits for."""
    next: Next | None
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
    workspace_id: str
    zone: str
    slots: Any
    updated_at: str


class ExportedRow(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""


class ExportedUser(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    email: str
    zone: str
    created_at: str
    disabled_at: str | None


class ExportedWebhook(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    workspace_id: str
    url: str
    types: Any
    state: str
    failing_since: float | None
    created_at: str


class ExportedWebhookDelivery(TypedDict):
    """A row as it is stored, without secrets. Times are ISO 8601 in UTC."""

    id: str
    webhook_id: str
    workspace_id: str
    change_id: int
    type: str
    payload: str
    state: str
    attempts: int
    history: Any
    next_at: str | None
    created_at: str
    delivered_at: str | None


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
    reply_id: str
    hidden: bool
    message: str


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
    dry_run: NotRequired[bool | None]
    """True by default: nothing is stored."""


class Import(TypedDict):
    """An import. Times are ISO 8601 in UTC."""

    id: str
    """imp_ and 26 characters."""
    name: str
    held: bool
    """Whether its posts wait for the confirmation."""
    created_by: str
    created_at: str | None
    confirmed_at: str | None
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
    post_id: str | None
    """The post it was stored as, now or before."""
    permalink: str | None
    """Of one that is live."""
    findings: list[Finding]


class Imports(TypedDict):
    data: list[Import]


class Insights(TypedDict):
    """What Threads counts of a post. Views are estimates of Threads' own."""

    post_id: str
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
    role: Literal["viewer", "author", "editor", "admin", "owner"]


class Invite(TypedDict):
    """An invitation that still works."""

    id: str
    """inv_ and 26 characters."""
    role: str
    created_by: str
    created_at: str | None
    """ISO 8601 in UTC."""
    expires_at: str | None
    """ISO 8601 in UTC."""


class Invites(TypedDict):
    data: list[Invite]


class KeyIn(TypedDict):
    name: NotRequired[str | None]
    scopes: NotRequired[list[str] | None]
    expires_at: NotRequired[str | None]


class KeyMade(TypedDict):
    id: str
    """key_ and 26 characters."""
    name: str
    """What it is for."""
    prefix: str
    """Its first characters, to tell keys apart."""
    scopes: list[str]
    """read, write (includes read) or admin (includes both)."""
    created_at: str | None
    expires_at: str | None
    """When it ends; null: never."""
    last_used_at: str | None
    """To the minute; null: never used."""
    revoked_at: str | None
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
    expires_at: str | None
    """When it ends; null: never."""
    last_used_at: str | None
    """To the minute; null: never used."""
    revoked_at: str | None


class Keys(TypedDict):
    data: list[Key]


class LinkMade(TypedDict):
    """A link that works once; shown this once."""

    id: str
    url: str
    """Give it to the person; whoever has it can use it."""
    role: str | None
    """Of an invitation."""
    expires_at: str | None
    """ISO 8601 in UTC."""


class Link(TypedDict):
    id: str
    """lnk_ and 26 characters."""
    url: str
    """For the account's owner; shown this once, good for one connection."""
    expires_at: str | None


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


class MediaIn(TypedDict):
    """A picture or a video: the address of one, or the id of an uploaded file."""

    url: NotRequired[str | None]
    """A public address Threads can fetch."""
    id: NotRequired[str | None]
    """An uploaded file (POST /v1/media)."""
    alt_text: NotRequired[str | None]
    type: NotRequired[Literal["image", "video"] | None]
    """Leave it out: the file tells."""
    spoiler: NotRequired[bool | None]


class Media(TypedDict):
    """A kept file."""

    id: str
    filename: str
    """As it was sent; may be empty."""
    content_type: str
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
    """ISO 8601 in UTC, to the millisecond; null: it is kept until deleted."""


class MediaPage(TypedDict):
    data: list[Media]
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


MediaSwap = TypedDict("MediaSwap", {"from": "str", "to": "str"})


class MediaUrlIn(TypedDict):
    url: str


class Medium(TypedDict):
    """What the check of one medium of a post found."""

    field: str
    """The medium's path in the request, such as 'replies[0].media[2]'."""
    source: str
    """The file or address, without its query."""
    ok: bool
    """Whether it can be published, as it is or after a repair."""
    kind: str
    """'image' or 'video' as Threads will see it; 'unknown': it could not be read."""
    size: int | None
    """Bytes; null: not known."""
    findings: list[MediaFinding]
    plan: RepairPlan
    """What Treadle would repair."""
    probe: FileFacts | None
    """Facts of the file."""
    fetch: AddressFacts
    """Facts of the address; empty for an uploaded file."""


class MoveIn(TypedDict):
    to: str
    """ISO 8601, with an offset."""


class Next(TypedDict):
    what: str
    """What happens next, in plain words."""
    at: str | None
    """When, ISO 8601 in UTC, to the millisecond; null: when something else ends."""


class Numbers(TypedDict):
    """Since it was published. Null: Threads did not say."""

    views: int | None
    likes: int | None
    replies: int | None
    reposts: int | None
    quotes: int | None
    shares: int | None


class PartIn(TypedDict):
    """A further part of a chain; it replies to the part before it."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    options: NotRequired[PostOptions | None]


class PartInsights(TypedDict):
    position: int
    """0 for the post itself, then its replies in order."""
    threads_id: str | None
    """Id of the live post on Threads."""
    days: list[DayInsights]
    """One for each day on which it was read, oldest first."""


class Part(TypedDict):
    """One part of a post: the post itself, or a reply to the part before it."""

    id: str
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
    kind: str
    """The container's kind: TEXT, IMAGE, VIDEO or CAROUSEL."""
    text: str
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
    options: NotRequired[PostOptions | None]
    replies: NotRequired[list[PartIn] | None]
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
    account_id: NotRequired[str | None]


class Pattern(TypedDict):
    id: str
    public_name: str
    title: str
    category: str
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    action_label: str
    scope: str
    """What one such cause holds: post, account, app, media_host or platform."""
    who: str
    """Who acts."""
    retry: PatternRetry
    guide: str
    """The path of its page in the guide."""
    what_happened: str
    owner: str
    """What the account's owner does."""
    developer: str
    """What a developer does."""
    treadle: str
    """What Treadle does."""
    repaired: str
    """How one sees that it is repaired."""
    repaired_by: list[str]
    look_alikes: dict[str, str]
    """Other patterns, and how to tell them apart."""
    examples: list[dict[str, Any]]
    plan: list[str]
    checked: str
    """When it was last compared with Meta's answers, as a date."""


class PatternRetry(TypedDict):
    kind: str
    after_s: float | None
    """Seconds until the first try again."""
    max_attempts: int
    max_delay_s: float | None
    """The longest wait between two tries, in seconds."""
    then: str | None
    """What follows when the tries are used up."""


class PatternSummary(TypedDict):
    """One cause of the catalogue."""

    id: str
    public_name: str
    title: str
    category: str
    lane: str
    """Which kind of trouble: whose it is, and how it is repaired."""
    action: str
    action_label: str
    scope: str
    """What one such cause holds: post, account, app, media_host or platform."""
    who: str
    """Who acts."""
    retry: PatternRetry
    guide: str
    """The path of its page in the guide."""


class Patterns(TypedDict):
    data: list[PatternSummary]
    checked: str
    """When the catalogue was last checked, as a date."""


class PauseIn(TypedDict):
    paused: bool


class People(TypedDict):
    data: list[Person]


class Person(TypedDict):
    """Somebody who can log in to the pages of this workspace. Times are ISO 8601 in UTC."""

    id: str
    """usr_ and 26 characters."""
    email: str
    role: str
    """owner, admin, editor, author or viewer."""
    zone: str
    """Their time zone; UTC: that of their browser."""
    created_at: str | None
    disabled_at: str | None
    """Since when they cannot log in; null: they can."""
    last_login_at: str | None
    """Null: never."""
    sessions: int
    """In how many browsers they are logged in."""
    keys: list[str]
    """Ids of active API keys that they created."""


class PersonPatch(TypedDict):
    role: NotRequired[str | None]
    disabled: NotRequired[bool | None]


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
    due_at: NotRequired[float | None]
    """post.at_risk: when it is due, in seconds since 1970 (UTC)."""
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
    lane: NotRequired[list[str] | str | None]
    pattern: NotRequired[list[str] | str | None]
    account_id: NotRequired[str | None]
    label: NotRequired[str | None]
    q: NotRequired[str | None]
    blocker_id: NotRequired[str | None]
    due_from: NotRequired[str | None]
    due_to: NotRequired[str | None]


class PostIn(TypedDict):
    """A post, now or later, with its further parts."""

    text: NotRequired[str | None]
    """At most 500 of what Threads counts as characters."""
    media: NotRequired[list[MediaIn] | None]
    options: NotRequired[PostOptions | None]
    replies: NotRequired[list[PartIn] | None]
    publish_at: NotRequired[str | None]
    """ISO 8601. Without an offset, 'zone' is needed. Left out: as soon as possible."""
    zone: NotRequired[str | None]
    """The time zone of a 'publish_at' without an offset: Europe/Berlin."""
    max_lateness: NotRequired[str | float | None]
    """How late it may be published without approval: ISO 8601 duration or seconds. 24 h unless set."""
    metadata: NotRequired[dict[str, Any] | None]
    """Yours; kept and given back. At most 16 KiB."""
    labels: NotRequired[list[str] | None]
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
    """The post that is quoted, by its id on Threads. Digits, as text."""
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
    """The post that this one replies to, by its id on Threads. Whose root is another's, that needs the permission to search or to see mentions too. Digits, as text. Only on the first part."""
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
    account_id: str
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
    state_label: str
    """The state in plain words."""
    stage: str
    why: str | None
    """Why it is in this state, in plain words."""
    text: str
    """The text of its first part."""
    parts: list[Part]
    cause: Diagnosis | None
    blocker_ids: list[str]
    """Open causes that it waits for."""
    next: Next | None
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
    data: list[Post]
    next: str | None
    """Send it as 'after' for the next page; null: this was the last."""


class PostsOfARepair(TypedDict):
    """Ids of the posts that a repair would publish, and of those it would hold as too late."""

    sends: list[str]
    holds: list[str]


class Preflight(TypedDict):
    """Everything that is known of a post before it is sent."""

    ok: bool
    """Whether it can be published: no finding is an error, no medium is refused."""
    findings: list[Finding]
    """Of the request and the account."""
    media: list[Medium]
    """Of each medium that could be checked, at most 40."""
    account: AccountAhead | None
    """Null: the request names none of this workspace."""
    scopes: Scopes


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
    """When it is due."""
    slot: bool
    """Whether this is one of the queue's slots."""
    post: Post | None
    """null: the slot is free."""


class QueueIn(TypedDict):
    zone: str
    """The zone that the slots are times of: Europe/Berlin."""
    slots: list[SlotIn]


class Queue(TypedDict):
    """The queue of an account for the next 14 days, in order."""

    account_id: str
    zone: str
    """The zone that the slots are times of."""
    slots: list[Slot]
    paused: bool
    """Publishing to the account is paused: nothing of the queue is published."""
    next_free: str | None
    """Where the next post that is added goes; null: there is no free slot."""
    entries: list[QueueEntry]
    empty_days: list[str]
    """Days of the next 7 that have slots and no post."""


class QuotaKnown(TypedDict):
    """What is known of an account's publishing limit; what was never read is left out."""

    posts_used: NotRequired[int | None]
    """In 24 hours, as Threads counts."""
    posts_total: NotRequired[int | None]
    """What Threads allows in 24 hours."""
    replies_used: NotRequired[int | None]
    replies_total: NotRequired[int | None]
    at: str | None
    """When it was read."""
    full_until: str | None
    """No publish before then."""


class Quota(TypedDict):
    """How much an account may publish in a rolling 24 hours."""

    posts: Bucket
    replies: Bucket
    live: bool
    """Threads was asked now."""
    at: str | None
    """When Threads was asked last."""
    full_until: str | None
    """No publish before then."""


class Ready(TypedDict):
    status: str
    """ready, or not ready."""
    checks: dict[str, str]
    """By name of what is needed: ok, or what is missing."""


class RecheckIn(TypedDict):
    preview: NotRequired[bool | None]
    """true: only say what a repair would send and hold."""


class Recheck(TypedDict):
    verdict: str | None
    """repaired, still, or unknown (one post goes first to see); null: a preview."""
    message: str
    released: list[str]
    """Ids of posts that are published now."""


class RecheckPreview(TypedDict):
    verdict: str | None
    """repaired, still, or unknown (one post goes first to see); null: a preview."""
    message: str
    released: list[str]
    """Ids of posts that are published now."""
    sends: list[str]
    """Ids of posts that a repair would publish."""
    holds: list[str]
    """Ids of posts that a repair would hold as too late."""


class RepairIn(TypedDict):
    on_too_long: NotRequired[Literal["refuse", "trim"] | None]


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
    at: str | None
    """When it was published, as Threads says it."""
    permalink: str | None
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
    absent: NotRequired[bool | None]
    permalink: NotRequired[str | None]
    detached: NotRequired[Literal["below_root", "stop", "send_again"] | None]


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
    id: str
    secret: str
    """Shown this once."""


class SlotIn(TypedDict):
    weekday: str
    """mon, tue, wed, thu, fri, sat or sun."""
    time: str
    """Of the day in the queue's zone, from 00:00 to 23:59."""


class Slot(TypedDict):
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
    status: NotRequired[int | None]
    """HTTP status; null: nobody answered."""
    took_s: NotRequired[float | None]
    """Seconds."""
    answer: NotRequired[str | None]
    """The beginning of what was answered."""
    error: NotRequired[str | None]
    """Why nobody answered."""


class UnknownAnswer(TypedDict):
    shape: str
    """What all answers alike have in common."""
    count: int
    first_at: str | None
    last_at: str | None
    sample: Any
    """One of them, without its secrets."""
    post_id: str | None


class UnknownAnswers(TypedDict):
    data: list[UnknownAnswer]


class Unpublished(TypedDict):
    message: str
    """What was done, in plain words."""
    post: Post
    published_parts: NotRequired[list[LivePart] | None]
    """Of a canceled post: what is live and stays."""
    deleted: list[str]
    """Ids on Threads that were deleted, the last part first."""


class VerboseError(TypedDict):
    """The fields of bundle.social's error; `meta` is the diagnosis."""

    code: str | None
    """'TH:' with Meta's code, or 'TREADLE:' with the pattern's id."""
    errorMessage: str | None
    isTransient: bool | None
    """Whether the same can work later without anybody doing anything."""
    httpStatus: int | None
    """HTTP status of Meta's last answer."""
    meta: VerboseMeta | None
    userFacingMessage: str | None


class VerboseMeta(TypedDict):
    """The diagnosis, in few words."""

    pattern: str
    lane: str
    action: str
    who: str
    retry: Retry
    guide: str
    subcode: Any
    """Meta's error_subcode."""
    fbtrace_id: Any
    """Meta's own id of the failure."""


class Verbose(TypedDict):
    id: str
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
    url: str
    """An https address. It must lead to a public one."""
    types: NotRequired[list[str] | None]
    """ParameterNames of events; empty for all."""


class WebhookMade(TypedDict):
    id: str
    """whk_ and 26 characters."""
    url: str
    types: list[str]
    """Names of the events it takes; empty: all."""
    state: str
    """active, paused (by somebody here), or failing (paused after two days of failing)."""
    failing_since: str | None
    """Since when nothing was taken; null: it works."""
    two_secrets: bool
    """Deliveries are also signed with the secret before this one."""
    created_at: str | None
    secret: str
    """Verifies the signatures; shown this once."""


class Webhook(TypedDict):
    """One address that changes are sent to. Times are ISO 8601 in UTC."""

    id: str
    """whk_ and 26 characters."""
    url: str
    types: list[str]
    """Names of the events it takes; empty: all."""
    state: str
    """active, paused (by somebody here), or failing (paused after two days of failing)."""
    failing_since: str | None
    """Since when nothing was taken; null: it works."""
    two_secrets: bool
    """Deliveries are also signed with the secret before this one."""
    created_at: str | None


class WebhookPatch(TypedDict):
    url: NotRequired[str | None]
    types: NotRequired[list[str] | None]
    paused: NotRequired[bool | None]
    """false starts a paused one again; what was kept for it is sent."""


class WebhookPayload(TypedDict):
    """The body of a delivery, after Standard Webhooks."""

    type: str
    """Such as post.published."""
    timestamp: str | None
    """When it happened: ISO 8601 in UTC."""
    data: PostEventData | EventData


class Webhooks(TypedDict):
    data: list[Webhook]


class WorkspaceIn(TypedDict):
    name: str


class WorkspaceMade(TypedDict):
    id: str
    """wsp_ and 26 characters, or wsp_default."""
    name: str
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


class Workspace(TypedDict):
    """A tenant: its accounts, posts and keys are its own."""

    id: str
    """wsp_ and 26 characters, or wsp_default."""
    name: str
    paused: bool
    """Nothing is sent until it is resumed."""
    options: dict[str, Any]
    """Its settings by name; secrets are left out."""
    created_at: str | None
    """ISO 8601 in UTC."""
    posts: dict[str, int]
    """How many posts are in each state."""


class WorkspacePatch(TypedDict):
    name: NotRequired[str | None]
    paused: NotRequired[bool | None]
    options: NotRequired[dict[str, Any] | None]
    alert_urls: NotRequired[list[str] | None]
    """Addresses of alert targets; sealed, never shown."""


class Workspaces(TypedDict):
    data: list[Workspace]
