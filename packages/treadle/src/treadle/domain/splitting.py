"""Splitting a long text into the parts of a thread: at ends of sentences, else between words. Pure."""

from __future__ import annotations

import re
from typing import Final

from treadle_threads.text import TEXT_LIMIT, count_text, fitting

# Where a text may be cut, the best first: after a paragraph, a sentence (in scripts that end them otherwise, too), a
# line, a word.
_CUTS: Final = tuple(
    re.compile(pattern) for pattern in (r"\n[ \t]*\n\s*", r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])", r"\n\s*", r"\s+")
)
_AHEAD: Final = 40  # characters beyond a part in which a cut may end
_VISIBLE: Final = re.compile(r"\S")
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
    pieces: list[str] = []
    text, at = text.strip(), 0
    while True:
        # Nothing counts less than one, so a little more than the limit shows what the whole rest would.
        rest = text[at : at + limit + _AHEAD]
        longest = fitting(rest, limit)
        if longest >= len(rest):
            return [*pieces, rest] if rest or not pieces else pieces
        begin, end = _cut(rest, longest)
        pieces.append(rest[:begin].rstrip())
        word = _VISIBLE.search(text, at + end)
        at = word.start() if word else len(text)


def _cut(text: str, longest: int) -> tuple[int, int]:
    """Where the first piece, of at most ``longest`` characters, ends and the next one begins."""
    for pattern, worth in zip(_CUTS, _WORTH, strict=True):
        found = None
        for match in pattern.finditer(text, 0, min(len(text), longest + _AHEAD)):
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
