"""Import: posts from a CSV file, looked at before anything is stored, and the confirmation that releases them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from treadle.domain.answers import Done, Rejected
from treadle.domain.csv_posts import DATE_ORDERS, MOST_BYTES, TARGETS, decoded
from treadle.domain.zones import zone_names
from treadle.plural import plural
from treadle.services import importing
from treadle.services.importing import ImportReport, ImportWish
from treadle.store import Connection, accounts, api_keys
from treadle.web.labels import key_names
from treadle.web.page_request import LoggedIn, LoggedInForm, LoggedInUpload, PageRequest

router = APIRouter(include_in_schema=False)
COLUMN_LABELS = {
    "account": "Account",
    "publish_at": "Date, or date and time",
    "time": "Time (in its own column)",
    "zone": "Time zone",
    "text": "Text",
    "media": "Files (URLs)",
    "alt_text": "Alt text",
    "link": "Link",
    "labels": "Labels",
    "options": "Options (JSON)",
    "replies": "Further parts (JSON)",
}
DATE_LABELS = {"ymd": "2026-12-31", "mdy": "12/31/2026", "dmy": "31/12/2026"}
VERDICTS = {
    "new": ("go", "New"),
    "already_here": ("plain", "Already here"),
    "live": ("plain", "Already on Threads"),
    "refused": ("stop", "Can't be imported"),
}


@router.get("/import")
async def show(page: LoggedIn) -> Response:
    return await _page(page, ImportWish("", zone=str(page.zone)))


async def _page(
    page: PageRequest, wanted: ImportWish, report: ImportReport | None = None, trouble: str = "", status: int = 200
) -> Response:
    found = await page.app.db.query(importing.listing, page.workspace)
    makers = {one.created_by for one in found.data}
    return page.render(
        "import.html",
        status=status,
        near={one.id for one in found.data},
        imports=found.data,
        people=await page.app.db.query(_makers, page.workspace, makers),
        accounts=await page.app.db.query(accounts.names, page.workspace),
        wanted=wanted,
        report=report,
        trouble=trouble,
        columns={target: COLUMN_LABELS[target] for target in TARGETS},
        dates=DATE_LABELS,
        zones=zone_names(),
        verdicts=VERDICTS,
    )


def _makers(conn: Connection, workspace: str, makers: Collection[str]) -> dict[str, str]:
    """Names of the API keys among those who imported; people stand there by their email address already."""
    named = api_keys.names_of(conn, workspace, makers)
    return {one: key_names(one, named) for one in makers}


@router.post("/import")
async def take(page: LoggedInUpload) -> Response:
    """Look at a file, or import it. The file travels in the form, so nothing is stored before that."""
    text = page.text("csv")
    for file in page.files("file"):
        raw = await file.read(MOST_BYTES + 1)
        read = decoded(raw)
        if read is None:
            trouble = "The file is not in UTF-8. Export it again as UTF-8."
            return await _page(page, _wanted(page, ""), trouble=trouble, status=422)
        text = read
    wanted = _wanted(page, text)
    if not text.strip():
        return await _page(page, wanted, trouble="Choose a CSV file.", status=422)
    dry = page.text("do") != "import"
    report = await importing.run(page.app, page.workspace, wanted, actor=page.actor, dry_run=dry)
    if isinstance(report, Rejected):
        problems = " ".join(f"{one.message} {one.way_out}" for one in report.findings)
        return await _page(page, wanted, trouble=problems, status=422)
    if dry:
        return await _page(page, wanted, report)
    new = report.counts.get("new", 0)
    made = report.import_
    if made is None:
        return page.redirect("/import", "Nothing new in this file.", "plain")
    held = " They are held until you confirm the import." if made.held else ""
    return page.redirect("/import", f"Imported {plural(new, 'post')}.{held}", about=made.id)


def _wanted(page: PageRequest, text: str) -> ImportWish:
    mapping = {}
    for target in TARGETS:
        place = page.text(f"column-{target}")
        if place.isascii() and place.isdigit() and len(place) < 5:
            mapping[target] = int(place)
    return ImportWish(
        csv=text,
        mapping=mapping,
        account_id=page.text("account_id"),
        zone=page.text("zone").strip() or str(page.zone),
        dates=DATE_ORDERS.get(page.text("dates"), "ymd"),
        held=page.text("elsewhere", "yes") != "no",
        name=page.text("name"),
    )


@router.post("/import/{import_id}/confirm")
async def confirm(page: LoggedInForm, import_id: str) -> Response:
    if page.text("sure") != "yes":
        return page.redirect("/import", "Select the checkbox to confirm.", "act", about=import_id)
    done = await page.app.db.run(importing.confirm, page.app, page.workspace, import_id, actor=page.actor)
    if not isinstance(done, Done):
        return page.redirect("/import", getattr(done, "message", "This import no longer exists."), "act")
    message = f"Confirmed. {plural(done.detail['released'], 'post')} scheduled."
    if done.detail["held"]:
        message += f" {plural(done.detail['held'], 'late post needs', 'late posts need')} approval."
    return page.redirect("/import", message, about=import_id)


@router.get("/import/posts.csv")
async def export(page: LoggedIn) -> Response:
    """Every post of the workspace, in the shape that can be imported."""

    def read(conn: Connection) -> list[str]:
        return list(importing.csv_of(conn, page.workspace))

    lines: Iterator[str] = iter(await page.app.db.query(read))
    headers = {"Content-Disposition": 'attachment; filename="treadle-posts.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
