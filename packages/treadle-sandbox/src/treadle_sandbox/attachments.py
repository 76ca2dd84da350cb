"""The rules of the JSON parameters of a container: poll, GIF, text attachment, text entities, countries."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from treadle_sandbox.answers import Reply
from treadle_sandbox.gate import refuse
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World
from treadle_threads.text import TEXT_ATTACHMENT_LIMIT

POLL_OPTIONS = ("option_a", "option_b", "option_c", "option_d")
POLL_OPTION_LIMIT = 25
ENTITY_LIMIT = 10
STYLES = frozenset(("bold", "italic", "highlight", "underline", "strikethrough"))


def poll(world: World, call: Call) -> dict[str, str] | Reply | None:
    """Two to four options of 1 to 25 characters; empty options are absent; a shape without ``option_a`` is ignored."""
    value = call.object("poll_attachment")
    if not isinstance(value, dict):
        return None
    options = {name: str(value[name]) for name in POLL_OPTIONS if value.get(name) not in (None, "")}
    if not options:
        return None  # seen: a wrong shape is published as plain text
    if any(len(text) > POLL_OPTION_LIMIT for text in options.values()):
        return refuse(world, call, "param_too_long", name="poll_attachment", limit=POLL_OPTION_LIMIT)
    if "option_a" not in options or "option_b" not in options or ("option_d" in options and "option_c" not in options):
        return refuse(world, call, "param_invalid", name="poll_attachment")
    return options


def gif(world: World, call: Call) -> dict[str, str] | Reply | None:
    """``{"gif_id", "provider": "GIPHY"}``; Tenor ended on 31 March 2026."""
    if not call.has("gif_attachment"):
        return None
    value = call.object("gif_attachment")
    if not isinstance(value, dict) or not value.get("gif_id") or str(value.get("provider", "")).upper() != "GIPHY":
        return refuse(world, call, "param_invalid", name="gif_attachment")
    return {"gif_id": str(value["gif_id"]), "provider": "GIPHY"}


def text_attachment(world: World, call: Call) -> dict[str, Any] | Reply | None:
    """``plaintext`` of at most 10,000 characters with styled ranges that do not overlap."""
    if not call.has("text_attachment"):
        return None
    value = call.object("text_attachment")
    if not isinstance(value, dict) or not isinstance(value.get("plaintext"), str) or not value["plaintext"]:
        return refuse(world, call, "param_invalid", name="text_attachment")
    plain: str = value["plaintext"]
    if len(plain) > TEXT_ATTACHMENT_LIMIT:
        return refuse(world, call, "param_too_long", name="plaintext", limit=TEXT_ATTACHMENT_LIMIT)
    kept: dict[str, Any] = {"plaintext": plain}
    if value.get("link_attachment_url"):
        kept["link_attachment_url"] = str(value["link_attachment_url"])
    styles = value.get("text_with_styling_info")
    if styles:
        ranges = _ranges(styles, len(plain.encode()))  # the unit is not documented: any of them passes
        if ranges is None or any(not set(map(str, item.get("styling_info") or ())) <= STYLES for item in styles):
            return refuse(world, call, "param_invalid", name="text_with_styling_info")
        kept["text_with_styling_info"] = styles
    return kept


def text_entities(world: World, call: Call, text: str) -> list[dict[str, Any]] | Reply | None:
    """At most ten spoilers, inside the text; offsets may come as text."""
    if not call.has("text_entities"):
        return None
    value = call.object("text_entities")
    if not isinstance(value, list):
        return refuse(world, call, "param_invalid", name="text_entities")
    if not value:
        return None
    unit = world.options.entity_offsets
    length = {
        "utf16": len(text.encode("utf-16-le", "surrogatepass")) // 2,
        "codepoints": len(text),
        "bytes": len(text.encode("utf-8", "surrogatepass")),
    }[unit]
    good = all(isinstance(item, dict) and str(item.get("entity_type", "")).upper() == "SPOILER" for item in value)
    if not good or len(value) > ENTITY_LIMIT or (ranges := _ranges(value, length)) is None:
        return refuse(world, call, "param_invalid", name="text_entities")
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


def countries(world: World, call: Call) -> list[str] | Reply | None:
    """ISO 3166-1 alpha-2 codes; needs an account that may limit its audience by country."""
    codes = call.items("allowlisted_country_codes")
    if not codes or codes == ["undefined"]:
        return None
    if not call.account.geo_gating:
        return refuse(world, call, "feature_not_available")
    if any(len(code) != 2 or not code.isascii() or not code.isalpha() for code in codes):
        return refuse(world, call, "geo_gating_countries")
    return [code.upper() for code in codes]
