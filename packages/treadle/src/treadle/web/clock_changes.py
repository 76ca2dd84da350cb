"""Local times that a clock change skips or doubles, as Compose asks which one is meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from treadle.domain.clocks import time_of_day
from treadle.domain.findings import Finding
from treadle.domain.times import parse_when

_ASKED: Mapping[str, str] = {
    "doubled_time": "The clocks go back then, so {time} happens twice. Which one do you mean?",
    "skipped_time": "The clocks go forward then, so {time} doesn't exist. Which time do you want instead?",
}


@dataclass(frozen=True, slots=True)
class Question:
    """``text``: what is asked; ``answers``: (time with its offset, as it is sent; words), the earlier first."""

    text: str
    answers: tuple[tuple[str, str], ...]

    def takes(self, meant: str) -> bool:
        """Whether this is one of the answers: one given for another time is not."""
        return any(meant == value for value, _ in self.answers)


def question(at: str, zone: str) -> Question | None:
    """What is to be asked of a local time (``2026-10-25T02:30``) in a zone; ``None`` where it is plain."""
    found = parse_when(at, zone) if at and zone else None
    if not isinstance(found, Finding) or found.rule not in _ASKED:
        return None
    readings = sorted(str(found.limit).split(" or "), key=lambda text: datetime.fromisoformat(text).timestamp())
    which = ("first", "second") if found.rule == "doubled_time" else ("", "")
    answers = tuple((value, _words(value, name)) for value, name in zip(readings, which, strict=True))
    asked = time_of_day(datetime.fromisoformat(at.strip()))
    return Question(_ASKED[found.rule].format(time=asked), answers)


def _words(value: str, name: str) -> str:
    at = datetime.fromisoformat(value)
    offset = f"UTC{at:%z}"
    text = f"{name}, {offset[:-2]}:{offset[-2:]}" if name else f"{offset[:-2]}:{offset[-2:]}"
    return f"{time_of_day(at)} ({text})"
