"""Pages by the place of the last row: whatever was added or removed meanwhile, no row comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

R = TypeVar("R")


def beyond(
    columns: Sequence[sa.ColumnElement[Any]],
    place: Sequence[Any],
    *,
    descending: bool = False,
    and_it: bool = False,
) -> sa.ColumnElement[bool]:
    """Rows behind this place in the order of ``columns``; ``and_it``: with the one that is there."""
    order: sa.ColumnElement[Any] = sa.tuple_(*columns)
    mark: sa.ColumnElement[Any] = sa.tuple_(*(sa.literal(value) for value in place))
    if descending:
        return order <= mark if and_it else order < mark
    return order >= mark if and_it else order > mark


def cut(rows: Sequence[R], limit: int) -> tuple[Sequence[R], bool]:
    """The page, and whether there is more: ``rows`` were asked for with one more than ``limit``."""
    return rows[:limit], len(rows) > limit
