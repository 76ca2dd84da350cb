"""Following the timelines of all posts: each finished entry is handed over once, in this process.

An entry is written before its call is made and finished when the answer is there, so entries that are under way are
remembered and looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import changes, events, parts

PAGE = 1000
MOST_OPEN = 2000


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One finished entry of a post's timeline; times are epoch seconds, ``duration_s`` seconds or ``None``."""

    id: int
    post_id: str
    workspace_id: str
    part: int | None
    attempt: int
    stage: str
    kind: str
    what: str
    started_at: float
    duration_s: float | None
    outcome: str | None
    decision: str | None
    worker: str | None
    pattern: str | None
    lane: str | None


@dataclass(slots=True)
class Follower:
    """Where one reader of the timelines is. Starts at the present; ``worker`` follows that worker's entries alone."""

    worker: str | None = None
    _last: int | None = None
    _open: set[int] = field(default_factory=set)

    def read(self, conn: sa.Connection) -> list[TimelineEntry]:
        """Entries finished since the last call, at most :data:`PAGE` new ones; empty when there is nothing more."""
        if self._last is None:
            self._last = int(conn.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0)
            return []
        rows = list(conn.execute(_COLUMNS.where(events.c.id > self._last).order_by(events.c.id).limit(PAGE)).mappings())
        if rows:
            self._last = rows[-1]["id"]
        if self._open:
            waiting = sorted(self._open)[-MOST_OPEN:]
            for start in range(0, len(waiting), 500):
                rows += conn.execute(_COLUMNS.where(events.c.id.in_(waiting[start : start + 500]))).mappings()
        done = []
        for row in rows:
            if self.worker is not None and row["worker"] != self.worker:
                continue
            if row["kind"] == "call" and row["outcome"] is None:
                self._open.add(row["id"])
                continue
            self._open.discard(row["id"])
            done.append(TimelineEntry(**row))
        if len(self._open) > MOST_OPEN:
            self._open = set(sorted(self._open)[-MOST_OPEN:])
        return done


_COLUMNS = sa.select(
    events.c.id,
    events.c.post_id,
    events.c.workspace_id,
    events.c.part,
    events.c.attempt,
    events.c.stage,
    events.c.kind,
    events.c.what,
    events.c.started_at,
    events.c.duration_s,
    events.c.outcome,
    events.c.decision,
    events.c.worker,
    events.c.diagnosis["pattern"].as_string().label("pattern"),
    events.c.diagnosis["lane"].as_string().label("lane"),
)


@dataclass(slots=True)
class ChangeFollower:
    """The same for the change feed: ``(id, type, subject, at)`` since the last call."""

    _last: int | None = None

    def read(self, conn: sa.Connection) -> list[Any]:
        if self._last is None:
            self._last = int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)
            return []
        rows = conn.execute(
            sa.select(changes.c.id, changes.c.type, changes.c.subject, changes.c.at)
            .where(changes.c.id > self._last)
            .order_by(changes.c.id)
            .limit(PAGE)
        ).all()
        if rows:
            self._last = rows[-1].id
        return list(rows)


def proven_live(conn: sa.Connection, post_ids: list[str]) -> int:
    """How many parts of these posts had a publish with an unclear outcome that was found to be live.

    Each is a post that a plain retry would have doubled.
    """
    found = 0
    for start in range(0, len(post_ids), 500):
        rows = conn.execute(
            sa.select(parts.c.checks).where(
                parts.c.post_id.in_(post_ids[start : start + 500]), parts.c.published_at.is_not(None)
            )
        ).scalars()
        found += sum(1 for checks in rows if checks and (checks.get("found_live") or checks.get("looks")))
    return found
