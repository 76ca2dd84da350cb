"""For whoever runs it: ``/healthz``, ``/readyz``, ``/metrics``, and the pages behind problems' addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from treadle import __version__
from treadle.http import reference
from treadle.http.caller import CurrentApp, caller_of
from treadle.http.document import good, problems
from treadle.http.problems import Problem, not_found, page
from treadle.observe.metrics import CONTENT_TYPE, Metrics
from treadle.services.output import ApiModel
from treadle.services.refusals import KINDS
from treadle.services.workspaces import is_first
from treadle.store import Connection, Database, DatabaseError, probe, workers

WRITE_EVERY_S = 10.0

router = APIRouter(tags=["Operating"])


class AliveOut(ApiModel):
    status: str = Field(description="ok.")
    version: str


class ReadyOut(ApiModel):
    status: str = Field(description="ready, or not ready.")
    checks: dict[str, str] = Field(description="By name of what is needed: ok, or what is missing.")


@router.get(
    "/healthz",
    summary="Is the process alive",
    response_model=AliveOut,
    responses=good(200, "It answers.", {"status": "ok", "version": __version__}),
)
async def healthz() -> AliveOut:
    """Takes no key and asks nothing of the database: use it to tell a process that hangs."""
    return AliveOut(status="ok", version=__version__)


@router.get(
    "/readyz",
    summary="Can it do its work",
    response_model=ReadyOut,
    responses={
        **good(
            200,
            "Database there, up to date and writable; a worker alive.",
            {"status": "ready", "checks": {"database": "ok"}},
        ),
        **good(503, "Something is missing; 'checks' says what.", model=ReadyOut),
    },
)
async def readyz(request: Request, response: Response, app: CurrentApp) -> ReadyOut:
    """A load balancer sends requests here only while this is 200."""
    checks: dict[str, str] = {}
    state = request.app.state
    try:
        current, alive = await asyncio.wait_for(app.db.query(_look, state.newest, app.now()), 5)
        checks["database"] = (await state.write_check()) if current else "not up to date: run 'treadle migrate'"
        checks["worker"] = "ok" if alive else "no worker is alive: nothing is sent; run 'treadle worker'"
    except (DatabaseError, TimeoutError):
        checks["database"] = "does not answer"
    ready = all(state == "ok" for state in checks.values())
    if not ready:
        response.status_code = 503
    return ReadyOut(status="ready" if ready else "not ready", checks=checks)


class WriteCheck:
    """Whether the database takes writes, by writing: a full disk or a read-only database still answers reads.

    One write serves everybody who asks within :data:`WRITE_EVERY_S`, so that asking costs strangers nothing to spare.
    """

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._clock = db, clock
        self._turn = asyncio.Lock()
        self._known: tuple[float, str] | None = None

    async def __call__(self) -> str:
        async with self._turn:
            now = self._clock()
            if self._known is None or now - self._known[0] >= WRITE_EVERY_S:
                self._known = (now, await self._write())
            return self._known[1]

    async def _write(self) -> str:
        try:
            await asyncio.wait_for(self._db.run(probe.rewrite_version), 5)
        except TimeoutError:
            return "takes no writes: it does not answer"
        except DatabaseError:
            return "takes no writes: look at its disk space and permissions"
        return "ok"


def _look(conn: Connection, newest: str, now: float) -> tuple[bool, bool]:
    return probe.version(conn) == newest, workers.any_alive(conn, now - 60)


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
async def metrics(request: Request, app: CurrentApp) -> Response:
    """Takes a key of the installation's first workspace (`read` is enough), unless TREADLE_METRICS is `open`."""
    if app.settings.metrics != "open":
        caller = await caller_of(request)
        if not caller.may("read") or not await app.db.query(is_first, caller.workspace_id):
            raise Problem("house_only", "These figures are of all workspaces: use a key of the first one.")
    made: Metrics = request.app.state.metrics
    made.streams.set(request.app.state.hub.places.taken)
    return Response(await asyncio.to_thread(made.render), media_type=CONTENT_TYPE)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The API document as a page, made here: nothing is loaded from elsewhere."""
    return HTMLResponse(reference.page(request.app.openapi()), headers=reference.HEADERS)


@router.get("/docs/{name}", include_in_schema=False)
async def docs_file(name: str) -> Response:
    """A file of that page."""
    if (found := reference.file(name)) is None:
        raise not_found("file")
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(found[0], media_type=found[1], headers=headers)


@router.get("/problems", include_in_schema=False)
async def all_problems() -> HTMLResponse:
    return HTMLResponse(page(None))


@router.get("/problems/{code}", include_in_schema=False)
async def one_problem(code: str) -> HTMLResponse:
    if code not in KINDS:
        raise not_found("problem")
    return HTMLResponse(page(code))
