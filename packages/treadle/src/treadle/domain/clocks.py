"""Times of day and dates as pages and mails write them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import time as clock_time
from zoneinfo import ZoneInfo


def time_of_day(at: datetime | clock_time, *, seconds: bool = False) -> str:
    """A time of day as Americans write it: ``9:05 AM``, with ``seconds`` ``9:05:30 AM``."""
    exact = f":{at.second:02d}" if seconds else ""
    return f"{at.hour % 12 or 12}:{at.minute:02d}{exact} {'AM' if at.hour < 12 else 'PM'}"


def clock(at: float, zone: ZoneInfo, now: float, *, seconds: bool = False) -> str:
    """A time in a zone, with as much date as it needs: ``2:05 PM``, ``Fri, Nov 27, 9:00 AM``."""
    there = datetime.fromtimestamp(at, UTC).astimezone(zone)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    hour = time_of_day(there, seconds=seconds)
    if there.date() == today.date():
        return hour
    if there.year == today.year:
        return f"{there:%a}, {there:%b} {there.day}, {hour}"
    return f"{there:%b} {there.day}, {there.year}, {hour}"
