"""What every queue of runs promises: DBOS on SQLite, DBOS on PostgreSQL, and those of simulations."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from simulation.database import Disk
from simulation.queue import RunTable, WorkerQueue
from tests.support.simulated_queue import SimulatedQueue
from tests.support.simulated_runtime import Clock
from treadle.engine import dbos_queue
from treadle.engine.dbos_queue import POLL_S, QUIET_POLL_S, QUIET_S, DbosQueue, DbosRunStore, _Polls
from treadle.engine.queue import Execute, RunQueue, RunStore
from treadle.engine.system import SystemProcess
from treadle.store import Database, migrate

PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Item:
    post_id: str
    account: str = "acc_1"
    delay_s: float = 0.0
    due_at: float = 1_000.0


class Place:
    """One implementation, and a worker to open and to lose. ``executed``: ids of posts, in order."""

    store: RunStore
    queue: RunQueue

    def __init__(self) -> None:
        self.executed: list[str] = []

    async def open(self, worker: str, execute: Execute | None = None, *, at_once: int = 8) -> None:
        raise NotImplementedError

    def transaction(self) -> AbstractContextManager[Any]:
        raise NotImplementedError

    def put(self, items: Sequence[Item], *, fails: bool = False) -> None:
        with self.transaction() as conn:
            for item in items:
                self.store(conn, item.post_id, 1, account_id=item.account, delay_s=item.delay_s, due_at=item.due_at)
            if fails:
                raise ArithmeticError

    async def lose_worker(self) -> None:
        """It is gone, in the middle of what it was executing."""
        raise NotImplementedError

    async def lose_end(self, post_id: str) -> None:
        """Execute the run of this post, which is stored, and lose its end."""
        raise NotImplementedError

    async def until_ended(self, post_id: str) -> None:
        raise NotImplementedError

    def left_behind(self) -> list[str]:
        raise NotImplementedError

    def now(self) -> float:
        raise NotImplementedError

    async def note(self, post_id: str, seq: int, queue: str) -> None:
        self.executed.append(post_id)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():  # noqa: ASYNC110  (what is waited for is a row of the database)
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        raise NotImplementedError


class Dbos(Place):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.db = Database(url)
        migrate.upgrade(self.db)
        self.store = DbosRunStore(self.db)
        self.worker, self.opened = "", False

    async def open(self, worker: str, execute: Execute | None = None, *, at_once: int = 8) -> None:
        self.queue, self.worker, self.opened = DbosQueue(self.db, SystemProcess(), at_once=at_once), worker, True
        await self.queue.open(worker, execute or self.note)

    def transaction(self) -> AbstractContextManager[Any]:
        return self.db.begin()

    async def lose_worker(self) -> None:
        await asyncio.to_thread(self.queue.close, within_s=0.0)
        self.opened = False

    @property
    def table(self) -> str:
        return "workflow_status" if self.db.is_sqlite else "dbos.workflow_status"

    def status(self, post_id: str) -> Any:
        with self.db.read() as conn:
            found = sa.text(f"SELECT status FROM {self.table} WHERE workflow_uuid = :id")
            return conn.execute(found, {"id": f"{post_id}.1"}).scalar()

    async def lose_end(self, post_id: str) -> None:
        await self.until_ended(post_id)
        with self.db.begin() as conn:
            again = sa.text(
                f"UPDATE {self.table} SET status = 'PENDING', executor_id = :me, output = NULL, completed_at = NULL"
                " WHERE workflow_uuid = :id"
            )
            conn.execute(again, {"me": self.worker, "id": f"{post_id}.1"})

    async def until_ended(self, post_id: str) -> None:
        await self.until(lambda: self.status(post_id) == "SUCCESS")

    def left_behind(self) -> list[str]:
        with self.db.read() as conn:
            return self.queue.left_behind(conn)

    def now(self) -> float:
        return SystemProcess().now()

    async def close(self) -> None:
        if self.opened:
            await self.lose_worker()
        self.db.close()


class Simulated(Place):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(1_000.0)
        self.memory = SimulatedQueue(self.clock)
        self.queue, self.store = self.memory, self.memory
        self.tasks: set[asyncio.Task[None]] = set()

    async def open(self, worker: str, execute: Execute | None = None, *, at_once: int = 8) -> None:
        self.memory.at_once = at_once
        await self.memory.open(worker, execute or self.note)

    def transaction(self) -> AbstractContextManager[Any]:
        return self.memory.transaction()

    async def lose_worker(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()
        self.memory.close()

    async def lose_end(self, post_id: str) -> None:
        taken = self.memory.take()
        assert taken is not None
        await self.note(taken.post_id, taken.seq, taken.queue)
        self.memory.ended(taken, stored=False)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                self.tasks = {task for task in self.tasks if not task.done()}
                self.tasks |= set(self.memory.start_ready())
                await asyncio.sleep(0)
                if not self.tasks and not done() and (at := self.memory.next_at()) is not None:
                    self.clock.to(at)

    async def until_ended(self, post_id: str) -> None:
        await self.until(lambda: not self.memory.holds(post_id))

    def left_behind(self) -> list[str]:
        return self.memory.left_behind()

    def now(self) -> float:
        return self.clock()

    async def close(self) -> None:
        await self.lose_worker()


class Stored(Place):
    """The queue of simulated days, whose rows are in the database."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.table = self.store = RunTable(self.disk, self.now)
        self.tasks: set[asyncio.Task[None]] = set()
        self.time = 1_000.0

    async def open(self, worker: str, execute: Execute | None = None, *, at_once: int = 8) -> None:
        self.queue = self.mine = WorkerQueue(self.table, at_once=at_once, joined=True)
        await self.mine.open(worker, execute or self.note)

    def transaction(self) -> AbstractContextManager[Any]:
        return self.disk.transaction()

    async def lose_worker(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.tasks.clear()
        self.mine.close()

    async def lose_end(self, post_id: str) -> None:
        taken = self.table.take(self.mine.worker)
        assert taken is not None
        await self.note(taken.post_id, taken.seq, taken.queue)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                self.tasks = {task for task in self.tasks if not task.done()}
                while (task := self.mine.start_one()) is not None:
                    self.tasks.add(task)
                await asyncio.sleep(0)
                if not self.tasks and not done() and (at := self.table.next_at()) is not None:
                    self.time = max(self.time, at)

    async def until_ended(self, post_id: str) -> None:
        query = "SELECT 1 FROM simulated_runs WHERE post_id = ?"
        await self.until(lambda: self.disk.driver.execute(query, (post_id,)).fetchone() is None)

    def left_behind(self) -> list[str]:
        with self.disk.view() as conn:
            return self.mine.left_behind(conn)

    def now(self) -> float:
        return self.time

    async def close(self) -> None:
        await self.lose_worker()
        self.disk.close()


@pytest.fixture(
    params=["simulated", "stored", "dbos-sqlite", pytest.param("dbos-postgresql", marks=pytest.mark.postgres)]
)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "simulated":
        made: Place = Simulated()
        yield made
        await made.close()
        return
    if request.param == "stored":
        made = Stored()
        yield made
        await made.close()
        return
    if request.param == "dbos-sqlite":
        made = Dbos(f"sqlite:///{tmp_path}/queue.sqlite")
        yield made
        await made.close()
        return
    with request.getfixturevalue("postgres_cluster").database() as url:
        made = Dbos(url)
        yield made
        await made.close()


async def test_a_stored_run_is_executed_once_and_one_that_was_rolled_back_never(place: Place) -> None:
    await place.open("wrk_a")
    with pytest.raises(ArithmeticError):
        place.put([Item("pst_undone", "acc_2")], fails=True)
    place.put([Item("pst_1"), Item("pst_2", "acc_2")])
    await place.until(lambda: len(place.executed) >= 2)
    await place.until_ended("pst_1")
    await place.until_ended("pst_2")
    assert sorted(place.executed) == ["pst_1", "pst_2"]


async def test_a_delayed_run_is_executed_at_its_time_and_not_before(place: Place) -> None:
    times: dict[str, float] = {}

    async def execute(post_id: str, seq: int, queue: str) -> None:
        times[post_id] = place.now()

    await place.open("wrk_a", execute)
    began = place.now()
    place.put([Item("pst_late", "acc_1", delay_s=1.5), Item("pst_now", "acc_2")])
    await place.until(lambda: len(times) == 2)
    assert times["pst_now"] < times["pst_late"]
    assert times["pst_late"] >= began + 1.5 - 0.01  # DBOS stores whole milliseconds


async def test_what_a_dead_worker_was_executing_is_executed_again_by_the_next(place: Place) -> None:
    begun, never = asyncio.Event(), asyncio.Event()  # held here, or the collector ends what waits for it

    async def hang(post_id: str, seq: int, queue: str) -> None:
        begun.set()
        await never.wait()

    await place.open("wrk_a", hang)
    place.put([Item("pst_1")])
    await place.until(begun.is_set)
    await place.lose_worker()
    await place.open("wrk_b")
    assert place.left_behind() == ["wrk_a"]
    assert place.executed == []
    place.queue.take_over(["wrk_a"])
    await place.until_ended("pst_1")
    assert place.executed == ["pst_1"]
    assert place.left_behind() == []


async def test_a_run_whose_end_was_lost_is_executed_again(place: Place) -> None:
    """And holds its account's other runs until then. It must be missing twice: one that just begins looks the same."""
    await place.open("wrk_a")
    place.put([Item("pst_1")])
    await place.lose_end("pst_1")
    assert place.queue.pick_up() == 0
    assert place.executed == ["pst_1"]
    await place.until(lambda: place.queue.pick_up() == 1)
    await place.until(lambda: len(place.executed) == 2)
    await place.until_ended("pst_1")
    assert place.executed == ["pst_1", "pst_1"]
    assert place.queue.pick_up() == 0


@pytest.mark.parametrize("stored", [True, False])
async def test_a_run_that_stored_its_end_is_over_whatever_becomes_of_its_worker(place: Place, stored: bool) -> None:
    """And one whose end was undone is not. The account's next run is free before the worker has let go."""
    begun, never = asyncio.Event(), asyncio.Event()

    async def execute(post_id: str, seq: int, queue: str) -> None:
        with contextlib.suppress(ArithmeticError), place.transaction() as conn:
            place.queue.end(conn, post_id, seq)
            if not stored:
                raise ArithmeticError
        begun.set()
        await never.wait()

    await place.open("wrk_a", execute)
    place.put([Item("pst_1")])
    await place.until(begun.is_set)
    await place.lose_worker()
    await place.open("wrk_b")
    assert place.left_behind() == ([] if stored else ["wrk_a"])
    place.queue.take_over(["wrk_a"])
    place.put([Item("pst_2", due_at=2_000.0)])
    await place.until_ended("pst_2")
    assert place.executed == (["pst_2"] if stored else ["pst_1", "pst_2"])


async def test_whoever_says_that_the_end_is_stored_is_believed(place: Place) -> None:
    async def execute(post_id: str, seq: int, queue: str) -> bool:
        with place.transaction() as conn:
            place.queue.end(conn, post_id, seq)
        place.executed.append(post_id)
        return True

    await place.open("wrk_a", execute)
    place.put([Item("pst_1"), Item("pst_2"), Item("pst_3", "acc_2")])
    for post_id in ("pst_1", "pst_2", "pst_3"):
        await place.until_ended(post_id)
    assert sorted(place.executed) == ["pst_1", "pst_2", "pst_3"]
    assert place.queue.pick_up() == place.queue.pick_up() == 0


async def test_of_one_accounts_runs_what_was_due_first_is_taken_first(place: Place) -> None:
    due = [1_300.0, 1_100.0, 1_500.0, 1_200.0, 1_400.0, 1_000.0]
    place.put([Item(f"pst_{int(at)}", due_at=at) for at in due])
    await place.open("wrk_a")
    await place.until(lambda: len(place.executed) == len(due))
    assert place.executed == [f"pst_{int(at)}" for at in sorted(due)]


async def test_one_accounts_runs_are_never_side_by_side_and_those_of_others_are(place: Place) -> None:
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()
    done: list[str] = []
    both = asyncio.Event()

    async def execute(post_id: str, seq: int, queue: str) -> None:
        account = post_id.split("-")[1]
        under_way[account] += 1
        most[account] = max(most[account], under_way[account])
        most["all"] = max(most["all"], under_way.total())
        if under_way["a"] and under_way["b"]:
            both.set()
        await both.wait()  # the first run of each account waits for the other account's
        for _ in range(5):
            await asyncio.sleep(0)
        under_way[account] -= 1
        done.append(post_id)

    await place.open("wrk_a", execute)
    place.put([Item(f"pst{n}-{account}", f"acc_{account}") for n in range(4) for account in "ab"])
    await place.until(lambda: len(done) == 8)
    assert (most["a"], most["b"], most["all"]) == (1, 1, 2)


async def test_our_own_posts_wake_the_queue(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that would look again in ten minutes executes what this process stores, and what falls due, all the same."""
    monkeypatch.setattr(dbos_queue, "POLL_S", 600.0)
    await place.open("wrk_a")
    place.put([Item("pst_1")])
    await place.until_ended("pst_1")
    place.put([Item("pst_2", delay_s=1.0)])
    place.queue.wake(place.now() + 1.0)
    await place.until_ended("pst_2")
    assert place.executed == ["pst_1", "pst_2"]


@pytest.mark.parametrize(
    "place", ["dbos-sqlite", pytest.param("dbos-postgresql", marks=pytest.mark.postgres)], indirect=True
)
async def test_a_look_for_runs_reads_no_settings_and_moves_no_delayed_runs(place: Dbos) -> None:
    """Each was a transaction of its own: where a look finds few runs, as with many workers, that cost more than it."""
    await place.open("wrk_a", at_once=3)
    with place.transaction() as conn:  # as another worker does that takes one at a time
        table = "queues" if place.db.is_sqlite else "dbos.queues"
        conn.execute(sa.text(f"UPDATE {table} SET worker_concurrency = 1"))
    asked: Counter[str] = Counter()

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked["settings"] += "worker_concurrency" in statement
        asked["delayed"] += statement.startswith("UPDATE") and "delay_until_epoch_ms <=" in statement

    sa.event.listen(place.db.runs_engine, "before_cursor_execute", note)
    began = place.now()
    for number in range(20):
        place.put([Item(f"pst_{number}")])
        await place.until_ended(f"pst_{number}")
    once_a_second = place.now() - began + 3  # by DBOS itself
    assert asked["settings"] <= once_a_second
    assert asked["delayed"] <= once_a_second
    assert dbos_queue._system_database().get_queue("treadle-posts")._worker_concurrency == 3


def test_a_worker_without_work_looks_less_often_until_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    process, working = SystemProcess(), False
    at = 100.0
    monkeypatch.setattr(process, "monotonic", lambda: at)
    polls = _Polls(process, working=lambda: working)
    assert polls.pause_s(POLL_S) == POLL_S, "one that has just begun"
    at += QUIET_S + 1
    assert polls.pause_s(POLL_S) == QUIET_POLL_S
    assert polls.pause_s(2.0) == 2.0, "DBOS's own longer pauses stay"
    polls.cut("posts")
    assert polls.pause_s(POLL_S) == POLL_S, "a run was stored here"
    at += QUIET_S + 1
    working = True
    assert polls.pause_s(POLL_S) == POLL_S
    working = False
    at += QUIET_S - 1
    assert polls.pause_s(POLL_S) == POLL_S
    at += 2
    assert polls.pause_s(POLL_S) == QUIET_POLL_S
