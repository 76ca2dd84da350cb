"""Error pages: what a browser is shown for a wrong address or a failed page, instead of a problem document.

Programs get problem documents (RFC 9457): only a request that asks for a page (``Accept: text/html``) at an address
that is not the API's is answered here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import WebSocketRequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from treadle.web import headers
from treadle.web.page_request import Responded, WebContext, page_request

if TYPE_CHECKING:
    from fastapi import FastAPI

# Status -> what happened, and what to do.
TEXTS: Mapping[int, tuple[str, str]] = {
    403: ("You don't have access to this page", "Log in as someone who has access."),
    404: ("Page not found", "It may have been deleted, or the address may be incomplete."),
    405: (
        "This address only accepts a form",
        "Nothing was changed. Open the page with the form and submit it from there.",
    ),
    413: ("That's too large", "Nothing was saved. Upload fewer or smaller files."),
    500: (
        "Something went wrong in Treadle",
        "Nothing was half saved. Try again. If it keeps happening, send the number below to your administrator.",
    ),
    503: ("The database isn't responding", "Nothing was changed. Try again in a moment."),
}
OTHER = ("We couldn't read this request", "Nothing was changed. Go back, reload the page, and try again.")

Handler = Callable[[Request, Exception], Any]


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page: what its script asks for and what programs ask for is not one."""
    if headers.is_for_programs(request.url.path):
        return False
    kinds = [entry.partition(";")[0].strip().lower() for entry in request.headers.get("accept", "").split(",")]
    return "text/html" in kinds or "application/xhtml+xml" in kinds


def install(fastapi_app: FastAPI, context: WebContext) -> None:
    """Put the pages before the problem documents of the application."""
    fastapi_app.add_exception_handler(Responded, _responded)
    for kind, handler in list(fastapi_app.exception_handlers.items()):
        if isinstance(kind, type) and kind not in (Responded, WebSocketRequestValidationError):
            fastapi_app.add_exception_handler(kind, _before(context, handler))


async def _responded(request: Request, error: Exception) -> Response:
    assert isinstance(error, Responded)
    return error.response


def _before(context: WebContext, problem: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        # Made in any case: it logs the error and knows the status and the headers.
        made: Response = await problem(request, error)
        return await error_page(context, request, made) if wants_page(request) else made

    return answer


async def error_page(context: WebContext, request: Request, problem: Response) -> Response:
    """The page for a problem document, for whoever is logged in, or for nobody."""
    status = problem.status_code
    # A broken database or a broken page is not read again.
    page = await page_request(context, request, read_session=status < 500)
    title, next_step = TEXTS.get(status, OTHER)
    shown = page.render("error.html", status=status, title=title, next_step=next_step, incident=_incident(problem))
    for name in ("allow", "retry-after"):
        if name in problem.headers:
            shown.headers[name] = problem.headers[name]
    # The page of an unexpected error is made outside of all middleware.
    headers.put(shown.headers, headers.page_headers(context.app.settings))
    return shown


def _incident(problem: Response) -> str:
    """The number under which the log keeps an error of ours."""
    try:
        return str(json.loads(bytes(problem.body)).get("incident") or "")
    except (ValueError, AttributeError):
        return ""
