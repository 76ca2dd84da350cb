"""Following the timelines of all posts: each finished entry is handed over once, in this process.

An entry is written before its call is made and finished when the answer is there, so entries that are under way are
remembered and looked at again. So are ids that were passed over: PostgreSQL gives ids out before the commit, and what
has a smaller id may appear after what has a larger one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from treadle.domain.progress import PartProgress
from treadle.store import Connection, feed, posts_read, timeline
from treadle.store.database import LATE_IDS
from treadle.store.feed import ChangeHead
from treadle.store.timeline import TimelineEntry

PAGE = 1000
MOST_OPEN = 2000
MOST_PASSED = 1000  # ids passed over that are remembered; the newest
LATE_S = 60.0  # a transaction takes less; what is not there by then was undone


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_Numbered)


@dataclass(slots=True)
class _Place:
    """Where a reader is in a table that only grows, and the ids that it passed over, since when."""

    clock: Callable[[], float] = time.monotonic
    last: int | None = None
    passed: dict[int, float] = field(default_factory=dict)

    def read(
        self, newest: Callable[[], int], after: Callable[[int], list[R]], having: Callable[[list[int]], list[R]]
    ) -> list[R]:
        """What appeared since the last call, each row once: those ``having`` ids that were passed over, and a page of
        those ``after`` an id. Begins at the present, with nothing."""
        now = self.clock()
        if self.last is None:
            self.last = newest()
            before = max(0, self.last - LATE_IDS)
            self._pass_over(before, self.last + 1, {row.id for row in after(before)}, now)
            return []
        late = having(sorted(self.passed))
        for row in late:
            del self.passed[row.id]
        # Only now: however long ago the last look was, every id has been looked for once more.
        self.passed = {id_: since for id_, since in self.passed.items() if now - since < LATE_S}
        fresh = after(self.last)
        if fresh:
            self._pass_over(self.last, fresh[-1].id, {row.id for row in fresh}, now)
            self.last = fresh[-1].id
        return late + fresh

    def _pass_over(self, after: int, until: int, there: Set[int], now: float) -> None:
        """Remember the ids between these two that are not there."""
        first = max(after + 1, until - MOST_PASSED - len(there))
        self.passed.update((id_, now) for id_ in range(first, until) if id_ not in there)
        for id_ in sorted(self.passed)[:-MOST_PASSED]:
            del self.passed[id_]


@dataclass(slots=True)
class Follower:
    """One reader of the timelines. Starts at the present; ``worker`` follows that worker's entries alone."""

    worker: str | None = None
    _place: _Place = field(default_factory=_Place)
    _open: set[int] = field(default_factory=set)

    def read(self, conn: Connection) -> list[TimelineEntry]:
        """Entries finished since the last call, at most :data:`PAGE` new ones; empty when there is nothing more."""
        rows = self._place.read(
            lambda: timeline.newest_id(conn),
            lambda after: timeline.entries_after(conn, after, limit=PAGE),
            lambda ids: timeline.entries_with(conn, ids),
        )
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

    _place: _Place = field(default_factory=_Place)

    def read(self, conn: Connection) -> list[ChangeHead]:
        return self._place.read(
            lambda: feed.newest(conn),
            lambda after: feed.heads_after(conn, after, limit=PAGE),
            lambda ids: feed.heads_with(conn, ids),
        )


def proven_live(conn: Connection, post_ids: list[str]) -> int:
    """How many parts of these posts had a publish with an unclear outcome that was found to be live.

    Each is a post that a plain retry would have doubled.
    """
    noted = [PartProgress.from_json(checks) for checks in posts_read.checks_of_published(conn, post_ids)]
    return sum(1 for progress in noted if progress.found_live or progress.looks)
