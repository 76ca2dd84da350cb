"""``/v1/people`` and ``/v1/audit``: who may log in to the pages of this workspace, and what was done in it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from treadle.domain.findings import finding
from treadle.domain.refusal import Refusal
from treadle.domain.roles import ROLES, Role, role_named
from treadle.http import bodies, examples, reading
from treadle.http.caller import Admin, Caller, CurrentApp
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import PLAIN, Limit, known_query
from treadle.http.problems import Problem, invalid, not_found
from treadle.services import people as services
from treadle.services.people import AuditOut, InvitesOut, LinkMade, PeopleOut
from treadle.store import Connection

router = APIRouter(prefix="/v1", tags=["Workspace"], dependencies=[Depends(known_query)])
_EXAMPLE: dict[str, Any] = {
    "id": "usr_06fkx1w4n0a1b2c3d4e5f6g7h8",
    "email": "mara@example.org",
    "role": "editor",
    "zone": "Europe/Berlin",
    "created_at": examples.TIME,
    "disabled_at": None,
    "last_login_at": examples.TIME,
    "sessions": 1,
    "keys": [],
}
_LINK = {
    "id": "inv_06fkx1w4n0a1b2c3d4e5f6g7h8",
    "url": "https://treadle.example/join/…",
    "role": "editor",
    "expires_at": examples.TIME,
}
# A key acts as an admin, whoever created it: it neither makes nor changes owners.
_BY: Role = "admin"


def _no(answer: Refusal) -> Problem:
    if answer.status == 404:
        return not_found(answer.title.removeprefix("There is no such "))
    if answer.status == 403:
        return Problem("scope_too_small", f"{answer.title}. {answer.detail}")
    return Problem("in_use", f"{answer.title}. {answer.detail}")


def _role(given: str | None) -> Role:
    role = role_named(given or "")
    if role is None:
        raise invalid([finding("role", "not_a_role", given=given, limit=list(ROLES), known=", ".join(ROLES))])
    return role


@router.get(
    "/people",
    summary="List people",
    response_model=PeopleOut,
    responses={**good(200, "Everybody who belongs to the workspace.", {"data": [_EXAMPLE]}), **problems()},
)
async def list_people(caller: Admin, app: CurrentApp) -> PeopleOut:
    """With their roles, when they last logged in and the keys they made."""
    return await app.db.query(services.people_out, caller.workspace_id, now=app.now())


@router.get(
    "/people/invites",
    summary="List open invitations",
    response_model=InvitesOut,
    responses={**good(200, "Never the links themselves.", {"data": []}), **problems()},
)
async def list_invites(caller: Admin, app: CurrentApp) -> InvitesOut:
    """Those that were not used and have not ended."""
    return await app.db.query(services.invites, caller.workspace_id, now=app.now())


@router.post(
    "/people/invites",
    status_code=201,
    summary="Invite a person",
    response_model=LinkMade,
    responses={**good(201, "'url' is shown this once; it works once, for seven days.", _LINK), **problems(*BODY)},
    openapi_extra=takes(bodies.InviteIn, {"role": "editor"}),
)
async def invite(request: Request, caller: Admin, app: CurrentApp) -> LinkMade:
    """Roles: `viewer`, `author` (someone else approves their posts), `editor`, `admin`. Owners are made on the pages or
    with `treadle people role`."""
    role = _role((await reading.take(request, bodies.InviteIn)).role)
    made = await app.db.run(services.invite, app, caller.workspace_id, role, actor=caller.key_id, by=_BY)
    if isinstance(made, Refusal):
        raise _no(made)
    return made


@router.delete(
    "/people/invites/{invite_id}",
    status_code=204,
    summary="Revoke an invitation",
    responses={204: {"description": "Its link no longer works."}, **problems(404)},
)
async def revoke_invite(invite_id: str, caller: Admin, app: CurrentApp) -> Response:
    """Whoever has its link cannot join with it any more."""
    id_ = reading.an_id(invite_id, "invitation")
    refused = await app.db.run(services.revoke_invite, caller.workspace_id, id_, actor=caller.key_id, now=app.now())
    if refused is not None:
        raise _no(refused)
    return Response(status_code=204)


@router.patch(
    "/people/{user_id}",
    summary="Change a person's role, disable or enable them",
    response_model=services.PersonOut,
    responses={**good(200, "As they are now.", _EXAMPLE), **problems(404, "in_use", *BODY)},
    openapi_extra=takes(bodies.PersonPatch, {"role": "admin"}),
)
async def change_person(request: Request, user_id: str, caller: Admin, app: CurrentApp) -> services.PersonOut:
    """`disabled: true` logs them out everywhere and refuses logins until `false`."""
    id_ = reading.an_id(user_id, "person")
    wanted = await reading.take(request, bodies.PersonPatch)
    role = _role(wanted.role) if wanted.role is not None else None

    def work(conn: Connection) -> Refusal | services.PersonOut:
        who, now = caller.key_id, app.now()
        if role is not None:
            refused = services.set_role(conn, caller.workspace_id, id_, role, actor=who, now=now, by=_BY)
            if refused is not None:
                return refused
        if wanted.disabled is not None:
            change = services.disable if wanted.disabled else services.enable
            refused = change(conn, caller.workspace_id, id_, actor=who, now=now, by=_BY)
            if refused is not None:
                return refused
        found = next((one for one in services.listing(conn, caller.workspace_id, now=now) if one.id == id_), None)
        return services.person_out(found) if found else Refusal("There is no such person", "", 404)

    done = await app.db.run(work)
    if isinstance(done, Refusal):
        raise _no(done)
    return done


@router.post(
    "/people/{user_id}/password-link",
    status_code=201,
    summary="Make a link to a new password",
    response_model=LinkMade,
    responses={**good(201, "'url' is shown this once; it works once, for a day.", _LINK), **problems(404, "in_use")},
)
async def password_link(user_id: str, caller: Admin, app: CurrentApp) -> LinkMade:
    """For somebody who has forgotten their password; using it ends their sessions."""
    id_ = reading.an_id(user_id, "person")
    made = await app.db.run(services.reset_link, app, caller.workspace_id, id_, actor=caller.key_id, by=_BY)
    if isinstance(made, Refusal):
        raise _no(made)
    return made


@router.delete(
    "/people/{user_id}",
    status_code=204,
    summary="Remove a person",
    responses={204: {"description": "They are logged out; what they did stays."}, **problems(404, "in_use")},
)
async def remove_person(user_id: str, caller: Admin, app: CurrentApp) -> Response:
    """Their sessions and keys end. The last person who can log in stays, and so does the only owner (409)."""
    id_ = reading.an_id(user_id, "person")
    refused = await _remove(app, caller, id_)
    if refused is not None:
        raise _no(refused)
    return Response(status_code=204)


async def _remove(app: CurrentApp, caller: Caller, id_: str) -> Refusal | None:
    return await app.db.run(services.remove, caller.workspace_id, id_, actor=caller.key_id, now=app.now(), by=_BY)


@router.get(
    "/audit",
    summary="Read the audit log",
    response_model=AuditOut,
    responses={**good(200, "Newest first."), **problems()},
)
async def audit(
    caller: Admin,
    app: CurrentApp,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="'next' of the page before.")] = None,
    action: Annotated[
        str, Query(max_length=64, pattern=PLAIN, description="Only actions that begin with this, such as 'user.'.")
    ] = "",
) -> AuditOut:
    """Logins, people, keys, accounts, webhooks, the workspace: who did what, and when."""
    return await app.db.query(services.audit_log, caller.workspace_id, limit=limit, before=before, action=action)
