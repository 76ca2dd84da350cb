"""Readers of what grows hand over each row once, in whatever order rows appear."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.support.postgres import Cluster
from tests.treadle.store.conformance import rows
from treadle.observe.following import ChangeFollower, Follower
from treadle.store import Connection, Database, feed, migrate, positions, timeline
from treadle.store.feed import FeedReader
from treadle.store.positions import CHANGES, Growing, Position
from treadle.store.tables import changes, events
from treadle.store.timeline import Note

NOW = 1_800_000_000.0
LONG = 700  # rows of a transaction that releases 200 posts; more than any page that is read here
PAGE = 50


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    yield from prepared(database_url)


@pytest.fixture
def postgres(postgres_cluster: Cluster) -> Iterator[Database]:
    with postgres_cluster.database() as url:
        yield from prepared(url)


def prepared(url: str) -> Iterator[Database]:
    made = Database(url)
    migrate.upgrade(made)
    with made.begin() as conn:
        rows.workspace(conn)
        rows.workspace(conn, rows.TWO)
        rows.account(conn)
        rows.post(conn)
    yield made
    made.close()


def appear(database: Database, *ids: int, of: str = rows.ONE, at: float = NOW) -> None:
    """Entries and changes with these ids, committed."""
    entry = {"post_id": "pst_a", "workspace_id": of, "stage": "done", "kind": "wait", "started_at": at}
    change = {"workspace_id": of, "type": "post.published", "subject": "pst_a", "at": at}
    with database.begin() as conn:
        conn.execute(events.insert(), [{**entry, "id": id_, "what": f"Number {id_}"} for id_ in ids])
        conn.execute(changes.insert(), [{**change, "id": id_, "payload": {}} for id_ in ids])


def happen(conn: Connection, *subjects: str) -> None:
    """An entry and a change of each, in the transaction of this connection."""
    for subject in subjects:
        timeline.add_note(conn, "pst_a", rows.ONE, 1, Note("done", "wait", subject), now=NOW)
        feed.announce(conn, rows.ONE, "post.published", subject, {}, now=NOW)


class Readers:
    """One of each kind; what each was handed, in order."""

    def __init__(self, database: Database) -> None:
        self._database = database
        follower, follows = Follower(now=lambda: NOW), ChangeFollower(now=lambda: NOW)
        reader = FeedReader(rows.ONE, None)
        self._read: list[Callable[[Connection], list[str]]] = [
            lambda conn: [entry.what for entry in follower.read(conn)],
            lambda conn: [head.subject for head in follows.read(conn)],
            lambda conn: [row["subject"] for row in reader.read(conn, limit=PAGE, now=NOW)],
        ]
        self.reader = reader

    def look(self) -> list[list[str]]:
        """What came, until there is no more."""
        found: list[list[str]] = [[] for _ in self._read]
        for place, read in enumerate(self._read):
            more = True
            while more:
                with self._database.read() as conn:
                    new = read(conn)
                found[place] += new
                more = bool(new)
        return found


def test_what_appears_late_is_handed_over_once(database: Database) -> None:
    followers = (Follower(now=lambda: NOW), ChangeFollower(now=lambda: NOW))

    def handed() -> list[list[int]]:
        with database.read() as conn:
            return [[row.id for row in follower.read(conn)] for follower in followers]

    appear(database, 5_000, 5_002)
    assert handed() == [[], []]  # begins at the present
    for ids in ([5_003, 5_006], [5_001], [5_005, 5_008], [5_007, 5_004]):
        appear(database, *ids)
        assert handed() == [sorted(ids)] * 2
        assert handed() == [[], []]


def test_a_reader_of_one_workspace_passes_over_the_ids_of_others(database: Database) -> None:
    appear(database, 5_000, at=NOW - 2 * positions.BACK_S)
    reader = FeedReader(rows.ONE, None)

    def handed() -> list[int]:
        with database.read() as conn:
            return [row["id"] for row in reader.read(conn, limit=PAGE, now=NOW)]

    assert handed() == []
    appear(database, 5_003, of=rows.TWO)
    assert handed() == []
    assert reader.mark == 5_000
    appear(database, 5_001, of=rows.TWO)
    appear(database, 5_002)
    assert handed() == [5_002]
    assert handed() == []
    assert reader.mark == 5_003


@pytest.mark.postgres
def test_a_long_transaction_that_commits_last_is_handed_over_whole(postgres: Database) -> None:
    """As many rows as the release of 200 posts writes, while as many others are committed before it."""
    readers = Readers(postgres)
    assert readers.look() == [[], [], []]
    with postgres.engine.connect() as slow:
        begun = slow.begin()
        slow.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        happen(slow, *(f"slow {n}" for n in range(LONG)))
        before = CHANGES.newest(slow) - LONG
        with postgres.begin() as quick:
            happen(quick, *(f"quick {n}" for n in range(LONG)))
        assert readers.look() == [[f"quick {n}" for n in range(LONG)]] * 3
        assert readers.look() == [[], [], []]
        assert readers.reader.mark == before  # whoever begins there misses nothing
        resumed = Readers(postgres)
        assert resumed.look() == [[], [], []]  # they begin while it is under way
        begun.commit()
    for each in (readers, resumed):
        assert each.look() == [[f"slow {n}" for n in range(LONG)]] * 3
        assert each.look() == [[], [], []]
    assert readers.reader.mark == before + 2 * LONG


@pytest.mark.postgres
def test_transactions_that_overlap_are_handed_over_whole_in_any_order(postgres: Database) -> None:
    readers = Readers(postgres)
    readers.look()
    connections = [postgres.engine.connect() for _ in range(4)]
    try:
        open_ = [(conn, conn.begin()) for conn in connections]
        for conn in connections:
            conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        for n in range(9):
            for number, (conn, _) in enumerate(open_):
                happen(conn, f"{number} {n}")
        handed: list[list[str]] = [[], [], []]
        for number in (2, 0, 3, 1):
            _, transaction = open_[number]
            transaction.rollback() if number == 3 else transaction.commit()
            for seen, new in zip(handed, readers.look(), strict=True):
                assert sorted(new) == ([] if number == 3 else [f"{number} {n}" for n in range(9)])
                seen += new
        assert [len(seen) for seen in handed] == [27] * 3
    finally:
        for conn in connections:
            conn.close()


class Numbers:
    """A table that only grows, in memory."""

    def __init__(self) -> None:
        self.conn = sa.create_engine("sqlite://").connect()
        columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("at", sa.Float))
        self.table = sa.Table("n", sa.MetaData(), *columns)
        self.table.create(self.conn)
        self.growing = Growing(self.table.c.id, self.table.c.at)

    def add(self, *ids: int, at: float = NOW) -> None:
        self.conn.execute(self.table.insert(), [{"id": id_, "at": at} for id_ in ids])

    def place(self, after: int | None = None, clock: Callable[[], float] = lambda: 0.0) -> Callable[[], list[int]]:
        """A reader: everything that there is to hand over."""
        made = Position(self.growing, after, clock)

        def read() -> list[int]:
            found: list[int] = []
            while more := made.read(self.conn, page=10, now=NOW):
                found += more
            self.passed, self.mark = made.passed, made.mark
            return found

        return read


@given(st.permutations(range(1, 60)), st.lists(st.integers(1, 12), min_size=60, max_size=60))
def test_every_order_of_appearing(order: list[int], portions: list[int]) -> None:
    numbers = Numbers()
    read = numbers.place()
    assert read() == []
    handed: list[int] = []
    there: list[int] = []
    for portion in portions:
        new, order = order[:portion], order[portion:]
        if new:
            numbers.add(*new)
        handed += read()
        there += new
        assert sorted(handed) == sorted(there)
        # Whoever begins at the mark is handed all that is to come.
        assert numbers.mark == next((id_ - 1 for id_ in range(1, 61) if id_ not in there), 59) or not there
    assert not order
    assert numbers.passed == []


def test_one_that_begins_after_an_id_is_handed_what_was_on_its_way_before_it() -> None:
    numbers = Numbers()
    numbers.add(3, at=NOW - 2 * positions.BACK_S)  # what is missing before this one is missing for good
    numbers.add(5, 6, 9)
    read = numbers.place(after=8)  # an id that is on its way itself
    assert read() == [9]
    assert numbers.passed == [(4, 4), (7, 8)]
    numbers.add(2, 4, 8, 10)
    assert read() == [4, 8, 10]
    assert (numbers.passed, numbers.mark) == ([(7, 7)], 6)


def test_old_gaps_of_a_long_feed_are_let_be() -> None:
    numbers = Numbers()
    numbers.add(*range(2, 100, 2), at=NOW - 2 * positions.BACK_S)
    numbers.add(101, 103)
    read = numbers.place(after=0)
    assert read() == [*range(2, 100, 2), 101, 103]
    assert numbers.passed == [(99, 100), (102, 102)]


def test_what_was_undone_is_let_be_after_a_last_look() -> None:
    now, numbers = 0.0, Numbers()
    numbers.add(1)
    read = numbers.place(clock=lambda: now)
    assert read() == []
    numbers.add(3, 5)
    assert read() == [3, 5]
    assert numbers.passed == [(2, 2), (4, 4)]
    now += 10 * positions.LATE_S  # nobody looked for long: each is looked for once more
    numbers.add(4)
    assert read() == [4]
    assert (numbers.passed, numbers.mark) == ([], 5)


def test_a_leap_of_the_ids_is_one_range() -> None:
    numbers = Numbers()
    numbers.add(1)
    read = numbers.place()
    assert read() == []
    numbers.add(10**12, 2 * 10**12)
    assert read() == [10**12, 2 * 10**12]
    assert numbers.passed == [(2, 10**12 - 1), (10**12 + 1, 2 * 10**12 - 1)]
    numbers.add(10**6)
    assert read() == [10**6]
