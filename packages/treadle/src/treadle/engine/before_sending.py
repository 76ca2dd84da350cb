"""The reads of the account's lists that come before a publish, the first one and every repeated one."""

from __future__ import annotations

from dataclasses import replace

from treadle.domain.replacing import may_replace_container, sent_of
from treadle.domain.steps import Publish
from treadle.domain.view import PartView
from treadle.engine.ending import Outcome, Park, Snooze
from treadle.engine.evidence import NEEDED_BY_ALL, note_of
from treadle.engine.failing import call_failed
from treadle.engine.looking import Listed, note_ids, read_list
from treadle.engine.records import Change, Run
from treadle.engine.seeing import claims, evidence
from treadle.engine.sending import FIRST_CHECK_S, published
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note


async def note_list(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """Before the first send: which posts are there already, so that none of them is ever taken for this one."""
    part, began = step.part, worker.now()
    listed = await note_ids(worker.client(run.account), part)
    what = "Note what the account has published so far"
    notes = [note_of(result, "publish", what, part.position, started_at=began) for result in listed.results]
    if listed.failure is None:
        ids = [str(item.get("id")) for item in listed.items]
        return Outcome(Change(notes=notes).on(part.position, seen_before=ids))
    stopped = _list_stops(worker, run, part, listed, what, began, notes)
    if stopped is not None:
        return stopped
    # The list is a help, not a condition: without it a match is only taken when the container says PUBLISHED.
    notes[-1] = replace(notes[-1], decision="Goes on without the list.")
    return Outcome(Change(notes=notes).on(part.position, checks={**part.checks, "list_unread": True}))


async def look_first(worker: WorkerContext, run: Run, step: Publish) -> Outcome:
    """Before a repeated send: the lists once more, since the refusal before it may have come after the effect."""
    part, began = step.part, worker.now()
    listed = await read_list(worker.client(run.account), part, noted=part.seen_before, since=part.intent_first_at)
    what = "Look whether it is live before it is sent again"
    notes = [note_of(result, "publish", what, part.position, started_at=began) for result in listed.results]
    if listed.failure is not None:
        stopped = _list_stops(worker, run, part, listed, what, began, notes)
        if stopped is not None:
            return stopped
    claimed, rivals = await worker.db.query(claims, part)
    now = worker.now()
    seen, found = evidence(
        worker, part, step.reply_to, part.container_status, listed, now, claimed=claimed, rivals=rivals
    )
    verdict = may_replace_container(sent_of(part), seen, "send again")
    change = Change(notes=notes)
    if verdict.decision == "send again":
        checks = {**part.checks, "finished": seen.finished, "listed_after": part.intent_at}
        return Outcome(change.on(part.position, checks=checks))
    if verdict.decision == "live":
        return Outcome(change.on(part.position, **published(now, found[0])).calm())
    notes[-1] = replace(notes[-1], decision=verdict.why)
    checks = {**part.checks, "wish": "replace" if verdict.decision == "replace" else "send again"}
    change.on(part.position, intent="sent", state="checking", checks=checks)
    at = now + max(0.2, worker.scaled(FIRST_CHECK_S))
    return Outcome(
        change, Snooze(at, "checking", "Looks again whether it is live; nothing is sent until that is known.")
    )


def _list_stops(
    worker: WorkerContext, run: Run, part: PartView, listed: Listed, what: str, began: float, notes: list[Note]
) -> Outcome | None:
    """When a list that cannot be read stops the send as well: a refused token, a limit. One permission does not."""
    assert listed.failure is not None
    failed = call_failed(worker, run, part, listed.failure, stage="read", situation="read", what=what, started_at=began)
    if "quota_until" not in failed.change.account:
        harmless = failed.change.post.get("cause_lane") in ("unknown", "platform_temporary", "permission_app_review")
        needed = isinstance(failed.ending, Park) and failed.ending.diagnosis.pattern in NEEDED_BY_ALL
        if isinstance(failed.ending, Snooze) or (harmless and not needed):
            return None
    failed.change.notes[:0] = notes[:-1]
    return failed
