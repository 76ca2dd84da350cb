"""The audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry; ``at`` is epoch seconds."""

    id: int
    actor: str
    action: str
    subject: str | None
    detail: Mapping[str, Any]
    at: float


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


def listing(
    conn: sa.Connection, workspace_id: str, *, limit: int, before: int | None = None, action: str = ""
) -> Sequence[AuditRow]:
    """The newest entries of a workspace first. ``before``: an id; ``action``: only those that begin with this."""
    query = sa.select(audit.c.id, audit.c.actor, audit.c.action, audit.c.subject, audit.c.detail, audit.c.at).where(
        audit.c.workspace_id == workspace_id
    )
    if before is not None:
        query = query.where(audit.c.id < before)
    if action:
        query = query.where(audit.c.action.startswith(action, autoescape=True))
    return [AuditRow(*row) for row in conn.execute(query.order_by(audit.c.id.desc()).limit(limit))]
