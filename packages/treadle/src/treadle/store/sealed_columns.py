"""Every column that holds sealed secrets, whatever table it is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import metadata


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One of them; ``str`` of it is ``table.column``."""

    table: sa.Table
    column: sa.Column[bytes]

    def __str__(self) -> str:
        return f"{self.table.name}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A secret, and the primary key of its row."""

    key: tuple[Any, ...]
    sealed: bytes


def columns() -> list[SealedColumn]:
    """By table; columns that hold ciphertext are named ``..._enc``."""
    return [
        SealedColumn(table, column)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_enc")
    ]


def first(conn: sa.Connection, where: SealedColumn) -> bytes | None:
    """Any one secret of this column."""
    return conn.execute(_all(where).limit(1)).scalar()


def values(conn: sa.Connection, where: SealedColumn) -> Iterator[bytes]:
    yield from conn.execute(_all(where)).scalars()


def rows(conn: sa.Connection, where: SealedColumn) -> list[SealedValue]:
    query = sa.select(*where.table.primary_key.columns, where.column).where(where.column.is_not(None))
    return [SealedValue(tuple(row[:-1]), row[-1]) for row in conn.execute(query)]


def replace(conn: sa.Connection, where: SealedColumn, old: SealedValue, sealed: bytes) -> bool:
    """By compare-and-set; false when the row holds another secret by now."""
    keys = zip(where.table.primary_key.columns, old.key, strict=True)
    same = sa.and_(*(column == value for column, value in keys), where.column == old.sealed)
    return conn.execute(sa.update(where.table).where(same).values({where.column.name: sealed})).rowcount == 1


def _all(where: SealedColumn) -> sa.Select[bytes]:
    return sa.select(where.column).where(where.column.is_not(None))
