"""Connecting an account: by a hosted link through Meta's window, or by a token.

Nothing here raises for what people or Meta do wrong: every way it can end is a :class:`ConnectPage`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr

from treadle.accounts import links, pages
from treadle.accounts.pages import ConnectPage
from treadle.accounts.service import Accounts
from treadle.accounts.storing import Stored, store
from treadle.accounts.tokens import Unknown, from_code, from_token
from treadle.domain.cause import diagnose, from_pattern
from treadle.store import Connection, accounts
from treadle.store.blockers import repairable
from treadle.store.connect_links import LinkRow
from treadle.store.repair_preview import preview_of_connecting
from treadle_diagnosis.limits import PASTE_CHARS, TOO_LONG
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth

PROBE_S = 4.0
PROBE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Landing:
    """What a connect link shows before Meta's window: who asks for what, and what connecting again will send.

    ``cookie`` is the browser's secret, to be set as a cookie and given back to :func:`finish`. ``last``: what went
    wrong the last time the link was pressed.
    """

    cookie: str
    go_url: str
    scopes: Mapping[str, str]
    reconnects: str | None = None
    sends: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    last: Mapping[str, Any] | None = None


async def land(service: Accounts, token: str) -> Landing | ConnectPage:
    """Open a link. Opening uses nothing up: mail programs open links too."""

    def look(conn: Connection) -> Landing | ConnectPage:
        now = service.now()
        link = links.find(conn, token)
        state = links.state_of(link, now)
        if link is None or state != "open":
            return pages.link_trouble(state)
        name: str | None = None
        sends: tuple[str, ...] = ()
        holds: tuple[str, ...] = ()
        if link.account_id:
            row = accounts.with_id(conn, link.account_id)
            if row is not None:
                name = row.username or row.threads_user_id
                shown = preview(conn, service, link.account_id)
                sends, holds = tuple(shown["sends"]), tuple(shown["holds"])
        last = {k: v for k, v in (link.outcome or {}).items() if k != "nonces"} or None
        return Landing(
            cookie=links.opened(conn, link.id, now=now),
            go_url=f"{service.settings.public_url}/connect/{token}/go",
            scopes={scope: oauth.SCOPES.get(scope, "") for scope in link.scopes},
            reconnects=name,
            sends=sends,
            holds=holds,
            last=last,
        )

    if service.app is None:
        return pages.failed(
            from_pattern("app_not_configured"), retry_url=None, return_url=None, link_id=None, status=503
        )
    return await service.db.run(look)


def preview(conn: Connection, service: Accounts, account_id: str) -> dict[str, list[str]]:
    """``{"sends": [...], "holds": [...]}``: the posts that connecting this account again would let go, and those that
    became too late and would wait for a yes."""
    waiting = repairable(conn, account_id, service.settings.threads_app_id)
    owner = accounts.workspace_of(conn, account_id)
    return preview_of_connecting(conn, account_id, waiting, workspace_id=owner, now=service.now())


async def go(service: Accounts, token: str, session: aiohttp.ClientSession) -> str | ConnectPage:
    """The address of Meta's window for this link; a page instead when the window is known to refuse.

    Meta shows its refusals as raw text and sends nobody back, so the window is asked beforehand what it makes of the
    request: a wrong kind of app id or an unlisted redirect address shows there already, without anybody's login.
    """
    app = service.app
    if app is None:
        return pages.failed(
            from_pattern("app_not_configured"), retry_url=None, return_url=None, link_id=None, status=503
        )

    link = await service.db.query(links.find, token)
    state = links.state_of(link, service.now())
    if link is None or state != "open":
        return pages.link_trouble(state)
    url = oauth.authorize_url(
        client_id=app.id,
        redirect_uri=app.redirect_uri,
        state=token,
        scopes=link.scopes,
        base=service.settings.threads_authorize_url,
    )
    trouble = await probe_window(session, url)
    if trouble is not None:
        await service.db.run(links.close, link.id, _outcome(trouble), again=True)
        return pages.failed(trouble, retry_url=_link_url(service, token), return_url=link.return_url, link_id=link.id)
    return url


async def probe_window(session: aiohttp.ClientSession, url: str) -> Diagnosis | None:
    """What Meta's window refuses without asking anybody; ``None`` when it seems to open, or nothing is known."""
    try:
        async with session.get(
            url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=PROBE_S), headers={"Accept": "text/html"}
        ) as answer:
            body = await answer.content.read(PROBE_BYTES)
            location = answer.headers.get("Location", "")
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return None
    if location and ("error=" in location or "error_code=" in location):
        found = diagnose(body=location, stage="oauth")
        return found if found.lane == "permission_app_review" else None
    try:
        parsed = json.loads(body)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or not ({"error_message", "error_code", "error"} & parsed.keys()):
        return None
    found = diagnose(body=parsed, stage="oauth")
    return found if found.scope == "app" else None


