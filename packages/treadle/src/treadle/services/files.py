"""Files for posts: keeping them, looking at them, repairing them; for the API, the command line and assistants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from treadle.domain.times import iso
from treadle.media.jobs import Progress
from treadle.media.reach import set_up_fault
from treadle.media.report import MediaReport
from treadle.media.service import MediaService, NotPreparable, NotStored, StoredMedia
from treadle.services.context import App
from treadle.services.media_output import (
    AddressFactsOut,
    FileFactsOut,
    FileReportOut,
    MediaFindingOut,
    PreparedFileOut,
    RepairJobOut,
    RepairPlanOut,
)
from treadle.services.output import ApiModel
from treadle.services.refusals import ProblemDetails
from treadle.store import Connection
from treadle.store.files import delete_media, find_media, insert_media, page_of, post_that_needs
from treadle.store.files import set_job as set_job
from treadle_diagnosis import catalog
from treadle_threads.media.finding import Finding as MediaFinding
from treadle_threads.media.finding import RepairKind

PROGRESS_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why a file was not kept, in the findings of the media package."""

    findings: tuple[MediaFinding, ...]

    @property
    def ours(self) -> bool:
        """Whether the cause is a fault of this server, and not of the file."""
        return is_operators(self.findings[0].pattern)

    def details(self, path: str, public_url: str) -> ProblemDetails:
        """The refusal as the API writes it and the command line prints it; ``path`` is the file's in the request."""
        first = self.findings[0]
        extra: dict[str, Any] = {"findings": [finding_json(f, path, public_url) for f in self.findings]}
        if not self.ours:
            return ProblemDetails("invalid_request", first.message, pattern=first.pattern, extra=extra)
        extra = {"who": "operator", **extra}
        return ProblemDetails("unavailable", first.message, pattern=first.pattern, extra=extra)


def who_acts(pattern: str) -> str | None:
    """Who has to act, as the catalogue's pattern says; ``None``: there is no such pattern."""
    known = catalog.load().get(pattern)
    return known.who if known is not None else None


def is_operators(pattern: str) -> bool:
    """Whether it is for whoever runs the installation to act on this pattern of the catalogue."""
    return who_acts(pattern) == "operator"


class MediaOut(ApiModel):
    """A kept file."""

    id: str
    filename: str = Field(description="As it was sent; may be empty.")
    content_type: str
    size: int = Field(description="Bytes.")
    sha256: str | None = Field(description="Of its bytes, hexadecimal.")
    kind: str | None = Field(description="'image' or 'video' as Threads will see it; 'unknown': it could not be read.")
    ok: bool | None = Field(description="Whether it can be published, as it is or after a repair.")
    report: FileReportOut | None = Field(description="Facts, findings and what would be repaired.")
    prepared: PreparedFileOut | None = Field(description="The repaired file, if one was made.")
    job: RepairJobOut | None = Field(description="The last repair.")
    url: str | None = Field(description="Where Threads can fetch it.")
    source_url: str | None = Field(description="The address it was copied from, without its query.")
    used_by: str | None = Field(description="The post it was made for; null: it was uploaded.")
    created_at: str = Field(description="ISO 8601 in UTC, to the millisecond")
    expires_at: str | None = Field(
        description="Until when it is kept if no post uses it, ISO 8601 in UTC, to the millisecond; null: for 30 days "
        "after it was made. A file that posts use stays until 90 days after the last of them is finished, one with "
        "'used_by' 7 days."
    )


class MediaPage(ApiModel):
    data: list[MediaOut]
    next: str | None = Field(description="Send it as 'after' for the next page; null: this was the last.")


class MediumOut(ApiModel):
    """What the check of one medium of a post found."""

    field: str = Field(description="The medium's path in the request, such as 'replies[0].media[2]'.")
    source: str = Field(description="The file or address, without its query.")
    ok: bool = Field(
        description="Whether the file can be published, as it is or after a repair. A fault of this server's set-up is "
        "not the file's: it is among 'findings', with 'who' operator, and stops the post."
    )
    kind: str = Field(description="'image' or 'video' as Threads will see it; 'unknown': it could not be read.")
    size: int | None = Field(description="Bytes; null: not known.")
    findings: list[MediaFindingOut]
    plan: RepairPlanOut = Field(description="What Treadle would repair.")
    probe: FileFactsOut | None = Field(description="Facts of the file.")
    fetch: AddressFactsOut = Field(description="Facts of the address; empty for an uploaded file.")


