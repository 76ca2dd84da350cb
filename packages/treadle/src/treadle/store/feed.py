"""The change feed: what happened, in order, for live pages, outgoing webhooks and alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import changes, webhook_deliveries


class ChangeRow(TypedDict):
    """One change; ``workspace_id`` ``None``: for every workspace. ``at`` is epoch seconds."""

    id: int
    workspace_id: str | None
    type: str
    subject: str
    payload: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class ChangeHead:
    """A change without what it says."""

    id: int
    type: str
    subject: str
    at: float


_HEAD: sa.Select[Any] = sa.select(changes.c.id, changes.c.type, changes.c.subject, changes.c.at)


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


def since(conn: sa.Connection, workspace_id: str, after: int, *, limit: int = 200) -> list[ChangeRow]:
    """Changes of a workspace (and of all of them) after the given id, oldest first."""
    return _oldest(conn, changes.c.id > after, _of(workspace_id), limit=limit)


def find(conn: sa.Connection, workspace_id: str, change_id: int) -> ChangeRow | None:
    """One change of a workspace, or of all of them."""
    found = _oldest(conn, changes.c.id == change_id, _of(workspace_id), limit=1)
    return found[0] if found else None


def heads_after(conn: sa.Connection, after: int, *, limit: int) -> list[ChangeHead]:
    """Changes of all workspaces after the given id, oldest first."""
    query = _HEAD.where(changes.c.id > after).order_by(changes.c.id)
    return [ChangeHead(*row) for row in conn.execute(query.limit(limit))]


def heads_with(conn: sa.Connection, ids: Sequence[int]) -> list[ChangeHead]:
    """The changes with these ids, oldest first."""
    found: list[ChangeHead] = []
    for some in statements.chunks(sorted(ids)):
        rows = conn.execute(_HEAD.where(changes.c.id.in_(some)).order_by(changes.c.id))
        found += [ChangeHead(*row) for row in rows]
    return found


# Postgres hands out ids before a transaction commits: a lower id may appear after a higher one was seen. So those that
# read on after an id look a little further back too.


def since_again(conn: sa.Connection, after: int, *, back: int, back_until: float, limit: int) -> list[ChangeRow]:
    """Changes of all workspaces after the given id, and of the ``back`` ids before it those since ``back_until``."""
    late = sa.and_(changes.c.id > after - back, changes.c.at > back_until)
    return _oldest(conn, sa.or_(changes.c.id > after, late), limit=limit)


def undelivered(
    conn: sa.Connection, workspace_id: str, webhook_id: str, after: int, *, back: int, back_until: float, limit: int
) -> list[ChangeRow]:
    """Changes for a workspace after the given id; and of the ``back`` ids before it those since ``back_until`` of which
    this webhook has no delivery."""
    known = sa.select(webhook_deliveries.c.change_id).where(webhook_deliveries.c.webhook_id == webhook_id)
    late = sa.and_(changes.c.id > after - back, changes.c.at > back_until, changes.c.id.not_in(known))
    return _oldest(conn, sa.or_(changes.c.id > after, late), _of(workspace_id), limit=limit)


def _of(workspace_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(changes.c.workspace_id == workspace_id, changes.c.workspace_id.is_(None))


def _oldest(conn: sa.Connection, *where: sa.ColumnElement[bool], limit: int) -> list[ChangeRow]:
    rows = conn.execute(sa.select(changes).where(*where).order_by(changes.c.id).limit(limit)).mappings()
    return [cast(ChangeRow, dict(row)) for row in rows]


def delete(conn: sa.Connection, *, before: float) -> None:
    """Changes made before then."""
    conn.execute(sa.delete(changes).where(changes.c.at < before))


def newest(conn: sa.Connection) -> int:
    """The id of the last change; 0 when there is none."""
    return int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)
