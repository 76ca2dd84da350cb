"""A container was refused because Threads does not know the post that it replies to, or quotes: is that post there?

The answer to the create has the same bytes for a post that is seconds old and for one that was deleted. Only reading
it tells the two apart; :func:`treadle.domain.presence.is_gone` says when a read that finds nothing is believed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from treadle.domain.cause import from_pattern
from treadle.domain.policy import AwaitRepair, RetryAt
from treadle.domain.presence import Asked, is_gone, pause_s
from treadle.domain.run_state import PartUpdate, PartView, Run
from treadle.engine.calling import NOT_FOUND_YET, UNKNOWN_CONTAINER, Ask, Failed, call
from treadle.engine.ending import Outcome
from treadle.engine.failing import call_failed, decided
from treadle.engine.live_posts import read_list
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis.types import Diagnosis
from treadle_threads.results import Refused
from treadle_threads.values import Media, Profile

GONE = "reply_target_gone"
NAMES_A_POST = UNKNOWN_CONTAINER | {GONE}
OWN_ONLY = frozenset({"reply_to_invalid", "parameters_not_read"})  # of a post of ours, whose id cannot be wrong
_WHO: Final[Ask[Profile]] = Ask(
    "Check whether the account can read at all",
    "create_container",
    "read",
    lambda client: client.me("id"),
    diagnosed_at="read",
    proves=False,
)
HOURS_S = 6 * 3600.0  # how long a post that can be read may still be unknown to replies


def about_another_post(part: PartView, failed: Failed, reply_to: str | None) -> str | None:
    """The id of the post that a refused create is about; ``None`` when it is about something else."""
    named = reply_to or str(part.options.get("quote_post_id") or "")
    if not named or not isinstance(failed.failure, Refused):
        return None
    own = part.position > 0 and named == reply_to
    pattern = failed.diagnosis.pattern
    return named if pattern in NAMES_A_POST or (own and pattern in OWN_ONLY) else None


def names_what_is_missing(failed: Failed) -> bool:
    """Whether a create was refused because something that it names is not there."""
    return isinstance(failed.failure, Refused) and failed.diagnosis.pattern in NAMES_A_POST


async def ask_account(
    worker: WorkerContext, run: Run, part: PartView, failed: Failed, also: PartUpdate | None = None
) -> Outcome:
    """A create that names no other post, nor items of a carousel, was refused as if it did: what may be missing is the
    account. Dead tokens were answered so. Asks whose the token is, and goes on as that says."""
    asked = await call(worker, run.account, _WHO, part)
    if isinstance(asked, Failed) and not names_what_is_missing(asked):
        outcome = call_failed(worker, run, part, asked, also)
        outcome.change.notes.insert(0, failed.note)
        return outcome
    if isinstance(asked, Failed):
        failed = replace(failed, diagnosis=failed.diagnosed_with(me_ok=False))
    else:
        # Nothing of the post is to blame: it is trouble of Threads' own, and a new container is the same call again.
        lag = _lag(failed)
        failed = replace(failed, diagnosis=replace(lag, retry=replace(lag.retry, then="when_repaired")))
    outcome = call_failed(worker, run, part, failed, also)
    outcome.change.notes.append(asked.note)
    return outcome


async def ask(worker: WorkerContext, run: Run, part: PartView, failed: Failed, named: str) -> Outcome:
    """Read the post that is named, and go on as that says."""
    read: Ask[Media] = Ask(
        "Check whether the post it refers to is there",
        "create_container",
        "read",
        lambda client: client.media(named, fields="id"),
        diagnosed_at="read",
        proves=False,
    )
    asked = await call(worker, run.account, read, part)
    notes = [failed.note, asked.note]
    found: bool | None = True
    others = True
    if isinstance(asked, Failed):
        if asked.stops_reading or asked.hint_s is not None:
            return call_failed(worker, run, part, asked)
        unknown = isinstance(asked.failure, Refused) and asked.diagnosis.pattern in UNKNOWN_CONTAINER
        found = False if unknown else None
        if unknown:
            found, others, more = await _elsewhere(worker, run, part, named)
            notes += more
    now, parent = worker.now(), _own(run, part, named)
    before = part.progress
    first = before.named_missed_at if before.named_misses else now
    misses = before.named_misses + 1 if found is False and others else 0 if found else before.named_misses
    progress = replace(
        before, named_asked=before.named_asked + 1, named_misses=misses, named_missed_at=first if misses else None
    )
    verdict = is_gone(
        Asked(
            now=now,
            found=found,
            others_read=others,
            misses=misses,
            first_miss_at=progress.named_missed_at,
            published_at=parent.published_at if parent is not None else None,
            scale=worker.scale,
        )
    )
    began = run.post.due_at if parent is None else parent.published_at or now
    also = PartUpdate(progress=progress, tries=part.tries)  # what is counted here is not counted as a try
    if verdict in ("gone", "gone or unreadable"):
        diagnosis = _gone(failed, sure=verdict == "gone")
        decision: AwaitRepair | RetryAt = AwaitRepair("post", diagnosis.what_happened)
    elif verdict == "there" and now - began > max(5.0, worker.scaled(HOURS_S)) and before.named_asked:
        diagnosis = _gone(failed, sure=False)
        decision = AwaitRepair("post", "The post it refers to can be read, but Threads refuses posts that refer to it.")
    else:
        why = (
            "The post it refers to is on Threads, but isn't available everywhere there yet."
            if verdict == "there"
            else "Threads doesn't show the post it refers to. It may be too new, so Treadle asks again."
        )
        diagnosis = _lag(failed)
        decision = RetryAt(now + max(0.5, worker.scaled(pause_s(before.named_asked))), why)
    notes[0] = replace(notes[0], decision=decision.why)
    return decided(run, part, diagnosis, decision, stage="create_container", notes=notes, now=now, also=also)


async def _elsewhere(
    worker: WorkerContext, run: Run, part: PartView, named: str
) -> tuple[bool | None, bool, list[Note]]:
    """Whether it is found in another way, whether another read works, and the notes of it.

    A post of the account's own is looked for in its list, which shows what a read of the id alone may not.
    """
    parent = _own(run, part, named)
    if parent is not None:
        what = "Look for it among the account's posts"
        listed = await read_list(
            worker, run.account, parent, what, stage="create_container", since=parent.intent_first_at
        )
        if any(str(item.get("id")) == named for item in listed.items):
            return True, True, listed.notes
        return False, listed.failed is None and listed.whole, listed.notes
    asked = await call(worker, run.account, _WHO, part)
    return False, not isinstance(asked, Failed), [asked.note]


def _own(run: Run, part: PartView, named: str) -> PartView | None:
    """The part of the same post that is named."""
    return next((other for other in run.post.parts[: part.position] if other.threads_id == named), None)


def _lag(failed: Failed) -> Diagnosis:
    return replace(from_pattern(NOT_FOUND_YET), raw=failed.diagnosis.raw, matched=failed.diagnosis.matched)


def _gone(failed: Failed, *, sure: bool) -> Diagnosis:
    found = replace(from_pattern(GONE), raw=failed.diagnosis.raw, matched=failed.diagnosis.matched)
    if sure:
        return found
    what = "The post this one refers to was deleted, or this account can't see it. Threads doesn't say which."
    return replace(found, confidence="likely", what_happened=what)
