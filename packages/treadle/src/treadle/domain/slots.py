"""The slots of an account's queue: times of a week in a zone, the next free one, and days without a post. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SLOTS: Final = 24 * 7
AHEAD_DAYS: Final = 366  # how far a free slot is looked for
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of the week: ``weekday`` from 0 (Monday), ``minute`` of the day from 0."""

    weekday: int
    minute: int

    @property
    def day(self) -> str:
        return DAYS[self.weekday]

    @property
    def clock(self) -> str:
        return f"{self.minute // 60:02}:{self.minute % 60:02}"


def slot_of(day: str, clock: str) -> Slot | None:
    """``mon`` and ``09:00`` as a slot; ``None`` when they are not one."""
    found = _CLOCK.fullmatch(clock)
    if day not in DAYS or found is None:
        return None
    return Slot(DAYS.index(day), int(found[1]) * 60 + int(found[2]))


def upcoming(slots: Iterable[Slot], zone: ZoneInfo, after: float, days: int = AHEAD_DAYS) -> Iterator[float]:
    """The slots later than ``after`` as epoch seconds, in order, of that many days.

    A local time that a clock change skips is moved by the change; one it doubles is the first of the two.
    """
    by_day: dict[int, list[int]] = {}
    for slot in sorted(set(slots)):
        by_day.setdefault(slot.weekday, []).append(slot.minute)
    today = datetime.fromtimestamp(after, UTC).astimezone(zone).date()
    for n in range(days + 1):
        day = today + timedelta(days=n)
        found = {
            datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).timestamp()
            for minute in by_day.get(day.weekday(), ())
        }
        yield from sorted(at for at in found if at > after)


def next_free(slots: Iterable[Slot], zone: ZoneInfo, taken: Collection[float], after: float) -> float | None:
    """The first slot later than ``after`` at whose minute nothing of ``taken`` (epoch seconds) is due."""
    minutes = {int(at // 60) for at in taken}
    return next((at for at in upcoming(slots, zone, after) if int(at // 60) not in minutes), None)
