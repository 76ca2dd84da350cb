"""What the API's answers hold, as values. Ids are text: they exceed 2^53."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def id_text(value: Any) -> str | None:
    """An id as text; ``None`` for anything that is none. Numbers stay exact."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def number(value: Any) -> int | None:
    """A count, given as a number or as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """``status``: IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED; ``error_message`` is set when it is ERROR."""

    id: str
    status: str
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    id: str
    crossreshare_to_ig_status: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    deleted_id: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A post as read; fields without a value are absent from ``fields``."""

    id: str
    fields: Mapping[str, Any]

    @property
    def permalink(self) -> str | None:
        return id_text(self.fields.get("permalink"))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, with the cursors of its neighbours."""

    items: tuple[Mapping[str, Any], ...]
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class PublishingLimit:
    """Uses and totals of the moving window (seconds); ``None`` where the answer did not say."""

    posts_used: int | None
    posts_total: int | None
    replies_used: int | None
    replies_total: int | None
    deletes_used: int | None
    deletes_total: int | None
    searches_used: int | None
    searches_total: int | None
    window_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Profile:
    id: str
    username: str
    name: str
    picture_url: str | None
    biography: str
    is_verified: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    period: str
    total: float | int | None
    values: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Location:
    id: str
    name: str
    address: str
    fields: Mapping[str, Any]
