"""Blockers as a workspace sees them: its own, those of the app and of the platform, with how many of its posts wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict, cast

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


# ---------------------------------------------------------------- what needs somebody


class Group(TypedDict):
    """The open blockers of one pattern. ``posts``: how many wait; ``newest``: id of the one that was opened last."""

    pattern: str
    count: int
    posts: int
    since: float
    newest: str
    scope: str


_post_of_blocker = posts.c.id == post_blockers.c.post_id


def _open_here(workspace_id: str) -> list[sa.ColumnElement[bool]]:
    """Open and not the platform's: those pass without anybody."""
    return [
        blockers.c.repaired_at.is_(None),
        blockers.c.scope != "platform",
        sa.or_(blockers.c.workspace_id == workspace_id, blockers.c.workspace_id.is_(None)),
    ]


def open_groups(conn: sa.Connection, workspace_id: str) -> list[Group]:
    """By pattern, the one that holds most posts first; without those that hold posts of other workspaces only."""
    mine = sa.outerjoin(post_blockers, posts, sa.and_(_post_of_blocker, posts.c.workspace_id == workspace_id))
    rows = conn.execute(
        sa.select(
            blockers.c.pattern,
            sa.func.count(blockers.c.id.distinct()).label("count"),
            sa.func.count(posts.c.id.distinct()).label("posts"),
            sa.func.min(blockers.c.opened_at).label("since"),
            sa.func.max(blockers.c.id).label("newest"),
            sa.func.max(blockers.c.scope).label("scope"),
        )
        .select_from(sa.outerjoin(blockers, mine, post_blockers.c.blocker_id == blockers.c.id))
        .where(*_open_here(workspace_id), sa.or_(blockers.c.workspace_id == workspace_id, posts.c.id.is_not(None)))
        .group_by(blockers.c.pattern)
        .order_by(sa.desc("posts"), sa.asc("since"), blockers.c.pattern)
    ).mappings()
    return [cast(Group, dict(row)) for row in rows]


def first_of_pattern(conn: sa.Connection, workspace_id: str, pattern: str, *, limit: int) -> Sequence[sa.RowMapping]:
    """Open blockers of one pattern, as :func:`visible_blockers`, the one that holds most posts first."""
    waiting = (
        sa.select(sa.func.count())
        .select_from(post_blockers.join(posts, _post_of_blocker))
        .where(post_blockers.c.blocker_id == blockers.c.id, posts.c.workspace_id == workspace_id)
        .scalar_subquery()
    )
    here = (*_open_here(workspace_id), blockers.c.pattern == pattern)
    query = visible_blockers(workspace_id).where(*here, sa.or_(blockers.c.workspace_id == workspace_id, waiting > 0))
    ordered = query.order_by(waiting.desc(), blockers.c.opened_at, blockers.c.id)
    return conn.execute(ordered.limit(limit)).mappings().all()


def first_posts(conn: sa.Connection, workspace_id: str, pattern: str, *, limit: int) -> list[str]:
    """Ids of the workspace's posts that wait for open blockers of one pattern, the one that was due first first."""
    query = (
        sa.select(posts.c.id)
        .select_from(blockers.join(post_blockers).join(posts, _post_of_blocker))
        .where(*_open_here(workspace_id), blockers.c.pattern == pattern, posts.c.workspace_id == workspace_id)
        .group_by(posts.c.id, posts.c.due_at)
    )
    return list(conn.execute(query.order_by(posts.c.due_at, posts.c.id).limit(limit)).scalars())


def trouble_since(conn: sa.Connection) -> float | None:
    """Since when Threads itself has had an open trouble; None: it has none that is known."""
    query = sa.select(sa.func.min(blockers.c.opened_at)).where(
        blockers.c.scope == "platform", blockers.c.repaired_at.is_(None)
    )
    since: float | None = conn.execute(query).scalar_one()
    return since


def causes_of(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Any]:
    """The causes of these blockers by their ids."""
    query = sa.select(blockers.c.id, blockers.c.cause).where(blockers.c.id.in_(ids))
    return {row.id: row.cause for row in conn.execute(query)}


def blocked_accounts(conn: sa.Connection, workspace_id: str) -> set[str]:
    """Ids of the accounts that an open blocker holds."""
    query = sa.select(blockers.c.key).where(*_open_here(workspace_id), blockers.c.scope == "account")
    return set(conn.execute(query).scalars())


def outages(conn: sa.Connection, workspace_id: str) -> dict[str, int]:
    """How many posts of the workspace wait for each open blocker of the platform."""
    query = (
        sa.select(blockers.c.id, sa.func.count())
        .select_from(blockers.join(post_blockers).join(posts, _post_of_blocker))
        .where(blockers.c.scope == "platform", blockers.c.repaired_at.is_(None), posts.c.workspace_id == workspace_id)
        .group_by(blockers.c.id)
    )
    return {row[0]: row[1] for row in conn.execute(query)}
