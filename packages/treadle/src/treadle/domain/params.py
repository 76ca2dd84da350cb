"""What a part sends to ``POST /{user}/threads``. Pure; the encoder is :mod:`treadle_threads.params`."""

from __future__ import annotations

from typing import cast

from treadle.domain.options import TABLE, extra_of
from treadle.domain.part_files import PreparedFile
from treadle.domain.run_state import PartView
from treadle_threads import params
from treadle_threads.params import MediaType


def child_params(part: PartView, index: int) -> dict[str, str]:
    """A carousel's child container."""
    item = (part.media_urls or [])[index]
    return params.container_params(
        _type_of(item), url=item["url"], carousel_item=True, options=_alt_text(item), table=TABLE
    )


def container_params(part: PartView, reply_to: str | None) -> dict[str, str]:
    """The container of the part itself; ``reply_to`` is the id of the post it replies to."""
    options = {**part.options, "reply_to_id": reply_to}
    if any(item.get("spoiler") is True for item in part.media):
        options["is_spoiler_media"] = True  # Threads hides all media of a post or none
    media_type, url = cast(MediaType, part.kind), ""
    if part.kind in ("IMAGE", "VIDEO"):
        item = (part.media_urls or [])[0]
        media_type, url = _type_of(item), item["url"]
        options.update(_alt_text(item))
    return params.container_params(
        media_type,
        text=part.text,
        url=url,
        children=[str(child["id"]) for child in part.children] if part.kind == "CAROUSEL" else (),
        options=options,
        extra=extra_of(part.options),
        table=TABLE,
    )


def _type_of(item: PreparedFile) -> MediaType:
    return "VIDEO" if item["kind"].upper() == "VIDEO" else "IMAGE"


def _alt_text(item: PreparedFile) -> dict[str, str]:
    alt_text = item.get("alt_text")
    return {"alt_text": alt_text} if alt_text else {}
