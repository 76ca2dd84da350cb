"""Counts and groups of posts that the pages show beside their lists. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.store.posts_read import counts
from treadle.store.tables import parts, posts

LATELY = 50
RUNNING = ("publishing", "retrying", "waiting")


@dataclass(frozen=True, slots=True)
class HomeCounts:
    """``published_today``: in the last 24 hours; ``failed_lately``: since the time asked for.

    ``published``: ever; ``approvals``: drafts that wait for one.
    """

    published: int
    published_today: int
    scheduled: int
    running: int
    held: int
    checking: int
    failed: int
    failed_lately: int
    approvals: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether there are posts that are held, that failed since the time asked for, that wait for an approval."""

    held: bool
    failed_lately: bool
    approvals: bool


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Posts with the same cause. ``title`` is that of the stored cause; empty when it has none."""

    pattern: str
    title: str
    posts: int


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """A part that is live, counted from 0, with the body it was published with."""

    position: int
    body: Mapping[str, Any]


def home_counts(conn: sa.Connection, workspace_id: str, *, now: float, failed_since: float) -> HomeCounts:
    by_state = counts(conn, workspace_id)

    def since(state: str, column: sa.Column[Any], at: float) -> int:
        if not by_state.get(state):
            return 0
        mine = (posts.c.workspace_id == workspace_id, posts.c.state == state, column > at)
        return conn.execute(sa.select(sa.func.count()).where(*mine)).scalar_one()

    return HomeCounts(
        published=by_state.get("published", 0),
        published_today=since("published", posts.c.published_at, now - 86_400),
        scheduled=by_state.get("scheduled", 0),
        running=sum(by_state.get(state, 0) for state in RUNNING),
        held=by_state.get("held", 0),
        checking=by_state.get("checking", 0),
        failed=by_state.get("failed", 0),
        failed_lately=since("failed", posts.c.updated_at, failed_since),
        approvals=conn.execute(
            sa.select(sa.func.count()).select_from(posts).where(*_for_approval(workspace_id))
        ).scalar_one()
        if by_state.get("draft")
        else 0,
    )


def waiting(conn: sa.Connection, workspace_id: str, *, failed_since: float) -> Waiting:
    """Which kinds of posts need somebody: one statement, for it is asked with every page."""
    mine = posts.c.workspace_id == workspace_id
    held, failed = (mine, posts.c.state == "held"), (mine, posts.c.state == "failed", posts.c.updated_at > failed_since)
    found = [sa.exists().where(*where) for where in (held, failed, _for_approval(workspace_id))]
    return Waiting(*(bool(each) for each in conn.execute(sa.select(*found)).one()))


def _for_approval(workspace_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (posts.c.workspace_id == workspace_id, posts.c.state == "draft", posts.c.approval == "pending")


def for_approval(conn: sa.Connection, workspace_id: str, *, limit: int) -> list[str]:
    """Ids of the drafts that wait for an approval, the one that is due first first; those without a time last."""
    query = sa.select(posts.c.id).where(*_for_approval(workspace_id))
    order = (posts.c.publish_at.is_(None), posts.c.publish_at, posts.c.created_at, posts.c.id)
    return list(conn.execute(query.order_by(*order).limit(limit)).scalars())


def unfinished_by_account(conn: sa.Connection, workspace_id: str) -> dict[str, int]:
    """How many posts of each account are neither drafts nor finished."""
    rows = conn.execute(
        sa.select(posts.c.account_id, sa.func.count().label("n"))
        .where(posts.c.workspace_id == workspace_id, posts.c.state.not_in([*FINAL, "draft"]))
        .group_by(posts.c.account_id)
    )
    return {row.account_id: row.n for row in rows}


def count_due_before(conn: sa.Connection, workspace_id: str, states: Sequence[str], before: float) -> int:
    """How many posts in one of these states were due before then."""
    mine = (posts.c.workspace_id == workspace_id, posts.c.state.in_(states), posts.c.due_at < before)
    return conn.execute(sa.select(sa.func.count()).where(*mine)).scalar_one()


def by_pattern(conn: sa.Connection, workspace_id: str, *, limit: int) -> list[CauseGroup]:
    """The causes that posts have, the most common first."""
    return _groups(conn, workspace_id, posts.c.cause_pattern.is_not(None), least=1, limit=limit)


def fixed_together(conn: sa.Connection, workspace_id: str, actions: Sequence[str]) -> list[CauseGroup]:
    """Causes with one of these actions that hold or failed two posts or more, the largest first."""
    stopped = posts.c.state.in_(("blocked", "failed"))
    return _groups(
        conn, workspace_id, sa.and_(stopped, posts.c.cause["action"].as_string().in_(actions)), least=2, limit=None
    )


def _groups(
    conn: sa.Connection, workspace_id: str, where: sa.ColumnElement[bool], *, least: int, limit: int | None
) -> list[CauseGroup]:
    many = sa.func.count()
    rows = conn.execute(
        sa.select(posts.c.cause_pattern, sa.func.max(posts.c.cause["title"].as_string()), many)
        .where(posts.c.workspace_id == workspace_id, where)
        .group_by(posts.c.cause_pattern)
        .having(many >= least)
        .order_by(many.desc(), posts.c.cause_pattern)
        .limit(limit)
    )
    return [CauseGroup(pattern or "", title or "", n) for pattern, title, n in rows]


def sent_parts(conn: sa.Connection, post_id: str) -> set[str]:
    """Ids of the parts whose publish was sent, or may have been."""
    query = sa.select(parts.c.id).where(parts.c.post_id == post_id, parts.c.intent == "sent")
    return set(conn.execute(query).scalars())


def published_own_media(conn: sa.Connection, workspace_id: str) -> bool:
    """Whether one of the last parts with media that were published had a file that is kept here."""
    live = (parts.c.workspace_id == workspace_id, parts.c.published_at.is_not(None), parts.c.kind != "TEXT")
    query = sa.select(parts.c.body).where(*live).order_by(parts.c.published_at.desc()).limit(LATELY)
    return any(item.get("id") for body in conn.execute(query).scalars() for item in body.get("media") or ())


def published_parts(conn: sa.Connection, workspace_id: str, post_id: str) -> list[PublishedPart]:
    """The parts of a post that are live, in order."""
    live = (parts.c.post_id == post_id, parts.c.workspace_id == workspace_id, parts.c.published_at.is_not(None))
    rows = conn.execute(sa.select(parts.c.position, parts.c.body).where(*live).order_by(parts.c.position))
    return [PublishedPart(*row) for row in rows]
