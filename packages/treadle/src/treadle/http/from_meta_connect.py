"""Connecting in a browser: the hosted link, Meta's window, and the way back. Plain pages that work without script."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from treadle.accounts import connect, links
from treadle.accounts.connect import Landing
from treadle.accounts.links import OWN_PAGE
from treadle.accounts.pages import ConnectPage
from treadle.accounts.service import Accounts
from treadle.http import forms
from treadle.http.caller import CurrentApp
from treadle.http.templating import render
from treadle.services.accounts import with_accounts
from treadle.services.context import App
from treadle_diagnosis.limits import FORM_BYTES, TOO_LONG
from treadle_threads.transport import open_session

router = APIRouter(include_in_schema=False)
COOKIE = "treadle_connect"
COOKIE_S = 3600


@router.get("/connect/{token}")
async def land(token: str, app: CurrentApp) -> Response:
    """Who asks for what; nothing is used up by looking."""
    found = await with_accounts(app, lambda service: connect.land(service, token[:200]))
    if isinstance(found, ConnectPage):
        return show(app, found)
    answer = _protected(app, _landing(found))
    # Lax, so that it comes along when Meta sends the browser back.
    answer.set_cookie(
        COOKIE,
        found.cookie,
        max_age=COOKIE_S,
        httponly=True,
        samesite="lax",
        secure=app.settings.public_url.startswith("https://"),
        path="/threads/callback",
    )
    return answer


@router.get("/connect/{token}/go")
async def go(token: str, app: CurrentApp) -> Response:
    """To Meta's window, unless it is known to refuse."""

    async def work(service: Accounts) -> str | ConnectPage:
        async with open_session() as session:
            return await connect.go(service, token[:200], session)

    where = await with_accounts(app, work)
    if isinstance(where, ConnectPage):
        return show(app, where)
    return RedirectResponse(where, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


@router.post("/connect/{token}/help")
async def explain(token: str, request: Request, app: CurrentApp) -> Response:
    """What Meta's window printed, pasted by the person who saw it."""
    fields = await forms.read_fields(request, limit=FORM_BYTES, too_long=TOO_LONG)
    page = connect.explain(fields.get("said", ""))
    return show(app, page, back=f"{app.settings.public_url}/connect/{token}")


@router.get("/threads/callback")
async def callback(request: Request, app: CurrentApp) -> Response:
    """Meta's window sends the browser here, with a code or with a refusal."""
    query = {name: value[:4000] for name, value in request.query_params.items()}
    page = await with_accounts(app, lambda service: connect.finish(service, query, request.cookies.get(COOKIE)))
    answer = show(app, page)
    if page.ok:
        answer.delete_cookie(COOKIE, path="/threads/callback")
    return answer


def show(app: App, page: ConnectPage, *, back: str | None = None) -> Response:
    """The page at the end, with the way on."""
    own = bool(page.return_url) and str(page.return_url).startswith(f"{app.settings.public_url}{OWN_PAGE}")
    html = render("connect_end.html", title=page.title, page=page, retry=back or page.retry_url, own=own)
    return _protected(app, html, 200 if page.ok else page.status, page.return_url if page.ok else None)


def _landing(found: Landing) -> str:
    title = f"Reconnect @{found.reconnects}" if found.reconnects else "Connect a Threads account"
    help_url = found.go_url.removesuffix("/go") + "/help"
    return render(
        "connect_landing.html", title=title, found=found, last=(found.last or {}).get("page"), help_url=help_url
    )


def _protected(app: App, html: str, status: int = 200, moves_to: str | None = None) -> HTMLResponse:
    authorize = urlsplit(app.settings.threads_authorize_url)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; "
        f"form-action 'self' {authorize.scheme}://{authorize.netloc}"
    )
    answer = HTMLResponse(html, status)
    answer.headers["Content-Security-Policy"] = policy
    answer.headers["X-Content-Type-Options"] = "nosniff"
    # The address holds the link's secret or a code: no other site may learn it.
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    if moves_to and (to := links.encoded(moves_to)) is not None:  # older links hold addresses as they were sent
        answer.headers["Refresh"] = f"3; url={to}"
    return answer
