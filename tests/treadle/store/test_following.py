"""Readers of what grows hand over each row once, in whatever order rows appear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.store.conformance import rows
from treadle.observe import following
from treadle.observe.following import ChangeFollower, Follower
from treadle.store import Database, feed, migrate
from treadle.store.feed import ChangeHead
from treadle.store.tables import changes, events


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    migrate.upgrade(made)
    with made.begin() as conn:
        rows.workspace(conn)
        rows.account(conn)
        rows.post(conn)
    yield made
    made.close()


def appear(database: Database, *ids: int) -> None:
    """Entries and changes with these ids, committed."""
    entry = {"post_id": "pst_a", "workspace_id": rows.ONE, "stage": "done", "kind": "wait", "started_at": 1.0}
    change = {"workspace_id": rows.ONE, "type": "post.published", "subject": "pst_a", "at": 1.0}
    with database.begin() as conn:
        conn.execute(events.insert(), [{**entry, "id": id_, "what": f"Number {id_}"} for id_ in ids])
        conn.execute(changes.insert(), [{**change, "id": id_, "payload": {}} for id_ in ids])


def test_what_appears_late_is_handed_over_once(database: Database) -> None:
    followers = (Follower(), ChangeFollower())

    def handed() -> list[list[int]]:
        with database.read() as conn:
            return [[row.id for row in follower.read(conn)] for follower in followers]

    appear(database, 5_000, 5_002)
    assert handed() == [[], []]  # begins at the present
    for ids in ([5_003, 5_006], [5_001], [5_005, 5_008], [5_007, 5_004]):
        appear(database, *ids)
        assert handed() == [sorted(ids)] * 2
        assert handed() == [[], []]


@pytest.mark.postgres
def test_a_transaction_that_commits_later_is_not_missed(postgres_cluster) -> None:  # type: ignore[no-untyped-def]
    with postgres_cluster.database() as url:
        database = Database(url)
        migrate.upgrade(database)
        follower = ChangeFollower()
        try:
            with database.begin() as conn:
                rows.workspace(conn)
                feed.announce(conn, rows.ONE, "post.first", "pst", {}, now=1.0)
            with database.engine.connect() as slow, database.read() as conn:
                begun = slow.begin()
                feed.announce(slow, rows.ONE, "post.slow", "pst", {}, now=2.0)
                assert follower.read(conn) == []
                with database.begin() as quick:
                    feed.announce(quick, rows.ONE, "post.quick", "pst", {}, now=3.0)
                conn.rollback()  # what is committed by now
                assert [row.type for row in follower.read(conn)] == ["post.quick"]
                begun.commit()
                conn.rollback()
                assert [row.type for row in follower.read(conn)] == ["post.slow"]
                conn.rollback()
                assert follower.read(conn) == []
        finally:
            database.close()


@given(st.permutations(range(1, 60)), st.lists(st.integers(1, 12), min_size=60, max_size=60))
def test_every_order_of_appearing(order: list[int], portions: list[int]) -> None:
    there: list[int] = []
    place = following._Place(clock=lambda: 0.0)

    def read(page: int = 10) -> list[int]:
        """Everything that there is to hand over."""
        found: list[int] = []
        while more := place.read(
            lambda: max(there, default=0),
            lambda after: [head(id_) for id_ in sorted(there) if id_ > after][:page],
            lambda ids: [head(id_) for id_ in ids if id_ in there],
        ):
            found += [row.id for row in more]
        return found

    assert read() == []
    handed: list[int] = []
    for portion in portions:
        new, order = order[:portion], order[portion:]
        there += new
        handed += read()
        assert sorted(handed) == sorted(there)
    assert not order
    assert place.passed == {}


def head(id_: int) -> ChangeHead:
    return ChangeHead(id_, "post.published", "pst", 1.0)


def test_what_was_undone_is_let_be_after_a_last_look() -> None:
    now, there = 0.0, [1, 3]
    place = following._Place(clock=lambda: now)

    def read() -> list[int]:
        after = place.read(
            lambda: max(there),
            lambda after: [head(id_) for id_ in there if id_ > after],
            lambda ids: [head(id_) for id_ in ids if id_ in there],
        )
        return [row.id for row in after]

    assert read() == []
    there += [5]
    assert read() == [5]
    assert sorted(place.passed) == [2, 4]
    now += 10 * following.LATE_S  # nobody looked for long: each is looked for once more
    there += [4]
    assert read() == [4]
    assert place.passed == {}


def test_a_leap_of_the_ids_is_not_remembered_whole() -> None:
    there = [1]
    place = following._Place(clock=lambda: 0.0)
    for newest in (10**12, 2 * 10**12):
        place.read(
            lambda: 1,
            lambda after: [head(id_) for id_ in there if id_ > after],
            lambda ids: [head(id_) for id_ in ids if id_ in there],
        )
        assert len(place.passed) <= following.MOST_PASSED
        there.append(newest)
