"""One hop of a post's durable run: claim it, do what comes next as far as it goes without waiting, let it go.

A hop is one small DBOS workflow. Everything it decides by is in our tables, and everything it decides is written there
in the transaction that also stores the next hop. So a hop that dies is simply run again by whoever takes over: it reads
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
from treadle.engine.ending import Behind, Ending, GoOn, Later, Outcome, Over, Parked, Queue
from treadle.engine.failing import UNKNOWN_CONTAINER
from treadle.engine.house import House
from treadle.engine.records import Change, Hop
from treadle.store import blockers
from treadle.store.tables import accounts, unknown_answers
from treadle.store.timeline import Note
from treadle_diagnosis import diagnose
from treadle_diagnosis.retry import hinted_wait_s
from treadle_diagnosis.shape import shape_of
from treadle_diagnosis.types import Diagnosis, Evidence

MOST_STEPS = 40  # of one hop; a chain goes on in the next one, so that no post holds a worker for long

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


async def advance(house: House, post_id: str, seq: int, queue: Queue) -> None:
    """Run one hop. Raises only when the database does; then nothing is half written, and the hop is run again."""
    token = house.lease.token
    taken = await house.db.run(_take, house, post_id, seq, token, queue)
    for _ in range(MOST_STEPS):
        if taken is None:
            return
        hop, step = taken
        outcome = await _perform(house, hop, step)
        try:
            taken = await house.db.run(_settle, house, hop, outcome, queue)
        except sa.exc.IntegrityError:
            # The id found was claimed by another part in the same moment: it is not this one's. Look again later.
            outcome = _without_ids(house, outcome)
            taken = await house.db.run(_settle, house, hop, outcome, queue)
    if taken is not None:
        hop, _ = taken
        await house.db.run(_settle, house, hop, Outcome(Change(), Later(house.now(), "publishing", "Goes on.")), queue)


def _take(
    conn: sa.Connection, house: House, post_id: str, seq: int, token: str, queue: Queue
) -> tuple[Hop, steps.Step] | None:
    now = house.now()
    hop = records.claim(conn, post_id, seq, worker=house.lease.worker, lease_token=token, now=now)
    if hop is None:
        return None
    stopped = admission.inspect(conn, house, hop, now)
    if stopped is None:
        first = hop.post.stage == "preflight" and hop.post.cause is None
        notes = (
            [Note("preflight", "state", "Nothing stands in the way: on its way to Threads.", outcome="ok")]
            if first
            else []
        )
        stopped = Outcome(Change(notes=notes))
    return _settle(conn, house, hop, stopped, queue)


async def _perform(house: House, hop: Hop, step: steps.Step) -> Outcome:
    match step:
        case steps.PrepareMedia():
            return await preparing.prepare(house, hop, step)
        case steps.CreateChildren():
            return await containers.create_children(house, hop, step)
        case steps.PollChildren():
            return await containers.poll_children(house, hop, step)
        case steps.CreateContainer():
            return await containers.create_container(house, hop, step)
        case steps.PollContainer():
            return await containers.poll_container(house, hop, step)
        case steps.ReadLimit(part=part):
            return await quota.look(house, hop, part)
        case steps.Publish(part=part):
            if part.intent == "sent":
                return await sending.send(house, hop, step)
            if sent_of(part).written:
                return await before_sending.look_first(house, hop, step)
            return await before_sending.note_list(house, hop, step)
        case steps.Check():
            return await checking.check(house, hop, step)
        case steps.LookBefore():
            return await checking.look_before(house, hop, step)
        case steps.FindId():
            return await checking.find_id(house, hop, step)
        case steps.Verify():
            return await checking.verify(house, hop, step)
        case _:
            raise AssertionError(f"no way to perform {step}")


def _settle(
    conn: sa.Connection, house: House, hop: Hop, outcome: Outcome, queue: Queue
) -> tuple[Hop, steps.Step] | None:
    """Write the outcome, and begin the next step or store the next hop, in one transaction."""
    now = house.now()
    change, ending = outcome.change, outcome.ending
    _heed(conn, hop, change, now)
    if hop.account.health != "active" and any(columns.get("published_at") for columns in change.parts.values()):
        house.worked(conn, hop.account.id, now)
    if isinstance(ending, GoOn):
        return _go_on(conn, house, hop, change, queue, now)
    _end(conn, house, hop, change, ending, now)
    return None


def _go_on(
    conn: sa.Connection, house: House, hop: Hop, change: Change, queue: Queue, now: float
) -> tuple[Hop, steps.Step] | None:
    ahead = records.preview(hop, change)
    step = steps.next_step(ahead.post, now)
    wanted: Queue
    if isinstance(step, steps.Done):
        change.post["stage"] = "done"
        _end(conn, house, hop, change, Over("published"), now)
        return None
    if isinstance(step, steps.Wait):
        _end(conn, house, hop, change, Later(step.until, "scheduled", step.what), now)
        return None
    limited = admission.inside_limit(ahead, step, now)
    if limited is not None:
        change.post.update(limited.change.post)
        _end(conn, house, hop, change, limited.ending, now)
        return None
    if isinstance(step, TOWARDS_PUBLISH) and quota.doubtful(ahead.account, step.part, now):
        # In this hop, whatever its queue: the next one would find the limit used up by our own count, and wait.
        step, wanted, stage = steps.ReadLimit(step.part), queue, hop.post.stage
    else:
        wanted = "media" if isinstance(step, steps.PrepareMedia) else "posts"
        stage = steps.STAGE_OF[type(step)]
    if wanted != queue:
        change.post["stage"] = stage
        _end(conn, house, hop, change, Later(now, "publishing", WHAT[type(step)], queue=wanted), now)
        return None
    if isinstance(step, steps.Publish) and _may_send(step):
        position = step.part.position
        sent = {**change.parts.get(position, {}), **admission.intent_columns(step.part, hop.worker, now)}
        refused = admission.intend(conn, house, ahead, step.part, sent, now)
        if refused is not None:
            change.post.update(refused.change.post)
            change.notes.extend(refused.change.notes)
            _end(conn, house, hop, change, refused.ending, now)
            return None
        change.parts.pop(position, None)  # written by admission.intend, in this transaction
        hop = records.preview(hop, Change().on(position, **sent))
        step = replace(step, part=step.part.but(**sent))
    change.post.update(stage=stage, state="checking" if isinstance(step, steps.Check) else "publishing")
    what = _words(step)
    change.post.update(next_what=what, next_at=None)
    written = records.write(conn, hop, change, now=now)
    if written is None:
        return None
    _probed(conn, house, written, stage, now)
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


def _end(conn: sa.Connection, house: House, hop: Hop, change: Change, ending: Ending, now: float) -> None:
    match ending:
        case Later(at, state, what, wanted, trouble):
            if (trouble or _of_the_platform(change)) and _breaks(house, hop, change, now):
                _end(conn, house, hop, change, _platform(change), now)
                return
            seq = hop.post.seq + 1
            change.post.update(state=state, next_what=what, next_at=at, seq=seq)
            if records.write(conn, hop, change, now=now, release=True) is None:
                return
            _spread(conn, hop, change)
            house.enqueue(
                conn,
                hop.post.id,
                seq,
                account_id=hop.account.threads_user_id,
                delay_s=max(0.0, at - now),
                due_at=hop.post.due_at,
                queue=wanted,
            )
            house.woke(at)
        case Parked(scope, key, diagnosis, why, _):
            _park(conn, house, hop, change, scope, key, diagnosis, why, now)
        case Behind(blocker_ids, cause, state, why):
            change.post.update(
                state="checking" if hop.post.checking else state,
                cause=cause,
                cause_pattern=cause.get("pattern"),
                cause_lane=cause.get("lane"),
                why=why,
                next_what="Goes by itself once this is repaired.",
                next_at=None,
                seq=hop.post.seq + 1,
            )
            if records.write(conn, hop, change, now=now, release=True) is not None:
                blockers.put_behind(conn, hop.post.id, blocker_ids)
        case Over(state, why, met):
            if met is not None:
                account = hop.account
                where = blockers.scope_for(
                    conn, met.diagnosis, met.scope, met.key, account_id=account.id, app_id=account.app_id, now=now
                )
                _open(conn, house, hop, *where, met.diagnosis, str(hop.post.stage), now)
            change.post.update(state=state, next_what=None, next_at=None, seq=hop.post.seq + 1)
            if why:
                change.post["why"] = why
            if state == "published":
                change.post["published_at"] = hop.post.published_at or change.post.get("published_at") or now
            if records.write(conn, hop, change, now=now, release=True) is not None:
                _count_unknown(conn, hop, change, now)
                _probed(conn, house, hop, "done" if state == "published" else "preflight", now)
        case GoOn():
            raise AssertionError("a run that goes on does not end")


def _probed(conn: sa.Connection, house: House, hop: Hop, stage: str, now: float) -> None:
    """If this post went first to see whether a cause is gone, say how far it got."""
    if any(row["probe_post_id"] == hop.post.id for row in hop.blockers):
        rechecking.close_probed(conn, house.releaser, hop.post.id, stage, now)


def _park(
    conn: sa.Connection,
    house: House,
    hop: Hop,
    change: Change,
    scope: str,
    key: str,
    diagnosis: Diagnosis,
    why: str,
    now: float,
) -> None:
    scope, key = blockers.scope_for(
        conn, diagnosis, scope, key, account_id=hop.account.id, app_id=hop.account.app_id, now=now
    )
    checking_now = records.preview(hop, change).post.checking
    state = "checking" if checking_now else ("waiting" if scope == "platform" else "blocked")
    change.post.update(state=state, next_what="Goes by itself once this is repaired.", next_at=None, why=why)
    change.post["seq"] = hop.post.seq + 1
    if records.write(conn, hop, change, now=now, release=True) is None:
        return
    stage = str(change.post.get("stage") or hop.post.stage)
    blockers.put_behind(conn, hop.post.id, [_open(conn, house, hop, scope, key, diagnosis, stage, now)])
    _count_unknown(conn, hop, change, now)


def _open(
    conn: sa.Connection,
    house: House,
    hop: Hop,
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
        workspace_id=hop.post.workspace_id,
        now=now,
        scale=house.scale,
        stage=stage,
    )
    if scope == "account":
        house.observe(conn, hop.account.id, diagnosis, now)
    return blocker_id


def _spread(conn: sa.Connection, hop: Hop, change: Change) -> None:
    until = change.account.get("quota_until")
    cause = change.post.get("cause") or {}
    if until is not None and cause.get("scope") == "app":
        _slow_app(conn, hop, until)


def _heed(conn: sa.Connection, hop: Hop, change: Change, now: float) -> None:
    """A call that worked may say, in its headers, that the next one will not: then the account, or its app, waits."""
    for note in change.notes:
        headers = (note.answer or {}).get("headers") if note.outcome == "ok" else None
        if not isinstance(headers, dict) or (wait := hinted_wait_s(headers)) is None or wait <= 0:
            continue
        until = max(now + wait, hop.account.quota_until or 0.0, change.account.get("quota_until") or 0.0)
        change.account["quota_until"] = until
        change.account.setdefault("quota", {**hop.account.quota, "cause": None})
        app = hinted_wait_s({k: v for k, v in headers.items() if k == "x-app-usage"})
        if app is not None:
            _slow_app(conn, hop, now + app)


def _slow_app(conn: sa.Connection, hop: Hop, until: float) -> None:
    """An app-wide limit slows every account of the app, not only the one that met it."""
    conn.execute(
        sa.update(accounts)
        .where(
            accounts.c.app_id == hop.account.app_id,
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


def _breaks(house: House, hop: Hop, change: Change, now: float) -> bool:
    # The call that failed tells the stage: after an unclear publish the post's own stage is another one already.
    stage = change.notes[0].stage if change.notes else str(change.post.get("stage") or hop.post.stage)
    return house.breaker.failed(stage, hop.post.id, now, scale=house.scale)


def _platform(change: Change) -> Parked:
    """Threads itself is in trouble: everybody waits, one request looks whether it is over."""
    found = diagnose(Evidence(stage="unknown", context={"platform_outage": True}, body={"treadle": "platform_outage"}))
    cause = change.post.get("cause") or {}
    kept = checking.diagnosis_of(cause) or found
    kept = replace(kept, scope="platform")
    return Parked("platform", "threads", kept, "Many calls fail for reasons of Threads' own; one probe asks for all.")


def _count_unknown(conn: sa.Connection, hop: Hop, change: Change, now: float) -> None:
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
                sa.insert(u).values(shape=shape, count=1, first_at=now, last_at=now, sample=sample, post_id=hop.post.id)
            )


def _without_ids(house: House, outcome: Outcome) -> Outcome:
    for columns in outcome.change.parts.values():
        columns.pop("threads_id", None)
    return Outcome(outcome.change, Later(house.now() + 1.0, "checking", "Looks for the published post again."))
