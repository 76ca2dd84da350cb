"""DBOS as our queue of runs: storing them, executing them, and taking over what dead workers left.

All names of DBOS's that it does not promise are in this file (:func:`_system_database` and what uses it, and
:class:`_Polls`), but for its table, which ``store/runs.py`` reads; ``test_queue.py`` and ``test_engine.py`` hold
them.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from treadle.engine.queue import Execute, QueueName
from treadle.engine.runtime import Flag, Process
from treadle.store import Connection, Database, DatabaseError, runs

if TYPE_CHECKING:
    from dbos import DBOSClient, Queue

# Work stored under another version is left lying by DBOS, so this never changes; a run keeps nothing between two of
# its steps, so code may change under posts that were scheduled before an upgrade.
APPLICATION_VERSION = "treadle-1"
ADVANCE = "treadle.advance"
POSTS, MEDIA = "treadle-posts", "treadle-media"
QUEUES: dict[str, str] = {"posts": POSTS, "media": MEDIA}
_LOOKING_AT = {name: f"queue-worker-{queue}" for name, queue in QUEUES.items()}  # threads, as DBOS names them
_LOOKING = frozenset(_LOOKING_AT.values())
MEDIA_AT_ONCE = 2
POLL_S, MEDIA_POLL_S = 0.1, 0.5
QUIET_POLL_S = 0.5  # with nothing to do for QUIET_S: runs of other processes wait this long, this one's are announced
QUIET_S = 3.0
SOON_S = 30.0  # a run due later than this is left to DBOS's own look, once a second
IDLE_S = 5.0
WAKE_APART_S = 0.02  # two looks because of new runs are at least so far apart
LISTEN_S = 0.1  # we send no notifications; closing waits for the thread that looks for them
CLAIMED_S = 1.0  # a run that is ours in the database has begun by then
MAX_PRIORITY = 2**31 - 1


def _run_id(post_id: str, seq: int) -> str:
    return f"{post_id}.{seq}"


class DbosRunStore:
    """A :class:`~treadle.engine.queue.RunStore`: a run is a row of DBOS's, stored in the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> None:
        """Load DBOS now (a quarter of a second of CPU): else the first call does, within its transaction."""
        _ = self._client

    @functools.cached_property
    def _client(self) -> DBOSClient:
        from dbos import DBOSClient

        return DBOSClient(system_database_engine=self._db.engine, application_name="treadle", lazy=True)

    def __call__(
        self,
        conn: Connection,
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
            "workflow_id": _run_id(post_id, seq),
            "app_version": APPLICATION_VERSION,
            # What was due first is taken first; between accounts DBOS chooses by chance when this worker is full.
            "priority": min(MAX_PRIORITY, max(1, int(due_at))),
        }
        if queue == "posts":
            options["queue_partition_key"] = account_id
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(conn, options, post_id, seq, queue)  # type: ignore[arg-type]
        if delay_s <= 0:
            conn.info.setdefault(_STORED, set()).add(queue)

    def forget(self, run_ids: list[str]) -> None:
        self._client.delete_workflows(run_ids)


_STORED = "treadle_run_stored"  # of a connection: queues in which its transaction stored runs that are due at once


class _Due(NamedTuple):
    at: float
    queue: QueueName
    delayed: bool  # stored for a later time: taken only once the table says that it has come


