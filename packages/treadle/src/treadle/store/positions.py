"""Where a reader is in a table that only grows: each row is handed over once, in whatever order rows appear.

PostgreSQL gives ids out before the commit, so a row may appear after one with a larger id: all of a long transaction
do. A reader therefore remembers the ids that it passed over, as ranges, however many they are, and looks at them again
until nothing can come any more. On SQLite rows appear in the order of their ids, and nothing is ever passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from treadle.store.statements import chunks
from treadle.store.tables import changes, events

LATE_S = 60.0  # a transaction takes less: what is not there by then was undone
BACK_S = 300.0  # so far back a reader that begins looks for what is missing; more, for clocks differ
MOST_RANGES = 1000  # that are remembered; the newest


@dataclass(frozen=True, slots=True)
class Growing:
    """A table that only grows: its number, and when what a row is about happened, in epoch seconds."""

    id: sa.Column[int]
    at: sa.Column[float]

    def newest(self, conn: sa.Connection) -> int:
        """The largest id; 0 when there is none."""
        return int(conn.execute(sa.select(sa.func.max(self.id))).scalar() or 0)

    def settled(self, conn: sa.Connection, until: int, *, now: float) -> int:
        """An id up to ``until`` before which nothing can appear any more; 0 when there is none."""
        old = sa.select(self.id).where(self.id <= until, self.at < now - BACK_S)
        return int(conn.execute(old.order_by(self.id.desc()).limit(1)).scalar() or 0)

    def missing(self, conn: sa.Connection, after: int, until: int) -> list[tuple[int, int]]:
        """The ranges of ids between these two, both left out, that are not there; ``until`` is."""
        before = sa.func.coalesce(sa.func.lag(self.id).over(order_by=self.id), after).label("before")
        rows = sa.select(self.id.label("id"), before).where(self.id > after, self.id <= until).subquery()
        found = sa.select(rows.c.before + 1, rows.c.id - 1).where(rows.c.id - rows.c.before > 1)
        return [(int(first), int(last)) for first, last in conn.execute(found.order_by(rows.c.id))]

    def ids(self, conn: sa.Connection, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[int]:
        """The ids of these rows, in order, at most so many."""
        return list(conn.execute(sa.select(self.id).where(*where).order_by(self.id).limit(limit)).scalars())


CHANGES = Growing(changes.c.id, changes.c.at)
TIMELINES = Growing(events.c.id, events.c.started_at)


@dataclass(frozen=True, slots=True)
class _Passed:
    """Ids from ``first`` to ``last`` that were not there at ``since``."""

    first: int
    last: int
    since: float

    def without(self, id_: int) -> list[_Passed]:
        halves = (_Passed(self.first, id_ - 1, self.since), _Passed(id_ + 1, self.last, self.since))
        return [half for half in halves if half.first <= half.last]


@dataclass(slots=True)
class Position:
    """One reader's. ``after``: all up to this id was handed over, or is remembered; ``None``: it begins at the present.

    ``clock`` is one that only goes on.
    """

    table: Growing
    after: int | None = None
    clock: Callable[[], float] = time.monotonic
    _passed: list[_Passed] = field(default_factory=list)
    _begun: bool = False
    _at_end: bool = False

    @property
    def mark(self) -> int:
        """The id after which another reader goes on without missing anything; it may be handed some rows again."""
        waits = [each.first - 1 for each in self._passed[:1]]
        return min([self.after or 0, *waits])

    @property
    def passed(self) -> list[tuple[int, int]]:
        """The ranges of ids that are looked for again, in order."""
        return [(each.first, each.last) for each in self._passed]

    def read(self, conn: sa.Connection, *where: sa.ColumnElement[bool], page: int, now: float) -> list[int]:
        """The ids of what appeared since the last call: those that were passed over, and at most ``page`` new ones.

        Empty when there is nothing more. ``where``: of these rows alone. ``now`` is by the clock that dates the rows.
        """
        if not self._begun:
            self._begin(conn, now)
        late = self._late(conn, where)
        after, until = self.after or 0, self.table.newest(conn)
        if until <= after:
            self._at_end = True
            return late
        # First what is missing, then what is there: each statement sees what is committed when it begins.
        start = after if self._at_end else max(after, self.table.settled(conn, until, now=now))
        gaps = self.table.missing(conn, start, until)
        new = self.table.ids(conn, self.table.id > after, self.table.id <= until, *where, limit=page)
        full = len(new) >= page
        self.after = new[-1] if full else until
        self._at_end = self._at_end or not full
        self._pass_over([(first, last) for first, last in gaps if first < self.after])
        for id_ in new if gaps else ():
            self._found(id_)
        return late + new

    def _begin(self, conn: sa.Connection, now: float) -> None:
        """What is not there yet of the ids before the beginning will be handed over when it is."""
        self._begun = True
        newest = self.table.newest(conn)
        if self.after is None:
            self.after, self._at_end = newest, True
        gaps = self.table.missing(conn, self.table.settled(conn, min(self.after, newest), now=now), newest)
        self._pass_over([(first, min(last, self.after)) for first, last in gaps if first <= self.after])

    def _late(self, conn: sa.Connection, where: Sequence[sa.ColumnElement[bool]]) -> list[int]:
        now, wanted = self.clock(), list[int]()
        for some in chunks(self.passed, size=100):
            here = sa.or_(*(self.table.id.between(first, last) for first, last in some))
            for id_ in self.table.ids(conn, here):
                self._found(id_)
                wanted.append(id_)
        # Only now: however long ago the last look was, every id has been looked for once more.
        self._passed = [each for each in self._passed if now - each.since < LATE_S]
        if not where:
            return wanted
        return [id_ for some in chunks(wanted) for id_ in self.table.ids(conn, self.table.id.in_(some), *where)]

    def _pass_over(self, ranges: Sequence[tuple[int, int]]) -> None:
        since = self.clock()
        self._passed += [_Passed(first, last, since) for first, last in ranges]
        del self._passed[:-MOST_RANGES]

    def _found(self, id_: int) -> None:
        for place, each in enumerate(self._passed):
            if each.first <= id_ <= each.last:
                self._passed[place : place + 1] = each.without(id_)
                return
