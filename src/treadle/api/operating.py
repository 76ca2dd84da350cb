"""For whoever runs it: ``/healthz``, ``/readyz``, ``/metrics``, and the pages behind problems' addresses."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from treadle import __version__
from treadle.api import answers, reference
from treadle.api.caller import House, caller_of
from treadle.api.document import good, problems
from treadle.api.problems import KINDS, Problem, not_found, page
from treadle.api.workspaces import of_the_first_workspace
from treadle.observe.metrics import CONTENT_TYPE, Metrics
from treadle.store.tables import workers

router = APIRouter(tags=["Operating"])


@router.get(
    "/healthz",
    summary="Is the process alive",
    response_model=answers.Open,
    responses=good(200, "It answers.", {"status": "ok", "version": __version__}),
)
async def healthz() -> Response:
    return JSONResponse({"status": "ok", "version": __version__})


@router.get(
    "/readyz",
    summary="Can it do its work",
    response_model=answers.Open,
    responses={
        **good(
            200, "Database there and up to date, a worker alive.", {"status": "ready", "checks": {"database": "ok"}}
        ),
        **good(503, "Something is missing; 'checks' says what.", model=answers.Open),
    },
)
async def readyz(request: Request, app: House) -> Response:
    """A load balancer sends requests here only while this is 200."""
    checks: dict[str, str] = {}
    try:
        current, alive = await asyncio.wait_for(app.db.query(_look, request.app.state.newest, app.now()), 5)
        checks["database"] = "ok" if current else "not up to date: run 'treadle migrate'"
        checks["worker"] = "ok" if alive else "no worker is alive: nothing is sent; run 'treadle worker'"
    except (sa.exc.SQLAlchemyError, TimeoutError):
        checks["database"] = "does not answer"
    ready = all(said == "ok" for said in checks.values())
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)


def _look(conn: sa.Connection, newest: str, now: float) -> tuple[bool, bool]:
    at = conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    alive = sa.select(workers.c.id).where(workers.c.state == "alive", workers.c.expires_at > now - 60)
    return at == newest, conn.execute(alive.limit(1)).first() is not None


@router.get(
    "/metrics",
    summary="Prometheus",
    responses={
        200: {"description": "The text format.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        401: problems()[401],
        403: problems()[403],
    },
    response_class=Response,
)
async def metrics(request: Request, app: House) -> Response:
    """Takes a key of the installation's first workspace (`read` is enough), unless TREADLE_METRICS is `open`."""
    if app.settings.metrics != "open":
        caller = await caller_of(request)
        if not caller.may("read") or not await app.db.query(of_the_first_workspace, caller):
            raise Problem("house_only", "These figures are of all workspaces: use a key of the first one.")
    made: Metrics = request.app.state.metrics
    made.streams.set(request.app.state.hub.places.taken)
    return Response(await asyncio.to_thread(made.render), media_type=CONTENT_TYPE)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The API document as a page, made here: nothing is loaded from elsewhere."""
    return HTMLResponse(reference.page(request.app.openapi()), headers=reference.HEADERS)


@router.get("/problems", include_in_schema=False)
async def all_problems() -> HTMLResponse:
    return HTMLResponse(page(None))


@router.get("/problems/{code}", include_in_schema=False)
async def one_problem(code: str) -> HTMLResponse:
    if code not in KINDS:
        raise not_found("problem")
    return HTMLResponse(page(code))
