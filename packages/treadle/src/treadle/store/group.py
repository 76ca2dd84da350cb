"""One thread that writes for everybody, several transactions to a commit.

SQLite takes one writer at a time, and a commit that survives a power cut costs a flush of the disk. Work that has
gathered while the last commit was under way is done in one transaction, a savepoint around each piece, so that a piece
that raises is undone alone. Nobody is answered before the commit.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

R = TypeVar("R")
MOST = 64  # pieces of one commit: nobody waits long for the others


class GroupWriter:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()  # nothing is put behind the end of the queue
        self._closed = False

    async def run(self, fn: Callable[[sa.Connection], R]) -> R:
        """``fn`` in a write transaction; returns after the commit, raises what ``fn`` or the commit raised."""
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
        with self._gate:
            self._closed = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _put(self, piece: _Piece) -> None:
        with self._gate:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="treadle-writer", daemon=True)
                self._thread.start()
            self._queue.put(piece)

    def _work(self) -> None:
        while True:
            piece = self._queue.get()
            if piece is None:
                return
            pieces = [piece]
            last = False
            while len(pieces) < MOST:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                pieces.append(more)
            try:
                self._commit(pieces)
            except BaseException as error:
                for each in pieces:
                    each.result, each.error = None, error
            _answer(pieces)
            if last:
                return

    def _commit(self, pieces: list[_Piece]) -> None:
        with self._engine.begin() as conn:
            if len(pieces) == 1:
                pieces[0].result = pieces[0].fn(conn)
                return
            for piece in pieces:
                if piece.future.cancelled():
                    continue
                _set_apart(conn)
                try:
                    piece.result = piece.fn(conn)
                except Exception as error:
                    _undo(conn)
                    piece.error = error
                else:
                    _keep(conn)


# A savepoint each, set at the driver: SQLAlchemy's own cost as much as two of the piece's statements.


def _set_apart(conn: sa.Connection) -> None:
    _tell(conn, "SAVEPOINT treadle_piece")


def _keep(conn: sa.Connection) -> None:
    _tell(conn, "RELEASE treadle_piece")


def _undo(conn: sa.Connection) -> None:
    _tell(conn, "ROLLBACK TO treadle_piece")
    _keep(conn)


def _tell(conn: sa.Connection, statement: str) -> None:
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

        if not loop.is_closed():
            loop.call_soon_threadsafe(settle)
