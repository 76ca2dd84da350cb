"""Figures of the whole installation at one moment, for monitoring. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import FINAL, RUNNING
from treadle.store.statements import chunks
from treadle.store.tables import accounts, blockers, post_blockers, posts, webhook_deliveries


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many are due, and since when the oldest of them is (``None``: there is none)."""

    count: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """A connected account. ``quota`` is as it was read from Threads."""

    id: str
    health: str
    token_expires_at: float | None
    quota: Mapping[str, Any] | None


def posts_by_state(conn: sa.Connection) -> dict[str, int]:
    query = sa.select(posts.c.state, sa.func.count()).group_by(posts.c.state)
    return {row[0]: row[1] for row in conn.execute(query)}


def steps_due(conn: sa.Connection, now: float) -> Backlog:
    """Posts whose next step is due."""
    query = sa.select(sa.func.count(), sa.func.min(posts.c.next_at))
    return Backlog(*conn.execute(query.where(posts.c.state.in_(RUNNING), posts.c.next_at <= now)).one())


def scheduled_ahead(conn: sa.Connection, now: float) -> int:
    """Posts whose time lies ahead."""
    ahead = sa.and_(posts.c.state == "scheduled", posts.c.next_at > now)
    return int(conn.execute(sa.select(sa.func.count()).where(ahead)).scalar_one())


def posts_due(conn: sa.Connection, now: float) -> int:
    """Posts whose time has come and that only wait for a worker."""
    waiting = posts.c.state.in_(("scheduled", "publishing", "retrying", "waiting"))
    query = sa.select(sa.func.count()).select_from(posts).where(waiting, posts.c.due_at <= now)
    return int(conn.execute(query).scalar_one())


def oldest_in_doubt(conn: sa.Connection) -> float | None:
    """When the oldest post was due of which nobody knows whether it is live."""
    return conn.execute(sa.select(sa.func.min(posts.c.due_at)).where(posts.c.state == "checking")).scalar()


def is_overdue(conn: sa.Connection, before: float) -> bool:
    """Whether a scheduled post that needs nobody's approval was due before then."""
    approved = sa.or_(posts.c.approval.is_(None), posts.c.approval != "pending")
    query = sa.select(posts.c.id).where(posts.c.state == "scheduled", posts.c.due_at <= before, approved)
    return conn.execute(query.limit(1)).first() is not None


def any_changed(conn: sa.Connection, states: Sequence[str], since: float) -> bool:
    """Whether a post in one of these states changed after then."""
    moved = sa.select(posts.c.id).where(posts.c.state.in_(states), posts.c.updated_at > since)
    return conn.execute(moved.limit(1)).first() is not None


def causes_of_posts(conn: sa.Connection) -> list[tuple[str | None, str, int]]:
    """(lane, pattern, how many) of the causes of posts that are not published."""
    cause = (posts.c.cause_lane, posts.c.cause_pattern)
    query = sa.select(*cause, sa.func.count()).where(posts.c.cause_pattern.is_not(None), posts.c.state != "published")
    return [(row[0], row[1], row[2]) for row in conn.execute(query.group_by(*cause))]


def open_blockers(conn: sa.Connection) -> list[tuple[str, str, int]]:
    """(scope, lane, how many)."""
    query = sa.select(*_BY, sa.func.count()).where(blockers.c.repaired_at.is_(None))
    return [(row[0], row[1], row[2]) for row in conn.execute(query.group_by(*_BY))]


def posts_behind_blockers(conn: sa.Connection) -> list[tuple[str, str, int]]:
    """(scope, lane, how many posts) of open blockers that hold some."""
    unfinished = sa.and_(posts.c.id == post_blockers.c.post_id, posts.c.state.not_in(FINAL))
    joined = blockers.join(post_blockers, post_blockers.c.blocker_id == blockers.c.id).join(posts, unfinished)
    query = sa.select(*_BY, sa.func.count(post_blockers.c.post_id.distinct())).select_from(joined)
    rows = conn.execute(query.where(blockers.c.repaired_at.is_(None)).group_by(*_BY))
    return [(row[0], row[1], row[2]) for row in rows]


_BY = (blockers.c.scope, blockers.c.lane)


def connected_accounts(conn: sa.Connection) -> Iterator[AccountFigures]:
    """Those that nobody disconnected, oldest first."""
    columns = (accounts.c.id, accounts.c.health, accounts.c.token_expires_at, accounts.c.quota)
    query = sa.select(*columns).where(accounts.c.disconnected_at.is_(None)).order_by(accounts.c.created_at)
    for row in conn.execute(query):
        yield AccountFigures(*row)


def deliveries_due(conn: sa.Connection, now: float) -> Backlog:
    due = sa.and_(webhook_deliveries.c.state == "due", webhook_deliveries.c.next_at <= now)
    query = sa.select(sa.func.count(), sa.func.min(webhook_deliveries.c.next_at))
    return Backlog(*conn.execute(query.where(due)).one())


def publish_times(conn: sa.Connection, post_ids: Sequence[str]) -> Iterator[tuple[float, float]]:
    """(when it was published, when it was due) of those of the posts that are published."""
    for some in chunks(post_ids):
        where = (posts.c.id.in_(some), posts.c.published_at.is_not(None))
        for row in conn.execute(sa.select(posts.c.published_at, posts.c.due_at).where(*where)):
            yield row.published_at, row.due_at
