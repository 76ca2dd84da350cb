"""Outcomes and causes over time, as the bars of the page Problems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from treadle.store.post_history import Met


@dataclass(frozen=True, slots=True)
class Column:
    """One day's bar. ``y`` and ``height`` in percent of the drawing, from the top."""

    day: date
    count: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the drawing: a lane or an account, with its bars and what was met most."""

    key: str
    total: int
    columns: tuple[Column, ...]
    top: tuple[tuple[str, str, int], ...]  # pattern, title, how often
    peak: int


def days_of(zone: ZoneInfo, now: float, count: int) -> list[date]:
    """The last days in a zone, oldest first, today last."""
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    return [today - timedelta(days=count - 1 - n) for n in range(count)]


def columns(
    times: Iterable[float], days: Sequence[date], zone: ZoneInfo, peak: int | None = None
) -> tuple[Column, ...]:
    """Bars, one a day. ``peak``: the count that is as high as the drawing; the largest if not given."""
    return bars(Counter(datetime.fromtimestamp(at, UTC).astimezone(zone).date() for at in times), days, peak)


def bars(counts: Mapping[date, int], days: Sequence[date], peak: int | None = None) -> tuple[Column, ...]:
    """The same of counts that are known; a day without one has no bar."""
    top = peak or max((counts.get(day, 0) for day in days), default=0) or 1
    step = 100.0 / max(1, len(days))
    made = []
    for index, day in enumerate(days):
        count = counts.get(day, 0)
        height = max(4.0, 96.0 * count / top) if count else 0.0
        made.append(
            Column(
                day, count, round(index * step + step * 0.12, 3), round(step * 0.76, 3), round(100 - height, 2), height
            )
        )
    return tuple(made)


def strips(met: Sequence[Met], days: Sequence[date], zone: ZoneInfo, key: str) -> list[Strip]:
    """One strip for each ``key`` (``lane``, ``account_id`` or ``state``), all on one scale, the largest first."""
    grouped: dict[str, list[Met]] = defaultdict(list)
    for one in met:
        grouped[getattr(one, key)].append(one)
    peak = max((c.count for group in grouped.values() for c in columns((m.at for m in group), days, zone)), default=1)
    made = []
    for name, group in grouped.items():
        titles = {m.pattern: m.title for m in group}
        top = tuple((pattern, titles[pattern], n) for pattern, n in Counter(m.pattern for m in group).most_common(3))
        made.append(Strip(name, len(group), columns((m.at for m in group), days, zone, peak), top, peak))
    return sorted(made, key=lambda strip: (-strip.total, strip.key))
