"""When a token is refreshed. Pure.

Threads lets a token be refreshed once it is 24 hours old and before it expires, for 60 days more. A token of 60 days
is refreshed between its 20th and 30th day: early enough that a month of outages can be sat out, and spread, so that
accounts that were connected together do not come together for ever.
"""

from __future__ import annotations

from typing import Final

DAY_S: Final = 86_400.0
SOONEST_AGE_S: Final = DAY_S  # Meta's rule; a token of 21 hours was once refreshed all the same
RETRY_FIRST_S: Final = 600.0
RETRY_MOST_S: Final = 6 * 3600.0
WARN_S: Final = 7 * DAY_S


def first_refresh(issued_at: float, expires_at: float | None, now: float, random01: float) -> float:
    """When to refresh a token for the first time; ``random01`` in [0, 1) spreads it.

    ``expires_at`` unknown: at 24 to 36 hours, which tells. A token that lives for less than two days is refreshed as
    soon as Threads allows it, or at two thirds of its life when it ends before that: trying is free.
    """
    if expires_at is None:
        return max(now, issued_at + SOONEST_AGE_S) + random01 * DAY_S / 2
    life = expires_at - issued_at
    if life <= 2 * DAY_S:
        at = min(issued_at + SOONEST_AGE_S, issued_at + life * 2 / 3)
        return max(now, at)
    at = issued_at + life * (1 / 3 + random01 / 6)
    return max(now + random01 * 3600.0, issued_at + SOONEST_AGE_S, at)


def next_try(attempts: int, now: float, *, expires_at: float | None, random01: float, scale: float = 1.0) -> float:
    """When to try again after ``attempts`` failures: full jitter over growing gaps of ten minutes to six hours, but
    always once more before the token ends."""
    most = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(attempts, 16)) * scale
    at = now + max(1.0, most * (0.5 + random01 / 2))
    if expires_at is not None and now < expires_at - 60.0 < at:
        return max(now + 1.0, expires_at - 60.0)
    return at
