"""Values of an option at its limit and beyond it, made from its kind; and the least post that can have it."""

from __future__ import annotations

from typing import Any

from treadle_threads.ids import MOST_DIGITS
from treadle_threads.options import (
    TEXT_ONLY,
    Address,
    Choice,
    Countries,
    Gif,
    Id,
    LongText,
    Option,
    Poll,
    Spoilers,
    Switch,
    Text,
)

IMAGE = {"url": "https://example.com/a.jpg"}
TEXT = "".join(f"{n:02} " for n in range(40))  # long enough for every range, and each place is told from the others


def at_limit(option: Option) -> Any:
    """The most that the option takes."""
    match option.kind:
        case Switch():
            return True
        case Choice(values, default):
            return next(value for value in list(values)[::-1] if value != default)
        case Text(most):
            return "x" * most
        case Id():
            return "1" * MOST_DIGITS
        case Address():
            return "https://example.com/read?on=1"
        case Countries(codes):
            return sorted(codes)
        case Poll(names, _, most):
            return {name: name[-1] * most for name in names}
        case Gif(providers):
            return {"gif_id": "abc123XYZ", "provider": providers[-1]}
        case Spoilers(most):
            return [{"entity_type": "SPOILER", "offset": 3 * n, "length": 2} for n in range(most)]
        case LongText(most, styles, _):
            marks = [{"offset": 0, "length": 2, "styling_info": list(styles)}]
            return {"plaintext": "x" * most, "text_with_styling_info": marks}


def beyond(option: Option) -> list[Any]:
    """What the option does not take any more; the first is one that a JSON schema can tell."""
    match option.kind:
        case Switch():
            return ["perhaps", 3]
        case Choice(values):
            return [next(iter(values)).upper(), "nobody"]
        case Text(most, _, without):
            return ["x" * (most + 1), *(f"a{char}b" for char in without)]
        case Id():
            return ["1" * (MOST_DIGITS + 1), "https://www.threads.com/@a/post/C1abc"]
        case Address():
            return ["ftp://example.com/a", "example.com", "https://"]
        case Countries():
            return [["USA"], ["XX"]]
        case Poll(names, least, most):
            few = dict.fromkeys(names[: least - 1], "x")
            return [{**dict.fromkeys(names, "x"), names[0]: "x" * (most + 1)}, few, {"options": ["a", "b"]}]
        case Gif():
            return [{"gif_id": "1", "provider": "TENOR"}, {"provider": "GIPHY"}]
        case Spoilers(most):
            many = [{"entity_type": "SPOILER", "offset": 3 * n, "length": 1} for n in range(most + 1)]
            return [many, [{"entity_type": "SPOILER", "offset": len(TEXT), "length": 1}]]
        case LongText(most):
            wrong = [{"offset": 0, "length": 1, "styling_info": ["loud"]}]
            return [{"plaintext": "x" * (most + 1)}, {"plaintext": "x", "text_with_styling_info": wrong}]


def part_with(option: Option, value: Any) -> dict[str, Any]:
    """The least part that can have the option."""
    media = {} if "TEXT" in option.applies_to else {"media": [IMAGE]}
    return {"text": TEXT, **media, "options": {option.name: value}}


def post_with(option: Option, value: Any) -> dict[str, Any]:
    return {"account_id": "acc_1", **part_with(option, value)}


def in_a_wrong_place(option: Option) -> dict[str, Any] | None:
    """A post in which the option cannot stand; ``None`` when it can stand in every one."""
    right = post_with(option, at_limit(option))
    if option.applies_to == TEXT_ONLY:
        return {**right, "media": [IMAGE]}
    if "TEXT" not in option.applies_to:
        return {**right, "media": []}
    if option.not_further or option.not_on_reply:
        return {"account_id": "acc_1", "text": "x", "replies": [part_with(option, at_limit(option))]}
    return None
