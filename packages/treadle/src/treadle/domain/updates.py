"""What a run wants changed of a post, of its parts and of its account. Pure; ``store/runs.py`` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, Self, TypeAlias, TypeVar, dataclass_transform

from treadle.domain.cause import Cause
from treadle.domain.progress import PartProgress
from treadle.domain.quota import Quota

T = TypeVar("T")


class Unset(Enum):
    """The value of a field that stays as it is."""

    UNSET = "unset"


UNSET: Literal[Unset.UNSET] = Unset.UNSET
Maybe: TypeAlias = T | Literal[Unset.UNSET]


@dataclass_transform(kw_only_default=True)
class Update:
    """Fields that change; the others are :data:`UNSET`. An update holds only what was set: it has up to two dozen
    fields, and a run makes some thirty of them of which each sets two or three."""

    def __init__(self, **changes: Any) -> None:
        assert all(hasattr(type(self), name) for name in changes), changes
        self.__dict__.update(changes)

    def changes(self) -> dict[str, Any]:
        """The fields that change, by name."""
        return {name: value for name, value in self.__dict__.items() if value is not UNSET}

    def merge(self, other: Self) -> Self:
        """Change also what ``other`` changes; where both do, as ``other`` does."""
        for name, value in other.changes().items():
            setattr(self, name, value)
        return self


class PostUpdate(Update):
    """Of a post. The cause is set by :meth:`met` and :meth:`calm`, so that cause and reason go together."""

    state: Maybe[str] = UNSET
    stage: Maybe[str] = UNSET
    cause: Maybe[Cause | None] = UNSET
    why: Maybe[str | None] = UNSET
    next_what: Maybe[str | None] = UNSET
    next_at: Maybe[float | None] = UNSET
    seq: Maybe[int] = UNSET
    published_at: Maybe[float | None] = UNSET

    def met(self, cause: Cause | None, why: str) -> Self:
        """Why the post is not published, and in one sentence what follows."""
        self.cause, self.why = cause, why
        return self

    def calm(self) -> Self:
        """Nothing is wrong any more: the last failure's cause is history."""
        self.cause = self.why = None
        return self

    @property
    def met_now(self) -> Cause | None:
        """The cause that this update sets, if it sets one."""
        return None if self.cause is UNSET else self.cause


class PartUpdate(Update):
    """Of a part."""

    state: Maybe[str] = UNSET
    kind: Maybe[str] = UNSET
    is_reply: Maybe[bool] = UNSET
    body: Maybe[Mapping[str, Any]] = UNSET
    media_urls: Maybe[list[dict[str, Any]] | None] = UNSET
    children: Maybe[list[dict[str, Any]]] = UNSET
    container_id: Maybe[str | None] = UNSET
    container_made_at: Maybe[float | None] = UNSET
    container_status: Maybe[str | None] = UNSET
    polls: Maybe[int] = UNSET
    intent: Maybe[Literal["none", "sent"]] = UNSET
    intent_first_at: Maybe[float | None] = UNSET
    intent_at: Maybe[float | None] = UNSET
    intent_worker: Maybe[str | None] = UNSET
    sends: Maybe[int] = UNSET
    unclear: Maybe[bool] = UNSET
    unclear_cause: Maybe[Cause | None] = UNSET
    seen_before: Maybe[list[str] | None] = UNSET
    progress: Maybe[PartProgress] = UNSET
    tries: Maybe[Mapping[str, int]] = UNSET
    threads_id: Maybe[str | None] = UNSET
    permalink: Maybe[str | None] = UNSET
    published_at: Maybe[float | None] = UNSET
    cause: Maybe[Cause | None] = UNSET


class AccountUpdate(Update):
    """Of the account. ``quota_until``: nothing is asked for it before then (epoch seconds)."""

    quota: Maybe[Quota] = UNSET
    quota_until: Maybe[float | None] = UNSET
    learned: Maybe[Mapping[str, Any]] = UNSET
