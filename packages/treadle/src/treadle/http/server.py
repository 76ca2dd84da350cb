"""The application: routes, refusals as problem documents, limits, metrics of its own requests."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from treadle import __version__
from treadle.disk import disk_of, is_full
from treadle.domain.findings import Finding, finding
from treadle.domain.plain_errors import plain_error
from treadle.domain.sentences import SENTENCES
from treadle.hosts import hosts_of
from treadle.http import document, operating
from treadle.http.middleware import METHODS, KnownHosts, Protected
from treadle.http.problems import Problem, invalid
from treadle.http.rate_limits import RateLimited, RateLimits
from treadle.http.repeated import AnsweredOnce
from treadle.ids import new_id
from treadle.observe.metrics import Metrics
from treadle.services.context import App
from treadle.services.events import Hub
from treadle.services.files import Repairs
from treadle.store import AWAY, DataError, migrate
from treadle.store.database import why_away

log = structlog.get_logger("treadle.http")
STREAMS = frozenset(
    {"/v1/events", "/v1/export", "/live"}
)  # no HEAD: what they answer has no end, or costs as much as reading it
ASKED = ("/v1/", "/healthz", "/readyz", "/metrics")


def create_api(app: App) -> FastAPI:
    """The HTTP API over an open application, ``api.state.treadle``; pages are mounted by the caller."""

    @asynccontextmanager
    async def life(api: FastAPI) -> AsyncIterator[None]:
        app.media().keep_ready()
        yield
        await api.state.hub.close()
        await api.state.repairs.close()
        await app.media().close()

    api = _Server(
        title="Treadle", version=__version__, lifespan=life, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    api.state.treadle = app
    api.state.hub = Hub(app)
    api.state.repairs = Repairs()
    api.state.key_uses = {}
    api.state.write_check = operating.WriteCheck(app.db)
    api.state.metrics = Metrics(app.db, app.now)
    api.state.newest = migrate.versions(app.db)[1]
    every = routers()
    _add(api, every)
    _refusals(api, app.settings.public_url)
    document.install(api, every)
    api.add_middleware(AnsweredOnce, treadle=app)
    limits = RateLimits(app.settings.requests_per_key, app.settings.requests_per_address)
    api.add_middleware(RateLimited, limits=limits, public_url=app.settings.public_url)
    return api


class _Server(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """Around everything, answers to failures of ours included."""
        settings = self.state.treadle.settings
        hosts = hosts_of(settings.public_url, settings.allowed_hosts)
        checked = KnownHosts(super().build_middleware_stack(), hosts, settings.public_url)
        return _Watched(Protected(checked), self.state.metrics)


def describe() -> dict[str, Any]:
    """The OpenAPI document, without an application behind it."""
    api = FastAPI(title="Treadle", version=__version__)
    every = routers()
    _add(api, every)
    document.install(api, every)
    made: dict[str, Any] = api.openapi()
    return made


def _add(api: FastAPI, every: Sequence[APIRouter]) -> None:
    """Put the routes on the application as they are.

    ``include_router`` would work out each route's parameters and answers a second time for each application, at its
    first request, and ask router after router at every request.
    """
    for router in every:
        api.router.routes.extend(router.routes)


def routers() -> Sequence[APIRouter]:
    """Every route of the API, in the order of its document."""
    from treadle.http import (
        accounts,
        blockers,
        bulk_posts,
        causes,
        connecting,
        export,
        from_meta,
        from_meta_connect,
        imports,
        insights,
        keys,
        many_posts,
        media,
        operating,
        people,
        post_actions,
        posts,
        preflight,
        queues,
        stream,
        webhooks_out,
        workspaces,
    )

    modules = (
        many_posts,
        bulk_posts,
        imports,
        posts,
        post_actions,
        insights,
        stream,
        preflight,
        media,
        accounts,
        queues,
        connecting,
        blockers,
        causes,
        webhooks_out,
        keys,
        people,
        workspaces,
        export,
        operating,
    )
    return [module.router for module in (*modules, from_meta, from_meta_connect)]


def _refusals(api: FastAPI, public_url: str) -> None:
    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response(public_url, request.url.path)

    async def wrong_parameters(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return invalid([_finding(entry) for entry in error.errors()]).response(public_url, request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}.get(
            error.status_code, "invalid_request"
        )
        detail = "There is nothing at this address." if error.status_code == 404 else ""
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(api, request)))
        made = Problem(code, detail, status=error.status_code, headers=headers)
        return made.response(public_url, request.url.path)

    async def database(request: Request, error: Exception) -> Response:
        log.error("api.database", path=request.url.path, error=type(error).__name__)
        if "full" in (why_away(error) or ""):
            return no_room("The disk of the database is full.", request)
        made = Problem("unavailable", "The database does not answer. Try again shortly.", headers={"Retry-After": "5"})
        return made.response(public_url, request.url.path)

    async def system(request: Request, error: Exception) -> Response:
        if not is_full(error):
            return await internal(request, error)
        log.error("api.disk_full", path=request.url.path, error=str(error))
        name = getattr(error, "filename", None)
        where = f"at {disk_of(Path(os.fsdecode(name)))} " if isinstance(name, str | bytes) else ""
        return no_room(f"A disk of this server {where}is full.", request)

    def no_room(problem: str, request: Request) -> Response:
        detail = f"{problem} Ask your Treadle administrator to make room there, then try again."
        made = Problem("unavailable", detail, extra={"who": "operator"}, headers={"Retry-After": "60"})
        return made.response(public_url, request.url.path)

    async def unkept(request: Request, error: Exception) -> Response:
        log.warning("api.unkept", path=request.url.path, error=type(error).__name__)
        detail = "Something in the request is a value that the database cannot hold, such as the character NUL."
        return Problem("invalid_request", detail, extra={"findings": []}).response(public_url, request.url.path)

    async def gone(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it: the client hung up while it was sending

    async def internal(request: Request, error: Exception) -> Response:
        incident = new_id("delivery").replace("dlv_", "err_")
        log.exception("api.failed", incident=incident, method=request.method, path=request.url.path, exc_info=error)
        return Problem("internal", f"Incident {incident}.", extra={"incident": incident}).response(
            public_url, request.url.path
        )

    api.add_exception_handler(Problem, problem)
    api.add_exception_handler(RequestValidationError, wrong_parameters)
    api.add_exception_handler(HTTPException, http)
    for kind in AWAY:
        api.add_exception_handler(kind, database)
    api.add_exception_handler(DataError, unkept)
    api.add_exception_handler(ClientDisconnect, gone)
    api.add_exception_handler(OSError, system)
    api.add_exception_handler(Exception, internal)


def _methods(api: FastAPI, request: Request) -> set[str]:
    """Everything an address takes, whichever of its routes takes it. A literal address is not also an id."""
    scope = {"type": "http", "method": request.method, "path": request.url.path, "root_path": "", "headers": []}
    fitting = [r for r in api.routes if isinstance(r, Route) and r.matches(scope)[0] is not Match.NONE]
    literal = [route for route in fitting if route.path == request.url.path]
    found = {method for route in literal or fitting for method in route.methods or ()}
    return found | ({"HEAD"} if "GET" in found and request.url.path not in STREAMS else set())


def _finding(entry: dict[str, Any]) -> Finding:
    """One of Pydantic's errors about a parameter, in our words."""
    where = [str(part) for part in entry.get("loc", ()) if part not in ("query", "path", "header", "body")]
    rule, given = str(entry.get("type", "invalid")), entry.get("input")
    limit = next((v for k, v in (entry.get("ctx") or {}).items() if k != "error"), None)
    limit = limit if isinstance(limit, str | int | float) else None
    code = rule if rule in SENTENCES else "parameter"
    message = f"{plain_error(str(entry.get('msg', 'This is not right')))}."
    return finding(".".join(where), code, given=given, limit=limit, rule=rule, problem=message)


class _Watched:
    """Counts and times requests, and sets the headers every answer of the API carries."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        request_id = new_id("request")
        head = scope["method"] == "HEAD" and scope["path"] not in STREAMS and scope["path"].startswith(ASKED)
        if head:  # the same as GET, without the body
            scope = {**scope, "method": "GET"}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"request-id", request_id.encode()))
                if scope["path"].startswith("/v1/"):
                    headers = message["headers"]
                    if not any(name == b"cache-control" for name, _ in headers):
                        headers.append((b"cache-control", b"no-store"))
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            with bound_contextvars(request_id=request_id):
                await self.app(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            if route not in ("/v1/events", "/live"):
                self.metrics.request_seconds.labels(method, route).observe(time.perf_counter() - began)
            self.metrics.requests.labels(method, route, str(status)).inc()
