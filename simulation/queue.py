"""The queue of runs, stored in the same transactions as the posts. Its rows outlive the workers, its memory does not.

It keeps what ``treadle.engine.queue`` promises; ``tests/treadle/engine/test_queue.py`` holds it to that.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from treadle.engine.queue import Execute, QueueName

RUNS = """CREATE TABLE simulated_runs (id TEXT PRIMARY KEY, post_id TEXT, seq INTEGER, queue TEXT, account TEXT,
at REAL, due REAL, turn INTEGER, worker TEXT)"""
_STORE = "INSERT OR IGNORE INTO simulated_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
_FREE = """worker IS NULL AND (queue <> 'posts' OR NOT EXISTS (SELECT 1 FROM simulated_runs other WHERE
other.account = simulated_runs.account AND other.queue = 'posts' AND other.worker IS NOT NULL))"""
_READY = f"SELECT id, post_id, seq, queue FROM simulated_runs WHERE at <= ? AND {_FREE} ORDER BY due, at, turn LIMIT 1"
_NEXT = f"SELECT min(at) FROM simulated_runs WHERE {_FREE}"
_TAKE = "UPDATE simulated_runs SET worker = ? WHERE id = ?"


class Rows(Protocol):
    """The connection that all workers share."""

    driver: sqlite3.Connection


@dataclass(frozen=True, slots=True)
class Taken:
    id: str
    post_id: str
    seq: int
    queue: QueueName


class RunTable:
    """The rows: what is stored, and who has taken it. ``now``: the database's time; ``stored``: called after each."""

    def __init__(self, rows: Rows, now: Callable[[], float]) -> None:
        self.rows, self.now = rows, now
        self.turn = 0
        self.changed = False
        self.taken: dict[str, str] = {}  # the workers of runs under way: what the rows say, at hand

    def __call__(
        self, conn: sa.Connection, post_id: str, seq: int, *, account_id: str, delay_s: float, due_at: float,
        queue: str = "posts",
    ) -> None:  # fmt: skip
        self.turn += 1
        at = self.now() + max(0.0, delay_s)
        driver: Any = conn.connection.driver_connection
        driver.execute(_STORE, (f"{post_id}.{seq}", post_id, seq, queue, account_id, at, due_at, self.turn))
        self.changed = True

    def forget(self, run_ids: list[str]) -> None:
        self.rows.driver.executemany("DELETE FROM simulated_runs WHERE id = ?", [(each,) for each in run_ids])

    def next_at(self) -> float | None:
        found = self.rows.driver.execute(_NEXT).fetchone()[0]
        return None if found is None else float(found)

    def take(self, worker: str) -> Taken | None:
        """The run that was due first, of those whose time has come."""
        row = self.rows.driver.execute(_READY, (self.now(),)).fetchone()
        if row is None:
            return None
        self.rows.driver.execute(_TAKE, (worker, row[0]))
        self.taken[row[0]] = worker
        return Taken(*row)

    def ended(self, run: Taken, worker: str) -> None:
        self.rows.driver.execute("DELETE FROM simulated_runs WHERE id = ? AND worker = ?", (run.id, worker))
        if self.taken.get(run.id) == worker:
            del self.taken[run.id]
        self.changed = True

    def put_back(self, worker: str, *, run: str = "") -> None:
        """All unfinished runs of a worker, or one of them, for the next taker."""
        self.taken = {id_: by for id_, by in self.taken.items() if by != worker or run not in ("", id_)}
        where = " AND id = ?" if run else ""
        args = (worker, run) if run else (worker,)
        self.rows.driver.execute(f"UPDATE simulated_runs SET worker = NULL WHERE worker = ?{where}", args)
        self.changed = True


class WorkerQueue:
    """One worker's side: :class:`~treadle.engine.queue.RunQueue`."""

    def __init__(self, table: RunTable, *, at_once: int = 8, joined: bool = False) -> None:
        """``joined``: the end of a run is stored with its last write."""
        self.table, self.at_once, self.joined = table, at_once, joined
        self.worker = ""
        self.executing: dict[str, asyncio.Task[None]] = {}
        self._execute: Execute | None = None
        self._missing: set[str] = set()

    async def open(self, worker: str, execute: Execute) -> None:
        self.worker, self._execute = worker, execute

    def wake(self, at: float, queue: QueueName = "posts") -> None:
        """There is no poll to cut short."""

    def end(self, conn: sa.Connection, post_id: str, seq: int) -> None:
        """Without ``joined``, ends are written apart, below: one more moment at which a worker may die."""
        if self.joined:
            driver: Any = conn.connection.driver_connection
            driver.execute("DELETE FROM simulated_runs WHERE id = ? AND worker = ?", (f"{post_id}.{seq}", self.worker))

    def left_behind(self, conn: sa.Connection) -> list[str]:
        driver: Any = conn.connection.driver_connection
        query = (
            "SELECT DISTINCT worker FROM simulated_runs WHERE worker IS NOT NULL"
            " AND worker NOT IN (SELECT id FROM workers WHERE state <> 'gone')"
        )
        return sorted(row[0] for row in driver.execute(query) if row[0] != self.worker)

    def take_over(self, workers: Sequence[str]) -> None:
        for worker in workers:
            self.table.put_back(worker)

    def pick_up(self) -> int:
        missing = {run for run, by in self.table.taken.items() if by == self.worker} - set(self.executing)
        lost, self._missing = missing & self._missing, missing - self._missing
        for run in sorted(lost):
            self.table.put_back(self.worker, run=run)
        return len(lost)

    def close(self, *, within_s: float = 0.0) -> None:
        self._execute = None

    def start_one(self) -> asyncio.Task[None] | None:
        """Begin to execute the run that is next, if there is one and this worker may take more."""
        if self._execute is None or len(self.executing) >= self.at_once:
            return None
        taken = self.table.take(self.worker)
        if taken is None:
            return None
        task = asyncio.ensure_future(self._one(self._execute, taken))
        task.set_name(taken.id)
        self.executing[taken.id] = task
        return task

    async def _one(self, execute: Execute, run: Taken) -> None:
        try:
            await execute(run.post_id, run.seq, run.queue)
            self._end(run)
        finally:
            self.executing.pop(run.id, None)

    def _end(self, run: Taken) -> None:
        """Note that it has ended; a subclass may lose that."""
        self.table.ended(run, self.worker)
