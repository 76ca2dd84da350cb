"""Outgoing webhooks: where a workspace's changes are sent, what was sent, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.domain.times import iso
from treadle.notify import webhooks

# What is sent, for the API's document.
from treadle.notify.payloads import EVENT_DATA as EVENT_DATA
from treadle.notify.payloads import WebhookPayload as WebhookPayload
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection

EVENTS = webhooks.EVENTS  # what can be sent, with its meaning


class WebhookOut(ApiModel):
    """One address that changes are sent to. Times are ISO 8601 in UTC."""

    id: str = Field(description="whk_ and 26 characters.")
    url: str
    types: list[str] = Field(description="Names of the events it takes; empty: all.")
    state: str = Field(description="active, paused (by somebody here), or failing (paused after two days of failing).")
    failing_since: str | None = Field(description="Since when nothing was taken; null: it works.")
    two_secrets: bool = Field(description="Deliveries are also signed with the secret before this one.")
    created_at: str | None


class WebhookMade(WebhookOut):
    secret: str = Field(description="Verifies the signatures; shown this once.")


class WebhooksOut(ApiModel):
    data: list[WebhookOut]


class SecretOut(ApiModel):
    id: str
    secret: str = Field(description="Shown this once.")


class EventKind(ApiModel):
    type: str
    meaning: str


class EventKindsOut(ApiModel):
    data: list[EventKind]


class TryOut(ApiModel):
    """One try to deliver."""

    at: str | None
    status: int | None = Field(None, description="HTTP status; null: nobody answered.")
    took_s: float | None = Field(None, description="Seconds.")
    answer: str | None = Field(None, description="The beginning of what was answered.")
    error: str | None = Field(None, description="Why nobody answered.")


class DeliveryOut(ApiModel):
    """One change sent to one address. Times are ISO 8601 in UTC."""

    id: str = Field(description="dlv_ and 26 characters; the receiver sees it as webhook-id.")
    webhook_id: str
    type: str = Field(description="The event.")
    state: str = Field(description="due, delivered, or given_up.")
    attempts: int
    next_at: str | None = Field(description="When it is tried next.")
    created_at: str | None
    delivered_at: str | None
    history: list[TryOut] = Field(description="The tries, oldest first.")
    payload: str = Field(description="The body as it is sent.")


class DeliveryPage(ApiModel):
    data: list[DeliveryOut]
    next: str | None = Field(description="Send it as 'after' for the next page; null: this was the last.")


class DeliveryQueued(ApiModel):
    delivery_id: str


def webhook_out(row: Mapping[str, Any]) -> WebhookOut:
    return WebhookOut(**_fields(row))


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "url": row["url"],
        "types": row["types"],
        "state": row["state"],
        "failing_since": iso(row["failing_since"]),
        "two_secrets": row["secret_previous_enc"] is not None,
        "created_at": iso(row["created_at"]),
    }


def delivery_out(row: Mapping[str, Any]) -> DeliveryOut:
    return DeliveryOut(
        id=row["id"],
        webhook_id=row["webhook_id"],
        type=row["type"],
        state=row["state"],
        attempts=row["attempts"],
        next_at=iso(row["next_at"]),
        created_at=iso(row["created_at"]),
        delivered_at=iso(row["delivered_at"]),
        history=[TryOut(**{**entry, "at": iso(entry.get("at"))}) for entry in row["history"] or []],
        payload=row["payload"],
    )


def event_kinds() -> EventKindsOut:
    """Everything that can be sent."""
    return EventKindsOut(data=[EventKind(type=name, meaning=words) for name, words in EVENTS.items()])


def listing(conn: Connection, workspace_id: str) -> WebhooksOut:
    return WebhooksOut(data=[webhook_out(row) for row in webhooks.listing(conn, workspace_id)])


def read(conn: Connection, workspace_id: str, webhook_id: str) -> WebhookOut | Missing:
    row = webhooks.find(conn, workspace_id, webhook_id)
    return Missing("webhook") if row is None else webhook_out(row)


def create(
    conn: Connection, app: App, workspace_id: str, *, url: str, types: Sequence[str], actor: str
) -> WebhookMade | Refusal:
    """Send changes to this address from now on."""
    made = webhooks.create(
        conn,
        app.vault,
        workspace_id,
        url=url,
        types=types,
        actor=actor,
        now=app.now(),
        allow_http=app.settings.allow_private_media_hosts,
    )
    if isinstance(made, Refusal):
        return made
    row = webhooks.find(conn, workspace_id, made.id)
    assert row is not None
    return WebhookMade(**_fields(row), secret=made.secret)


def change(
    conn: Connection,
    app: App,
    workspace_id: str,
    webhook_id: str,
    *,
    actor: str,
    url: str | None = None,
    types: Sequence[str] | None = None,
    paused: bool | None = None,
) -> WebhookOut | Refusal:
    """Change, pause or resume it; what was kept while it was paused is sent."""
    row = webhooks.change(
        conn,
        workspace_id,
        webhook_id,
        actor=actor,
        now=app.now(),
        url=url,
        types=types,
        paused=paused,
        allow_http=app.settings.allow_private_media_hosts,
    )
    return row if isinstance(row, Refusal) else webhook_out(row)


def remove(conn: Connection, app: App, workspace_id: str, webhook_id: str, *, actor: str) -> bool:
    """Send nothing more there, also not what waited; false: there is no such webhook."""
    return webhooks.remove(conn, workspace_id, webhook_id, actor=actor, now=app.now())


def rotate_secret(conn: Connection, app: App, workspace_id: str, webhook_id: str, *, actor: str) -> SecretOut | Refusal:
    """A new secret; deliveries are signed with both until the next rotation."""
    made = webhooks.rotate(conn, app.vault, workspace_id, webhook_id, actor=actor, now=app.now())
    return made if isinstance(made, Refusal) else SecretOut(id=made.id, secret=made.secret)


def ping(conn: Connection, app: App, workspace_id: str, webhook_id: str) -> DeliveryQueued | Refusal:
    """Send a test."""
    made = webhooks.ping(conn, workspace_id, webhook_id, now=app.now())
    return made if isinstance(made, Refusal) else DeliveryQueued(delivery_id=made)


def deliveries(
    conn: Connection, workspace_id: str, webhook_id: str, *, limit: int, before: str | None = None
) -> DeliveryPage | Missing:
    """What was sent and is to be sent, newest first."""
    if webhooks.find(conn, workspace_id, webhook_id) is None:
        return Missing("webhook")
    rows = webhooks.deliveries(conn, workspace_id, webhook_id, limit=limit + 1, before=before)
    following = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return DeliveryPage(data=[delivery_out(row) for row in rows[:limit]], next=following)


def delivery(conn: Connection, workspace_id: str, delivery_id: str) -> DeliveryOut | Missing:
    row = webhooks.find_delivery(conn, workspace_id, delivery_id)
    return Missing("delivery") if row is None else delivery_out(row)


def redeliver(
    conn: Connection, app: App, workspace_id: str, webhook_id: str, delivery_id: str, *, actor: str
) -> DeliveryQueued | Missing:
    """Send one again, with its id as before."""
    done = webhooks.redeliver(conn, workspace_id, webhook_id, delivery_id, actor=actor, now=app.now())
    return DeliveryQueued(delivery_id=delivery_id) if done else Missing("delivery")
