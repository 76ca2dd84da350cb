"""What a person sees whose address leads nowhere, or whose page failed: a page with a way on, not a problem document.

Programs go on getting problem documents (RFC 9457): only a request that asks for a page (``Accept: text/html``) at an
address that is not the API's is answered here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from treadle.store import AWAY
from treadle.web.desk import Desk, visiting

if TYPE_CHECKING:
    from fastapi import FastAPI

# Addresses of programs: they get problem documents whatever they say they accept.
PROGRAMS = (
    "/v1",
    "/media",
    "/metrics",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/static",
    "/live",
    "/threads/webhook",
    "/threads/deauthorize",
    "/threads/delete-data",
)

# Status -> what happened, and what to do.
SAID: Mapping[int, tuple[str, str]] = {
    403: ("This is not open to you", "Log in as somebody who may see it."),
    404: ("There is no such page", "It may have been deleted, or the address is not complete."),
    405: (
        "This address takes no such request",
        "It belongs to a form, which sends it something. Nothing was changed. Open the page with the form.",
    ),
    413: ("That was too much at once", "Nothing was kept. Send smaller or fewer files."),
    500: (
        "Treadle made a mistake",
        "Nothing was stored half. Try again; if it stays, tell whoever runs this server the number below.",
    ),
    503: ("The database does not answer", "Nothing was changed. Try again in a moment."),
}
OTHER = ("This could not be read", "Nothing was changed. Go back, load the page anew, and try again.")

Refuse = Callable[[Request, Exception], Any]


def wants_a_page(request: Request) -> bool:
    """Whether a browser asks, for itself: what its script asks for and what programs ask for is not a page."""
    path = request.url.path
    if any(path == start or path.startswith(f"{start}/") for start in PROGRAMS):
        return False
    kinds = [entry.partition(";")[0].strip().lower() for entry in request.headers.get("accept", "").split(",")]
    return "text/html" in kinds or "application/xhtml+xml" in kinds


def serve(fastapi_app: FastAPI, desk: Desk) -> None:
    """Put the pages before the problem documents of the application."""
    kinds = (
        HTTPException,
        RequestValidationError,
        *AWAY,
        sa.exc.DataError,
        Exception,
    )
    for kind in kinds:
        said = fastapi_app.exception_handlers.get(kind)
        if said is not None:
            fastapi_app.add_exception_handler(kind, _before(desk, said))


def _before(desk: Desk, problem: Refuse) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        # Made in any case: it logs what went wrong and knows the status and the headers.
        made: Response = await problem(request, error)
        if not wants_a_page(request):
            return made
        return await page(desk, request, made)

    return answer


async def page(desk: Desk, request: Request, made: Response) -> Response:
    """The page for what the problem document says, for whoever is logged in, or for a stranger."""
    status = made.status_code
    # With a broken database or a broken page nothing more is asked of it.
    visit = await visiting(desk, request, ask=status < 500)
    title, todo = SAID.get(status, OTHER)
    shown = visit.page("astray.html", status=status, title=title, todo=todo, incident=_incident(made))
    for name in ("allow", "retry-after"):
        if name in made.headers:
            shown.headers[name] = made.headers[name]
    return shown


def _incident(made: Response) -> str:
    """The number under which the log keeps a mistake of ours."""
    try:
        return str(json.loads(bytes(made.body)).get("incident") or "")
    except (ValueError, AttributeError):
        return ""
