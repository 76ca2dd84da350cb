"""Time zones and times of day as people write them.

A machine's folder of zones also holds what no other machine need have or what means something else there: its own zone
(``localtime``), copies that count leap seconds (``right/...``) and placeholders. Only names of the public list are
taken, so that a stored name means the same wherever the database goes.
"""

from __future__ import annotations

import difflib
import re
from datetime import time
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

WAY_OUT = "Write a name like Europe/Berlin or America/New_York."
_OF_THIS_MACHINE = frozenset({"localtime", "Factory", "posixrules"})
_TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?", re.ASCII)


@cache
def zone_names() -> tuple[str, ...]:
    """Every name that is taken, sorted."""
    return tuple(sorted(available_timezones() - _OF_THIS_MACHINE))


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of this name, exactly as the public list writes it; ``None``: there is none."""
    if not isinstance(name, str) or name not in zone_names():
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_way_out(name: str) -> str:
    """What to write instead of a name that is not taken: the nearest one, when there is one."""
    names = {known.lower(): known for known in zone_names()}
    wanted = name[:100].lower().removeprefix("posix/").removeprefix("right/").replace(" ", "_")
    near = difflib.get_close_matches(wanted, names, 1, 0.8)
    return f"Did you mean {names[near[0]]}?" if near else WAY_OUT


def time_of_day(text: str) -> time | None:
    """``22:00`` or ``22:00:30`` as a time of day, from 00:00 to 23:59:59; ``None`` for anything else."""
    return time.fromisoformat(text) if isinstance(text, str) and _TIME_OF_DAY.fullmatch(text) else None
