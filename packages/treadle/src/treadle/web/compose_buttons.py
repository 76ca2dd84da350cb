"""The buttons in the form of Compose: what each changes, where the focus is after it, and the message about it.

Pure. A button is a word and an argument: ``remove-media:1:0`` takes the first file off the second part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from treadle.web.drafts import Draft


def focus_after(draft: Draft, do: str, argument: str) -> str:
    """The field that has the focus after a button: whoever works by keyboard is not sent back to the top."""
    last, part = len(draft.parts) - 1, two_numbers(argument)[0]
    match do:
        case "add-part":
            return f"part-{last}-text"
        case "up" | "down":
            return f"part-{min(max(part + (1 if do == 'down' else -1), 0), last)}-text"
        case "remove-part" | "split":
            return f"part-{min(part, last)}-text"
        case "media-up" | "remove-media" | "trim":
            part = min(part, last)
            return f"part-{part}-media" if draft.parts[part].media else f"part-{part}-file"
        case "tab" | "adjust":
            return f"tab-{draft.shown}"
        case "same" | "adjust-again":
            return "same" if do == "same" else "adjust"
        case "close-library":
            return f"part-{min(part, last)}-file"
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Unsplit:
    """What undoes a split: the ``count`` parts from ``first`` on become one with ``text`` again."""

    first: int
    count: int
    text: str


def split_made(before: Draft, after: Draft, argument: str) -> Unsplit | None:
    """How to undo the split of one part; ``None``: nothing was split."""
    count = len(after.parts) - len(before.parts) + 1
    first = two_numbers(argument)[0]
    return Unsplit(first, count, before.parts[first].text) if count > 1 else None


def done_by(draft: Draft, do: str, argument: str) -> str:
    """What a button did to this draft, for those who do not see it."""
    part, place = two_numbers(argument)
    media = draft.parts[part].media if part < len(draft.parts) else ()
    item: Mapping[str, Any] = media[place] if place < len(media) else {}
    name = str(item.get("filename") or item.get("url") or "The file")
    match do:
        case "repair":
            return f"{name} was repaired. See what changed below."
        case "remove-media":
            return f"{name} was removed."
        case "media-up":
            return f"{name} moved up."
        case "trim":
            return "Videos in this part will be trimmed to the limit."
        case "add-part":
            return f"Part {len(draft.parts) + 1} was added."
        case "remove-part":
            return f"Part {part + 1} was removed."
        case "split":
            return "The text is a thread now. Edit its parts below."
        case "adjust":
            return "Each account has its own copy now. Choose an account to edit its post."
        case "up" | "down":
            return f"Part {part + 1} is now part {part if do == 'up' else part + 2}."
        case _:
            return ""


def changed_by(draft: Draft, do: str, argument: str) -> Draft:
    """The draft after a button; the same one when the button changes nothing."""
    first, second = two_numbers(argument)
    match do:
        case "split" if first < len(draft.parts):
            return draft.split(first, numbered=second == 1)
        case "adjust":
            return draft.adjusted()
        case "tab":
            return draft.turned(argument)
        case "add-part":
            return draft.grown()
        case "remove-part":
            return draft.without(first)
        case "up":
            return draft.moved(first, -1)
        case "down":
            return draft.moved(first, 1)
        case "remove-media" if first < len(draft.parts):
            part = draft.parts[first]
            return draft.with_part(first, replace(part, media=_without(part.media, second)))
        case "media-up" if first < len(draft.parts) and 0 < second < len(draft.parts[first].media):
            part = draft.parts[first]
            items = list(part.media)
            items[second - 1], items[second] = items[second], items[second - 1]
            return draft.with_part(first, replace(part, media=tuple(items)))
        case "trim" if first < len(draft.parts):
            part = draft.parts[first]
            return draft.with_part(first, replace(part, options={**part.options, "on_too_long": "trim"}))
        case _:
            return draft


def _without(items: Sequence[Mapping[str, Any]], index: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(item for i, item in enumerate(items) if i != index)


def two_numbers(text: str) -> tuple[int, int]:
    """Part and place in what a button says: ``1:0``; anything else is 0."""
    first, _, second = text.partition(":")
    return (int(first) if first.isdigit() else 0, int(second) if second.isdigit() else 0)
