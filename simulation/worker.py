"""One life of a worker: the product's engine on a simulated machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from simulation.chance import Dice
from simulation.database import Disk, SimulatedDatabase
from simulation.machine import Killed, Machine
from simulation.media import SimulatedMedia
from simulation.queue import RunTable, Taken, WorkerQueue
from simulation.threads.model import Threads
from simulation.wire import Hook, Wire
from treadle.accounts import health
from treadle.domain.run_state import AccountView
from treadle.engine import addresses, rechecking
from treadle.engine.engine import Engine
from treadle.engine.lease import LEASE_S
from treadle.engine.queue import RunQueue
from treadle.engine.runtime import Flag
from treadle.engine.worker_context import WorkerContext
from treadle.media.service import MediaService
from treadle.settings import Settings
from treadle.store import Database
from treadle.store.release import Enqueue
from treadle_diagnosis.types import Diagnosis
from treadle_threads import ThreadsClient

END_LOST = 0.004  # share of the runs whose end cannot be written down
RECHECK_S, FREE_S, ADDRESSES_S = 10.0, 60.0, 300.0
OPEN_CAUSES = "SELECT 1 FROM blockers WHERE repaired_at IS NULL UNION ALL SELECT 1 FROM post_blockers LIMIT 1"
TO_RECHECK = (
    "SELECT 1 FROM blockers WHERE repaired_at IS NULL AND next_check_at <= ? UNION ALL SELECT 1 FROM post_blockers"
    " JOIN blockers ON blockers.id = blocker_id WHERE repaired_at IS NOT NULL LIMIT 1"
)
LOOSE = (
    "SELECT 1 FROM posts WHERE state IN ('blocked', 'waiting') AND next_at IS NULL"
    " AND id NOT IN (SELECT post_id FROM post_blockers) LIMIT 1"
)
NO_ADDRESS = (
    "SELECT 1 FROM parts JOIN posts ON posts.id = parts.post_id WHERE parts.permalink IS NULL"
    " AND posts.state = 'published' LIMIT 1"
)


class _Set:
    """A flag nobody waits for."""

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        return self._set


class SimulatedProcess:
    """The machine's clocks, chance and tasks. ``shared``: the time of the database, the same for all workers."""

    def __init__(self, machine: Machine, *, shared: bool = False) -> None:
        self.machine, self.shared = machine, shared
        self._turn = 0
        self._tokens = 0

    def now(self) -> float:
        return self.machine.truth() if self.shared else self.machine.now()

    def monotonic(self) -> float:
        return self.machine.loop.time()

    def random01(self) -> float:
        task = asyncio.current_task()
        self._turn += 1
        return Dice(self.machine.seed, "worker", self.machine.name, task.get_name() if task else "", self._turn)()

    def new_token(self) -> str:
        self._tokens += 1
        return f"{self.machine.name}-{'db' if self.shared else ''}{self._tokens}".rjust(32, "0")

    async def sleep(self, seconds: float) -> None:
        await self.machine.wait(seconds, "asleep")

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    def start_thread(self, name: str, work: Callable[[], None]) -> None:
        raise AssertionError(f"a simulation has no threads: {name}")

    def thread_name(self) -> str:
        return self.machine.name

    def flag(self) -> Flag:
        return _Set()

    def lock(self) -> AbstractContextManager[Any]:
        return nullcontext()


class SimulatedRuntime(SimulatedProcess):
    """:class:`~treadle.engine.runtime.Runtime` of one life of a worker."""

    scale = 1.0

    def __init__(
        self, machine: Machine, db: SimulatedDatabase, table: RunTable, queue: WorkerQueue, base: ThreadsClient
    ) -> None:
        super().__init__(machine)
        self.db: Database = db
        self.enqueue: Enqueue = table
        self.queue: RunQueue | None = queue
        self.base = base
        self._clients: dict[bytes, ThreadsClient] = {}

    def client(self, account: AccountView) -> ThreadsClient:
        sealed = account.token_enc
        if not sealed:
            return self.base
        found = self._clients.get(sealed)
        if found is None:
            found = self._clients[sealed] = self.base.with_token(sealed.decode())
        return found


class _Queue(WorkerQueue):
    """Of a machine that may lose the end of a run."""

    def __init__(self, table: RunTable, machine: Machine) -> None:
        super().__init__(table, joined=machine.weather.joined_ends > 0.0)
        self.machine = machine

    def _end(self, run: Taken) -> None:
        machine = self.machine
        if machine.dead:
            return
        lost = machine.weather.doubtful_commits and machine.truth() < machine.ledger.end
        if lost and Dice(machine.seed, "end", machine.name, run.id).happens(END_LOST):
            return
        super()._end(run)


