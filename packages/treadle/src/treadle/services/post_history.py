"""Outcomes and causes over time: what is counted for the page Causes, and the bars that show it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Column:
    """One day's bar. ``y`` and ``height`` in percent of the drawing, from the top."""

    day: date
    count: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the drawing: a lane or an account, with its bars and what was met most."""

    key: str
    total: int
    columns: tuple[Column, ...]
    top: tuple[tuple[str, str, int], ...]  # pattern, title, how often
    peak: int


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
    said = events.c.diagnosis
    # Writers of several processes may be a little out of order around the first id.
    start = max(0, first_event_since(conn, since) - 1000)
    rows = conn.execute(
        sa.select(
            events.c.started_at,
            events.c.post_id,
            posts.c.account_id,
            said["lane"].as_string().label("lane"),
            said["pattern"].as_string().label("pattern"),
            said["title"].as_string().label("title"),
        )
        .join(posts, posts.c.id == events.c.post_id)
        .where(
            events.c.id >= start,
            events.c.workspace_id == workspace,
            events.c.started_at >= since,
            said["lane"].as_string().is_not(None),
        )
        .order_by(events.c.id)
        .limit(MOST)
    )
    return [Met(r.started_at, r.lane, r.pattern or "unknown", r.title or "", r.account_id, r.post_id) for r in rows]


def published(conn: sa.Connection, workspace: str, since: float) -> list[tuple[float, str]]:
    """(when, account) of every part that went out since then."""
    rows = conn.execute(
        sa.select(parts.c.published_at, parts.c.account_id)
        .where(parts.c.workspace_id == workspace, parts.c.published_at >= since)
        .limit(MOST)
    )
    return [(row.published_at, row.account_id) for row in rows]


def stopped(conn: sa.Connection, workspace: str, since: float) -> list[Met]:
    """Posts that failed, wait for somebody or were canceled, as they stand now, at their last change."""
    said = posts.c.cause
    rows = conn.execute(
        sa.select(
            posts.c.updated_at,
            posts.c.state,
            posts.c.id,
            posts.c.account_id,
            posts.c.cause_lane,
            posts.c.cause_pattern,
            said["title"].as_string().label("title"),
        )
        .where(posts.c.workspace_id == workspace, posts.c.state.in_(STOPPED), posts.c.updated_at >= since)
        .limit(MOST)
    )
    return [
        Met(r.updated_at, r.cause_lane or "", r.cause_pattern or "", r.title or "", r.account_id, r.id, r.state)
        for r in rows
    ]


def days_of(zone: ZoneInfo, now: float, count: int) -> list[date]:
    """The last days in a zone, oldest first, today last."""
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    return [today - timedelta(days=count - 1 - n) for n in range(count)]


def columns(
    times: Iterable[float], days: Sequence[date], zone: ZoneInfo, peak: int | None = None
) -> tuple[Column, ...]:
    """Bars, one a day. ``peak``: the count that is as high as the drawing; the largest if not given."""
    counts = Counter(datetime.fromtimestamp(at, UTC).astimezone(zone).date() for at in times)
    top = peak or max((counts[day] for day in days), default=0) or 1
    step = 100.0 / max(1, len(days))
    made = []
    for index, day in enumerate(days):
        count = counts[day]
        height = max(4.0, 96.0 * count / top) if count else 0.0
        made.append(
            Column(
                day, count, round(index * step + step * 0.12, 3), round(step * 0.76, 3), round(100 - height, 2), height
            )
        )
    return tuple(made)


def strips(met: Sequence[Met], days: Sequence[date], zone: ZoneInfo, key: str) -> list[Strip]:
    """One strip for each ``key`` (``lane``, ``account_id`` or ``state``), all on one scale, the largest first."""
    grouped: dict[str, list[Met]] = defaultdict(list)
    for one in met:
        grouped[getattr(one, key)].append(one)
    peak = max((c.count for group in grouped.values() for c in columns((m.at for m in group), days, zone)), default=1)
    made = []
    for name, group in grouped.items():
        titles = {m.pattern: m.title for m in group}
        top = tuple((pattern, titles[pattern], n) for pattern, n in Counter(m.pattern for m in group).most_common(3))
        made.append(Strip(name, len(group), columns((m.at for m in group), days, zone, peak), top, peak))
    return sorted(made, key=lambda strip: (-strip.total, strip.key))
