"""From a whole answer to a typed value; ``None`` when the answer is not what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from treadle_threads.values import (
    Acknowledged,
    ContainerStatus,
    Location,
    Media,
    Metric,
    Page,
    Profile,
    Published,
    PublishingLimit,
    id_text,
    number,
)


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
