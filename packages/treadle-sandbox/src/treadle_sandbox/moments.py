"""``since`` and ``until`` as Threads takes them: Unix seconds, a date, or words as PHP's ``strtotime`` reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNITS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800,
          "fortnight": 1_209_600, "month": 2_592_000, "year": 31_536_000}  # fmt: skip
_STEP = re.compile(r"([+-]?)\s*(\d+)\s*([a-z]+?)s?(\s+ago)?\Z")


def read_moment(text: str, now: float) -> float | None:
    """Epoch seconds, or ``None`` when it is no moment. Dates without a zone are UTC; a month is 30 days."""
    words = " ".join(text.strip().lower().split())
    try:
        return float(int(words))
    except ValueError:
        pass
    midnight = now - now % 86_400
    named = {"now": now, "today": midnight, "midnight": midnight, "yesterday": midnight - 86_400,
             "tomorrow": midnight + 86_400}  # fmt: skip
    if words in named:
        return named[words]
    step = _STEP.match(words)
    if step is not None and step[3] in _UNITS:
        back = bool(step[4]) != (step[1] == "-")
        seconds = int(step[2]) * _UNITS[step[3]]
        return now - seconds if back else now + seconds
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
