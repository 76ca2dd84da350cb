"""What needs somebody: open causes, grouped, each with what its repair would send.

Counted by the database: a page stays quick when one cause holds thousands of posts, or when hundreds are open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.services.read import blocker_json
from treadle.store.repair_preview import counted
from treadle.store.tables import blockers, parts, post_blockers, posts
from treadle.store.visible_blockers import visible_blockers

WHOLE = 6  # groups that are shown with their blockers; the rest is named in one line each
SHOWN = 4  # blockers of a group
EXCERPT = 200  # characters of a post's text


def grouped(
    conn: sa.Connection, workspace: str, names: Mapping[str, Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """Open causes by pattern, the one that holds most posts first.

    Each has ``posts`` (how many wait), ``count`` (of blockers), ``since``, ``cause`` and ``blockers``: the first
    :data:`SHOWN`, of the first :data:`WHOLE` groups. What passes by itself is not among them, nor what holds posts of
    other workspaces only.
    """
    mine = sa.outerjoin(post_blockers, posts, sa.and_(_post_of_blocker, posts.c.workspace_id == workspace))
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
        .where(*_open_here(workspace), sa.or_(blockers.c.workspace_id == workspace, posts.c.id.is_not(None)))
        .group_by(blockers.c.pattern)
        .order_by(sa.desc("posts"), sa.asc("since"), blockers.c.pattern)
    ).mappings()
    groups = [dict(row) for row in rows]
    causes = {
        row.id: row.cause
        for row in conn.execute(
            sa.select(blockers.c.id, blockers.c.cause).where(blockers.c.id.in_([g["newest"] for g in groups]))
        )
    }
    for place, group in enumerate(groups):
        group["cause"] = causes[group["newest"]]
        group["blockers"] = _first(conn, workspace, group["pattern"], names, now) if place < WHOLE else []
    return groups


_post_of_blocker = posts.c.id == post_blockers.c.post_id


def _open_here(workspace: str) -> list[sa.ColumnElement[bool]]:
    return [
        blockers.c.repaired_at.is_(None),
        blockers.c.scope != "platform",
        sa.or_(blockers.c.workspace_id == workspace, blockers.c.workspace_id.is_(None)),
    ]


def _first(
    conn: sa.Connection, workspace: str, pattern: str, names: Mapping[str, Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """The blockers of one pattern that hold most, with what each button would do."""
    waiting = (
        sa.select(sa.func.count())
        .select_from(post_blockers.join(posts, _post_of_blocker))
        .where(post_blockers.c.blocker_id == blockers.c.id, posts.c.workspace_id == workspace)
        .scalar_subquery()
    )
    rows = conn.execute(
        visible_blockers(workspace)
        .where(
            *_open_here(workspace),
            blockers.c.pattern == pattern,
            sa.or_(blockers.c.workspace_id == workspace, waiting > 0),
        )
        .order_by(waiting.desc(), blockers.c.opened_at, blockers.c.id)
        .limit(SHOWN)
    ).mappings()
    found = []
    for row in rows.all():
        blocker = blocker_json(row)
        account = names.get(blocker["key"]) if blocker["scope"] == "account" else None
        found.append(
            {
                **blocker,
                "who": f"@{account['username'] or account['threads_user_id']}" if account else None,
                "would": counted(conn, [blocker["id"]], workspace_id=workspace, now=now),
                "post": _text_of(conn, workspace, blocker["key"]) if blocker["scope"] == "post" else None,
            }
        )
    return found


def _text_of(conn: sa.Connection, workspace: str, post_id: str) -> str:
    body = conn.execute(
        sa.select(parts.c.body)
        .where(parts.c.post_id == post_id, parts.c.workspace_id == workspace)
        .order_by(parts.c.position)
        .limit(1)
    ).scalar()
    return str((body or {}).get("text") or "")[:EXCERPT]


def blocked_accounts(conn: sa.Connection, workspace: str) -> set[str]:
    """Ids of the accounts that an open cause holds."""
    query = sa.select(blockers.c.key).where(*_open_here(workspace), blockers.c.scope == "account")
    return set(conn.execute(query).scalars())


def outages(conn: sa.Connection, workspace: str) -> list[dict[str, Any]]:
    """Troubles of Threads itself that hold posts of this workspace and pass by themselves: ``cause`` and ``posts``."""
    rows = conn.execute(
        sa.select(blockers.c.id, sa.func.count().label("posts"))
        .select_from(blockers.join(post_blockers).join(posts, _post_of_blocker))
        .where(blockers.c.scope == "platform", blockers.c.repaired_at.is_(None), posts.c.workspace_id == workspace)
        .group_by(blockers.c.id)
    )
    found = {row.id: row.posts for row in rows}
    causes = conn.execute(sa.select(blockers.c.id, blockers.c.cause).where(blockers.c.id.in_(found)))
    return [{"cause": row.cause, "posts": found[row.id]} for row in causes]
