"""What an outgoing webhook carries: the models build the body that is sent, and the API's document shows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from treadle.domain.times import iso
from treadle.store.posts_read import PostOutcome


class _Payload(BaseModel):
    """Later versions may add fields, so readers must not refuse those they do not know."""

    model_config = ConfigDict(extra="allow", frozen=True)


class PartSent(_Payload):
    position: int = Field(description="0 for the post itself, then its replies in order.")
    threads_id: str | None = Field(description="Id of the live post on Threads.")
    permalink: str | None = Field(description="Address of the live post on Threads.")


class CauseSent(_Payload):
    """A diagnosis in few words."""

    pattern: str | None = Field(description="Id of the pattern; 'unknown': none matched.")
    title: str | None
    lane: str | None
    action: str | None
    who: str | None = Field(description="Who must act: owner, developer, operator, meta or nobody.")
    what_happened: str | None
    next_step: str | None
    guide: str | None = Field(description="Path of the guide page.")


class EventData(_Payload):
    """What the event is about: the fields of its change."""


class PostEventData(EventData):
    """Of an event of a post: also how the post is now."""

    metadata: dict[str, Any] = Field(description="As sent.")
    parts: list[PartSent]
    cause: CauseSent | None = Field(description="Why the post is not live; null: nothing is wrong.")


class WebhookPayload(_Payload):
    """The body of a delivery, after Standard Webhooks."""

    type: str = Field(description="Such as post.published.")
    timestamp: str | None = Field(description="When it happened: ISO 8601 in UTC.")
    data: PostEventData | EventData

    def to_text(self) -> str:
        """The bytes that are signed and sent, as text."""
        return self.model_dump_json(exclude_unset=True)


def webhook_payload(name: str, data: Mapping[str, Any], outcome: PostOutcome | None, *, at: float) -> WebhookPayload:
    """``outcome``: of the post that the event is about; ``at``: epoch seconds."""
    about = EventData(**data)
    if outcome is not None:
        cause = outcome.cause or {}
        now = {
            "metadata": outcome.metadata or {},
            "parts": [PartSent(**dataclasses.asdict(part)) for part in outcome.parts],
            "cause": CauseSent(**{field: cause.get(field) for field in CauseSent.model_fields}) if cause else None,
        }
        about = PostEventData(**{**data, **now})
    return WebhookPayload(type=name, timestamp=iso(at), data=about)
