"""The stages after a publish: was it, which post is it, where is it.

After an unclear publish nothing is sent until it is known that nothing is live, and before a container is replaced of
which a publish was sent it is made sure in the same way. A look reads the container and the account's lists; what
follows from them is decided by :func:`treadle.domain.replacing.may_replace_container` alone.
"""

from __future__ import annotations

from dataclasses import replace

from treadle.domain.matching import Wanted, find, which
from treadle.domain.policy import Decision, Fail, RebuildAt, RetryAt, decide
from treadle.domain.progress import PartProgress
from treadle.domain.replacing import (
    COUNTS_AS_EXPIRED_S,
    FINISHED_TWICE,
    MISSES,
    MISSES_APART_S,
    Evidence,
    Sent,
    Verdict,
    as_sent,
    may_replace_container,
    restored,
    sent_of,
    without_container,
)
from treadle.domain.run_state import UNSET, PartUpdate, PartView, Run
from treadle.domain.steps import Check, FindId, LookBefore, Verify
from treadle.engine.calling import Ask, Failed, call, one_permission
from treadle.engine.ending import Blocked, Continue, Ending, Finish, Outcome, Park, Snooze
from treadle.engine.failing import call_failed, decided
from treadle.engine.live_posts import Listed, claims, evidence_of, read_list, wanted
from treadle.engine.sending import found_live
from treadle.engine.worker_context import WorkerContext
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_threads.values import ContainerStatus, Media

SENDS = 4  # of one container, in all
CHECK_FIRST_S, CHECK_MOST_S = 5.0, 900.0
GIVE_TO_PERSON_S = COUNTS_AS_EXPIRED_S  # past the container's life: nothing more can be learned by looking
CAUGHT_UP_TRIES = 10  # to find the id: about a quarter of an hour, the longest that lists were seen to lag


async def check(worker: WorkerContext, run: Run, step: Check) -> Outcome:
    """Look once. A send that a crash cut off is as unclear as one whose answer was: no later refusal is trusted."""
    outcome = await _look(worker, run, step)
    part = step.part
    update = outcome.change.part(part.position)
    if part.intent == "none" and update.intent is UNSET:  # its container is old, and a publish of it was sent
        so_far = part.progress if update.progress is UNSET else update.progress
        update.intent, update.progress = "sent", replace(so_far, wish="replace")
    if _cut_off(part) and update.unclear is not False:
        update.unclear = True
        if update.intent is UNSET:
            # When that send was written is not known: the settle time begins with the first look, unless it is over.
            now = worker.now()
            if now - (part.intent_at or now) < worker.scaled(worker.settings.publish_settle):
                update.intent_at = now
    return outcome


def _cut_off(part: PartView) -> bool:
    """Whether a send has no answer at all that anybody wrote down."""
    return part.intent == "sent" and not part.unclear and part.progress.wish is None


def _container_of(part: PartView, what: str) -> Ask[ContainerStatus]:
    container_id = part.container_id
    assert container_id is not None
    return Ask(what, "verify", "read", lambda client: client.container(container_id), diagnosed_at="read")


async def _look(worker: WorkerContext, run: Run, step: Check) -> Outcome:
    part = step.part
    asked = await call(worker, run.account, _container_of(part, "Ask the container whether it was published"), part)
    status = None if isinstance(asked, Failed) else asked.value.status
    notes = [asked.note]
    if isinstance(asked, Failed):
        stopped = _stopped_by(worker, run, part, asked, notes)
        if stopped:
            return stopped
        outage = next((blocker for blocker in run.blockers if blocker.scope == "platform"), None)
        if outage is not None and _threads_trouble(asked):
            why = "Threads is having problems. Checks whether it was published once that is over."
            return Outcome(Change(notes), Blocked((outage.id,), part.unclear_cause, "checking", why))
    if status == "PUBLISHED":
        return _live(worker, part, notes)
    what = "Look for it among the account's posts"
    listed = await read_list(
        worker, run.account, as_sent(part), what, noted=part.seen_before, since=part.intent_first_at
    )
    notes += listed.notes
    if listed.failed is not None:
        stopped = _stopped_by(worker, run, part, listed.failed, notes)
        if stopped:
            return stopped
    return await _weigh(worker, run, step, status, listed, notes)


def _threads_trouble(failed: Failed) -> bool:
    return failed.diagnosis.lane == "platform_temporary"


