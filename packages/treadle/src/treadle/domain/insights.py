"""When the figures of a published post are read, and what is kept of them. Pure.

A young post is read often, an old one rarely, and one of a year never again. The times are spread by chance, so that
posts of one hour are not all read in one minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from treadle_threads.values import Metric

SCOPE: Final = "threads_manage_insights"
METRICS: Final = ("views", "likes", "replies", "reposts", "quotes", "shares")
HOUR_S, DAY_S = 3_600.0, 86_400.0
FIRST_S: Final = 900.0  # after it was published
LAST_S: Final = 365 * DAY_S
# Until this age (seconds), this long between two reads.
_APART: Final = ((DAY_S, HOUR_S), (3 * DAY_S, 4 * HOUR_S), (7 * DAY_S, 12 * HOUR_S), (30 * DAY_S, DAY_S))
_RARELY_S: Final = 7 * DAY_S
SPREAD: Final = 0.2  # of the time between two reads, added or taken away
MOST_MISSES: Final = 3  # answers that there is no such post, before it is not asked for again
LANE_REST_S: Final = HOUR_S  # of an account after any other failure
REFUSED_REST_S: Final = 7 * DAY_S  # of an account whose token lacks the permission, unless it is connected again


@dataclass(frozen=True, slots=True)
class Numbers:
    """What Threads counts of one post since it was published; ``None``: Threads did not say."""

    views: int | None = None
    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    quotes: int | None = None
    shares: int | None = None

    @property
    def known(self) -> bool:
        return any(getattr(self, name) is not None for name in METRICS)

    def plus(self, other: Numbers) -> Numbers:
        """Both together; what only one of them says is that."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in METRICS)
        return Numbers(*(a if b is None else b if a is None else a + b for a, b in pairs))


def numbers_of(metrics: Iterable[Metric]) -> Numbers:
    """The known figures of an answer; a figure below zero is none."""
    totals = {one.name: int(one.total) for one in metrics if one.total is not None and one.total >= 0}
    return Numbers(*(totals.get(name) for name in METRICS))


def day_of(at: float) -> str:
    """The day (UTC) under which figures read at this time are kept: ``2026-11-30``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def next_read(published_at: float, now: float, random01: float) -> float | None:
    """When the figures are read next after they were read now (epoch seconds); ``None``: never again."""
    age = now - published_at
    if age > LAST_S:
        return None
    apart = next((pause for until, pause in _APART if age < until), _RARELY_S)
    return now + apart * (1 - SPREAD + 2 * SPREAD * random01)


def may_be_read(scopes: Iterable[str]) -> bool:
    """Whether the token may have the permission: what was granted is not always known."""
    known = set(scopes)
    return not known or SCOPE in known
