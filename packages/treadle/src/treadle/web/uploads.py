"""Files on the compose page: keeping them, repairing them, and telling before from after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from treadle.domain.findings import Finding
from treadle.media.service import NotPreparable, Progress, StoredMedia
from treadle.plural import plural
from treadle.services.files import NotKept, before_of, is_operators, progress_json, set_job, set_repaired
from treadle.services.files import keep as keep_file
from treadle.store.files import find_media, insert_media, media_with_ids
from treadle_threads.media.words import clock, megabytes

if TYPE_CHECKING:
    from treadle.services.context import App

UNUSED_LIFE_S = 7 * 86_400.0  # a file that no post took is removed after this
PIECE = 1 << 20
WRITTEN_EVERY_S = 0.5
NOT_IN_ONE_LINE = frozenset({"Frames a second", "Index"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is stored. ``item``: what a post's ``media`` holds for it."""

    item: Mapping[str, Any]


def status_of(troubles: Sequence[Finding], otherwise: int) -> int:
    """The status of a page that shows why files were not kept: 503 when that is this server's own fault."""
    return 503 if any(is_operators(trouble.pattern) for trouble in troubles) else otherwise


async def keep(app: App, workspace: str, file: UploadFile) -> Kept | Finding:
    """Store one uploaded file and look at it; a finding says why it is not kept."""

    async def pieces() -> AsyncIterator[bytes]:
        while piece := await file.read(PIECE):
            yield piece

    name = file.filename or "file"
    row = await keep_file(app, workspace, pieces(), name)
    if isinstance(row, NotKept):
        worst = row.findings[0]
        message = f"{name} wasn't uploaded. {worst.message}"
        return Finding("media", worst.code, message, "", pattern=worst.pattern, given=name)
    return Kept({"id": row["id"], "type": row["report"]["kind"], "filename": row["filename"] or name})


async def repair(app: App, workspace: str, item: Mapping[str, Any], *, too_long: str, now: float) -> Kept | Finding:
    """Make a stored file right; the repaired one becomes a file of its own, and both are shown."""
    row = await app.db.query(find_media, workspace, str(item.get("id") or ""))
    if row is None:
        return Finding("media", "known_media", "This file is no longer stored.", "Upload it again.")
    service = app.media()
    progress = _ProgressWriter(app, row["id"])
    made = await service.prepare(service.local_path(row["stored"]), on_too_long=too_long or "refuse", progress=progress)
    await progress.end()
    if isinstance(made, NotPreparable):
        worst = made.findings[0]
        return Finding("media", worst.code, worst.message, "", pattern=worst.pattern, given=row["filename"])
    if made.stored is None:
        return Kept(item)
    report = await service.check(service.local_path(made.stored))
    seen = {**report.to_json(), "before": before_of(row, made.summary)}
    kept = await _add(app, workspace, made.stored, row["filename"], seen, now)
    await app.db.run(set_repaired, row["id"], kept, made.summary)
    return Kept({**item, "id": made.stored.id, "type": report.kind, "filename": row["filename"]})


class _ProgressWriter:
    """Writes down how far a repair is, so that the page can show it; not more often than it is looked at."""

    def __init__(self, app: App, media_id: str) -> None:
        self._app, self._media_id, self._last = app, media_id, 0.0
        self._loop = asyncio.get_running_loop()
        self._writing: set[asyncio.Task[None]] = set()

    def __call__(self, progress: Progress) -> None:
        now = self._loop.time()
        if now - self._last < WRITTEN_EVERY_S:
            return
        self._last = now
        job = {"state": "running", **progress_json(progress)}
        task = self._loop.create_task(self._app.db.run(set_job, self._media_id, job))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def end(self) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._app.db.run(set_job, self._media_id, {"state": "done"})


async def progress_of(app: App, workspace: str, media_id: str) -> dict[str, Any]:
    """How far the repair of a file is: ``state`` and, while it runs, ``percent`` and ``left_s``."""
    row = await app.db.query(find_media, workspace, media_id)
    return dict(row["job"] or {"state": "none"}) if row else {"state": "none"}


async def _add(
    app: App, workspace: str, stored: StoredMedia, name: str, report: Mapping[str, Any], now: float
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": stored.id,
        "workspace_id": workspace,
        "stored": stored.to_json(),
        "filename": name,
        "content_type": stored.content_type,
        "size": stored.size,
        "sha256": stored.sha256,
        "report": dict(report),
        "created_at": now,
        "expires_at": now + UNUSED_LIFE_S,
    }
    await app.db.run(insert_media, values)
    return values


