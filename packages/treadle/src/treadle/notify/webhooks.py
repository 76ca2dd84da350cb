"""Outgoing webhooks after Standard Webhooks (standardwebhooks.com): endpoints, and turning changes into deliveries.

A change becomes one delivery per endpoint that wants its type, in the database, before anything is sent; sending them
is :mod:`treadle.notify.delivering`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from yarl import URL

from treadle.domain.refusal import Refusal, not_found
from treadle.ids import new_id
from treadle.notify.payloads import WebhookPayload, webhook_payload
from treadle.people import audit
from treadle.store import Connection, feed, posts_read, webhooks
from treadle.store import deliveries as store
from treadle.store.deliveries import DeliveryRow, NewDelivery
from treadle.store.feed import ChangeRow
from treadle.store.isolation import apart
from treadle.store.posts_read import PostOutcome
from treadle.store.webhooks import WebhookRow
from treadle.vault import Vault
from treadle_threads.media.guard import Trust, read_address

EVENTS: Final[Mapping[str, str]] = {
    "post.published": "Every part of a post is live.",
    "post.differs": "A part of a post is live otherwise than it was asked for; nothing is sent again.",
    "post.blocked": "A post is blocked until someone fixes its cause.",
    "post.retrying": "A post hit a temporary problem and will be retried.",
    "post.checking": "Treadle is checking whether a post was published.",
    "post.held": "A post is too late to publish automatically and is waiting for approval.",
    "post.failed": "A post failed and won't be retried.",
    "post.at_risk": "A post due within a day would hit a known problem.",
    "account.connected": "An account was connected.",
    "account.expiring": "An account's permission expires soon and couldn't be renewed.",
    "account.needs_reconnect": "An account's access token no longer works.",
    "account.troubled": "An account is restricted, needs a login check or lacks a permission.",
    "account.reconnected": "An account was reconnected.",
    "account.recovered": "An account works again.",
    "account.disconnected": "An account was disconnected.",
    "blocker.opened": "A problem started to block posts.",
    "blocker.repaired": "A problem was fixed; its posts are published.",
    "platform.trouble_began": "Threads is having problems.",
    "platform.trouble_ended": "Threads works again.",
    "webhook.paused": "Another webhook was paused after failing for too long.",
    "threads.publish": "From Threads: a post appeared.",
    "threads.replies": "From Threads: someone replied.",
    "threads.mentions": "From Threads: someone mentioned the account.",
    "threads.delete": "From Threads: a post was deleted.",
}
JOB: Final = "deliver_webhooks"
PING: Final = "webhook.ping"
MOST_PER_WORKSPACE: Final = 20
URL_MOST: Final = 2000
MOST_LISTED: Final = 201  # a page of 200, and one that tells whether there are more
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """``secret`` (``whsec_...``) is shown now or never."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook(id={self.id!r})"


def create(
    conn: Connection,
    vault: Vault,
    workspace_id: str,
    *,
    url: str,
    types: Sequence[str] = (),
    actor: str,
    now: float,
    allow_http: bool = False,
) -> NewWebhook | Refusal:
    """An endpoint that hears of changes from now on; ``types`` empty: of all of :data:`EVENTS`."""
    wrong = problem(url, types, allow_http=allow_http)
    if wrong is not None:
        return wrong
    if webhooks.count(conn, workspace_id) >= MOST_PER_WORKSPACE:
        return Refusal("Too many webhooks", f"A workspace can have at most {MOST_PER_WORKSPACE} webhooks.", 409)
    hook_id, secret = new_id("webhook", now), new_secret()
    webhooks.insert(
        conn,
        hook_id,
        workspace_id,
        url=url,
        types=list(dict.fromkeys(types)),
        secret_enc=vault.seal(secret),
        cursor=feed.newest(conn),
        now=now,
    )
    audit.note(conn, workspace_id, actor, "webhook.created", hook_id, {"url": _origin(url)}, now=now)
    return NewWebhook(hook_id, secret)


