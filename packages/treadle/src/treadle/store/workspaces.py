"""Workspaces as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import workspaces


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """One workspace; ``options`` hold sealed values too. Times are epoch seconds."""

    id: str
    name: str
    created_at: float
    paused: bool
    options: Mapping[str, Any]


_COLUMNS = (
    workspaces.c.id,
    workspaces.c.name,
    workspaces.c.created_at,
    workspaces.c.paused,
    workspaces.c.options,
)
_OLDEST_FIRST = (workspaces.c.created_at, workspaces.c.id)


def find(conn: sa.Connection, workspace_id: str) -> WorkspaceRow | None:
    row = conn.execute(sa.select(*_COLUMNS).where(workspaces.c.id == workspace_id)).mappings().first()
    return WorkspaceRow(**row) if row else None


def options_of(conn: sa.Connection, workspace_id: str) -> Mapping[str, Any]:
    """Empty when there is no such workspace."""
    found = conn.execute(sa.select(workspaces.c.options).where(workspaces.c.id == workspace_id)).scalar()
    return found if isinstance(found, dict) else {}


def options_of_all(conn: sa.Connection) -> dict[str, Mapping[str, Any]]:
    """By workspace."""
    rows = conn.execute(sa.select(workspaces.c.id, workspaces.c.options))
    return {row.id: row.options or {} for row in rows}


def ids(conn: sa.Connection) -> list[str]:
    """All of them, oldest first."""
    return list(conn.execute(sa.select(workspaces.c.id).order_by(*_OLDEST_FIRST)).scalars())


def first_id(conn: sa.Connection) -> str | None:
    """The oldest one: its people run the installation."""
    return conn.execute(sa.select(workspaces.c.id).order_by(*_OLDEST_FIRST).limit(1)).scalar()


def insert(conn: sa.Connection, row: WorkspaceRow) -> None:
    values = {"id": row.id, "name": row.name, "created_at": row.created_at, "paused": row.paused}
    conn.execute(sa.insert(workspaces).values(**values, options=dict(row.options)))


def insert_once(conn: sa.Connection, row: WorkspaceRow) -> bool:
    """False when another process that starts at the same moment did."""
    try:
        with conn.begin_nested():
            insert(conn, row)
    except sa.exc.IntegrityError:
        return False
    return True


def set_name(conn: sa.Connection, workspace_id: str, name: str) -> None:
    conn.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(name=name))


def set_paused(conn: sa.Connection, workspace_id: str, *, paused: bool) -> bool:
    """False: there is no such workspace."""
    return statements.update(conn, workspaces, {"paused": paused}, id=workspace_id) == 1


def set_options(conn: sa.Connection, workspace_id: str, options: Mapping[str, Any]) -> None:
    conn.execute(sa.update(workspaces).where(workspaces.c.id == workspace_id).values(options=dict(options)))
