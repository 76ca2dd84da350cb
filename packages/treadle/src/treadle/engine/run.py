"""One run of a post's durable run: claim it, do what comes next as far as it goes without waiting, let it go.

A run is one small DBOS workflow. Everything it decides by is in our tables, and everything it decides is written there
in the transaction that also stores the next run. So a run that dies is simply run again by whoever takes over: it reads
where the post stands and goes on from there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from treadle.domain import steps
from treadle.domain.replacing import sent_of
from treadle.engine import (
    admission,
    before_sending,
    checking,
    containers,
    preparing,
    quota,
    rechecking,
    records,
    sending,
)
from treadle.engine.ending import Blocked, Continue, Ending, Finish, Outcome, Park, Queue, Snooze
from treadle.engine.failing import UNKNOWN_CONTAINER
from treadle.engine.records import Change, Run
from treadle.engine.worker_context import WorkerContext
from treadle.store import blockers
from treadle.store.tables import accounts, unknown_answers
from treadle.store.timeline import Note
from treadle_diagnosis import diagnose
from treadle_diagnosis.retry import hinted_wait_s
from treadle_diagnosis.shape import shape_of
from treadle_diagnosis.types import Diagnosis, Evidence

MOST_STEPS = 40  # of one run; a chain goes on in the next one, so that no post holds a worker for long

TOWARDS_PUBLISH = (
    steps.PrepareMedia,
    steps.CreateChildren,
    steps.PollChildren,
    steps.CreateContainer,
    steps.PollContainer,
    steps.Publish,
)
WHAT: dict[type, str] = {
    steps.PrepareMedia: "Look at the media as Threads will",
    steps.CreateChildren: "Create the containers of the carousel's media",
    steps.PollChildren: "Ask whether the carousel's media are ready",
    steps.CreateContainer: "Create the container",
    steps.PollContainer: "Ask whether the container is ready",
    steps.ReadLimit: "Read the publishing limit",
    steps.Publish: "Publish",
    steps.Check: "Look whether it went out",
    steps.LookBefore: "Look whether it went out before the backup was put back",
    steps.FindId: "Find the published post",
    steps.Verify: "Read the address of the published post",
}


async def advance(worker: WorkerContext, post_id: str, seq: int, queue: Queue) -> None:
    """Run one run. Raises only when the database does; then nothing is half written, and the run is run again."""
    token = worker.lease.token
    taken = await worker.db.run(_take, worker, post_id, seq, token, queue)
    for _ in range(MOST_STEPS):
        if taken is None:
            return
        run, step = taken
        outcome = await _perform(worker, run, step)
        try:
            taken = await worker.db.run(_record, worker, run, outcome, queue)
        except sa.exc.IntegrityError:
            # The id found was claimed by another part in the same moment: it is not this one's. Look again later.
            outcome = _without_ids(worker, outcome)
            taken = await worker.db.run(_record, worker, run, outcome, queue)
    if taken is not None:
        run, _ = taken
        await worker.db.run(
            _record, worker, run, Outcome(Change(), Snooze(worker.now(), "publishing", "Goes on.")), queue
        )


def _take(
    conn: sa.Connection, worker: WorkerContext, post_id: str, seq: int, token: str, queue: Queue
) -> tuple[Run, steps.Step] | None:
    now = worker.now()
    run = records.claim(conn, post_id, seq, worker=worker.lease.worker, lease_token=token, now=now)
    if run is None:
        return None
    stopped = admission.inspect(conn, worker, run, now)
    if stopped is None:
        first = run.post.stage == "preflight" and run.post.cause is None
        notes = (
            [Note("preflight", "state", "Nothing stands in the way: on its way to Threads.", outcome="ok")]
            if first
            else []
        )
        stopped = Outcome(Change(notes=notes))
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
            return await quota.look(worker, run, part)
        case steps.Publish(part=part):
            if part.intent == "sent":
                return await sending.send(worker, run, step)
            if sent_of(part).written:
                return await before_sending.look_first(worker, run, step)
            return await before_sending.note_list(worker, run, step)
        case steps.Check():
            return await checking.check(worker, run, step)
        case steps.LookBefore():
            return await checking.look_before(worker, run, step)
        case steps.FindId():
            return await checking.find_id(worker, run, step)
        case steps.Verify():
            return await checking.verify(worker, run, step)
        case _:
            raise AssertionError(f"no way to perform {step}")


def _record(
    conn: sa.Connection, worker: WorkerContext, run: Run, outcome: Outcome, queue: Queue
) -> tuple[Run, steps.Step] | None:
    """Write the outcome, and begin the next step or store the next run, in one transaction."""
    now = worker.now()
    change, ending = outcome.change, outcome.ending
    _heed(conn, run, change, now)
    if run.account.health != "active" and any(columns.get("published_at") for columns in change.parts.values()):
        worker.worked(conn, run.account.id, now)
    if isinstance(ending, Continue):
        return _go_on(conn, worker, run, change, queue, now)
    _end(conn, worker, run, change, ending, now)
    return None


def _go_on(
    conn: sa.Connection, worker: WorkerContext, run: Run, change: Change, queue: Queue, now: float
) -> tuple[Run, steps.Step] | None:
    ahead = records.preview(run, change)
    step = steps.next_step(ahead.post, now)
    wanted: Queue
    if isinstance(step, steps.Done):
        change.post["stage"] = "done"
        _end(conn, worker, run, change, Finish("published"), now)
        return None
    if isinstance(step, steps.Wait):
        _end(conn, worker, run, change, Snooze(step.until, "scheduled", step.what), now)
        return None
    limited = admission.inside_limit(ahead, step, now)
    if limited is not None:
        change.post.update(limited.change.post)
        _end(conn, worker, run, change, limited.ending, now)
        return None
    if isinstance(step, TOWARDS_PUBLISH) and quota.doubtful(ahead.account, step.part, now):
        # In this run, whatever its queue: the next one would find the limit used up by our own count, and wait.
        step, wanted, stage = steps.ReadLimit(step.part), queue, run.post.stage
    else:
        wanted = "media" if isinstance(step, steps.PrepareMedia) else "posts"
        stage = steps.STAGE_OF[type(step)]
    if wanted != queue:
        change.post["stage"] = stage
        _end(conn, worker, run, change, Snooze(now, "publishing", WHAT[type(step)], queue=wanted), now)
        return None
    if isinstance(step, steps.Publish) and _may_send(step):
        position = step.part.position
        sent = {**change.parts.get(position, {}), **admission.intent_columns(step.part, run.worker, now)}
        refused = admission.intend(conn, worker, ahead, step.part, sent, now)
        if refused is not None:
            change.post.update(refused.change.post)
            change.notes.extend(refused.change.notes)
            _end(conn, worker, run, change, refused.ending, now)
            return None
        change.parts.pop(position, None)  # written by admission.intend, in this transaction
        run = records.preview(run, Change().on(position, **sent))
        step = replace(step, part=step.part.but(**sent))
    change.post.update(stage=stage, state="checking" if isinstance(step, steps.Check) else "publishing")
    what = _words(step)
    change.post.update(next_what=what, next_at=None)
    written = records.write(conn, run, change, now=now)
    if written is None:
        return None
    _probed(conn, worker, written, stage, now)
    part = getattr(step, "part", None)
    written = records.begin(conn, written, stage, what, part.position if part else None, now=now)
    return written, step


def _words(step: steps.Step) -> str:
    """What is about to be asked. Before the first send the list is noted: a timeline must not call that a publish."""
    if isinstance(step, steps.Publish) and step.part.intent != "sent":
        return "Look before publishing"
    return WHAT[type(step)]


def _may_send(step: steps.Publish) -> bool:
    """Whether what precedes the send is known: the list was noted, or could not be; after a send, it was read again."""
    part = step.part
    if sent_of(part).written:
        return bool(part.checks.get("listed_after", -1.0) == part.intent_at)
    return part.seen_before is not None or bool(part.checks.get("list_unread"))


def _end(conn: sa.Connection, worker: WorkerContext, run: Run, change: Change, ending: Ending, now: float) -> None:
    match ending:
        case Snooze(at, state, what, wanted, trouble):
            if (trouble or _of_the_platform(change)) and _breaks(worker, run, change, now):
                _end(conn, worker, run, change, _platform(change), now)
                return
            seq = run.post.seq + 1
            change.post.update(state=state, next_what=what, next_at=at, seq=seq)
            if records.write(conn, run, change, now=now, release=True) is None:
                return
            _spread(conn, run, change)
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
        case Park(scope, key, diagnosis, why, _):
            _park(conn, worker, run, change, scope, key, diagnosis, why, now)
        case Blocked(blocker_ids, cause, state, why):
            change.post.update(
                state="checking" if run.post.checking else state,
                cause=cause,
                cause_pattern=cause.get("pattern"),
                cause_lane=cause.get("lane"),
                why=why,
                next_what="Goes by itself once this is repaired.",
                next_at=None,
                seq=run.post.seq + 1,
            )
            if records.write(conn, run, change, now=now, release=True) is not None:
                blockers.put_behind(conn, run.post.id, blocker_ids)
        case Finish(state, why, met):
            if met is not None:
                account = run.account
                where = blockers.scope_for(
                    conn, met.diagnosis, met.scope, met.key, account_id=account.id, app_id=account.app_id, now=now
                )
                _open(conn, worker, run, *where, met.diagnosis, str(run.post.stage), now)
            change.post.update(state=state, next_what=None, next_at=None, seq=run.post.seq + 1)
            if why:
                change.post["why"] = why
            if state == "published":
                change.post["published_at"] = run.post.published_at or change.post.get("published_at") or now
            if records.write(conn, run, change, now=now, release=True) is not None:
                _count_unknown(conn, run, change, now)
                _probed(conn, worker, run, "done" if state == "published" else "preflight", now)
        case Continue():
            raise AssertionError("a run that goes on does not end")


def _probed(conn: sa.Connection, worker: WorkerContext, run: Run, stage: str, now: float) -> None:
    """If this post went first to see whether a cause is gone, say how far it got."""
    if any(row["probe_post_id"] == run.post.id for row in run.blockers):
        rechecking.close_probed(conn, worker.releaser, run.post.id, stage, now)


def _park(
    conn: sa.Connection,
    worker: WorkerContext,
    run: Run,
    change: Change,
    scope: str,
    key: str,
    diagnosis: Diagnosis,
    why: str,
    now: float,
) -> None:
    scope, key = blockers.scope_for(
        conn, diagnosis, scope, key, account_id=run.account.id, app_id=run.account.app_id, now=now
    )
    checking_now = records.preview(run, change).post.checking
    state = "checking" if checking_now else ("waiting" if scope == "platform" else "blocked")
    change.post.update(state=state, next_what="Goes by itself once this is repaired.", next_at=None, why=why)
    change.post["seq"] = run.post.seq + 1
    if records.write(conn, run, change, now=now, release=True) is None:
        return
    stage = str(change.post.get("stage") or run.post.stage)
    blockers.put_behind(conn, run.post.id, [_open(conn, worker, run, scope, key, diagnosis, stage, now)])
    _count_unknown(conn, run, change, now)


def _open(
    conn: sa.Connection,
    worker: WorkerContext,
    run: Run,
    scope: str,
    key: str,
    diagnosis: Diagnosis,
    stage: str,
    now: float,
) -> str:
    blocker_id = blockers.open_blocker(
        conn,
        diagnosis,
        scope=scope,
        key=key,
        workspace_id=run.post.workspace_id,
        now=now,
        scale=worker.scale,
        stage=stage,
    )
    if scope == "account":
        worker.observe(conn, run.account.id, diagnosis, now)
    return blocker_id


def _spread(conn: sa.Connection, run: Run, change: Change) -> None:
    until = change.account.get("quota_until")
    cause = change.post.get("cause") or {}
    if until is not None and cause.get("scope") == "app":
        _slow_app(conn, run, until)


def _heed(conn: sa.Connection, run: Run, change: Change, now: float) -> None:
    """A call that worked may say, in its headers, that the next one will not: then the account, or its app, waits."""
    for note in change.notes:
        headers = (note.answer or {}).get("headers") if note.outcome == "ok" else None
        if not isinstance(headers, dict) or (wait := hinted_wait_s(headers)) is None or wait <= 0:
            continue
        until = max(now + wait, run.account.quota_until or 0.0, change.account.get("quota_until") or 0.0)
        change.account["quota_until"] = until
        change.account.setdefault("quota", {**run.account.quota, "cause": None})
        app = hinted_wait_s({k: v for k, v in headers.items() if k == "x-app-usage"})
        if app is not None:
            _slow_app(conn, run, now + app)


def _slow_app(conn: sa.Connection, run: Run, until: float) -> None:
    """An app-wide limit slows every account of the app, not only the one that met it."""
    conn.execute(
        sa.update(accounts)
        .where(
            accounts.c.app_id == run.account.app_id,
            sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until < until),
        )
        .values(quota_until=until)
    )


def _of_the_platform(change: Change) -> bool:
    """Whether what was met is Threads' own trouble. A container that is not found (yet) is that container's alone,
    however many accounts meet it; and what an unclear answer means is what it would mean if nothing was published."""
    asides = (columns.get("unclear_cause") for columns in change.parts.values())
    cause = next((cause for cause in asides if cause), None) or change.post.get("cause") or {}
    return cause.get("lane") == "platform_temporary" and cause.get("pattern") not in UNKNOWN_CONTAINER


def _breaks(worker: WorkerContext, run: Run, change: Change, now: float) -> bool:
    # The call that failed tells the stage: after an unclear publish the post's own stage is another one already.
    stage = change.notes[0].stage if change.notes else str(change.post.get("stage") or run.post.stage)
    return worker.breaker.failed(stage, run.post.id, now, scale=worker.scale)


def _platform(change: Change) -> Park:
    """Threads itself is in trouble: everybody waits, one request looks whether it is over."""
    found = diagnose(Evidence(stage="unknown", context={"platform_outage": True}, body={"treadle": "platform_outage"}))
    cause = change.post.get("cause") or {}
    kept = checking.diagnosis_of(cause) or found
    kept = replace(kept, scope="platform")
    return Park("platform", "threads", kept, "Many calls fail for reasons of Threads' own; one probe asks for all.")


def _count_unknown(conn: sa.Connection, run: Run, change: Change, now: float) -> None:
    """Answers that no pattern knows are kept and counted per shape, so that they can be catalogued."""
    for note in change.notes:
        if not note.diagnosis or note.diagnosis.get("pattern") != "unknown" or not note.answer:
            continue
        answer: Any = note.answer
        sample = {"stage": note.stage, "http_status": answer.get("status"), "body": answer.get("body", answer)}
        shape = shape_of(Evidence(stage=note.stage, http_status=answer.get("status"), body=sample["body"]))[:255]
        u = unknown_answers
        done = conn.execute(sa.update(u).where(u.c.shape == shape).values(count=u.c.count + 1, last_at=now))
        if done.rowcount == 0:
            conn.execute(
                sa.insert(u).values(shape=shape, count=1, first_at=now, last_at=now, sample=sample, post_id=run.post.id)
            )


def _without_ids(worker: WorkerContext, outcome: Outcome) -> Outcome:
    for columns in outcome.change.parts.values():
        columns.pop("threads_id", None)
    return Outcome(outcome.change, Snooze(worker.now() + 1.0, "checking", "Looks for the published post again."))
