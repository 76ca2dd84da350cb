"""The queue of runs in memory, for one process on a clock that a test moves. Deterministic: no chance, no threads.

Runs are stored with the transaction they are part of. :meth:`SimulatedQueue.take` gives the run that comes next, and
:meth:`SimulatedQueue.ended` is called when it has ended; a driver executes it in between (the simulation, or
:meth:`SimulatedQueue.start_ready`). A worker that dies, or an end that is lost, leaves its runs as any queue does.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from treadle.engine.queue import Execute, QueueName

QUEUES: dict[str, QueueName] = {"posts": "posts", "media": "media"}


@dataclass(slots=True)
class StoredRun:
    post_id: str
    seq: int
    queue: QueueName
    account_id: str
    at: float
    due_at: float
    turn: int
    worker: str | None = None  # that executes it

    @property
    def id(self) -> str:
        return f"{self.post_id}.{self.seq}"


@dataclass
class SimulatedQueue:
    """Both sides: :class:`~treadle.engine.queue.RunStore` and :class:`~treadle.engine.queue.RunQueue`.

    ``at_once``: runs that one worker executes at a time.
    """

    now: Callable[[], float]
    at_once: int = 1
    worker: str = ""
    _runs: dict[str, StoredRun] = field(default_factory=dict)
    _uncommitted: list[StoredRun] = field(default_factory=list)
    _ends: list[str] = field(default_factory=list, init=False)
    _executing: set[str] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)
    _turns: Iterator[int] = field(default_factory=itertools.count)
    _execute: Execute | None = None

    def __call__(
        self,
        conn: sa.Connection,
        post_id: str,
        seq: int,
        *,
        account_id: str,
        delay_s: float,
        due_at: float,
        queue: str = "posts",
    ) -> None:
        at = self.now() + max(0.0, delay_s)
        self._uncommitted.append(StoredRun(post_id, seq, QUEUES[queue], account_id, at, due_at, next(self._turns)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Goes around a transaction: what is stored within is kept when it ends, and forgotten when it raises."""
        self._uncommitted.clear()
        self._ends.clear()
        try:
            yield
            self.forget(self._ends)
            for run in self._uncommitted:
                self._runs.setdefault(run.id, run)
        finally:
            self._uncommitted.clear()
            self._ends.clear()

    def forget(self, run_ids: list[str]) -> None:
        for run_id in run_ids:
            self._runs.pop(run_id, None)

    async def open(self, worker: str, execute: Execute) -> None:
        self.worker, self._execute = worker, execute

    def wake(self, at: float, queue: QueueName = "posts") -> None:
        """There is no poll to cut short: :meth:`next_at` knows."""

    def holds(self, post_id: str) -> bool:
        """Whether a run of this post has not ended."""
        return any(run.post_id == post_id for run in self._runs.values())

    def next_at(self) -> float | None:
        """When something is to be done: the time of the earliest run that nothing but time holds up."""
        free = [run.at for run in self._runs.values() if run.worker is None and not self._behind(run)]
        return min(free, default=None)

    def take(self) -> StoredRun | None:
        """The run that was due first, of those whose time has come, for this worker; ``None``: none may be taken."""
        if len(self._executing) >= self.at_once:
            return None
        ready = [
            run for run in self._runs.values() if run.worker is None and run.at <= self.now() and not self._behind(run)
        ]
        if not ready:
            return None
        first = min(ready, key=lambda run: (run.due_at, run.at, run.turn))
        first.worker = self.worker
        self._executing.add(first.id)
        return first

    def _behind(self, run: StoredRun) -> bool:
        """Whether another run of the account is executed, or was when its worker died."""
        others = (each for each in self._runs.values() if each.account_id == run.account_id and each.worker is not None)
        return run.queue == "posts" and any(each.queue == "posts" for each in others)

    def ended(self, run: StoredRun, *, stored: bool = True) -> None:
        """It was executed; ``stored`` false: and nobody could write that down."""
        self._executing.discard(run.id)
        if stored:
            self._runs.pop(run.id, None)

    def end(self, conn: sa.Connection, post_id: str, seq: int) -> None:
        self._ends.append(f"{post_id}.{seq}")

    def left_behind(self, conn: sa.Connection | None = None) -> list[str]:
        return sorted({run.worker for run in self._runs.values() if run.worker is not None} - {self.worker})

    def take_over(self, workers: Sequence[str], *, at: float | None = None) -> None:
        for run in self._runs.values():
            if run.worker in workers:
                run.worker, run.at = None, run.at if at is None else at
                self._executing.discard(run.id)
        self._executing &= self._runs.keys()  # not what had stored its end before its worker died

    def pick_up(self) -> int:
        missing = {run.id for run in self._runs.values() if run.worker == self.worker} - self._executing
        lost, self._missing = missing & self._missing, missing - self._missing
        for run_id in lost:
            self._runs[run_id].worker = None
        return len(lost)

    def close(self, *, within_s: float = 0.0) -> None:
        self._execute = None

    def start_ready(self) -> list[asyncio.Task[None]]:
        """Begin to execute what is ready, as many at once as this worker may."""
        started = []
        while self._execute is not None and (run := self.take()) is not None:
            started.append(asyncio.ensure_future(self._one(self._execute, run)))
        return started

    async def _one(self, execute: Execute, run: StoredRun) -> None:
        await execute(run.post_id, run.seq, run.queue)
        self.ended(run)