async def _weigh(
    worker: WorkerContext, run: Run, step: Check, status: str | None, listed: Listed, notes: list[Note]
) -> Outcome:
    """Not ``PUBLISHED``: what the container, the lists and the time that passed say."""
    part = step.part
    seen, found = await evidence_of(worker, part, step.parent, status, listed)
    now = seen.now
    progress = replace(
        part.progress,
        looks=part.progress.looks + 1,
        finished=seen.finished,
        misses=seen.misses,
        missed_at=now - seen.misses_span_s if seen.misses else None,
    )
    replace_it = part.progress.wish == "replace" or part.intent == "none"
    sent = replace(sent_of(part), written=True, all_clear=not part.unclear and not _cut_off(part))
    verdict = may_replace_container(
        sent, seen, "replace" if replace_it or part.container_expired(now) else "send again"
    )
    match verdict.decision:
        case "live":
            change = Change(notes).on(part.position, found_live(part, now, found[0])).on(part.position, restored(part))
            return Outcome(change.on(part.position, PartUpdate(progress=progress)).calm())
        case "replace" | "send again":
            return _absent(worker, run, part, notes, sent, seen, verdict)
    change = Change(notes).on(part.position, PartUpdate(progress=progress))
    given_up = now - (part.intent_at or now) > worker.scaled(GIVE_TO_PERSON_S)
    if verdict.decision == "ask a person" or given_up:
        unsaid = "Neither the container nor the account's posts show whether it was published."
        why = f"{verdict.why if verdict.decision == 'ask a person' else unsaid} Someone has to check."
        return Outcome(change, Finish("checking", why))
    if status is None and listed.failed is not None and _threads_trouble(listed.failed):
        change.outage_at = "verify"
    return Outcome(change, _look_again(worker, part, progress, now))


def _look_again(worker: WorkerContext, part: PartView, progress: PartProgress, now: float) -> Snooze:
    settle = worker.scaled(worker.settings.publish_settle)
    pause = min(CHECK_MOST_S, CHECK_FIRST_S * 1.6**progress.looks)
    at = now + max(0.2, worker.scaled(pause))
    settled_at = (part.intent_at or now) + settle
    if now < settled_at < at:
        at = settled_at + 0.05
    elif progress.finished == FINISHED_TWICE - 1:
        at = now + max(0.2, worker.scaled(CHECK_FIRST_S))
    elif progress.misses == MISSES - 1:
        at = min(at, now + max(0.2, worker.scaled(MISSES_APART_S) + 0.05))
    return Snooze(at, "checking", "Checks again whether it was published. Nothing is sent until then.")


def _live(worker: WorkerContext, part: PartView, notes: list[Note]) -> Outcome:
    change = Change(notes).on(part.position, found_live(part, worker.now(), None)).on(part.position, restored(part))
    found = PartUpdate(container_status="PUBLISHED", progress=replace(part.progress, found_live=True))
    return Outcome(change.on(part.position, found).calm())


def _absent(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    notes: list[Note],
    sent: Sent,
    seen: Evidence,
    verdict: Verdict,
) -> Outcome:
    """It is proven that nothing is live: the same container once more, or a new one."""
    now = worker.now()
    notes.append(Note("verify", "decision", "It is not published.", part.position, decision=verdict.why, outcome="ok"))
    cause = part.unclear_cause
    asked_for = part.progress.wish == "replace"
    limited = cause is not None and cause.lane == "rate_limit"
    decision: Decision
    if asked_for:
        decision = RetryAt(max(now, part.progress.not_before or now), verdict.why)
    elif cause is None or limited:
        # How long a limit holds was noted on the account when its answer came, and is heeded before the next send.
        decision = RetryAt(now, verdict.why)
    elif part.sends >= SENDS and verdict.decision == "send again":
        decision = Fail("It was sent several times but was never published.")
    else:
        random01 = worker.random01()
        decision = decide(cause.diagnosis, "publish", part.tries, now=now, random01=random01, scale=worker.scale)
    if isinstance(decision, RebuildAt):
        verdict, decision = may_replace_container(sent, seen, "replace"), RetryAt(decision.at, decision.why)
    # What a part remembers beyond one question whether it is live.
    progress = PartProgress(conservative=part.progress.conservative)
    if verdict.decision == "replace":
        update = without_container(verdict)
        update.progress = progress
    else:
        progress = replace(progress, finished=seen.finished, listed_after=part.intent_at or 0.0)
        update = PartUpdate(intent="none", progress=progress, unclear_cause=None, state="ready")
        if cause is None or limited:
            # Cut off by a worker that stopped, or met by a limit: nothing was refused for good, so it costs no send.
            update.sends = max(0, part.sends - 1)
    if isinstance(decision, RetryAt):
        if cause is not None and not asked_for:
            update.tries = {**part.tries, cause.pattern: part.tries.get(cause.pattern, 0) + 1}
        ending: Ending = Continue() if decision.at <= now else Snooze(decision.at, "retrying", "Sends it again.")
        return Outcome(Change(notes).on(part.position, update), ending)
    assert cause is not None
    # After a Park or Fail the container may yet be sent by a person's retry; the fence is open for that.
    return decided(run, part, cause.diagnosis, decision, stage="publish", notes=notes, now=now, also=update)


def _stopped_by(worker: WorkerContext, run: Run, part: PartView, failed: Failed, notes: list[Note]) -> Outcome | None:
    """When reading itself is refused for a reason that must be repaired, or for a limit, wait for the end of that; the
    post stays ``checking``. One permission that is missing is no such reason: publishing needs another."""
    outcome = call_failed(worker, run, part, failed)
    until = outcome.change.account.quota_until
    if until is not UNSET and until is not None:
        change = Change([*notes[:-1], outcome.change.notes[0]], account=outcome.change.account)
        return Outcome(
            change, Snooze(until, "checking", "Checks whether it was published once the Threads limit allows.")
        )
    met = outcome.ending
    if isinstance(met, Park) and met.scope in ("account", "app", "platform") and not one_permission(met.diagnosis):
        notes[-1] = outcome.change.notes[0]
        outcome.change.notes = notes
        outcome.change.part(part.position).state = UNSET
        return outcome
    return None


