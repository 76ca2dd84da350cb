"""Outgoing webhooks as they are stored: addresses of a workspace, and how far each has read the change feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import webhooks


class WebhookRow(TypedDict):
    """One address. ``secret_enc`` and the one before it are ciphertext; times are epoch seconds.

    ``types`` empty: all; ``cursor``: the last change that was turned into deliveries.
    """

    id: str
    workspace_id: str
    url: str
    types: list[str]
    secret_enc: bytes
    secret_previous_enc: bytes | None
    state: str
    failing_since: float | None
    cursor: int
    created_at: float


def insert(
    conn: sa.Connection,
    webhook_id: str,
    workspace_id: str,
    *,
    url: str,
    types: Sequence[str],
    secret_enc: bytes,
    cursor: int,
    now: float,
) -> None:
    row = {"id": webhook_id, "workspace_id": workspace_id, "url": url, "types": list(types), "secret_enc": secret_enc}
    statements.insert(conn, webhooks, {**row, "cursor": cursor, "created_at": now})


def count(conn: sa.Connection, workspace_id: str) -> int:
    query = sa.select(sa.func.count()).select_from(webhooks).where(webhooks.c.workspace_id == workspace_id)
    return int(conn.execute(query).scalar_one())


def find(conn: sa.Connection, workspace_id: str, webhook_id: str) -> WebhookRow | None:
    mine = (webhooks.c.id == webhook_id, webhooks.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(webhooks).where(*mine)).mappings().first()
    return _row(row) if row is not None else None


def listing(conn: sa.Connection, workspace_id: str) -> list[WebhookRow]:
    """The workspace's, oldest first."""
    query = sa.select(webhooks).where(webhooks.c.workspace_id == workspace_id).order_by(webhooks.c.created_at)
    return [_row(row) for row in conn.execute(query).mappings()]


def all_of_them(conn: sa.Connection) -> list[WebhookRow]:
    """Of all workspaces, by id."""
    return [_row(row) for row in conn.execute(sa.select(webhooks).order_by(webhooks.c.id)).mappings().all()]


def change(
    conn: sa.Connection,
    webhook_id: str,
    *,
    url: str | None = None,
    types: Sequence[str] | None = None,
    state: str | None = None,
) -> list[str]:
    """Set what is given; the columns that were set. With a ``state`` it has not failed since any time."""
    values: dict[str, Any] = {}
    if url is not None:
        values["url"] = url
    if types is not None:
        values["types"] = list(types)
    if state is not None:
        values.update(state=state, failing_since=None)
    if values:
        statements.update(conn, webhooks, values, id=webhook_id)
    return sorted(values)


def set_secret(conn: sa.Connection, webhook_id: str, secret_enc: bytes, previous_enc: bytes | None) -> None:
    statements.update(conn, webhooks, {"secret_enc": secret_enc, "secret_previous_enc": previous_enc}, id=webhook_id)


def replace_lost_secret(conn: sa.Connection, webhook_id: str, secret_enc: bytes) -> None:
    """A secret that nobody knows instead of one that no key opens; the webhook is paused."""
    statements.update(conn, webhooks, {"secret_enc": secret_enc, "state": "paused"}, id=webhook_id)


def set_cursor(conn: sa.Connection, webhook_id: str, cursor: int, *, was: int) -> bool:
    """By compare-and-set from ``was``; false when somebody else moved it."""
    return statements.update(conn, webhooks, {"cursor": cursor}, id=webhook_id, cursor=was) == 1


def set_works(conn: sa.Connection, webhook_id: str) -> None:
    """It does not fail any more."""
    failing = sa.and_(webhooks.c.id == webhook_id, webhooks.c.failing_since.is_not(None))
    conn.execute(sa.update(webhooks).where(failing).values(failing_since=None))


def set_failing_since(conn: sa.Connection, webhook_id: str, since: float) -> None:
    """Unless it has failed for longer."""
    works = sa.and_(webhooks.c.id == webhook_id, webhooks.c.failing_since.is_(None))
    conn.execute(sa.update(webhooks).where(works).values(failing_since=since))


def stop(conn: sa.Connection, webhook_id: str) -> bool:
    """Active until now, it is failing from now on; whether it was active."""
    return statements.update(conn, webhooks, {"state": "failing"}, id=webhook_id, state="active") == 1


def delete(conn: sa.Connection, webhook_id: str) -> None:
    conn.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))


def _row(row: Mapping[Any, Any]) -> WebhookRow:
    return cast(WebhookRow, dict(row))
