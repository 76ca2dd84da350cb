"""What an outgoing webhook carries: the models build the body that is sent, and the API's document shows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from treadle.domain.times import iso
from treadle.store.posts_read import PostOutcome


def _as_text(at: Any) -> Any:
    """A time that version 0.1 stored as seconds since 1970."""
    return iso(at) if isinstance(at, int | float) else at


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
    """Of an event of a post: what changed, and how the post is now."""

    post_id: str = Field(description="pst_ and 26 characters.")
    account_id: str | None = Field(None, description="acc_ and 26 characters.")
    state: str | None = Field(None, description="The state it entered; see the states of a post.")
    pattern: str | None = Field(None, description="Id of the pattern of what went wrong; null: nothing did.")
    next: dict[str, Any] | None = Field(None, description="What happens next, and when: 'what' and 'at'.")
    part: int | None = Field(None, description="post.differs: position of the part; 0 is the post itself.")
    threads_id: str | None = Field(None, description="post.differs: id of the live post on Threads.")
    differs: list[dict[str, Any]] | None = Field(
        None, description="What is live otherwise than asked: 'field', 'asked' and 'live' of each."
    )
    due_at: Annotated[str | None, BeforeValidator(_as_text)] = Field(
        None, description="post.at_risk: when it is due, ISO 8601 in UTC."
    )
    why: str | None = Field(None, description="post.at_risk: what it would run into.")
    blocker_id: str | None = Field(None, description="post.at_risk: the blocker it would wait behind.")
    metadata: dict[str, Any] = Field(description="As sent.")
    parts: list[PartSent] = Field(description="The post itself, then its replies.")
    cause: CauseSent | None = Field(description="Why the post is not live; null: nothing is wrong.")


class AccountEventData(EventData):
    """Of an event of an account."""

    account_id: str = Field(description="acc_ and 26 characters.")
    username: str | None = Field(None, description="Without @.")
    threads_user_id: str | None = Field(None, description="Id of the profile on Threads.")
    health: str | None = Field(None, description="What the account is now.")
    before: str | None = Field(None, description="What it was before.")
    what: str | None = Field(None, description="What 'health' means, in plain words.")
    pattern: str | None = Field(None, description="Id of the pattern of what went wrong.")
    next_step: str | None = Field(None, description="The next step in plain words.")
    ends_at: str | None = Field(None, description="When the trouble is expected to end: ISO 8601 in UTC.")
    released: int | None = Field(None, description="Connected or reconnected: posts that go on with it.")


class BlockerEventData(EventData):
    """Of an event of a cause that holds posts back; also of trouble of Threads as a whole."""

    blocker_id: str = Field(description="blk_ and 26 characters.")
    scope: str = Field(description="What it holds: post, account, app, media_host or platform.")
    key: str = Field(description="Which of these: an id, a host, or the name of the platform.")
    pattern: str = Field(description="Id of the pattern.")
    action: str | None = Field(None, description="blocker.opened: what has to be done.")
    by: str | None = Field(None, description="blocker.repaired: who or what showed that it is repaired.")


class WebhookEventData(EventData):
    """Of an event of another webhook of the workspace."""

    webhook_id: str = Field(description="whk_ and 26 characters.")
    why: str = Field(description="What went wrong with it.")
    what_now: str = Field(description="What has to be done.")


class ThreadsEventData(EventData):
    """Of something that Threads told about an account."""

    account_id: str = Field(description="acc_ and 26 characters.")
    field: str = Field(description="The field of Meta's message, such as replies.")
    value: Any = Field(description="What Meta sent, secrets removed; at most 8,000 characters.")


# The model of an event's data, by the first word of its name.
EVENT_DATA: Final[Mapping[str, type[EventData]]] = {
    "post": PostEventData,
    "account": AccountEventData,
    "blocker": BlockerEventData,
    "platform": BlockerEventData,
    "webhook": WebhookEventData,
    "threads": ThreadsEventData,
}


class WebhookPayload(_Payload):
    """The body of a delivery, after Standard Webhooks."""

    type: str = Field(description="Such as post.published.")
    timestamp: str | None = Field(description="When it happened: ISO 8601 in UTC.")
    data: PostEventData | EventData
    id: int | None = Field(
        None, description="The event's number: GET /v1/events/{id} gives it again for 14 days. Absent: a test."
    )
    subject: str | None = Field(None, description="Id of what the event is about.")
    at: str | None = Field(None, description="The same as 'timestamp'.")

    def to_text(self) -> str:
        """The bytes that are signed and sent, as text."""
        return self.model_dump_json(exclude_unset=True)


def event_data(data: Mapping[str, Any], outcome: PostOutcome | None) -> EventData:
    """What an event says: the fields of its change, and how the post that it is about is now (``outcome``)."""
    if outcome is None:
        return EventData(**data)
    cause = outcome.cause or {}
    now = {
        "metadata": outcome.metadata or {},
        "parts": [PartSent(**dataclasses.asdict(part)) for part in outcome.parts],
        "cause": CauseSent(**{field: cause.get(field) for field in CauseSent.model_fields}) if cause else None,
    }
    return PostEventData(**{**data, **now})


def webhook_payload(
    name: str,
    data: Mapping[str, Any],
    outcome: PostOutcome | None,
    *,
    at: float,
    change_id: int | None = None,
    subject: str | None = None,
) -> WebhookPayload:
    """``outcome``: of the post that the event is about; ``at``: epoch seconds. Without ``change_id`` it is a test."""
    known: dict[str, Any] = {} if change_id is None else {"id": change_id, "subject": subject, "at": iso(at)}
    return WebhookPayload(type=name, timestamp=iso(at), data=event_data(data, outcome), **known)
