"""Blockers as a workspace sees them: its own, those of the app and of the platform, with how many of its posts wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import blockers, post_blockers, posts


def visible_blockers(workspace_id: str) -> sa.Select[Any]:
    """Every column of them, with ``posts_waiting`` and ``oldest_due_at``."""
    behind = sa.and_(post_blockers.c.blocker_id == blockers.c.id, posts.c.workspace_id == workspace_id)
    waiting = sa.select(sa.func.count()).where(posts.c.id == post_blockers.c.post_id, behind).scalar_subquery()
    oldest = sa.select(sa.func.min(posts.c.due_at)).where(posts.c.id == post_blockers.c.post_id, behind)
    return sa.select(blockers, waiting.label("posts_waiting"), oldest.scalar_subquery().label("oldest_due_at")).where(
        sa.or_(blockers.c.workspace_id == workspace_id, blockers.c.workspace_id.is_(None))
    )


def blocker_page(
    conn: sa.Connection, workspace_id: str, *, open_only: bool, limit: int | None, before: str | None
) -> Sequence[sa.RowMapping]:
    """The newest first, ``limit`` of them. ``before``: id of the last one already seen."""
    query = visible_blockers(workspace_id)
    if open_only:
        query = query.where(blockers.c.repaired_at.is_(None))
    if before is not None:
        query = query.where(blockers.c.id < before)
    return conn.execute(query.order_by(blockers.c.id.desc()).limit(limit)).mappings().all()  # ids begin with the time


def blocker_row(conn: sa.Connection, workspace_id: str, blocker_id: str) -> sa.RowMapping | None:
    return conn.execute(visible_blockers(workspace_id).where(blockers.c.id == blocker_id)).mappings().first()


def open_causes_of(
    conn: sa.Connection, workspace_id: str, account_id: str, app_id: str | None
) -> Sequence[sa.RowMapping]:
    """Open blockers that a new post of this account would wait for: the account's, its app's, the platform's."""
    ahead = sa.or_(
        sa.and_(blockers.c.scope == "account", blockers.c.key == account_id),
        sa.and_(blockers.c.scope == "app", blockers.c.key == app_id),
        blockers.c.scope == "platform",
    )
    query = visible_blockers(workspace_id).where(blockers.c.repaired_at.is_(None), ahead)
    return conn.execute(query).mappings().all()
