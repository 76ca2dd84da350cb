"""One simulated day: from a plan to what happened, and what the product says happened."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

import structlog

import treadle.ids
import treadle_threads.transport
from simulation.chance import Dice
from simulation.database import Disk, SimulatedDatabase
from simulation.ledger import Change, Disturbance, Ledger
from simulation.loop import VirtualLoop, play
from simulation.machine import Machine
from simulation.media import SimulatedMedia
from simulation.people import WORKSPACE, People
from simulation.plan import Plan
from simulation.queue import RunTable
from simulation.threads.model import Reply, Threads
from simulation.worker import LEASE, NOWHERE, RECHECK_S, Place, Worker
from treadle.services.read import posts_json, timeline
from treadle.settings import Settings
from treadle.store.release import Releaser

BEGIN = 1_800_000_000.0
AFTERWARDS_S = 3 * 86_400.0  # what is not settled so long after a day never will be
SNAPSHOT_S = 3 * 3600.0
IDLE_S = 60.0
RESTS = ("post.blocked", "post.waiting", "post.held")
NEWS = "SELECT id, at, type, subject, payload FROM changes WHERE id > ? ORDER BY id"


@dataclass
class DayRecord:
    """What a day came to. ``history``: each post as exported; ``snapshots``: unfinished posts at times of the day, and
    each post at the moment at which the product says that it rests; ``feed``: its change feed."""

    plan: Plan
    ledger: Ledger
    history: list[dict[str, Any]]
    snapshots: list[tuple[float, list[dict[str, Any]]]]
    trace: str
    lines: list[tuple[float, str]]
    cpu_s: float
    faults: list[BaseException] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    feed: list[Change] = field(default_factory=list)


class _Sleeper:
    """Sleeps until its time or until it is woken."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> None:
        self._future = self._loop.create_future()
        handle = self._loop.call_later(seconds, self.wake)
        await self._future
        handle.cancel()
        self._future = None

    def wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Day:
    def __init__(self, plan: Plan, *, keep_lines: bool = False) -> None:
        self.plan, self.keep_lines = plan, keep_lines
        self.loop = VirtualLoop()
        settings = Settings(data_dir=NOWHERE)
        end = BEGIN + plan.length_s
        self.ledger = Ledger(BEGIN, end, settings.publish_settle, LEASE)
        self.threads = Threads(plan.seed, plan.weather, self.ledger, self.truth, plan.accounts, plan.calm)
        self.disk = Disk()
        self.table = RunTable(self.disk, self.truth)
        self.disk.committed = self._committed
        self.place = Place(settings, self.disk, self.table, self.threads, self._answered, SimulatedMedia())
        self.living: dict[int, Worker] = {}
        self.places: dict[str, int] = {}
        self.graves: list[Worker] = []
        self.kills: list[str] = []
        self.hash = hashlib.sha256()
        self.lines: list[tuple[float, str]] = []
        self.snapshots: list[tuple[float, list[dict[str, Any]]]] = []
        self._dispatcher, self._keeper = _Sleeper(self.loop), _Sleeper(self.loop)
        self._jobs_wait = False
        self.feed: list[Change] = []
        self._read_to = 0
        self._turn = 0
        self._jobs_at = 0.0
        self.people = People(
            plan, self.ledger, self.threads, SimulatedDatabase(self.disk), settings,
            Releaser(self.table, spacing_s=settings.release_spacing), self._workers, self.note,
        )  # fmt: skip

    def truth(self) -> float:
        return BEGIN + self.loop.time()

    def note(self, words: str) -> None:
        """One line of the trace."""
        at = self.loop.time()
        self.hash.update(f"{at:.3f} {words}\n".encode())
        if self.keep_lines:
            self.lines.append((at, words))

    def _answered(self, reply: Reply) -> None:
        sent = reply.sent
        target = sent.target
        if sent.operation == "create":
            if self.keep_lines:
                self.lines.append((self.loop.time(), f"  of {sent.run}: {target[:140]}"))
            target = hashlib.sha256(target.encode()).hexdigest()[:8]
        effect = " (live)" if sent.operation == "publish" and sent.effect else ""
        self.note(f"{sent.worker} {sent.account} {sent.operation} {target}: {sent.answer}{effect}")

    def _workers(self) -> list[Worker]:
        return [
            worker for _, worker in sorted(self.living.items())
            if not worker.machine.dead and worker.machine.paused_until <= self.loop.time()
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------------- the machinery

    def _committed(self) -> None:
        self._read_feed()
        if self.table.changed:
            self._dispatcher.wake()

    def _read_feed(self) -> None:
        """What the product announces, at the true time; and each post that rests from now on, as it is shown then."""
        resting: list[str] = []
        for id_, at, type_, subject, payload in self.disk.driver.execute(NEWS, (self._read_to,)).fetchall():
            self._read_to = id_
            self.feed.append(Change(self.truth(), at, type_, subject, json.loads(payload)))
            if type_ in RESTS and subject not in resting:
                resting.append(subject)
        if resting and self.truth() < self.ledger.end:
            self.snapshots.append((self.truth(), posts_json(self.disk.conn, WORKSPACE, resting)))

    async def _dispatch(self) -> None:
        """Gives runs to workers, one after the other, as soon as their time has come."""
        while True:
            self.table.changed = False
            workers = self._workers()
            started = bool(workers)
            while started and not self.disk.away:
                started = False
                for place in range(len(workers)):
                    worker = workers[(self._turn + place) % len(workers)]
                    if (at := self.table.next_at()) is None or at > self.truth():
                        break
                    if self.loop.time() - worker.tick_at >= LEASE / 4:
                        worker.keep_lease()
                    started = worker.start_runs() or started
                self._turn += 1
            if self.table.taken:
                self._keeper.wake()
            at = self.table.next_at()
            wait = IDLE_S if at is None else at - self.truth()
            await self._dispatcher.sleep(max(0.25 if wait <= 0 else 0.001, min(wait, IDLE_S)))

    async def _keep(self) -> None:
        """Leases of workers that work are renewed; what the dead left is taken over; jobs run."""
        while True:
            if self.table.taken or self._jobs_wait:
                await asyncio.sleep(LEASE / 4)
            else:
                await self._keeper.sleep(IDLE_S)
            workers = self._workers()
            if self.disk.away or not workers:
                continue
            holders = set(self.table.taken.values())
            for worker in workers if holders else ():
                if worker.runs.executing:
                    worker.keep_lease()
                worker.pick_up_lost()
            watched = self.plan.weather.watchful and holders
            if watched or holders - {worker.lease.worker for worker in workers}:
                worker = workers[self._turn % len(workers)]
                worker.keep_lease()
                worker.take_over_quietly()
            now = self.loop.time()
            if now >= self._jobs_at:
                self._jobs_at = now + RECHECK_S
                worker = workers[int(now / 600.0) % len(workers)]
                self._jobs_wait = worker.jobs_wait()
                for work in worker.jobs_due():
                    self.loop.create_task(work, name=f"job {worker.machine.name} {now:.1f}")

    async def _lives(self, number: int) -> None:
        life = 0
        while True:
            life += 1
            machine = Machine(
                self.plan.seed, f"w{number}.{life}", self.plan.weather, self.ledger, self.loop, self.places
            )
            worker = Worker(self.place, machine)
            self.graves.append(worker)
            while not machine.dead and not await worker.begin():  # noqa: ASYNC110
                await asyncio.sleep(5.0)
            self.note(f"{machine.name} begins")
            self.living[number] = worker
            await machine.died.wait()
            self.kills.append(machine.killed_at)
            self.note(f"{machine.name} killed {machine.killed_at}")
            del self.living[number]
            await asyncio.sleep(Dice(self.plan.seed, "restart", machine.name).skewed(1.0, 240.0))

    async def _pauses(self, number: int) -> None:
        dice = Dice(self.plan.seed, "pauses", number)
        while True:
            mean = self.plan.length_s / max(self.plan.weather.pauses, 1e-9)
            await asyncio.sleep(mean * (0.3 + 1.4 * dice()))
            seconds = dice.skewed(4.0, 900.0)
            worker = self.living.get(number)
            if worker is not None and self.truth() < self.ledger.end:
                self.note(f"{worker.machine.name} paused for {seconds:.0f}")
                worker.machine.pause(seconds)

    async def _steps(self, number: int) -> None:
        dice = Dice(self.plan.seed, "steps", number)
        while True:
            mean = self.plan.length_s / max(self.plan.weather.steps, 1e-9)
            await asyncio.sleep(mean * (0.3 + 1.4 * dice()))
            worker = self.living.get(number)
            if worker is not None and self.truth() < self.ledger.end:
                worker.machine.clock_off = dice.between(-80.0, 80.0)
                self.note(f"{worker.machine.name} clock {worker.machine.clock_off:+.0f}")

    async def _trouble(self, kind: str, times: float, low: float, high: float) -> None:
        """The disk is full, or the database is away, now and then."""
        dice = Dice(self.plan.seed, kind)
        while True:
            await asyncio.sleep(self.plan.length_s / max(times, 1e-9) * (0.3 + 1.4 * dice()))
            seconds = dice.skewed(low, high)
            if self.truth() >= self.ledger.end:
                return
            self.ledger.disturbances.append(Disturbance(kind, self.truth(), self.truth() + seconds))
            self.note(f"{kind} for {seconds:.0f}")
            setattr(self.disk, "full" if kind == "disk" else "away", True)
            await asyncio.sleep(seconds)
            setattr(self.disk, "full" if kind == "disk" else "away", False)

    async def _snapshots(self) -> None:
        while self.truth() < self.ledger.end:
            await asyncio.sleep(SNAPSHOT_S)
            if not self.disk.away:
                self.snapshots.append((self.truth(), self.people.unfinished()))

    async def _whole(self) -> None:
        plan, start = self.plan, self.loop.create_task
        self.people.begin()
        for number in range(plan.workers):
            start(self._lives(number), name=f"lives {number}")
            if plan.weather.pauses:
                start(self._pauses(number), name=f"pauses {number}")
            if plan.weather.steps:
                start(self._steps(number), name=f"steps {number}")
        start(self._dispatch(), name="dispatch")
        start(self._keep(), name="keep")
        start(self._snapshots(), name="snapshots")
        if plan.weather.disk:
            start(self._trouble("disk", plan.weather.disk, 5.0, 300.0), name="disk")
        if plan.weather.database:
            start(self._trouble("database", plan.weather.database, 2.0, 120.0), name="database")
        asking = [start(self.people.one(post), name=f"post {post.number}") for post in plan.posts]
        start(self.people.rounds(lambda: self.truth() > self.ledger.end + 1800.0), name="rounds")
        await asyncio.sleep(plan.length_s)
        await asyncio.wait(asking)
        while self.loop.time() < plan.length_s + AFTERWARDS_S:
            await asyncio.sleep(1800.0)
            if self._settled():
                break

    def _settled(self) -> bool:
        query = "SELECT 1 FROM posts WHERE state NOT IN ('published', 'canceled') LIMIT 1"
        if self.disk.driver.execute(query).fetchone() is not None:
            return False
        return self.disk.driver.execute("SELECT 1 FROM simulated_runs LIMIT 1").fetchone() is None

    def play(self) -> DayRecord:
        began = time.process_time()
        with _outside(self.plan.seed, self.loop):
            play(self.loop, self._whole())
        history = self._history()
        for post in history:
            states = [post["state"], *(f"{part['state']} {part['threads_id']}" for part in post["parts"])]
            self.hash.update(repr(states).encode())
        record = DayRecord(
            self.plan, self.ledger, history, self.snapshots, self.hash.hexdigest(), self.lines,
            time.process_time() - began, self.loop.faults, self.kills, self.feed,
        )  # fmt: skip
        self.disk.close()
        return record

    def _history(self) -> list[dict[str, Any]]:
        """Every post with its events, as the product exports it."""
        history = posts_json(self.disk.conn, WORKSPACE, list(self.ledger.asked))
        assert [post["id"] for post in history] == list(self.ledger.asked)
        for post in history:
            post["events"] = timeline(self.disk.conn, WORKSPACE, post["id"]) or []
        return history


@contextmanager
def _outside(seed: int, loop: VirtualLoop) -> Iterator[None]:
    """What would reach the machine's own clock and chance is given the simulation's; the log is silent."""
    turn = iter(range(1, 10**9))

    def urandom(size: int) -> bytes:
        return hashlib.blake2b(f"{seed}|id|{next(turn)}".encode(), digest_size=size).digest()

    here = SimpleNamespace(time=lambda: BEGIN + loop.time(), perf_counter=loop.time)
    logging.disable(logging.CRITICAL)
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    collecting = gc.isenabled()
    gc.disable()  # what is collected, and when, must not depend on what else this process did
    try:
        with (
            mock.patch.object(treadle.ids, "os", SimpleNamespace(urandom=urandom)),
            mock.patch.object(treadle.ids, "time", here),
            mock.patch.object(treadle_threads.transport, "time", here),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)
        structlog.reset_defaults()
        if collecting:
            gc.enable()


def _drop(logger: Any, name: str, event: Any) -> Any:
    raise structlog.DropEvent
