"""One request for a page: who is logged in, their time zone, the form they sent, and the answers a page can give.

Handlers are FastAPI routes that take one of the types at the end of this module. Each is a dependency: it reads the
session, sends whoever has none to the login, reads a form within its bounds and checks its CSRF token.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from fastapi import Depends
from jinja2 import Environment
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from structlog.contextvars import get_contextvars

from treadle.domain.roles import LABELS, Action
from treadle.hosts import same_origin
from treadle.people import login
from treadle.services import attention
from treadle.services.approving import Member
from treadle.services.context import App
from treadle.services.doctor import Line
from treadle.settings import THREADS_API, THREADS_AUTHORIZE
from treadle.store import Connection, accounts, feed, workspaces
from treadle.store.accounts import AccountName
from treadle.vault import VaultError
from treadle.web import labels, permissions
from treadle.web.forms import MultiPartException, TooMuch, Unproven, read_form, terms

ZONE_COOKIE = "treadle_zone"
MESSAGE_COOKIE = "treadle_message"
UNDO_COOKIE = "treadle_undo"
ONCE_COOKIE = "treadle_once"
FIRST_CSRF_COOKIE = "treadle_first"
SESSION_COOKIE = "treadle_session"
ONCE_S = 60  # for which a value to be shown once waits for its page
FOLLOWS_BROWSER = "UTC"  # what a user has who chose no zone; one who chose UTC has Etc/UTC


@dataclass(frozen=True, slots=True)
class WebContext:
    """What the pages of one server share: its app, its templates, and the token that makes the first user."""

    app: App
    templates: Environment
    # Printed at the start while there are no users; whoever has it may make the first one.
    first_token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    # What the last setup check of each workspace found, by the name of the line.
    checked: dict[str, dict[str, Line]] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        """Whether cookies are for https only."""
        return self.app.settings.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class PageMessage:
    """What was just done, shown once. ``beside``: the id of the item it is shown at; empty: at the top of the page.
    ``undo``: the id under which it can be undone."""

    tone: str
    text: str
    beside: str = ""
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page behind the login: the workspace and its accounts, by name."""

    workspace: str = ""
    accounts: tuple[AccountName, ...] = ()
    needs: int = 0  # how many things need somebody


class Responded(Exception):
    """A request was answered before its handler: a redirect to the login, a refused form."""

    def __init__(self, response: Response) -> None:
        self.response = response


