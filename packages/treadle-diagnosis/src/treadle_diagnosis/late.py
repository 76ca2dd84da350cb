"""Regular expressions that are compiled when they are first needed: a process that diagnoses one answer needs few."""

from __future__ import annotations

import re
from functools import cached_property


class LateExpression:
    def __init__(self, expression: str, flags: int = 0) -> None:
        self.expression, self.flags = expression, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression, self.flags)
