"""People: who belongs to the workspace, in which role, how they come in, and the end of it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.domain.roles import ALLOWED, LABELS, ROLES, Action, may_manage, role_named
from treadle.services import people
from treadle.services.people import LinkMade
from treadle.store import Connection
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
# Rows of the table of roles: what is done, the action that allows it, and what it says of who may do it partly.
ROLE_ROWS: tuple[tuple[str, Action, str], ...] = (
    ("Read posts and comment", "view", ""),
    ("Write posts", "write", ""),
    ("Schedule and publish", "publish", "With approval"),
    ("Approve posts by others", "approve", ""),
    ("Connect accounts", "accounts", ""),
    ("Manage API keys, webhooks and alerts", "integrations", ""),
    ("Invite and remove people, read the audit log", "people", ""),
    ("Add and remove owners", "owners", ""),
)
ACTS = {
    "disable": (people.disable, "Disabled. They are logged out and can't log in."),
    "enable": (people.enable, "Enabled. They can log in again with the same password."),
    "logout": (people.end_sessions, "Logged out everywhere."),
    "remove": (people.remove, "Removed. They are logged out."),
}


@router.get("/people")
async def show(page: LoggedIn) -> Response:
    kept = page.shown_once("link")
    return await _page(page, made=LinkMade.model_validate_json(kept) if kept else None)


async def _page(
    page: PageRequest, trouble: Refusal | None = None, email: str = "", made: LinkMade | None = None
) -> Response:
    mine = page.viewer.role

    def read(conn: Connection) -> tuple[list[people.Person], people.InvitesOut]:
        return (
            people.listing(conn, page.workspace, now=page.now),
            people.invites(conn, page.workspace, now=page.now),
        )

    rows, invites = await page.app.db.query(read)
    return page.render(
        "people.html",
        status=trouble.status if trouble else 200,
        near={row.id for row in rows},
        people=rows,
        invites=invites.data if page.may("people") else [],
        trouble=trouble,
        email=email,
        made=made,
        roles=list(reversed(ROLES)),
        role_labels=LABELS,
        allowed=ALLOWED,
        role_rows=ROLE_ROWS,
        giving=[role for role in reversed(ROLES) if may_manage(mine, role)],
        managed={row.id for row in rows if may_manage(mine, row.role)},
    )


@router.post("/people")
async def add(page: LoggedInForm) -> Response:
    """Somebody with a temporary password, for whom no link is wanted."""
    email, role = page.text("email").strip(), role_named(page.text("role", "editor"))
    made = await people.add(
        page.app, page.workspace, email, page.text("password"), actor=page.viewer.user_id, zone=page.viewer.zone,
        role=role or "viewer", by=page.viewer.role,
    )  # fmt: skip
    if isinstance(made, Refusal):
        return await _page(page, made, email)
    return page.redirect("/people", "Person added. Send them the password and ask them to change it.", about=made)


@router.post("/people/invite")
async def invite(page: LoggedInForm) -> Response:
    role = role_named(page.text("role"))
    if role is None:
        return page.redirect("/people", "Choose a role.", "act")
    who = page.viewer
    made = await page.app.db.run(people.invite, page.app, page.workspace, role, actor=who.user_id, by=who.role)
    return await _page(page, made) if isinstance(made, Refusal) else _show_link(page, made)


@router.post("/people/invites/{invite_id}/revoke")
async def revoke(page: LoggedInForm, invite_id: str) -> Response:
    refused = await page.app.db.run(
        people.revoke_invite, page.workspace, invite_id, actor=page.viewer.user_id, now=page.now
    )
    if refused is not None:
        return page.redirect("/people", f"{refused.title}. {refused.detail}", "act")
    return page.redirect("/people", "Invitation revoked. Its link no longer works.")


@router.post("/people/{user_id}/{act}")
async def change(page: LoggedInForm, user_id: str, act: str) -> Response:
    who = page.viewer
    if act == "reset":
        link = await page.app.db.run(
            people.reset_link, page.app, page.workspace, user_id, actor=who.user_id, by=who.role
        )
        return _show_link(page, link) if isinstance(link, LinkMade) else _refused(page, link, user_id)
    if act == "role":
        role = role_named(page.text("role"))
        if role is None:
            return page.redirect("/people", "Choose a role.", "act", about=user_id)
        done = await page.app.db.run(
            people.set_role, page.workspace, user_id, role, actor=who.user_id, now=page.now, by=who.role
        )
        return _refused(page, done, user_id) if done else page.redirect("/people", "Role changed.", about=user_id)
    work, message = ACTS[act]
    done = await page.app.db.run(work, page.workspace, user_id, actor=who.user_id, now=page.now, by=who.role)
    return _refused(page, done, user_id) if done else page.redirect("/people", message, about=user_id)


def _show_link(page: PageRequest, link: LinkMade) -> Response:
    return page.redirect_to_show("/people", "link", link.model_dump_json())


def _refused(page: PageRequest, refused: Refusal, user_id: str) -> Response:
    return page.redirect("/people", f"{refused.title}. {refused.detail}", "act", about=user_id)
