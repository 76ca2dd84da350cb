"""The product's store on SQLite in memory, one database for all workers, with nothing left to threads or disks."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from simulation.chance import Dice
from simulation.machine import Killed, Machine
from simulation.queue import RUNS
from treadle.store import Database, migrate
from treadle.store.statements import gathering

P = ParamSpec("P")
R = TypeVar("R")
COMMIT_S = 0.004


@cache
def _engine() -> sa.Engine:
    """One for all days, which keeps the statements that it has compiled; each connection is a database of its own."""
    engine = sa.create_engine(
        "sqlite://", poolclass=NullPool, connect_args={"check_same_thread": False, "cached_statements": 512}
    )

    @event.listens_for(engine, "connect")
    def prepare(dbapi_conn: Any, record: Any) -> None:
        dbapi_conn.isolation_level = None
        dbapi_conn.execute("PRAGMA foreign_keys=ON").close()

    return engine


@cache
def _empty() -> bytes:
    """A database with the product's tables, as its own migrations make them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        database = Database(f"sqlite:///{path}")
        migrate.upgrade(database)
        database.close()
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA journal_mode=DELETE")
            conn.execute(RUNS)
            conn.commit()
            return conn.serialize()


class Disk:
    """What all workers share: the one connection, and what is wrong with it at the moment."""

    def __init__(self) -> None:
        self.engine = _engine()
        self.conn = self.engine.connect()
        driver = self.conn.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.deserialize(_empty())
        driver.execute("PRAGMA foreign_keys=ON")
        self.driver = driver
        # SQLAlchemy takes all of it for one transaction; where one begins and ends, the driver is told below.
        self.conn.begin()
        self.away = False
        self.full = False
        self.commits = 0
        self.committed: Callable[[], None] = lambda: None

    @contextmanager
    def transaction(self, *, doubtful: Callable[[], bool] = lambda: False) -> Iterator[sa.Connection]:
        """``doubtful``: whether the commit is done and its answer lost."""
        if self.away:
            raise _error("server closed the connection unexpectedly")
        execute = self.driver.execute
        execute("BEGIN")
        try:
            yield self.conn
            if self.full:
                raise _error("database or disk is full")
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        self.commits += 1
        self.committed()
        if doubtful():
            raise _error("the connection was lost during the commit")

    @contextmanager
    def view(self) -> Iterator[sa.Connection]:
        if self.away:
            raise _error("server closed the connection unexpectedly")
        self.driver.execute("BEGIN")
        try:
            yield self.conn
        finally:
            self.driver.execute("ROLLBACK")

    def close(self) -> None:
        self.conn.close()


def _error(words: str) -> sa.exc.OperationalError:
    return sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError(words))


class SimulatedDatabase(Database):
    """What one process sees of the database; without a machine, what the people's server sees."""

    def __init__(self, disk: Disk, machine: Machine | None = None) -> None:
        self.url, self.is_sqlite, self.file = disk.engine.url, True, None
        self.engine = self.runs_engine = disk.engine
        self.disk, self.machine = disk, machine
        self._writes = self._shared = 0

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        machine = self.machine
        if machine is not None:
            machine.here("before a commit")
        with self.disk.transaction(doubtful=self._doubtful) as conn:
            yield conn
        if machine is not None:
            machine.here("after a commit")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        if self.machine is not None and self.machine.dead:
            raise Killed
        with self.disk.view() as conn:
            yield conn

    async def run(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        machine = self.machine
        if machine is not None:
            await machine.wait(COMMIT_S, "before a commit")
        with self.disk.transaction(doubtful=self._doubtful) as conn:
            result = fn(conn, *args, **kwargs)
        if machine is not None:
            await machine.point("after a commit")
        return result

    async def share(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Now and then done and undone first, as when another piece of the same commit failed."""

        def once_more(conn: sa.Connection) -> R:
            if self._undone_first():
                with suppress(sa.exc.IntegrityError), conn.begin_nested() as undone:
                    with gathering(conn):
                        fn(conn, *args, **kwargs)
                    undone.rollback()
            with gathering(conn):
                return fn(conn, *args, **kwargs)

        return await self.run(once_more)

    def write(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.begin() as conn:
            return fn(conn, *args, **kwargs)

    async def query(self, fn: Callable[Concatenate[sa.Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.machine is not None:
            await self.machine.point("before a reading")
        with self.disk.view() as conn:
            return fn(conn, *args, **kwargs)

    def _doubtful(self) -> bool:
        machine = self.machine
        if machine is None or not machine.weather.doubtful_commits or machine.truth() >= machine.ledger.end:
            return False
        self._writes += 1
        return Dice(machine.seed, "commit", machine.name, self._writes).happens(machine.weather.doubtful_commits)

    def _undone_first(self) -> bool:
        machine = self.machine
        if machine is None or not machine.weather.undone_commits:
            return False
        self._shared += 1
        return Dice(machine.seed, "undone", machine.name, self._shared).happens(machine.weather.undone_commits)

    def close(self) -> None:
        pass
