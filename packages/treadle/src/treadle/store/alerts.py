"""Alerts for people: rows until every target took them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import alerts

KEY_MOST = 128


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert that was not sent yet. ``detail`` is as it was stored; ``raised_at`` is epoch seconds."""

    id: int
    kind: str
    detail: Any
    raised_at: float


@dataclass(frozen=True, slots=True)
class RecentAlert:
    """``detail`` is as it was stored. Times are epoch seconds; ``sent_at`` is ``None`` while no target took it."""

    kind: str
    detail: Any
    raised_at: float
    sent_at: float | None


_COLUMNS = [alerts.c[field.name] for field in fields(AlertRow)]


def recent(conn: sa.Connection, workspace_id: str, *, limit: int) -> list[RecentAlert]:
    """The last alerts of the workspace, sent or not, the latest first."""
    query = sa.select(*(alerts.c[field.name] for field in fields(RecentAlert)))
    query = query.where(alerts.c.workspace_id == workspace_id).order_by(alerts.c.id.desc()).limit(limit)
    return [RecentAlert(*row) for row in conn.execute(query)]


def is_raised(conn: sa.Connection, workspace_id: str, kind: str, key: str, *, since: float | None = None) -> bool:
    """Whether the workspace has such an alert; ``since``: raised after then."""
    same = sa.and_(alerts.c.workspace_id == workspace_id, alerts.c.kind == kind, alerts.c.key == key[:KEY_MOST])
    query = sa.select(alerts.c.id).where(same)
    if since is not None:
        query = query.where(alerts.c.raised_at > since)
    return conn.execute(query.limit(1)).first() is not None


def insert(
    conn: sa.Connection, workspace_id: str, kind: str, key: str, detail: Mapping[str, Any], *, now: float
) -> None:
    row = {"workspace_id": workspace_id, "kind": kind, "key": key[:KEY_MOST], "detail": dict(detail), "raised_at": now}
    statements.insert(conn, alerts, row)


def workspaces_waiting(conn: sa.Connection) -> list[str]:
    """Workspaces with alerts that were not sent."""
    query = sa.select(alerts.c.workspace_id).where(alerts.c.sent_at.is_(None)).distinct()
    return list(conn.execute(query.order_by(alerts.c.workspace_id)).scalars())


def unsent(conn: sa.Connection, workspace_id: str, *, limit: int | None = None) -> Sequence[AlertRow]:
    """The oldest first."""
    query = sa.select(*_COLUMNS).where(alerts.c.workspace_id == workspace_id, alerts.c.sent_at.is_(None))
    return [AlertRow(*row) for row in conn.execute(query.order_by(alerts.c.id).limit(limit))]


def set_tried(
    conn: sa.Connection, alert_id: int, *, detail: Mapping[str, Any] | None = None, sent_at: float | None = None
) -> None:
    """``detail``: what was noted of the tries, if anything new; ``sent_at``: nobody tries it again."""
    values: dict[str, Any] = {}
    if detail is not None:
        values["detail"] = dict(detail)
    if sent_at is not None:
        values["sent_at"] = sent_at
    if values:
        statements.update(conn, alerts, values, id=alert_id)


def delete_sent(conn: sa.Connection, before: float) -> int:
    """Alerts that were sent before then; how many."""
    return conn.execute(sa.delete(alerts).where(alerts.c.sent_at < before)).rowcount
