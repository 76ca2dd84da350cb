"""Every page on one FastAPI application."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import PlainTextResponse, Response

from treadle.web import error_pages, icons, live, templating
from treadle.web.headers import PageHeaders, page_headers
from treadle.web.page_request import WebContext
from treadle.web.pages import (
    accounts,
    alerts,
    audit,
    calendar,
    causes,
    components,
    compose,
    guide,
    home,
    imports,
    insights,
    keys,
    library,
    login,
    people,
    post,
    posts,
    queue,
    replace,
    setup,
    undo,
    webhooks,
    well_known,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

    from treadle.services.context import App

STATIC = {
    "tokens.css": "text/css; charset=utf-8",
    "pages.css": "text/css; charset=utf-8",
    "compose.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "compose.js": "text/javascript; charset=utf-8",
    "library.css": "text/css; charset=utf-8",
    "library.js": "text/javascript; charset=utf-8",
    "planning.css": "text/css; charset=utf-8",
    "planning.js": "text/javascript; charset=utf-8",
    "keep.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
FOR_LONG = {"Cache-Control": "public, max-age=31536000"}
static = APIRouter(include_in_schema=False)


@static.get("/static/{name}")
async def static_file(name: str) -> Response:
    if (font := icons.font(name)) is not None:
        return Response(font, media_type="font/ttf", headers={**FOR_LONG, "X-Content-Type-Options": "nosniff"})
    kind = STATIC.get(name)
    if kind is None:
        return PlainTextResponse("There is no such file.", 404)
    # The style tokens are those of the guide, which can be used without these pages.
    folder = (
        resources.files("treadle_diagnosis.guide") / "assets"
        if name == "tokens.css"
        else resources.files("treadle.web") / "static"
    )
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response((folder / name).read_bytes(), media_type=kind, headers=headers)


# A literal address comes before one with a parameter: /posts/replace before /posts/{post_id}.
ROUTERS = (
    static,
    login.router,
    setup.router,
    home.router,
    posts.router,
    replace.router,
    queue.router,
    undo.router,
    insights.router,
    post.router,
    compose.router,
    calendar.router,
    imports.router,
    library.router,
    accounts.router,
    causes.router,
    webhooks.router,
    alerts.router,
    keys.router,
    people.router,
    audit.router,
    components.router,
    guide.router,
    well_known.router,
    live.router,
)


def routes() -> list[APIRoute]:
    """Every route of the pages."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def mount_pages(fastapi_app: FastAPI, app: App) -> WebContext:
    """Put the pages, their files, headers and error pages on an application that has the API's error handlers."""
    context = WebContext(app, templating.environment())
    fastapi_app.state.web = context
    fastapi_app.state.first_token = context.first_token
    for route in routes():
        # FastAPI's routes do not answer HEAD as Starlette's do. A stream has no end to wait for.
        if route.methods == {"GET"} and route.path != "/live":
            route.methods = {"GET", "HEAD"}
    # As plain routes, which the API's answer to a wrong method looks through.
    fastapi_app.router.routes.extend(routes())
    fastapi_app.add_middleware(PageHeaders, headers=page_headers(app.settings))
    error_pages.install(fastapi_app, context)
    return context
