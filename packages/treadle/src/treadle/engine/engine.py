"""One worker of this process: its lease, its loop, the runs it takes from the queue, and the background jobs.

It knows the queue by its protocol (:mod:`treadle.engine.queue`), and clocks and threads by :class:`Process`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog
from filelock import FileLock, Timeout

from treadle.engine import lease as leases
from treadle.engine import restoring
from treadle.engine.housekeeping import Job, run_jobs
from treadle.engine.lease import LEASE_S, Lease
from treadle.engine.queue import QueueName, RunQueue
from treadle.engine.run import advance
from treadle.engine.runtime import Process
from treadle.engine.worker_context import WorkerContext
from treadle.settings import Settings
from treadle.store import Database, DatabaseError, why_away
from treadle.store.release import Enqueue, Releaser

log = structlog.get_logger("treadle.engine")


def _log_failure(event: str, error: Exception, post_id: str, seq: int) -> None:
    """A database that is away is one line; a defect keeps its traceback."""
    if away := why_away(error):
        log.warning("run.waits_for_database", post_id=post_id, seq=seq, error=away)
    else:
        log.error(event, post_id=post_id, seq=seq, exc_info=error)


class AlreadyRunning(RuntimeError):
    """A second worker on one SQLite database. The text is for people."""


class Engine:
    """One worker: start it, and it takes its share of the posts until it is stopped.

    ``build`` makes the context on the loop that runs the posts, because the HTTP session belongs to that loop.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        process: Process,
        queue: RunQueue,
        enqueue: Enqueue,
        build: Callable[[Engine], Awaitable[WorkerContext]],
        jobs: Sequence[Job] = (),
    ) -> None:
        self.settings = settings
        self.db = db
        self.process = process
        self.queue = queue
        self.enqueue = enqueue
        self.lease = Lease(db, seconds=max(2.0, LEASE_S * settings.time_scale), process=process)
        self.releaser = Releaser(enqueue, spacing_s=settings.release_spacing * settings.time_scale)
        self._build = build
        self._jobs = list(jobs)
        self._keeper: asyncio.Task[None] | None = None
        self._alone: FileLock | None = None
        self._stop = process.flag()
        self.context: WorkerContext
        self.loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Take a lease and begin to work. The database must be migrated."""
        if self.db.is_sqlite:
            self._be_alone()
        self._distrust_backup()
        self.lease.take()
        ready = self.process.flag()
        failure: list[BaseException] = []

        def run_loop() -> None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)

            async def prepare() -> None:
                try:
                    self.context = await self._build(self)
                    await self._launch()
                    self._no_more = asyncio.Event()
                    self._keeper = asyncio.create_task(run_jobs(self.context, self._jobs, self._no_more))
                except BaseException as error:
                    failure.append(error)
                finally:
                    ready.set()

            self.loop.create_task(prepare())
            self.loop.run_forever()

        self.process.start_thread("treadle-runs", run_loop)
        ready.wait()
        if failure:
            raise failure[0]
        self.take_over()
        self.process.start_thread("treadle-lease", self._keep_lease)

    def _be_alone(self) -> None:
        """SQLite has one worker. Whoever worked here before is dead, and what was left over is taken up at once."""
        self._alone = FileLock(f"{self.db.file or ''}.worker.lock", timeout=0, mode=0o600)
        try:
            self._alone.acquire()
        except Timeout as error:
            raise AlreadyRunning(
                f"Another Treadle works on the database {self.db.file} already. SQLite takes one worker; stop the other"
                " one, choose another TREADLE_DATA_DIR, or use Postgres for several workers."
            ) from error
        with self.db.begin() as conn:
            leases.end_all(conn)

    def _distrust_backup(self) -> None:
        with self.db.begin() as conn:
            since = restoring.went_back(conn, self.settings.data_dir)
            if since is not None:
                marked = restoring.distrust(conn, since, self.process.now())
                log.warning("database.restored", parts_to_look_for=marked, memory_ends=since)

    async def _launch(self) -> None:
        """On our loop, so that runs are executed there, beside the HTTP session."""
        await self.queue.open(self.lease.worker, self._execute)

    def stop(self, *, within_s: float = 20.0) -> None:
        """Stop taking work, let what runs finish within the time, hand the rest over."""
        self._stop.set()
        self.queue.close(within_s=within_s)
        closing = asyncio.run_coroutine_threadsafe(self._close(), self.loop)
        with contextlib.suppress(Exception):
            closing.result(timeout=10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        with contextlib.suppress(DatabaseError):
            self.lease.drop()
        if self._alone is not None:
            self._alone.release()

    async def _close(self) -> None:
        self._no_more.set()
        if self._keeper is not None:
            await asyncio.wait([self._keeper], timeout=5)
            self._keeper.cancel()
        if self.context.close is not None:
            await self.context.close()

    async def _execute(self, post_id: str, seq: int, queue: QueueName) -> bool:
        """One run; whether its end is stored.

        It can break on something that is no answer of Threads' (a database that is away, a fault of ours). Nothing was
        half written then. It is executed again after a pause, for as long as it takes.
        """
        event, pause = "run.failed", 1.0
        while True:  # what was taken is advanced, also when the worker stops meanwhile: it counts as executed
            try:
                return await advance(self.context, post_id, seq, queue)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                _log_failure(event, error, post_id, seq)
            if self._stop.is_set():
                return False
            await self.process.sleep(pause * self.settings.time_scale + self.process.random01())
            event, pause = "run.failed_again", min(60.0, pause * 2)

    def _keep_lease(self) -> None:
        while not self._stop.wait(self.lease.seconds / 4):
            try:
                restoring.remember(self.settings.data_dir, self.process.now())
                if not self.lease.renew():
                    log.warning("lease.lost", worker=self.lease.worker)
                self.take_over()
                if lost := self.queue.pick_up():
                    log.warning("run.picked_up", runs=lost)
            except Exception as error:
                log.warning("lease.renew_failed", error=why_away(error) or str(error))

    def take_over(self) -> None:
        """Execute what dead workers left behind."""
        with self.db.begin() as conn:
            stopped = leases.stopped(conn)
            found = {*leases.bury(conn, process=self.process), *self.queue.left_behind(conn)}
        dead = sorted(found - {self.lease.worker})
        if dead:
            lost = [worker for worker in dead if worker not in stopped]
            if lost:
                log.warning("worker.taken_over", workers=lost)
            self.queue.take_over(dead)
            with self.db.begin() as conn:
                leases.gone(conn, dead)
