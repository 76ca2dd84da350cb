"""One run of a post's durable run: claim it, do what comes next as far as it goes without waiting, let it go.

A run is one small DBOS workflow. Everything it decides by is in our tables, and everything it decides is written there
in the transaction that also stores the next run. So a run that dies is simply run again by whoever takes over: it reads
where the post stands and goes on from there.

Only what the next call needs is written before it: the intent to publish, and what a call made that cannot be made
again. Everything else joins the next transaction. So reads that follow one another share one, and a container that was
never sent is written with what was read of it: whoever takes over makes and asks again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from treadle.domain import fetch_outage, steps
from treadle.domain.cause import Cause, diagnose
from treadle.domain.replacing import sent_of
from treadle.domain.run_state import UNSET, PartUpdate, Run
from treadle.domain.scope import FETCH_KEY, PLATFORM_KEY
from treadle.engine import admission, checking, comparing, containers, outages, preparing, quota, rechecking, sending
from treadle.engine.ending import Blocked, Continue, Ending, Finish, Outcome, Park, Queue, Snooze
from treadle.engine.opening import is_of_an_old_token, open_cause, open_met_by_reading
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, IntegrityError, accounts, blockers, release, runs, unknown_answers
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_diagnosis.shape import shape_of
from treadle_diagnosis.types import Diagnosis, Evidence

WAITS_FOR_REPAIR = "Will publish automatically once this is fixed."
MOST_STEPS = 40  # of one run; a chain goes on in the next one, so that no post holds a worker for long
MOST_READS = 4  # that share a transaction with the step before them

TOWARDS_PUBLISH = (
    steps.PrepareMedia,
    steps.CreateChildren,
    steps.PollChildren,
    steps.CreateContainer,
    steps.PollContainer,
    steps.Publish,
)
WHAT: dict[type, str] = {
    steps.PrepareMedia: "Check the media as Threads will",
    steps.CreateChildren: "Create the containers of the carousel's media",
    steps.PollChildren: "Check whether the carousel's media are ready",
    steps.CreateContainer: "Create the container",
    steps.PollContainer: "Check whether the container is ready",
    steps.ReadLimit: "Read the publishing limit",
    steps.Publish: "Publish",
    steps.Check: "Check whether it was published",
    steps.LookBefore: "Check whether it was published before the backup was restored",
    steps.FindId: "Find the published post",
    steps.Verify: "Read the URL of the published post",
    steps.Compare: "Compare the published post with what you asked for",
}


async def advance(worker: WorkerContext, post_id: str, seq: int, queue: Queue) -> bool:
    """Run one run; whether its end was stored with what it wrote last.

    Raises only when the database does; then nothing is half written, and the run is run again.
    """
    token = worker.lease.token
    reached = await worker.db.share(_take, worker, post_id, seq, token, queue)
    for _ in range(MOST_STEPS):
        if isinstance(reached, bool):
            return reached
        run, step = reached
        outcome = await _read_on(worker, run, step, queue)
        # A post that goes first may let many others go at once: nobody else's write waits for that.
        write = worker.db.run if _goes_first(run) else worker.db.share
        try:
            reached = await write(_record, worker, run, outcome, queue)
        except IntegrityError:
            # The id found was claimed by another part in the same moment: it is not this one's. Look again later.
            outcome = _without_ids(worker, outcome)
            reached = await write(_record, worker, run, outcome, queue)
    if isinstance(reached, bool):
        return reached
    continues = Outcome(Change(), Snooze(worker.now(), "publishing", "Continues."))
    return await worker.db.share(_record, worker, reached[0], continues, queue) is True


async def _read_on(worker: WorkerContext, run: Run, step: steps.Step, queue: Queue) -> Outcome:
    """Perform the step, and after a read the reads that follow; what came of all of them, to be written at once."""
    outcome = await _perform(worker, run, step)
    gathered = outcome.change
    for _ in range(MOST_READS):
        ahead = runs.preview(run, gathered)
        following = _next_read(worker, ahead, step, outcome, queue)
        if following is None:
            break
        step = following
        gathered.post.stage = steps.STAGE_OF[type(step)]
        outcome = await _perform(worker, ahead, step)
        gathered.then(outcome.change)
    return Outcome(gathered, outcome.ending)


def _next_read(
    worker: WorkerContext, ahead: Run, step: steps.Step, outcome: Outcome, queue: Queue
) -> steps.Step | None:
    """The step that follows if it and the one before only read, and the answer changed nothing for anybody else."""
    change = outcome.change
    if not (isinstance(outcome.ending, Continue) and queue == "posts" and (_only_reads(step) or _can_be_remade(step))):
        return None
    if change.differs or any(note.outcome != "ok" or note.wait_s for note in change.notes):
        return None
    if _goes_first(ahead):
        return None
    now = worker.now()
    following = steps.next_step(ahead.post, now, video_reply_s=worker.scaled(worker.settings.video_reply_wait))
    if not _only_reads(following) or admission.inside_limit(ahead, following, now) is not None:
        return None
    if isinstance(following, steps.Publish) and quota.doubtful(ahead.account, following.part, now):
        return None
    return following


def _can_be_remade(step: steps.Step) -> bool:
    """Whether what the step makes may be lost: the container of a part that was never sent. Another one is made."""
    return isinstance(step, steps.CreateContainer) and not sent_of(step.part).written


def _only_reads(step: steps.Step) -> bool:
    """Whether the step asks without changing anything, at a time when no publish is in doubt."""
    if isinstance(step, steps.Publish):
        part = step.part
        return part.intent != "sent" and not sent_of(part).written and not _may_send(step)
    return isinstance(step, steps.PollChildren | steps.PollContainer | steps.Verify | steps.Compare)


# Where a transaction of a run leads: to the next step, or to the end of the run; true: that is stored.
Reached: TypeAlias = tuple[Run, steps.Step] | bool


def _take(conn: Connection, worker: WorkerContext, post_id: str, seq: int, token: str, queue: Queue) -> Reached:
    now = worker.now()
    run = runs.claim(conn, post_id, seq, worker=worker.lease.worker, lease_token=token, now=now)
    if run is None:
        return False
    stopped = admission.inspect(conn, worker, run, now)
    if stopped is None:
        first = run.post.stage == "preflight" and run.post.cause is None
        notes = [Note("preflight", "state", "Ready to publish. Sending to Threads.", outcome="ok")] if first else []
        stopped = Outcome(Change(notes))
    return _record(conn, worker, run, stopped, queue)


async def _perform(worker: WorkerContext, run: Run, step: steps.Step) -> Outcome:
    match step:
        case steps.PrepareMedia():
            return await preparing.prepare(worker, run, step)
        case steps.CreateChildren():
            return await containers.create_children(worker, run, step)
        case steps.PollChildren():
            return await containers.poll_children(worker, run, step)
        case steps.CreateContainer():
            return await containers.create_container(worker, run, step)
        case steps.PollContainer():
            return await containers.poll_container(worker, run, step)
        case steps.ReadLimit(part=part):
            return await quota.read_limit(worker, run, part)
        case steps.Publish(part=part):
            if part.intent == "sent":
                return await sending.send(worker, run, step)
            if sent_of(part).written:
                return await sending.read_first(worker, run, step)
            return await sending.note_list(worker, run, step)
        case steps.Check():
            return await checking.check(worker, run, step)
        case steps.LookBefore():
            return await checking.look_before(worker, run, step)
        case steps.FindId():
            return await checking.find_id(worker, run, step)
        case steps.Verify():
            return await checking.verify(worker, run, step)
        case steps.Compare():
            return await comparing.compare(worker, run, step)
        case _:
            raise AssertionError(f"no way to perform {step}")


def _record(conn: Connection, worker: WorkerContext, run: Run, outcome: Outcome, queue: Queue) -> Reached:
    """Write the outcome, and begin the next step or store the next run, in one transaction.

    May be called again with the same outcome when the transaction was undone for another's sake.
    """
    now = worker.now()
    change, ending = outcome.change.copy(), outcome.ending
    _heed(conn, run, change, now)
    if run.account.health != "active" and any(
        update.published_at not in (UNSET, None) for update in change.parts.values()
    ):
        worker.worked(conn, run.account.id, now)
    if isinstance(ending, Continue):
        return _go_on(conn, worker, run, change, queue, now)
    return _end(conn, worker, run, change, ending, now)


def _go_on(conn: Connection, worker: WorkerContext, run: Run, change: Change, queue: Queue, now: float) -> Reached:
    ahead = runs.preview(run, change)
    step = steps.next_step(ahead.post, now, video_reply_s=worker.scaled(worker.settings.video_reply_wait))
    wanted: Queue
    if isinstance(step, steps.Complete):
        change.post.stage = "done"
        return _end(conn, worker, run, change, Finish("published"), now)
    if isinstance(step, steps.Wait):
        return _end(conn, worker, run, change, Snooze(step.until, step.state, step.what), now)
    if isinstance(step, steps.Detached):
        return _end(conn, worker, run, change, comparing.detached(run, change, step), now)
    limited = admission.inside_limit(ahead, step, now)
    if limited is not None:
        change.post.merge(limited.change.post)
        return _end(conn, worker, run, change, limited.ending, now)
    if isinstance(step, TOWARDS_PUBLISH) and quota.doubtful(ahead.account, step.part, now):
        # In this run, whatever its queue: the next one would find the limit used up by our own count, and wait.
        step, wanted, stage = steps.ReadLimit(step.part), queue, run.post.stage
    else:
        wanted = "media" if isinstance(step, steps.PrepareMedia) else "posts"
        stage = steps.STAGE_OF[type(step)]
    if wanted != queue:
        change.post.stage = stage
        return _end(conn, worker, run, change, Snooze(now, "publishing", WHAT[type(step)], queue=wanted), now)
    if isinstance(step, steps.Publish) and _may_send(step):
        position = step.part.position
        sent = PartUpdate().merge(change.part(position)).merge(admission.intent_of(step.part, run.worker, now))
        refused = admission.intend(conn, worker, ahead, step.part, sent, now)
        if refused is not None:
            change.post.merge(refused.change.post)
            change.notes.extend(refused.change.notes)
            return _end(conn, worker, run, change, refused.ending, now)
        del change.parts[position]  # written by admission.intend, in this transaction
        run = runs.preview(run, Change().on(position, sent))
        step = replace(step, part=run.part(position))
    what, post = _text_of(step), change.post
    post.stage, post.state = stage, "checking" if isinstance(step, steps.Check) else "publishing"
    post.next_what, post.next_at = what, None
    written = runs.write(conn, run, change, now=now)
    if written is None:
        return False
    _probed(conn, worker, written, stage, now)
    part = getattr(step, "part", None)
    return runs.begin(written, stage, what, part.position if part else None, now=now), step


def _text_of(step: steps.Step) -> str:
    """What is about to be asked. Before the first send the list is noted: a timeline must not call that a publish."""
    if isinstance(step, steps.Publish) and step.part.intent != "sent":
        return "Check before publishing"
    return WHAT[type(step)]


def _may_send(step: steps.Publish) -> bool:
    """Whether what precedes the send is known: the list was noted, or could not be; after a send, it was read again."""
    part = step.part
    if sent_of(part).written:
        return part.progress.listed_after == (part.intent_at or 0.0)
    return part.seen_before is not None or part.progress.list_unread


def _end(conn: Connection, worker: WorkerContext, run: Run, change: Change, ending: Ending, now: float) -> bool:
    """Write how the run ends; whether that was stored, and the end of the run with it."""
    if not _written_as(conn, worker, run, change, ending, now):
        return False
    if (runs_here := worker.runtime.queue) is None:
        return False
    runs_here.end(conn, run.post.id, run.post.seq)
    return True


def _written_as(conn: Connection, worker: WorkerContext, run: Run, change: Change, ending: Ending, now: float) -> bool:
    post = change.post
    if change.unfetched is not None and isinstance(ending, Snooze | Park):
        hosts, change.unfetched = change.unfetched, None
        ending = outages.of_fetching(conn, worker, run, hosts, now) or ending
    match ending:
        case Snooze(at, state, what, wanted):
            failed = worker.breaker.failed
            if change.outage_at and failed(change.outage_at, run.post.id, run.post.seq, now, scale=worker.scale):
                return _written_as(conn, worker, run, change, _outage(change), now)
            seq = run.post.seq + 1
            post.state, post.next_what, post.next_at, post.seq = state, what, at, seq
            if runs.write(conn, run, change, now=now, release=True) is None:
                return False
            _slow_app(conn, run, change)
            worker.runtime.enqueue(
                conn,
                run.post.id,
                seq,
                account_id=run.account.threads_user_id,
                delay_s=max(0.0, at - now),
                due_at=run.post.due_at,
                queue=wanted,
            )
            if worker.runtime.queue is not None:
                worker.runtime.queue.wake(at, wanted)
        case Park(scope, key, diagnosis, why):
            return _park(conn, worker, run, change, scope, key, diagnosis, why, now)
        case Blocked(blocker_ids, cause, state, why):
            post.met(cause, why).state = "checking" if run.post.checking else state
            post.next_what, post.next_at, post.seq = WAITS_FOR_REPAIR, None, run.post.seq + 1
            if runs.write(conn, run, change, now=now, release=True) is None:
                return False
            blockers.put_behind(conn, run.post.id, blocker_ids)
        case Finish(state, why, met):
            if met is not None:
                open_met_by_reading(conn, worker, run.account, met.scope, met.diagnosis, str(run.post.stage), now)
            post.state, post.next_what, post.next_at, post.seq = state, None, None, run.post.seq + 1
            if why:
                post.why = why
            if state == "published":
                post.published_at = run.post.published_at or post.changes().get("published_at") or now
            if runs.write(conn, run, change, now=now, release=True) is None:
                return False
            _count_unknown(conn, run, change, now)
            _probed(conn, worker, run, "done" if state == "published" else "preflight", now)
        case Continue():
            raise AssertionError("a run that goes on does not end")
    return True


def _goes_first(run: Run) -> bool:
    """Whether this post is the one that tests whether a cause is gone."""
    return any(blocker.probe_post_id == run.post.id for blocker in run.blockers)


def _probed(conn: Connection, worker: WorkerContext, run: Run, stage: str, now: float) -> None:
    """If this post went first to see whether a cause is gone, say how far it got."""
    if _goes_first(run):
        rechecking.close_probed(conn, worker.releaser, run.post.id, stage, now)


def _park(
    conn: Connection,
    worker: WorkerContext,
    run: Run,
    change: Change,
    scope: str,
    key: str,
    diagnosis: Diagnosis,
    why: str,
    now: float,
) -> bool:
    scope, key = blockers.scope_for(
        conn, diagnosis, scope, key, account_id=run.account.id, app_id=run.account.app_id, now=now
    )
    checking_now = runs.preview(run, change).post.checking
    if is_of_an_old_token(conn, run.account, diagnosis):
        for update in change.calm().parts.values():
            update.state = UNSET if update.state == "failed" else update.state
        state = "checking" if checking_now else "retrying"
        again = Snooze(now + max(0.2, worker.scaled(1.0)), state, "Continues with the account's new token.")
        return _written_as(conn, worker, run, change, again, now)
    state = "checking" if checking_now else ("waiting" if scope == "platform" or key == FETCH_KEY else "blocked")
    post = change.post
    if diagnosis.pattern == fetch_outage.PATTERN:
        post.met(Cause(diagnosis), why)
    post.state, post.why, post.seq = state, why, run.post.seq + 1
    post.next_what, post.next_at = WAITS_FOR_REPAIR, None
    if runs.write(conn, run, change, now=now, release=True) is None:
        return False
    stage = str(post.changes().get("stage") or run.post.stage)
    if diagnosis.pattern == fetch_outage.PATTERN:
        stage = "container_status"  # that a container is made does not show that its file was fetched
    blocker_id = open_cause(conn, worker, run.account, scope, key, diagnosis, stage, now)
    blockers.put_behind(conn, run.post.id, [blocker_id])
    if diagnosis.pattern == fetch_outage.PATTERN:
        release.adopt(conn, outages.witnesses(worker, run, scope, now), blocker_id, diagnosis, why, now=now)
    _count_unknown(conn, run, change, now)
    return True


def _slow_app(conn: Connection, run: Run, change: Change) -> None:
    """A limit of the app that was met holds every account of it."""
    until, cause = change.account.quota_until, change.post.met_now
    if until is not UNSET and until is not None and cause is not None and cause.scope == "app":
        accounts.hold_app_until(conn, run.account.app_id, until)


def _heed(conn: Connection, run: Run, change: Change, now: float) -> None:
    """A call that worked may say, in its headers, that the next one will not: then the account, or its app, waits."""
    for note in change.notes:
        if note.outcome != "ok" or note.wait_s is None or note.wait_s <= 0:
            continue
        already = [run.account.quota_until, change.account.changes().get("quota_until")]
        change.account.quota_until = max(now + note.wait_s, *(at or 0.0 for at in already))
        if change.account.quota is UNSET:
            change.account.quota = replace(run.account.quota, cause=None)
        if note.app_wait_s is not None:
            accounts.hold_app_until(conn, run.account.app_id, now + note.app_wait_s)


def _outage(change: Change) -> Park:
    """Threads itself is in trouble: everybody waits, one request looks whether it is over."""
    met = change.post.met_now
    found = (
        met.diagnosis
        if met is not None
        else diagnose(Evidence(stage="unknown", context={"platform_outage": True}, body={"treadle": "platform_outage"}))
    )
    why = "Many calls fail for reasons of Threads' own; one probe asks for all."
    return Park("platform", PLATFORM_KEY, replace(found, scope="platform"), why)


def _count_unknown(conn: Connection, run: Run, change: Change, now: float) -> None:
    """Answers that no pattern knows are kept and counted per shape, so that they can be catalogued."""
    for note in change.notes:
        if not note.diagnosis or note.diagnosis.get("pattern") != "unknown" or not note.answer:
            continue
        status, body = note.answer.get("status"), note.answer.get("body", note.answer)
        shape = shape_of(Evidence(stage=note.stage, http_status=status, body=body))[:255]
        sample = {"stage": note.stage, "http_status": status, "body": body}
        unknown_answers.note(conn, shape, sample, run.post.id, now=now)


def _without_ids(worker: WorkerContext, outcome: Outcome) -> Outcome:
    for update in outcome.change.parts.values():
        update.threads_id = UNSET
    return Outcome(outcome.change, Snooze(worker.now() + 1.0, "checking", "Looks for the published post again."))
