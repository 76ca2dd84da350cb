"""The right to publish: how long it holds, how it is lost, and who takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.migrated import migrated_sqlite
from treadle.engine import lease as leases
from treadle.engine.engine import Engine
from treadle.engine.lease import Lease
from treadle.engine.system import SystemProcess
from treadle.store import Database

BEGIN = 1_800_000_000.0


class Machine(SystemProcess):
    """``asking_s``: how long the database takes to say what time it is."""

    def __init__(self) -> None:
        self.since, self.wall, self.asking_s, self.tokens = 0.0, BEGIN, 0.0, 0

    def now(self) -> float:
        self.pass_(self.asking_s)
        return self.wall

    def monotonic(self) -> float:
        return self.since

    def new_token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032}"

    def lock(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def pass_(self, seconds: float) -> None:
        self.since += seconds
        self.wall += seconds


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'treadle.sqlite'}"
    migrated_sqlite(url)
    database = Database(url)
    yield database
    database.close()


@pytest.mark.parametrize("renewed", [False, True])
def test_it_holds_for_three_quarters_of_its_time_from_when_it_was_asked_for(db: Database, renewed: bool) -> None:
    machine = Machine()
    lease = Lease(db, seconds=40.0, process=machine)
    lease.take()
    if renewed:
        machine.pass_(20.0)
    began = machine.since
    machine.asking_s = 10.0
    if renewed:
        assert lease.renew()
    else:
        lease.take()
    assert machine.since == began + 10.0
    machine.since = began + 29.9
    assert lease.valid(lease.token)
    assert not lease.valid("another")
    machine.since = began + 30.0
    assert not lease.valid(lease.token)


@pytest.mark.parametrize(
    ("stood_still", "clock", "kept"), [(39.0, 39.0, True), (41.0, 41.0, False), (41.0, 1.0, False), (1.0, 41.0, False)]
)
def test_after_it_ran_out_by_either_clock_only_a_new_token_may_publish(
    db: Database, stood_still: float, clock: float, kept: bool
) -> None:
    """A process that stood still knows it by its own clock, others by the database's."""
    machine = Machine()
    lease = Lease(db, seconds=40.0, process=machine)
    lease.take()
    before = lease.token
    machine.since += stood_still
    machine.wall += clock
    assert lease.renew() is kept
    assert (lease.token == before) is kept
    assert lease.valid(before) is kept
    assert lease.valid(lease.token)


def test_it_is_renewed_again_and_again_without_another_token(db: Database) -> None:
    machine = Machine()
    lease = Lease(db, seconds=40.0, process=machine)
    lease.take()
    token = lease.token
    for _ in range(5):
        machine.pass_(10.0)
        assert lease.renew()
        assert lease.valid(token)


def test_nothing_is_published_after_a_clean_stop(db: Database) -> None:
    lease = Lease(db, seconds=40.0, process=Machine())
    lease.take()
    lease.drop()
    assert not lease.valid(lease.token)
    with db.begin() as conn:
        assert leases.stopped(conn) == {lease.worker}


class Queue:
    def __init__(self, *, breaks: bool = False) -> None:
        self.breaks, self.taken_over = breaks, list[str]()

    def left_behind(self, conn: Any) -> list[str]:
        return []

    def take_over(self, workers: list[str]) -> None:
        if self.breaks:
            raise RuntimeError("died in the takeover")
        self.taken_over += workers


def test_what_the_dead_left_is_taken_over_once_and_a_takeover_that_dies_is_done_again(db: Database) -> None:
    machine = Machine()
    dead, alive, taker = (Lease(db, seconds=40.0, process=machine) for _ in range(3))
    dead.take()
    machine.pass_(20.0)
    alive.take()
    taker.take()
    queue = Queue(breaks=True)
    engine: Any = SimpleNamespace(db=db, process=machine, queue=queue, lease=taker)
    Engine.take_over(engine)
    machine.pass_(20.1)
    with pytest.raises(RuntimeError):
        Engine.take_over(engine)
    queue.breaks = False
    Engine.take_over(engine)
    Engine.take_over(engine)
    assert queue.taken_over == [dead.worker]
    machine.pass_(20.0)  # now the lease of the taker has run out as well: it does not take over from itself
    Engine.take_over(engine)
    assert queue.taken_over == [dead.worker, alive.worker]