async def known(app: App, workspace: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the pages show of stored files, by id: name, address, kind, facts in words, before and after a repair."""
    if not ids:
        return {}
    rows = await app.db.query(media_with_ids, workspace, list(ids))
    return {row["id"]: shown(app, row) for row in rows}


async def first_files(app: App, workspace: str, posts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The first file of each post, for a list of posts: what :func:`known` shows, by id."""
    ids = [str(item["id"]) for post in posts for item in post["parts"][0]["media"][:1] if item.get("id")]
    return await known(app, workspace, list(dict.fromkeys(ids)))


def item_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a post's ``media`` holds for a stored file."""
    kind = (row["report"] or {}).get("kind") or str(row["content_type"]).partition("/")[0]
    return {"id": row["id"], "type": kind, "filename": row["filename"]}


def shown(app: App, row: Mapping[str, Any]) -> dict[str, Any]:
    report = row["report"] or {}
    before = report.get("before")
    return {
        "id": row["id"],
        "filename": row["filename"],
        "kind": report.get("kind") or str(row["content_type"]).partition("/")[0],
        "url": app.media().public_url(row["stored"]),
        "facts": facts(report.get("probe"), row["size"]),
        "before": before,
        "repair_words": before["words"] if before else "",
        "compare": compare(before.get("probe"), report.get("probe"), before.get("size"), row["size"]) if before else [],
    }


def looked(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report of preflight as the page shows it: findings, whether a repair helps, what it would do; ``fault``: what
    is wrong with this server rather than with the file."""
    plan = report.get("plan") or {}
    kind = str(plan.get("kind") or "none")
    findings = list(report.get("findings") or [])
    fixes = {str(f.get("fix")) for f in findings if f.get("severity") in ("error", "repair")}
    return {
        **report,
        "findings": findings,
        "fault": next((f for f in findings if f.get("severity") == "error" and f.get("who") == "operator"), None),
        "repairs": bool(report.get("ok")) and kind not in ("none", "reject", "copy"),
        "plan_words": str(plan.get("words") or ""),
        "can_trim": kind == "reject" and "trim" in fixes and "reject" not in fixes,
        "facts": facts(report.get("probe"), report.get("size")),
    }


def facts(probe: Mapping[str, Any] | None, size: float | None) -> str:
    """One line: ``MP4, H.264, 1080 × 1920, 0:42, 8.4 MB``."""
    shown = [value for name, value in _facts(probe, size) if name not in NOT_IN_ONE_LINE and value != "none"]
    return ", ".join(shown)


def _facts(probe: Mapping[str, Any] | None, size: float | None) -> list[tuple[str, str]]:
    probe = probe or {}
    video, audio, image = probe.get("video") or {}, probe.get("audio") or {}, probe.get("image") or {}
    picture = video or image
    width, height = picture.get("width"), picture.get("height")
    rows = [
        ("Container", str(probe.get("container") or "").upper()),
        ("Picture", str(video.get("codec") or "").upper().replace("H264", "H.264")),
        ("Sound", str(audio.get("codec") or "").upper() if audio else ("none" if video else "")),
        ("Pixels", f"{width} × {height}" if width and height else ""),
        ("Frames a second", f"{video['frame_rate']:.4g}" if video.get("frame_rate") else ""),
        ("Length", clock(probe["duration_s"]) if probe.get("duration_s") and video else ""),
        ("Size", megabytes(size) if size else ""),
    ]
    if probe.get("index_first") is not None and video:
        rows.append(("Index", "at the front" if probe["index_first"] else "at the end"))
    return [(name, value) for name, value in rows if value]


def compare(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    size_before: float | None,
    size_after: float | None,
) -> list[dict[str, Any]]:
    """Rows for a table of before and after."""
    old, new = dict(_facts(before, size_before)), dict(_facts(after, size_after))
    rows = []
    for name in {**old, **new}:
        was, now = old.get(name, ""), new.get(name, "")
        rows.append({"name": name, "before": was, "after": now, "changed": was != now})
    if not any(row["changed"] for row in rows):
        rows.append({"name": "Bytes", "before": plural(int(size_before or 0), "byte"),
                     "after": plural(int(size_after or 0), "byte"), "changed": True})  # fmt: skip
    return rows
