"""Connecting in a browser: the hosted link, Meta's window, and the way back. Plain pages that work without script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
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
from treadle.plural import plural
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
    answer = _dressed(app, _landing(found))
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
    """Off to Meta's window, unless it is known to refuse."""

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
    steps = _list("ol" if len(page.todo) > 1 else "ul", page.todo)
    body = [f"<h1>{escape(page.title)}</h1>", f"<p>{escape(page.happened)}</p>", steps]
    if page.guide and not page.ok:
        body.append(f'<p><a href="{escape(page.guide)}">More about this</a></p>')
    retry = back or page.retry_url
    if retry:
        body.append(f'<p><a class="button" href="{escape(retry)}">Back to the link, to press it again</a></p>')
    if page.return_url:
        own = page.return_url.startswith(f"{app.settings.public_url}{OWN_PAGE}")
        word, kind = ("To your accounts" if own else "Continue"), ("button" if page.ok else "button plain")
        body.append(f'<p><a class="{kind}" href="{escape(page.return_url)}" rel="noreferrer">{word}</a></p>')
        if page.ok:
            body.append('<p class="small quiet">It goes on by itself in a moment.</p>')
    elif page.ok:
        body.append("<p>You can close this page.</p>")
    status = page.status if not page.ok else 200
    return _dressed(app, _document(page.title, "".join(body)), status, page.return_url if page.ok else None)


def _landing(found: Landing) -> str:
    what = f"Connect @{found.reconnects} again" if found.reconnects else "Connect a Threads account"
    body = [f"<h1>{escape(what)}</h1>"]
    last = (found.last or {}).get("page")
    if last and not last.get("ok"):
        todo = _list("ul", [str(step) for step in last.get("todo") or ()])
        body.append(f'<section class="note tone-act"><h2>Last time: {escape(str(last["title"]))}</h2>{todo}</section>')
    body.append("<p>Threads will ask you to allow this:</p>")
    body.append(_list("ul", [words or scope for scope, words in found.scopes.items()]))
    if found.sends or found.holds:
        body.append("<h2>What happens then</h2>")
        body.append(
            _list(
                "ul",
                [
                    *(
                        [f"{plural(len(found.sends), 'post')} that waited for this will go out, oldest first."]
                        if found.sends
                        else []
                    ),
                    *(
                        [f"{plural(len(found.holds), 'post')} will wait for a yes: they are late."]
                        if found.holds
                        else []
                    ),
                ],
            )
        )
    body.append(f'<p><a class="button" href="{escape(found.go_url)}">Continue to Threads</a></p>')
    help_url = found.go_url.removesuffix("/go") + "/help"
    body.append(
        "<details><summary>Threads shows a text such as <code>error_message</code></summary>"
        "<p>Threads does not send you back from there. Go back in your browser, and paste the text here.</p>"
        f'<form method="post" action="{escape(help_url)}"><p><label for="said">What it says</label></p>'
        '<p><textarea id="said" name="said" rows="4" cols="40" maxlength="20000"></textarea></p>'
        "<p><button>What does it mean?</button></p></form></details>"
    )
    return _document(what, "".join(body))


def _list(tag: str, items: Iterable[str]) -> str:
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<{tag}>{rows}</{tag}>" if rows else ""


def _document(title: str, body: str) -> str:
    """The frame of the other pages, as a stranger sees them: who comes here by a link has no log-in."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)} · Treadle</title>'
        '<link rel="icon" href="/static/mark.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/static/tokens.css"><link rel="stylesheet" href="/static/pages.css"></head>'
        '<body><a class="skip" href="#main">Skip to the page</a><main id="main" tabindex="-1">'
        '<p class="brand"><img src="/static/mark.svg" alt="" width="28" height="28"> Treadle</p>'
        f"{body}</main></body></html>"
    )


def _dressed(app: App, html: str, status: int = 200, moves_to: str | None = None) -> HTMLResponse:
    authorize = urlsplit(app.settings.threads_authorize_url)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
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
