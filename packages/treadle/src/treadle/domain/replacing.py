"""Whether a part's container may be replaced by a new one, or sent once more. Pure: evidence in, a verdict out.

Dropping a container and making another is a second send: if the first one is live after all, the post is live twice.
So every path that drops a container asks :func:`may_replace_container`, and only :func:`without_container` forgets one.

Assumed, and said in ``docs/exactly-once.md``: Meta publishes a container at most once; within the settle time the
container's status or the account's lists show that it was published; ``ERROR`` and ``EXPIRED`` exclude that it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from treadle.domain.progress import Content, Wish
from treadle.domain.run_state import PartUpdate, PartView

FINISHED_TWICE = 2  # readings of FINISHED after the settle time, with lists that do not show the post
MISSES = 2  # readings of the lists without a match after the settle time, while the container cannot be read ...
MISSES_APART_S = 60.0  # ... the first and the last of them at least so far apart
COUNTS_AS_EXPIRED_S = 26 * 3600.0  # an unpublished container lives 24 hours; with a margin for clocks

Container = Literal["PUBLISHED", "FINISHED", "IN_PROGRESS", "ERROR", "EXPIRED", "unreadable", "not asked"]
Lists = Literal["match", "no match", "unreadable"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of the sends of a part's container.

    ``written``: the bytes of a ``threads_publish`` were written, or nobody knows that they were not. ``all_clear``:
    every answer so far said plainly that nothing was published. Times in epoch seconds.
    """

    written: bool
    all_clear: bool
    last_at: float | None
    made_at: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen. ``candidates`` are new entries of the lists that fit the part, ``rivals`` other unsettled parts
    that they would fit as well. ``finished`` counts readings of ``FINISHED`` (or ``IN_PROGRESS``) after the settle
    time beside lists without a match, this one included; ``misses`` readings of such lists, over ``misses_span_s``.
    ``noted``: the lists were noted before the first send, so that an old entry cannot be taken for the part.
    ``in_time``: the candidates are not so young that no send can have made them.
    """

    now: float
    settle_s: float
    container: Container
    lists: Lists
    candidates: int = 0
    rivals: int = 0
    finished: int = 0
    misses: int = 0
    misses_span_s: float = 0.0
    noted: bool = True
    in_time: bool = True
    confirmed_absent: bool = False  # a person looked at the profile and says that it is not there
    apart_s: float = MISSES_APART_S
    life_s: float = COUNTS_AS_EXPIRED_S


Decision = Literal["replace", "keep looking", "send again", "live", "ask a person"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``live_is_listed``: live because of one entry of the lists, which is then the post."""

    decision: Decision
    why: str
    live_is_listed: bool = False


def sent_of(part: PartView) -> Sent:
    """What the part itself remembers of its container's sends."""
    written = part.sends > 0 or part.unclear or part.intent == "sent"
    return Sent(written, not part.unclear, part.intent_at if written else None, part.container_made_at)


def as_sent(part: PartView) -> PartView:
    """The part as it was when it was sent: it may have been changed since a refusal."""
    was = part.progress.was
    return part.but(kind=was.kind, body=was.body, is_reply=was.is_reply) if was is not None else part


def restored(part: PartView) -> PartUpdate:
    """Of a part that turns out to be live as it was sent, although it was changed since: what was sent."""
    was: Content | None = part.progress.was
    return PartUpdate() if was is None else PartUpdate(kind=was.kind, body=was.body, is_reply=was.is_reply)


