"""Coming in: the log-in, the first user of a new house, one's own password and time zone, and the way out."""

from __future__ import annotations

import secrets
from zoneinfo import available_timezones

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.people import devices, login
from treadle.services.context import DEFAULT_WORKSPACE
from treadle.store.tables import users
from treadle.web.desk import FOLLOWS_BROWSER, SESSION_COOKIE, Pages, Visit

pages = Pages()


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def inside(where: str) -> str:
    """An address of ours to go to after the log-in; the start for anything else."""
    return where if where.startswith("/") and not where.startswith(("//", "/\\")) else "/"


@pages.get("/login", public=True)
async def ask(visit: Visit) -> Response:
    if visit.known is not None:
        return visit.to(inside(visit.asked("next", "/")))
    if not await visit.app.db.query(login.anybody):
        return visit.to("/setup")
    return visit.page("login.html", next=inside(visit.asked("next", "/")), email="", trouble=None)


@pages.post("/login", public=True)
async def enter(visit: Visit) -> Response:
    email = visit.text("email")
    app, cookie = visit.app, visit.request.cookies.get(devices.COOKIE, "")
    own = await app.db.query(login.counter_of_device, app.vault, cookie, email) if cookie else ""
    address = address_of(visit.request)
    answer = await login.login(app.db, email, visit.text("password"), address=address, now=visit.now, own=own)
    if isinstance(answer, Refusal):
        where = inside(visit.text("next"))
        return visit.page("login.html", status=answer.status, next=where, email=email, trouble=answer)
    return let_in(visit, answer, inside(visit.text("next")))


def let_in(visit: Visit, session: login.Session, where: str, said: str = "") -> Response:
    response = visit.to(where, said)
    response.set_cookie(
        SESSION_COOKIE,
        session.token,
        max_age=int(login.SESSION_MOST_S),
        httponly=True,
        samesite="lax",
        secure=visit.desk.secure,
        path="/",
    )
    # It stays after the log-out: this browser keeps a count of its own, whoever else guesses.
    response.set_cookie(
        devices.COOKIE,
        devices.issue(visit.app.vault, session.user_id),
        max_age=devices.LIVES_S,
        httponly=True,
        samesite="lax",
        secure=visit.desk.secure,
        path="/login",
    )
    return response


@pages.post("/logout")
async def leave(visit: Visit) -> Response:
    await visit.app.db.run(login.logout, visit.request.cookies.get(SESSION_COOKIE, ""), now=visit.now)
    response = visit.to("/login", "You are logged out.")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


# ------------------------------------------------------------ the first user


async def first(visit: Visit, *, trouble: Refusal | None = None, status: int = 200) -> Response:
    """The page of a server without users. Only whoever has the token that was printed at the start sees the form."""
    token = visit.asked("token") or visit.text("token")
    return visit.page(
        "first.html",
        status=status,
        trouble=trouble,
        email=visit.text("email"),
        token=token,
        allowed=_good_token(visit, token),
    )


def _good_token(visit: Visit, token: str) -> bool:
    return secrets.compare_digest(token.encode(), visit.desk.first_token.encode())


@pages.post("/setup/first", public=True)
async def make_first(visit: Visit) -> Response:
    """Make the first user, once, with the token printed at the start."""
    if await visit.app.db.query(login.anybody):
        return visit.to("/login", "Somebody was quicker: log in.", "act")
    if not _good_token(visit, visit.text("token")):
        return await first(visit, status=403)
    email, password = visit.text("email"), visit.text("password")
    zone = str(visit.zone)
    made = await login.add_user(
        visit.app.db, DEFAULT_WORKSPACE, email, password, actor="setup", now=visit.now, zone=zone, only_first=True
    )
    if isinstance(made, Refusal) and made.status == 409:
        return visit.to("/login", "Somebody was quicker: log in.", "act")
    if isinstance(made, Refusal):
        return await first(visit, trouble=made, status=made.status)
    session = await login.login(visit.app.db, email, password, address=address_of(visit.request), now=visit.now)
    if isinstance(session, Refusal):
        return visit.to("/login")
    return let_in(visit, session, "/setup", "Welcome. This page says what is still to be set up.")


# ------------------------------------------------------------ oneself


@pages.get("/me")
async def me(visit: Visit) -> Response:
    return visit.page("me.html", zones=sorted(available_timezones()), trouble=None)


@pages.post("/me")
async def change(visit: Visit) -> Response:
    zone = visit.text("zone_name").strip()
    if visit.text("do") == "zone":
        if zone and zone not in available_timezones():
            return visit.to("/me", "There is no such time zone. Choose one such as Europe/Berlin.", "act")
        user_id = visit.viewer.user_id
        kept = {"": FOLLOWS_BROWSER, "UTC": "Etc/UTC"}.get(zone, zone)
        await visit.app.db.run(
            lambda conn: conn.execute(sa.update(users).where(users.c.id == user_id).values(zone=kept)) and None
        )
        return visit.to("/me", f"Times are shown in {zone or 'the zone of your browser'} now.")
    token = visit.request.cookies.get(SESSION_COOKIE, "")
    browser = login.Browser(address_of(visit.request), login.counter_of_session(token))
    proof = await login.prove(visit.app.db, visit.viewer.email, visit.text("old"), browser=browser, now=visit.now)
    if isinstance(proof, Refusal):
        wrong = Refusal("The old password is not right", "Type the password you logged in with.", field="old")
        trouble = proof if proof.status == 429 else wrong
        return visit.page("me.html", status=trouble.status, zones=sorted(available_timezones()), trouble=trouble)
    done = await login.set_password(
        visit.app.db, visit.viewer.email, visit.text("new"), actor=visit.viewer.user_id, now=visit.now,
        keep_session=token,
    )  # fmt: skip
    if isinstance(done, Refusal):
        return visit.page("me.html", status=done.status, zones=sorted(available_timezones()), trouble=done)
    return visit.to("/me", "The password is changed. Everybody else who used it is logged out.")
