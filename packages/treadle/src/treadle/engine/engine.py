"""The engine: DBOS under our contract, in one process.

What is DBOS's own business and what we lean on beyond its documented surface is all in this file: see :func:`_promote`,
:func:`_join_ends` and :func:`_take_over`, which use names that DBOS does not promise and are held by tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient
from filelock import FileLock, Timeout

from treadle.engine import lease as leases
from treadle.engine import restoring
from treadle.engine.ending import Queue
from treadle.engine.house import House
from treadle.engine.housekeeping import Job, keep_house
from treadle.engine.lease import LEASE_S, Lease
from treadle.engine.run import advance
from treadle.settings import Settings
from treadle.store import Database, why_away
from treadle.store.release import Releaser

log = structlog.get_logger("treadle.engine")

# Work stored under another version is left lying by DBOS, so this never changes; runs are one hop long and keep
# nothing, so code may change under posts that were scheduled before an upgrade.
APPLICATION_VERSION = "treadle-1"
ADVANCE = "treadle.advance"
POSTS, MEDIA = "treadle-posts", "treadle-media"
QUEUES: dict[str, str] = {"posts": POSTS, "media": MEDIA}
MEDIA_AT_ONCE = 2
POLL_S = 0.1
MAX_PRIORITY = 2**31 - 1

_running: Engine | None = None


class Enqueuer:
    """Stores a hop in the caller's transaction, in any process that has the database, with or without a worker."""

    def __init__(self, db: Database) -> None:
        self._client = DBOSClient(system_database_engine=db.engine, application_name="treadle", lazy=True)

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
        options: dict[str, Any] = {
            "workflow_name": ADVANCE,
            "queue_name": QUEUES[queue],
            "workflow_id": f"{post_id}.{seq}",
            "app_version": APPLICATION_VERSION,
            # Shared fairly by due time: what was due first is taken first.
            "priority": min(MAX_PRIORITY, max(1, int(due_at))),
        }
        if queue == "posts":
            options["queue_partition_key"] = account_id
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(conn, options, post_id, seq, queue)  # type: ignore[arg-type]

    def forget(self, run_ids: list[str]) -> None:
        """Delete finished hops."""
        self._client.delete_workflows(run_ids)


@DBOS.workflow(name=ADVANCE, max_recovery_attempts=None)
async def _advance(post_id: str, seq: int, queue: Queue) -> None:
    engine = _running
    if engine is None:
        raise RuntimeError("the engine is not running in this process")
    try:
        await advance(engine.house, post_id, seq, queue)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        _log_failure("run.hop_failed", error, post_id, seq)
        await engine.again(post_id, seq, queue)


def _log_failure(event: str, error: Exception, post_id: str, seq: int) -> None:
    """A database that is away is told in a line; a defect keeps its traceback."""
    if away := why_away(error):
        log.warning("run.waits_for_database", post_id=post_id, seq=seq, error=away)
    else:
        log.error(event, post_id=post_id, seq=seq, exc_info=error)


class AlreadyRunning(RuntimeError):
    """A second worker on one SQLite database. The text is for people."""


