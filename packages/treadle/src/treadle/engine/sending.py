"""The call that publishes: the one that is fenced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from treadle.domain.clarity import clarity_of
from treadle.domain.steps import Publish
from treadle.domain.view import PartView
from treadle.engine import quota
from treadle.engine.ending import Outcome, Snooze
from treadle.engine.evidence import context_of, note_of, understood
from treadle.engine.failing import call_failed, limit_ends
from treadle.engine.records import Change, Run
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis.retry import hinted_wait_s
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Failure, NotSent, Ok, Refused, Result

FIRST_CHECK_S = 2.0  # after an unclear answer: give Meta a moment, then look


async def send(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """``threads_publish``, after the intent was recorded; the lease is looked at once more just before the write."""
    part, began = step.part, worker.now()
    assert part.container_id is not None
    token = run.lease_token
    result = await worker.client(run.account).publish(part.container_id, guard=lambda: worker.lease.valid(token))
    return await classify(worker, run, part, result, began)


async def classify(worker: WorkerContext, run: Run, part: PartView, result: Result[Any], began: float) -> Outcome:
    what = "Publish"
    if isinstance(result, Ok):
        worker.breaker.worked("publish")
        note = note_of(result, "publish", what, part.position, started_at=began)
        change = Change(notes=[note]).on(
            part.position, **published(worker.now(), result.value.id), container_status="PUBLISHED"
        )
        change.post.update(cause=None, cause_pattern=None, cause_lane=None, why=None, stage="verify")
        if not run.post.published_at and part.position == 0:
            change.post["published_at"] = worker.now()
        return Outcome(change)
    now, result = worker.now(), understood(result)
    if isinstance(result, NotSent) and result.kind == "guard":
        return _not_ours_to_send(worker, part, note_of(result, "publish", what, part.position, started_at=began), now)
    if clarity_of(result, unclear_before=part.unclear) == "unclear":
        return _open(worker, run, part, result, what, began)
    columns: dict[str, Any] = {"intent": "none", "intent_at": now, "state": "ready"}
    if isinstance(result, NotSent):
        columns["sends"] = part.sends - 1  # a request that was never written is no send
    else:
        # Whatever was refused, the container is asked how it stands before it is sent again.
        columns["container_status"] = None
    outcome = call_failed(
        worker,
        run,
        part,
        result,
        stage="publish",
        situation="publish",
        what=what,
        started_at=began,
        context={"container_status": "FINISHED"},
        columns=columns,
    )
    hinted = isinstance(result, Refused) and hinted_wait_s(result.answer.headers) is not None
    if outcome.change.post.get("cause_lane") == "rate_limit" and not hinted:
        # A limit on posts says when it ends only when it is read. One that names its end is not asked about before.
        await quota.ask(worker, run, part, outcome)
    return outcome


def _open(worker: WorkerContext, run: Run, part: PartView, result: Failure, what: str, began: float) -> Outcome:
    """The answer leaves open whether it is live: it is looked up, and what the answer asks for is kept for later."""
    now = worker.now()
    known = context_of(part, now, container_status=None)
    diagnosis = diagnose_failure(result, "publish", {**known, "unclear_before": True} if part.unclear else known)
    # What to do once it is proven that nothing was published: then the refusal means what it says.
    if_absent = diagnose_failure(result, "publish", {**known, "not_published": True})
    decision = "It may be live although the answer does not say so: looked up before anything is sent again."
    note = note_of(result, "publish", what, part.position, started_at=began, diagnosis=diagnosis, decision=decision)
    change = unclear(part, diagnosis.to_json(), note, now, if_absent=if_absent.to_json())
    at = now + max(0.2, worker.scaled(FIRST_CHECK_S))
    until = limit_ends(worker, part, result, if_absent, "publish", now)
    if until is not None:
        change.account["quota_until"] = max(until, run.account.quota_until or 0.0)
        change.account["quota"] = {**run.account.quota, "cause": if_absent.to_json()}
        at = max(at, until)
    return Outcome(change, Snooze(at, "checking", "Looks whether it is live."))


def _not_ours_to_send(worker: WorkerContext, part: PartView, note: Note, now: float) -> Outcome:
    """The lease ran out before the request was written: nothing happened, and nothing is wrong with the post."""
    why = "This worker was stopped or slow, and its lease ran out: whoever holds one sends it."
    change = Change(notes=[replace(note, decision=why)])
    # An earlier send that is unsettled stays so; without one the fence is open again.
    change.on(part.position, intent="none", sends=part.sends - 1, state="ready")
    return Outcome(change, Snooze(now + max(0.2, worker.scaled(1.0)), "publishing", "Sends it under a fresh lease."))


def unclear(
    part: PartView, cause: Mapping[str, Any], note: Note, at: float, *, if_absent: Mapping[str, Any] | None = None
) -> Change:
    """What is written when nobody knows whether a publish worked. ``if_absent``: the cause if it did not.

    The settle time runs from ``at``, when the call had ended, not from the intent: on a slow machine the request was
    written well after that.
    """
    change = Change(notes=[note])
    columns = {"unclear": True, "unclear_cause": dict(if_absent or cause), "state": "checking", "cause": dict(cause)}
    change.on(part.position, intent_at=at, **columns)
    change.post.update(
        stage="verify",
        cause=dict(cause),
        cause_pattern=cause.get("pattern"),
        cause_lane=cause.get("lane"),
        why="The answer to the publish leaves open whether it is live.",
    )
    return change


def published(now: float, threads_id: str | None) -> dict[str, Any]:
    """Columns of a part that is live."""
    columns: dict[str, Any] = {"state": "published", "published_at": now, "cause": None, "unclear": False}
    if threads_id:
        columns["threads_id"] = threads_id
    return columns
