"""What every page needs: who is here, in which zone, the templates, and answers with the right headers.

Handlers are plain functions of a :class:`Visit`; this module turns them into routes that ask for a login, read forms,
check the CSRF token and set a content policy without inline script or style.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, select_autoescape
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from treadle.hosts import same_origin
from treadle.people import login
from treadle.settings import THREADS_API, THREADS_AUTHORIZE
from treadle.store.tables import changes
from treadle.web import words
from treadle.web.forms import MultiPartException, TooMuch, Unproven, read_form, terms

if TYPE_CHECKING:
    from fastapi import FastAPI

    from treadle.services.context import App

ZONE_COOKIE = "treadle_zone"
SAID_COOKIE = "treadle_said"
FIRST_CSRF_COOKIE = "treadle_first"
SESSION_COOKIE = "treadle_session"
FOLLOWS_BROWSER = "UTC"  # what a user has who chose no zone; one who chose UTC has Etc/UTC


@dataclass(slots=True)
class Desk:
    """The pages of one server: its app, its templates, its content policy."""

    app: App
    templates: Environment
    policy: str
    # Printed at the start while there are no users; whoever has it may make the first one.
    first_token: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    @property
    def secure(self) -> bool:
        return self.app.settings.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Said:
    """What was just done, told once. ``beside``: the id of the thing it stands at; empty: on top of the page."""

    tone: str
    text: str
    beside: str = ""


class _Absent(StrictUndefined):
    """What is not there may be asked about (``{% if part.options.x %}``) and never printed."""

    __slots__ = ()
    __bool__ = Undefined.__bool__  # type: ignore[assignment]
    __iter__ = Undefined.__iter__  # type: ignore[assignment]
    __eq__ = Undefined.__eq__  # type: ignore[assignment]
    __ne__ = Undefined.__ne__  # type: ignore[assignment]
    __hash__ = Undefined.__hash__  # type: ignore[assignment]


def open_desk(app: App) -> Desk:
    templates = Environment(
        loader=PackageLoader("treadle.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=_Absent,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words.teach(templates)
    settings = app.settings
    return Desk(app, templates, content_policy(settings.public_url, settings.allow_private_media_hosts))


def content_policy(public_url: str, plain_media: bool) -> str:
    """The policy of every page. Pictures of posts come from anywhere by https; Connect leads to the public address."""
    public = urlsplit(public_url)
    media = "'self' blob: data: https:" + (" http:" if plain_media else "")
    parts = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src {media}",
        f"media-src {media}",
        "font-src 'self'",
        "connect-src 'self'",
        f"form-action 'self' {public.scheme}://{public.netloc}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return "; ".join(parts)


@dataclass
class Visit:
    """One request of one person. ``viewer`` is set on every page behind the login."""

    desk: Desk
    request: Request
    now: float
    csrf: str
    known: login.Session | None = None
    form: FormData = field(default_factory=FormData)
    fresh_csrf: bool = False
    # The change feed as it stood before anything was read: live updates of the page begin after it.
    newest_change: int = 0

    @property
    def app(self) -> App:
        return self.desk.app

    @property
    def viewer(self) -> login.Session:
        if self.known is None:
            raise RuntimeError("a page behind the login was served without one")
        return self.known

    @property
    def workspace(self) -> str:
        return self.viewer.workspace_id

    @property
    def actor(self) -> str:
        """The name a timeline gives to whoever acts here."""
        return self.viewer.email

    @cached_property
    def zone(self) -> ZoneInfo:
        """The person's zone: the one chosen, else the browser's, else UTC."""
        chosen = self.known.zone if self.known else FOLLOWS_BROWSER
        if chosen == FOLLOWS_BROWSER:
            chosen = unquote(self.request.cookies.get(ZONE_COOKIE, "")) or "UTC"
        return words.zone_of(chosen)

    def text(self, name: str, default: str = "") -> str:
        """A form field as text, without what a browser adds to line ends and what no database keeps."""
        value = self.form.get(name)
        return _typed(value) if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        return [_typed(v) for v in self.form.getlist(name) if isinstance(v, str)]

    def files(self, name: str) -> list[UploadFile]:
        return [v for v in self.form.getlist(name) if isinstance(v, UploadFile) and v.filename]

    def asked(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.request.query_params.get(name, default)

    def on_threads(self, username: str, part: Mapping[str, Any] | None = None) -> str:
        """Where a profile, or a published part of a post, can be looked at: on Threads, or in the sandbox.

        A sandbox gives addresses of Threads, as Threads does; nothing of it is to be found there.
        """
        settings = self.app.settings
        if THREADS_API not in settings.threads_api_url and THREADS_AUTHORIZE not in settings.threads_authorize_url:
            post = f"?post={part['threads_id']}" if part and part.get("threads_id") else ""
            return f"{settings.threads_api_url}/_sandbox/@{quote(username)}{post}"
        return str(part["permalink"]) if part else f"https://www.threads.com/@{quote(username)}"

    # ------------------------------------------------------------ answers

    def page(self, template: str, *, status: int = 200, near: Collection[str] = (), **values: Any) -> Response:
        """A whole page. ``values`` are the template's; who is here, the zone and the menu are added.

        ``near``: ids of what the page shows a word about where it stands; about anything else it is said on top.
        """
        said = self.request.cookies.get(SAID_COOKIE)
        tone, about, text = (*unquote(said).split("|", 2), "", "")[:3] if said else ("", "", "")
        html = self.desk.templates.get_template(template).render(
            visit=self,
            viewer=self.known,
            now=self.now,
            zone=self.zone,
            csrf=self.csrf,
            here=self.request.url.path,
            said=Said(tone if tone in words.TONES else "plain", text, about if about in near else "") if text else None,
            **values,
        )
        response = self.dressed(HTMLResponse(html, status))
        if said:
            response.delete_cookie(SAID_COOKIE, path="/")
        return response

    def fragment(self, template: str, **values: Any) -> Response:
        """A piece of a page, for the script."""
        html = self.desk.templates.get_template(template).render(
            visit=self, viewer=self.known, now=self.now, zone=self.zone, csrf=self.csrf, **values
        )
        return self.dressed(HTMLResponse(html))

    def json(self, value: Mapping[str, Any], status: int = 200) -> Response:
        return self.dressed(JSONResponse(dict(value), status))

    def to(self, where: str, said: str = "", tone: str = "go", *, about: str = "") -> Response:
        """Off to another page, with a sentence to be read there, beside what it is ``about`` (an id)."""
        response = self.dressed(RedirectResponse(where, 303))
        if said:
            response.set_cookie(
                SAID_COOKIE, quote(f"{tone}|{about}|{said[:600]}"), max_age=60, httponly=True, samesite="lax", path="/"
            )
        return response

    def missing(self, what: str = "page") -> Response:
        return self.page("missing.html", status=404, what=what)

    def dressed(self, response: Response) -> Response:
        response.headers["Content-Security-Policy"] = self.desk.policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        if self.fresh_csrf:
            response.set_cookie(
                FIRST_CSRF_COOKIE, self.csrf, httponly=True, samesite="lax", secure=self.desk.secure, path="/"
            )
        return response


def _typed(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\0", "")


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    public: bool = False
    harmless: bool = False  # a form that changes nothing: no token is asked for
    files: bool = False  # a form that may bring files


@dataclass(slots=True)
class Pages:
    """The routes of one module, collected by decorators."""

    routes: list[Route] = field(default_factory=list)

    def get(self, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        return self._add("GET", path, public)

    def post(
        self, path: str, *, public: bool = False, harmless: bool = False, files: bool = False
    ) -> Callable[[Handler], Handler]:
        return self._add("POST", path, public, harmless, files)

    def _add(
        self, method: str, path: str, public: bool, harmless: bool = False, files: bool = False
    ) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.routes.append(Route(method, path, handler, public, harmless, files))
            return handler

        return keep

    def serve(self, fastapi_app: FastAPI, desk: Desk) -> None:
        for route in self.routes:
            fastapi_app.add_route(route.path, _endpoint(desk, route), methods=[route.method], include_in_schema=False)


def _endpoint(desk: Desk, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        now = desk.app.now()
        token = request.cookies.get(SESSION_COOKIE, "")
        # Postgres keeps no NUL: it is taken out of a query, and no page is named by one.
        request.scope["query_string"] = request.scope["query_string"].replace(b"%00", b"")
        viewer, newest = await desk.app.db.query(_come_in, token, now) if token else (None, 0)
        if viewer is not None and viewer.expires_at < now + login.SESSION_IDLE_S - login.SEEN_EVERY_S:
            await desk.app.db.run(login.seen, token, now=now)
        visit = _visit(desk, request, viewer, now)
        visit.newest_change = newest
        if viewer is None and not route.public:
            return await _to_the_door(visit)
        if "\0" in request.url.path or "%00" in request.url.path:
            return visit.missing()
        if route.method == "GET":
            return await route.handler(visit)
        if not route.harmless and not _same_site(desk, request):
            return visit.page("refused.html", status=403)
        csrf = "" if route.harmless else visit.csrf
        try:
            visit.form = await read_form(request, terms(stranger=viewer is None, files=route.files, csrf=csrf))
        except Unproven:
            return visit.page("refused.html", status=403)
        except TooMuch:
            return visit.page("refused.html", status=413)
        except MultiPartException as error:
            raise HTTPException(400, error.message) from error
        try:
            return await route.handler(visit)
        finally:
            await visit.form.close()

    return answer


async def visiting(desk: Desk, request: Request, *, ask: bool = True) -> Visit:
    """A visit outside of the routes. Without ``ask`` the database is left alone, and everybody is a stranger."""
    now, token = desk.app.now(), request.cookies.get(SESSION_COOKIE, "") if ask else ""
    viewer, newest = await desk.app.db.query(_come_in, token, now) if token else (None, 0)
    visit = _visit(desk, request, viewer, now)
    visit.newest_change = newest
    return visit


def _come_in(conn: sa.Connection, token: str, now: float) -> tuple[login.Session | None, int]:
    return login.session(conn, token, now=now), int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)


def _visit(desk: Desk, request: Request, viewer: login.Session | None, now: float) -> Visit:
    if viewer is not None:
        return Visit(desk, request, now, viewer.csrf, viewer)
    # Before the login there is no session to keep the token in: it is kept in a cookie of its own.
    kept = request.cookies.get(FIRST_CSRF_COOKIE, "")
    return Visit(desk, request, now, kept or secrets.token_urlsafe(24), fresh_csrf=not kept)


def _same_site(desk: Desk, request: Request) -> bool:
    """Whether a form was sent from a page of ours; browsers that say nothing are judged by the token alone."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return False
    origin = request.headers.get("origin")
    if not origin or origin == "null":
        return origin is None
    return same_origin(origin, request.headers.get("host", ""), desk.app.settings.public_url)


async def _to_the_door(visit: Visit) -> Response:
    if not await visit.app.db.query(login.anybody):
        return visit.to("/setup")
    here = visit.request.url.path
    if visit.request.url.query:
        here += f"?{visit.request.url.query}"
    if visit.request.headers.get("accept", "").startswith(("application/json", "text/event-stream")):
        return visit.json({"detail": "Log in again."}, 401)
    return visit.to("/login" if here == "/" or visit.request.method != "GET" else f"/login?next={quote(here)}")
