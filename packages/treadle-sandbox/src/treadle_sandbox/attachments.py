"""The value of one option of a container, judged by its kind and the limits in the table of options."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World
from treadle_threads.ids import is_id
from treadle_threads.options import (
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


def judge(world: World, call: Call, option: Option, text: str) -> Any:
    """The value as it is stored, ``None`` when there is none, or the refusal. ``text``: that of the container."""
    name = option.name
    match option.kind:
        case Switch():
            return call.flag(name) or None
        case Choice(values):
            return _choice(world, call, name, tuple(values))
        case Text():
            return _text(world, call, name, option.kind)
        case Id():
            return _id(world, call, name, option.kind)
        case Address():
            link = call.reference(name)
            return refuse(world, call, "url_invalid", name=name) if link and not is_url(link) else link or None
        case Countries():
            return _countries(world, call, name, option.kind)
        case Poll():
            return _poll(world, call, name, option.kind)
        case Gif():
            return _gif(world, call, name, option.kind)
        case Spoilers():
            return _spoilers(world, call, name, option.kind, text)
        case LongText():
            return _long_text(world, call, name, option.kind)


def is_url(text: str) -> bool:
    """An absolute http or https address with a host."""
    if any(char.isspace() for char in text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _choice(world: World, call: Call, name: str, values: tuple[str, ...]) -> str | Reply | None:
    value = call.reference(name)
    if value and value.lower() not in values:
        return refuse(world, call, "param_choice", name=name, choices=", ".join(values), value=value)
    return value.lower() or None


def _text(world: World, call: Call, name: str, kind: Text) -> str | Reply | None:
    value = call.reference(name).lstrip(kind.mark) if kind.mark else call.text(name)
    if len(value) > kind.most:
        return refuse(world, call, "param_too_long", name=name, limit=kind.most)
    if any(char in value for char in kind.without):
        return refuse(world, call, "param_invalid", name=name)
    return value or None


def _id(world: World, call: Call, name: str, kind: Id) -> str | Reply | None:
    value = call.reference(name)
    if not value:
        return None
    if kind.post:
        return value if world.post(value) is not None else refuse(world, call, "media_param_invalid", name=name)
    return value if is_id(value) else refuse(world, call, "param_invalid", name=name)


def _poll(world: World, call: Call, name: str, kind: Poll) -> dict[str, str] | Reply | None:
    """Filled from the first choice on; empty ones are absent; a shape without any of its names is ignored."""
    value = call.object(name)
    if not isinstance(value, dict):
        return None
    choices = {choice: str(value[choice]) for choice in kind.names if value.get(choice) not in (None, "")}
    if not choices:
        return None  # seen: a wrong shape is published as plain text
    if any(len(text) > kind.most for text in choices.values()):
        return refuse(world, call, "param_too_long", name=name, limit=kind.most)
    if len(choices) < kind.least or tuple(choices) != kind.names[: len(choices)]:
        return refuse(world, call, "param_invalid", name=name)
    return choices


def _gif(world: World, call: Call, name: str, kind: Gif) -> dict[str, str] | Reply | None:
    if not call.has(name):
        return None
    value = call.object(name)
    provider = str(value.get("provider", "")).upper() if isinstance(value, dict) else ""
    if provider not in kind.providers or not value.get("gif_id"):
        return refuse(world, call, "param_invalid", name=name)
    return {"gif_id": str(value["gif_id"]), "provider": provider}


def _long_text(world: World, call: Call, name: str, kind: LongText) -> dict[str, Any] | Reply | None:
    if not call.has(name):
        return None
    value = call.object(name)
    if not isinstance(value, dict) or not isinstance(value.get("plaintext"), str) or not value["plaintext"]:
        return refuse(world, call, "param_invalid", name=name)
    plain: str = value["plaintext"]
    if len(plain) > kind.most:
        return refuse(world, call, "param_too_long", name="plaintext", limit=kind.most)
    kept: dict[str, Any] = {"plaintext": plain}
    if value.get("link_attachment_url"):
        kept["link_attachment_url"] = str(value["link_attachment_url"])
    styles = value.get("text_with_styling_info")
    if styles:
        ranges = _ranges(styles, len(plain.encode()))  # the unit is not documented: any of them passes
        if ranges is None or any(
            not set(map(str, item.get("styling_info") or ())) <= set(kind.styles) for item in styles
        ):
            return refuse(world, call, "param_invalid", name="text_with_styling_info")
        kept["text_with_styling_info"] = styles
    return kept


def _spoilers(world: World, call: Call, name: str, kind: Spoilers, text: str) -> list[dict[str, Any]] | Reply | None:
    """Ranges inside the text; offsets may come as text."""
    if not call.has(name):
        return None
    value = call.object(name)
    if not isinstance(value, list):
        return refuse(world, call, "param_invalid", name=name)
    if not value:
        return None
    unit = world.options.entity_offsets
    length = {
        "utf16": len(text.encode("utf-16-le", "surrogatepass")) // 2,
        "codepoints": len(text),
        "bytes": len(text.encode("utf-8", "surrogatepass")),
    }[unit]
    good = all(isinstance(item, dict) and str(item.get("entity_type", "")).upper() == "SPOILER" for item in value)
    if not good or len(value) > kind.most or (ranges := _ranges(value, length)) is None:
        return refuse(world, call, "param_invalid", name=name)
    return [{"entity_type": "SPOILER", "offset": start, "length": size} for start, size in ranges]


def _ranges(items: Any, length: int) -> list[tuple[int, int]] | None:
    """Ranges in order, or ``None`` when one is malformed, outside ``length`` or overlaps another."""
    if not isinstance(items, list):
        return None
    ranges: list[tuple[int, int]] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        try:
            start, size = int(str(item["offset"])), int(str(item["length"]))
        except (KeyError, ValueError):
            return None
        if start < 0 or size < 1 or start + size > length:
            return None
        ranges.append((start, size))
    ordered = sorted(ranges)
    if any(start + size > after for (start, size), (after, _) in pairwise(ordered)):
        return None
    return ranges


def _countries(world: World, call: Call, name: str, kind: Countries) -> list[str] | Reply | None:
    """ISO 3166-1 alpha-2 codes; needs an account that may limit its audience by country."""
    codes = call.items(name)
    if not codes or codes == ["undefined"]:
        return None
    if not call.account.geo_gating:
        return refuse(world, call, "feature_not_available")
    if any(code.upper() not in kind.codes for code in codes):
        return refuse(world, call, "geo_gating_countries")
    return [code.upper() for code in codes]
