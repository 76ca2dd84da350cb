"""Following the timelines of all posts: each finished entry is handed over once, in this process.

An entry is written before its call is made and finished when the answer is there, so entries that are under way are
remembered and looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from treadle.domain.progress import PartProgress
from treadle.store import Connection, feed, posts_read, timeline
from treadle.store.feed import ChangeHead
from treadle.store.timeline import TimelineEntry

PAGE = 1000
MOST_OPEN = 2000


@dataclass(slots=True)
class Follower:
    """Where one reader of the timelines is. Starts at the present; ``worker`` follows that worker's entries alone."""

    worker: str | None = None
    _last: int | None = None
    _open: set[int] = field(default_factory=set)

    def read(self, conn: Connection) -> list[TimelineEntry]:
        """Entries finished since the last call, at most :data:`PAGE` new ones; empty when there is nothing more."""
        if self._last is None:
            self._last = timeline.newest_id(conn)
            return []
        rows = timeline.entries_after(conn, self._last, limit=PAGE)
        if rows:
            self._last = rows[-1].id
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

    _last: int | None = None

    def read(self, conn: Connection) -> list[ChangeHead]:
        if self._last is None:
            self._last = feed.newest(conn)
            return []
        rows = feed.heads_after(conn, self._last, limit=PAGE)
        if rows:
            self._last = rows[-1].id
        return rows


def proven_live(conn: Connection, post_ids: list[str]) -> int:
    """How many parts of these posts had a publish with an unclear outcome that was found to be live.

    Each is a post that a plain retry would have doubled.
    """
    noted = [PartProgress.from_json(checks) for checks in posts_read.checks_of_published(conn, post_ids)]
    return sum(1 for progress in noted if progress.found_live or progress.looks)
