"""The database behind one address: SQLite or Postgres, the same contract.

SQLite runs in WAL with ``synchronous=FULL`` (an intent to publish must survive a power cut). Its writers queue up in
the process, first come first served, instead of sleeping in SQLite's busy handler, which is neither fair nor quick.
Postgres gets an ordinary pool. Our tables and DBOS's share the database, hence transactions.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy import event

from treadle import private
from treadle.settings import Settings
from treadle.store.writers import GroupWriter, SharingWriters

P = ParamSpec("P")
R = TypeVar("R")

POOL_SIZE = 20
SHARING = 2  # connections to PostgreSQL that write for all runs of this process
STUCK_TRANSACTION_S = 20
# What the driver raises when the database cannot be asked at all, or refuses to write: none of it is a defect.
AWAY = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
ASK_AFTER_S = 1.0  # idle seconds from which a connection is asked whether it is alive
_IDLE_SINCE = "treadle_idle_since"


class Database:
    """One engine, and the two ways to use it: ``begin()`` in a thread, ``run()`` from async code."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.file = sqlite_file(self.url)
        turn = _FairLock()
        self.engine = _sqlite(self.url, turn) if self.is_sqlite else _postgres(self.url)
        # For what DBOS writes by itself: that a run was taken, that one was put back. A power cut may take the last
        # moments of it, and then a run is run again, finds its post further on and does nothing. So these commits need
        # not wait for the disk; the next one of ours flushes them too. Runs are stored with our own engine, beside
        # their post, and their ends are written with it.
        self.runs_engine = _sqlite(self.url, turn, "NORMAL") if self.is_sqlite else self.engine
        self._threads = ThreadPoolExecutor(8 if self.is_sqlite else POOL_SIZE, thread_name_prefix="treadle-db")
        self._writer = GroupWriter(self.engine) if self.is_sqlite else None
        self._sharing = self._writer or SharingWriters(self.engine, SHARING, self._threads)
        self._listening: dict[Callable[[dict[Any, Any]], None], Callable[[Any, Any], None]] = {}

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A write transaction; commits at the end of the block, rolls back when it raises."""
        with self.engine.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only view. On SQLite it never waits for writers."""
        with self.engine.connect() as conn:
            if self.is_sqlite:
                conn = conn.execution_options(treadle_read=True)
            yield conn

    async def run(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """``fn(conn, ...)`` inside a write transaction, in a thread; returns what it returns.

        On SQLite, calls that wait for their turn together share one commit; each is undone alone when it raises.
        """
        if self._writer is not None:
            return await self._writer.run(lambda conn: fn(conn, *args, **kwargs))

        def work() -> R:
            with self.begin() as conn:
                return fn(conn, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def share(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """What :meth:`run` does, and calls that wait for their turn together share one commit on PostgreSQL too.

        They stand and fall together, and when one raises each is called again by itself. So ``fn`` must leave its
        arguments as they are. What it appends is written at the end, for all at once (:mod:`treadle.store.statements`).
        """
        return await self._sharing.run(lambda conn: fn(conn, *args, **kwargs), shares=True)

    def write(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """What :meth:`run` does, for a thread that waits for it."""
        if self._writer is not None:
            return self._writer.wait(lambda conn: fn(conn, *args, **kwargs))
        with self.begin() as conn:
            return fn(conn, *args, **kwargs)

    async def query(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """``fn(conn, ...)`` on a read-only view, in a thread."""

        def work() -> R:
            with self.read() as conn:
                return fn(conn, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def watch_returns(self, listener: Callable[[dict[Any, Any]], None]) -> None:
        """Call ``listener`` with a connection's ``info`` whenever one goes back, which is after the transaction."""

        def returned(dbapi_conn: Any, record: Any) -> None:
            listener(record.info)

        self._listening[listener] = returned
        event.listen(self.engine, "checkin", returned)

    def forget_returns(self, listener: Callable[[dict[Any, Any]], None]) -> None:
        """End :meth:`watch_returns`; nothing when it was not begun."""
        if (returned := self._listening.pop(listener, None)) is not None:
            event.remove(self.engine, "checkin", returned)

    def close(self) -> None:
        self._sharing.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()
        if self.runs_engine is not self.engine:
            self.runs_engine.dispose()


def why_away(error: Exception) -> str | None:
    """The driver's reason, one line, when this says that the database is away (:data:`AWAY`); else ``None``."""
    if not isinstance(error, AWAY):
        return None
    reason = str(getattr(error, "orig", None) or error).strip()
    return reason.splitlines()[0][:300] if reason else type(error).__name__


class SeveralNames(RuntimeError):
    """The SQLite file has hard links. The text is for people."""


def open_database(settings: Settings) -> Database:
    """The database of these settings; makes the data directory and the file when SQLite needs them.

    Raises :class:`SeveralNames` for a file with hard links: SQLite keeps its log beside the name it was opened by, so
    two processes with two names would destroy the file.
    """
    if (file := database_file(settings)) is not None:
        _own(file)
        if file.is_file() and file.stat().st_nlink > 1:
            raise SeveralNames(
                f"The database {file} is known under several names (hard links), which SQLite does not survive. Keep"
                " one name: copy the file and remove the other names."
            )
    return Database(settings.resolved_database_url)


def database_file(settings: Settings) -> Path | None:
    """The SQLite file of these settings; ``None`` for any other database."""
    return sqlite_file(sa.make_url(settings.resolved_database_url))


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of a SQLite database, one path however the address spells it; ``None`` for any other database."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:"):
        return None
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    return Path(name).resolve()


def _own(path: Path) -> None:
    """See to it that the database is this user's alone: SQLite gives ``-wal`` and ``-shm`` the permissions it has."""
    private.make_directory(path.parent)
    if not path.exists():
        private.make_file(path)
    for suffix in ("", "-wal", "-shm", "-journal"):
        private.tighten(Path(f"{path}{suffix}"))


def _postgres(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=POOL_SIZE, max_overflow=20, pool_recycle=1800, pool_timeout=30)

    @event.listens_for(engine, "connect")
    def prepare(dbapi_conn: Any, record: Any) -> None:
        # A worker that is stopped in the middle of a transaction must not hold its locks until it wakes.
        dbapi_conn.execute(f"SET idle_in_transaction_session_timeout = {STUCK_TRANSACTION_S * 1000}")
        dbapi_conn.commit()

    # A connection that lay idle may be dead: it is asked before it is used. One that was used a moment ago is not
    # asked, which under load would be one more round trip for every transaction.
    @event.listens_for(engine, "checkin")
    def rests(dbapi_conn: Any, record: Any) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(dbapi_conn: Any, record: Any, proxy: Any) -> None:
        if time.monotonic() - record.info.get(_IDLE_SINCE, 0.0) < ASK_AFTER_S:
            return
        try:
            engine.dialect.do_ping(dbapi_conn)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.InvalidatePoolError("the database closed this connection") from error

    return engine


_TURN = "treadle_turn"


class _FairLock:
    """A mutex that serves waiters in order of arrival."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[threading.Event] = []
        self._held = False

    def acquire(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.pop(0).set()  # the lock passes on, it is never free in between
            else:
                self._held = False


def _sqlite(url: sa.URL, turn: _FairLock, synchronous: str = "FULL") -> sa.Engine:
    engine = sa.create_engine(url, pool_size=16, max_overflow=32, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(dbapi_conn: Any, record: Any) -> None:
        dbapi_conn.isolation_level = None  # transactions are begun below, not guessed by the driver
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "wal_autocheckpoint=4000",
            "cache_size=-1000",  # KiB, for each of some thirty connections; the system keeps the file in memory anyway
        ):
            dbapi_conn.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(conn: sa.Connection) -> None:
        options = conn.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        if options.get("treadle_read"):
            conn.exec_driver_sql("BEGIN")
            return
        if not conn.info.get(_TURN):
            turn.acquire()
            conn.info[_TURN] = True
        conn.exec_driver_sql("BEGIN IMMEDIATE")

    # The turn ends when the connection goes back, which is after the commit or the rollback, whatever came of them.
    def done(dbapi_conn: Any, record: Any, error: BaseException | None = None) -> None:
        if record.info.pop(_TURN, False):
            turn.release()

    event.listen(engine, "checkin", done)
    event.listen(engine, "invalidate", done)
    return engine
