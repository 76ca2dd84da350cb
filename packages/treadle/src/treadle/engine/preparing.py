"""The stage before Threads is asked: look at each medium as Threads will, and make right what can be made right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from treadle.domain import policy
from treadle.domain.cause import from_pattern
from treadle.domain.part_files import PreparedFile
from treadle.domain.policy import Fail, RetryAt, decide
from treadle.domain.run_state import PartUpdate, PartView, Run, start_of
from treadle.domain.steps import PrepareMedia
from treadle.engine.ending import Continue, Outcome, Park, Snooze
from treadle.engine.failing import decided
from treadle.engine.worker_context import WorkerContext
from treadle.media.reach import set_up_fault
from treadle.media.service import MediaService, NotPreparable, Prepared, Progress
from treadle.store.files import find_media, insert_media
from treadle.store.runs import Change, set_next_what
from treadle.store.timeline import Note
from treadle_diagnosis import Evidence
from treadle_diagnosis.types import Diagnosis
from treadle_threads.media.fetch import WHOLE_AT_ONCE
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import OWN_FAULT

# Remarks on an address that stop nothing by themselves, and that say what it was when Threads then cannot fetch it.
DOUBTFUL = frozenset({"meta_agent_refused", "tunnel_host", "redirects", "no_ranges", "host_failed_lately"})
DISPUTED = frozenset({"hevc", "hdr"})  # documented as allowed, refused by folklore: converted once Threads refused it
KEEP_S = 7 * 86_400.0  # how long a file made for a post is kept at most, published or not


async def prepare(worker: WorkerContext, run: Run, step: PrepareMedia) -> Outcome:
    """Prepare every medium of the part, one after the other: repairs take all the processor there is anyway."""
    part, service = step.part, await worker.media()
    ready: list[PreparedFile] = []
    notes: list[Note] = []
    for index, item in enumerate(part.media):
        began = worker.now()
        row = await worker.db.query(find_media, part.workspace_id, str(item["id"])) if item.get("id") else None
        what = f"Check file {index + 1} as Threads will"
        if row is not None and (fault := set_up_fault(worker.settings)) is not None:
            return _not_set_up(worker, run, part, fault, what, began)
        source = service.local_path(row["stored"]) if row else str(item.get("url"))
        made = await service.prepare(
            source,
            on_too_long=str(part.options.get("on_too_long") or "refuse"),
            due_at=run.post.publish_at,
            workspace=part.workspace_id,
            copy=_copied(part),
            conservative=part.progress.conservative,
            progress=_progress_note(worker, run, index),
        )
        if isinstance(made, NotPreparable):
            if _too_early_to_say(run, part, made, worker.now()):
                return _look_again_in_time(run, part, made, what, began, worker.now())
            notes.append(_note(part, what, began, worker.now(), "refused", made.report.to_json()))
            return _not_preparable(worker, run, part, made, notes)
        if made.stored is not None and (fault := set_up_fault(worker.settings)) is not None:
            return _not_set_up(worker, run, part, fault, what, began)
        entry, note = await _ready(worker, run, part, service, item, row, made)
        notes.append(_note(part, f"{what}: {note}", began, worker.now(), "ok", made.report.to_json()))
        ready.append(entry)
    kind = "CAROUSEL" if len(ready) > 1 else ready[0]["kind"]
    update = PartUpdate(media_urls=ready, kind=kind, state="creating", cause=None)
    return Outcome(Change(notes).on(part.position, update).calm(), Continue())


def _copied(part: PartView) -> bool:
    """Whether Meta is given copies even of files that need no repair: until Meta could not fetch these either."""
    origin = part.progress.origin
    return origin == "copies" or (origin == "given" and bool(part.options.get("copy_media")))


def _progress_note(worker: WorkerContext, run: Run, index: int) -> Callable[[Progress], None]:
    """Writes a repair's progress where pages and API show it, at most once a second; losing one line loses nothing."""
    last = 0.0

    def show(progress: Progress) -> None:
        nonlocal last
        if worker.now() - last < 1.0:
            return
        last = worker.now()
        words = f"Repairs file {index + 1}: {progress.fraction:.0%}"
        if progress.left_s is not None:
            words += f", about {progress.left_s:.0f} s left"
        task = asyncio.get_running_loop().create_task(worker.db.run(set_next_what, run, words + "."))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    return show


