"""Media library: every uploaded file, what Threads would say of it, the posts that use it, and repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.findings import Finding
from treadle.domain.states import FINAL
from treadle.engine.keeping_media import UNUSED_S, USED_S
from treadle.plural import plural
from treadle.services import files
from treadle.services.read import posts_json
from treadle.store import Connection
from treadle.store.files import FileFilters, find_media, page_of, uses_of
from treadle.web import uploads
from treadle.web.page_request import LoggedIn, LoggedInForm, LoggedInUpload, PageRequest

router = APIRouter(include_in_schema=False)
ON_A_PAGE = 24
MOST_POSTS = 50  # of one file, on its page
KINDS = {"image": "Images", "video": "Videos"}


@router.get("/library")
async def show(page: LoggedIn) -> Response:
    asked, kind = page.query("q").strip()[:200], page.query("kind")
    kind = kind if kind in KINDS else ""
    filters = FileFilters(tuple(asked.split()), kind, uploads=True)
    rows, following = await page.app.db.query(
        page_of, page.workspace, ON_A_PAGE, page.query("after")[:80] or None, filters
    )
    uses = await page.app.db.query(uses_of, page.workspace, [row["id"] for row in rows])
    used = {row["id"]: sum(row["id"] in use.media_ids for use in uses) for row in rows}
    kept = {name: value for name, value in (("q", asked), ("kind", kind)) if value}
    return page.render(
        "library.html",
        files=[{**_file(page, row), "used": used[row["id"]]} for row in rows],
        asked=asked,
        kind=kind,
        kinds=KINDS,
        older=f"/library?{urlencode({**kept, 'after': following})}" if following else "",
        first=not page.query("after"),
        unused_days=round(UNUSED_S / 86_400),
        after_days=round(USED_S / 86_400),
    )


def _file(page: PageRequest, row: Mapping[str, Any]) -> dict[str, Any]:
    """A file as its card and its page show it; ``state``: tone, word and icon."""
    report = row["report"] or {}
    findings = [
        {**found, "rule": found.get("code"), "who": files.who_acts(str(found.get("pattern")))}
        for found in report.get("findings") or ()
    ]
    looked = uploads.looked({**report, "findings": findings})
    job = row["job"] or {}
    running = job.get("state") == "running" and row["id"] in _repairs(page).tasks
    return {
        **uploads.shown(page.app, row),
        "looked": looked,
        "job": job,
        "running": running,
        "state": _state(row, looked, running=running),
        "prepared": row["prepared"],
        "created_at": row["created_at"],
        "expires_at": row["expires_at"],
        "source_url": (row["source_url"] or "").partition("?")[0],
    }


def _state(row: Mapping[str, Any], looked: Mapping[str, Any], *, running: bool) -> tuple[str, str, str]:
    report = row["report"]
    if running:
        return "wait", "Repairing", "loader-circle"
    if not report:
        return "plain", "Not checked", "circle-dashed"
    if not report.get("ok"):
        if looked["can_trim"]:
            return "act", "Too long", "scissors"
        if looked["fault"]:
            return "act", "Couldn't be checked", "circle-dashed"
        return "stop", "Threads won't accept it", "circle-x"
    if report.get("before"):
        return "go", "Repaired", "wrench"
    if looked["repairs"]:
        return ("plain", "Has a repaired copy", "wrench") if row["prepared"] else ("act", "Repair available", "wrench")
    return "go", "Ready for Threads", "circle-check"


def _repairs(page: PageRequest) -> files.Repairs:
    found: files.Repairs = page.request.app.state.repairs
    return found


@router.post("/library")
async def upload(page: LoggedInUpload) -> Response:
    """Keep the files that were chosen or dropped; what is refused is said, the others stay."""
    kept: list[Mapping[str, Any]] = []
    troubles: list[Finding] = []
    for file in page.files("file"):
        made = await uploads.keep(page.app, page.workspace, file)
        if isinstance(made, Finding):
            troubles.append(made)
        else:
            kept.append(made.item)
    if not kept and not troubles:
        return page.redirect("/library", "Choose a file first.", "act")
    messages = [f"{plural(len(kept), 'file')} added."] if kept else []
    messages += [trouble.message for trouble in troubles]
    return page.redirect("/library", " ".join(messages), "act" if troubles else "go")


@router.get("/library/{media_id}")
async def show_file(page: LoggedIn, media_id: str) -> Response:
    found = await page.app.db.query(_one, page.workspace, media_id[:40])
    if found is None:
        return page.not_found("file")
    row, posts = found
    other = str((row["report"] or {}).get("before", {}).get("media_id") or (row["prepared"] or {}).get("id") or "")
    there = await uploads.known(page.app, page.workspace, [other]) if other else {}
    return page.render(
        "library_file.html",
        file=_file(page, row),
        posts=posts[:MOST_POSTS],
        more=max(0, len(posts) - MOST_POSTS),
        needed=any(post["state"] not in FINAL for post in posts),
        other=there.get(other),
        unused_days=round(UNUSED_S / 86_400),
        after_days=round(USED_S / 86_400),
    )


def _one(conn: Connection, workspace: str, media_id: str) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]]] | None:
    row = find_media(conn, workspace, media_id)
    if row is None:
        return None
    return row, posts_json(conn, workspace, [use.post_id for use in uses_of(conn, workspace, [media_id])])


@router.post("/library/{media_id}/repair")
async def repair(page: LoggedInForm, media_id: str) -> Response:
    """Begin a repair; the page of the file shows how far it is."""
    row = await page.app.db.query(find_media, page.workspace, media_id[:40])
    if row is None:
        return page.not_found("file")
    here = f"/library/{row['id']}"
    if row["id"] in _repairs(page).tasks:
        return page.redirect(here, "It is already being repaired.", "wait")
    await page.app.db.run(files.set_job, row["id"], {"state": "running", "percent": 0.0})
    _repairs(page).start(page.app, row, "trim" if page.text("trim") == "yes" else "refuse")
    return page.redirect(here, "Repairing. The original stays as it is.", "wait")


@router.post("/library/{media_id}/delete")
async def delete(page: LoggedInForm, media_id: str) -> Response:
    row = await page.app.db.query(find_media, page.workspace, media_id[:40])
    if row is None:
        return page.not_found("file")
    here = f"/library/{row['id']}"
    if page.text("sure") != "yes":
        return page.redirect(here, "Select the checkbox to confirm. You can't undo this.", "act")
    if row["id"] in _repairs(page).tasks:
        return page.redirect(here, "It is being repaired. Delete it when that is done.", "act")
    if await files.remove(page.app, row) is not None:
        message = "A post that isn't published yet uses this file. Remove it from the post first."
        return page.redirect(here, message, "act")
    return page.redirect("/library", f"{row['filename'] or 'The file'} was deleted.")
