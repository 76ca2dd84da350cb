"""The facts that ``context`` may hold, and what is wrong with one that a person typed.

The library takes any context and uses what it knows. The command and the HTTP API refuse what it does not: a misspelled
fact would be dropped without a word, and the advice would be that for another situation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.objects import CONTAINER_STATES
from treadle_diagnosis.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = frozenset(
    ("me_ok", "other_accounts_fail", "after_publish", "unclear_before", "auto_publish_text", "not_published")
)
COUNTS = frozenset(("seen_on_container", "media_bytes", "text_bytes"))
SECONDS = frozenset(("container_age_s",))
CHOICES: Mapping[str, tuple[str, ...]] = {
    "container_status": tuple(sorted(CONTAINER_STATES)),
    "reply_target": ("own_recent", "own", "other"),
    "media_kind": ("image", "video"),
    "transport": ("not_sent", "lost"),
}
FINDING = "finding"
KEYS = frozenset((*FLAGS, *COUNTS, *SECONDS, *CHOICES, FINDING))


class WrongFact(Record):
    """A fact that cannot be used. ``nearest`` is what may have been meant; ``known`` says what may stand there."""

    key: str
    unknown: bool
    known: str
    nearest: str = ""

    @property
    def sentence(self) -> str:
        meant = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        if self.unknown:
            return f"There is no fact {self.key!r}.{meant} Facts: {self.known}."
        return f"{self.key} is {self.known}.{meant}"


def wrong_facts(context: Mapping[str, Any]) -> list[WrongFact]:
    """What is wrong with each fact; empty when all of them can be used."""
    return [wrong for key, value in context.items() if (wrong := _wrong(str(key), value)) is not None]


def _wrong(key: str, value: Any) -> WrongFact | None:
    if key not in KEYS:
        return WrongFact(key, True, ", ".join(sorted(KEYS)), _nearest(key, KEYS))
    if value is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if key in FLAGS:
        return None if isinstance(value, bool) else WrongFact(key, False, "true or false")
    if key in COUNTS:
        return None if number and isinstance(value, int) else WrongFact(key, False, "a whole number from 0")
    if key in SECONDS:
        return None if number else WrongFact(key, False, "a number of seconds from 0")
    if key == FINDING:
        ids = {pattern.id for pattern in load().patterns}
        return (
            None
            if isinstance(value, str) and value in ids
            else WrongFact(key, False, "the id of a pattern", _nearest(str(value), ids))
        )
    choices = CHOICES[key]
    if isinstance(value, str) and value.lower() in map(str.lower, choices):
        return None
    return WrongFact(key, False, f"one of {', '.join(choices)}", _nearest(str(value), choices))


def _nearest(wrong: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    by_low = {name.lower(): name for name in known}
    near = get_close_matches(wrong.lower()[:100], sorted(by_low), 1)
    return by_low[near[0]] if near else ""
