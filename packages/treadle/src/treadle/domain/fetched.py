"""How much of a file that is kept here was fetched, told from who asked for which bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

META_AGENTS = ("facebookexternalhit", "meta-externalfetcher", "meta-externalagent", "facebot")
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request for a file. ``at``: epoch seconds; ``sent`` bytes from ``start`` on were handed to the network."""

    at: float
    agent: str
    address: str
    method: str
    status: int
    start: int
    sent: int

    @property
    def by_meta(self) -> bool:
        return any(name in self.agent.lower() for name in META_AGENTS)


def covered(fetches: Iterable[Fetch]) -> int:
    """How many different bytes these requests brought."""
    total, end = 0, 0
    for start, stop in sorted((one.start, one.start + one.sent) for one in fetches if one.sent):
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total


def in_words(fetches: Iterable[Fetch], size: int, since: float) -> str:
    """What Meta fetched of a file of ``size`` bytes after ``since``.

    ``never requested``, ``stopped after 3.1 of 14 MB`` or ``all fetched``.
    """
    mine = [one for one in fetches if one.by_meta and one.at >= since]
    if not mine:
        return "never requested"
    got = covered(mine)
    if got >= size:
        return "all fetched"
    return f"stopped after {_amount(got, size)} of {_amount(size, size)} {'MB' if size >= MB else 'KB'}"


def _amount(count: int, size: int) -> str:
    value = count / (MB if size >= MB else 1000)
    return f"{value:.1f}".removesuffix(".0")
