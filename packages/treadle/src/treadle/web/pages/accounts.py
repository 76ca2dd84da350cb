"""Accounts: their health, when access ends, what is left of the quota, and connecting again."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import SecretStr
from starlette.responses import Response

from treadle.accounts import links
from treadle.accounts.health import WORDS
from treadle.accounts.pages import ConnectPage
from treadle.accounts.tokens import Unknown
from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.domain.states import FINAL, STATE_WORDS
from treadle.plural import plural
from treadle.services import account_list, accounts, connecting
from treadle.services.account_list import ListedAccount
from treadle.web.labels import step_of
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest
from treadle_threads.oauth import SCOPES

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
async def show(page: LoggedIn) -> Response:
    app_id = page.app.settings.threads_app_id
    named = page.query("q").strip().removeprefix("@")[:200]
    found = await page.app.db.query(
        lambda conn: account_list.read(
            conn,
            page.workspace,
            app_id,
            page.now,
            named=named,
            after=page.query("after"),
            at=page.query("account") or page.query("account_id"),
        )
    )
    secret = page.app.settings.threads_app_secret.get_secret_value()
    kept = {"q": named} if named else {}
    return page.render(
        "accounts.html",
        listing=found,
        accounts=found.accounts,
        named=named,
        near={row.id for row in found.accounts},
        again="/accounts" + (f"?{urlencode(kept)}" if kept else ""),
        following=f"/accounts?{urlencode({**kept, 'after': found.following})}" if found.following else "",
        can_connect=bool(app_id and secret),
        words=WORDS,
        back=_back(page, found.accounts),
        unfinished=urlencode([("state", state) for state in STATE_WORDS if state not in (*FINAL, "draft")]),
    )


def address_of(account_id: str) -> str:
    """Where an account is shown, on whichever page of them it is. Without a place on that page: a browser that goes to
    one takes the focus from the message there."""
    return f"/accounts?{urlencode({'account': account_id})}"


def _back(page: PageRequest, found: list[ListedAccount]) -> dict[str, str] | None:
    """What to say to somebody who comes back from connecting; what is shown is what is stored, not the address."""
    if page.query("status") == "failed":
        return {"tone": "act", "text": "No account was connected. Press Connect account or Reconnect to try again."}
    mine = next((row for row in found if row.id == page.query("account_id") and row.connected), None)
    if page.query("status") != "connected" or mine is None:
        return None
    who = f"@{mine.username or mine.threads_user_id}"
    if mine.health not in ("active", "expiring"):
        return {"tone": "act", "text": f"{who} is connected, but needs attention. See below."}
    waiting = f" {plural(mine.waiting, 'post is', 'posts are')} upcoming." if mine.waiting else ""
    return {"tone": "go", "text": f"{who} is connected.{waiting}"}


@router.post("/accounts/connect")
async def connect(page: LoggedInForm) -> Response:
    return await _link(page, None)


@router.post("/accounts/{account_id}/reconnect")
async def reconnect(page: LoggedInForm, account_id: str) -> Response:
    return await _link(page, account_id)


async def _link(page: PageRequest, account_id: str | None) -> Response:
    """Make a link for this very person and open it."""

    # Whoever a link is sent to has no account here to come back to.
    back = None if page.text("share") else f"{page.app.settings.public_url}{links.OWN_PAGE}"
    app, who = page.app, page.viewer.user_id
    also = [scope for scope in page.texts("scope") if scope in SCOPES]
    made = await app.db.run(
        lambda conn: connecting.create_link(
            conn, app, page.workspace, actor=who, account_id=account_id, return_url=back, also=also
        )
    )
    if isinstance(made, Refusal):
        return page.redirect("/accounts", f"{made.title}. {made.detail}", "act")
    if page.text("share"):
        return page.render("connect_link.html", url=made.url, expires_at=made.expires_at)
    return page.redirect(made.url)


@router.post("/accounts/token")
async def by_token(page: LoggedInForm) -> Response:
    """Connect with a token from Meta's dashboard."""
    token = SecretStr(page.text("token"))
    made = await connecting.by_token(page.app, page.workspace, token, actor=page.viewer.user_id)
    if isinstance(made, Unknown):
        return page.redirect("/accounts", f"{made.diagnosis.title}. {step_of(made.diagnosis)}", "act")
    if isinstance(made, ConnectPage):
        return page.redirect("/accounts", " ".join([f"{made.title}.", made.happened, *made.todo]), "act")
    if isinstance(made, Missing):
        return page.not_found()
    message = f"@{made.username} is connected."
    if made.released:
        message += f" Publishing {plural(len(made.released), 'post')} now."
    return page.redirect("/accounts", message)


@router.post("/accounts/{account_id}/{do}")
async def act(page: LoggedInForm, account_id: str, do: str) -> Response:
    def here(message: str, tone: str = "go") -> Response:
        return page.redirect(address_of(account_id), message, tone, about=account_id)

    match do:
        case "recheck":
            found = await accounts.recheck(page.app, page.workspace, account_id)
            if isinstance(found, Missing):
                return page.not_found()
            if isinstance(found, Refusal):
                return here(f"{found.title}. {found.detail}", "act")
            well = found.health in ("active", "expiring")
            return here(WORDS.get(found.health, found.health), "go" if well else "act")
        case "pause" | "resume":
            actor = page.viewer.user_id
            await page.app.db.run(
                lambda conn: accounts.pause(
                    conn, page.app, page.workspace, account_id, paused=do == "pause", actor=actor
                )
            )
            return here("Paused. Nothing is published until you resume." if do == "pause" else "Publishing resumed.")
        case "disconnect":
            actor = page.viewer.user_id
            done = await accounts.disconnect(page.app, page.workspace, account_id, actor=actor)
            if not done:
                return page.redirect("/accounts", "This account is not connected.", "act")
            return here("Disconnected. Its access token was deleted.")
        case _:
            return page.not_found()
