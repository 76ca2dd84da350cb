"""Statements that many runs make alike, made once for all that share a commit: rows that are only appended, and the
ends of runs.

What is put off so is not read in the transaction that writes it, and nothing is decided by how many rows it met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

V = TypeVar("V")
_Write: TypeAlias = Callable[[sa.Connection, Sequence[Any]], None]
_GATHERED = "treadle_gathered"


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
