"""The audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import audit


def insert(
    conn: sa.Connection,
    *,
    workspace_id: str | None,
    actor: str,
    action: str,
    subject: str | None,
    detail: Mapping[str, Any],
    at: float,
) -> None:
    row = {"workspace_id": workspace_id, "actor": actor, "action": action, "subject": subject, "at": at}
    conn.execute(sa.insert(audit).values(**row, detail=dict(detail)))


def last_of_each_actor(conn: sa.Connection, workspace_id: str, action: str) -> Mapping[str, float]:
    """When each actor of the workspace last did this."""
    query = sa.select(audit.c.actor, sa.func.max(audit.c.at)).where(
        audit.c.workspace_id == workspace_id, audit.c.action == action
    )
    return {row[0]: float(row[1]) for row in conn.execute(query.group_by(audit.c.actor))}
