"""How dear calls are just now, by what Meta's answers say of usage; dear calls are spaced wider. Pure.

Kept in the process: each worker reads the headers of its own answers, and they speak of the whole app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle.domain.waiting import PATIENCE_S, THRIFTY_S
from treadle_diagnosis.retry import usage_rows

EASY, TIGHT = 50.0, 85.0  # percent of Meta's limit: below the first calls are cheap, from the second as dear as can be
REMEMBERED_S = 300.0
_USAGE = frozenset({"x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"})
_PERCENTS = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")


def busiest(headers: Mapping[str, str]) -> float | None:
    """The highest percentage that any usage header names, 100 is the limit; ``None`` when none does.

    Whether Threads sends any of them is not known for certain: no real answer with one was found.
    """
    rows = [row for name, value in headers.items() if name.lower() in _USAGE for row in usage_rows(value)]
    found = [value for row in rows for name in _PERCENTS if (value := _percent(row.get(name))) is not None]
    return max(found, default=None)


def _percent(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None


@dataclass(slots=True)
class PollBudget:
    _busiest: float = 0.0
    _seen_at: float = 0.0

    def saw(self, headers: Mapping[str, str], now: float) -> None:
        """Note the usage headers of an answer; one without them says nothing."""
        used = busiest(headers)
        if used is not None:
            self._busiest, self._seen_at = used, now

    def spent(self, now: float) -> bool:
        """Whether what can wait should: Meta's answers speak of half its limit or more."""
        return now - self._seen_at <= REMEMBERED_S and self._busiest >= EASY

    def patience_s(self, now: float) -> float:
        """What one look at a container is worth, in seconds that a ready one would lie unnoticed."""
        if now - self._seen_at > REMEMBERED_S:
            return PATIENCE_S
        share = min(1.0, max(0.0, (self._busiest - EASY) / (TIGHT - EASY)))
        return PATIENCE_S * float((THRIFTY_S / PATIENCE_S) ** share)
