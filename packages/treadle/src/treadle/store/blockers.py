"""Blockers as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from treadle.store.tables import blockers, posts

AT_ONCE = 500  # ids in one statement


def is_shared(conn: sa.Connection, blocker_id: str) -> bool:
    """Whether it concerns every workspace."""
    row = conn.execute(sa.select(blockers.c.workspace_id).where(blockers.c.id == blocker_id)).first()
    return row is not None and row.workspace_id is None


def posts_of_workspace(conn: sa.Connection, workspace_id: str, ids: Sequence[str]) -> list[str]:
    """Those of these posts that belong to the workspace, in the order given."""
    mine: set[str] = set()
    for start in range(0, len(ids), AT_ONCE):
        where = (posts.c.workspace_id == workspace_id, posts.c.id.in_(ids[start : start + AT_ONCE]))
        mine |= set(conn.execute(sa.select(posts.c.id).where(*where)).scalars())
    return [id_ for id_ in ids if id_ in mine]
