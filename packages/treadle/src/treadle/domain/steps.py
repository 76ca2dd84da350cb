"""What a post's run does next. Pure: the post as it stands in, one step out.

The whole order of publishing is in :func:`next_step`. A run that is interrupted anywhere reads the post again, asks
again, and goes on; no other place decides the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from treadle.domain.live_equals import is_detached
from treadle.domain.replacing import sent_of
from treadle.domain.run_state import PartView, PostView, start_of


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
class Compare:
    """Read what is live and compare it with what was asked. ``root``: id of the chain's first post, where known."""

    part: PartView
    parent: str | None
    root: str | None


@dataclass(frozen=True, slots=True)
class Detached:
    """The part is live, and not as the reply it should be: what follows it waits for its owner's decision."""

    part: PartView


@dataclass(frozen=True, slots=True)
class Wait:
    """``state``: of the post until then."""

    until: float
    what: str
    state: str = "scheduled"


@dataclass(frozen=True, slots=True)
class Complete:
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
    | Compare
    | Detached
    | Wait
    | Complete
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
    Compare: "verify",
    Detached: "verify",
    Wait: "publish",
    Complete: "done",
}

FIND_ID_TRIES = 12
# A video reply that was published at once stood alone; some forty seconds after its container was made it did not
# (seen by others, April 2026).
VIDEO_REPLY_S = 40.0


def next_step(post: PostView, now: float, *, video_reply_s: float = VIDEO_REPLY_S) -> Step:
    """The step that brings ``post`` forward, judged by its parts alone.

    Parts go out one after the other, each as a reply to the one before. Permalinks are read once all are out: a reader
    waits for the chain, not for its addresses. Nothing is put below a part before it is known that the part is where it
    belongs; the last one is compared once its address is known. ``video_reply_s``: how old the container of a video
    must be before it is published as a reply.
    """
    parent: str | None = None
    reply_to: str | None = None
    for index, part in enumerate(post.parts):
        reply_to = parent if index else (str(part.options.get("reply_to_id") or "") or None)
        if part.published_at is None:
            return _towards_publish(post, part, reply_to, now, video_reply_s)
        last = index == len(post.parts) - 1
        if part.threads_id is None and (not last or part.progress.find_tries < FIND_ID_TRIES):
            return FindId(part, reply_to, needed=not last)
        if not last:
            check = part.progress.live
            if check is None or not check.over:
                return _compare(post, part, reply_to, now)
            if is_detached(check) and not part.progress.below_root:
                return Detached(part)
        parent = post.parts[0].threads_id if part.progress.below_root else part.threads_id
    for part in post.parts:
        if part.threads_id is not None and part.permalink is None and not part.progress.permalink_given_up:
            return Verify(part)
    tail = post.parts[-1]
    if (
        tail.permalink is not None
        and tail.threads_id is not None
        and (tail.progress.live is None or not tail.progress.live.over)
    ):
        return _compare(post, tail, reply_to, now)
    return Complete()


def _compare(post: PostView, part: PartView, reply_to: str | None, now: float) -> Step:
    check = part.progress.live
    if check is not None and now < check.next_at:
        return Wait(check.next_at, "Published. Reads once more what Threads shows.", "publishing")
    first = post.parts[0]
    root = first.threads_id if part is not first and not first.options.get("reply_to_id") else None
    return Compare(part, reply_to, root)


def _towards_publish(post: PostView, part: PartView, reply_to: str | None, now: float, video_reply_s: float) -> Step:
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
    if reply_to is not None and part.kind == "VIDEO" and part.container_made_at is not None:
        at = part.container_made_at + video_reply_s
        if now < at:
            return Wait(
                at, "Ready. Waits a moment: Threads detaches video replies that are published too soon.", "publishing"
            )
    return Publish(part, reply_to)