@dataclass(frozen=True, slots=True)
class Place:
    """What every life of every worker is given."""

    settings: Settings
    disk: Disk
    table: RunTable
    threads: Threads
    answered: Hook
    media: SimulatedMedia


class Worker(Engine):
    """The product's engine, without its threads: its loop is the simulation's, and its lease is kept by a task."""

    def __init__(self, place: Place, machine: Machine) -> None:
        self.machine, self.place = machine, place
        database = SimulatedDatabase(place.disk, machine)
        # The lease is judged by the database's own clock, which no step of a worker's clock moves.
        self.shared = SimulatedProcess(machine, shared=True)
        self.runs = _Queue(place.table, machine)
        super().__init__(place.settings, database, self.shared, self.runs, place.table, self._made)
        self.tick_at = 0.0
        machine.resumed = self.keep_lease
        self._jobs_at = {"recheck": 0.0, "free": 0.0, "addresses": 0.0}

    async def _made(self, engine: Engine) -> WorkerContext:
        place, machine = self.place, self.machine
        base = ThreadsClient(
            base_url="https://graph.threads.net",
            session=Wire(machine, place.threads, place.answered).as_session(),
            timeout_s=place.settings.threads_timeout,
        )

        async def media() -> MediaService:
            return cast(MediaService, place.media.of(machine))

        return WorkerContext(
            settings=place.settings,
            runtime=SimulatedRuntime(machine, cast(SimulatedDatabase, self.db), place.table, self.runs, base),
            lease=self.lease,
            media=media,
            releaser=self.releaser,
            observe=_observe,
            worked=_worked,
        )

    async def begin(self) -> bool:
        """Take a lease and the work of the dead; false when the process died meanwhile, or the database is away."""
        try:
            self.lease.take()
            self.context = await self._made(self)
            await self.runs.open(self.lease.worker, self._carried)
            self.take_over()
        except sa.exc.SQLAlchemyError:
            return False
        except Killed:
            return False
        return True

    async def _carried(self, post_id: str, seq: int, queue: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.machine.began[task.get_name()] = self.machine.truth()
        with contextlib.suppress(Killed):
            await self._execute(post_id, seq, queue)

    def start_runs(self) -> bool:
        """Begin one run, if this worker can."""
        machine = self.machine
        if machine.dead or machine.paused_until > machine.loop.time() or self.place.disk.away:
            return False
        return self.runs.start_one() is not None

    def keep_lease(self) -> None:
        """What the keeper of the lease does every few seconds."""
        machine = self.machine
        if machine.dead or machine.paused_until > machine.loop.time():
            return
        self.tick_at = machine.loop.time()
        with contextlib.suppress(Killed, sa.exc.SQLAlchemyError):
            self.lease.renew()

    def take_over_quietly(self) -> None:
        """And what it does about workers that died."""
        with contextlib.suppress(Killed, sa.exc.SQLAlchemyError):
            self.take_over()

    def pick_up_lost(self) -> None:
        """And about its own runs whose end was lost."""
        if not self.machine.dead:
            self.runs.pick_up()

    def jobs_wait(self) -> bool:
        """Whether a cause is open, so that the jobs have something to look at."""
        return self.place.disk.driver.execute(OPEN_CAUSES).fetchone() is not None

    def jobs_due(self) -> list[Coroutine[Any, Any, None]]:
        """Background jobs whose time has come and that have something to do."""
        machine, now = self.machine, self.machine.loop.time()
        if machine.dead or machine.paused_until > now or self.place.disk.away:
            return []
        due: list[Coroutine[Any, Any, None]] = []
        driver = self.place.disk.driver
        if self._turn("recheck", RECHECK_S, now) and driver.execute(TO_RECHECK, (machine.now(),)).fetchone():
            due.append(self._quietly(rechecking.recheck_due(self.context, self.releaser)))
        if self._turn("free", FREE_S, now) and driver.execute(LOOSE).fetchone():
            due.append(self._quietly(self._free()))
        if self._turn("addresses", ADDRESSES_S, now) and driver.execute(NO_ADDRESS).fetchone():
            due.append(self._quietly(addresses.read_missing(self.context)))
        return due

    def _turn(self, name: str, every: float, now: float) -> bool:
        if now < self._jobs_at[name]:
            return False
        self._jobs_at[name] = now + every
        return True

    async def _free(self) -> None:
        context = self.context
        await context.db.run(lambda conn: self.releaser.free_loose(conn, now=context.now()))

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, Killed):
            await work


def _observe(conn: sa.Connection, account_id: str, found: Diagnosis, now: float) -> None:
    health.observe(conn, account_id, found, now)


def _worked(conn: sa.Connection, account_id: str, now: float) -> None:
    health.worked(conn, account_id, "publish", now)


LEASE = LEASE_S
NOWHERE = Path("/nonexistent/treadle-simulation")
