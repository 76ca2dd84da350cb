"""Chance that depends on a seed and on what it is drawn for, and on nothing that was drawn before.

So a post meets the same faults whether or not the other posts of the day are there: a failing day can be cut down to
the posts that matter and still be the same history.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_WORDS = struct.Struct("<8Q")
_ONE = float(2**64)


class Dice:
    """Numbers for one question. Two with the same seed and key give the same numbers."""

    __slots__ = ("_key", "_numbers", "_round")

    def __init__(self, seed: int, *key: object) -> None:
        self._key = "|".join(map(str, (seed, *key)))
        self._round = 0
        self._numbers: list[float] = []

    def __call__(self) -> float:
        """From 0 up to 1."""
        if not self._numbers:
            digest = blake2b(f"{self._round}|{self._key}".encode(), digest_size=64).digest()
            self._numbers = [word / _ONE for word in _WORDS.unpack(digest)]
            self._round += 1
        return self._numbers.pop()

    def happens(self, probability: float) -> bool:
        return self() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self()

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self() * (high - low + 1))

    def skewed(self, low: float, high: float) -> float:
        """Mostly near ``low``, now and then near ``high``: as delays are."""
        return low * (high / low) ** (self() ** 2)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[int(self() * len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        rest = self() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            rest -= weight
            if rest < 0:
                return choice
        return choices[-1][0]
