"""People: who may log in, and the end of it."""

from __future__ import annotations

from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.people import login, people
from treadle.web.desk import Pages, Visit

pages = Pages()
ACTS = {
    "disable": (people.disable, "They are logged out and cannot log in any more."),
    "enable": (people.enable, "They can log in again, with the password they had."),
    "remove": (people.remove, "They are logged out and removed."),
}


@pages.get("/people")
async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, trouble: Refusal | None = None, email: str = "") -> Response:
    rows = await visit.app.db.query(people.listing, visit.workspace, now=visit.now)
    status = trouble.status if trouble else 200
    near = {row.id for row in rows}
    return visit.page("people.html", status=status, near=near, people=rows, trouble=trouble, email=email)


@pages.post("/people")
async def add(visit: Visit) -> Response:
    email = visit.text("email").strip()
    made = await login.add_user(
        visit.app.db,
        visit.workspace,
        email,
        visit.text("password"),
        actor=visit.viewer.user_id,
        now=visit.now,
        zone=visit.viewer.zone,
    )
    if isinstance(made, Refusal):
        return await _page(visit, made, email)
    return visit.to("/people", "They can log in now. Tell them the password, and to change it.", about=made)


@pages.post("/people/{user_id}/{act}")
async def change(visit: Visit) -> Response:
    user_id, act = str(visit.request.path_params["user_id"]), str(visit.request.path_params["act"])
    if act not in ACTS:
        return visit.missing()
    work, said = ACTS[act]
    done = await visit.app.db.run(work, visit.workspace, user_id, actor=visit.viewer.user_id, now=visit.now)
    if done is not None:
        return visit.to("/people", f"{done.title}. {done.detail}", "act", about=user_id)
    return visit.to("/people", said, about=user_id)
