"""What the preview of a draft shows: what Threads would take, and the names of what it would not. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.web.drafts import DraftPart
from treadle.web.field_words import LABELS, part_of

_MEDIUM = re.compile(r"media\[(\d{1,6})\]")
_OPTION = re.compile(r"options\.([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """One part as it can be shown. ``left_out``: labels of what is not; ``refused``: the text itself would not go."""

    text: str
    media: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    left_out: tuple[str, ...]
    refused: bool


def shown_parts(
    parts: Sequence[DraftPart], errors: Iterable[str], refused_media: Collection[tuple[int, int]]
) -> list[Shown]:
    """The parts without what is wrong. ``errors``: paths of the findings that stop the post; ``refused_media``: (part,
    place) of the files that Threads would not take and no repair makes right."""
    options: set[tuple[int, str]] = set()
    media = set(refused_media)
    texts: set[int] = set()
    for path in errors:
        part, inner = part_of(path)
        if medium := _MEDIUM.match(inner):
            media.add((part, int(medium[1])))
        elif option := _OPTION.match(inner):
            options.add((part, option[1]))
        elif inner == "text":
            texts.add(part)
    made = []
    for number, part_ in enumerate(parts):
        kept = {name: value for name, value in part_.options.items() if (number, name) not in options}
        items = tuple(item for place, item in enumerate(part_.media) if (number, place) not in media)
        left = [LABELS.get(name, name) for name in part_.options if (number, name) in options]
        left += [
            str(item.get("filename") or item.get("url") or "a file")
            for place, item in enumerate(part_.media)
            if (number, place) in media
        ]
        made.append(Shown(part_.text, items, kept, tuple(left), number in texts and bool(part_.text)))
    return made
