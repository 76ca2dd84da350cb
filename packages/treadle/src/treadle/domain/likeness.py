"""Whether two posts say the same: what a person sends twice by mistake, perhaps with a letter changed. Pure.

White space, case, punctuation, emoji and the way a letter is encoded make no difference, nor do one or two letters.
Numbers do: "Day 1" and "Day 2" are two posts. The cost is bounded: a band of five cells beside the diagonal, and only
between the first and the last letter that differ.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from treadle.domain.times import iso

WITHIN_S = 86_400.0  # posts further apart than this are meant
LONGEST = 2_000  # characters of a text that are compared
_NO_LETTERS = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"\d+")

Likeness = Literal["same", "nearly"]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A post that is there already. ``at``: when it was published, or is due (epoch seconds). ``sent``: a publish of
    it was written."""

    id: str
    state: str
    at: float
    text: str
    sent: bool


def likeness(one: str, other: str) -> Likeness | None:
    """``same``: every character is; ``nearly``: a reader would call it the same post; ``None``: it is another one."""
    if one == other:
        return "same" if one.strip() else None
    return "nearly" if _alike(_plain(one), _plain(other)) else None


def most_alike(text: str, at: float, now: float, earlier: Iterable[Earlier]) -> tuple[Earlier, Likeness] | None:
    """The post that says the same as ``text``, due ``at``, within a day of it; of several the one nearest in time.

    One that still waits will go out ``now`` at the earliest, however old it is. One that failed before it was
    sent does not count.
    """
    mine = _plain(text)
    if not text.strip():
        return None
    for post in sorted(earlier, key=lambda post: (abs(post.at - at), post.id)):
        if not _counts(post, at, now):
            continue
        if post.text == text:
            return post, "same"
        if _alike(mine, _plain(post.text)):
            return post, "nearly"
    return None


STATES = {
    "draft": "is a draft",
    "scheduled": "is scheduled for {at}",
    "publishing": "is being published now",
    "checking": "may already be published (Treadle is checking)",
    "waiting": "is waiting and will publish automatically",
    "retrying": "is being retried automatically",
    "blocked": "is blocked and will publish once its problem is fixed",
    "held": "is waiting for approval",
    "published": "was published at {at}",
    "failed": "was sent and failed",
}


def in_words(post: Earlier) -> str:
    """What a post is about to do, to follow "which"."""
    return STATES.get(post.state, f"is {post.state}").format(at=iso(post.at))


def _counts(post: Earlier, at: float, now: float) -> bool:
    if post.state == "canceled" or (post.state == "failed" and not post.sent):
        return False
    waits = post.state in ("publishing", "checking", "waiting", "retrying", "blocked", "held")
    return abs((max(post.at, now) if waits else post.at) - at) < WITHIN_S


@lru_cache(maxsize=2048)
def _plain(text: str) -> str:
    """Letters and digits alone, in one form; a text without any stands for itself."""
    if text.isascii():
        folded = text[:LONGEST].lower()
        return " ".join(_NO_LETTERS.sub(" ", folded).split()) or " ".join(folded.split())
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text[:LONGEST]).casefold())
    kept = []
    for character in folded:
        kind = unicodedata.category(character)
        if kind[0] in "LN" or (kind[0] == "M" and kind != "Me" and character != "\ufe0f"):
            kept.append(character)
        elif kind != "Cf":  # what cannot be seen separates no words
            kept.append(" ")
    return " ".join("".join(kept).split()) or " ".join(folded.split())


def _alike(one: str, other: str) -> bool:
    if one == other:
        return bool(one)
    letters = _letters_that_may_differ(min(len(one), len(other)))
    if abs(len(one) - len(other)) > letters or _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    return _within(one, other, letters)


def _letters_that_may_differ(length: int) -> int:
    """In a short text another letter makes another word."""
    return 0 if length < 4 else 1 if length < 10 else 2


def _within(one: str, other: str, most: int) -> bool:
    """Whether at most so many letters have to be put in, left out or changed to make one of the other."""
    for _ in range(2):  # what they begin with alike, and what they end with alike
        alike = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        one, other = one[alike:][::-1], other[alike:][::-1]
    if min(len(one), len(other)) == 0 or max(len(one), len(other)) <= most:
        return max(len(one), len(other)) <= most
    far = most + 1
    row = [min(n, far) for n in range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        low, high = max(1, i - most), min(len(other), i + most)
        before, diagonal = (i if i <= most else far), row[low - 1]
        row[low - 1] = before
        for j in range(low, high + 1):
            above = row[j] if j < i + most else far
            before = min(diagonal + (letter != other[j - 1]), above + 1, before + 1, far)
            diagonal, row[j] = row[j], before
        if min(row[low - 1 : high + 1]) > most:
            return False
    return row[len(other)] <= most