@dataclass
class PageRequest:
    """One request of one person. ``viewer`` is set on every page behind the login."""

    context: WebContext
    request: Request
    now: float
    csrf: str
    session: login.Session | None = None
    form: FormData = field(default_factory=FormData)
    new_csrf: bool = False
    took: bool = False  # whether a value to be shown once was read: the answer forgets it
    # The newest change before anything was read: live updates of the page begin after it.
    newest_change: int = 0
    frame: Frame = field(default_factory=Frame)

    @property
    def app(self) -> App:
        return self.context.app

    @property
    def viewer(self) -> login.Session:
        """Who is logged in. Raises ``RuntimeError`` on a page that is open to everybody and has nobody."""
        if self.session is None:
            raise RuntimeError("a page behind the login was served without one")
        return self.session

    @property
    def workspace(self) -> str:
        return self.viewer.workspace_id

    @property
    def member(self) -> Member:
        """Who acts here, with their role."""
        return Member(self.viewer.email, self.viewer.role)

    def may(self, action: Action) -> bool:
        """Whether whoever is logged in may do this in the workspace they look at."""
        return self.session is not None and self.session.may(action)

    def can(self, address: str, method: str = "GET") -> bool:
        """Whether a link or a form to this page of ours would be answered: what would not is not shown."""
        needs = permissions.needed_at(method, address)
        return needs == "public" or (
            needs is not None and self.session is not None and (needs == "self" or self.may(needs))
        )

    @property
    def actor(self) -> str:
        """The name a timeline gives to whoever acts here."""
        return self.viewer.email

    @cached_property
    def zone(self) -> ZoneInfo:
        """The person's zone: the one chosen, else the browser's, else UTC."""
        chosen = self.session.zone if self.session else FOLLOWS_BROWSER
        if chosen == FOLLOWS_BROWSER:
            chosen = unquote(self.request.cookies.get(ZONE_COOKIE, "")) or "UTC"
        return labels.zone_of(chosen)

    def text(self, name: str, default: str = "") -> str:
        """A form field as text, without what a browser adds to line ends and what no database keeps."""
        value = self.form.get(name)
        return _typed(value) if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        """Every value of a form field."""
        return [_typed(v) for v in self.form.getlist(name) if isinstance(v, str)]

    def files(self, name: str) -> list[UploadFile]:
        """The files of a form field; an empty file input is none."""
        return [v for v in self.form.getlist(name) if isinstance(v, UploadFile) and v.filename]

    def query(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.query_params.get(name, default)

    @cached_property
    def query_params(self) -> QueryParams:
        """The query without the character NUL, which PostgreSQL cannot hold."""
        return QueryParams(self.request.url.query.replace("%00", ""))

    def threads_url(self, username: str, part: Mapping[str, Any] | None = None) -> str:
        """Where a profile, or a published part of a post, can be seen: on Threads, or in the sandbox.

        A sandbox answers with addresses of Threads, as Threads does; nothing of it can be found there.
        """
        settings = self.app.settings
        if THREADS_API not in settings.threads_api_url and THREADS_AUTHORIZE not in settings.threads_authorize_url:
            post = f"?post={part['threads_id']}" if part and part.get("threads_id") else ""
            return f"{settings.threads_api_url}/_sandbox/@{quote(username)}{post}"
        return str(part["permalink"]) if part else f"https://www.threads.com/@{quote(username)}"

    # ------------------------------------------------------------ answers

    def render(self, template: str, *, status: int = 200, near: Collection[str] = (), **values: Any) -> Response:
        """A whole page. ``values`` are the template's; who is logged in, the zone and the menu are added.

        ``near``: ids of the items that show a message about them beside them; any other message is shown at the top.
        """
        cookie = self.request.cookies.get(MESSAGE_COOKIE)
        tone, about, text = (*unquote(cookie).split("|", 2), "", "")[:3] if cookie else ("", "", "")
        tone = tone if tone in labels.TONES else "plain"
        undo = self.request.cookies.get(UNDO_COOKIE, "")
        message = PageMessage(tone, text, about if about in near else "", undo) if text else None
        response = HTMLResponse(
            self._html(template, here=self.request.url.path, message=message, **values), status_code=status
        )
        if cookie:
            response.delete_cookie(MESSAGE_COOKIE, path="/")
        if undo:
            response.delete_cookie(UNDO_COOKIE, path="/")
        if self.took:
            response.delete_cookie(ONCE_COOKIE, path="/")
        if self.new_csrf:
            secure = self.context.secure
            response.set_cookie(FIRST_CSRF_COOKIE, self.csrf, httponly=True, samesite="lax", secure=secure, path="/")
        return response

    def fragment(self, template: str, **values: Any) -> Response:
        """A piece of a page, for the script."""
        return HTMLResponse(self._html(template, **values))

    def _html(self, template: str, **values: Any) -> str:
        shared = {"page": self, "viewer": self.session, "now": self.now, "zone": self.zone, "csrf": self.csrf}
        number = {"request_id": get_contextvars().get("request_id", "")}
        return self.context.templates.get_template(template).render({**shared, **number}, **values)

    def json(self, value: Mapping[str, Any], status: int = 200) -> Response:
        return JSONResponse(dict(value), status)

    def redirect(self, where: str, message: str = "", tone: str = "go", *, about: str = "", undo: str = "") -> Response:
        """To another page, with a message to be shown there, beside what it is ``about`` (an id), and a button to undo
        it when there is the id of an ``undo``."""
        response = RedirectResponse(where, 303)
        secure = self.context.secure
        if message:
            value = quote(f"{tone}|{about}|{message[:600]}")
            response.set_cookie(
                MESSAGE_COOKIE, value, max_age=60, secure=secure, httponly=True, samesite="lax", path="/"
            )
        if undo:
            response.set_cookie(UNDO_COOKIE, undo, max_age=60, secure=secure, httponly=True, samesite="lax", path="/")
        return response

    def redirect_to_show(self, where: str, kind: str, value: str) -> Response:
        """To another page, which shows a secret once by :meth:`shown_once`: a page that answered the form with it
        would make another one when it is reloaded. The browser carries it there sealed, for a minute."""
        response = RedirectResponse(where, 303)
        sealed = self.app.vault.seal(json.dumps([self.viewer.user_id, self.workspace, self.now, kind, value]))
        response.set_cookie(
            ONCE_COOKIE, sealed.decode(), max_age=ONCE_S, httponly=True, samesite="lax", path="/",
            secure=self.context.secure,
        )  # fmt: skip
        return response

    def shown_once(self, kind: str) -> str:
        """What :meth:`redirect_to_show` brings here, if it is of this kind, of this person and workspace, and fresh."""
        kept = self.request.cookies.get(ONCE_COOKIE, "")
        if not kept:
            return ""
        try:
            who, where, at, of, value = json.loads(self.app.vault.open(kept.encode()))
        except (VaultError, ValueError):
            return ""
        if (who, where, of) != (self.viewer.user_id, self.workspace, kind) or self.now - float(at) > ONCE_S:
            return ""
        self.took = True
        return str(value)

    def not_found(self, what: str = "page") -> Response:
        return self.render("not_found.html", status=404, what=what)


def own_address(back: str, otherwise: str) -> str:
    """Where a form says it came from, if that is a page of ours."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else otherwise


def _typed(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\0", "")


# ------------------------------------------------------------ dependencies


async def page_request(context: WebContext, request: Request, *, read_session: bool = True) -> PageRequest:
    """A page request. Without ``read_session`` the database is left alone, and nobody is logged in."""
    now = context.app.now()
    token = request.cookies.get(SESSION_COOKIE, "") if read_session else ""
    session, newest, frame = await context.app.db.query(_session, token, now) if token else (None, 0, Frame())
    if session is not None:
        return PageRequest(context, request, now, session.csrf, session, newest_change=newest, frame=frame)
    # Before the login no session can hold the token: a cookie does.
    kept = request.cookies.get(FIRST_CSRF_COOKIE, "")
    return PageRequest(context, request, now, kept or secrets.token_urlsafe(24), new_csrf=not kept)


def _session(conn: Connection, token: str, now: float) -> tuple[login.Session | None, int, Frame]:
    session = login.session(conn, token, now=now)
    return session, feed.newest(conn), _frame(conn, session, now) if session else Frame()


def _frame(conn: Connection, session: login.Session, now: float) -> Frame:
    workspace_id = session.workspace_id
    space, named = workspaces.find(conn, workspace_id), accounts.names(conn, workspace_id)
    needs = attention.kinds(conn, workspace_id, named, approver=session.may("approve"), now=now)
    connected = [one for one in named if one.disconnected_at is None]
    return Frame(space.name if space else "", tuple(connected), needs)


async def _anyone(request: Request) -> PageRequest:
    page = await page_request(request.app.state.web, request)
    session = page.session
    if session is not None and session.expires_at < page.now + login.SESSION_IDLE_S - login.SEEN_EVERY_S:
        await page.app.db.run(login.seen, request.cookies[SESSION_COOKIE], now=page.now)
    # PostgreSQL keeps no NUL, and no page is named by one.
    if "\0" in request.url.path or "%00" in request.url.path:
        raise Responded(page.not_found())
    return page


async def _logged_in(request: Request) -> PageRequest:
    page = await _anyone(request)
    if page.session is None:
        raise Responded(await _to_login(page))
    if (refused := _not_allowed(page)) is not None:
        raise Responded(refused)
    return page


def _not_allowed(page: PageRequest) -> Response | None:
    """What somebody gets whose role does not allow this page; a page without a line in the table is not there."""
    request = page.request
    path = getattr(request.scope.get("route"), "path", "")
    verb = str(request.path_params.get("do") or request.path_params.get("act") or "")
    needs = permissions.needed(request.method, path, verb)
    if needs is None:
        return page.not_found()
    if needs == "public" or needs == "self" or page.may(needs):
        return None
    return page.render("not_allowed.html", status=403, role=LABELS[page.viewer.role])


Opened = Callable[[Request], AsyncGenerator[PageRequest, None]]


def _form(*, public: bool = False, files: bool = False, csrf: bool = True) -> Opened:
    """A page request with its form. ``csrf``: whether the form must bring the token; ``files``: may bring files."""

    async def opened(request: Request) -> AsyncGenerator[PageRequest, None]:
        page = await (_anyone if public else _logged_in)(request)
        if csrf and not _from_own_page(page):
            raise Responded(page.render("form_refused.html", status=403, reason="old"))
        bounds = terms(stranger=page.session is None, files=files, csrf=page.csrf if csrf else "")
        try:
            page.form = await read_form(request, bounds)
        except Unproven:
            raise Responded(page.render("form_refused.html", status=403, reason="old")) from None
        except TooMuch:
            raise Responded(page.render("form_refused.html", status=413, reason="large")) from None
        except MultiPartException as error:
            raise HTTPException(400, error.message) from error
        try:
            yield page
        finally:
            await page.form.close()

    return opened


def _from_own_page(page: PageRequest) -> bool:
    """Whether a form was sent from a page of ours; for browsers that say nothing the token alone decides."""
    headers = page.request.headers
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return False
    origin = headers.get("origin")
    if not origin or origin == "null":
        return origin is None
    return same_origin(origin, headers.get("host", ""), page.app.settings.public_url)


async def _to_login(page: PageRequest) -> Response:
    if not await page.app.db.query(login.anybody):
        return page.redirect("/setup")
    url = page.request.url
    here = f"{url.path}?{url.query}" if url.query else url.path
    if page.request.headers.get("accept", "").startswith(("application/json", "text/event-stream")):
        return page.json({"detail": "Log in again."}, 401)
    if page.request.method not in ("GET", "HEAD"):
        here = _page_of_form(page)
    return page.redirect("/login" if here == "/" else f"/login?next={quote(here)}")


def _page_of_form(page: PageRequest) -> str:
    """The page of ours that a form was sent from: what was written is kept there, in the browser. Else the start."""
    headers = page.request.headers
    origin, _, rest = headers.get("referer", "").partition("://")
    host, _, where = rest.partition("/")
    if not same_origin(f"{origin}://{host}", headers.get("host", ""), page.app.settings.public_url):
        return "/"
    address = own_address(f"/{where}", "/")
    return address if permissions.needed_at("GET", address) else "/"


Anyone = Annotated[PageRequest, Depends(_anyone)]
LoggedIn = Annotated[PageRequest, Depends(_logged_in)]
AnyoneForm = Annotated[PageRequest, Depends(_form(public=True))]
HarmlessForm = Annotated[PageRequest, Depends(_form(public=True, csrf=False))]  # it changes nothing
LoggedInForm = Annotated[PageRequest, Depends(_form())]
LoggedInUpload = Annotated[PageRequest, Depends(_form(files=True))]
