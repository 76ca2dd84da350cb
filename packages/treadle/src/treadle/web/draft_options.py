"""The options of a part as the fields of Compose: from the form to Threads' own parameters, and back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treadle.domain.findings import Finding
from treadle.web.text_ranges import STYLES, Read, read_spoilers, read_styles, say_spoilers, say_styles

SWITCHES = (
    "is_spoiler_media",
    "is_ghost_post",
    "enable_reply_approvals",
    "crossreshare_to_ig",
    "crossreshare_to_ig_dark_mode",
    "copy_media",
)
WORDS = ("topic_tag", "reply_control", "link_attachment", "quote_post_id", "on_too_long", "reply_to_id", "location_id")
POLL = ("option_a", "option_b", "option_c", "option_d")
COMPOSED = ("poll_attachment", "allowlisted_country_codes", "gif_attachment", "text_attachment", "text_entities")
OFFERED = frozenset({*SWITCHES, *WORDS, *COMPOSED})
# Written as people write them; the parameters are made of these and of the text.
TYPED = ("spoilers", "gif", "gif_provider", "long_text", "long_link", "long_styles", "countries")
# GIPHY's addresses end in the id: giphy.com/gifs/name-of-it-ID, media.giphy.com/media/ID/giphy.gif.
_GIPHY = re.compile(
    r"giphy\.com/(?:gifs/(?:[^/?#]*-)?|media/(?:v\d[^/]*/)?|embed/)(?P<id>[A-Za-z0-9]{6,40})(?:[/?#]|$)"
)

Get = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Filled:
    """``options`` as the API names them; ``typed``: the fields as they were filled in."""

    options: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


def read_options(get: Get, name: str, text: str) -> Filled:
    """The options of the part whose fields begin with ``name``; ``text`` is its text, in which spoilers are found."""
    options: dict[str, Any] = {}
    for word in WORDS:
        if value := get(f"{name}-{word}").strip():
            options[word] = value
    for switch in SWITCHES:
        if get(f"{name}-{switch}"):
            options[switch] = True
    poll = {choice: said for choice in POLL if (said := get(f"{name}-poll-{choice}").strip())}
    if poll:
        options["poll_attachment"] = poll
    typed = {what: get(f"{name}-{what}") for what in TYPED}
    countries = [c.strip().upper() for c in typed["countries"].split(",") if c.strip()]
    if countries:
        options["allowlisted_country_codes"] = countries
    if gif := typed["gif"].strip():
        found = _GIPHY.search(gif)
        options["gif_attachment"] = {"gif_id": found["id"] if found else gif,
                                     "provider": typed["gif_provider"].strip() or "GIPHY"}  # fmt: skip
    if ranges := read_spoilers(typed["spoilers"], text).ranges:
        options["text_entities"] = [dict(item) for item in ranges]
    if any(typed[what].strip() for what in ("long_text", "long_link", "long_styles")):
        options["text_attachment"] = _long_text(typed)
    return Filled({**carried(get(f"{name}-kept")), **options}, typed)


def _long_text(typed: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {"plaintext": typed["long_text"]}
    if link := typed["long_link"].strip():
        made["link_attachment_url"] = link
    if ranges := read_styles(typed["long_styles"], typed["long_text"]).ranges:
        made["text_with_styling_info"] = [dict(item) for item in ranges]
    return made


def say_options(options: Mapping[str, Any], text: str) -> dict[str, str]:
    """The typed fields for stored options."""
    gif, attached = _object(options.get("gif_attachment")), _object(options.get("text_attachment"))
    plain = str(attached.get("plaintext") or "")
    countries = options.get("allowlisted_country_codes") or []
    return {
        "spoilers": say_spoilers(_read(options.get("text_entities")), text),
        "gif": str(gif.get("gif_id") or ""),
        "gif_provider": str(gif.get("provider") or ""),
        "long_text": plain,
        "long_link": str(attached.get("link_attachment_url") or ""),
        "long_styles": say_styles(attached.get("text_with_styling_info"), plain),
        "countries": countries if isinstance(countries, str) else ", ".join(str(code) for code in countries),
    }


def troubles(typed: Mapping[str, str], text: str, path: str) -> list[Finding]:
    """What the form itself cannot make sense of: phrases that are not in the text, styles nobody knows."""
    found = []
    spoilers = read_spoilers(typed.get("spoilers", ""), text)
    found += _lost(spoilers, f"{path}text_entities", "the text")
    styles = read_styles(typed.get("long_styles", ""), typed.get("long_text", ""))
    found += _lost(styles, f"{path}text_attachment.text_with_styling_info", "the longer text")
    for line in styles.unstyled:
        found.append(
            Finding(
                f"{path}text_attachment.text_with_styling_info",
                "style",
                f"“{line[:60]}” does not begin with a style.",
                f"Write one phrase a line, such as “bold: {line[:30]}”. Styles are {', '.join(STYLES)}.",
                given=line,
            )
        )
    return found


def _lost(read: Read, path: str, where: str) -> list[Finding]:
    return [
        Finding(path, "phrase_not_found", f"“{phrase[:60]}” is not in {where}.",
                "Write the phrase exactly as it stands there, or take it out here.", given=phrase)
        for phrase in read.lost
    ]  # fmt: skip


def normal(options: Mapping[str, Any]) -> dict[str, Any]:
    """Stored options in the shape the fields know: JSON given as text is read, an empty option is an absent one."""
    made = {}
    for name, value in options.items():
        read = _read(value) if name in COMPOSED else value
        if read not in (None, "", [], {}) and not (name in SWITCHES and _off(read)):
            made[name] = True if name in SWITCHES else read
    if made.get("reply_control") == "everyone":
        del made["reply_control"]
    return made


def _off(value: Any) -> bool:
    return value is False or str(value).strip().lower() in ("false", "0")


def carried(text: str) -> dict[str, Any]:
    """Options that came with the post and have no field here; the rules judge them like any other."""
    try:
        more = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return {str(k): v for k, v in more.items() if k not in OFFERED} if isinstance(more, dict) else {}


def _read(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _object(value: Any) -> Mapping[str, Any]:
    read = _read(value)
    return read if isinstance(read, Mapping) else {}


# ------------------------------------------------------------ metadata of the caller


def say_metadata(metadata: Mapping[str, Any]) -> str:
    """Metadata for the field: ``name = value`` lines while they are plain texts, JSON otherwise."""
    plain = all(
        isinstance(v, str) and v and v == v.strip() and "\n" not in v and k == k.strip() and k and k[0] != "{"
        and not re.search(r"[=\n]", k)
        for k, v in metadata.items()
    )  # fmt: skip
    if plain:
        return "\n".join(f"{name} = {value}" for name, value in metadata.items())
    return json.dumps(metadata, ensure_ascii=False, indent=2)


def read_metadata(text: str) -> dict[str, Any] | Finding:
    """The metadata in a field of ``name = value`` lines or of one JSON object."""
    text = text.strip()
    if text.startswith("{"):
        try:
            made = json.loads(text)
        except (ValueError, RecursionError) as error:
            said = f"This is not JSON: {error}." if isinstance(error, ValueError) else "It nests too deeply."
            return Finding("metadata", "json", said, "Repair it, or write one “name = value” a line.")
        return dict(made)
    found = {}
    for line in filter(str.strip, text.split("\n")):
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            said = f"“{line.strip()[:60]}” has no name and value."
            return Finding("metadata", "line", said, "Write one “name = value” a line, or a JSON object.")
        found[name.strip()] = value.strip()
    return found
