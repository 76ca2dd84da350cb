"""What Threads answers, typed. Ids are text even where Meta sends numbers (they exceed 2^53)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


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


# ---------------------------------------------------------------- from a whole answer; None: not what was asked for


def created(body: Mapping[str, Any]) -> str | None:
    return id_text(body.get("id"))


def published(body: Mapping[str, Any]) -> Published | None:
    found = id_text(body.get("id"))
    if found is None:
        return None
    return Published(found, crossreshare(body))


def crossreshare(body: Any) -> str | None:
    """What the answer to create or publish says of sharing to Instagram: sources disagree which of them has it."""
    shared = body.get("crossreshare_to_ig_status") if isinstance(body, Mapping) else None
    return shared if isinstance(shared, str) else None


def container(body: Mapping[str, Any]) -> ContainerStatus | None:
    status = body.get("status")
    if not isinstance(status, str) or not status:
        return None
    message = body.get("error_message")
    return ContainerStatus(id_text(body.get("id")) or "", status, message if isinstance(message, str) else None)


def media(body: Mapping[str, Any]) -> Media | None:
    found = id_text(body.get("id"))
    return Media(found, body) if found else None


def page(body: Mapping[str, Any]) -> Page | None:
    data = body.get("data")
    if not isinstance(data, list):
        return None
    paging = body.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, Mapping) else None
    cursors = cursors if isinstance(cursors, Mapping) else {}
    after, before = cursors.get("after"), cursors.get("before")
    if not after and isinstance(paging, Mapping):
        after = _cursor(paging.get("next"), "after")
    return Page(
        tuple(item for item in data if isinstance(item, Mapping)),
        after if isinstance(after, str) and after else None,
        before if isinstance(before, str) and before else None,
    )


def _cursor(address: Any, name: str) -> str | None:
    """A cursor out of the address of the next page, which some answers name instead."""
    if not isinstance(address, str):
        return None
    try:
        found = parse_qs(urlsplit(address).query).get(name)
    except ValueError:
        return None
    return found[0] if found else None


def profile(body: Mapping[str, Any]) -> Profile | None:
    found = id_text(body.get("id"))
    if found is None:
        return None

    def text(name: str) -> str:
        value = body.get(name)
        return value if isinstance(value, str) else ""

    return Profile(
        found,
        text("username"),
        text("name"),
        text("threads_profile_picture_url") or None,
        text("threads_biography"),
        body.get("is_verified") is True,
        body,
    )


def publishing_limit(body: Mapping[str, Any]) -> PublishingLimit | None:
    data = body.get("data")
    row = data[0] if isinstance(data, list) and data and isinstance(data[0], Mapping) else None
    if row is None:
        return None

    def total(name: str) -> int | None:
        config = row.get(name)
        return number(config.get("quota_total")) if isinstance(config, Mapping) else None

    config = row.get("config")
    window = number(config.get("quota_duration")) if isinstance(config, Mapping) else None
    return PublishingLimit(
        posts_used=number(row.get("quota_usage")),
        posts_total=total("config"),
        replies_used=number(row.get("reply_quota_usage")),
        replies_total=total("reply_config"),
        deletes_used=number(row.get("delete_quota_usage")),
        deletes_total=total("delete_config"),
        searches_used=number(row.get("location_search_quota_usage")),
        searches_total=total("location_search_config"),
        window_s=window or 86_400,
    )


def metrics(body: Mapping[str, Any]) -> tuple[Metric, ...] | None:
    data = body.get("data")
    if not isinstance(data, list):
        return None
    return tuple(_metric(item) for item in data if isinstance(item, Mapping))


def _metric(item: Mapping[str, Any]) -> Metric:
    whole = item.get("total_value")
    listed = item.get("values") or item.get("link_total_values") or []
    values = tuple(v for v in listed if isinstance(v, Mapping)) if isinstance(listed, list) else ()
    total = whole.get("value") if isinstance(whole, Mapping) else None
    if total is None and len(values) == 1:
        total = values[0].get("value")
    known = isinstance(total, int | float) and not isinstance(total, bool)
    return Metric(str(item.get("name", "")), str(item.get("period", "")), total if known else None, values)


def locations(body: Mapping[str, Any]) -> tuple[Location, ...] | None:
    data = body.get("data")
    if not isinstance(data, list):
        return None
    rows = [(id_text(item.get("id")), item) for item in data if isinstance(item, Mapping)]
    return tuple(
        Location(found, str(item.get("name") or ""), str(item.get("address") or ""), item)
        for found, item in rows
        if found
    )


def done(body: Mapping[str, Any]) -> Acknowledged | None:
    if body.get("success") is False:
        return None
    if body.get("success") is True or "deleted_id" in body:
        return Acknowledged(id_text(body.get("deleted_id")))
    return None
