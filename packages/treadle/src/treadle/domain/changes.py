"""What an edit changed, in words for the timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_OF_A_POST: Mapping[str, str] = {
    "account_id": "account",
    "publish_at": "time",
    "max_lateness": "how late it may be published",
    "labels": "labels",
    "metadata": "metadata",
}
_OPTIONS: Mapping[str, str] = {
    "reply_to_id": "post it replies to",
    "quote_post_id": "quoted post",
    "location_id": "place",
    "topic_tag": "topic",
    "text_entities": "spoilers",
    "text_attachment": "attached text",
    "link_attachment": "attached link",
    "poll_attachment": "poll",
    "gif_attachment": "GIF",
    "alt_text": "alt text",
    "reply_control": "who can reply",
    "enable_reply_approvals": "approval of replies",
    "allowlisted_country_codes": "countries",
    "is_ghost_post": "ghost post",
    "is_spoiler_media": "hidden media",
    "crossreshare_to_ig": "sharing to Instagram",
    "crossreshare_to_ig_dark_mode": "sharing to Instagram in dark mode",
    "on_too_long": "what happens to a long video",
    "copy_media": "copying of media",
}


def what_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of the fields that differ. Both hold the fields of a post's row, and ``parts``, the bodies of its parts."""
    found = [words for name, words in _OF_A_POST.items() if (before[name] or None) != (after[name] or None)]
    return list(dict.fromkeys([*found, *_parts(before["parts"], after["parts"])]))


def _parts(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    several = max(len(before), len(after)) > 1
    for place, (old, new) in enumerate(zip(before, after, strict=False)):
        where = f" of part {place + 1}" if several else ""
        for words in _part(old, new):
            yield words + where
    for place in range(len(before), len(after)):
        yield f"part {place + 1} added"
    for place in range(len(after), len(before)):
        yield f"part {place + 1} removed"


def _part(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in ("text", "media"):
        if (old.get(name) or None) != (new.get(name) or None):
            yield name
    options = (old.get("options") or {}), (new.get("options") or {})
    for name in sorted(options[0].keys() | options[1].keys()):
        if (options[0].get(name) or None) != (options[1].get(name) or None):
            yield _OPTIONS.get(name, name.replace("_", " "))
