"""From a failed call to how its stage ends: decide, write down why."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from treadle.domain import policy
from treadle.domain.cause import Cause, from_pattern
from treadle.domain.fetch_outage import FAILURES, sound_hosts
from treadle.domain.origins import next_origin
from treadle.domain.policy import (
    PATIENT_S,
    REBUILDS,
    Decision,
    Fail,
    RebuildAt,
    RetryAt,
    Situation,
    WaitUntil,
    answerless,
    decide,
)
from treadle.domain.presence import MISSES, MISSES_OVER_S
from treadle.domain.replacing import Evidence as Seen
from treadle.domain.replacing import Verdict, may_replace_container, sent_of, without_container
from treadle.domain.run_state import PartUpdate, PartView, Run
from treadle.domain.scope import key_of
from treadle.engine.calling import NOT_FOUND_YET, UNKNOWN_CONTAINER, Failed, of_the_platform
from treadle.engine.ending import Ending, Finish, Outcome, Park, Snooze
from treadle.engine.worker_context import WorkerContext
from treadle.media.reach import set_up_fault
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_diagnosis.catalog.words import BlockerScope
from treadle_diagnosis.spent import after_budget
from treadle_diagnosis.types import Diagnosis
from treadle_threads.results import Refused

FRESH_CONTAINER_S = MISSES_OVER_S  # a container this young may not be known everywhere at Meta's yet
LOST, LOST_CONTAINERS = "container_lost", 2  # containers of one part after which it is not the container that is lost
TRUSTED_HINTS = 3  # short hints in a row that are believed
MAKES_SURE = "Checks that it is not published before creating a new container."


def never_sent(part: PartView, now: float) -> Verdict:
    """The verdict on a container that nobody asked about: it may be dropped when nothing was ever sent of it."""
    unasked = Seen(now, settle_s=0.0, container="not asked", lists="unreadable")
    return may_replace_container(sent_of(part), unasked)


def drop_or_make_sure(part: PartView, now: float, *, at: float | None = None) -> PartUpdate:
    """Of a part whose container is of no use any more.

    One of which nothing was sent is dropped. After a send it is made sure first that the post is not live: the part is
    looked for as after an unclear publish, and a new container is made, not before ``at``, when that is proven.
    """
    verdict = never_sent(part, now)
    if verdict.decision == "replace":
        return without_container(verdict)
    progress = replace(part.progress, wish="replace", not_before=at if at is not None else now)
    return PartUpdate(intent="sent", state="checking", progress=progress)


def dropped_or_marked(part: PartView, now: float) -> PartUpdate:
    """Of a part that is parked and whose container is of no use: it is looked at once the part goes on."""
    verdict = never_sent(part, now)
    if verdict.decision == "replace":
        return without_container(verdict)
    return PartUpdate(progress=replace(part.progress, wish="replace"))


def host_of(part: PartView) -> str:
    for item in part.media_urls or part.media:
        if host := urlsplit(str(item.get("url") or "")).hostname:
            return host.lower()
    return ""


def call_failed(
    worker: WorkerContext, run: Run, part: PartView, failed: Failed, also: PartUpdate | None = None
) -> Outcome:
    """The outcome of a call that plainly did not do what it should. ``also``: further changes of the part."""
    now, diagnosis = worker.now(), failed.diagnosis
    decision = _decide(worker, run, part, failed, now)
    until = limit_ends(worker, part, failed, diagnosis, now)
    if until is not None and isinstance(decision, RetryAt | RebuildAt) and decision.at < until:
        decision = replace(decision, at=until)
    if failed.situation == "status" and isinstance(failed.failure, Refused) and diagnosis.pattern in UNKNOWN_CONTAINER:
        diagnosis, counted = _not_found_yet(part, diagnosis, rebuilt=isinstance(decision, RebuildAt))
        also = counted.merge(also) if also is not None else counted
    note = replace(failed.note, stage=failed.stage, decision=decision.why)
    outcome = decided(run, part, diagnosis, decision, stage=failed.stage, notes=[note], now=now, also=also)
    if until is not None:
        wait_for_limit(run, outcome.change, Cause(diagnosis), until)
    if diagnosis.lane == "media_fetch" and isinstance(outcome.ending, Snooze | Park):
        _from_elsewhere(worker, part, outcome, now)
    return outcome


def _from_elsewhere(worker: WorkerContext, part: PartView, outcome: Outcome, now: float) -> None:
    """The next container takes its files from another origin, if there is one."""
    verdict = never_sent(part, now)
    if verdict.decision != "replace":
        return
    reachable = set_up_fault(worker.settings) is None
    copied = bool(part.options.get("copy_media")) and any(item.get("url") for item in part.media)
    origin = next_origin(part.progress.origin, part.media_urls or [], reachable=reachable, copied=copied)
    if origin is None:
        return
    update = outcome.change.part(part.position).merge(without_container(verdict))
    update.media_urls, update.children, update.state = None, [], "preparing"
    update.progress = replace(part.progress, origin=origin)
    if origin == "copies" or copied:
        at = outcome.ending.at if isinstance(outcome.ending, Snooze) else now
        files = "copies of the files stored here" if origin == "copies" else "the original URLs"
        outcome.ending = Snooze(at, "retrying", f"Tries again with {files}.")


def _not_found_yet(part: PartView, found: Diagnosis, *, rebuilt: bool) -> tuple[Diagnosis, PartUpdate]:
    """However Threads says it: a container that is not found is one cause, counted for each container."""
    if found.pattern != NOT_FOUND_YET:
        found = replace(from_pattern(NOT_FOUND_YET), raw=found.raw, matched=found.matched)
    tries = {**part.tries, NOT_FOUND_YET: part.tries.get(NOT_FOUND_YET, 0) + 1}
    if rebuilt:
        tries[LOST] = tries.get(LOST, 0) + 1
    return found, PartUpdate(tries=tries)


def wait_for_limit(run: Run, change: Change, cause: Cause, until: float) -> None:
    """Ask nothing for the account before ``until``, nor before what it, or ``change``, waits for already."""
    already = [at for at in (run.account.quota_until, change.account.changes().get("quota_until")) if at is not None]
    change.account.quota_until = max(until, *already) if already else until
    change.account.quota = replace(run.account.quota, cause=cause)


def _decide(worker: WorkerContext, run: Run, part: PartView, failed: Failed, now: float) -> Decision:
    failure, diagnosis, situation = failed.failure, failed.diagnosis, failed.situation
    met = part.tries.get(diagnosis.pattern, 0)
    if not isinstance(failure, Refused) and situation != "publish":
        return answerless(met, now=now, random01=worker.random01(), scale=worker.scale)
    if situation == "status" and diagnosis.pattern in UNKNOWN_CONTAINER:
        return _container_unknown(worker, part, now)
    unknown = situation == "publish" and diagnosis.pattern in UNKNOWN_CONTAINER - {NOT_FOUND_YET}
    if unknown and met < REBUILDS:
        return RebuildAt(now, "Threads does not know the container.")
    if diagnosis.lane == "rate_limit" and isinstance(failure, Refused):
        return _limited(worker, part, failed, diagnosis, now)
    return _by_policy(worker, part, diagnosis, situation, now)


def _by_policy(
    worker: WorkerContext, part: PartView, diagnosis: Diagnosis, situation: Situation, now: float
) -> Decision:
    return decide(diagnosis, situation, part.tries, now=now, random01=worker.random01(), scale=worker.scale)


def _limited(worker: WorkerContext, part: PartView, failed: Failed, diagnosis: Diagnosis, now: float) -> Decision:
    """What a refusal for a limit asks for: the wait it names itself, even if ours would be longer. Met again and again,
    ours counts, and never less than was asked."""
    hint, retry = failed.hint_s, diagnosis.retry
    if hint is None:
        return _by_policy(worker, part, diagnosis, failed.situation, now)
    if part.tries.get(diagnosis.pattern, 0) < TRUSTED_HINTS:
        asked = replace(retry, after_s=max(1.0, hint), hinted=True)
    else:
        asked = replace(retry, hinted=hint >= (retry.after_s or 0.0))
    decision = _by_policy(worker, part, replace(diagnosis, retry=asked), failed.situation, now)
    if isinstance(decision, WaitUntil):
        return replace(decision, at=max(decision.at, now + hint))
    return decision


def limit_ends(worker: WorkerContext, part: PartView, failed: Failed, diagnosis: Diagnosis, now: float) -> float | None:
    """Before when nothing more may be asked for this account (epoch seconds), if the answer says so.

    ``diagnosis``: what the answer means, which for an unclear publish is what it means if nothing was published.
    """
    if diagnosis.lane == "rate_limit" and isinstance(failed.failure, Refused):
        decision = _limited(worker, part, failed, diagnosis, now)
        return decision.at if isinstance(decision, WaitUntil) else None
    hint = failed.hint_s
    return now + hint if hint else None


def _container_unknown(worker: WorkerContext, part: PartView, now: float) -> Decision:
    """Threads does not know the container it made. At first that is lag; what is not found for minutes is lost, and a
    new one costs nothing, as nothing was sent. When new ones are not found either, it is Threads that cannot be read.
    """
    age, met = now - (part.container_made_at or now), part.tries.get(NOT_FOUND_YET, 0)
    young = max(5.0, worker.scaled(FRESH_CONTAINER_S))
    if met + 1 >= MISSES and age >= young and part.tries.get(LOST, 0) < LOST_CONTAINERS:
        return RebuildAt(now, "Threads lost the container.")
    # Pauses grow with the age, so that neither minutes nor a day of it are many calls.
    pause = min(PATIENT_S, max(3.0, 0.5 * age / max(worker.scale, 1e-3)))
    why = "Threads does not know the container yet." if age < young else "Threads cannot read the container."
    return RetryAt(now + max(0.5, worker.scaled(pause)), why)


def decided(
    run: Run,
    part: PartView,
    diagnosis: Diagnosis,
    decision: Decision,
    *,
    stage: str,
    notes: list[Note],
    now: float,
    also: PartUpdate | None = None,
) -> Outcome:
    """Turn a decision into what is written and how the stage ends. ``also``: further changes of the part."""
    if isinstance(decision, Fail) or (isinstance(decision, policy.AwaitRepair) and decision.scope == "post"):
        diagnosis = after_budget(diagnosis)
    cause = Cause(diagnosis)
    tries = {**part.tries, diagnosis.pattern: part.tries.get(diagnosis.pattern, 0) + 1}
    change = Change(notes=notes, outage_at=stage if of_the_platform(diagnosis) else None)
    if diagnosis.pattern in FAILURES and stage != "media":
        change.unfetched = sound_hosts(part.media_urls or [], now)
    update = change.part(part.position).merge(PartUpdate(tries=tries, cause=cause))
    if also is not None:
        update.merge(also)
    change.post.met(cause, decision.why).stage = stage
    ending: Ending
    match decision:
        case RetryAt(at):
            ending = Snooze(at, "retrying", "Tries again.")
        case RebuildAt(at):
            update.merge(drop_or_make_sure(part, now, at=at))
            ending = Snooze(at, "retrying", "Creates a new container and continues.")
            if update.intent == "sent":
                update.unclear_cause = cause
                ending = Snooze(now, "checking", MAKES_SURE)
        case WaitUntil(at):
            change.account.quota_until = at
            change.account.quota = replace(run.account.quota, cause=cause)
            ending = Snooze(at, "waiting", "Continues when the Threads limit allows.")
        case policy.AwaitRepair(scope):
            update.state = "failed"
            ending = Park(*_blocked(scope, run, part), diagnosis, decision.why)
        case Fail():
            update.state = "failed"
            ending = Finish("failed", decision.why)
    return Outcome(change, ending)


def _blocked(scope: BlockerScope, run: Run, part: PartView) -> tuple[BlockerScope, str]:
    """What a cause of this scope blocks: the post alone where the media host is not known."""
    key = key_of(scope, run.reach, host_of(part))
    return (scope, key) if key else ("post", run.post.id)
