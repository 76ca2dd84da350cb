"""``/v1/imports``: posts from a CSV file, and ``/v1/posts.csv``, which writes the same shape."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from treadle.domain.answers import Done, Rejected
from treadle.domain.states import STATE_WORDS
from treadle.http import bodies, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query, words
from treadle.http.problems import invalid, refusal
from treadle.services import importing
from treadle.services.importing import ImportReport, ImportsOut, ImportWish
from treadle.store import Connection

router = APIRouter(prefix="/v1", tags=["Posts"], dependencies=[Depends(known_query)])
_EXAMPLE: dict[str, Any] = {
    "csv": "account,publish_at,text\nada,2026-12-01T09:00:00+01:00,Good morning\n",
    "dry_run": True,
}


@router.post(
    "/imports",
    summary="Import posts from CSV",
    response_model=ImportReport,
    responses={**good(200, "What became, or would become, of each row."), **problems(*BODY)},
    openapi_extra=takes(bodies.ImportIn, _EXAMPLE),
)
async def import_posts(request: Request, caller: Writer, app: CurrentApp) -> ImportReport:
    """`dry_run` (the default) only says what would happen. Unless `held` is false, the posts wait until `POST
    /v1/imports/{id}/confirm` says that they are paused in the other scheduler. Rows that were imported before, or are
    on Threads already, are left out: the same file twice adds nothing."""
    body = await reading.take(request, bodies.ImportIn, reading.BULK_LIMIT)
    wanted = ImportWish(
        csv=body.csv,
        mapping=body.mapping or {},
        account_id=body.account_id or "",
        zone=body.zone or "UTC",
        dates=body.dates or "ymd",
        held=body.held is not False,
        name=body.name or "",
    )
    dry = body.dry_run is not False
    report = await importing.run(app, caller.workspace_id, wanted, actor=caller.key_id, dry_run=dry)
    if isinstance(report, Rejected):
        raise invalid(report.findings)
    return report


@router.get(
    "/imports",
    summary="List imports",
    response_model=ImportsOut,
    responses={**good(200, "The newest 20, newest first.", {"data": []}), **problems()},
)
async def list_imports(caller: Reader, app: CurrentApp) -> ImportsOut:
    """With how many of each one's posts are in which state."""
    return await app.db.query(importing.listing, caller.workspace_id)


@router.post(
    "/imports/{import_id}/confirm",
    summary="Confirm an import",
    response_model=ImportsOut,
    responses={**good(200, "The imports as they are now."), **problems(404, "nothing_to_confirm")},
)
async def confirm_import(import_id: str, caller: Writer, app: CurrentApp) -> ImportsOut:
    """Says that the posts are paused in the other scheduler: they are scheduled, those that are too late stay held."""
    id_ = reading.an_id(import_id, "import")
    done = await app.db.run(importing.confirm, app, caller.workspace_id, id_, actor=caller.key_id)
    if not isinstance(done, Done):
        raise refusal(done)
    return await app.db.query(importing.listing, caller.workspace_id)


@router.get(
    "/posts.csv",
    summary="Export posts as CSV",
    response_class=Response,
    responses={200: {"description": "Up to 2000 posts.", "content": {"text/csv": {}}}, **problems()},
)
async def export_posts(
    caller: Reader,
    app: CurrentApp,
    state: Annotated[list[str] | None, Query(description="Only these states; may be repeated.")] = None,
) -> Response:
    """In the shape that can be imported."""
    states = words(state, frozenset(STATE_WORDS), "state")

    def read(conn: Connection) -> str:
        return "".join(importing.csv_of(conn, caller.workspace_id, states))

    return Response(await app.db.query(read), media_type="text/csv; charset=utf-8")
