"""Splitting a long text into the parts of a thread: at ends of sentences, else between words. Pure."""

from __future__ import annotations

import re
from typing import Final

from treadle_threads.text import TEXT_LIMIT, count_text

# Where a text may be cut, the best first: after a paragraph, a sentence (in scripts that end them otherwise, too), a
# line, a word.
_CUTS: Final = tuple(
    re.compile(pattern) for pattern in (r"\n[ \t]*\n\s*", r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])", r"\n\s*", r"\s+")
)
_WORTH: Final = (0.5, 0.3, 0.2, 0.0)  # how full a part must be for a cut of this kind


def split_text(text: str, *, numbered: bool = False, limit: int = TEXT_LIMIT) -> list[str]:
    """``text`` in pieces of at most ``limit`` as Threads counts; with ``numbered``, each ends in ``1/3`` and so on.

    Nothing but the white space at the cuts is left out. A text that fits is one piece, without a number.
    """
    if count_text(text) <= limit:
        return [text]
    if not numbered:
        return _pieces(text, limit)
    pieces: list[str] = []
    for digits in range(1, 4):
        pieces = _pieces(text, limit - 2 * digits - 3)
        if len(str(len(pieces))) <= digits:
            break
    return [f"{piece}\n\n{n}/{len(pieces)}" for n, piece in enumerate(pieces, 1)]


def _pieces(text: str, limit: int) -> list[str]:
    pieces, rest = [], text.strip()
    while count_text(rest) > limit:
        begin, end = _cut(rest, limit)
        pieces.append(rest[:begin].rstrip())
        rest = rest[end:].lstrip()
    return [*pieces, rest] if rest or not pieces else pieces


def _cut(text: str, limit: int) -> tuple[int, int]:
    """Where the first piece ends and the next one begins."""
    longest = _fits(text, limit)
    for pattern, worth in zip(_CUTS, _WORTH, strict=True):
        found = None
        for match in pattern.finditer(text, 0, min(len(text), longest + 40)):
            if 0 < match.start() <= longest and match.start() >= longest * worth:
                found = match
            if match.start() > longest:
                break
        if found is not None:
            # Closing quotation marks before the space stay with their sentence.
            space = re.search(r"\s", found[0])
            begin = found.start() + (space.start() if space else len(found[0]))
            if begin <= longest:
                return begin, found.end()
    return longest, longest


def _fits(text: str, limit: int) -> int:
    """How many characters from the beginning fit, not cutting a grapheme in two."""
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if count_text(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    while low > 1 and low < len(text) and _joined(text, low):
        low -= 1
    return low


def _joined(text: str, at: int) -> bool:
    """Whether the characters on both sides of ``at`` belong to one: marks, emoji of several, flags."""
    after, before = text[at], text[at - 1]
    joiner = "\u200d"
    modifier = 0x1F3FB <= ord(after) <= 0x1F3FF or after in "\ufe0f\u20e3"
    flag = 0x1F1E6 <= ord(after) <= 0x1F1FF and 0x1F1E6 <= ord(before) <= 0x1F1FF
    return (
        joiner in (after, before)
        or modifier
        or flag
        or bool(re.match(r"[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0900-\u0903\u093a-\u094f]", after))
    )
