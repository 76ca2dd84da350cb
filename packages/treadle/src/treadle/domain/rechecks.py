"""When an open cause is looked at again: after growing gaps, from a minute to six hours. Pure; times in seconds."""

from __future__ import annotations

FIRST_CHECK_S = 60.0
MOST_CHECK_S = 6 * 3600.0
MOST_PLATFORM_CHECK_S = 300.0
# Looked at every minute: one costs no request, the other one probe for everybody.
EVERY_MINUTE = frozenset({"public_url_unreachable", "media_fetch_outage"})


def first_check(scope: str, now: float, scale: float) -> float | None:
    """For a cause that was just opened; ``None``: only a change of the post repairs it."""
    return now + max(1.0, FIRST_CHECK_S * scale) if scope != "post" else None


def next_check(scope: str, checks: int, now: float, scale: float, *, pattern: str = "") -> float:
    """After ``checks`` looks. Everybody waits for an outage of Threads, so it is asked about every five minutes."""
    if pattern in EVERY_MINUTE:
        return now + max(1.0, FIRST_CHECK_S * scale)
    most = MOST_PLATFORM_CHECK_S if scope == "platform" else MOST_CHECK_S
    return now + max(1.0, min(most, FIRST_CHECK_S * 2.0 ** min(checks, 20)) * scale)