def explain(text: str) -> ConnectPage:
    """What an answer of Meta's window means, as a person pastes it: the window itself sends nobody back."""
    if len(text) > PASTE_CHARS:
        return ConnectPage(False, "This is too long", TOO_LONG, status=413)
    return pages.failed(diagnose(body=text, stage="oauth"), retry_url=None, return_url=None, link_id=None)


async def finish(service: Accounts, query: Mapping[str, str], cookie: str | None) -> ConnectPage:
    """Meta's window sent the browser back to ``/threads/callback`` with ``query``."""
    state = query.get("state", "").removesuffix("#_")
    link = await service.db.query(links.find, state) if state else None
    refused = "code" not in query
    if link is None:
        # Meta does not always give the state back with a refusal: the refusal is still worth explaining.
        if refused and any(name.startswith("error") for name in query):
            return _refusal(service, query, None, None)
        return pages.link_trouble("unknown")
    known = links.state_of(link, service.now())
    if known != "open":
        return pages.link_trouble(known)
    if refused:
        page = _refusal(service, query, state, link)
        await service.db.run(links.close, link.id, {"page": page.to_json()}, again=True)
        return page
    if not links.same_browser(link, cookie):
        return pages.link_trouble("other_browser")
    if not await service.db.run(links.take, link.id, was=link.used_at, now=service.now()):
        return pages.link_trouble("used")
    try:
        return await _connect(service, link, state, query["code"])
    except asyncio.CancelledError:
        raise
    except BaseException:
        await service.db.run(links.close, link.id, {}, again=True)
        raise


async def _connect(service: Accounts, link: LinkRow, state: str, code: str) -> ConnectPage:
    known = await from_code(service, code, asked=tuple(link.scopes))
    retry, back = _link_url(service, state), link.return_url
    if isinstance(known, Unknown):
        page = pages.failed(known.diagnosis, retry_url=retry, return_url=back, link_id=link.id, status=502)
        await service.db.run(links.close, link.id, {"page": page.to_json()}, again=True)
        return page

    def keep(conn: Connection) -> ConnectPage:
        wanted = link.account_id
        if wanted is not None:
            row = accounts.with_id(conn, wanted)
            if row is not None and row.threads_user_id != known.profile.id:
                page = pages.other_profile(
                    row.username or row.threads_user_id,
                    known.profile.username or known.profile.id,
                    retry_url=retry,
                    return_url=back,
                    link_id=link.id,
                )
                links.close(conn, link.id, {"page": page.to_json()}, again=True)
                return page
        held = len(preview(conn, service, wanted)["holds"]) if wanted else 0
        stored = store(conn, service, link.workspace_id, known, actor="link")
        page = pages.connected(stored, return_url=back, link_id=link.id, held=held)
        links.close(conn, link.id, {"page": page.to_json()}, again=False)
        return page

    return await service.db.run(keep)


async def add_token(
    service: Accounts, workspace_id: str, token: SecretStr, *, actor: str, account_id: str | None = None
) -> Stored | Unknown | ConnectPage:
    """Connect by a token from Meta's dashboard; a long-lived one is recognized and not exchanged again.

    ``account_id``: the account to be reconnected; a token of another profile is refused with a page.
    """
    clean = SecretStr("".join(token.get_secret_value().split()).strip("\"'"))
    if not clean.get_secret_value():
        return Unknown(from_pattern("token_not_sent"), "input")
    known = await from_token(service, clean)
    if isinstance(known, Unknown):
        return known

    def keep(conn: Connection) -> Stored | ConnectPage:
        if account_id is not None:
            row = accounts.find(conn, workspace_id, account_id)
            if row is None:
                return ConnectPage(
                    False, "There is no such account", "No account with this id exists here.", status=404
                )
            if row.threads_user_id != known.profile.id:
                return pages.token_of_other_profile(
                    row.username or row.threads_user_id, known.profile.username or known.profile.id
                )
        return store(conn, service, workspace_id, known, actor=actor)

    return await service.db.run(keep)


def _refusal(service: Accounts, query: Mapping[str, str], state: str | None, link: LinkRow | None) -> ConnectPage:
    answer = {name: value for name, value in query.items() if name not in ("state", "code")}
    return pages.failed(
        diagnose(body="?" + urlencode(answer), stage="oauth"),
        retry_url=_link_url(service, state) if state else None,
        return_url=link.return_url if link else None,
        link_id=link.id if link else None,
    )


def _outcome(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "page": {
            "ok": False,
            "title": diagnosis.title,
            "happened": diagnosis.what_happened,
            "todo": [diagnosis.next_step],
            "pattern": diagnosis.pattern,
            "guide": diagnosis.guide,
        }
    }


def _link_url(service: Accounts, token: str) -> str:
    return f"{service.settings.public_url}/connect/{token}"
