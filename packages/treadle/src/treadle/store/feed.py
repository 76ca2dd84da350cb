"""The change feed: what happened, in order, for live pages, outgoing webhooks and alerts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, cast

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.positions import CHANGES, Position
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
    statements.at_the_end(conn, _insert, [row])


def _insert(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    statements.insert_rows(conn, changes, rows)


class FeedReader:
    """Reads on in the changes of a workspace (and of all of them), each once.

    ``after``: the id that the first comes after; ``None``: from now on.
    """

    def __init__(self, workspace_id: str, after: int | None) -> None:
        self._of, self._position = _of(workspace_id), Position(CHANGES, after)

    @property
    def mark(self) -> int:
        """Whoever begins after this id misses nothing of what follows; some may be read again."""
        return self._position.mark

    def read(self, conn: sa.Connection, *, limit: int, now: float) -> list[ChangeRow]:
        """What came since the last call, at most ``limit`` of what is new; empty when there is nothing more."""
        ids = self._position.read(conn, self._of, page=limit, now=now)
        return [row for some in statements.chunks(ids) for row in _oldest(conn, changes.c.id.in_(some))]


def find(conn: sa.Connection, workspace_id: str, change_id: int) -> ChangeRow | None:
    """One change of a workspace, or of all of them."""
    found = _oldest(conn, changes.c.id == change_id, _of(workspace_id), limit=1)
    return found[0] if found else None


def heads_with(conn: sa.Connection, ids: Sequence[int]) -> list[ChangeHead]:
    """The changes with these ids, oldest first."""
    found: list[ChangeHead] = []
    for some in statements.chunks(sorted(ids)):
        rows = conn.execute(_HEAD.where(changes.c.id.in_(some)).order_by(changes.c.id))
        found += [ChangeHead(*row) for row in rows]
    return found


# Who keeps what became of each change needs no place that remembers: what may have appeared late is looked for among
# all changes of the last minutes. ``types`` are those looked for there, so that a busy day is not read again and again.


def since_again(conn: sa.Connection, cursor: int, *, types: Collection[str], now: float, limit: int) -> list[ChangeRow]:
    """Changes of all workspaces after the given id, at most ``limit``; and before them those of the last minutes."""
    late = _oldest(conn, *_late(conn, cursor, types, now))
    return late + _oldest(conn, changes.c.id > cursor, limit=limit)


def undelivered(
    conn: sa.Connection,
    workspace_id: str,
    webhook_id: str,
    cursor: int,
    *,
    types: Collection[str],
    since: float,
    now: float,
    limit: int,
) -> list[ChangeRow]:
    """Changes for a workspace after the given id, at most ``limit``; and before them those of the last minutes, later
    than ``since``, of which this webhook has no delivery."""
    of = webhook_deliveries.c
    known = sa.select(of.id).where(of.webhook_id == webhook_id, of.change_id == changes.c.id).exists()
    missed = (*_late(conn, cursor, types, now), changes.c.at > since, ~known)
    return _oldest(conn, *missed, _of(workspace_id)) + _oldest(
        conn, changes.c.id > cursor, _of(workspace_id), limit=limit
    )


def _late(conn: sa.Connection, cursor: int, types: Collection[str], now: float) -> tuple[sa.ColumnElement[bool], ...]:
    """Those up to the cursor that may have appeared after the one at the cursor."""
    settled = CHANGES.settled(conn, cursor, now=now)
    return changes.c.id > settled, changes.c.id <= cursor, changes.c.type.in_(types)


def _of(workspace_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(changes.c.workspace_id == workspace_id, changes.c.workspace_id.is_(None))


def _oldest(conn: sa.Connection, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[ChangeRow]:
    rows = conn.execute(sa.select(changes).where(*where).order_by(changes.c.id).limit(limit)).mappings()
    return [cast(ChangeRow, dict(row)) for row in rows]


def delete(conn: sa.Connection, *, before: float) -> None:
    """Changes made before then."""
    conn.execute(sa.delete(changes).where(changes.c.at < before))


def newest(conn: sa.Connection) -> int:
    """The id of the last change; 0 when there is none."""
    return int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)
