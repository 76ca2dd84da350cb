"""The stages after a publish: was it, which post is it, where is it.

After an unclear publish nothing is sent until it is known that nothing is live, and before a container is replaced of
which a publish was sent it is made sure in the same way. A look reads the container and the account's lists; what
follows from them is decided by :func:`treadle.domain.replacing.may_replace_container` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from treadle.domain.matching import Wanted, find
from treadle.domain.policy import Fail, RebuildAt, RetryAt, decide
from treadle.domain.replacing import (
    COUNTS_AS_EXPIRED_S,
    FINISHED_TWICE,
    MISSES,
    MISSES_APART_S,
    Evidence,
    Sent,
    Verdict,
    Wish,
    as_sent,
    may_replace_container,
    restored,
    sent_of,
    without_container,
)
from treadle.domain.steps import Check, FindId, LookBefore, Verify
from treadle.domain.view import PartView
from treadle.engine.ending import Blocked, Continue, Ending, Finish, Outcome, Park, Snooze
from treadle.engine.evidence import note_of, one_permission, reading_stops, understood
from treadle.engine.failing import call_failed, decided
from treadle.engine.looking import Listed, read_list
from treadle.engine.records import Change, Run
from treadle.engine.seeing import claims, evidence, wanted
from treadle.engine.sending import published
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis.types import Diagnosis, RetryAdvice
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Failure, Ok

SENDS = 4  # of one container, in all
CHECK_FIRST_S, CHECK_MOST_S = 5.0, 900.0
GIVE_TO_PERSON_S = COUNTS_AS_EXPIRED_S  # past the container's life: nothing more can be learned by looking


async def check(worker: WorkerContext, run: Run, step: Check) -> Outcome:
    """Look once. A send that a crash cut off is as unclear as one whose answer was: no later refusal is trusted."""
    outcome = await _look(worker, run, step)
    part = step.part
    columns = outcome.change.parts.setdefault(part.position, {})
    if part.intent == "none" and "intent" not in columns:  # its container is old, and a publish of it was sent
        columns.update(intent="sent", checks={**part.checks, **columns.get("checks", {}), "wish": "replace"})
    if _cut_off(part) and columns.setdefault("unclear", True) and columns.get("intent") is None:
        # When that send was written is not known: the settle time begins with the first look, unless it is over.
        now = worker.now()
        if now - (part.intent_at or now) < worker.scaled(worker.settings.publish_settle):
            columns["intent_at"] = now
    return outcome


def _cut_off(part: PartView) -> bool:
    """Whether a send has no answer at all that anybody wrote down."""
    return part.intent == "sent" and not part.unclear and "wish" not in part.checks


async def _look(worker: WorkerContext, run: Run, step: Check) -> Outcome:
    part, client = step.part, worker.client(run.account)
    assert part.container_id is not None
    began = worker.now()
    status_result = await client.container(part.container_id)
    status = status_result.value.status if isinstance(status_result, Ok) else None
    if status is not None:
        worker.breaker.worked("verify")
    notes = [
        note_of(status_result, "verify", "Ask the container whether it was published", part.position, started_at=began)
    ]
    if not isinstance(status_result, Ok):
        stopped = _stopped_by(worker, run, part, status_result, notes)
        if stopped:
            return stopped
        outage = next((row for row in run.blockers if row["scope"] == "platform"), None)
        if outage is not None and _of_the_platform(status_result):
            why = "Threads is in trouble; looks whether it is live once that is over."
            change = Change(notes=notes)
            return Outcome(change, Blocked((str(outage["id"]),), dict(part.unclear_cause or {}), "checking", why))
    if status == "PUBLISHED":
        return _live(worker, part, notes)
    began = worker.now()
    listed = await read_list(client, as_sent(part), noted=part.seen_before, since=part.intent_first_at)
    notes += _notes_of(listed, "Look for it among the account's posts", part, began)
    if listed.failure is not None:
        stopped = _stopped_by(worker, run, part, listed.failure, notes)
        if stopped:
            return stopped
    return await _weigh(worker, run, step, status, listed, notes)


def _of_the_platform(failure: Failure) -> bool:
    return diagnose_failure(understood(failure), "verify", {}).lane == "platform_temporary"


def _notes_of(listed: Listed, what: str, part: PartView, began: float) -> list[Note]:
    return [note_of(result, "verify", what, part.position, started_at=began) for result in listed.results]


async def _weigh(
    worker: WorkerContext, run: Run, step: Check, status: str | None, listed: Listed, notes: list[Note]
) -> Outcome:
    """Not ``PUBLISHED``: what the container, the lists and the time that passed say."""
    part, now = step.part, worker.now()
    claimed, rivals = await worker.db.query(claims, part)
    seen, found = evidence(worker, part, step.parent, status, listed, now, claimed=claimed, rivals=rivals)
    checks = {**part.checks, "looks": int(part.checks.get("looks", 0)) + 1, "finished": seen.finished}
    checks["misses"] = seen.misses
    checks["missed_at"] = now - seen.misses_span_s if seen.misses else None
    replace_it = part.checks.get("wish") == "replace" or part.intent == "none"
    wish: Wish = "replace" if replace_it or part.container_expired(now) else "send again"
    sent = replace(sent_of(part), written=True, all_clear=not part.unclear and not _cut_off(part))
    verdict = may_replace_container(sent, seen, wish)
    match verdict.decision:
        case "live":
            return Outcome(
                Change(notes=notes)
                .on(part.position, **published(now, found[0]), checks=checks, **restored(part))
                .calm()
            )
        case "replace" | "send again":
            return _absent(worker, run, part, notes, sent, seen, verdict, checks)
    given_up = now - (part.intent_at or now) > worker.scaled(GIVE_TO_PERSON_S)
    if verdict.decision == "ask a person" or given_up:
        change = Change(notes=notes).on(part.position, checks=checks)
        change.post["why"] = (
            "Neither the container nor the account's lists say whether it is live. A person has to look."
        )
        return Outcome(change, Finish("checking", change.post["why"]))
    later = _look_again(worker, part, checks, now)
    if status is None and listed.failure is not None and _of_the_platform(listed.failure):
        later = replace(later, trouble=True)
    return Outcome(Change(notes=notes).on(part.position, checks=checks), later)


def _look_again(worker: WorkerContext, part: PartView, checks: Mapping[str, Any], now: float) -> Snooze:
    settle = worker.scaled(worker.settings.publish_settle)
    pause = min(CHECK_MOST_S, CHECK_FIRST_S * 1.6 ** int(checks.get("looks", 1)))
    at = now + max(0.2, worker.scaled(pause))
    settled_at = (part.intent_at or now) + settle
    if now < settled_at < at:
        at = settled_at + 0.05
    elif checks.get("finished") == FINISHED_TWICE - 1:
        at = now + max(0.2, worker.scaled(CHECK_FIRST_S))
    elif checks.get("misses") == MISSES - 1:
        at = min(at, now + max(0.2, worker.scaled(MISSES_APART_S) + 0.05))
    return Snooze(at, "checking", "Looks again whether it is live; nothing is sent until that is known.")


def _live(worker: WorkerContext, part: PartView, notes: list[Note]) -> Outcome:
    change = Change(notes=notes).on(part.position, **published(worker.now(), None), container_status="PUBLISHED")
    change.on(part.position, checks={**part.checks, "found_live": True}, **restored(part))
    return Outcome(change.calm())


def _absent(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    notes: list[Note],
    sent: Sent,
    seen: Evidence,
    verdict: Verdict,
    checks: Mapping[str, Any],
) -> Outcome:
    """It is proven that nothing is live: the same container once more, or a new one."""
    now = worker.now()
    notes.append(Note("verify", "decision", "It is not live.", part.position, decision=verdict.why, outcome="ok"))
    cause, asked_for = diagnosis_of(part.unclear_cause), part.checks.get("wish") == "replace"
    limited = cause is not None and cause.lane == "rate_limit"
    decision: Any
    if asked_for:
        decision = RetryAt(max(now, float(part.checks.get("not_before") or now)), verdict.why)
    elif cause is None or limited:
        # How long a limit holds was noted on the account when its answer came, and is heeded before the next send.
        decision = RetryAt(now, verdict.why)
    elif part.sends >= SENDS and verdict.decision == "send again":
        decision = Fail("It was sent several times and never went live.")
    else:
        decision = decide(cause, "publish", part.tries, now=now, random01=worker.random01(), scale=worker.scale)
    if isinstance(decision, RebuildAt):
        verdict, decision = may_replace_container(sent, seen, "replace"), RetryAt(decision.at, decision.why)
    if verdict.decision == "replace":
        columns: dict[str, Any] = {**without_container(verdict), "checks": _kept(part.checks)}
    else:
        listed = {"finished": seen.finished, "listed_after": part.intent_at}
        columns = {"intent": "none", "checks": {**_kept(part.checks), **listed}, "unclear_cause": None}
        columns["state"] = "ready"
        if cause is None or limited:
            # Cut off by a worker that stopped, or met by a limit: nothing was refused for good, so it costs no send.
            columns["sends"] = max(0, part.sends - 1)
    if isinstance(decision, RetryAt):
        change = Change(notes=notes).on(part.position, **columns)
        if cause is not None and not asked_for:
            change.parts[part.position]["tries"] = {**part.tries, cause.pattern: part.tries.get(cause.pattern, 0) + 1}
        ending: Ending = Continue() if decision.at <= now else Snooze(decision.at, "retrying", "Sends it again.")
        return Outcome(change, ending)
    assert cause is not None
    # After a Park or Fail the container may yet be sent by a person's retry; the fence is open for that.
    return decided(worker, run, part, cause, decision, stage="publish", notes=notes, now=now, columns=columns)


def _kept(checks: Mapping[str, Any]) -> dict[str, Any]:
    """What a part remembers of its lists beyond one question whether it is live."""
    return {name: checks[name] for name in ("conservative",) if name in checks}


def _stopped_by(worker: WorkerContext, run: Run, part: PartView, failure: Any, notes: list[Note]) -> Outcome | None:
    """When reading itself is refused for a reason that must be repaired, or for a limit, wait for the end of that; the
    post stays ``checking``. One permission that is missing is no such reason: publishing needs another."""
    outcome = call_failed(
        worker,
        run,
        part,
        failure,
        stage="read",
        situation="read",
        what=notes[-1].what,
        started_at=notes[-1].started_at or worker.now(),
    )
    until = outcome.change.account.get("quota_until")
    if until is not None:
        change = Change(account=outcome.change.account, notes=[*notes[:-1], outcome.change.notes[0]])
        return Outcome(change, Snooze(until, "checking", "Looks whether it is live once Threads' limit allows."))
    met = outcome.ending
    if isinstance(met, Park) and met.scope in ("account", "app", "platform") and not one_permission(met.diagnosis):
        notes[-1] = outcome.change.notes[0]
        outcome.change.notes = notes
        outcome.change.parts[part.position].pop("state", None)
        return outcome
    return None


async def look_before(worker: WorkerContext, run: Run, step: LookBefore) -> Outcome:
    """After a restore: a part that was due since the backup is looked for before it is sent."""
    part, client, began = step.part, worker.client(run.account), worker.now()
    what = "Look whether it went out before the backup was put back"
    if part.container_id is not None:
        asked = await client.container(part.container_id)
        if isinstance(asked, Ok) and asked.value.status == "PUBLISHED":
            return _live(worker, part, [note_of(asked, "verify", what, part.position, started_at=began)])
    listed = await read_list(client, part, since=float(part.checks["restored"]))
    if listed.failure is not None:
        return call_failed(
            worker, run, part, listed.failure, stage="read", situation="read", what=what, started_at=began
        )
    claimed, _ = await worker.db.query(claims, part)
    sought = Wanted(part.kind, part.text, step.parent, float(part.checks["restored"]))
    found = find(listed.items, sought, seen_before=None, claimed=claimed)
    checks = {k: v for k, v in part.checks.items() if k != "restored"}
    change = Change(notes=_notes_of(listed, what, part, began)).on(part.position, checks=checks)
    if found:
        change.on(part.position, **published(worker.now(), found[0]))
    return Outcome(change.calm())


async def find_id(worker: WorkerContext, run: Run, step: FindId) -> Outcome:
    """It is live: find out which of the account's posts it is."""
    part, began = step.part, worker.now()
    listed = await read_list(worker.client(run.account), part, noted=part.seen_before, since=part.intent_first_at)
    what = "Find the published post among the account's posts"
    tries = int(part.checks.get("find_tries", 0)) + 1
    checks = {**part.checks, "find_tries": tries}
    change = Change(notes=_notes_of(listed, what, part, began)).on(part.position, checks=checks)
    if listed.failure is None:
        claimed, rivals = await worker.db.query(claims, part)
        found = find(listed.items, wanted(part, step.parent), seen_before=part.seen_before, claimed=claimed)
        # Two equal posts of ours, both live: the one that was sent first takes the one that appeared first.
        if found and (len(found) == 1 or rivals == 0 or tries > 2):
            change.on(part.position, threads_id=found[0])
            return Outcome(change.calm())
    else:
        stopped = _stopped_by(worker, run, part, listed.failure, change.notes)
        if stopped:
            stopped.change.on(part.position, checks=checks)
            return stopped if step.needed else _live_unread(stopped)
    pause = min(CHECK_MOST_S, 2.0 * 1.7**tries)
    at = worker.now() + max(0.2, worker.scaled(pause))
    if step.needed:
        if tries > 40:
            why = "It is live, but which post it is could not be found; the next part replies to it. Name the post."
            change.post["why"] = why
            return Outcome(change, Finish("checking", why))
        return Outcome(change, Snooze(at, "checking", "Looks for the published post: the next part replies to it."))
    return Outcome(change, Snooze(at, "publishing", "It is live; looks for its address."))


