"""Covering arrays: few rows in which every pair of values of every two factors stands together at least once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any


def pairwise_rows(factors: Mapping[str, Sequence[Hashable]]) -> list[dict[str, Any]]:
    """Rows that cover every pair, built greedily: about as many as the product of the two longest factors."""
    names = list(factors)
    missing = {
        ((one, a), (other, b)): None
        for one, other in combinations(names, 2)
        for a, b in product(factors[one], factors[other])
    }
    rows = []
    while missing:
        row = dict(next(iter(missing)))
        for name in names:
            if name not in row:
                row[name] = max(factors[name], key=partial(_gain, missing, names, row, name))
        for one, other in combinations(names, 2):
            missing.pop(((one, row[one]), (other, row[other])), None)
        rows.append(row)
    return rows


def _gain(missing: Mapping[Any, None], names: Sequence[str], row: Mapping[str, Any], name: str, value: Hashable) -> int:
    def pair(other: str) -> Any:
        mine, theirs = (name, value), (other, row[other])
        return (mine, theirs) if names.index(name) < names.index(other) else (theirs, mine)

    return sum(pair(other) in missing for other in row)
