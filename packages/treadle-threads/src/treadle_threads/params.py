"""The parameters of ``POST /{user}/threads``, typed, and as the texts that go over the wire.

Nothing is judged here (preflight does that); what is absent is not sent, because Threads takes an empty value for
absent in some places only. ``auto_publish_text`` is not offered: a post made that way has no container to ask about
when the answer is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

MediaType = Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL"]
ReplyControl = Literal["everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"]
Styling = Literal["bold", "italic", "highlight", "underline", "strikethrough"]


@dataclass(frozen=True, slots=True)
class Poll:
    """Two to four options of 1 to 25 characters; TEXT only."""

    options: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {f"option_{letter}": text for letter, text in zip("abcd", self.options, strict=False)}


@dataclass(frozen=True, slots=True)
class Spoiler:
    """A hidden stretch of the text, in UTF-16 units as Meta's own sample counts them."""

    offset: int
    length: int

    def to_json(self) -> dict[str, Any]:
        return {"entity_type": "SPOILER", "offset": self.offset, "length": self.length}


@dataclass(frozen=True, slots=True)
class Style:
    offset: int
    length: int
    styling: tuple[Styling, ...]

    def to_json(self) -> dict[str, Any]:
        return {"offset": self.offset, "length": self.length, "styling_info": list(self.styling)}


@dataclass(frozen=True, slots=True)
class TextAttachment:
    """Up to 10,000 characters that hang on a TEXT post. Styled ranges must not overlap."""

    plaintext: str
    link_url: str | None = None
    styles: tuple[Style, ...] = ()

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {"plaintext": self.plaintext}
        if self.link_url:
            made["link_attachment_url"] = self.link_url
        if self.styles:
            made["text_with_styling_info"] = [style.to_json() for style in self.styles]
        return made


@dataclass(frozen=True, slots=True)
class Gif:
    gif_id: str
    provider: str = "GIPHY"

    def to_json(self) -> dict[str, Any]:
        return {"gif_id": self.gif_id, "provider": self.provider}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerParams:
    """One container. Names are Threads' own; :meth:`text_post`, :meth:`image`, :meth:`video` and :meth:`carousel`
    name what each kind needs."""

    media_type: MediaType
    text: str | None = None
    image_url: str | None = None
    video_url: str | None = None
    is_carousel_item: bool | None = None
    children: tuple[str, ...] = ()
    reply_to_id: str | None = None
    reply_control: ReplyControl | None = None
    allowlisted_country_codes: tuple[str, ...] = ()
    alt_text: str | None = None
    link_attachment: str | None = None
    quote_post_id: str | None = None
    poll_attachment: Poll | None = None
    topic_tag: str | None = None
    is_spoiler_media: bool | None = None
    text_entities: tuple[Spoiler, ...] = ()
    text_attachment: TextAttachment | None = None
    gif_attachment: Gif | None = None
    is_ghost_post: bool | None = None
    enable_reply_approvals: bool | None = None
    crossreshare_to_ig: bool | None = None
    crossreshare_to_ig_dark_mode: bool | None = None
    location_id: str | None = None
    more: dict[str, str] = field(default_factory=dict)
    """Parameters newer than this release, sent as they are."""

    @classmethod
    def text_post(cls, text: str, **options: Any) -> ContainerParams:
        return cls(media_type="TEXT", text=text, **options)

    @classmethod
    def image(
        cls, url: str, *, text: str | None = None, carousel_item: bool = False, **options: Any
    ) -> ContainerParams:
        item = True if carousel_item else None
        return cls(media_type="IMAGE", image_url=url, text=text, is_carousel_item=item, **options)

    @classmethod
    def video(
        cls, url: str, *, text: str | None = None, carousel_item: bool = False, **options: Any
    ) -> ContainerParams:
        item = True if carousel_item else None
        return cls(media_type="VIDEO", video_url=url, text=text, is_carousel_item=item, **options)

    @classmethod
    def carousel(cls, children: Sequence[str], *, text: str | None = None, **options: Any) -> ContainerParams:
        """``children``: 2 to 20 creation ids of FINISHED containers made as carousel items."""
        return cls(media_type="CAROUSEL", children=tuple(children), text=text, **options)

    def to_params(self) -> dict[str, str]:
        """Texts for the wire; objects become JSON inside a text, lists of plain words are joined by comma."""
        made = dict(self.more)
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name != "more" and value is not None and value != ():
                made[item.name] = _wire(value)
        return made


def _wire(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        if all(isinstance(item, str) for item in value):
            return ",".join(value)
        return _json([item.to_json() for item in value])
    return _json(value.to_json())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
