"""What a measurement is: interleaved rounds, medians, spreads, ratios, and whether the reach is met."""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Samples:
    """What one contender did, one figure a round. ``unit`` is for people: ``posts/s``, ``ms``, ``bytes``."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half the distance between the lowest and the highest round, as a share of the median."""
        return (max(self.values) - min(self.values)) / 2 / abs(self.median) if self.median else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "spread": self.spread,
            "rounds": self.values,
        }


def ratios(ours: Samples, theirs: Samples) -> tuple[float, ...]:
    """Ours over theirs, round by round: what a machine does to one round it does to both."""
    return tuple(a / b if b else float("inf") for a, b in zip(ours.values, theirs.values, strict=True))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``better``: which way of the ratio is good for Treadle; ``met``: None without a reach."""

    work: str
    ours: Samples
    theirs: Samples | None
    reach: str
    met: bool | None
    better: str = "lower"
    note: str = ""
    for_scale: bool = False  # what it is held against is no rival, only a measure

    @property
    def ratio(self) -> Samples | None:
        if self.theirs is None:
            return None
        return Samples("ratio", "x", ratios(self.ours, self.theirs))

    @property
    def rival_wins(self) -> bool:
        ratio = self.ratio
        if ratio is None or self.for_scale:
            return False
        return ratio.median > 1 if self.better == "lower" else ratio.median < 1

    def as_json(self) -> dict[str, Any]:
        ratio = self.ratio
        return {
            "work": self.work,
            "ours": self.ours.as_json(),
            "theirs": self.theirs.as_json() if self.theirs else None,
            "ratio": ratio.as_json() if ratio else None,
            "reach": self.reach,
            "met": self.met,
            "rival_wins": self.rival_wins,
            "note": self.note,
        }


@dataclass(slots=True)
class Outcome:
    """What a benchmark hands back: rows for the table, notes for below it, versions of what took part."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


class Unavailable(Exception):
    """Why a benchmark cannot run on this machine; it is left out of the table, with this sentence."""


@dataclass(slots=True)
class Bench:
    """How this run is done. ``quick`` wants the whole of it under three minutes."""

    quick: bool
    rounds: int
    folder: Path
    say: Callable[[str], None] = field(default=lambda text: print(f"  {text}", file=sys.stderr, flush=True))

    def pick(self, full: int, quick: int) -> int:
        return quick if self.quick else full


def interleave(
    contenders: Mapping[str, Callable[[], float]], rounds: int, unit: str, warm: bool = True
) -> dict[str, Samples]:
    """Run every contender once a round, in an order that changes, and collect what each returns.

    A first round is thrown away when ``warm``: caches, imports and file systems settle in it.
    """
    found: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    shuffle = random.Random(7).shuffle
    for turn in range(-1 if warm else 0, rounds):
        shuffle(order)
        for name in order:
            gc.collect()
            value = contenders[name]()
            if turn >= 0:
                found[name].append(value)
    return {name: Samples(name, unit, tuple(values)) for name, values in found.items()}


def seconds(work: Callable[[], object]) -> float:
    """Wall time of ``work``, seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def per_second(count: int, work: Callable[[], object]) -> float:
    return count / seconds(work)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
