"""Is an object that Threads says it does not know really gone? Pure: what was asked and answered in, a verdict out.

"Not found" is also what Threads answers about a post that is seconds old, or that this account may not read. So no age
decides alone: the object itself is read, and a read that finds it ends the doubt. What is not found counts only while
another read of the account works, three times over five minutes, and of a post of ours not before a quarter of an hour
after its publish: the longest lag of a status or a list that this product reckons with, and three times the longest
that anybody has reported for replies (270 seconds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MISSES = 3
MISSES_OVER_S = 300.0
NOT_BEFORE_S = 900.0  # after the publish, of a post that Treadle published
FIRST_PAUSE_S, LONGEST_PAUSE_S = 3.0, 300.0

Verdict = Literal["there", "ask again", "gone", "gone or unreadable"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of an object that a call named and Threads did not know. Times in epoch seconds.

    ``found``: this read found it; ``None``: this read said nothing about it. ``others_read``: another read of the
    account works. ``misses``: reads that did not find it, this one included, the first at ``first_miss_at``.
    ``published_at``: when Treadle published it, ``None`` when it is not Treadle's. ``read_before``: this account has
    read it.
    """

    now: float
    found: bool | None
    others_read: bool
    misses: int
    first_miss_at: float | None
    published_at: float | None = None
    read_before: bool = False
    scale: float = 1.0


def is_gone(asked: Asked) -> Verdict:
    """Whether the object is there; ``gone or unreadable`` is for a person to decide."""
    if asked.found:
        return "there"
    if asked.found is None or not asked.others_read or asked.first_miss_at is None:
        return "ask again"
    if asked.misses < MISSES or asked.now - asked.first_miss_at < MISSES_OVER_S * asked.scale:
        return "ask again"
    if asked.published_at is not None:
        return "gone" if asked.now - asked.published_at >= NOT_BEFORE_S * asked.scale else "ask again"
    return "gone" if asked.read_before else "gone or unreadable"


def pause_s(asked_before: int) -> float:
    """Seconds until it is asked again: short at first, never a jump."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 1.5 ** min(asked_before, 30)))
