"""Putting every page on the application."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from treadle.web import astray, live
from treadle.web.desk import Desk, open_desk
from treadle.web.pages import (
    accounts,
    alerts,
    calendar,
    causes,
    compose,
    door,
    guide,
    keys,
    people,
    post,
    posts,
    replace,
    setup,
    today,
    webhooks,
    wellknown,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

    from treadle.services.context import App

FILES = {
    "tokens.css": "text/css; charset=utf-8",
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "compose.js": "text/javascript; charset=utf-8",
    "keep.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
MODULES = (
    door,
    setup,
    today,
    posts,
    replace,
    post,
    compose,
    calendar,
    accounts,
    causes,
    webhooks,
    alerts,
    keys,
    people,
    guide,
    wellknown,
    live,
)


def mount_all(fastapi_app: FastAPI, app: App) -> Desk:
    desk = open_desk(app)
    fastapi_app.state.first_token = desk.first_token
    fastapi_app.add_route("/static/{name}", _static, methods=["GET"], include_in_schema=False)
    for module in MODULES:
        module.pages.serve(fastapi_app, desk)
    astray.serve(fastapi_app, desk)
    return desk


async def _static(request: Request) -> Response:
    name = str(request.path_params["name"])
    kind = FILES.get(name)
    if kind is None:
        return PlainTextResponse("There is no such file.", 404)
    # The style tokens are those of the guide, which can be used without these pages.
    home = (
        resources.files("treadle_diagnosis.guide") / "assets"
        if name == "tokens.css"
        else resources.files("treadle.web") / "static"
    )
    body = (home / name).read_bytes()
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return Response(body, media_type=kind, headers=headers)
