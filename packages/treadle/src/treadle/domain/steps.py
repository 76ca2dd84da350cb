"""What a post's run does next. Pure: the post as it stands in, one step out.

The whole order of publishing is in :func:`next_step`. A run that is interrupted anywhere reads the post again, asks
again, and goes on; no other place decides the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from treadle.domain.replacing import sent_of
from treadle.domain.view import PartView, PostView, start_of


@dataclass(frozen=True, slots=True)
class PrepareMedia:
    part: PartView


@dataclass(frozen=True, slots=True)
class CreateChildren:
    """Make the carousel's child containers that are missing, all at once."""

    part: PartView
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PollChildren:
    part: PartView
    unfinished: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CreateContainer:
    part: PartView
    reply_to: str | None


@dataclass(frozen=True, slots=True)
class PollContainer:
    part: PartView


@dataclass(frozen=True, slots=True)
class ReadLimit:
    """Threads' limit seems to be used up: read it, before anything is made for a post that may have to wait."""

    part: PartView


@dataclass(frozen=True, slots=True)
class Publish:
    part: PartView
    reply_to: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """A publish was sent and nobody knows what came of it: look, do not send.

    Also before a container is replaced of which a publish was sent, even if that was refused: the refusal may be wrong.
    """

    part: PartView
    parent: str | None


@dataclass(frozen=True, slots=True)
class LookBefore:
    """The database was restored from a backup: what was due since may be out already."""

    part: PartView
    parent: str | None


@dataclass(frozen=True, slots=True)
class FindId:
    """It is live, and which of the account's posts it is is not known yet."""

    part: PartView
    parent: str | None
    needed: bool  # a following reply cannot be made without it


@dataclass(frozen=True, slots=True)
class Verify:
    """Read the permalink of what was published."""

    part: PartView


@dataclass(frozen=True, slots=True)
class Wait:
    until: float
    what: str


@dataclass(frozen=True, slots=True)
class Done:
    pass


Step: TypeAlias = (
    PrepareMedia
    | CreateChildren
    | PollChildren
    | CreateContainer
    | PollContainer
    | ReadLimit
    | Publish
    | Check
    | LookBefore
    | FindId
    | Verify
    | Wait
    | Done
)

STAGE_OF: dict[type, str] = {
    PrepareMedia: "media",
    CreateChildren: "create_container",
    PollChildren: "container_status",
    CreateContainer: "create_container",
    PollContainer: "container_status",
    Publish: "publish",
    Check: "verify",
    LookBefore: "verify",
    FindId: "verify",
    Verify: "verify",
    Wait: "publish",
    Done: "done",
}

FIND_ID_TRIES = 12


def next_step(post: PostView, now: float) -> Step:
    """The step that brings ``post`` forward, judged by its parts alone.

    Parts go out one after the other, each as a reply to the one before. Permalinks are read once all are out: a reader
    waits for the chain, not for its addresses.
    """
    parent: str | None = None
    for index, part in enumerate(post.parts):
        reply_to = parent if index else (str(part.options.get("reply_to_id") or "") or None)
        if part.published_at is None:
            return _towards_publish(post, part, reply_to, now)
        last = index == len(post.parts) - 1
        if part.threads_id is None and (not last or part.progress.find_tries < FIND_ID_TRIES):
            return FindId(part, reply_to, needed=not last)
        parent = part.threads_id
    for part in post.parts:
        if part.threads_id is not None and part.permalink is None and not part.progress.permalink_given_up:
            return Verify(part)
    return Done()


def _towards_publish(post: PostView, part: PartView, reply_to: str | None, now: float) -> Step:
    if part.intent == "sent":
        return Check(part, reply_to)
    if part.progress.restored is not None:
        return LookBefore(part, reply_to)
    if part.media and part.media_urls is None:
        return PrepareMedia(part)
    if post.publish_at is not None and part.position == 0 and part.container_id is None and not part.children:
        start = start_of(post.publish_at, part.kind, post.created_at)
        if now < start:
            return Wait(start, "Publishes at the scheduled time.")
    if part.kind == "CAROUSEL" and part.container_id is None:
        urls = part.media_urls or []
        missing = tuple(i for i in range(len(urls)) if i >= len(part.children) or not part.children[i].get("id"))
        if missing:
            return CreateChildren(part, missing)
        unfinished = tuple(i for i, child in enumerate(part.children) if child.get("status") != "FINISHED")
        if unfinished:
            return PollChildren(part, unfinished)
    of_no_use = part.container_expired(now) or part.progress.wish == "replace"
    if part.container_id is not None and of_no_use and sent_of(part).written:
        return Check(part, reply_to)
    if part.container_id is None or part.container_expired(now):
        return CreateContainer(part, reply_to)
    if part.container_status != "FINISHED":
        return PollContainer(part)
    if post.publish_at is not None and now < post.publish_at and part.position == 0:
        return Wait(post.publish_at, "Ready. Publishes at the scheduled time.")
    return Publish(part, reply_to)
