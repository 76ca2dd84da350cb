"""Login and logout, the first user of a new server, and one's own password and time zone."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.domain.zones import zone_named, zone_names, zone_way_out
from treadle.people import devices, login
from treadle.services import people
from treadle.services.context import DEFAULT_WORKSPACE
from treadle.services.people import OpenLink
from treadle.store import users
from treadle.web.page_request import (
    FOLLOWS_BROWSER,
    SESSION_COOKIE,
    Anyone,
    AnyoneForm,
    LoggedIn,
    LoggedInForm,
    PageRequest,
)

router = APIRouter(include_in_schema=False)


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def inside(where: str) -> str:
    """An address of ours to go to after the log-in; the start for anything else."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) else "/"


@router.get("/login")
async def ask(page: Anyone) -> Response:
    if page.session is not None:
        return page.redirect(inside(page.query("next", "/")))
    if not await page.app.db.query(login.anybody):
        return page.redirect("/setup")
    return page.render("login.html", next=inside(page.query("next", "/")), email="", trouble=None)


@router.post("/login")
async def enter(page: AnyoneForm) -> Response:
    email = page.text("email")
    app, cookie = page.app, page.request.cookies.get(devices.COOKIE, "")
    own = await app.db.query(login.counter_of_device, app.vault, cookie, email) if cookie else ""
    address = address_of(page.request)
    answer = await login.login(app.db, email, page.text("password"), address=address, now=page.now, own=own)
    if isinstance(answer, Refusal):
        where = inside(page.text("next"))
        return page.render("login.html", status=answer.status, next=where, email=email, trouble=answer)
    return log_in(page, answer, inside(page.text("next")))


def log_in(page: PageRequest, session: login.Session, where: str, message: str = "") -> Response:
    response = page.redirect(where, message)
    response.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=int(login.SESSION_MOST_S),
        httponly=True,
        samesite="lax",
        secure=page.context.secure,
        path="/",
    )
    # It stays after the log-out: this browser keeps a count of its own, whoever else guesses.
    response.set_cookie(
        devices.COOKIE,
        devices.issue(page.app.vault, session.user_id),
        max_age=devices.LIVES_S,
        httponly=True,
        samesite="lax",
        secure=page.context.secure,
        path="/login",
    )
    return response


@router.post("/logout")
async def leave(page: LoggedInForm) -> Response:
    await page.app.db.run(login.logout, page.request.cookies.get(SESSION_COOKIE, ""), now=page.now)
    response = page.redirect("/login", "You are logged out.")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


# ------------------------------------------------------------ the first user


async def first(page: PageRequest, *, trouble: Refusal | None = None, status: int = 200) -> Response:
    """The page of a server without users. Only whoever has the token that was printed at the start sees the form."""
    token = page.query("token") or page.text("token")
    return page.render(
        "first_user.html",
        status=status,
        trouble=trouble,
        email=page.text("email"),
        token=token,
        allowed=_good_token(page, token),
    )


def _good_token(page: PageRequest, token: str) -> bool:
    return secrets.compare_digest(token.encode(), page.context.first_token.encode())


@router.post("/setup/first")
async def make_first(page: AnyoneForm) -> Response:
    """Make the first user, once, with the token printed at the start."""
    if await page.app.db.query(login.anybody):
        return page.redirect("/login", "The first user was already created. Log in.", "act")
    if not _good_token(page, page.text("token")):
        return await first(page, status=403)
    email, password = page.text("email"), page.text("password")
    zone = str(page.zone)
    made = await login.add_user(
        page.app.db, DEFAULT_WORKSPACE, email, password, actor="setup", now=page.now, zone=zone, only_first=True
    )
    if isinstance(made, Refusal) and made.status == 409:
        return page.redirect("/login", "The first user was already created. Log in.", "act")
    if isinstance(made, Refusal):
        return await first(page, trouble=made, status=made.status)
    session = await login.login(page.app.db, email, password, address=address_of(page.request), now=page.now)
    if isinstance(session, Refusal):
        return page.redirect("/login")
    return log_in(page, session, "/setup", "Welcome. Follow these steps to your first published post.")


# ------------------------------------------------------------ oneself


@router.get("/me")
async def me(page: LoggedIn) -> Response:
    return page.render("profile.html", zones=zone_names(), trouble=None)


