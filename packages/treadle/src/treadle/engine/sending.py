"""Publishing one part: the reads of the account's lists that come before, and the call that is fenced."""

from __future__ import annotations

from dataclasses import replace

from treadle.domain.cause import Cause
from treadle.domain.replacing import may_replace_container, sent_of
from treadle.domain.run_state import PartUpdate, PartView, Run
from treadle.domain.steps import Publish
from treadle.engine import quota
from treadle.engine.calling import NEEDED_BY_ALL, Ask, Called, Failed, call, of_the_platform
from treadle.engine.ending import Outcome, Park, Snooze
from treadle.engine.failing import call_failed, limit_ends, wait_for_limit
from treadle.engine.live_posts import Listed, evidence_of, note_ids, read_list
from treadle.engine.worker_context import WorkerContext
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_threads.results import NotSent
from treadle_threads.values import Published

NOTE_TRIES = 2  # of the read before a first send, where trouble of Threads' own hides the list
FIRST_CHECK_S = 2.0  # after an unclear answer: give Meta a moment, then look


# ---------------------------------------------------------------- before


async def note_list(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """Before the first send: which posts are there already, so that none of them is ever taken for this one."""
    part = step.part
    notes: list[Note] = []
    for _ in range(NOTE_TRIES):
        listed = await note_ids(worker, run.account, part, "Note what the account has published so far")
        if listed.failed is None:
            ids = [str(item.get("id")) for item in listed.items]
            return Outcome(Change([*notes, *listed.notes]).on(part.position, PartUpdate(seen_before=ids)))
        stopped = _list_stops(worker, run, part, listed)
        if stopped is not None:
            stopped.change.notes[:0] = notes
            return stopped
        notes += listed.notes
        if not of_the_platform(listed.failed.diagnosis):
            break
    # The list is a help, not a condition: without it a match is only taken when the container says PUBLISHED.
    notes[-1] = replace(notes[-1], decision="Continues without the list.")
    return Outcome(Change(notes).on(part.position, PartUpdate(progress=replace(part.progress, list_unread=True))))


async def read_first(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """Before a repeated send: the lists once more, since the refusal before it may have come after the effect."""
    part = step.part
    what = "Check whether it was published before sending it again"
    listed = await read_list(
        worker, run.account, part, what, stage="publish", noted=part.seen_before, since=part.intent_first_at
    )
    if listed.failed is not None:
        stopped = _list_stops(worker, run, part, listed)
        if stopped is not None:
            return stopped
    seen, found = await evidence_of(worker, part, step.reply_to, part.container_status, listed)
    verdict = may_replace_container(sent_of(part), seen, "send again")
    change = Change(listed.notes)
    if verdict.decision == "send again":
        progress = replace(part.progress, finished=seen.finished, listed_after=part.intent_at or 0.0)
        return Outcome(change.on(part.position, PartUpdate(progress=progress)))
    if verdict.decision == "live":
        return Outcome(change.on(part.position, found_live(part, seen.now, found[0])).calm())
    change.notes[-1] = replace(change.notes[-1], decision=verdict.why)
    progress = replace(part.progress, wish="replace" if verdict.decision == "replace" else "send again")
    change.on(part.position, PartUpdate(intent="sent", state="checking", progress=progress))
    at = seen.now + max(0.2, worker.scaled(FIRST_CHECK_S))
    return Outcome(change, Snooze(at, "checking", "Checks again whether it was published. Nothing is sent until then."))


def _list_stops(worker: WorkerContext, run: Run, part: PartView, listed: Listed) -> Outcome | None:
    """When a list that cannot be read stops the send as well: a refused token, a limit. One permission does not."""
    assert listed.failed is not None
    outcome = call_failed(worker, run, part, listed.failed)
    if "quota_until" not in outcome.change.account.changes():
        diagnosis = listed.failed.diagnosis
        harmless = diagnosis.lane in ("unknown", "platform_temporary", "permission_app_review")
        needed = isinstance(outcome.ending, Park) and diagnosis.pattern in NEEDED_BY_ALL
        if isinstance(outcome.ending, Snooze) or (harmless and not needed):
            return None
    outcome.change.notes[:0] = listed.notes[:-1]
    return outcome


# ---------------------------------------------------------------- the send


async def send(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """``threads_publish``, after the intent was recorded; the lease is looked at once more just before the write."""
    part, token = step.part, run.lease_token
    container_id = part.container_id
    assert container_id is not None
    publish: Ask[Published] = Ask(
        "Publish",
        "publish",
        "publish",
        lambda client: client.publish(container_id, guard=lambda: worker.lease.valid(token)),
    )
    return await classify(worker, run, part, await call(worker, run.account, publish, part))


async def classify(worker: WorkerContext, run: Run, part: PartView, called: Called[Published]) -> Outcome:
    """Live, plainly not live, or nobody knows."""
    now = worker.now()
    if not isinstance(called, Failed):
        change = Change([called.note]).on(part.position, published(now, called.value.id)).calm()
        change.part(part.position).container_status = "PUBLISHED"
        if called.value.crossreshare is not None:
            change.part(part.position).progress = replace(part.progress, story=called.value.crossreshare)
        change.post.stage = "verify"
        if not run.post.published_at and part.position == 0:
            change.post.published_at = now
        return Outcome(change)
    if isinstance(called.failure, NotSent) and called.failure.kind == "guard":
        return _not_ours_to_send(worker, part, called.note, now)
    if not called.clear:
        return _open(worker, run, part, called, now)
    update = PartUpdate(intent="none", intent_at=now, state="ready")
    if isinstance(called.failure, NotSent):
        update.sends = part.sends - 1  # a request that was never written is no send
    else:
        # Whatever was refused, the container is asked how it stands before it is sent again.
        update.container_status = None
    outcome = call_failed(worker, run, part, called, update)
    if called.diagnosis.lane == "rate_limit" and called.hint_s is None:
        # A limit on posts says when it ends only when it is read. One that names its end is not asked about before.
        await quota.ask(worker, run, part, outcome)
    return outcome


def _open(worker: WorkerContext, run: Run, part: PartView, failed: Failed, now: float) -> Outcome:
    """The answer leaves open whether it is live: it is looked up, and what the answer asks for is kept for later."""
    # What to do once it is proven that nothing was published: then the refusal means what it says.
    if_absent = failed.diagnosed_with(not_published=True, unclear_before=False)
    decision = "It may be published although the answer doesn't say so. Treadle checks before it sends anything again."
    change = Change(
        [replace(failed.note, decision=decision)], outage_at="publish" if of_the_platform(if_absent) else None
    )
    cause = Cause(failed.diagnosis)
    # The settle time runs from now, when the call had ended, not from the intent: on a slow machine the request was
    # written well after that.
    change.on(
        part.position,
        PartUpdate(
            intent_at=now,
            unclear=True,
            unclear_cause=Cause(if_absent),
            state="checking",
            cause=cause,
            # Read by those who wait behind this post: until then it is not known whether it is live.
            progress=replace(part.progress, settles_at=now + worker.scaled(worker.settings.publish_settle)),
        ),
    )
    change.post.met(cause, "The answer from Threads leaves open whether it was published.").stage = "verify"
    at = now + max(0.2, worker.scaled(FIRST_CHECK_S))
    until = limit_ends(worker, part, failed, if_absent, now)
    if until is not None:
        wait_for_limit(run, change, Cause(if_absent), until)
        at = max(at, until)
    return Outcome(change, Snooze(at, "checking", "Checks whether it was published."))


def _not_ours_to_send(worker: WorkerContext, part: PartView, note: Note, now: float) -> Outcome:
    """The lease ran out before the request was written: nothing happened, and nothing is wrong with the post."""
    why = "This worker stopped or was too slow. Another worker will send it."
    change = Change([replace(note, diagnosis=None, decision=why)])
    # An earlier send that is unsettled stays so; without one the fence is open again.
    change.on(part.position, PartUpdate(intent="none", sends=part.sends - 1, state="ready"))
    return Outcome(change, Snooze(now + max(0.2, worker.scaled(1.0)), "publishing", "Sends it under a fresh lease."))


def published(now: float, threads_id: str | None) -> PartUpdate:
    """Of a part that is live; ``threads_id`` ``None``: which of the account's posts it is, is not known yet."""
    update = PartUpdate(state="published", published_at=now, cause=None, unclear=False)
    if threads_id:
        update.threads_id = threads_id
    return update


def found_live(part: PartView, now: float, threads_id: str | None) -> PartUpdate:
    """Of a part that turns out to be live: since it was sent, not since somebody noticed.

    What follows in a thread is due from then on, and may be too late by now.
    """
    return published(part.published_at or part.intent_at or now, threads_id)
