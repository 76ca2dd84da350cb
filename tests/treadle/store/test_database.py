"""What the database promises to many at once: a piece that fails is undone alone, what is ours is flushed, and more."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.folders import settings_in
from treadle.store import Database, open_database
from treadle.store import database as database_module
from treadle.store.statements import at_the_end

FULL, NORMAL = 2, 1  # SQLite's numbers for PRAGMA synchronous


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(settings_in(tmp_path))
    with opened.begin() as conn:
        conn.execute(sa.text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    return opened


def add(conn: sa.Connection, *names: str) -> str:
    for name in names:
        conn.execute(sa.text("INSERT INTO things VALUES (:name)"), {"name": name})
    return names[-1]


def names(database: Database) -> list[str]:
    with database.read() as conn:
        return list(conn.execute(sa.text("SELECT name FROM things ORDER BY name")).scalars())


async def test_a_piece_that_fails_is_undone_alone(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(conn: sa.Connection) -> None:
        begun.set()
        go_on.wait(30)

    first = asyncio.ensure_future(database.run(hold))
    await asyncio.to_thread(begun.wait, 30)
    # These gather while the first is under way, so they are written together.
    together = [
        asyncio.ensure_future(database.run(add, *group)) for group in (("a", "b"), ("c", "a"), ("d",), ("e", "e"))
    ]
    await asyncio.sleep(0)
    go_on.set()
    await first
    a, c, d, e = await asyncio.gather(*together, return_exceptions=True)
    assert (a, d) == ("b", "d")
    assert isinstance(c, sa.exc.IntegrityError)
    assert isinstance(e, sa.exc.IntegrityError)
    assert names(database) == ["a", "b", "d"]
    database.close()


async def test_runs_that_share_a_commit_write_what_they_put_off_once(database: Database) -> None:
    """And one that fails, at once or with what it put off, fails alone."""
    begun, go_on, inserts = threading.Event(), threading.Event(), 0

    def hold(conn: sa.Connection) -> None:
        begun.set()
        go_on.wait(30)

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        nonlocal inserts
        inserts += statement.startswith("INSERT")

    async def together(*pieces: tuple[str, ...], beside: tuple[str, ...] = ()) -> list[object]:
        begun.clear()
        go_on.clear()
        first = asyncio.ensure_future(database.run(hold))
        await asyncio.to_thread(begun.wait, 30)
        waiting = [asyncio.ensure_future(database.share(put_off, *piece)) for piece in pieces]
        waiting += [asyncio.ensure_future(database.run(add, *beside))] if beside else []
        await asyncio.sleep(0)
        go_on.set()
        await first
        came = await asyncio.gather(*waiting, return_exceptions=True)
        return [type(one) if isinstance(one, BaseException) else one for one in came]

    sa.event.listen(database.engine, "before_cursor_execute", note)
    assert await together(("a",), ("b", "c"), ("d",)) == ["a", "c", "d"]
    assert inserts == 1
    assert await together(("e",), ("f", "a"), ("g", "g"), ("h",)) == ["e", *[sa.exc.IntegrityError] * 2, "h"]
    assert await together(("i",), ("j", "a"), beside=("k",)) == ["i", sa.exc.IntegrityError, "k"]
    assert names(database) == list("abcdehik")
    database.close()


def put_off(conn: sa.Connection, *names: str) -> str:
    at_the_end(conn, add_all, names)
    return names[-1]


def add_all(conn: sa.Connection, names: Sequence[str]) -> None:
    conn.execute(sa.text("INSERT INTO things VALUES (:name)"), [{"name": name} for name in names])


def _until_queued(database: Database, count: int) -> None:
    assert database._writer is not None
    deadline = time.monotonic() + 120
    while database._writer._queue.qsize() < count and time.monotonic() < deadline:
        time.sleep(0.01)


async def test_threads_and_coroutines_share_commits(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()
    commits: list[sa.Connection] = []
    sa.event.listen(database.engine, "commit", commits.append)

    def hold(conn: sa.Connection) -> None:
        begun.set()
        go_on.wait(30)

    first = asyncio.ensure_future(database.run(hold))
    await asyncio.to_thread(begun.wait, 30)
    beside = asyncio.ensure_future(database.run(add, "a"))
    await asyncio.sleep(0)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(database.write, add, *group) for group in (("b",), ("a",), ("c",))]
        await asyncio.to_thread(_until_queued, database, 4)
        go_on.set()
        await asyncio.gather(first, beside)
    assert [each.result() for each in (waiting[0], waiting[2])] == ["b", "c"]
    assert isinstance(waiting[1].exception(), sa.exc.IntegrityError)
    assert names(database) == ["a", "b", "c"]
    assert len(commits) == 2, "what held the writer, and the four that waited for it"
    database.close()


def test_whoever_writes_while_it_closes_is_answered(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        writing = [threads.submit(database.write, add, f"{n}") for n in range(400)]
        database.close()
        refused = [each for each in writing if isinstance(each.exception(timeout=120), RuntimeError)]
    written = [each.result() for each in writing if each not in refused]
    database = open_database(settings_in(Path(database.url.database or "").parent.parent))
    assert names(database) == sorted(written), "what was answered is there, what was refused is not"
    database.close()


async def test_a_piece_may_undo_a_part_of_itself(database: Database) -> None:
    def careful(conn: sa.Connection) -> str:
        add(conn, "kept")
        with pytest.raises(sa.exc.IntegrityError), conn.begin_nested():
            add(conn, "dropped", "kept")
        return add(conn, "after")

    assert list(await asyncio.gather(database.run(careful), database.run(add, "other"))) == ["after", "other"]
    assert names(database) == ["after", "kept", "other"]
    database.close()


def test_what_is_ours_waits_for_the_disk_and_what_the_runs_write_need_not(database: Database) -> None:
    for engine, wanted in ((database.engine, FULL), (database.runs_engine, NORMAL)):
        with engine.connect() as conn:
            assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == wanted
            assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    database.close()


def test_both_engines_take_turns(database: Database) -> None:
    """Two writers of SQLite at once would have to sleep for each other; here the second waits for its turn."""
    order: list[str] = []
    holding = threading.Event()

    def second() -> None:
        holding.wait(30)
        with database.runs_engine.begin() as conn:
            order.append("second begins")
            add(conn, "second")

    thread = threading.Thread(target=second)
    thread.start()
    with database.begin() as conn:
        holding.set()
        add(conn, "first")
        thread.join(0.05)
        order.append("first ends")
    thread.join(30)
    assert order == ["first ends", "second begins"]
    assert names(database) == ["first", "second"]
    database.close()


def test_a_connection_that_died_while_it_lay_idle_is_not_used(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "ASK_AFTER_S", 0.0)
    database = Database(postgres_url)
    other = sa.create_engine(database.url)
    me = sa.text("SELECT pg_backend_pid()")
    with database.begin() as conn:
        before = conn.execute(me).scalar_one()
    with other.begin() as conn:
        conn.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": before})
    with database.begin() as conn:
        assert conn.execute(me).scalar_one() != before
    other.dispose()
    database.close()
