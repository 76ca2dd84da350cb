"""What Meta's headers say of the limits: how much of them is used, and when to come back.

Whether Threads sends any of these is not known for certain (no real answer with them was found), so all are read
where they are and none is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from treadle_diagnosis.retry import usage_rows

_OF_BUSINESSES = ("x-business-use-case-usage", "x-ad-account-usage")
_PERCENTS = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")


@dataclass(frozen=True, slots=True)
class Usage:
    """``busiest``: the highest percentage that any header named, 100 is the limit; ``None`` when none did.

    ``regain_s``: seconds until Meta says access comes back (``estimated_time_to_regain_access``, minutes on the wire).
    ``retry_after_s``: seconds asked for by ``Retry-After``, of either spelling.
    """

    busiest: float | None = None
    app: float | None = None
    regain_s: float | None = None
    retry_after_s: float | None = None

    @property
    def wait_s(self) -> float | None:
        """Seconds to wait that Meta asks for, the longer of its hints; ``None`` when it asks for nothing."""
        hints = [hint for hint in (self.regain_s, self.retry_after_s) if hint]
        return max(hints) if hints else None


def usage(headers: Mapping[str, str], *, now: float) -> Usage:
    """Read every usage header there is; ``now`` (epoch seconds) is needed for a ``Retry-After`` that is a date."""
    low = {name.lower(): value for name, value in headers.items()}
    app_rows = usage_rows(low.get("x-app-usage", ""))
    rows = [row for name in _OF_BUSINESSES for row in usage_rows(low.get(name, ""))]
    regain = [_percent(row.get("estimated_time_to_regain_access")) for row in rows]
    minutes = max((value for value in regain if value), default=None)
    return Usage(
        busiest=_highest([*app_rows, *rows]),
        app=_highest(app_rows),
        regain_s=None if minutes is None else minutes * 60.0,
        retry_after_s=retry_after(low.get("retry-after"), now=now),
    )


def retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds from now; at least 0, at most a day. ``None`` when absent or unreadable."""
    if not value:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    if seconds != seconds:
        return None
    return min(max(0.0, seconds), 86_400.0)


def _highest(rows: Sequence[Mapping[str, Any]]) -> float | None:
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