async def _ready(
    worker: WorkerContext,
    run: Run,
    part: PartView,
    service: MediaService,
    item: dict[str, Any],
    row: dict[str, Any] | None,
    made: Prepared,
) -> tuple[PreparedFile, str]:
    kind = made.report.kind.upper()
    entry = PreparedFile(kind=kind, url=made.url or "", alt_text=item.get("alt_text"), size=made.report.size)
    if made.stored is None and row is None:  # our own check could fetch it, now and from this host
        entry["host"], entry["checked_at"] = str(made.report.fetch.get("host") or "").lower(), worker.now()
    doubts = [f for f in made.report.findings if f.code in DOUBTFUL]
    if kind == "IMAGE" and (made.report.size or 0) <= WHOLE_AT_ONCE:
        doubts = [f for f in doubts if f.code != "no_ranges"]
    doubt = doubts[0] if doubts else None
    if doubt is not None and made.stored is None:
        entry["doubt"] = {"pattern": doubt.pattern, "finding": doubt.to_json()}
    if item.get("spoiler"):
        entry["spoiler"] = True
    if any(f.code in DISPUTED for f in made.report.findings) and not made.repaired:
        entry["disputed"] = True
    if made.stored is None and row is None:
        return entry, "nothing to change."
    if made.stored is None:
        assert row is not None
        entry["url"], entry["media_id"] = service.public_url(row["stored"]), row["id"]
        return entry, "nothing to change."
    kept = made.stored
    values = {
        "id": kept.id,
        "workspace_id": part.workspace_id,
        "source_url": item.get("url"),
        "stored": kept.to_json(),
        "filename": kept.filename,
        "content_type": kept.content_type,
        "size": kept.size,
        "sha256": kept.sha256,
        "report": made.report.to_json(),
        "used_by": run.post.id,
        "created_at": worker.now(),
        "expires_at": worker.now() + KEEP_S,
    }
    await worker.db.run(insert_media, values)
    entry["url"], entry["media_id"], entry["size"] = service.public_url(kept.to_json()), kept.id, kept.size
    return entry, made.summary


def _not_set_up(worker: WorkerContext, run: Run, part: PartView, fault: Finding, what: str, began: float) -> Outcome:
    """The file would be given out at an address that Meta cannot reach: no container is made, nobody blames the file.

    One cause for all such posts of the workspace; it is over as soon as the settings are right.
    """
    diagnosis = from_pattern(fault.pattern, Evidence(stage="media", body={"finding": fault.to_json()}))
    wait = policy.AwaitRepair("media_host", fault.message)
    note = _note(part, what, began, worker.now(), "refused", {"findings": [fault.to_json()]})
    notes = [replace(note, diagnosis=diagnosis.to_json(), decision=wait.why)]
    outcome = decided(run, part, diagnosis, wait, stage="media", notes=notes, now=worker.now())
    outcome.ending = Park("media_host", str(fault.got), diagnosis, wait.why)
    return outcome


def _too_early_to_say(run: Run, part: PartView, made: NotPreparable, now: float) -> bool:
    """Whether a scheduled post's medium cannot be fetched yet: it may be there when its time comes."""
    if run.post.publish_at is None or made.report.probe is not None:
        return False
    return now < start_of(run.post.publish_at, part.kind, run.post.created_at)


def _look_again_in_time(run: Run, part: PartView, made: NotPreparable, what: str, began: float, now: float) -> Outcome:
    assert run.post.publish_at is not None
    at = start_of(run.post.publish_at, part.kind, run.post.created_at)
    note = replace(
        _note(part, what, began, now, "refused", made.report.to_json()),
        decision="Checks again before the post is due.",
    )
    return Outcome(Change([note]), Snooze(at, "scheduled", made.findings[0].message))


def _not_preparable(worker: WorkerContext, run: Run, part: PartView, made: NotPreparable, notes: list[Note]) -> Outcome:
    worst = next((f for f in made.findings if f.severity == "error"), made.findings[0])
    context: dict[str, Any] = {"media_kind": part.kind.lower()}
    if worst.pattern == OWN_FAULT:  # counted, so that the cause says what holds once the retries are used up
        context["seen_on_container"] = part.tries.get(OWN_FAULT, 0) + 1
    evidence = Evidence(stage="media", body={"finding": worst.to_json()}, context=context)
    diagnosis: Diagnosis = from_pattern(worst.pattern, evidence)
    decision = decide(diagnosis, "media", part.tries, now=worker.now(), random01=worker.random01(), scale=worker.scale)
    if isinstance(decision, Fail):
        decision = policy.AwaitRepair("post", worst.message)
    if worst.pattern == OWN_FAULT and isinstance(decision, RetryAt):
        decision = RetryAt(decision.at, "A problem on this server, not with the file. Retrying later.")
    notes[-1] = replace(notes[-1], diagnosis=diagnosis.to_json(), decision=decision.why)
    outcome = decided(run, part, diagnosis, decision, stage="media", notes=notes, now=worker.now())
    outcome.change.post.why = worst.message
    return outcome


def _note(part: PartView, what: str, began: float, now: float, outcome: str, report: dict[str, Any]) -> Note:
    return Note(
        "media",
        "work",
        what,
        part.position,
        started_at=began,
        duration_s=now - began,
        outcome=outcome,
        answer={"report": report},
    )
