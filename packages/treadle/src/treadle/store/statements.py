"""Statements built once, and some of them made once for many runs.

Building one costs several times what running it does, and a run repeats a few of them. The same columns give the same
statement object, so the driver's and SQLAlchemy's caches are hit without being asked to compare statements.

Runs that share a commit append rows and end alike: that is put off (:func:`at_the_end`) and written once for all of
them. What is put off so is not read in the transaction that writes it, and nothing is decided by how many rows it met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

V = TypeVar("V")
_Write: TypeAlias = Callable[[sa.Connection, Sequence[Any]], None]
_GATHERED = "treadle_gathered"
_KEY = "key_"  # a bound value of a WHERE may have the name of a column that is set


AT_ONCE = 500  # values in one statement: both databases have a limit


def chunks(values: Sequence[V], size: int = AT_ONCE) -> Iterator[Sequence[V]]:
    """``values`` in pieces that one statement can hold."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@lru_cache(maxsize=2048)
def _update(table: sa.Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> sa.Update:
    same = [table.c[key] == sa.bindparam(_KEY + key, type_=table.c[key].type) for key in keys]
    return sa.update(table).where(*same).values({column: sa.bindparam(column) for column in columns})


@lru_cache(maxsize=256)
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@lru_cache(maxsize=256)
def _insert_returning(table: sa.Table, column: str) -> Any:
    return sa.insert(table).returning(table.c[column])


def update(conn: sa.Connection, table: sa.Table, values: Mapping[str, Any], **keys: Any) -> int:
    """``UPDATE table SET values WHERE key = ... AND ...``; the number of rows changed."""
    statement = _update(table, tuple(sorted(values)), tuple(sorted(keys)))
    return conn.execute(statement, {**values, **{_KEY + key: value for key, value in keys.items()}}).rowcount


def dicts(found: sa.Result[Any]) -> list[dict[str, Any]]:
    """All rows, by column. Mappings of SQLAlchemy look up each column each time, which rows of eighty columns feel."""
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


def insert(conn: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    conn.execute(_insert(table), dict(values))


def insert_rows(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns, in one go.

    Not as one ``INSERT`` with many rows of ``VALUES``: SQLAlchemy compiles such a one each time.
    """
    if rows:
        conn.execute(_insert(table), [dict(row) for row in rows])


def insert_returning(conn: sa.Connection, table: sa.Table, values: Mapping[str, Any], column: str = "id") -> Any:
    """Insert one row; the value the database gave ``column``."""
    return conn.execute(_insert_returning(table, column), dict(values)).scalar_one()


# ---------------------------------------------------------------- once for all that share a commit


@contextmanager
def gathering(conn: sa.Connection) -> Iterator[None]:
    """Put off what :func:`at_the_end` is given until the block ends; when that raises, nothing of it is written."""
    gathered: dict[_Write, list[Any]] = {}
    info = conn.info  # of a connection that is lost meanwhile it cannot be asked for
    info[_GATHERED] = gathered
    try:
        yield
        for write, values in gathered.items():
            write(conn, values)
    finally:
        del info[_GATHERED]


def at_the_end(conn: sa.Connection, write: Callable[[sa.Connection, Sequence[V]], None], values: Sequence[V]) -> None:
    """``write(conn, values)``, inside :func:`gathering` at its end and once for all values; else at once.

    At once also behind a savepoint: what is written there may be undone without the rest.
    """
    gathered: dict[_Write, list[Any]] | None = conn.info.get(_GATHERED)
    if gathered is None or conn.in_nested_transaction():
        write(conn, values)
    else:
        gathered.setdefault(write, []).extend(values)