class Engine:
    """One worker: start it, and it takes its share of the posts until it is stopped.

    ``build`` makes the house on the loop that runs the posts, because the HTTP session belongs to that loop.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        build: Callable[[Engine], Awaitable[House]],
        jobs: Sequence[Job] = (),
    ) -> None:
        self.settings = settings
        self.db = db
        self.enqueue = Enqueuer(db)
        self.lease = Lease(db, seconds=max(2.0, LEASE_S * settings.time_scale))
        self.releaser = Releaser(self.enqueue, spacing_s=settings.release_spacing * settings.time_scale)
        self._build = build
        self._jobs = list(jobs)
        self._keeper: asyncio.Task[None] | None = None
        self._alone: FileLock | None = None
        self._missing: set[str] = set()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._due: list[float] = []
        self._due_changed = threading.Condition()
        self.house: House
        self.loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Take a lease and begin to work. The database must be migrated."""
        global _running
        if _running is not None:
            raise RuntimeError("one engine per process")
        logging.getLogger("dbos").setLevel(logging.WARNING)
        if self.db.is_sqlite:
            self._be_alone()
        self._distrust_backup()
        self.lease.take()
        DBOS(
            config={
                "name": "treadle",
                "system_database_url": self.db.url.render_as_string(hide_password=False),
                "system_database_engine": self.db.runs_engine,
                "application_version": APPLICATION_VERSION,
                "executor_id": self.lease.worker,
                "run_migrations": False,
                "use_listen_notify": not self.db.is_sqlite,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )
        _running = self
        ready: threading.Event = threading.Event()
        failure: list[BaseException] = []

        def house_keeping_loop() -> None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)

            async def prepare() -> None:
                try:
                    self.house = await self._build(self)
                    await self._launch()
                    self._no_more = asyncio.Event()
                    self._keeper = asyncio.create_task(keep_house(self.house, self._jobs, self._no_more))
                except BaseException as error:
                    failure.append(error)
                finally:
                    ready.set()

            self.loop.create_task(prepare())
            self.loop.run_forever()

        thread = threading.Thread(target=house_keeping_loop, name="treadle-runs", daemon=True)
        thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        self.take_over()
        for name, target in (("lease", self._keep_lease), ("waker", self._wake)):
            worker = threading.Thread(target=target, name=f"treadle-{name}", daemon=True)
            worker.start()
            self._threads.append(worker)

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
                marked = restoring.distrust(conn, since, time.time())
                log.warning("database.restored", parts_to_look_for=marked, memory_ends=since)

    async def _launch(self) -> None:
        """Launched on our loop, so that DBOS runs the hops there, beside the HTTP session."""
        DBOS.launch()
        if self.db.is_sqlite:
            _join_ends(self.db)
        await DBOS.register_queue_async(
            POSTS,
            worker_concurrency=self.settings.worker_concurrency,
            # One hop of one Threads user at a time: the first call tells what the others need not ask.
            partition_concurrency=1,
            polling_interval_sec=POLL_S,
            on_conflict="always_update",
        )
        await DBOS.register_queue_async(
            MEDIA, worker_concurrency=MEDIA_AT_ONCE, polling_interval_sec=0.5, on_conflict="always_update"
        )

    def stop(self, *, within_s: float = 20.0) -> None:
        """Stop taking work, let what runs finish within the time, hand the rest over."""
        global _running
        self._stop.set()
        with self._due_changed:
            self._due_changed.notify_all()
        DBOS.destroy(workflow_completion_timeout_sec=int(within_s))
        _running = None
        closing = asyncio.run_coroutine_threadsafe(self._close(), self.loop)
        with contextlib.suppress(Exception):
            closing.result(timeout=10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self.lease.drop()
        if self._alone is not None:
            self._alone.release()

    async def _close(self) -> None:
        self._no_more.set()
        if self._keeper is not None:
            await asyncio.wait([self._keeper], timeout=5)
            self._keeper.cancel()
        if self.house.close is not None:
            await self.house.close()

    async def again(self, post_id: str, seq: int, queue: Queue) -> None:
        """A hop broke on something that is no answer of Threads' (a database that is away, a fault of ours).

        Nothing was half written. The hop is run again after a pause, for as long as it takes.
        """
        pause = 1.0
        while not self._stop.is_set():
            await asyncio.sleep(pause * self.settings.time_scale + random.random())
            try:
                await advance(self.house, post_id, seq, queue)
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:
                _log_failure("run.hop_failed_again", error, post_id, seq)
                pause = min(60.0, pause * 2)

    def woke(self, at: float) -> None:
        """A hop is due at ``at``: be there when it is, rather than when DBOS looks next (once a second)."""
        if at - time.time() < 30.0:
            with self._due_changed:
                self._due.append(at)
                self._due_changed.notify()

    def _wake(self) -> None:
        while not self._stop.is_set():
            with self._due_changed:
                now = time.time()
                pause = min(self._due, default=now + 5.0) - now
                if pause > 0:
                    self._due_changed.wait(min(pause, 5.0))
                    continue
                self._due = [at for at in self._due if at > now]
            with contextlib.suppress(Exception):
                _promote()

    def _keep_lease(self) -> None:
        while not self._stop.wait(self.lease.seconds / 4):
            try:
                restoring.remember(self.settings.data_dir, time.time())
                if not self.lease.renew():
                    log.warning("lease.lost", worker=self.lease.worker)
                self.take_over()
                self._pick_up()
            except Exception as error:
                log.warning("lease.renew_failed", error=why_away(error) or str(error))

    def _pick_up(self) -> None:
        """Put back runs that DBOS takes for running here and that are not.

        It happens when the database refused to store a run's end (a full disk). Such a run would hold its account's
        queue for as long as this process lives. It must be missing twice in a row: one that just begins is left alone.
        """
        table = "workflow_status" if self.db.is_sqlite else "dbos.workflow_status"
        with self.db.read() as conn:
            pending = conn.execute(
                sa.text(f"SELECT workflow_uuid FROM {table} WHERE status = 'PENDING' AND executor_id = :me"),
                {"me": self.lease.worker},
            ).scalars()
            missing = set(pending) - _active()
        stranded = missing & self._missing
        self._missing = missing - stranded
        if stranded:
            log.warning("run.picked_up", runs=len(stranded))
            _put_back(sorted(stranded), self.lease.worker)

    def take_over(self) -> None:
        """Run what dead workers left behind."""
        with self.db.begin() as conn:
            stopped = leases.stopped(conn)
            found = {*leases.bury(conn), *self._left_behind(conn)}
        dead = sorted(found - {self.lease.worker})
        if dead:
            lost = [worker for worker in dead if worker not in stopped]
            if lost:
                log.warning("worker.taken_over", workers=lost)
            _take_over(dead)
            with self.db.begin() as conn:
                leases.gone(conn, dead)

    def _left_behind(self, conn: sa.Connection) -> list[str]:
        """Workers that are gone and still have runs: DBOS logs what it could not put back and goes on (a full disk)."""
        table = "workflow_status" if self.db.is_sqlite else "dbos.workflow_status"
        query = (
            f"SELECT DISTINCT executor_id FROM {table} WHERE status = 'PENDING' AND executor_id IS NOT NULL"
            " AND executor_id NOT IN (SELECT id FROM workers WHERE state <> 'gone')"
        )
        return [str(worker) for worker in conn.execute(sa.text(query)).scalars()]


def _promote() -> None:
    """Make delayed hops that are due runnable now. DBOS does this itself once a second; not a promised name."""
    from dbos._dbos import _get_dbos_instance

    _get_dbos_instance()._sys_db.transition_delayed_workflows()


class _Joined:
    """Stands for an engine: ``begin()`` gives the connection whose transaction is under way."""

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        self.dialect = conn.dialect

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        yield self._conn


def _join_ends(db: Database) -> None:
    """Have the end of a run written in a commit of ours instead of one of its own; not promised names.

    On SQLite there is one writer at a time, and a quarter of its time went into these small transactions.
    """
    from dbos._dbos import _get_dbos_instance

    sys_db: Any = _get_dbos_instance()._sys_db

    def write(conn: sa.Connection, *args: Any, **kwargs: Any) -> bool:
        sys_db._apply_caller_schema(conn)
        joined = copy.copy(sys_db)
        joined.engine = _Joined(conn)
        return bool(type(sys_db)._update_workflow_outcome_in_transaction(joined, *args, **kwargs))

    sys_db._update_workflow_outcome_in_transaction = functools.partial(db.write, write)


def _active() -> set[str]:
    """Ids of the runs that are under way in this process; not a promised name."""
    from dbos._dbos import _get_dbos_instance

    return set(_get_dbos_instance()._active_workflows_set.activeList())


def _put_back(run_ids: list[str], executor: str) -> None:
    """Put these runs of an executor back into their queues; not a promised name."""
    from dbos._dbos import _get_dbos_instance

    for run_id in run_ids:
        _get_dbos_instance()._sys_db.reenqueue_for_recovery(run_id, [executor], POSTS)


def _take_over(executors: list[str]) -> None:
    """Put a dead executor's runs back into their queues, partition kept, each for one taker; not a promised name."""
    DBOS._recover_pending_workflows(executors)
