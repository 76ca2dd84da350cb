"""Regular expressions that are compiled when they are first needed: a process that diagnoses one answer needs few."""

from __future__ import annotations

import re


class LateExpression:
    """A regular expression that is compiled at the first call."""

    __slots__ = ("_made", "expression", "flags")

    def __init__(self, expression: str, flags: int = 0) -> None:
        self.expression, self.flags = expression, flags
        self._made: re.Pattern[str] | None = None

    def __call__(self) -> re.Pattern[str]:
        if self._made is None:
            self._made = re.compile(self.expression, self.flags)
        return self._made
