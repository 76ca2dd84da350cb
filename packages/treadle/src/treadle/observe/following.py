"""Following the timelines of all posts: each finished entry is handed over once, in this process.

An entry is written before its call is made and finished when the answer is there, so entries that are under way are
remembered and looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from treadle.domain.progress import PartProgress
from treadle.store import Connection, feed, posts_read, timeline
from treadle.store.feed import ChangeHead
from treadle.store.positions import CHANGES, TIMELINES, Position
from treadle.store.timeline import TimelineEntry

PAGE = 1000
MOST_OPEN = 2000


@dataclass(slots=True)
class Follower:
    """One reader of the timelines. Starts at the present; ``worker`` follows that worker's entries alone."""

    worker: str | None = None
    now: Callable[[], float] = time.time
    _position: Position = field(default_factory=lambda: Position(TIMELINES))
    _open: set[int] = field(default_factory=set)

    def read(self, conn: Connection) -> list[TimelineEntry]:
        """Entries finished since the last call, at most :data:`PAGE` new ones; empty when there is nothing more."""
        rows = timeline.entries_with(conn, self._position.read(conn, page=PAGE, now=self.now()))
        if self._open:
            rows += timeline.entries_with(conn, sorted(self._open)[-MOST_OPEN:])
        done = []
        for row in rows:
            if self.worker is not None and row.worker != self.worker:
                continue
            if row.kind == "call" and row.outcome is None:
                self._open.add(row.id)
                continue
            self._open.discard(row.id)
            done.append(row)
        if len(self._open) > MOST_OPEN:
            self._open = set(sorted(self._open)[-MOST_OPEN:])
        return done


@dataclass(slots=True)
class ChangeFollower:
    """The same for the change feed."""

    now: Callable[[], float] = time.time
    _position: Position = field(default_factory=lambda: Position(CHANGES))

    def read(self, conn: Connection) -> list[ChangeHead]:
        return feed.heads_with(conn, self._position.read(conn, page=PAGE, now=self.now()))


def proven_live(conn: Connection, post_ids: list[str]) -> int:
    """How many parts of these posts had a publish with an unclear outcome that was found to be live.

    Each is a post that a plain retry would have doubled.
    """
    noted = [PartProgress.from_json(checks) for checks in posts_read.checks_of_published(conn, post_ids)]
    return sum(1 for progress in noted if progress.found_live or progress.looks)
