"""The stages that make containers and wait for them. Making, reading or losing a container sends nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from treadle.domain import policy, waiting
from treadle.domain.params import child_params, container_params
from treadle.domain.steps import CreateChildren, CreateContainer, PollChildren, PollContainer
from treadle.domain.view import CONTAINER_LIFE_S, PartView
from treadle.engine.ending import Outcome, Park, Snooze
from treadle.engine.evidence import note_of
from treadle.engine.failing import (
    MAKES_SURE,
    NOT_FOUND_YET,
    call_failed,
    decided,
    drop_or_make_sure,
    dropped_or_marked,
    never_sent,
)
from treadle.engine.records import Change, Run
from treadle.engine.sending import published
from treadle.engine.worker_context import WorkerContext
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence, diagnose
from treadle_threads.results import Ok, Refused
from treadle_threads.values import ContainerStatus

LONGER = 4.0  # how many times as long the second container is waited for before the post is parked
POLL_SCALE_FLOOR = 0.1  # waiting for Meta is not ours to shrink; a sandbox in a hurry may shrink it tenfold


async def create_container(worker: WorkerContext, run: Run, step: CreateContainer) -> Outcome:
    part, began = step.part, worker.now()
    result = await worker.client(run.account).create_container(container_params(part, step.reply_to))
    if not isinstance(result, Ok):
        return call_failed(
            worker,
            run,
            part,
            result,
            stage="create_container",
            situation="create",
            what="Create the container",
            started_at=began,
        )
    worker.breaker.worked("create_container")
    change = Change(
        notes=[note_of(result, "create_container", "Create the container", part.position, started_at=began)]
    )
    change.on(
        part.position,
        container_id=result.value,
        container_made_at=worker.now(),
        container_status="IN_PROGRESS",
        polls=0,
        state="waiting",
        cause=None,
        tries={pattern: met for pattern, met in part.tries.items() if pattern != NOT_FOUND_YET},
    )
    return Outcome(change.calm())


async def create_children(worker: WorkerContext, run: Run, step: CreateChildren) -> Outcome:
    """All missing children at once; those that worked are kept when one fails."""
    part, began, client = step.part, worker.now(), worker.client(run.account)
    results = await asyncio.gather(*(client.create_container(child_params(part, i)) for i in step.missing))
    children: list[dict[str, Any]] = [
        dict(part.children[i]) if i < len(part.children) else {} for i in range(len(part.media_urls or []))
    ]
    notes, failure = [], None
    for index, result in zip(step.missing, results, strict=True):
        what = f"Create the container of medium {index + 1}"
        if isinstance(result, Ok):
            children[index] = {"id": result.value, "status": "IN_PROGRESS", "made_at": worker.now()}
            notes.append(note_of(result, "create_container", what, part.position, started_at=began))
        elif failure is None:
            failure = (result, what)
        else:
            notes.append(note_of(result, "create_container", what, part.position, started_at=began))
    if failure:
        outcome = call_failed(
            worker,
            run,
            part,
            failure[0],
            stage="create_container",
            situation="create",
            what=failure[1],
            started_at=began,
            columns={"children": children},
        )
        outcome.change.notes.extend(notes)
        return outcome
    worker.breaker.worked("create_container")
    change = Change(notes=notes).on(part.position, children=children, polls=0, state="creating", cause=None)
    return Outcome(change.calm())


async def poll_container(worker: WorkerContext, run: Run, step: PollContainer) -> Outcome:
    part, began = step.part, worker.now()
    assert part.container_id is not None
    result = await worker.client(run.account).container(part.container_id)
    what = "Ask whether the container is ready"
    if not isinstance(result, Ok):
        return call_failed(
            worker,
            run,
            part,
            result,
            stage="container_status",
            situation="status",
            what=what,
            started_at=began,
            context={"checks": {**part.checks, "wish": "replace"}},
        )
    worker.breaker.worked("container_status")
    worker.thrift.saw(result.answer.headers, worker.now())
    status = result.value.status
    note = note_of(result, "container_status", what, part.position, started_at=began)
    if status == "FINISHED":
        change = Change(notes=[note]).on(part.position, container_status=status, state="ready", cause=None)
        if part.polls > 0 or part.kind != "TEXT":
            took = worker.now() - (part.container_made_at or began)
            change.account["learned"] = waiting.learn(run.account.learned, part.kind, mebibytes(part), took)
        return Outcome(change.calm())
    if status == "PUBLISHED":
        # Out already, though no send of ours is known to have worked: a new container would be a second post.
        change = Change(notes=[note]).on(
            part.position, **published(worker.now(), None), container_status=status, intent="sent"
        )
        return Outcome(change.calm())
    if status == "EXPIRED" and _had_its_day(part, part.container_made_at or began, worker.now()):
        return _replaced(worker, part, [note], "publishing", "The container expired unpublished; makes a new one.")
    if status != "IN_PROGRESS":
        return _bad_container(worker, run, part, result, began, what)
    return _wait(worker, run, part, note=note)


async def poll_children(worker: WorkerContext, run: Run, step: PollChildren) -> Outcome:
    part, began, client = step.part, worker.now(), worker.client(run.account)
    ids = [str(part.children[i]["id"]) for i in step.unfinished]
    results = await asyncio.gather(*(client.container(child) for child in ids))
    children = [dict(child) for child in part.children]
    notes = []
    expired: tuple[Ok[ContainerStatus], str] | None = None
    learned = run.account.learned
    for index, result in zip(step.unfinished, results, strict=True):
        what = f"Ask whether medium {index + 1} is ready"
        columns = {"children": children}
        if not isinstance(result, Ok):
            return call_failed(
                worker,
                run,
                part,
                result,
                stage="container_status",
                situation="status",
                what=what,
                started_at=began,
                columns=columns,
            )
        status = result.value.status
        if status == "ERROR":
            children[index] = {}
            return _bad_container(worker, run, part, result, began, what, columns=columns)
        if status == "EXPIRED":
            if not _had_its_day(part, float(children[index].get("made_at") or began), worker.now()):
                expired = expired or (result, what)
            children[index] = {}
            notes.append(note_of(result, "container_status", what, part.position, started_at=began))
            continue
        children[index]["status"] = "FINISHED" if status == "PUBLISHED" else status
        worker.thrift.saw(result.answer.headers, worker.now())
        if status == "FINISHED":
            took = worker.now() - float(children[index].get("made_at") or began)
            learned = waiting.learn(learned, *kind_and_size(part, index), took)
        notes.append(note_of(result, "container_status", what, part.position, started_at=began))
    worker.breaker.worked("container_status")
    if expired is not None:  # however many of them: one cause, met once
        outcome = _bad_container(worker, run, part, expired[0], began, expired[1], columns={"children": children})
        outcome.change.notes = [outcome.change.notes[0], *(note for note in notes if note.what != expired[1])]
        return outcome
    change = Change(notes=notes).on(part.position, children=children)
    if learned is not run.account.learned:
        change.account["learned"] = learned
    processing = [index for index, child in enumerate(children) if child.get("status") == "IN_PROGRESS"]
    if processing:
        kind, size = max((kind_and_size(part, index) for index in processing), key=lambda found: found[1] or 0.0)
        made = min(float(children[index].get("made_at") or began) for index in processing)
        return _wait_for(worker, run, part, change, kind, size, worker.now() - made)
    return Outcome(change.calm())


def _replaced(worker: WorkerContext, part: PartView, notes: list[Note], state: str, what: str) -> Outcome:
    """A new container instead of this one, at once; after a send, once it is sure that the post is not live."""
    change = Change(notes=notes).on(part.position, **drop_or_make_sure(part, worker.now()))
    if change.parts[part.position].get("intent") == "sent":
        return Outcome(change, Snooze(worker.now(), "checking", MAKES_SURE))
    return Outcome(change, Snooze(worker.now(), state, what))


def _had_its_day(part: PartView, made_at: float, now: float) -> bool:
    """Whether a container expired in the ordinary way, a day after it was made, and not young or without ever getting
    ready: then a new one is likely to fare as badly, and only a few are made."""
    return now - made_at > CONTAINER_LIFE_S - 2 * 3600 and not part.tries.get("still_processing")


def _bad_container(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    result: Ok[Any],
    began: float,
    what: str,
    columns: dict[str, Any] | None = None,
) -> Outcome:
    """The call worked, and its answer says that the container will never be published."""
    refused = Refused(result.answer, result.call, result.elapsed_s)
    unsent = never_sent(part, worker.now())
    outcome = call_failed(
        worker,
        run,
        part,
        refused,
        stage="container_status",
        situation="status",
        what=what,
        started_at=began,
        context={"container_status": result.value.status},
        columns={**dropped_or_marked(part, worker.now()), **(columns or {})},
    )
    disputed = any(item.get("disputed") for item in part.media_urls or [])
    parked = isinstance(outcome.ending, Park)
    if disputed and parked and unsent.decision == "replace" and not part.checks.get("conservative"):
        # Meta's document allows this file and Meta refused it: once, the cautious version is made of it.
        outcome.change.on(
            part.position, checks={**part.checks, "conservative": True}, media_urls=None, state="preparing"
        )
        what = "Threads refused the file as it is; makes a more common version of it."
        outcome.ending = Snooze(worker.now(), "retrying", what)
    return outcome


def _wait(worker: WorkerContext, run: Run, part: PartView, *, note: Any) -> Outcome:
    age = worker.now() - (part.container_made_at or worker.now())
    change = Change(notes=[note]).on(part.position, container_status="IN_PROGRESS")
    return _wait_for(worker, run, part, change, part.kind, mebibytes(part), age)


def _wait_for(
    worker: WorkerContext, run: Run, part: PartView, change: Change, kind: str, size: float | None, age: float
) -> Outcome:
    rebuilt = part.tries.get("still_processing", 0)
    if age > waiting.give_up_s(kind, size) and rebuilt < 1:
        outcome = _replaced(worker, part, change.notes, "retrying", "Threads never finished it; makes a new container.")
        outcome.change.on(part.position, tries={**part.tries, "still_processing": rebuilt + 1})
        return outcome
    if age > LONGER * waiting.give_up_s(kind, size):
        found = diagnose(
            Evidence(stage="container_status", body={"status": "IN_PROGRESS"}, context={"media_kind": kind})
        )
        never = policy.AwaitRepair(
            "post", "Threads finished neither of two containers; the file, or Threads, has to change first."
        )
        columns = {**change.parts[part.position], **dropped_or_marked(part, worker.now())}
        return decided(
            worker,
            run,
            part,
            found,
            never,
            stage="container_status",
            notes=change.notes,
            now=worker.now(),
            columns=columns,
        )
    pause = waiting.next_look(kind, size, age, run.account.learned, worker.thrift.patience_s(worker.now()))
    pause *= max(POLL_SCALE_FLOOR, min(1.0, worker.scale))
    change.on(part.position, polls=part.polls + 1, state="waiting")
    return Outcome(change.calm(), Snooze(worker.now() + pause, "publishing", "Threads is still processing it."))


def mebibytes(part: PartView) -> float | None:
    sizes = [float(m["size"]) for m in part.media_urls or [] if m.get("size")]
    return sum(sizes) / 2**20 if sizes else None


def kind_and_size(part: PartView, index: int) -> tuple[str, float | None]:
    """``IMAGE`` or ``VIDEO``, and MiB when known, of one medium of a carousel."""
    medium = (part.media_urls or [])[index]
    return str(medium["kind"]).upper(), float(medium["size"]) / 2**20 if medium.get("size") else None
