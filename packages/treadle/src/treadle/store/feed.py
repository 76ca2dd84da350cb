"""The change feed: what happened, in order, for live pages, outgoing webhooks and alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import changes


def announce(
    conn: sa.Connection,
    workspace_id: str | None,
    type_: str,
    subject: str,
    payload: Mapping[str, Any],
    *,
    now: float,
) -> None:
    """Add a change, in the transaction of what changed. ``workspace_id`` ``None``: for every workspace."""
    row = {"workspace_id": workspace_id, "type": type_, "subject": subject, "payload": dict(payload), "at": now}
    statements.insert(conn, changes, row)


def since(conn: sa.Connection, workspace_id: str, after: int, *, limit: int = 200) -> list[dict[str, Any]]:
    """Changes of a workspace (and of the whole house) after the given id, oldest first."""
    rows = conn.execute(
        sa.select(changes)
        .where(changes.c.id > after, sa.or_(changes.c.workspace_id == workspace_id, changes.c.workspace_id.is_(None)))
        .order_by(changes.c.id)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def newest(conn: sa.Connection) -> int:
    """The id of the last change; 0 when there is none."""
    return int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)
