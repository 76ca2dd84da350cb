"""What the preview of a draft shows: what Threads would take, and the names of what it would not. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.domain.options import TABLE, extra_of
from treadle.web.draft_options import read_value
from treadle.web.drafts import DraftPart
from treadle.web.field_words import labels, part_of
from treadle_threads.options import LongText, Option, Poll, Spoilers, in_words, is_chosen

_MEDIUM = re.compile(r"media\[(\d{1,6})\]")
_OPTION = re.compile(r"options\.([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Card:
    """What hangs on a text: a ``line``, the ``choices`` of a poll, or a longer text (``long``) with its ``styles``."""

    line: str = ""
    choices: tuple[str, ...] = ()
    long: str = ""
    styles: Any = None


@dataclass(frozen=True, slots=True)
class OptionsShown:
    """The options of a part as a preview shows them. ``spoilers``: ranges of its text; ``unchecked``: what is passed to
    Threads as it is."""

    tag: str = ""
    above: tuple[str, ...] = ()
    spoilers: Any = None
    cards: tuple[Card, ...] = ()
    notes: str = ""
    unchecked: tuple[str, ...] = ()


def options_shown(options: Mapping[str, Any]) -> OptionsShown:
    """What a preview says of ``options``, in the order of the table."""
    tag, above, notes = "", [], []
    cards: list[Card] = []
    spoilers = None
    for name, option in TABLE.items():
        value = read_value(option, options.get(name))
        if not is_chosen(option, value):
            continue
        if isinstance(option.kind, Spoilers):
            spoilers = value
        elif card := _card(option, value):
            cards.append(card)
        elif option.shown == "card":
            cards.append(Card(in_words(option, value)))
        elif option.shown == "tag":
            tag = in_words(option, value)
        elif option.shown == "above":
            above.append(in_words(option, value))
        else:
            notes.append(in_words(option, value))
    remarks = "; ".join(notes)
    unchecked = tuple(f"{name} = {value}" for name, value in extra_of(options).items())
    return OptionsShown(tag, tuple(above), spoilers, tuple(cards), remarks[:1].upper() + remarks[1:], unchecked)


_COMPARED: Mapping[str, str] = {"media_type": "Kind of post", "children": "Images and videos", "text": "Text"}


def option_label(name: str) -> str:
    """What something that was asked for is called, by the name it was asked by."""
    noun = TABLE[name].noun if name in TABLE else name
    return _COMPARED.get(name) or noun[:1].upper() + noun[1:]


def _card(option: Option, value: Any) -> Card | None:
    match option.kind:
        case Poll(names) if isinstance(value, Mapping):
            return Card(choices=tuple(str(value[name]) for name in names if value.get(name)))
        case LongText() if isinstance(value, Mapping):
            link = str(value.get("link_attachment_url") or "")
            return Card(link, long=str(value.get("plaintext") or ""), styles=value.get("text_with_styling_info"))
    return None


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
        left = [labels().get(name, name) for name in part_.options if (number, name) in options]
        left += [
            str(item.get("filename") or item.get("url") or "a file")
            for place, item in enumerate(part_.media)
            if (number, place) in media
        ]
        made.append(Shown(part_.text, items, kept, tuple(left), number in texts and bool(part_.text)))
    return made
