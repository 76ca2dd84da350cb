"""The parameters of ``POST /{user}/threads`` for a part. Pure; names and spellings are Threads' own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from treadle.domain.view import PartView

# Options that steer Treadle, or that it does not use: never sent.
OURS = frozenset({"on_too_long", "copy_media", "auto_publish_text"})


def text_of(value: Any) -> str:
    """A value on the wire: objects as JSON, lists of plain words joined by comma, booleans in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        given = {name: item for name, item in value.items() if item is not None and item != ""}
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, list | tuple):
        if all(isinstance(item, str | int) for item in value):
            return ",".join(str(item) for item in value)
        return json.dumps(list(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def options_of(part: PartView) -> dict[str, str]:
    """The options as parameters, in Threads' own spelling."""
    params = {
        name: text_of(value)
        for name, value in part.options.items()
        if name not in OURS and value not in (None, "", [], {})
    }
    if "allowlisted_country_codes" in params:
        params["allowlisted_country_codes"] = params["allowlisted_country_codes"].replace(" ", "").upper()
    if "topic_tag" in params:
        params["topic_tag"] = params["topic_tag"].lstrip("#")
    return params


def child_params(part: PartView, index: int) -> dict[str, str]:
    """A carousel's child container."""
    item = (part.media_urls or [])[index]
    return {**_media_params(item), "is_carousel_item": "true"}


def container_params(part: PartView, reply_to: str | None) -> dict[str, str]:
    """The container of the part itself; ``reply_to`` is the id of the post it replies to."""
    params = options_of(part)
    params["media_type"] = part.kind
    if part.text:
        params["text"] = part.text
    if part.kind == "CAROUSEL":
        params["children"] = ",".join(str(child["id"]) for child in part.children)
    elif part.kind in ("IMAGE", "VIDEO"):
        params.update(_media_params((part.media_urls or [])[0]))
    if any(item.get("spoiler") is True for item in part.media):
        params["is_spoiler_media"] = "true"  # Threads hides all media of a post or none
    if reply_to:
        params["reply_to_id"] = reply_to
    return params


def _media_params(item: Mapping[str, Any]) -> dict[str, str]:
    kind = str(item["kind"]).upper()
    params = {"media_type": kind, "image_url" if kind == "IMAGE" else "video_url": str(item["url"])}
    if item.get("alt_text"):
        params["alt_text"] = str(item["alt_text"])
    return params
