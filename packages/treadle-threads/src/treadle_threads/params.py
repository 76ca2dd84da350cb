"""The parameters of ``POST /{user}/threads`` as the texts that go over the wire: the one encoder.

Nothing is judged here; what is absent is not sent, because Threads takes an empty value for absent in some places only.
``auto_publish_text`` is not offered: a post made that way has no container to ask about when the answer is lost.

::

    await client.create_container(container_params("TEXT", text="Hello", options={"topic_tag": "weaving"}))
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from treadle_threads.options import OPTIONS, Countries, MediaType, Option, OptionTable, Switch, Text, is_on, not_extra

__all__ = ["MediaType", "container_params", "extra_params", "option_params"]


def container_params(
    media_type: MediaType,
    *,
    text: str = "",
    url: str = "",
    children: Sequence[str] = (),
    carousel_item: bool = False,
    options: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    table: OptionTable = OPTIONS,
) -> dict[str, str]:
    """The parameters of one container.

    ``url`` is the address of the picture or video; ``children`` are 2 to 20 creation ids of FINISHED containers made as
    ``carousel_item``; ``options`` are those of ``table``, others are not sent. ``extra`` holds parameters that this
    release does not know: passed as they are, but never one that is set here.
    """
    made = {**extra_params(extra or {}, table), **option_params(options or {}, table), "media_type": media_type}
    if text:
        made["text"] = text
    if url:
        made["video_url" if media_type == "VIDEO" else "image_url"] = url
    if children:
        made["children"] = ",".join(children)
    if carousel_item:
        made["is_carousel_item"] = "true"
    return made


def option_params(options: Mapping[str, Any], table: OptionTable = OPTIONS) -> dict[str, str]:
    """Options as parameters; those that are empty, unknown to ``table`` or not for Threads are not sent."""
    return {
        name: _text(table[name], value)
        for name, value in options.items()
        if value not in (None, "", [], {}) and name in table and table[name].sent
    }


def extra_params(extra: Mapping[str, Any], table: OptionTable = OPTIONS) -> dict[str, str]:
    """Parameters nobody checked: text unchanged, other values as JSON; ``None``, and what may not pass, is not sent."""
    return {
        name: value if isinstance(value, str) else _json(value)
        for name, value in extra.items()
        if value is not None and not not_extra(name, table)
    }


def _text(option: Option, value: Any) -> str:
    """One value on the wire: truth in lower case, words joined by comma, objects and lists as JSON."""
    match option.kind:
        case Switch():
            return "true" if is_on(value) else "false"
        case Text(mark=mark) if mark:
            return str(value).lstrip(mark)
        case Countries():
            codes = value if isinstance(value, list | tuple) else str(value).split(",")
            return ",".join(str(code).strip().upper() for code in codes)
    if isinstance(value, Mapping):
        value = {name: item for name, item in value.items() if item is not None and item != ""}
    return _json(value) if isinstance(value, Mapping | list) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
