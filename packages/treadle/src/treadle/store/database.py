"""The database behind one address: SQLite or Postgres, the same contract.

SQLite runs in WAL with ``synchronous=FULL`` (an intent to publish must survive a power cut). Its writers queue up in
the process, first come first served, instead of sleeping in SQLite's busy handler, which is neither fair nor quick.
Postgres gets an ordinary pool. Our tables and DBOS's share the database, hence transactions.
"""

from __future__ import annotations

import abc
import asyncio
import concurrent.futures
import contextlib
import functools
import queue
import threading
import time
from collections import deque
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

P = ParamSpec("P")
R = TypeVar("R")

POOL_SIZE = 20
SHARING = 2  # connections to PostgreSQL that write for all runs of this process
STUCK_TRANSACTION_S = 20
LATE_IDS = 128
MOST = 64  # pieces of one commit: nobody waits long for the others
MOST_SHARING = 16  # the same where they hold locks against other processes until the commit
TOGETHER_S = 0.1  # once they took so long, nothing more joins them
TRIPS = 20  # round trips by which is judged how far away the database is
NEAR_S = 0.0005  # below twice that, two threads are enough
MOST_THREADS = 10
MET_ANOTHER = {"40001", "40P01"}  # PostgreSQL undid it for the sake of another transaction; it may work in a moment
PAUSES_S = (0.05, 0.2)  # before it is tried again
CLOSED = "the database is closed"
_FAILED = 3  # libpq's PQTRANS_INERROR
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

        There they stand and fall together, and when one raises each is called again in a transaction of its own. So
        ``fn`` must leave its arguments as they are.
        """
        return await self._sharing.run(lambda conn: fn(conn, *args, **kwargs))

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

    @property
    def late_ids(self) -> int:
        """How far behind the newest id of a change one may still appear: PostgreSQL gives ids out before the commit."""
        return 0 if self.is_sqlite else LATE_IDS

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


# ---------------------------------------------------------------- threads that write for everybody

# A commit that survives a power cut costs a flush of the disk. Work that has gathered while the last commit was under
# way is done in one transaction. Nobody is answered before the commit.
#
# SQLite takes one writer at a time, and a savepoint there costs next to nothing: each piece has one, and is undone
# alone when it raises. On PostgreSQL a savepoint is two more round trips for every piece, to be ready for what hardly
# ever happens: so there is none, and when a piece raises all are undone and done once more, each by itself.


class _Writers(abc.ABC):
    """``threads`` that take what waits, first come first served, up to ``most`` pieces at a time."""

    def __init__(self, engine: sa.Engine, *, threads: int, most: int) -> None:
        self._engine, self._most = engine, most
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._wanted = threads
        self._putting = threading.Lock()  # nothing is put behind the end of the queue
        self._closed = False

    async def run(self, fn: Callable[[sa.Connection], R]) -> R:
        """``fn`` in a write transaction; returns after the commit, raises what ``fn`` or the commit raised.

        Not called at all when whoever waits is cancelled before its turn.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._put(_Piece(fn, future, loop))
        return await future

    def wait(self, fn: Callable[[sa.Connection], R]) -> R:
        """The same for a thread that has nothing else to do meanwhile."""
        future: concurrent.futures.Future[R] = concurrent.futures.Future()
        self._put(_Piece(fn, future, None))
        return future.result()

    def close(self) -> None:
        """Do what waits, and end."""
        with self._putting:
            if not self._closed:
                self._queue.put(None)
            self._closed = True
        for thread in self._threads:
            thread.join(timeout=10)

    def _put(self, piece: _Piece) -> None:
        with self._putting:
            if self._closed:
                raise RuntimeError(CLOSED)
            while len(self._threads) < self._wanted:
                thread = threading.Thread(target=self._work, name="treadle-writer", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._queue.put(piece)

    def _work(self) -> None:
        while (piece := self._queue.get()) is not None:
            pieces = [piece]
            try:
                answered = self._do(pieces)
            except BaseException as error:
                for each in pieces:
                    each.result, each.error = None, error
                answered = pieces
            _answer(answered)
        self._queue.put(None)  # for the next thread

    def _more(self, pieces: list[_Piece]) -> _Piece | None:
        """The next piece that waits, added to these, if there is one and room for it."""
        if len(pieces) >= self._most:
            return None
        try:
            piece = self._queue.get_nowait()
        except queue.Empty:
            return None
        if piece is None:
            self._queue.put(None)
        else:
            pieces.append(piece)
        return piece

    @abc.abstractmethod
    def _do(self, pieces: list[_Piece]) -> list[_Piece]:
        """Do and commit what is in ``pieces``, and add what joins them; those that are to be answered now."""


class GroupWriter(_Writers):
    """For SQLite."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine, threads=1, most=MOST)

    def _do(self, pieces: list[_Piece]) -> list[_Piece]:
        while self._more(pieces) is not None:
            pass
        self._commit(pieces)
        return pieces

    def _commit(self, pieces: list[_Piece]) -> None:
        with self._engine.begin() as conn:
            if len(pieces) == 1:
                pieces[0].call(conn)
                return
            for piece in pieces:
                _set_apart(conn)
                try:
                    piece.call(conn)
                except Exception as error:
                    _undo(conn)
                    piece.error = error
                else:
                    _keep(conn)


class SharingWriters(_Writers):
    """For PostgreSQL. A piece may be called again, in a thread of ``others``: then it is by itself, and may wait for a
    lock of somebody else's as long as it takes.

    A piece joins when those before it are done, so one that takes long holds up nobody who could go with another
    thread, and nothing joins any more once they took :data:`TOGETHER_S`. ``threads`` become more for a database far
    away, where most of the time is waiting for round trips.
    """

    def __init__(self, engine: sa.Engine, threads: int, others: concurrent.futures.Executor) -> None:
        super().__init__(engine, threads=threads, most=MOST_SHARING)
        self._others = others
        self._trips: deque[float] = deque(maxlen=TRIPS)  # seconds of the latest round trips

    def _do(self, pieces: list[_Piece]) -> list[_Piece]:
        with self._connected(pieces) as conn:
            transaction = conn.begin()
            try:
                began = time.monotonic()
                conn.execute(_SHORT_WAITS)
                self._see_distance(time.monotonic() - began)
                self._call(conn, pieces)
            except Exception:  # none of it was committed, also when it is the connection that was lost
                with contextlib.suppress(sa.exc.DBAPIError):
                    transaction.rollback()
            else:
                try:
                    self._commit(transaction, pieces)
                except sa.exc.DBAPIError as error:
                    if not _refused(error):
                        raise  # nobody knows whether it is done: then nothing is done again
                else:
                    return pieces
        for piece in pieces:
            piece.result = None
            self._hand_over(piece)
        return []

    def _connected(self, pieces: list[_Piece]) -> sa.Connection:
        try:
            return self._engine.connect()
        except BaseException:  # the database is away: all hear of it now, not one after the other
            while self._more(pieces) is not None:
                pass
            raise

    def _see_distance(self, trip_s: float) -> None:
        """One more thread for each :data:`NEAR_S` of a round trip; the quickest counts, for the others met a load."""
        self._trips.append(trip_s)
        if len(self._trips) == TRIPS:
            self._wanted = max(self._wanted, min(MOST_THREADS, int(min(self._trips.copy()) / NEAR_S) + 1))

    def _call(self, conn: sa.Connection, pieces: list[_Piece]) -> None:
        until = time.monotonic() + TOGETHER_S
        piece: _Piece | None = pieces[0]
        while piece is not None:
            piece.call(conn)
            piece = self._more(pieces) if time.monotonic() < until else None
        _check_sound(conn)

    def _commit(self, transaction: sa.Transaction, pieces: list[_Piece]) -> None:
        """``pieces``: whose work it is."""
        transaction.commit()

    def _hand_over(self, piece: _Piece) -> None:
        try:
            self._others.submit(self._alone, piece).add_done_callback(functools.partial(_left_out, piece))
        except RuntimeError:  # it has been shut down meanwhile
            piece.error = RuntimeError(CLOSED)
            _answer([piece])

    def _alone(self, piece: _Piece) -> None:
        try:
            for pause in (*PAUSES_S, None):
                try:
                    with self._engine.begin() as conn:
                        piece.call(conn)
                        _check_sound(conn)
                    break
                except sa.exc.DBAPIError as error:
                    if pause is None or _code(error) not in MET_ANOTHER or not _refused(error):
                        raise
                time.sleep(pause)  # whoever was let past goes on meanwhile
        except BaseException as error:
            piece.result, piece.error = None, error
        _answer([piece])


def _left_out(piece: _Piece, ended: concurrent.futures.Future[None]) -> None:
    """Nobody waits for ever for a piece that was not done because the database was closed."""
    if ended.cancelled():
        piece.error = RuntimeError(CLOSED)
        _answer([piece])


def _check_sound(conn: sa.Connection) -> None:
    """Raises when a statement failed and a piece went on nevertheless: PostgreSQL undoes all then, and its commit does
    not say so."""
    driver: Any = conn.connection.driver_connection
    if driver.info.transaction_status == _FAILED:
        raise RuntimeError("a statement of this transaction failed, and it went on")


def _code(error: sa.exc.DBAPIError) -> str:
    """PostgreSQL's name for what is wrong; empty when the answer is not its own."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def _refused(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL itself reported it, over a connection that works: then the transaction is certainly undone."""
    return bool(_code(error)) and not error.connection_invalidated and not _code(error).startswith("08")


_SHORT_WAITS = sa.text("SET LOCAL lock_timeout = 300")  # ms; nobody waits long for a lock that one of them needs


# A savepoint each, set at the driver: SQLAlchemy's own cost as much as two of the piece's statements.


def _set_apart(conn: sa.Connection) -> None:
    _execute(conn, "SAVEPOINT treadle_piece")


def _keep(conn: sa.Connection) -> None:
    _execute(conn, "RELEASE treadle_piece")


def _undo(conn: sa.Connection) -> None:
    _execute(conn, "ROLLBACK TO treadle_piece")
    _keep(conn)


def _execute(conn: sa.Connection, statement: str) -> None:
    driver: Any = conn.connection.driver_connection
    driver.execute(statement).close()


class _Piece:
    __slots__ = ("error", "fn", "future", "loop", "result")

    def __init__(
        self,
        fn: Callable[[sa.Connection], Any],
        future: asyncio.Future[Any] | concurrent.futures.Future[Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.fn = fn
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None

    def call(self, conn: sa.Connection) -> None:
        """Do it, unless nobody waits for it any more."""
        if not self.future.cancelled():
            self.result = self.fn(conn)

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _answer(pieces: list[_Piece]) -> None:
    """Wake the waiting: threads at once, and one call into each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Piece]] = {}
    for piece in pieces:
        if piece.loop is None:
            piece.settle()
        else:
            loops.setdefault(piece.loop, []).append(piece)
    for loop, mine in loops.items():

        def settle(mine: list[_Piece] = mine) -> None:
            for piece in mine:
                piece.settle()

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there
            loop.call_soon_threadsafe(settle)
