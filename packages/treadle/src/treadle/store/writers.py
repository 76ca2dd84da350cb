"""Threads that write for everybody: what waits for its turn together shares one commit.

A commit that survives a power cut costs a flush of the disk. Work that has gathered while the last commit was under
way is done in one transaction. Nobody is answered before the commit.

Pieces that may be called twice (those of runs) share their appended rows as well, and are ready for what hardly ever
happens at no cost: when one raises, all are undone and done once more, each by itself. On SQLite every other piece has
a savepoint, which costs next to nothing there, and is undone alone when it raises.
"""

from __future__ import annotations

import abc
import asyncio
import concurrent.futures
import contextlib
import functools
import math
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from treadle.store.statements import gathering

R = TypeVar("R")

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


class _Writers(abc.ABC):
    """``threads`` that take what waits, first come first served, up to ``most`` pieces at a time."""

    def __init__(self, engine: sa.Engine, *, threads: int, most: int) -> None:
        self._engine, self._most = engine, most
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._wanted = threads
        self._putting = threading.Lock()  # nothing is put behind the end of the queue
        self._closed = False

    async def run(self, fn: Callable[[sa.Connection], R], *, shares: bool = False) -> R:
        """``fn`` in a write transaction; returns after the commit, raises what ``fn`` or the commit raised.

        Not called at all when whoever waits is cancelled before its turn. ``shares``: it may be called again after it
        was undone, and what it puts off is written once with that of the others.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._put(_Piece(fn, future, loop, shares))
        return await future

    def wait(self, fn: Callable[[sa.Connection], R]) -> R:
        """The same for a thread that has nothing else to do meanwhile."""
        future: concurrent.futures.Future[R] = concurrent.futures.Future()
        self._put(_Piece(fn, future, None, shares=False))
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
        if not (all(piece.shares for piece in pieces) and self._together(pieces)):
            self._apart(pieces)

    def _together(self, pieces: list[_Piece]) -> bool:
        """Whether all were done and committed; else nothing of them is."""
        with self._engine.connect() as conn, conn.begin() as transaction:
            try:
                with gathering(conn):
                    for piece in pieces:
                        piece.call(conn)
            except Exception:
                transaction.rollback()
                return False
        return True

    def _apart(self, pieces: list[_Piece]) -> None:
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
        self._trips = 0
        self._nearest = math.inf  # seconds of the quickest round trip so far

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
        """One more thread for each :data:`NEAR_S` of a round trip. The quickest of all so far counts: under load every
        one of the latest waited for its turn in this process, which more threads would make longer."""
        self._trips += 1
        self._nearest = min(self._nearest, trip_s)
        if self._trips >= TRIPS:
            self._wanted = max(self._wanted, min(MOST_THREADS, int(self._nearest / NEAR_S) + 1))

    def _call(self, conn: sa.Connection, pieces: list[_Piece]) -> None:
        until = time.monotonic() + TOGETHER_S
        piece: _Piece | None = pieces[0]
        with gathering(conn):
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
    __slots__ = ("error", "fn", "future", "loop", "result", "shares")

    def __init__(
        self,
        fn: Callable[[sa.Connection], Any],
        future: asyncio.Future[Any] | concurrent.futures.Future[Any],
        loop: asyncio.AbstractEventLoop | None,
        shares: bool,
    ) -> None:
        self.fn = fn
        self.future = future
        self.loop = loop
        self.shares = shares
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
