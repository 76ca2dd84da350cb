"""The rules of what hangs on a text: poll, GIF, text attachment, and the ranges inside a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from treadle.domain.collecting import Findings, at
from treadle.domain.findings import ParameterNames
from treadle.domain.rules_media import check_url
from treadle_threads.options import Gif, LongText, Poll, Spoilers


def read_object(found: Findings, path: str, value: Any, wanted: type, words: str) -> Any:
    """The object or list that ``value`` is or is JSON text of (Threads takes both); else ``None`` and a finding."""
    if isinstance(value, str):
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            read = value
    else:
        read = value
    if isinstance(read, wanted):
        return read
    found.wrong_type(path, value, words)
    return None


def check_poll(found: Findings, path: str, value: Any, kind: Poll) -> None:
    """Choices within their limits, filled from the first on; an empty one is an absent one."""
    names = kind.names
    poll = read_object(found, path, value, dict, f"an object with {names[0]} to {names[-1]}")
    if poll is None:
        return
    for name in poll:
        if name not in names:
            # Threads ignores a wrong shape and publishes a plain text.
            found.unknown_name(at(path, name), name, names, what="poll_field", value=poll[name])
    filled = {name: poll[name] for name in names if poll.get(name) not in (None, "")}
    if len(filled) < kind.least:
        args = {"least": kind.least, "most": len(names), "count": len(filled)}
        needed = ParameterNames(names[: kind.least], " and ")
        found.say(path, "poll_count", given=len(filled), limit=[kind.least, len(names)], names=needed, **args)
    elif list(filled) != list(names[: len(filled)]):
        found.say(path, "poll_gap", given=list(filled), names=ParameterNames(names[: len(filled)]))
    for name, text in filled.items():
        if not isinstance(text, str):
            found.wrong_type(at(path, name), text, "text")
        elif len(text) > kind.most:
            found.say(at(path, name), "poll_option_too_long", given=text, limit=kind.most, count=len(text))
        elif not text.strip():
            found.say(at(path, name), "poll_option_blank", given=text)


def check_gif(found: Findings, path: str, value: Any, kind: Gif) -> None:
    """``{"gif_id": …, "provider": "GIPHY"}``; Tenor ended on 31 March 2026."""
    gif = read_object(found, path, value, dict, 'an object such as {"gif_id": "…", "provider": "GIPHY"}')
    if gif is None:
        return
    for name in gif:
        if name not in ("gif_id", "provider"):
            found.unknown_name(at(path, name), name, ("gif_id", "provider"), what="gif_field", value=gif[name])
    gif_id, provider = gif.get("gif_id"), gif.get("provider")
    if not isinstance(gif_id, str | int) or isinstance(gif_id, bool) or not str(gif_id)[:1]:
        found.say(at(path, "gif_id"), "gif_id", given=gif_id)
    if not isinstance(provider, str) or provider.upper() not in kind.providers:
        tenor = isinstance(provider, str) and provider.upper() == "TENOR"
        code = "gif_tenor" if tenor else "gif_provider"
        found.say(at(path, "provider"), code, given=provider, limit=kind.providers[0])


def check_text_attachment(found: Findings, path: str, value: Any, kind: LongText) -> str:
    """A longer text with styled ranges. Answers the attachment's link, if it has one."""
    attachment = read_object(found, path, value, dict, 'an object such as {"plaintext": "…"}')
    if attachment is None:
        return ""
    for name in attachment:
        if name not in kind.names:
            found.unknown_name(at(path, name), name, kind.names, what="text_attachment_field", value=attachment[name])
    plain = attachment.get("plaintext")
    if not isinstance(plain, str) or not plain.strip():
        found.say(at(path, "plaintext"), "text_attachment_empty", given=plain)
        plain = ""
    elif len(plain) > kind.most:
        found.say(
            at(path, "plaintext"), "text_attachment_too_long", given=len(plain), limit=kind.most, count=len(plain)
        )
    styles = attachment.get("text_with_styling_info")
    if styles not in (None, ""):
        _check_styles(found, at(path, "text_with_styling_info"), styles, plain, kind.styles)
    link = attachment.get("link_attachment_url")
    if link in (None, ""):
        return ""
    check_url(found, at(path, "link_attachment_url"), link, code="link_url")
    return link if isinstance(link, str) else ""


def _check_styles(found: Findings, path: str, value: Any, plain: str, known: tuple[str, ...]) -> None:
    if not isinstance(value, list):
        found.wrong_type(path, value, "a list of styled ranges")
        return
    # Meta does not say in what it counts here; a range is refused only when it is outside by every measure.
    ranges = _ranges(found, path, value, len(plain.encode("utf-8", "surrogatepass")), "bytes")
    if ranges and not plain.isascii():
        found.say(path, "styles_unit_unknown")
    for index, item in enumerate(value):
        names = item.get("styling_info") if isinstance(item, Mapping) else None
        here = at(at(path, index), "styling_info")
        if not isinstance(item, Mapping):
            continue
        if not isinstance(names, list) or not names:
            found.say(here, "style_missing", given=names, known=", ".join(known))
            continue
        for place, name in enumerate(names):
            if name not in known:
                found.say(at(here, place), "style_unknown", given=name, limit=list(known), known=", ".join(known))


def check_spoilers(found: Findings, path: str, value: Any, text: str, kind: Spoilers) -> None:
    """Spoilers inside the text; offsets and lengths count UTF-16 units (as Meta's own sample does)."""
    entities = read_object(found, path, value, list, "a list of spoilers")
    if not entities:
        return
    if len(entities) > kind.most:
        found.say(path, "too_many_spoilers", given=len(entities), limit=kind.most, count=len(entities))
    for index, item in enumerate(entities):
        if isinstance(item, Mapping) and str(item.get("entity_type"))[:20].upper() != "SPOILER":
            here = at(at(path, index), "entity_type")
            found.say(here, "not_a_spoiler", given=item.get("entity_type"), limit="SPOILER")
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    ranges = _ranges(found, path, entities, units, "UTF-16 units")
    wide = next((i for i, char in enumerate(text) if ord(char) > 0xFFFF), None)
    if wide is not None and any(start + length > wide for start, length in ranges):
        found.say(path, "spoilers_unit_unknown")


def _ranges(found: Findings, path: str, items: list[Any], length: int, unit: str) -> list[tuple[int, int]]:
    """The ranges (offset, length) that can be read; outside ones and overlaps are findings."""
    ranges: list[tuple[int, int]] = []
    for index, item in enumerate(items):
        here = at(path, index)
        if not isinstance(item, Mapping):
            found.wrong_type(here, item, "an object with offset and length")
            continue
        start, size = _whole(item.get("offset")), _whole(item.get("length"))
        for name, number, least in (("offset", start, 0), ("length", size, 1)):
            if number is None or number < least:
                found.say(at(here, name), "range_number", given=item.get(name), limit=least, name=name, unit=unit)
        if start is None or size is None or start < 0 or size < 1:
            continue
        if start + size > length:
            found.say(here, "range_outside", given=[start, size], limit=length, ends=start + size, unit=unit)
        ranges.append((start, size))
    ordered = sorted(ranges)
    if any(start + size > after for (start, size), (after, _) in pairwise(ordered)):
        found.say(path, "range_overlap")
    return ranges


def _whole(value: Any) -> int | None:
    """A whole number, as number or as text (Meta's sample sends text)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**9 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return None
