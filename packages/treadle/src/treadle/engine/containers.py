"""The stages that make containers and wait for them. Making, reading or losing a container sends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from treadle.domain import policy, waiting
from treadle.domain.cause import diagnose
from treadle.domain.params import child_params, container_params
from treadle.domain.part_files import ChildContainer
from treadle.domain.run_state import CONTAINER_LIFE_S, PartUpdate, PartView, Run
from treadle.domain.steps import CreateChildren, CreateContainer, PollChildren, PollContainer
from treadle.engine import named_posts
from treadle.engine.calling import NOT_FOUND_YET, Ask, Failed, Worked, call, with_fetches
from treadle.engine.ending import Outcome, Park, Snooze
from treadle.engine.failing import (
    MAKES_SURE,
    call_failed,
    decided,
    drop_or_make_sure,
    dropped_or_marked,
    never_sent,
)
from treadle.engine.sending import found_live
from treadle.engine.worker_context import WorkerContext
from treadle.store.runs import Change
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence
from treadle_threads import values
from treadle_threads.results import Refused
from treadle_threads.values import ContainerStatus

LONGER = 4.0  # how many times as long the second container is waited for before the post is parked
POLL_SCALE_FLOOR = 0.1  # waiting for Meta is not ours to shrink; a sandbox in a hurry may shrink it tenfold


def _create(params: dict[str, str], what: str = "Create the container") -> Ask[str]:
    return Ask(what, "create_container", "create", lambda client: client.create_container(params))


def _status(container_id: str, what: str = "Check whether the container is ready") -> Ask[ContainerStatus]:
    return Ask(what, "container_status", "status", lambda client: client.container(container_id))


def _decisive(answers: Sequence[Worked[Any] | Failed]) -> Failed | None:
    """Of calls made side by side, the failure that decides: a limit is heeded even if another one came first."""
    failures = [answer for answer in answers if isinstance(answer, Failed)]
    return max(failures, key=lambda each: (each.diagnosis.lane == "rate_limit", each.hint_s or 0.0), default=None)


async def create_container(worker: WorkerContext, run: Run, step: CreateContainer) -> Outcome:
    part = step.part
    made = await call(worker, run.account, _create(container_params(part, step.reply_to)), part)
    if isinstance(made, Failed):
        named = named_posts.about_another_post(part, made, step.reply_to)
        if named is not None:
            return await named_posts.ask(worker, run, part, made, named)
        if not part.children and named_posts.names_what_is_missing(made):
            return await named_posts.ask_account(worker, run, part, made)
        return call_failed(worker, run, part, _items_named(part, made))
    update = PartUpdate(
        container_id=made.value,
        container_made_at=worker.now(),
        container_status="IN_PROGRESS",
        polls=0,
        state="waiting",
        cause=None,
        tries={pattern: met for pattern, met in part.tries.items() if pattern != NOT_FOUND_YET},
    )
    progress = part.progress
    if progress.named_asked:
        progress = replace(progress, named_asked=0, named_misses=0, named_missed_at=None)
    shared = values.crossreshare(made.result.answer.body)
    if shared is not None:
        progress = replace(progress, story=shared)
    if progress is not part.progress:
        update.progress = progress
    return Outcome(Change([made.note]).on(part.position, update).calm())


async def create_children(worker: WorkerContext, run: Run, step: CreateChildren) -> Outcome:
    """All missing children at once; those that worked are kept when one fails."""
    part = step.part
    asked = [_create(child_params(part, i), f"Create the container of file {i + 1}") for i in step.missing]
    answers = await asyncio.gather(*(call(worker, run.account, ask, part) for ask in asked))
    children: list[ChildContainer] = [
        part.children[i].copy() if i < len(part.children) else {} for i in range(len(part.media_urls or []))
    ]
    for index, made in zip(step.missing, answers, strict=True):
        if not isinstance(made, Failed):
            children[index] = {"id": made.value, "status": "IN_PROGRESS", "made_at": worker.now()}
    failed = _decisive(answers)
    if failed is not None:
        index = next(i for i, made in zip(step.missing, answers, strict=True) if made is failed)
        named = failed.of_items((index,), len(children))
        kept = PartUpdate(children=children)
        if named_posts.names_what_is_missing(named):
            outcome = await named_posts.ask_account(worker, run, part, named, kept)
        else:
            outcome = call_failed(worker, run, part, named, kept)
        outcome.change.notes.extend(made.note for made in answers if made is not failed)
        return outcome
    change = Change([made.note for made in answers])
    change.on(part.position, PartUpdate(children=children, polls=0, state="creating", cause=None))
    return Outcome(change.calm())


async def poll_container(worker: WorkerContext, run: Run, step: PollContainer) -> Outcome:
    part = step.part
    assert part.container_id is not None
    asked = await call(worker, run.account, _status(part.container_id), part)
    if isinstance(asked, Failed):
        return call_failed(worker, run, part, asked)
    now, status = worker.now(), asked.value.status
    began = asked.note.started_at or now
    change = Change([asked.note])
    if status == "FINISHED":
        if part.kind != "TEXT":
            worker.fetch_outage.fetched()
        change.on(part.position, PartUpdate(container_status=status, state="ready", cause=None))
        if part.polls > 0 or part.kind != "TEXT":
            took = now - (part.container_made_at or began)
            change.account.learned = waiting.learn(run.account.learned, part.kind, mebibytes(part), took)
        return Outcome(change.calm())
    if status == "PUBLISHED":
        # Out already, though no send of ours is known to have worked: a new container would be a second post.
        change.on(part.position, found_live(part, now, None))
        return Outcome(change.on(part.position, PartUpdate(container_status=status, intent="sent")).calm())
    if status == "EXPIRED" and _had_its_day(part, part.container_made_at or began, now):
        return _replaced(
            worker,
            part,
            [asked.note],
            "publishing",
            "The container expired before it was published. Creates a new one.",
        )
    if status != "IN_PROGRESS":
        return await _bad_container(worker, run, part, asked)
    change.on(part.position, PartUpdate(container_status="IN_PROGRESS"))
    age = now - (part.container_made_at or now)
    return _wait_for(worker, run, part, change, part.kind, mebibytes(part), age)


async def poll_children(worker: WorkerContext, run: Run, step: PollChildren) -> Outcome:
    part = step.part
    asked = [_status(str(part.children[i]["id"]), f"Check whether file {i + 1} is ready") for i in step.unfinished]
    answers = await asyncio.gather(*(call(worker, run.account, ask, part) for ask in asked))
    children = [child.copy() for child in part.children]
    notes: list[Note] = []
    expired: Worked[ContainerStatus] | None = None
    learned = run.account.learned
    for index, answer in zip(step.unfinished, answers, strict=True):
        if isinstance(answer, Failed):
            failed = _decisive(answers) or answer
            index = next(i for i, made in zip(step.unfinished, answers, strict=True) if made is failed)
            named = failed.of_items((index,), len(children))
            return call_failed(worker, run, part, named, PartUpdate(children=children))
        status = answer.value.status
        made_at = float(children[index].get("made_at") or answer.note.started_at or worker.now())
        if status == "ERROR":
            children[index] = {}
            return await _bad_container(worker, run, part, answer, PartUpdate(children=children), item=index)
        notes.append(answer.note)
        if status == "EXPIRED":
            if not _had_its_day(part, made_at, worker.now()):
                expired = expired or answer
            children[index] = {}
            continue
        children[index]["status"] = "FINISHED" if status == "PUBLISHED" else status
        if status == "FINISHED":
            worker.fetch_outage.fetched()
            learned = waiting.learn(learned, *kind_and_size(part, index), worker.now() - made_at)
    if expired is not None:  # however many of them: one cause, met once
        outcome = await _bad_container(worker, run, part, expired, PartUpdate(children=children))
        outcome.change.notes = [outcome.change.notes[0], *(note for note in notes if note is not expired.note)]
        return outcome
    change = Change(notes).on(part.position, PartUpdate(children=children))
    if learned is not run.account.learned:
        change.account.learned = learned
    processing = [index for index, child in enumerate(children) if child.get("status") == "IN_PROGRESS"]
    if processing:
        kind, size = max((kind_and_size(part, index) for index in processing), key=lambda found: found[1] or 0.0)
        now = worker.now()
        made = min(float(children[index].get("made_at") or now) for index in processing)
        return _wait_for(worker, run, part, change, kind, size, now - made)
    return Outcome(change.calm())


def _replaced(worker: WorkerContext, part: PartView, notes: list[Note], state: str, what: str) -> Outcome:
    """A new container instead of this one, at once; after a send, once it is sure that the post is not live."""
    change = Change(notes).on(part.position, drop_or_make_sure(part, worker.now()))
    if change.part(part.position).intent == "sent":
        return Outcome(change, Snooze(worker.now(), "checking", MAKES_SURE))
    return Outcome(change, Snooze(worker.now(), state, what))


def _had_its_day(part: PartView, made_at: float, now: float) -> bool:
    """Whether a container expired in the ordinary way, a day after it was made, and not young or without ever getting
    ready: then a new one is likely to fare as badly, and only a few are made."""
    return now - made_at > CONTAINER_LIFE_S - 2 * 3600 and not part.tries.get("still_processing")


async def _bad_container(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    answer: Worked[ContainerStatus],
    also: PartUpdate | None = None,
    item: int | None = None,
) -> Outcome:
    """The call worked, and its answer says that the container will never be published. ``item``: of a carousel."""
    now = worker.now()
    update = dropped_or_marked(part, now)
    if also is not None:
        update.merge(also)
    failed = await with_fetches(worker, answer.as_refusal(now, container_status=answer.value.status))
    if item is not None:
        failed = failed.of_items((item,), len(part.media_urls or []))
    outcome = call_failed(worker, run, part, failed, update)
    disputed = any(item.get("disputed") for item in part.media_urls or [])
    unsent = never_sent(part, now).decision == "replace"
    if disputed and unsent and isinstance(outcome.ending, Park) and not part.progress.conservative:
        # Meta's document allows this file and Meta refused it: once, the cautious version is made of it.
        progress = replace(part.progress, conservative=True)
        outcome.change.on(part.position, PartUpdate(progress=progress, media_urls=None, state="preparing"))
        what = "Threads refused the file. Converts it to a more common format."
        outcome.ending = Snooze(now, "retrying", what)
    return outcome


def _wait_for(
    worker: WorkerContext, run: Run, part: PartView, change: Change, kind: str, size: float | None, age: float
) -> Outcome:
    rebuilt = part.tries.get("still_processing", 0)
    if age > waiting.give_up_s(kind, size) and rebuilt < 1:
        outcome = _replaced(
            worker, part, change.notes, "retrying", "Threads never finished it. Creates a new container."
        )
        outcome.change.part(part.position).tries = {**part.tries, "still_processing": rebuilt + 1}
        return outcome
    if age > LONGER * waiting.give_up_s(kind, size):
        found = diagnose(
            Evidence(stage="container_status", body={"status": "IN_PROGRESS"}, context={"media_kind": kind})
        )
        never = policy.AwaitRepair(
            "post", "Threads finished neither of two containers. Replace the file, or retry later."
        )
        now, update = worker.now(), change.part(part.position)
        update.merge(dropped_or_marked(part, now))
        return decided(run, part, found, never, stage="container_status", notes=change.notes, now=now, also=update)
    pause = waiting.next_look(kind, size, age, run.account.learned, worker.poll_budget.patience_s(worker.now()))
    pause *= max(POLL_SCALE_FLOOR, min(1.0, worker.scale))
    change.on(part.position, PartUpdate(polls=part.polls + 1, state="waiting"))
    what = waiting.in_words(kind, size, run.account.learned, age)
    return Outcome(change.calm(), Snooze(worker.now() + pause, "publishing", what))


def _items_named(part: PartView, failed: Failed) -> Failed:
    """The same, saying which items it is about where the refusal of a carousel names their containers."""
    text = str(failed.failure.answer.body) if isinstance(failed.failure, Refused) else ""
    items = tuple(n for n, child in enumerate(part.children) if child.get("id") and str(child["id"]) in text)
    return failed.of_items(items, len(part.children)) if items else failed


def mebibytes(part: PartView) -> float | None:
    sizes = [size for file in part.media_urls or [] if (size := file.get("size"))]
    return sum(sizes) / 2**20 if sizes else None


def kind_and_size(part: PartView, index: int) -> tuple[str, float | None]:
    """``IMAGE`` or ``VIDEO``, and MiB when known, of one medium of a carousel."""
    file = (part.media_urls or [])[index]
    size = file.get("size")
    return file["kind"].upper(), size / 2**20 if size else None
