"""What Threads answers, typed. Ids are text even where Meta sends numbers (they exceed 2^53)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """``status``: ``IN_PROGRESS``, ``FINISHED``, ``PUBLISHED``, ``ERROR`` or ``EXPIRED``, as Meta spells it."""

    id: str
    status: str
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """``crossreshare``: ``SUCCESS`` or ``FAILED`` when a share to Instagram was asked for."""

    id: str
    crossreshare: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A published post. ``timestamp``: Meta's text (``2026-09-12T23:17:39+0000``); ``data``: all that was answered."""

    id: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def _text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None

    @property
    def permalink(self) -> str | None:
        return self._text("permalink")

    @property
    def text(self) -> str | None:
        return self._text("text")

    @property
    def media_type(self) -> str | None:
        return self._text("media_type")

    @property
    def timestamp(self) -> str | None:
        return self._text("timestamp")

    @property
    def username(self) -> str | None:
        return self._text("username")

    @property
    def shortcode(self) -> str | None:
        return self._text("shortcode")

    @property
    def replied_to(self) -> str | None:
        """Id of the post this one replies to."""
        return _nested_id(self.data.get("replied_to"))

    @property
    def root_post(self) -> str | None:
        return _nested_id(self.data.get("root_post"))

    @property
    def ghost_post_status(self) -> str | None:
        return self._text("ghost_post_status")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. ``after``: cursor of the next page, ``None`` on the last one."""

    data: tuple[Mapping[str, Any], ...]
    after: str | None = None
    before: str | None = None

    @property
    def media(self) -> tuple[Media, ...]:
        found = ((id_text(item.get("id")), item) for item in self.data)
        return tuple(Media(media_id, item) for media_id, item in found if media_id)


@dataclass(frozen=True, slots=True)
class Profile:
    id: str
    username: str = ""
    name: str = ""
    picture_url: str | None = None
    biography: str = ""
    is_verified: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishingLimit:
    """Quotas of one user in a moving window of ``window_s`` seconds. ``None``: Meta did not say."""

    posts_used: int | None = None
    posts_total: int | None = None
    replies_used: int | None = None
    replies_total: int | None = None
    deletes_used: int | None = None
    deletes_total: int | None = None
    searches_used: int | None = None
    searches_total: int | None = None
    window_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of insights: ``total`` where there is one, ``values`` as Meta lists them."""

    name: str
    period: str = ""
    total: int | float | None = None
    values: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    id: str
    name: str = ""
    address: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A call that answers only that it worked. ``id``: what it was done to, when Meta says so."""

    id: str | None = None


def _nested_id(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("id")
    return id_text(value)


def id_text(value: Any) -> str | None:
    """An id as text, from text or a whole number; ``None`` for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def number(value: Any) -> int | None:
    """A whole number, from a number or its text; ``None`` for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