def _live_unread(stopped: Outcome) -> Outcome:
    """It is live, and what is left to read waits for the repair of what stops reading; see ``addresses``."""
    met = stopped.ending if isinstance(stopped.ending, Park) else None
    change = Change(account=stopped.change.account, notes=stopped.change.notes).calm()
    change.post["stage"] = "done"
    return Outcome(change, Finish("published", met=met))


async def verify(worker: WorkerContext, run: Run, step: Verify) -> Outcome:
    """Read the permalink. The post is published whatever comes of this."""
    part, began = step.part, worker.now()
    assert part.threads_id is not None
    result = await worker.client(run.account).media(part.threads_id, fields="id,permalink")
    what = "Read the address of the published post"
    note = note_of(result, "verify", what, part.position, started_at=began)
    change = Change(notes=[note])
    if isinstance(result, Ok) and result.value.permalink:
        return Outcome(change.on(part.position, permalink=result.value.permalink))
    tries = int(part.checks.get("permalink_tries", 0)) + 1
    checks = {**part.checks, "permalink_tries": tries}
    if not isinstance(result, Ok):
        # A refused token is not shown again for an address, of this post or of another; nor is one read in a limit.
        failed = call_failed(worker, run, part, result, stage="verify", situation="read", what=what, started_at=began)
        if reading_stops(result) or "quota_until" in failed.change.account:
            return _live_unread(failed)
    if tries >= 4:
        return Outcome(change.on(part.position, checks={**checks, "permalink_given_up": True}))
    change.on(part.position, checks=checks)
    at = worker.now() + max(0.2, worker.scaled(3.0 * 2**tries))
    return Outcome(change, Snooze(at, "publishing", "It is live; reads its address."))


def diagnosis_of(cause: Mapping[str, Any] | None) -> Diagnosis | None:
    """The diagnosis kept with the unclear publish; ``None`` when there was no answer at all (a worker that stopped)."""
    if not cause or not cause.get("pattern"):
        return None
    retry = {k: v for k, v in (cause.get("retry") or {}).items() if k in RetryAdvice.__dataclass_fields__}
    names = {k: v for k, v in cause.items() if k in Diagnosis.__dataclass_fields__ and k != "retry"}
    for name in ("matched", "plan", "decides"):
        names[name] = tuple(names.get(name) or ())
    return Diagnosis(**names, retry=RetryAdvice(**retry))
