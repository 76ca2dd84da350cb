"""Outcomes and causes of a workspace over time, for the charts of its pages."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store.tables import events, parts, posts

MOST = 200_000
STOPPED = ("failed", "blocked", "held", "canceled")


@dataclass(frozen=True, slots=True)
class Met:
    """One failure in a timeline."""

    at: float
    lane: str
    pattern: str
    title: str
    account_id: str
    post_id: str
    state: str = ""  # of the post, where that is what is counted


def first_event_since(conn: sa.Connection, since: float) -> int:
    """The id of the first event not older than this, found by halving: events are written in order of time.

    There is no index by time; this takes some twenty look-ups by key however many events there are.
    """
    low = int(conn.execute(sa.select(sa.func.min(events.c.id))).scalar() or 0)
    high = int(conn.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = conn.execute(
            sa.select(events.c.id, events.c.started_at).where(events.c.id >= middle).order_by(events.c.id).limit(1)
        ).first()
        if row is None or row.started_at >= since:
            high = middle
        else:
            low = row.id + 1
    return low


def failures(conn: sa.Connection, workspace: str, since: float) -> list[Met]:
    """Every diagnosed event of a workspace since then, oldest first."""
    found = events.c.diagnosis
    # Writers of several processes may be a little out of order around the first id.
    start = max(0, first_event_since(conn, since) - 1000)
    rows = conn.execute(
        sa.select(
            events.c.started_at,
            events.c.post_id,
            posts.c.account_id,
            found["lane"].as_string().label("lane"),
            found["pattern"].as_string().label("pattern"),
            found["title"].as_string().label("title"),
        )
        .join(posts, posts.c.id == events.c.post_id)
        .where(
            events.c.id >= start,
            events.c.workspace_id == workspace,
            events.c.started_at >= since,
            found["lane"].as_string().is_not(None),
        )
        .order_by(events.c.id)
        .limit(MOST)
    )
    return [Met(r.started_at, r.lane, r.pattern or "unknown", r.title or "", r.account_id, r.post_id) for r in rows]


def published(conn: sa.Connection, workspace: str, since: float) -> list[tuple[float, str]]:
    """(when, account) of every part published since then."""
    rows = conn.execute(
        sa.select(parts.c.published_at, parts.c.account_id)
        .where(parts.c.workspace_id == workspace, parts.c.published_at >= since)
        .limit(MOST)
    )
    return [(row.published_at, row.account_id) for row in rows]


def stopped(conn: sa.Connection, workspace: str, since: float) -> list[Met]:
    """Posts that failed, wait for somebody or were canceled, in their present state, at their last change."""
    found = posts.c.cause
    rows = conn.execute(
        sa.select(
            posts.c.updated_at,
            posts.c.state,
            posts.c.id,
            posts.c.account_id,
            posts.c.cause_lane,
            posts.c.cause_pattern,
            found["title"].as_string().label("title"),
        )
        .where(posts.c.workspace_id == workspace, posts.c.state.in_(STOPPED), posts.c.updated_at >= since)
        .limit(MOST)
    )
    return [
        Met(r.updated_at, r.cause_lane or "", r.cause_pattern or "", r.title or "", r.account_id, r.id, r.state)
        for r in rows
    ]
