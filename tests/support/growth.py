"""How the cost of reading a text grows with its length: made texts, and a judge that a busy machine does not fool."""

from __future__ import annotations

import gc
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

GROWTH = 8.0
"""How many times as long 4n may take as n. Linear reading takes 4 times as long, quadratic 16 times."""
CUT_S = 2.0
"""CPU seconds of this process after which one reading counts as stuck."""


class Stuck(Exception):
    """One reading took more CPU than `CUT_S`."""


@contextmanager
def _cut_off() -> Iterator[None]:
    """Ends a reading that is stuck. `re` looks at signals while it matches; a reader in Python does so anyway."""

    def stop(*_: Any) -> None:
        raise Stuck

    # Collecting what earlier tests left behind takes long, is no cost of the reading, and swallows the exception.
    collecting = gc.isenabled()
    gc.disable()
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CUT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if collecting:
            gc.enable()


def cost(read: Callable[[str], object], text: str, times: int = 3) -> float:
    """CPU seconds of one reading, the smallest of ``times``; infinite when it is stuck."""
    least = float("inf")
    for _ in range(times):
        began = time.thread_time()
        try:
            with _cut_off():
                read(text)
        except Stuck:
            return float("inf")
        took = time.thread_time() - began
        least = min(least, took)
        if took > 0.3:
            break
    return least


def _unit_of_cost() -> float:
    """CPU seconds of one step over one character, on this machine and now."""
    text, search = "a" * 200_000, re.compile("[b-z]").search
    return max(cost(lambda given: search(given), text) / len(text), 1e-9)


@dataclass(frozen=True, slots=True)
class Shape:
    """A family of texts of any length: ``before``, then ``unit`` again and again, then ``after``."""

    before: str
    unit: str
    after: str

    def text(self, size: int) -> str:
        return self.before + self.unit * max(1, size // len(self.unit)) + self.after

    def __str__(self) -> str:
        return f"{self.before[:40]!r} + {self.unit[:40]!r} × n + {self.after[:40]!r}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured. ``why`` is empty when the cost is linear and small."""

    why: str
    seconds: tuple[float, ...] = ()


class Judge:
    """Compares readings of n, 2n and 4n characters with each other, and with a plain search on this machine.

    ``dear`` is how many times a plain search a character may cost. A step that is quadratic up to a bound (a look-ahead
    over 2,000 characters tried at each character) grows linearly, and is far too dear.

    ``glance``: n characters are read first, and 4n only if reading these might be more than cheap. It is for what does
    the same with a text of any length, as an expression that n characters can satisfy: quadratic work grows 16 times
    to 4n (7.2 times if it grew less than 5 times from n/4 to n), and work that grows faster is stuck at n already
    (4,000 cubed is minutes).
    """

    def __init__(self, n: int = 4_000, *, cheap: float = 150.0, dear: float = 150.0, glance: bool = False) -> None:
        self.sizes = (n, 2 * n, 4 * n)
        self.unit = _unit_of_cost()
        self.cheap, self.dear, self.glance = cheap, dear, glance

    def judge(self, read: Callable[[str], object], shape: Shape) -> Verdict:
        """Linear and cheap, or why not. A disturbance of the machine does not come back three times."""
        most = self.sizes[-1]
        if self.glance:
            expected = self._glance(read, shape)
            if expected <= most * self.unit * self.cheap:
                return Verdict("")
            if expected == float("inf") == cost(read, shape.text(self.sizes[0]), 1):
                return Verdict("stuck", (expected,))
        # Quadratic work that is cheap at 4n does not matter at any length that comes in.
        once = cost(read, shape.text(most), 1)
        if once <= most * self.unit * self.cheap:
            return Verdict("")
        if once == float("inf") == cost(read, shape.text(most), 1):
            return Verdict("stuck", (once,))
        if once <= most * self.unit * self.dear and once <= GROWTH * cost(read, shape.text(self.sizes[0]), 1):
            return Verdict("")
        why, seen = "", tuple[float, ...]()
        for _ in range(3):
            seen = tuple(cost(read, shape.text(size)) for size in self.sizes)
            self.unit = max(self.unit, _unit_of_cost())
            if seen[-1] > most * self.unit * self.dear:
                why = "dear"
            elif seen[-1] > most * self.unit * self.cheap and seen[-1] > GROWTH * seen[0]:
                why = "grows"
            else:
                return Verdict("", seen)
        return Verdict(why, seen)

    def _glance(self, read: Callable[[str], object], shape: Shape) -> float:
        """At most so much does it cost to read 4n, by what it costs to read n."""
        n, most = self.sizes[0], self.sizes[-1]
        once = cost(read, shape.text(n), 1)
        if most * self.unit * self.cheap / 16 < once <= 5 * cost(read, shape.text(n // 4), 1):
            return 7.2 * once
        return 16 * once
