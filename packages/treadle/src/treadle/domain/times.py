"""Points in time and durations as people send them. Pure: the clock is passed in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from treadle.domain.findings import Finding, finding
from treadle.domain.lateness import Timing, too_late
from treadle.domain.zones import zone_named, zone_way_out
from treadle.plural import plural

YEAR_S = 366 * 86_400.0
MAX_DURATION_S = 10 * YEAR_S
MAX_AHEAD_S = 50 * YEAR_S
PAST_S = 60.0  # a time that passed within this means now
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:[.,]\d+)?)W|(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?)\Z",
    re.ASCII | re.IGNORECASE,
)
_UNITS = {"weeks": 604_800.0, "days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}
# The basic format, dates alone and week dates are taken too (datetime.fromisoformat does); years have four digits.
_LOOKS_LIKE_A_TIME = re.compile(r"\d{4}-?[\dW]", re.ASCII)


@dataclass(frozen=True, slots=True)
class When:
    """A point in time: ``at`` in epoch seconds, ``text`` as it was sent, ``zone`` the zone it was read in, if named."""

    at: float
    text: str
    zone: str | None
    warnings: tuple[Finding, ...] = ()


def iso(at: float | None) -> str | None:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond: the one way times are written in answers."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration_text(seconds: float) -> str:
    """Seconds as an ISO 8601 duration in hours, minutes and seconds, as :func:`parse_duration` reads it."""
    whole, rest = divmod(round(seconds, 6), 60)
    hours, minutes = divmod(int(whole), 60)
    parts = [(f"{hours}", "H"), (f"{minutes}", "M"), (f"{rest:.6f}".rstrip("0").rstrip("."), "S")]
    return "PT" + ("".join(number + unit for number, unit in parts if float(number)) or "0S")


def parse_when(text: str, zone: str | None = None, *, now: float | None = None) -> When | Finding:
    """Read an ISO 8601 time. One without an offset needs ``zone`` (``Europe/Berlin``).

    A local time that a clock change skips or doubles is never guessed: the finding names both readings. A time gone
    by is fine (it means now). With ``now`` (epoch seconds), more than a year ahead is a warning, as is a zone beside
    an offset that is not the zone's.
    """
    plain = text.strip()
    try:
        if not _LOOKS_LIKE_A_TIME.match(plain) or len(plain) > 64:
            raise ValueError(plain[:64])
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return _when("not_a_time", text)
    if re.fullmatch(r"[\dW-]+", plain):
        return _when("no_time_of_day", text, day=plain)
    read_in = None
    if moment.tzinfo is None:
        if not zone:
            return _when("no_zone", text, local=moment.isoformat())
        read = _in_zone(moment, zone, text)
        if isinstance(read, Finding):
            return read
        moment, read_in = read, zone
    try:
        at = (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    except OverflowError:
        return _when("no_such_time", text)
    if at < 0 or (now is not None and at - now > MAX_AHEAD_S):
        return _when("before_1970" if at < 0 else "fifty_years_ahead", text)
    warnings: tuple[Finding, ...] = ()
    if now is not None and at - now > YEAR_S:
        warnings = (finding("publish_at", "far_ahead", given=text),)
    if read_in is None and zone and plain[-1] not in "Zz":
        warnings += _beside(moment, zone, text)
    return When(at, text, read_in, warnings)


def about_past(when: When, lateness: float, now: float) -> Finding | None:
    """What becomes of a post whose time has passed; nothing to say of the last minute, which means now."""
    if now - when.at < PAST_S:
        return None
    code = "past_time_waits" if too_late(Timing(when.at, lateness), now) else "past_time_now"
    return _when(code, when.text, ago=_ago(now - when.at), lateness=_ago(lateness))


def _ago(seconds: float) -> str:
    for size, unit in ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return plural(int(seconds // size), unit)
    return plural(int(seconds), "second") if seconds < 60 else plural(int(seconds // 60), "minute")


def _beside(moment: datetime, zone: str, text: str) -> tuple[Finding, ...]:
    """What there is to say when a time has an offset and a zone stands beside it: the offset counts."""
    place = zone_named(zone)
    if place is None:
        return (finding("zone", "unknown_zone_beside", given=zone[:100], instead=zone_way_out(zone)),)
    try:
        there = moment.astimezone(place)
    except OverflowError:
        return ()
    if there.utcoffset() == moment.utcoffset():
        return ()
    return (_when("offset_and_zone", text, zone=zone, there=there.isoformat()),)


def _in_zone(moment: datetime, zone: str, text: str) -> datetime | Finding:
    place = zone_named(zone)
    if place is None:
        return finding("zone", "unknown_zone", given=zone[:100], instead=zone_way_out(zone))
    try:
        first, second = moment.replace(tzinfo=place, fold=0), moment.replace(tzinfo=place, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first
        early, late = sorted((first, second), key=lambda reading: reading.astimezone(UTC))
        there = early.astimezone(UTC).astimezone(place).replace(tzinfo=None) == moment
    except OverflowError:
        return _when("no_such_time", text)
    if there:
        readings = f"{early.isoformat()} or {late.isoformat()}"
        return _when("doubled_time", text, limit=readings, zone=zone, readings=readings)
    readings = " or ".join(reading.astimezone(UTC).astimezone(place).isoformat() for reading in (early, late))
    return _when("skipped_time", text, limit=readings, zone=zone, readings=readings)


def _when(code: str, given: str, *, limit: Any = None, **args: str) -> Finding:
    return finding("publish_at", code, given=given[:100], limit=limit, **args)


_KEPT = re.compile(r"(?P<text>.*)\[(?P<zone>[A-Za-z0-9_+/-]{1,64})\]\Z", re.S)


def asked(kept: str | None) -> tuple[str | None, str | None]:
    """(time, zone) as they were sent, of the text that is kept with a post: ``time`` or ``time[zone]``."""
    match = _KEPT.match(kept) if kept else None
    return (match["text"], match["zone"]) if match else (kept, None)


def parse_duration(value: Any, field: str = "max_lateness") -> float | Finding:
    """Seconds of an ISO 8601 duration (``PT24H``, ``P1D``, ``P1DT12H``) or of a plain number of seconds.

    Years and months are refused: how long they are depends on when they begin.
    """
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if -1e15 < value < 1e15 else math.nan
    elif isinstance(value, str) and len(value) <= 64:
        plain = value.strip()
        match = _DURATION.match(plain)
        parts = {unit: part for unit, part in match.groupdict().items() if part} if match else {}
        if parts and not plain.upper().endswith("T"):
            seconds = sum(float(part.replace(",", ".")) * _UNITS[unit] for unit, part in parts.items())
        elif re.fullmatch(r"\d{1,15}(\.\d{1,6})?", plain, re.ASCII):
            seconds = float(plain)
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= MAX_DURATION_S:
        return finding(field, "duration", given=value, limit=[0, MAX_DURATION_S])
    return seconds
