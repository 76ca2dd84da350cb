"""Ranges of a text, written as the phrases they cover: one line each, so that nobody has to count. Pure.

A line is a phrase of the text; its first place that no line before it took is meant. ``phrase ×2`` means its second
place, ``↵`` a line end within it, ``@5+10`` the range from the fifth on, ten long. With styles a line begins with them:
``bold italic: phrase``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle_threads.options import STYLES

LINE_END = "↵"
_NTH = re.compile(r"^(?P<phrase>.+) ×(?P<nth>[1-9]\d{0,3})$", re.DOTALL)
_PLAIN = re.compile(r"^@(?P<start>\d{1,9})\+(?P<length>\d{1,9})$")


@dataclass(frozen=True, slots=True)
class Read:
    """What the lines say. ``ranges``: as Threads takes them; ``lost``: phrases that are not in the text."""

    ranges: tuple[Mapping[str, Any], ...] = ()
    lost: tuple[str, ...] = ()
    unstyled: tuple[str, ...] = ()


def utf16(text: str) -> int:
    """UTF-16 units, in which Meta's own sample counts spoilers."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_spoilers(lines: str, text: str) -> Read:
    """``text_entities`` of the phrases in ``lines``."""
    ranges, lost = [], []
    taken: list[tuple[int, int]] = []
    for line in _lines(lines):
        place = _place(line, text, taken, utf16)
        if place is None:
            lost.append(line)
        else:
            ranges.append({"entity_type": "SPOILER", "offset": place[0], "length": place[1]})
    return Read(tuple(ranges), tuple(lost))


def read_styles(lines: str, text: str) -> Read:
    """``text_with_styling_info`` of lines such as ``bold: phrase``. Counted in characters: Meta names no unit."""
    ranges, lost, unstyled = [], [], []
    taken: list[tuple[int, int]] = []
    for line in _lines(lines):
        names, colon, phrase = line.partition(":")
        styles = names.lower().replace(",", " ").split()
        if not colon or not styles or any(style not in STYLES for style in styles):
            unstyled.append(line)
            continue
        place = _place(phrase.removeprefix(" "), text, taken, len)
        if place is None:
            lost.append(phrase.strip())
        else:
            ranges.append({"offset": place[0], "length": place[1], "styling_info": list(dict.fromkeys(styles))})
    return Read(tuple(ranges), tuple(lost), tuple(unstyled))


def say_spoilers(ranges: Any, text: str) -> str:
    """The lines for stored ``text_entities``; :func:`read_spoilers` gives the same ranges again."""
    return "\n".join(_say(text, item, utf16) for item in _items(ranges))


def say_styles(ranges: Any, text: str) -> str:
    """The lines for a stored ``text_with_styling_info``."""
    lines = []
    for item in _items(ranges):
        styles = item.get("styling_info")
        names = " ".join(str(s) for s in styles) if isinstance(styles, Sequence) and not isinstance(styles, str) else ""
        lines.append(f"{names}: {_say(text, item, len)}")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()][:200]


def _items(ranges: Any) -> list[Mapping[str, Any]]:
    return [item for item in ranges if isinstance(item, Mapping)] if isinstance(ranges, list | tuple) else []


def _place(line: str, text: str, taken: list[tuple[int, int]], measure: Callable[[str], int]) -> tuple[int, int] | None:
    """Offset and length of what a line means, in ``measure``'s units; ``taken`` (characters) grows by it."""
    if plain := _PLAIN.match(line.strip()):
        return int(plain["start"]), int(plain["length"])
    for phrase in dict.fromkeys((line.replace(LINE_END, "\n"), line.strip().replace(LINE_END, "\n"))):
        if (nth := _NTH.match(phrase)) and (found := _nth(text, nth["phrase"], int(nth["nth"]))) is not None:
            taken.append((found, found + len(nth["phrase"])))
            return measure(text[:found]), measure(nth["phrase"])
        begin = text.find(phrase)
        while begin >= 0:
            end = begin + len(phrase)
            if all(end <= a or begin >= b for a, b in taken):
                taken.append((begin, end))
                return measure(text[:begin]), measure(phrase)
            begin = text.find(phrase, begin + 1)
    return None


def _nth(text: str, phrase: str, nth: int) -> int | None:
    begin = -1
    for _ in range(nth):
        begin = text.find(phrase, begin + 1)
        if begin < 0:
            return None
    return begin


def _say(text: str, item: Mapping[str, Any], measure: Callable[[str], int]) -> str:
    start, length = _whole(item.get("offset")), _whole(item.get("length"))
    bare = f"@{start}+{length}"
    begin, end = _char_at(text, start, measure), _char_at(text, start + length, measure)
    if begin is None or end is None or begin >= end:
        return bare
    phrase = text[begin:end]
    if not phrase.strip() or LINE_END in phrase or _PLAIN.match(phrase.strip()):
        return bare
    nth = 1
    at = text.find(phrase)
    while at != begin:
        at, nth = text.find(phrase, at + 1), nth + 1
    line = phrase.replace("\n", LINE_END)
    # The place is given wherever the phrase alone could mean another one.
    alone = text.count(phrase) == 1 and not _NTH.match(phrase) and phrase == phrase.strip()
    return line if alone and nth == 1 else f"{line} ×{nth}"


def _whole(value: Any) -> int:
    return int(value) if str(value).isascii() and str(value).isdigit() and len(str(value)) < 10 else 0


def _char_at(text: str, units: int, measure: Callable[[str], int]) -> int | None:
    """The index of the character that begins ``units`` into the text; ``None`` within a character or outside."""
    if measure is len:
        return units if units <= len(text) else None
    here = 0
    for index, char in enumerate(text):
        if here == units:
            return index
        here += measure(char)
    return len(text) if here == units else None
