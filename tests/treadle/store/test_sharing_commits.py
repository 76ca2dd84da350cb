"""What share a commit on PostgreSQL end as if each had been alone, whatever becomes of one of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.postgres import Cluster
from treadle.store import Database, writers
from treadle.store.database import POOL_SIZE, SHARING
from treadle.store.statements import at_the_end
from treadle.store.writers import TRIPS, SharingWriters

pytestmark = pytest.mark.postgres
WAIT_S = 60.0
TABLES = """
CREATE TABLE things (name TEXT PRIMARY KEY, place INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE sums (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (starts_with(NEW.name, 'dies')) EXECUTE FUNCTION die();
"""

Piece = Callable[[sa.Connection], Any]


@pytest.fixture(scope="module")
def opened(postgres_cluster: Cluster) -> Iterator[Database]:
    """One whose two writers let join what waits, however slow the machine is."""
    with postgres_cluster.database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(writers, "TOGETHER_S", 10 * WAIT_S)
        patch.setattr(writers, "NEAR_S", 10 * WAIT_S)
        made = Database(url)
        with made.begin() as conn:
            conn.exec_driver_sql(TABLES)
        yield made
        made.close()


@pytest.fixture
def database(opened: Database) -> Database:
    clear(opened)
    return opened


def clear(database: Database) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql("DELETE FROM things")
        conn.exec_driver_sql("DELETE FROM sums")
        conn.exec_driver_sql("INSERT INTO sums VALUES ('a', 0), ('b', 0)")


def stored(database: Database) -> tuple[list[str], dict[str, int]]:
    with database.read() as conn:
        names = list(conn.execute(sa.text("SELECT name FROM things ORDER BY name")).scalars())
        return names, {row.name: row.n for row in conn.execute(sa.text("SELECT name, n FROM sums"))}


def add(conn: sa.Connection, name: str, place: int | None = None) -> str:
    conn.execute(sa.text("INSERT INTO things VALUES (:name, :place)"), {"name": name, "place": place})
    return name


def count(conn: sa.Connection, name: str = "a", n: int = 1) -> None:
    conn.execute(sa.text("UPDATE sums SET n = n + :n WHERE name = :name"), {"name": name, "n": n})


def put_off(conn: sa.Connection, *names: str) -> None:
    at_the_end(conn, add_all, names)


def add_all(conn: sa.Connection, names: Sequence[str]) -> None:
    conn.execute(sa.text("INSERT INTO things (name) VALUES (:name)"), [{"name": name} for name in names])


def calling(*pieces: Piece) -> Piece:
    def all_of_them(conn: sa.Connection) -> Any:
        return [piece(conn) for piece in pieces][-1]

    return all_of_them


def fail(conn: sa.Connection) -> None:
    raise ArithmeticError


def lose_connection(conn: sa.Connection) -> None:
    conn.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


@contextmanager
def commits(engine: sa.Engine) -> Iterator[list[sa.Connection]]:
    """The connections that commit meanwhile."""
    seen: list[sa.Connection] = []

    def note(conn: sa.Connection) -> None:
        seen.append(conn)

    sa.event.listen(engine, "commit", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "commit", note)


async def keep_busy(database: Database, go_on: threading.Event) -> list[asyncio.Future[Any]]:
    """Until then, all that write are at work, so that what is shared waits together."""
    begun = threading.Semaphore(0)

    def hold(conn: sa.Connection) -> None:
        begun.release()
        go_on.wait(WAIT_S)

    busy: list[asyncio.Future[Any]] = []
    for _ in range(SHARING):  # one after the other, or one writer takes them all
        busy.append(asyncio.ensure_future(database.share(hold)))
        assert await asyncio.to_thread(begun.acquire, True, WAIT_S)
    return busy


async def gathered(database: Database, *pieces: Piece, cancelled: Collection[int] = ()) -> list[Any]:
    """What comes of these, which wait for each other; an error is named by its type."""
    go_on = threading.Event()
    try:
        busy = await keep_busy(database, go_on)
        waiting = [asyncio.ensure_future(database.share(piece)) for piece in pieces]
        await asyncio.sleep(0)
        for place in cancelled:
            waiting[place].cancel()
    finally:
        go_on.set()
    async with asyncio.timeout(4 * WAIT_S):
        await asyncio.gather(*busy, return_exceptions=True)
        came = await asyncio.gather(*waiting, return_exceptions=True)
    return [type(one) if isinstance(one, BaseException) else one for one in came]


async def test_what_waits_shares_a_commit(database: Database) -> None:
    names = [f"n{number:02}" for number in range(10)]
    with commits(database.engine) as seen:
        assert await gathered(database, *(partial(add, name=name) for name in names)) == names
    assert len(seen) == SHARING
    assert stored(database)[0] == names


async def test_what_is_put_off_is_written_once_for_all_that_share_a_commit(database: Database) -> None:
    inserts: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        inserts.extend(["INSERT"] if statement.startswith("INSERT") else [])

    names = [f"n{number:02}" for number in range(10)]
    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        assert await gathered(database, *(_puts_off(name) for name in names)) == names
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    assert 1 <= len(inserts) <= SHARING
    assert stored(database) == (names, {"a": 10, "b": 0})


# What a piece does, and what comes of it: its answer, and whether what it wrote is stored.
def _plain(name: str) -> Piece:
    return calling(count, partial(add, name=name))


def _raises(name: str) -> Piece:
    return calling(count, partial(add, name=name), fail)


def _met_by_a_constraint(name: str) -> Piece:
    return calling(count, partial(add, name=name), partial(add, name=name))


def _refused_at_the_commit(name: str) -> Piece:
    return calling(
        count, partial(add, name=name, place=int(name[1:])), partial(add, name=f"{name} again", place=int(name[1:]))
    )


def _goes_on_after_an_error(name: str) -> Piece:
    def careless(conn: sa.Connection) -> str:
        count(conn)
        add(conn, name)
        with suppress(sa.exc.IntegrityError):
            add(conn, name)
        return name

    return careless


def _undoes_a_part(name: str) -> Piece:
    def careful(conn: sa.Connection) -> str:
        count(conn)
        add(conn, name)
        with suppress(sa.exc.IntegrityError), conn.begin_nested():
            count(conn)
            add(conn, name)
        return name

    return careful


def _puts_off(name: str) -> Piece:
    return calling(count, lambda conn: put_off(conn, name), lambda conn: name)


def _puts_off_what_is_refused(name: str) -> Piece:
    return calling(count, lambda conn: put_off(conn, name, name))


def _puts_off_and_raises(name: str) -> Piece:
    return calling(lambda conn: put_off(conn, name), fail)


def _undoes_what_it_put_off(name: str) -> Piece:
    def careful(conn: sa.Connection) -> str:
        count(conn)
        with suppress(ArithmeticError), conn.begin_nested():
            put_off(conn, f"{name} undone")
            fail(conn)
        put_off(conn, name)
        return name

    return careful


def _loses_the_connection(name: str) -> Piece:
    return calling(count, partial(add, name=name), lose_connection)


ENDS: dict[Callable[[str], Piece], type[BaseException] | None] = {
    _plain: None,
    _raises: ArithmeticError,
    _met_by_a_constraint: sa.exc.IntegrityError,
    _refused_at_the_commit: sa.exc.IntegrityError,
    _goes_on_after_an_error: RuntimeError,
    _undoes_a_part: None,
    _puts_off: None,
    _puts_off_what_is_refused: sa.exc.IntegrityError,
    _puts_off_and_raises: ArithmeticError,
    _undoes_what_it_put_off: None,
    _loses_the_connection: sa.exc.OperationalError,
}
KINDS = st.lists(st.tuples(st.sampled_from([_plain, *ENDS]), st.integers(0, 9).map(lambda n: n == 0)), max_size=20)


@settings(max_examples=25, deadline=None)
@given(KINDS)
def test_each_ends_as_if_it_had_been_alone(opened: Database, kinds: list[tuple[Callable[[str], Piece], bool]]) -> None:
    clear(opened)
    names = [f"n{number:02}" for number in range(len(kinds))]
    pieces = [kind(name) for (kind, _), name in zip(kinds, names, strict=True)]
    cancelled = [number for number, (_, given_up) in enumerate(kinds) if given_up]
    expected = [
        asyncio.CancelledError if given_up else ENDS[kind] or name
        for (kind, given_up), name in zip(kinds, names, strict=True)
    ]
    assert asyncio.run(gathered(opened, *pieces, cancelled=cancelled)) == expected
    kept = [name for name, came in zip(names, expected, strict=True) if came == name]
    assert stored(opened) == (kept, {"a": len(kept), "b": 0})


async def test_a_commit_of_which_nobody_knows_whether_it_worked_is_not_done_again(database: Database) -> None:
    called: list[str] = []

    def noted(conn: sa.Connection, name: str) -> None:
        called.append(name)
        add(conn, name)

    pieces = [partial(noted, name=name) for name in ("dies 1", "dies 2", "dies 3")]
    assert await gathered(database, *pieces) == [sa.exc.OperationalError] * 3
    assert sorted(called) == ["dies 1", "dies 2", "dies 3"]
    assert await gathered(database, partial(add, name="later")) == ["later"], "and those that write go on"


async def test_a_piece_that_waits_for_somebody_elses_lock_makes_nobody_wait(database: Database) -> None:
    with database.begin() as conn:
        conn.exec_driver_sql("SELECT n FROM sums FOR UPDATE")
        waits = [asyncio.ensure_future(database.share(count)) for _ in range(SHARING)]
        assert await asyncio.wait_for(database.share(partial(add, name="x")), WAIT_S) == "x"
        assert not any(one.done() for one in waits)
    await asyncio.wait_for(asyncio.gather(*waits), WAIT_S)
    assert stored(database) == (["x"], {"a": SHARING, "b": 0})


async def test_a_piece_that_takes_long_keeps_one_writer_and_nobody_behind_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "TOGETHER_S", 0.0)
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def long(conn: sa.Connection) -> str:
        begun.set()
        over.wait(WAIT_S)
        return add(conn, "long")

    try:
        busy = await keep_busy(database, go_on)
        waits = asyncio.ensure_future(database.share(long))
        behind = [asyncio.ensure_future(database.share(partial(add, name=name))) for name in ("a", "b", "c")]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.wait_for(asyncio.gather(*behind), WAIT_S) == ["a", "b", "c"]
        assert await asyncio.to_thread(begun.wait, WAIT_S)
        assert not waits.done()
    finally:
        go_on.set()
        over.set()
    assert await asyncio.wait_for(waits, WAIT_S) == "long"
    await asyncio.gather(*busy)


async def test_two_that_wait_for_each_other_are_both_done(database: Database) -> None:
    """By itself; PostgreSQL undoes one of them, which is done again."""
    meet, calls = threading.Barrier(2), {"a": 0, "b": 0}

    def crosswise(conn: sa.Connection, first: str, second: str) -> None:
        if threading.current_thread().name == "treadle-writer":
            raise ArithmeticError
        calls[first] += 1
        count(conn, first)
        if calls[first] == 1:
            meet.wait(WAIT_S)
        count(conn, second)

    both = database.share(crosswise, "a", "b"), database.share(crosswise, "b", "a")
    await asyncio.wait_for(asyncio.gather(*both), 4 * WAIT_S)
    assert stored(database)[1] == {"a": 2, "b": 2}
    assert sum(calls.values()) > 2


async def test_the_further_away_the_database_is_the_more_write_at_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_SHORT_WAITS", sa.text("SELECT pg_sleep(0.004)"))
    monkeypatch.setattr(writers, "NEAR_S", 0.0005)
    database, met = Database(postgres_url), threading.Barrier(7)

    def meet(conn: sa.Connection) -> None:
        met.wait(WAIT_S)

    try:
        for _ in range(TRIPS):
            await database.share(lambda conn: None)
        await asyncio.wait_for(asyncio.gather(*(database.share(meet) for _ in range(7))), WAIT_S)
    finally:
        database.close()


def test_a_load_in_this_process_makes_no_database_far_away(database: Database) -> None:
    """Under load every round trip waits for its turn in this process; more threads would make that longer."""
    sharing = database._sharing
    assert isinstance(sharing, SharingWriters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writers, "NEAR_S", 0.0005)
        for trip_s in (0.0002, *[0.02] * 3 * TRIPS):
            sharing._see_distance(trip_s)
    assert sharing._wanted == SHARING


async def test_closing_does_what_waits_and_refuses_the_rest(postgres_cluster: Cluster) -> None:
    with postgres_cluster.database() as url:
        database = Database(url)
        with database.begin() as conn:
            conn.exec_driver_sql(TABLES)
        writing = [asyncio.ensure_future(database.share(partial(add, name=f"n{number:03}"))) for number in range(200)]
        await asyncio.sleep(0)
        await asyncio.to_thread(database.close)
        with pytest.raises(RuntimeError, match="closed"):
            await database.share(partial(add, name="late"))
        came = await asyncio.wait_for(asyncio.gather(*writing, return_exceptions=True), WAIT_S)
        again = Database(url)
        assert stored(again)[0] == came
        again.close()


async def test_closing_ends_the_wait_for_a_piece_that_was_to_be_done_once_more(postgres_url: str) -> None:
    database, go_on = Database(postgres_url), threading.Event()
    try:
        for _ in range(POOL_SIZE):  # nobody is free for the second time
            database._threads.submit(go_on.wait, WAIT_S)
        waits = asyncio.ensure_future(database.share(fail))
        await asyncio.sleep(0)
        await asyncio.to_thread(database.close)
        with pytest.raises(RuntimeError, match="closed"):
            await asyncio.wait_for(waits, WAIT_S)
    finally:
        go_on.set()


async def test_a_loop_that_ended_keeps_nobody_from_writing(database: Database) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def hold(conn: sa.Connection) -> None:
        begun.set()
        go_on.wait(WAIT_S)

    async def give_up() -> None:
        waits = asyncio.ensure_future(database.share(hold))
        await asyncio.to_thread(begun.wait, WAIT_S)
        waits.cancel()

    for _ in range(SHARING):
        begun.clear()
        await asyncio.to_thread(asyncio.run, give_up())
    go_on.set()
    assert await gathered(database, partial(add, name="x")) == ["x"]