def finding_out(found: MediaFinding, path: str, public_url: str = "") -> MediaFindingOut:
    """A finding of the check of a file in the shape of every other finding."""
    return MediaFindingOut(
        field=f"{path}.{found.field}" if found.field else path,
        rule=found.code,
        severity={"error": "error", "repair": "repair", "remark": "warning"}[found.severity],
        message=found.message,
        way_out=_way_out(found),
        given=found.got,
        limit=found.limit,
        pattern=found.pattern,
        guide=f"{public_url}/guide/errors/{found.pattern}" if found.pattern else None,
        fix=found.fix,
        basis=found.basis,
        who=who_acts(found.pattern),
    )


def finding_json(found: MediaFinding, path: str, public_url: str = "") -> dict[str, Any]:
    """The same as plain JSON."""
    return finding_out(found, path, public_url).model_dump()


def _way_out(found: MediaFinding) -> str:
    if found.severity == "repair":
        return "Nothing to do. Treadle fixes it before publishing."
    if found.severity == "remark":
        return "Nothing needs to be done."
    if is_operators(found.pattern):
        return "Nothing is known to be wrong with the file. Ask your Treadle administrator to fix the server."
    return "Use another file, or change this one as described."


def media_out(row: Mapping[str, Any], service: MediaService) -> MediaOut:
    report = row["report"] or {}
    return MediaOut(
        id=row["id"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=row["size"],
        sha256=row["sha256"],
        kind=report.get("kind"),
        ok=report.get("ok"),
        report=FileReportOut(**row["report"]) if row["report"] else None,
        prepared=PreparedFileOut(**row["prepared"]) if row["prepared"] else None,
        job=RepairJobOut(**row["job"]) if row["job"] else None,
        url=service.public_url(row["stored"]),
        source_url=(row["source_url"] or "").partition("?")[0] or None,
        used_by=row["used_by"],
        created_at=iso(row["created_at"]) or "",
        expires_at=iso(row["expires_at"]),
    )


def media_json(row: Mapping[str, Any], service: MediaService) -> dict[str, Any]:
    """The same as plain JSON."""
    return media_out(row, service).to_json()


def list_media(conn: Connection, app: App, workspace_id: str, limit: int, after: str | None) -> MediaPage:
    """Kept files, newest first."""
    rows, following = page_of(conn, workspace_id, limit, after)
    return MediaPage(data=[media_out(row, app.media()) for row in rows], next=following)


async def keep(app: App, workspace_id: str, stream: AsyncIterable[bytes], filename: str) -> dict[str, Any] | NotKept:
    """Keep an upload, written as it arrives, and look at it; its row."""
    service = app.media()
    stored = await service.store(stream, filename)
    if isinstance(stored, NotStored):
        return NotKept(tuple(stored.findings))
    return await _kept(app, workspace_id, stored, None)


def before_of(row: Mapping[str, Any], summary: str) -> dict[str, Any]:
    """What the report of a repaired file says of the one it was made of, for a comparison of the two."""
    probe = (row["report"] or {}).get("probe")
    return {"media_id": row["id"], "probe": probe, "words": summary, "size": row["size"]}


async def keep_copy(app: App, workspace_id: str, url: str) -> dict[str, Any] | NotKept:
    """Keep a copy of what is at an address."""
    stored = await app.media().copy(url)
    if isinstance(stored, NotPreparable):
        return NotKept(tuple(stored.findings))
    return await _kept(app, workspace_id, stored, url)


async def _kept(
    app: App,
    workspace_id: str,
    stored: StoredMedia,
    source_url: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    filename: str = "",
) -> dict[str, Any]:
    """``before``: of the file it was made of by a repair; ``filename``: that file's name."""
    service, now = app.media(), app.now()
    report = await service.check(service.local_path(stored))
    row = {
        "id": stored.id,
        "workspace_id": workspace_id,
        "source_url": source_url,
        "stored": stored.to_json(),
        "filename": (filename or stored.filename)[:500],
        "content_type": stored.content_type,
        "size": stored.size,
        "sha256": stored.sha256,
        "report": {**report.to_json(), **({"before": dict(before)} if before else {})},
        "prepared": None,
        "job": None,
        "used_by": None,
        "created_at": now,
        "expires_at": None,
    }
    try:
        await app.db.run(insert_media, row)
    except BaseException:  # no row, no file: nobody could find it again
        await asyncio.shield(service.remove(stored.id))
        raise
    return row


async def remove(app: App, row: Mapping[str, Any]) -> str | None:
    """Forget a kept file and delete its bytes. Nothing is done when a post still needs it: that post is the answer."""

    def work(conn: Connection) -> str | None:
        needed = post_that_needs(conn, row["workspace_id"], row["id"])
        if needed is None:
            delete_media(conn, row["id"])
        return needed

    needed = await app.db.run(work)
    if needed is None:
        await app.media().remove(str(row["stored"].get("id") or row["id"]))
    return needed


@dataclass(frozen=True, slots=True)
class MediumReport:
    """What the check of one medium of a post found; ``field`` is the medium's path in the request, ``fault`` what is
    wrong with this server for it, whatever is true of the file."""

    field: str
    report: MediaReport
    fault: MediaFinding | None = None

    @property
    def ok(self) -> bool:
        """Whether a post with it can be published as this server is set up."""
        return self.report.ok and self.fault is None

    def out(self, public_url: str) -> MediumOut:
        faults = () if self.fault is None else (self.fault,)
        found = [finding_out(f, self.field, public_url) for f in (*faults, *self.report.findings)]
        return MediumOut(**{**self.report.to_json(), "field": self.field, "findings": found})


async def inspect_medium(
    app: App,
    workspace_id: str,
    path: str,
    item: Mapping[str, Any],
    part: Mapping[str, Any],
    due: float | None,
) -> MediumReport | None:
    """Check one medium of a post as Threads will; ``None`` when there is nothing to check."""
    service = app.media()
    source: str | None = None
    if isinstance(item.get("id"), str):
        row = await app.db.query(find_media, workspace_id, str(item["id"])) if _is_id(item["id"]) else None
        source = service.local_path(row["stored"]) if row else None
    elif isinstance(item.get("url"), str) and str(item["url"]).lower().startswith(("http://", "https://")):
        source = str(item["url"])
    if source is None:
        return None
    options = part.get("options")
    too_long = str(options.get("on_too_long") or "refuse") if isinstance(options, Mapping) else "refuse"
    report = await service.check(source, due_at=due, on_too_long=too_long, workspace=workspace_id)
    copied = isinstance(options, Mapping) and options.get("copy_media") is True
    from_here = copied or report.plan.kind is not RepairKind.NONE or source != item.get("url")
    return MediumReport(path, report, set_up_fault(app.settings) if report.ok and from_here else None)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("med_") and value.isalnum() is False and len(value) <= 40


# ---------------------------------------------------------------- repairs


@dataclass(slots=True)
class Repairs:
    """Repairs under way in this process, so that they can be cancelled."""

    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, app: App, row: Mapping[str, Any], on_too_long: str) -> bool:
        """Begin, unless one is under way for this file."""
        if row["id"] in self.tasks:
            return False
        task = asyncio.create_task(_repair(app, row, on_too_long))
        self.tasks[row["id"]] = task
        task.add_done_callback(lambda _: self.tasks.pop(row["id"], None))
        return True

    def cancel(self, media_id: str) -> bool:
        task = self.tasks.get(media_id)
        return task is not None and task.cancel()

    async def close(self) -> None:
        for task in list(self.tasks.values()):
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def _repair(app: App, row: Mapping[str, Any], on_too_long: str) -> None:
    service, last = app.media(), 0.0
    loop = asyncio.get_running_loop()
    writing: set[asyncio.Task[None]] = set()

    def note_progress(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < PROGRESS_EVERY_S:
            return
        last = now
        job = {"state": "running", **progress_json(progress)}
        task = loop.create_task(app.db.run(set_job, row["id"], job))
        writing.add(task)
        task.add_done_callback(writing.discard)

    try:
        made = await service.prepare(service.local_path(row["stored"]), on_too_long=on_too_long, progress=note_progress)
    except asyncio.CancelledError:
        await asyncio.shield(app.db.run(set_job, row["id"], {"state": "canceled"}))
        raise
    await asyncio.gather(*writing, return_exceptions=True)
    if isinstance(made, NotPreparable):
        found = [finding_json(f, "media", app.settings.public_url) for f in made.findings]
        await app.db.run(set_job, row["id"], {"state": "failed", "findings": found})
        return
    if made.stored is None:
        await app.db.run(set_job, row["id"], {"state": "done", "changed": False, "summary": made.summary})
        return
    before = before_of(row, made.summary)
    kept = await _kept(app, row["workspace_id"], made.stored, None, before=before, filename=row["filename"])
    await app.db.run(set_repaired, row["id"], kept, made.summary)


def set_repaired(conn: Connection, media_id: str, made: Mapping[str, Any], summary: str) -> None:
    """Note at a file which one was made of it by a repair; ``made`` is the row of that one."""
    prepared = {"id": made["id"], "summary": summary, "size": made["size"], "report": made["report"]}
    set_job(conn, media_id, {"state": "done", "changed": True, "summary": summary, "id": made["id"]}, prepared)


def progress_json(progress: Progress) -> dict[str, Any]:
    """Percent, bytes or media seconds a second, and seconds left, as far as they are known."""
    return {
        "step": progress.step,
        "percent": round(100 * progress.fraction, 1),
        "speed": progress.speed,
        "left_s": progress.left_s,
    }