def problem(url: str | None, types: Sequence[str], *, allow_http: bool = False) -> Refusal | None:
    """Why an endpoint cannot be set up like this. Where a name leads is judged at every single delivery.

    ``url`` is ``None`` when it stays. ``allow_http``: addresses inside private networks are allowed, also plain http.
    """
    read = read_address(url[: URL_MOST + 1], Trust.of_media(allow_http)) if url is not None else None
    if url is not None and len(url) > URL_MOST:
        read = "The URL is too long."
    if isinstance(read, str):
        return Refusal("This URL can't be used for a webhook", read, field="url")
    unknown = [name for name in types if name not in EVENTS]
    if unknown:
        return Refusal("There is no such event", f"{unknown[0]!r} is not one of: {', '.join(EVENTS)}.", field="types")
    return None


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def find(conn: Connection, workspace_id: str, hook_id: str) -> WebhookRow | None:
    return webhooks.find(conn, workspace_id, hook_id)


def listing(conn: Connection, workspace_id: str) -> list[WebhookRow]:
    return webhooks.listing(conn, workspace_id)


def change(
    conn: Connection,
    workspace_id: str,
    hook_id: str,
    *,
    actor: str,
    now: float,
    url: str | None = None,
    types: Sequence[str] | None = None,
    paused: bool | None = None,
    allow_http: bool = False,
) -> WebhookRow | Refusal:
    """Change an endpoint. ``paused=False`` starts it again: what was kept for it goes out.

    Only what is given is judged: one that was set up under other settings can still be paused.
    """
    row = find(conn, workspace_id, hook_id)
    if row is None:
        return not_found("webhook")
    changed = url is not None or types is not None
    known = types if types is not None else [name for name in row["types"] if name in EVENTS]
    wrong = problem(url, known, allow_http=allow_http) if changed else None
    if wrong is not None:
        return wrong
    wanted = list(dict.fromkeys(types)) if types is not None else None
    state = None if paused is None else "paused" if paused else "active"
    if what := webhooks.change(conn, hook_id, url=url, types=wanted, state=state):
        audit.note(conn, workspace_id, actor, "webhook.changed", hook_id, {"what": what}, now=now)
    if paused is False:
        store.hurry(conn, hook_id, now=now)
    return find(conn, workspace_id, hook_id) or row


def rotate(
    conn: Connection, vault: Vault, workspace_id: str, hook_id: str, *, actor: str, now: float
) -> NewWebhook | Refusal:
    """A new secret; deliveries are signed with the new and the old one until the next rotation."""
    row = find(conn, workspace_id, hook_id)
    if row is None:
        return not_found("webhook")
    secret = new_secret()
    webhooks.set_secret(conn, hook_id, vault.seal(secret), row["secret_enc"])
    audit.note(conn, workspace_id, actor, "webhook.secret_rotated", hook_id, now=now)
    return NewWebhook(hook_id, secret)


def remove(conn: Connection, workspace_id: str, hook_id: str, *, actor: str, now: float) -> bool:
    if find(conn, workspace_id, hook_id) is None:
        return False
    store.delete_of_webhook(conn, hook_id)
    webhooks.delete(conn, hook_id)
    audit.note(conn, workspace_id, actor, "webhook.removed", hook_id, now=now)
    return True


def ping(conn: Connection, workspace_id: str, hook_id: str, *, now: float) -> str | Refusal:
    """Queue a delivery that says hello; its id."""
    row = find(conn, workspace_id, hook_id)
    if row is None:
        return not_found("webhook")
    number = -int.from_bytes(secrets.token_bytes(7), "big") - 1
    hello = webhook_payload(PING, {"webhook_id": hook_id}, None, at=now)
    new = _delivery(row, number, hello, now=now)
    store.insert(conn, new, now=now)
    return new.id


