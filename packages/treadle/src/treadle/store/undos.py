"""What can be undone, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import parts, posts, undos


@dataclass(frozen=True, slots=True)
class UndoRow:
    """One thing done. ``steps``: plain JSON of its ``kind``; ``created_at`` is epoch seconds."""

    kind: str
    steps: Sequence[Mapping[str, Any]]
    created_at: float


def insert(conn: sa.Connection, workspace_id: str, undo_id: str, row: UndoRow) -> None:
    values = {"kind": row.kind, "steps": list(row.steps), "created_at": row.created_at}
    conn.execute(sa.insert(undos).values(id=undo_id, workspace_id=workspace_id, **values))


def take(conn: sa.Connection, workspace_id: str, undo_id: str) -> UndoRow | None:
    """Read it and delete it: nothing is undone twice."""
    where = (undos.c.id == undo_id, undos.c.workspace_id == workspace_id)
    query = sa.select(undos.c.kind, undos.c.steps, undos.c.created_at).where(*where).with_for_update()
    row = conn.execute(query).first()
    if row is None:
        return None
    conn.execute(sa.delete(undos).where(*where))
    return UndoRow(row.kind, row.steps, row.created_at)


def delete_before(conn: sa.Connection, before: float) -> None:
    conn.execute(sa.delete(undos).where(undos.c.created_at < before))


def put_back(conn: sa.Connection, row: Mapping[str, Any], part_rows: Sequence[Mapping[str, Any]]) -> None:
    """A deleted post with its parts, as they were; columns that no longer exist are left out."""
    conn.execute(sa.insert(posts).values(**{name: value for name, value in row.items() if name in posts.c}))
    conn.execute(
        sa.insert(parts), [{name: value for name, value in part.items() if name in parts.c} for part in part_rows]
    )