@router.post("/me")
async def change(page: LoggedInForm) -> Response:
    zone = page.text("zone_name").strip()
    if page.text("do") == "zone":
        if zone and zone_named(zone) is None:
            return page.redirect("/me", f"There is no such time zone. {zone_way_out(zone)}", "act")
        user_id = page.viewer.user_id
        kept = {"": FOLLOWS_BROWSER, "UTC": "Etc/UTC"}.get(zone, zone)
        await page.app.db.run(users.set_zone, user_id, kept)
        return page.redirect("/me", f"Times are now shown in {zone or 'the time zone of your browser'}.")
    token = page.request.cookies.get(SESSION_COOKIE, "")
    browser = login.Browser(address_of(page.request), login.counter_of_session(token))
    proof = await login.prove(page.app.db, page.viewer.email, page.text("old"), browser=browser, now=page.now)
    if isinstance(proof, Refusal):
        wrong = Refusal("The current password is wrong", "Enter the password you log in with.", field="old")
        trouble = proof if proof.status == 429 else wrong
        return page.render("profile.html", status=trouble.status, zones=zone_names(), trouble=trouble)
    done = await login.set_password(
        page.app.db, page.viewer.email, page.text("new"), actor=page.viewer.user_id, now=page.now,
        keep_session=token,
    )  # fmt: skip
    if isinstance(done, Refusal):
        return page.render("profile.html", status=done.status, zones=zone_names(), trouble=done)
    return page.redirect("/me", "Password changed. You are logged out on all other devices.")


# ------------------------------------------------------------ links that let somebody in


async def _opened(page: PageRequest, token: str, kind: str) -> OpenLink | None:
    return await page.app.db.query(people.opened, token, kind, now=page.now)


@router.get("/join/{token}")
async def invited(page: Anyone, token: str) -> Response:
    """What an invitation leads to."""
    link = await _opened(page, token, "invite")
    if link is None:
        return page.render("link_ended.html", status=404)
    return page.render("join.html", link=link, token=token, email="", trouble=None)


@router.post("/join/{token}")
async def join(page: AnyoneForm, token: str) -> Response:
    """Join as who is logged in, or as somebody new."""
    link = await _opened(page, token, "invite")
    if link is None:
        return page.render("link_ended.html", status=404)
    cookie = page.request.cookies.get(SESSION_COOKIE, "")
    if page.session is not None:
        user_id = page.session.user_id
        refused = await page.app.db.run(people.join, link, user_id, now=page.now)
        if refused is not None:
            return page.render("link_ended.html", status=refused.status)
        await page.app.db.run(login.switch_workspace, cookie, link.workspace_id, now=page.now)
        return page.redirect("/", f"You joined {link.workspace}.")
    email, password = page.text("email").strip(), page.text("password")
    made = await people.join_as_new(page.app, link, email, password, zone=str(page.zone))
    if isinstance(made, Refusal):
        return page.render("join.html", status=made.status, link=link, token=token, email=email, trouble=made)
    session = await login.login(page.app.db, email, password, address=address_of(page.request), now=page.now)
    if isinstance(session, Refusal):
        return page.redirect("/login")
    return log_in(page, session, "/", f"Welcome to {link.workspace}.")


@router.get("/reset/{token}")
async def forgotten(page: Anyone, token: str) -> Response:
    link = await _opened(page, token, "reset")
    if link is None:
        return page.render("link_ended.html", status=404)
    return page.render("reset.html", link=link, token=token, trouble=None)


@router.post("/reset/{token}")
async def reset(page: AnyoneForm, token: str) -> Response:
    """Choose a new password. Everybody who is logged in as this person is logged out."""
    link = await _opened(page, token, "reset")
    if link is None:
        return page.render("link_ended.html", status=404)
    refused = await people.choose_password(page.app, link, page.text("password"))
    if refused is not None:
        return page.render("reset.html", status=refused.status, link=link, token=token, trouble=refused)
    return page.redirect("/login", "Password changed. Log in.")


@router.post("/workspace")
async def switch(page: LoggedInForm) -> Response:
    """Look at another workspace of one's own."""
    cookie = page.request.cookies.get(SESSION_COOKIE, "")
    done = await page.app.db.run(login.switch_workspace, cookie, page.text("workspace"), now=page.now)
    return page.redirect("/") if done else page.redirect("/", "You don't belong to this workspace.", "act")