class DbosQueue:
    """A :class:`~treadle.engine.queue.RunQueue`. DBOS knows one process, so one is open at a time."""

    def __init__(self, db: Database, process: Process, *, at_once: int) -> None:
        self._db = db
        self._process = process
        self._at_once = at_once
        self._worker = ""
        self._missing: set[str] = set()
        self._ended: set[str] = set()  # runs whose end is stored, and of which DBOS does not know that yet
        self._due: deque[_Due] = deque()
        self._woken = process.flag()
        self._closed = process.flag()
        self._polls = _Polls(process, working=lambda: bool(_running()))

    async def open(self, worker: str, execute: Execute) -> None:
        """Must run on the loop that has the HTTP session: DBOS executes the runs there."""
        from dbos import DBOS

        if _instance() is not None:
            raise RuntimeError("one worker per process")
        logging.getLogger("dbos").setLevel(logging.WARNING)
        self._worker = worker
        DBOS(
            config={
                "name": "treadle",
                "system_database_url": self._db.url.render_as_string(hide_password=False),
                "system_database_engine": self._db.runs_engine,
                "application_version": APPLICATION_VERSION,
                "executor_id": worker,
                "run_migrations": False,
                "use_listen_notify": not self._db.is_sqlite,
                "notification_listener_polling_interval_sec": LISTEN_S,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )

        @DBOS.workflow(name=ADVANCE, max_recovery_attempts=None)
        async def advance(post_id: str, seq: int, queue: QueueName) -> None:
            if await execute(post_id, seq, queue):
                self._ended.add(_run_id(post_id, seq))

        DBOS.launch()
        for stop in _instance().background_thread_stop_events:
            self._polls.watch(stop)
        _join_ends(self._db, self._ended)
        posts = await DBOS.register_queue_async(
            POSTS,
            worker_concurrency=self._at_once,
            # One run of one Threads user at a time: the first call tells what the others need not ask.
            partition_concurrency=1,
            polling_interval_sec=POLL_S,
            on_conflict="always_update",
        )
        media = await DBOS.register_queue_async(
            MEDIA, worker_concurrency=MEDIA_AT_ONCE, polling_interval_sec=MEDIA_POLL_S, on_conflict="always_update"
        )
        _keep_settings({POSTS: posts, MEDIA: media})
        self._db.watch_returns(self._checked_in)
        self._process.start_thread("treadle-waker", self._wake_when_due)

    def wake(self, at: float, queue: QueueName = "posts") -> None:
        if at - self._process.now() < SOON_S:
            self._announce(_Due(at, queue, delayed=True))

    def _checked_in(self, info: dict[Any, Any]) -> None:
        """A transaction ended; runs of this process's own that it stored need not wait for the poll."""
        for queue in info.pop(_STORED, ()):
            self._announce(_Due(self._process.now(), queue, delayed=False))

    def _announce(self, run: _Due) -> None:
        self._due.append(run)
        self._woken.set()

    def _wake_when_due(self) -> None:
        due: list[_Due] = []
        while not self._closed.is_set():
            self._woken.clear()
            while self._due:
                due.append(self._due.popleft())
            now = self._process.now()
            ready = [run for run in due if run.at <= now]
            if not ready:
                self._woken.wait(min(IDLE_S, min(due).at - now) if due else IDLE_S)
                continue
            due = [run for run in due if run.at > now]
            if any(run.delayed for run in ready):
                with contextlib.suppress(Exception):
                    _system_database().transition_delayed_workflows()  # DBOS itself does this once a second
            for queue in {run.queue for run in ready}:
                self._polls.cut(queue)
            self._closed.wait(WAKE_APART_S)

    def end(self, conn: Connection, post_id: str, seq: int) -> None:
        runs.end(conn, _run_id(post_id, seq), self._worker, now=self._process.now())

    def left_behind(self, conn: Connection) -> list[str]:
        return runs.left_behind(conn)

    def take_over(self, workers: Sequence[str]) -> None:
        _take_over(list(workers))

    def pick_up(self) -> int:
        """It happens when the database refused to store a run's end (a full disk). Such a run would hold its account's
        queue for as long as this process lives."""
        with self._db.read() as conn:
            missing = runs.under_way(conn, self._worker) - set(_running())
        lost = missing & self._missing
        self._missing = missing - lost
        for run_id in sorted(lost):
            _system_database().reenqueue_for_recovery(run_id, [self._worker], POSTS)
        return len(lost)

    def close(self, *, within_s: float) -> None:
        from dbos import DBOS

        self._closed.set()
        self._woken.set()
        self._db.forget_returns(self._checked_in)
        if _instance() is not None:
            self._finish(within_s)
        DBOS.destroy(workflow_completion_timeout_sec=0, destroy_registry=True)

    def _finish(self, within_s: float) -> None:
        """Take no more runs; let what runs finish within the time. DBOS itself sleeps a second, and looks then."""
        began = self._process.monotonic()
        for stop in _instance().background_thread_stop_events:
            stop.set()
        for thread in _taking():
            thread.join(within_s)
        pause = self._process.flag()
        while (waited := self._process.monotonic() - began) < within_s:
            if not _running() and (waited > CLAIMED_S or not self._claimed()):
                return
            pause.wait(WAKE_APART_S)

    def _claimed(self) -> bool:
        """Whether a run is this worker's in the database: begun, or about to begin."""
        with contextlib.suppress(DatabaseError), self._db.read() as conn:
            return bool(runs.under_way(conn, self._worker))
        return True


def _instance() -> Any:
    """DBOS's state of this process; ``None`` when no worker runs here."""
    from dbos import _dbos

    return _dbos._dbos_global_instance


def _system_database() -> Any:
    return _instance()._sys_db


def _running() -> list[str]:
    """The runs that this process executes now."""
    return list(_instance()._active_workflows_set.activeList())


def _taking() -> list[Any]:
    """The thread of DBOS's that takes runs, and waits for those of its queues."""
    return [thread for thread in _instance()._background_threads if "(queue_thread)" in thread.name]


class _Joined:
    """Stands for an engine: ``begin()`` gives the connection whose transaction is under way."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.dialect = conn.dialect

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        yield self._conn


def _keep_settings(queues: dict[str, Queue]) -> None:
    """Have DBOS look for runs with these settings, and not read a queue's anew before each look.

    That was a transaction of each look, of which a busy worker makes up to 50 a second, however few runs each finds;
    and workers that differ in how many runs they take at once had the number of the one that began last.
    """
    sys_db = _system_database()
    from_database = sys_db.get_queue

    def kept(name: str, **kwargs: Any) -> Queue | None:
        found: Queue | None = queues.get(name) or from_database(name, **kwargs)
        return found

    sys_db.get_queue = kept


def _join_ends(db: Database, ended: set[str]) -> None:
    """Have DBOS write the end of a run only when that is not stored yet.

    A run's last transaction stores its end (:meth:`DbosQueue.end`): one commit less, and no moment between the two in
    which a crash has the run executed again for nothing. What ends in another way (its post had moved on) is written by
    DBOS, on SQLite in a commit of ours: there is one writer at a time, and a quarter of its time went into these.
    """
    sys_db = _system_database()
    by_itself = sys_db.update_workflow_outcome

    def unless_stored(run_id: str, *args: Any, **kwargs: Any) -> bool:
        if run_id in ended:
            ended.discard(run_id)
            return True
        return bool(by_itself(run_id, *args, **kwargs))

    sys_db.update_workflow_outcome = unless_stored
    if not db.is_sqlite:
        return

    def write(conn: Connection, *args: Any, **kwargs: Any) -> bool:
        sys_db._apply_caller_schema(conn)
        joined = copy.copy(sys_db)
        joined.engine = _Joined(conn)
        return bool(type(sys_db)._update_workflow_outcome_in_transaction(joined, *args, **kwargs))

    sys_db._update_workflow_outcome_in_transaction = functools.partial(db.write, write)


class _Polls:
    """Cuts short the pauses between two looks of DBOS's queue threads.

    They pause in ``wait`` of the event that stops them. Here it waits for a flag of its own, which :meth:`cut` sets.
    A pause that has not begun yet is cut when it does. While nothing happens the pauses are longer: ten looks a second
    took a twelfth of a core of a server that has nothing to do.
    """

    def __init__(self, process: Process, working: Callable[[], bool]) -> None:
        self._process = process
        self._working = working
        self._pausing: dict[str, Flag] = {}
        self._owed: set[str] = set()
        self._busy_at = process.monotonic()

    def watch(self, stop: Any) -> None:
        really_set = stop.set

        def wait(timeout: float | None = None) -> bool:
            name, mine = self._process.thread_name(), self._process.flag()
            self._pausing[name] = mine
            if name in self._owed:
                self._owed.discard(name)
            elif not stop.is_set():
                mine.wait(self.pause_s(timeout) if name in _LOOKING else timeout)
            self._pausing.pop(name, None)
            return bool(stop.is_set())

        def set_and_cut() -> None:
            really_set()
            for flag in self._pausing.copy().values():
                flag.set()

        stop.wait, stop.set = wait, set_and_cut

    def pause_s(self, asked_s: float | None) -> float | None:
        """How long to pause where DBOS asks for ``asked_s``: longer after a quiet time."""
        now = self._process.monotonic()
        if self._working():
            self._busy_at = now
        quiet = now - self._busy_at > QUIET_S
        return max(asked_s, QUIET_POLL_S) if quiet and asked_s is not None else asked_s

    def cut(self, queue: QueueName) -> None:
        self._busy_at = self._process.monotonic()
        name = _LOOKING_AT[queue]
        flag = self._pausing.get(name)
        if flag is None:
            self._owed.add(name)
        else:
            flag.set()


def _take_over(executors: list[str]) -> None:
    """Put a dead executor's runs back into their queues, partition kept, each for one taker."""
    from dbos import DBOS

    DBOS._recover_pending_workflows(executors)
