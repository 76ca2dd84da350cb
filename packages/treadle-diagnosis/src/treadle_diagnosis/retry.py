"""Retry advice: the pattern's schedule, overridden by what Meta said and stretched by what is known of the media."""

from __future__ import annotations

import json
from collections.abc import Mapping

from treadle_diagnosis.catalog.model import Retry
from treadle_diagnosis.types import AUTOMATIC, RetryAdvice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEVER = RetryAdvice()
_LONGEST_HINT_S = 7 * 86_400.0
_GB = 1_000_000_000


def plain_advice(retry: Retry) -> RetryAdvice:
    """The advice of a pattern with nothing else known."""
    if retry.kind in ("never", "when_repaired") and not retry.max_attempts:
        return NEVER if retry.kind == "never" else RetryAdvice(kind="when_repaired")
    return RetryAdvice(
        kind=retry.kind,
        after_s=retry.after_s,
        max_attempts=retry.max_attempts,
        max_delay_s=retry.max_delay_s,
        then=retry.then,
    )


def advise(retry: Retry, headers: Mapping[str, str], context: Mapping[str, Any]) -> RetryAdvice:
    """The advice for one failure. Only ``later`` and ``new_container`` bend: a hint never turns "never" into a retry.

    Meta's hints (``Retry-After``, ``estimated_time_to_regain_access``, a usage header at its limit) replace ``after_s``
    when they are longer. ``context["media_bytes"]`` adds ``per_gb_s`` seconds a gigabyte. ``context
    ["seen_on_container"]`` at or over the budget moves on to ``then``.
    """
    plain = plain_advice(retry)
    if plain.kind not in AUTOMATIC or plain.after_s is None:
        return plain
    after, cap, attempts = plain.after_s, plain.max_delay_s or plain.after_s, plain.max_attempts
    if retry.per_gb_s:
        size = context.get("media_bytes")
        if isinstance(size, (int, float)) and not isinstance(size, bool) and 0 < size < 1e13:
            extra = retry.per_gb_s * size / _GB
            after, cap = after + extra, cap + extra * 2
    hint = hinted_wait_s(headers)
    hinted = hint is not None and plain.kind == "later"
    if hinted and hint is not None:
        after = max(after, hint)
        cap = max(cap, after)
    return RetryAdvice(plain.kind, round(after, 3), attempts, round(cap, 3), plain.then, hinted)


def budget_spent(retry: Retry, context: Mapping[str, Any]) -> bool:
    """Whether this answer came so often for this container that what follows the budget is due."""
    seen = context.get("seen_on_container")
    return (
        retry.kind == "later"
        and retry.max_attempts > 0
        and isinstance(seen, int)
        and not isinstance(seen, bool)
        and seen > retry.max_attempts
    )


def advice_after_budget(retry: Retry) -> RetryAdvice:
    """What the pattern's ``then`` means as advice of its own."""
    if retry.then == "new_container":
        return RetryAdvice("new_container", retry.after_s, 1, retry.max_delay_s, "when_repaired")
    if retry.then == "verify_first":
        return RetryAdvice("verify_first", retry.after_s, 3, retry.max_delay_s, "when_repaired")
    if retry.then == "when_repaired":
        return RetryAdvice("when_repaired")
    return NEVER


def hinted_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds Meta asks to wait, from its headers; ``None`` when it asks nothing.

    ``Retry-After`` is seconds, or a date that is compared with the answer's own ``Date`` (there is no clock here).
    ``estimated_time_to_regain_access`` is minutes. A usage of 100 % or more without an estimate means an hour, the
    window Meta's documentation names for app and user limits.
    """
    if not headers:
        return None
    found: list[float] = []
    low = {str(k).lower(): v for k, v in headers.items() if isinstance(v, str)}
    if (value := low.get("retry-after")) and (wait := _retry_after(value, low.get("date"))) is not None:
        found.append(wait)
    for name in ("x-business-use-case-usage", "x-app-usage", "x-ad-account-usage"):
        if value := low.get(name):
            found += _usage_waits(value)
    return min(max(found), _LONGEST_HINT_S) if found else None


def _retry_after(value: str, date: str | None) -> float | None:
    text = value.strip()
    try:
        seconds = float(text)
        return seconds if 0 <= seconds < 1e9 else None
    except ValueError:
        pass
    if date is None:
        return None
    from email.utils import parsedate_to_datetime  # 20 ms to import, and hardly ever needed

    try:
        wait = (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return wait if wait >= 0 else None


def usage_rows(header: str) -> list[dict[str, Any]]:
    """The objects with figures that a usage header holds: its own, or those by business; none when it is unreadable."""
    try:
        parsed = json.loads(header[:20_000])
    except (ValueError, RecursionError):
        return []
    if not isinstance(parsed, dict):
        return []
    groups = [group[:50] for group in parsed.values() if isinstance(group, list)]
    return [parsed, *(row for group in groups for row in group if isinstance(row, dict))]


def _usage_waits(header: str) -> list[float]:
    waits: list[float] = []
    for row in usage_rows(header):
        minutes = row.get("estimated_time_to_regain_access")
        if isinstance(minutes, (int, float)) and not isinstance(minutes, bool) and 0 < minutes < 1e7:
            waits.append(minutes * 60.0)
        else:
            used = [row.get(key) for key in ("call_count", "total_time", "total_cputime")]
            if any(isinstance(u, (int, float)) and not isinstance(u, bool) and u >= 100 for u in used):
                waits.append(3600.0)
    return waits


def delay_s(advice: RetryAdvice, attempt: int, random01: float) -> float:
    """Seconds to wait before retry number ``attempt`` (1 is the first); 0 when the advice holds no wait.

    Full jitter: between nothing and a ceiling that starts at twice ``after_s`` (so that the first wait is ``after_s``
    on average) and doubles up to ``max_delay_s``. A hinted wait is never shorter than the hint: the jitter goes on top.
    ``random01`` is a number from 0 up to 1 that the caller draws.
    """
    if advice.after_s is None:
        return 0.0
    spread = min(max(random01, 0.0), 1.0)
    if advice.hinted:
        return advice.after_s + spread * min(max(advice.after_s * 0.1, 1.0), 60.0)
    ceiling = advice.after_s * 2.0 ** min(max(attempt, 1), 40)
    cap = advice.max_delay_s if advice.max_delay_s is not None else ceiling
    return spread * min(ceiling, max(cap, advice.after_s))
