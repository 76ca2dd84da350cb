"""How Threads counts text, and what it finds in it: links and the topic tag.

The limit is 500. Meta's page says that emoji count as their UTF-8 bytes and everything else as characters; real
answers disagree with each other (a 504-byte text with curly apostrophes was refused, 400 Chinese characters were
accepted), so the rule is a mode: ``docs`` (code points, emoji as bytes), ``bytes``, ``codepoints`` or ``utf16``
(JavaScript's length). A text that passes in every mode is safe; one that fails in every mode is hopeless.
"""

from __future__ import annotations

from typing import Literal, get_args

import regex

CountMode = Literal["docs", "bytes", "codepoints", "utf16"]
COUNT_MODES: tuple[CountMode, ...] = get_args(CountMode)

TEXT_LIMIT = 500
LINK_LIMIT = 5
TAG_LIMIT = 50
TEXT_ATTACHMENT_LIMIT = 10_000
ALT_TEXT_LIMIT = 1_000

# A row of flags is read pair by pair: \X alone looks back over all regional indicators before each of them.
_CLUSTER = regex.compile(r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}])|\X")
# Shown as a picture: by default, by the variation selector 16, or because it is half of a flag or a keycap.
_PICTURE = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}|\u20E3")
_LINK = regex.compile(r"(?:https?://|(?<![\w@./-])www\.)[^\s<>\"'`\u2018-\u201f]+", regex.IGNORECASE)
_TRAILING = ".,;:!?…)]}*_~"
# What takes no ink: spaces, controls, marks of direction, joiners, fillers, selectors, and the empty Braille cell.
_UNSEEN = regex.compile(r"[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*")
_TAG = regex.compile(r"#([^\s.&@!?,;:#]+)")


def is_emoji(cluster: str) -> bool:
    """Whether one grapheme cluster is shown as an emoji."""
    return not cluster.isascii() and _PICTURE.search(cluster) is not None


def is_unseen(text: str) -> bool:
    """Whether nothing of ``text`` can be seen; also of an empty one."""
    return _UNSEEN.fullmatch(text) is not None


def count_text(text: str, mode: CountMode = "docs") -> int:
    """Length of ``text`` as ``mode`` counts it; lone surrogates count like the character they stand for."""
    if text.isascii():
        return len(text)
    if mode == "codepoints":
        return len(text)
    if mode == "bytes":
        return len(text.encode("utf-8", "surrogatepass"))
    if mode == "utf16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    if _PICTURE.search(text) is None:
        return len(text)
    total = 0
    for cluster in _CLUSTER.findall(text):
        total += len(cluster.encode("utf-8", "surrogatepass")) if is_emoji(cluster) else len(cluster)
    return total


def fitting(text: str, limit: int = TEXT_LIMIT) -> int:
    """How many characters from the beginning count at most ``limit`` (mode ``docs``), no grapheme cut in two.

    At least one. Of a single grapheme that is longer than the limit, as many characters as surely fit.
    """
    if text.isascii():
        return max(1, min(len(text), limit))
    end = counted = 0
    for match in _CLUSTER.finditer(text):
        cluster = match[0]
        counted += len(cluster.encode("utf-8", "surrogatepass")) if is_emoji(cluster) else len(cluster)
        if counted > limit:
            break
        end = match.end()
    return end or max(1, min(len(text), limit // 4))  # UTF-8 needs at most four bytes a character


def _trim(link: str) -> str:
    """A link as a reader would copy it: without the punctuation of the sentence around it."""
    end = len(link)
    unopened = link.count(")") - link.count("(")
    while end and link[end - 1] in _TRAILING:
        if link[end - 1] == ")":
            if unopened <= 0:
                break
            unopened -= 1
        end -= 1
    return link[:end]


def links(text: str) -> list[str]:
    """The unique links of ``text`` in order; a bare ``www.`` address counts, the same address counts once."""
    found: dict[str, None] = {}
    for match in _LINK.finditer(text):
        link = _trim(match.group())
        if len(link) > len("https://"):
            found.setdefault(link)
    return list(found)


def topic_tag(text: str) -> str | None:
    """The first ``#tag`` Threads would make the topic: 1 to 50 characters, not digits alone."""
    for match in _TAG.finditer(text):
        tag: str = match.group(1)
        if len(tag) <= TAG_LIMIT and not tag.isdigit():
            return tag
    return None
