"""What a proof really did: how many kills, faults and posts, with which seed; said at the end and upon a failure.

A proof that quietly did nothing passes too, so each one counts what it did and asserts its counts.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

PROPERTY = "proof"
SEED = "TREADLE_SEED"


@dataclass(slots=True)
class Tally:
    """Counts of one test. ``seed`` steers its choices; ``TREADLE_SEED`` sets it."""

    name: str
    database: str
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    chance: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def add(self, what: str, count: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + count

    def __getitem__(self, what: str) -> int:
        return self.counts.get(what, 0)

    def expect(self, **least: int) -> None:
        """Fails unless at least so many of each were counted."""
        short = {what: f"{self[what]} of {count}" for what, count in least.items() if self[what] < count}
        assert not short, f"this proof did less than it says: {short}; {self}"

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in self.counts.items())
        seconds = time.monotonic() - self.began
        return f"{self.name} on {self.database}: {counts or 'nothing'}, {seconds:.0f} s, seed {self.seed}"


def seed_of_the_day() -> int:
    """Small samples differ from day to day, not from run to run; a set seed comes first."""
    asked = os.environ.get(SEED, "")
    return int(asked) if asked.isdigit() else int(time.strftime("%Y%m%d"))


def fresh_seed() -> int:
    """Another one at every run, unless it is set."""
    asked = os.environ.get(SEED, "")
    return int(asked) if asked.isdigit() else random.SystemRandom().randrange(1_000_000_000)


@pytest.fixture
def tally(request: pytest.FixtureRequest, record_property: Any) -> Iterator[Tally]:
    """Counts what the test does; printed with the test's output, and in the summary at the end of the run."""
    fixture = next((name for name in ("migrated_url", "database_url") if name in request.fixturenames), "")
    url = request.getfixturevalue(fixture) if fixture else "sqlite:"
    database = "PostgreSQL" if url.startswith("postgresql") else "SQLite"
    seed = fresh_seed() if request.node.get_closest_marker("long") else seed_of_the_day()
    print(f"seed {seed}: {SEED}={seed} makes the same choices again")
    counting = Tally(request.node.originalname or request.node.name, database, seed)
    yield counting
    print(counting)
    if counting.counts:
        record_property(PROPERTY, [str(counting), counting.database, dict(counting.counts)])


def summary(reports: list[Any]) -> Iterator[str]:
    """Lines for the end of a run: each proof, then the sums per database."""
    sums: dict[str, dict[str, int]] = {}
    for report in reports:
        for name, told in getattr(report, "user_properties", ()):
            if name != PROPERTY or report.when != "teardown":
                continue
            line, database, counts = told
            yield str(line)
            total = sums.setdefault(database, {})
            for what, count in counts.items():
                total[what] = total.get(what, 0) + count
    for database, total in sorted(sums.items()):
        yield f"all on {database}: " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in total.items())
