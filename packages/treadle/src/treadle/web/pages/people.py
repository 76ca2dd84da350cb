"""People: who may log in, and the end of it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.services import people
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
ACTS = {
    "disable": (people.disable, "Disabled. They are logged out and can't log in."),
    "enable": (people.enable, "Enabled. They can log in again with the same password."),
    "remove": (people.remove, "Removed. They are logged out."),
}


@router.get("/people")
async def show(page: LoggedIn) -> Response:
    return await _page(page)


async def _page(page: PageRequest, trouble: Refusal | None = None, email: str = "") -> Response:
    rows = await page.app.db.query(people.listing, page.workspace, now=page.now)
    status = trouble.status if trouble else 200
    near = {row.id for row in rows}
    return page.render("people.html", status=status, near=near, people=rows, trouble=trouble, email=email)


@router.post("/people")
async def add(page: LoggedInForm) -> Response:
    email = page.text("email").strip()
    made = await people.add(
        page.app, page.workspace, email, page.text("password"), actor=page.viewer.user_id, zone=page.viewer.zone
    )
    if isinstance(made, Refusal):
        return await _page(page, made, email)
    return page.redirect("/people", "Person added. Send them the password and ask them to change it.", about=made)


@router.post("/people/{user_id}/{act}")
async def change(page: LoggedInForm, user_id: str, act: str) -> Response:
    if act not in ACTS:
        return page.not_found()
    work, message = ACTS[act]
    done = await page.app.db.run(work, page.workspace, user_id, actor=page.viewer.user_id, now=page.now)
    if done is not None:
        return page.redirect("/people", f"{done.title}. {done.detail}", "act", about=user_id)
    return page.redirect("/people", message, about=user_id)