def deliveries(
    conn: Connection, workspace_id: str, hook_id: str, *, limit: int = 50, before: str | None = None
) -> list[DeliveryRow]:
    """What was sent and is to be sent, newest first. ``before``: id of the last one already seen."""
    return store.page_of(conn, workspace_id, hook_id, limit=max(1, min(limit, MOST_LISTED)), before=before)


def find_delivery(conn: Connection, workspace_id: str, delivery_id: str) -> DeliveryRow | None:
    return store.find(conn, workspace_id, delivery_id)


def redeliver(conn: Connection, workspace_id: str, hook_id: str, delivery_id: str, *, actor: str, now: float) -> bool:
    """Send a delivery again, with its id as before; false when there is none."""
    if not store.resend(conn, workspace_id, hook_id, delivery_id, now=now):
        return False
    audit.note(conn, workspace_id, actor, "webhook.redelivered", delivery_id, now=now)
    return True


# ------------------------------------------------------------------------------------------ changes to deliveries


def fan_out(conn: Connection, *, now: float) -> int:
    """Turn what happened into deliveries; how many. Safe in several processes: one endpoint and change, one row."""
    made = 0
    for row in webhooks.all_of_them(conn):
        with apart(JOB, row["id"], conn):
            made += _fan_out_one(conn, row, now)
    return made


def _fan_out_one(conn: Connection, hook: WebhookRow, now: float) -> int:
    rows = feed.undelivered(
        conn,
        hook["workspace_id"],
        hook["id"],
        hook["cursor"],
        types=stored_names(hook["types"] or EVENTS),
        since=hook["created_at"],
        now=now,
        limit=BATCH,
    )
    if not rows:
        return 0
    # Whoever moves the cursor makes the rows; the other process sees them at its next look.
    if not webhooks.set_cursor(conn, hook["id"], max(hook["cursor"], rows[-1]["id"]), was=hook["cursor"]):
        return 0
    made = 0
    wanted = set(hook["types"])
    for row in rows:
        with apart(JOB, f"{hook['id']}, change {row['id']}"):  # one that cannot be told is left out
            name = event_name(row)
            if name not in EVENTS or (wanted and name not in wanted) or row["subject"] == hook["id"]:
                continue
            new = _delivery(hook, row["id"], _payload(conn, row, name), now=now)
            made += store.insert_once(conn, new, now=now)  # or another process found the same late change
    return made


def event_name(row: ChangeRow) -> str:
    """The name a change has outside: trouble of the platform is told as that, not as a blocker."""
    name = str(row["type"])
    if name.startswith("blocker.") and (row["payload"] or {}).get("scope") == "platform":
        return "platform.trouble_began" if name == "blocker.opened" else "platform.trouble_ended"
    return name


def stored_names(names: Collection[str]) -> set[str]:
    """How changes with these names outside may be stored: what :func:`event_name` makes of another name, back."""
    platform = {"platform.trouble_began": "blocker.opened", "platform.trouble_ended": "blocker.repaired"}
    return {platform.get(name, name) for name in names}


def _payload(conn: Connection, row: ChangeRow, name: str) -> WebhookPayload:
    data, outcome = row["payload"] or {}, outcome_of(conn, row)
    return webhook_payload(name, data, outcome, at=row["at"], change_id=row["id"], subject=row["subject"])


def outcome_of(conn: Connection, row: ChangeRow) -> PostOutcome | None:
    """How the post is now that a change is about; ``None``: it is about none, or the post is gone."""
    return posts_read.outcome_of(conn, row["subject"]) if str(row["type"]).startswith("post.") else None


def _delivery(hook: WebhookRow, change_id: int, payload: WebhookPayload, *, now: float) -> NewDelivery:
    sent = payload.to_text()
    return NewDelivery(new_id("delivery", now), hook["id"], hook["workspace_id"], change_id, payload.type, sent)


def _origin(url: str) -> str:
    return str(URL(url).origin())