def may_replace_container(sent: Sent, evidence: Evidence, wish: Wish = "replace") -> Verdict:
    """What may be done with a container, by the table of ``docs/exactly-once.md``, row by row.

    ``wish`` says what the caller is after where the evidence allows either: the same container once more, or a new one.
    """
    e = evidence
    if e.container == "PUBLISHED":
        return Verdict("live", "The container says that it was published.")
    if e.confirmed_absent:
        return Verdict("replace", "Someone checked and confirmed that it isn't there.")
    if not sent.written:
        return Verdict("replace", "This container was never sent for publishing.")
    settled = sent.last_at is not None and e.now - sent.last_at >= e.settle_s
    if e.lists == "match":
        return _matched(sent, e, settled)
    if e.container in ("ERROR", "EXPIRED"):
        return Verdict("replace", f"The container says {e.container}: it was not published and never will be.")
    if e.container in ("unreadable", "not asked"):
        return _unreadable(sent, e, settled)
    return _waiting_to_be_published(sent, e, settled, wish)


def _matched(sent: Sent, e: Evidence, settled: bool) -> Verdict:
    """Somebody may have posted the same by hand: before the first send, if the lists were not noted then, or long after
    the last one. What a dead container leaves open of that, no further look decides."""
    if settled and e.candidates == 1 and e.rivals == 0 and e.noted and e.in_time:
        return Verdict("live", "Exactly one new post on the account matches this one.", True)
    dead = e.container in ("ERROR", "EXPIRED") or (e.container != "FINISHED" and _over(sent, e))
    if settled and dead and e.rivals == 0:
        return Verdict("ask a person", "The account has an identical post, but nothing shows that it is this one.")
    return Verdict("keep looking", "The account has a post that may be this one.")


def _over(sent: Sent, e: Evidence) -> bool:
    return sent.made_at is not None and e.now - sent.made_at > e.life_s


def _unreadable(sent: Sent, e: Evidence, settled: bool) -> Verdict:
    over = _over(sent, e)
    if e.lists == "unreadable":
        if over:
            return Verdict("ask a person", "Neither the container nor the account's posts can be read.")
        return Verdict("keep looking", "Neither the container nor the account's posts could be read.")
    if over and settled:
        return Verdict(
            "replace", "The container has expired and can't be read, and the account's posts don't include it."
        )
    if not settled:
        return Verdict("keep looking", "Threads may still need time to show it.")
    if not sent.all_clear:
        return Verdict("keep looking", "The container can't be read, and an answer left open whether it was published.")
    if e.misses >= MISSES and e.misses_span_s >= e.apart_s:
        return Verdict(
            "replace", "Threads lost the container, refused every attempt to publish it, and doesn't show the post."
        )
    return Verdict("keep looking", "The container can't be read. Treadle reads the account's posts once more.")


def _waiting_to_be_published(sent: Sent, e: Evidence, settled: bool, wish: Wish) -> Verdict:
    ready = e.container == "FINISHED"
    if settled and e.lists == "no match" and e.finished >= FINISHED_TWICE:
        if wish == "replace" or not ready:
            return Verdict(
                "replace", "Threads had time to show it, but the container is unpublished and the post isn't there."
            )
        return Verdict(
            "send again", "Threads had time to show it, but the container is unpublished and the post isn't there."
        )
    if wish == "send again" and ready and sent.all_clear:
        return Verdict("send again", "Threads clearly refused every attempt to publish this container.")
    if e.lists == "unreadable":
        return Verdict(
            "keep looking", "The account's posts couldn't be read, so nothing shows that it isn't published."
        )
    if not settled:
        return Verdict("keep looking", "Threads may still need time to show it.")
    return Verdict("keep looking", "Treadle reads the container and the account's posts once more later.")


def without_container(verdict: Verdict) -> PartUpdate:
    """Of a part whose container is dropped: with it goes everything that was known of its sends."""
    if verdict.decision != "replace":
        raise ValueError(f"a container must not be dropped: {verdict.why}")
    return PartUpdate(
        container_id=None,
        container_made_at=None,
        container_status=None,
        polls=0,
        children=[],
        state="pending",
        intent="none",
        intent_at=None,
        intent_first_at=None,
        sends=0,
        unclear=False,
        unclear_cause=None,
        seen_before=None,
    )
