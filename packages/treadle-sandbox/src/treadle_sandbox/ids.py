"""Ids, tokens, codes and trace ids of the shapes seen on Threads."""

from __future__ import annotations

import random

_CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WORD = _CODE[:62]


class Ids:
    """Makes ids; the same seed gives the same ids. Object ids are odd and beyond 2^53, so that a JSON reader that
    keeps numbers as doubles is caught."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._object = 17_900_000_000_000_001
        self._user = 28_983_614_471_241_199

    @property
    def counters(self) -> list[int]:
        """Where the ids stand, for a snapshot."""
        return [self._object, self._user]

    @counters.setter
    def counters(self, values: list[int]) -> None:
        self._object, self._user = int(values[0]), int(values[1])

    def object_id(self) -> str:
        """A container's or a post's id: 17 digits, growing, as text."""
        self._object += 2 * self._random.randrange(1, 4000)
        return str(self._object)

    def user_id(self) -> str:
        self._user += 2 * self._random.randrange(1, 400_000_000)
        return str(self._user)

    def token(self, kind: str = "") -> str:
        """``TH`` and random characters; the real format is not documented beyond examples that begin ``TH``."""
        return f"THQ{kind}" + "".join(self._random.choices(_WORD, k=160))

    def code(self) -> str:
        return "AQ" + "".join(self._random.choices(_CODE, k=190))

    def trace(self) -> str:
        """An ``fbtrace_id``: 23 characters, first one ``A``."""
        return "A" + "".join(self._random.choices(_CODE, k=22))

    def chance(self) -> float:
        return self._random.random()

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


def shortcode(object_id: str) -> str:
    """The permalink's code: the id in base 64."""
    number, out = int(object_id), ""
    while number:
        number, digit = divmod(number, 64)
        out = _CODE[digit] + out
    return out
