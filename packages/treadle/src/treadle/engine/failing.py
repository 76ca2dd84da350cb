"""From a failed call to how its stage ends: diagnose, decide, write down why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from treadle.domain import policy
from treadle.domain.policy import (
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
from treadle.domain.replacing import Evidence as Seen
from treadle.domain.replacing import Verdict, may_replace_container, sent_of, without_container
from treadle.domain.scope import key_of
from treadle.domain.view import PartView
from treadle.engine.ending import Ending, Finish, Outcome, Park, Snooze
from treadle.engine.evidence import context_of, note_of, understood
from treadle.engine.records import Change, Run, reach_of
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence, from_pattern
from treadle_diagnosis.catalog.words import BlockerScope
from treadle_diagnosis.retry import hinted_wait_s
from treadle_diagnosis.types import Diagnosis
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Failure, NotSent, Refused

FRESH_CONTAINER_S = 60.0  # nor may a container this young
NOT_FOUND_YET = "container_not_found"  # counted for each container: lag at first, then it is lost
UNKNOWN_CONTAINER = frozenset({"object_not_found", "http_not_found", NOT_FOUND_YET})
LOST_CONTAINERS = 8  # answers, lag included, after which something else than a lost container is wrong
TRUSTED_HINTS = 3  # short hints in a row that are believed
MAKES_SURE = "Makes sure that it is not live before a new container is made."
FRESH_PARENT_S = 180.0  # a reply's parent this young may not be known everywhere at Meta's yet


def never_sent(part: PartView, now: float) -> Verdict:
    """The verdict on a container that nobody asked about: it may be dropped when nothing was ever sent of it."""
    unasked = Seen(now, settle_s=0.0, container="not asked", lists="unreadable")
    return may_replace_container(sent_of(part), unasked)


def drop_or_make_sure(part: PartView, now: float, *, at: float | None = None) -> dict[str, Any]:
    """Columns of a part whose container is of no use any more.

    One of which nothing was sent is dropped. After a send it is made sure first that the post is not live: the part is
    looked for as after an unclear publish, and a new container is made, not before ``at``, when that is proven.
    """
    verdict = never_sent(part, now)
    if verdict.decision == "replace":
        return without_container(verdict)
    return {
        "intent": "sent",
        "state": "checking",
        "checks": {**part.checks, "wish": "replace", "not_before": at if at is not None else now},
    }


def dropped_or_marked(part: PartView, now: float) -> dict[str, Any]:
    """Columns of a part that is parked and whose container is of no use: it is looked at once the part goes on."""
    verdict = never_sent(part, now)
    if verdict.decision == "replace":
        return without_container(verdict)
    return {"checks": {**part.checks, "wish": "replace"}}


def host_of(part: PartView) -> str:
    for item in part.media_urls or part.media:
        if host := urlsplit(str(item.get("url") or "")).hostname:
            return host.lower()
    return ""


def blocker_key(scope: BlockerScope, run: Run, part: PartView) -> str:
    return key_of(scope, reach_of(run.post, run.account), host_of(part))


def call_failed(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    failure: Failure,
    *,
    stage: str,
    situation: Situation,
    what: str,
    started_at: float,
    context: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Outcome:
    """The outcome of a call that plainly did not do what it should. ``columns`` are further changes of the part."""
    now, failure = worker.now(), understood(failure)
    known = context_of(part, now, **(context or {}))
    if situation != "publish":
        known.pop("after_publish", None)  # the answer to a read is about the read
    diagnosis = diagnose_failure(failure, stage, known)
    if diagnosis.pattern == NOT_FOUND_YET and (seen := part.tries.get(NOT_FOUND_YET)):
        diagnosis = diagnose_failure(failure, stage, {**known, "seen_on_container": seen})
    if diagnosis.lane == "media_fetch":
        diagnosis = _with_what_we_saw(part, diagnosis, stage)
    decision = _decide(worker, run, part, failure, diagnosis, situation, now)
    until = limit_ends(worker, part, failure, diagnosis, situation, now)
    if until is not None and isinstance(decision, RetryAt | RebuildAt) and decision.at < until:
        decision = replace(decision, at=until)
    note = note_of(
        failure, stage, what, part.position, started_at=started_at, diagnosis=diagnosis, decision=decision.why
    )
    outcome = decided(worker, run, part, diagnosis, decision, stage=stage, notes=[note], now=now, columns=columns)
    if until is not None:
        waits = max(until, run.account.quota_until or 0.0, outcome.change.account.get("quota_until") or 0.0)
        outcome.change.account["quota_until"] = waits
        outcome.change.account["quota"] = {**run.account.quota, "cause": diagnosis.to_json()}
    return outcome


def _decide(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    failure: Failure,
    diagnosis: Diagnosis,
    situation: Situation,
    now: float,
) -> Decision:
    if not isinstance(failure, Refused) and situation != "publish":
        return answerless(part.tries.get(diagnosis.pattern, 0), now=now, random01=worker.random01(), scale=worker.scale)
    if situation == "create" and part.position > 0 and diagnosis.lane in ("resource_gone", "request_bug", "content"):
        parent = run.part(part.position - 1)
        young = parent.published_at is not None and now - parent.published_at < max(5.0, worker.scaled(FRESH_PARENT_S))
        if young and _about_parent(failure):
            return RetryAt(
                now + max(0.5, worker.scaled(5.0)), "The post it replies to is seconds old; Threads lags behind."
            )
    if situation == "status" and diagnosis.pattern in UNKNOWN_CONTAINER:
        return _container_unknown(worker, part, diagnosis, now)
    unknown = situation == "publish" and diagnosis.pattern in UNKNOWN_CONTAINER - {NOT_FOUND_YET}
    if unknown and part.tries.get(diagnosis.pattern, 0) < REBUILDS:
        return RebuildAt(now, "Threads does not know the container.")
    if diagnosis.lane == "rate_limit" and isinstance(failure, Refused):
        return limited(worker, part, failure, diagnosis, situation, now)
    return decide(diagnosis, situation, part.tries, now=now, random01=worker.random01(), scale=worker.scale)


def limited(
    worker: WorkerContext, part: PartView, failure: Refused, diagnosis: Diagnosis, situation: Situation, now: float
) -> Decision:
    """What a refusal for a limit asks for: the wait it names itself, even if ours would be longer. Met again and again,
    ours counts, and never less than was asked."""
    hint = hinted_wait_s(failure.answer.headers)
    if hint is None:
        return decide(diagnosis, situation, part.tries, now=now, random01=worker.random01(), scale=worker.scale)
    retry = diagnosis.retry
    if part.tries.get(diagnosis.pattern, 0) < TRUSTED_HINTS:
        asked = replace(retry, after_s=max(1.0, hint), hinted=True)
    else:
        asked = replace(retry, hinted=hint >= (retry.after_s or 0.0))
    decision = decide(
        replace(diagnosis, retry=asked), situation, part.tries, now=now, random01=worker.random01(), scale=worker.scale
    )
    if isinstance(decision, WaitUntil):
        return replace(decision, at=max(decision.at, now + hint))
    return decision


def limit_ends(
    worker: WorkerContext, part: PartView, failure: Failure, diagnosis: Diagnosis, situation: Situation, now: float
) -> float | None:
    """Before when nothing more may be asked for this account (epoch seconds), if the answer says so."""
    if diagnosis.lane == "rate_limit" and isinstance(failure, Refused):
        decision = limited(worker, part, failure, diagnosis, situation, now)
        return decision.at if isinstance(decision, WaitUntil) else None
    answer = None if isinstance(failure, NotSent) else failure.answer
    hint = hinted_wait_s(answer.headers) if answer is not None else None
    return now + hint if hint else None


def _container_unknown(worker: WorkerContext, part: PartView, diagnosis: Diagnosis, now: float) -> Decision:
    """Threads does not know the container it made: at first that is lag, later it is lost, and a new one is free."""
    age = now - (part.container_made_at or now)
    if age < max(5.0, worker.scaled(FRESH_CONTAINER_S)):
        pause = min(20.0, 3.0 * 1.5 ** part.tries.get(diagnosis.pattern, 0))
        return RetryAt(now + max(0.5, worker.scaled(pause)), "The container is seconds old; Threads lags behind.")
    if part.tries.get(diagnosis.pattern, 0) < LOST_CONTAINERS:
        return RebuildAt(now, "Threads lost the container.")
    return decide(diagnosis, "status", part.tries, now=now, random01=worker.random01(), scale=worker.scale)


def _with_what_we_saw(part: PartView, diagnosis: Diagnosis, stage: str) -> Diagnosis:
    """Threads says that it could not fetch a medium; our own look at the address may have seen why."""
    doubt = next((item["doubt"] for item in part.media_urls or [] if item.get("doubt")), None)
    if doubt is None:
        return diagnosis
    evidence = Evidence(stage=stage, body={"finding": doubt["finding"], "answer": diagnosis.raw})
    named = from_pattern(doubt["pattern"], evidence, matched=(*diagnosis.matched, f"seen={doubt['finding']['code']}"))
    return replace(named, raw=diagnosis.raw)


def _about_parent(failure: Failure) -> bool:
    """Whether a refused create can be about the post replied to: an unknown object, or the parameter by name."""
    text = str(failure.answer.body) if isinstance(failure, Refused) else ""
    return "reply_to_id" in text or "does not exist" in text or "4279009" in text


def decided(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    diagnosis: Diagnosis,
    decision: Decision,
    *,
    stage: str,
    notes: list[Note],
    now: float,
    columns: Mapping[str, Any] | None = None,
) -> Outcome:
    """Turn a decision into what is written and how the stage ends."""
    cause = diagnosis.to_json()
    tries = {**part.tries, diagnosis.pattern: part.tries.get(diagnosis.pattern, 0) + 1}
    change = Change(notes=notes)
    change.on(part.position, tries=tries, cause=cause, **(columns or {}))
    change.post.update(
        stage=stage, cause=cause, cause_pattern=diagnosis.pattern, cause_lane=diagnosis.lane, why=decision.why
    )
    ending: Ending
    match decision:
        case RetryAt(at):
            ending = Snooze(at, "retrying", "Tries again.")
        case RebuildAt(at):
            change.on(part.position, **drop_or_make_sure(part, now, at=at))
            ending = Snooze(at, "retrying", "Makes a new container and goes on.")
            if change.parts[part.position].get("intent") == "sent":
                change.on(part.position, unclear_cause=cause)
                ending = Snooze(now, "checking", MAKES_SURE)
        case WaitUntil(at):
            change.account["quota_until"] = at
            change.account["quota"] = {**run.account.quota, "cause": cause}
            ending = Snooze(at, "waiting", "Goes on when Threads' limit allows.")
        case policy.AwaitRepair(scope):
            key = blocker_key(scope, run, part)
            if not key:
                scope, key = "post", run.post.id
            change.on(part.position, state="failed")
            ending = Park(scope, key, diagnosis, decision.why)
        case Fail():
            change.on(part.position, state="failed")
            ending = Finish("failed", decision.why)
    return Outcome(change, ending)