async def look_before(worker: WorkerContext, run: Run, step: LookBefore) -> Outcome:
    """After a restore: a part that was due since the backup is looked for before it is sent."""
    part, since = step.part, step.part.progress.restored
    assert since is not None
    what = "Check whether it was published before the backup was restored"
    if part.container_id is not None:
        asked = await call(worker, run.account, _container_of(part, what), part)
        if not isinstance(asked, Failed) and asked.value.status == "PUBLISHED":
            return _live(worker, part, [asked.note])
    listed = await read_list(worker, run.account, part, what, since=since)
    if listed.failed is not None:
        return call_failed(worker, run, part, listed.failed)
    claimed, _ = await worker.db.query(claims, part)
    sought = Wanted(part.kind, part.text, step.parent, since)
    found = find(listed.items, sought, seen_before=None, claimed=claimed)
    update = PartUpdate(progress=replace(part.progress, restored=None))
    change = Change(listed.notes).on(part.position, update)
    if found:
        change.on(part.position, found_live(part, worker.now(), found[0]))
    return Outcome(change.calm())


async def find_id(worker: WorkerContext, run: Run, step: FindId) -> Outcome:
    """It is live: find out which of the account's posts it is."""
    part = step.part
    what = "Find the published post among the account's posts"
    listed = await read_list(worker, run.account, part, what, noted=part.seen_before, since=part.intent_first_at)
    tries = part.progress.find_tries + 1
    counted = PartUpdate(progress=replace(part.progress, find_tries=tries))
    change = Change(listed.notes).on(part.position, counted)
    if listed.failed is None:
        claimed, rivals = await worker.db.query(claims, part)
        found = which(
            listed.items,
            wanted(part, step.parent),
            seen_before=part.seen_before,
            claimed=claimed,
            caught_up=tries > CAUGHT_UP_TRIES,
        )
        # Two equal posts of ours, both live: the one that was sent first takes the one that appeared first.
        if found and (len(found) == 1 or rivals == 0 or tries > 2):
            change.part(part.position).threads_id = found[0]
            return Outcome(change.calm())
    else:
        stopped = _stopped_by(worker, run, part, listed.failed, change.notes)
        if stopped:
            stopped.change.on(part.position, counted)
            return stopped if step.needed else _live_unread(stopped)
    pause = min(CHECK_MOST_S, 2.0 * 1.7**tries)
    at = worker.now() + max(0.2, worker.scaled(pause))
    if step.needed:
        if tries > 40:
            why = "It is published, but Treadle couldn't find its post, which the next part replies to. Enter its URL."
            return Outcome(change, Finish("checking", why))
        return Outcome(
            change, Snooze(at, "checking", "Looks for the published post, because the next part replies to it.")
        )
    return Outcome(change, Snooze(at, "publishing", "Published. Looks for its URL."))


def _live_unread(stopped: Outcome) -> Outcome:
    """It is live, and what is left to read waits for the repair of what stops reading; see ``addresses``."""
    met = stopped.ending if isinstance(stopped.ending, Park) else None
    change = Change(stopped.change.notes, account=stopped.change.account).calm()
    change.post.stage = "done"
    return Outcome(change, Finish("published", met=met))


def address_of(threads_id: str) -> Ask[Media]:
    """The question for the address of a live post."""
    return Ask(
        "Read the URL of the published post",
        "verify",
        "read",
        lambda client: client.media(threads_id, fields="id,permalink"),
        diagnosed_at="read",
        proves=False,
    )


async def verify(worker: WorkerContext, run: Run, step: Verify) -> Outcome:
    """Read the permalink. The post is published whatever comes of this."""
    part = step.part
    assert part.threads_id is not None
    asked = await call(worker, run.account, address_of(part.threads_id), part)
    change = Change([asked.note])
    if not isinstance(asked, Failed) and asked.value.permalink:
        return Outcome(change.on(part.position, PartUpdate(permalink=asked.value.permalink)))
    if isinstance(asked, Failed):
        # A refused token is not shown again for an address, of this post or of another; nor is one read in a limit.
        failed = call_failed(worker, run, part, asked)
        if asked.stops_reading or failed.change.account.quota_until is not UNSET:
            return _live_unread(failed)
    tries = part.progress.permalink_tries + 1
    progress = replace(part.progress, permalink_tries=tries, permalink_given_up=tries >= 4)
    change.on(part.position, PartUpdate(progress=progress))
    if progress.permalink_given_up:
        return Outcome(change)
    at = worker.now() + max(0.2, worker.scaled(3.0 * 2**tries))
    return Outcome(change, Snooze(at, "publishing", "Published. Reads its URL."))
