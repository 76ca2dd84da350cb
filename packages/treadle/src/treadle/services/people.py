"""The people of a workspace: who belongs to it, in which role, how they come in, and the end of it.

Whoever is disabled, removed or given a new password is logged out in the same transaction. A workspace always keeps an
owner who can log in. Nobody manages a person above their own role, and nobody but the person themselves changes what
belongs to the person and not to the workspace (their password, whether they can log in) while they also belong to
another workspace. ``by`` is the role of whoever asks; ``None``: whoever runs the server, who stands above roles and can
leave a workspace without an owner, and make another one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from treadle.domain.refusal import Refusal, not_found
from treadle.domain.roles import LABELS, Role, may_manage, outranks
from treadle.domain.times import iso
from treadle.ids import new_id
from treadle.people import audit, login
from treadle.people.digests import digest
from treadle.people.login import LINK_ENDED as LINK_ENDED
from treadle.people.login import one_after_the_other
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.store import Connection, login_links, workspaces
from treadle.store import audit as audit_rows
from treadle.store import users as store
from treadle.store.login_links import LoginLinkRow
from treadle.store.users import UserRow

INVITE_S = 7 * 86_400.0
RESET_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Person:
    """``sessions``: in how many browsers they are logged in now. ``keys``: living keys that they made."""

    id: str
    email: str
    zone: str
    created_at: float
    disabled_at: float | None
    last_login_at: float | None
    sessions: int
    keys: tuple[str, ...]
    role: Role


class PersonOut(ApiModel):
    """Somebody who can log in to the pages of this workspace. Times are ISO 8601 in UTC."""

    id: str = Field(description="usr_ and 26 characters.")
    email: str
    role: str = Field(description="owner, admin, editor, author or viewer.")
    zone: str = Field(description="Their time zone; UTC: that of their browser.")
    created_at: str | None
    disabled_at: str | None = Field(description="Since when they cannot log in; null: they can.")
    last_login_at: str | None = Field(description="Null: never.")
    sessions: int = Field(description="In how many browsers they are logged in.")
    keys: list[str] = Field(description="Ids of active API keys that they created.")


class PeopleOut(ApiModel):
    data: list[PersonOut]


class InviteOut(ApiModel):
    """An invitation that still works."""

    id: str = Field(description="inv_ and 26 characters.")
    role: str
    created_by: str
    created_at: str | None = Field(description="ISO 8601 in UTC.")
    expires_at: str | None = Field(description="ISO 8601 in UTC.")


class InvitesOut(ApiModel):
    data: list[InviteOut]


class LinkMade(ApiModel):
    """A link that works once; shown this once."""

    id: str
    url: str = Field(description="Give it to the person; whoever has it can use it.")
    role: str | None = Field(description="Of an invitation.")
    expires_at: str | None = Field(description="ISO 8601 in UTC.")


class AuditEntryOut(ApiModel):
    """Who did what, when."""

    id: int
    actor: str = Field(description="key_..., usr_..., cli, treadle, meta, link or setup.")
    actor_name: str = Field(description="The person's email address where known, else the actor.")
    action: str = Field(description="Such as user.added or key.revoked.")
    subject: str | None = Field(description="Id of what it was done to.")
    detail: dict[str, Any]
    at: str | None = Field(description="ISO 8601 in UTC.")


class AuditOut(ApiModel):
    data: list[AuditEntryOut]
    next: str | None = Field(description="Send it as 'before' for older entries; null: there are none.")


def listing(conn: Connection, workspace_id: str, *, now: float) -> list[Person]:
    """Everybody of a workspace, disabled people included, in the order in which they were added."""
    last = audit_rows.last_of_each_actor(conn, workspace_id, "login")
    open_now = store.sessions_by_user(conn, now=now)
    roles = store.roles(conn, workspace_id)
    return [
        Person(
            row.id,
            row.email,
            row.zone,
            row.created_at,
            row.disabled_at,
            last.get(row.id),
            open_now.get(row.id, 0),
            store.keys_made_by(conn, workspace_id, row.id, now=now),
            roles[row.id],
        )
        for row in store.listing(conn, workspace_id)
    ]


def person_out(person: Person) -> PersonOut:
    return PersonOut(
        id=person.id,
        email=person.email,
        role=person.role,
        zone=person.zone,
        created_at=iso(person.created_at),
        disabled_at=iso(person.disabled_at),
        last_login_at=iso(person.last_login_at),
        sessions=person.sessions,
        keys=list(person.keys),
    )


def people_out(conn: Connection, workspace_id: str, *, now: float) -> PeopleOut:
    return PeopleOut(data=[person_out(person) for person in listing(conn, workspace_id, now=now)])


def keys_made_by(conn: Connection, workspace_id: str, user_id: str, *, now: float) -> tuple[str, ...]:
    """Keys belong to the workspace and outlive who made them: whoever puts a person out has to know of them."""
    return store.keys_made_by(conn, workspace_id, user_id, now=now)


def find(conn: Connection, workspace_id: str, who: str) -> str | None:
    """The id of the person with this id or address."""
    found = store.find_called(conn, workspace_id, who)
    return found.id if found else None


async def add(
    app: App,
    workspace_id: str,
    email: str,
    password: str,
    *,
    actor: str,
    zone: str = "UTC",
    role: Role | None = None,
    by: Role | None = None,
) -> str | Refusal:
    """Somebody more who can log in; their id."""
    if role is not None and by is not None and not may_manage(by, role):
        return _TOO_HIGH
    return await login.add_user(app.db, workspace_id, email, password, actor=actor, now=app.now(), zone=zone, role=role)


async def set_password(app: App, email: str, password: str, *, actor: str) -> bool | Refusal:
    """Give a person another password, which logs them out. False: nobody has this address."""
    return await login.set_password(app.db, email, password, actor=actor, now=app.now())


def set_role(
    conn: Connection, workspace_id: str, user_id: str, role: Role, *, actor: str, now: float, by: Role | None = None
) -> Refusal | None:
    """Give somebody another role. The same role again changes nothing."""
    one_after_the_other(conn)
    found = _manageable(conn, workspace_id, user_id, by, role)
    if isinstance(found, Refusal):
        return found
    before = store.roles(conn, workspace_id)[user_id]
    if before == role:
        return None
    if before == "owner" and by is not None and not store.active_owner_beside(conn, workspace_id, user_id):
        return _LAST_OWNER
    store.set_role(conn, workspace_id, user_id, role, now=now)
    if outranks(before, role):  # no way back by an invitation of their own
        login_links.revoke_created_by(conn, workspace_id, user_id, now=now)
    detail = {"email": found.email, "from": before, "to": role}
    audit.note(conn, workspace_id, actor, "user.role_changed", user_id, detail, now=now)
    return None


def disable(
    conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float, by: Role | None = None
) -> Refusal | None:
    """They cannot log in any more, and are logged out. Doing it again changes nothing."""
    one_after_the_other(conn)
    row = _manageable(conn, workspace_id, user_id, by)
    if isinstance(row, Refusal):
        return row
    if row.disabled_at is not None:
        return None
    if (refused := _only_here(conn, user_id) or _would_orphan(conn, workspace_id, user_id, by)) is not None:
        return refused
    store.set_disabled(conn, user_id, now)
    store.delete_sessions(conn, user_id)
    login_links.revoke_created_by(conn, workspace_id, user_id, now=now)
    audit.note(conn, workspace_id, actor, "user.disabled", user_id, {"email": row.email}, now=now)
    return None


def enable(
    conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float, by: Role | None = None
) -> Refusal | None:
    """They can log in again, with the password they had."""
    row = _manageable(conn, workspace_id, user_id, by)
    if isinstance(row, Refusal):
        return row
    if row.disabled_at is not None:
        if (refused := _only_here(conn, user_id)) is not None:
            return refused
        store.set_disabled(conn, user_id, None)
        audit.note(conn, workspace_id, actor, "user.enabled", user_id, {"email": row.email}, now=now)
    return None


def end_sessions(
    conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float, by: Role | None = None
) -> Refusal | None:
    """Log them out everywhere. They can log in again."""
    row = _manageable(conn, workspace_id, user_id, by)
    if isinstance(row, Refusal):
        return row
    store.delete_sessions(conn, user_id)
    audit.note(conn, workspace_id, actor, "user.logged_out", user_id, {"email": row.email}, now=now)
    return None


def remove(
    conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float, by: Role | None = None
) -> Refusal | None:
    """They no longer belong to this workspace, and are logged out; whoever belongs to no other is deleted.

    What they did stays in the timelines and in the audit trail.
    """
    one_after_the_other(conn)
    row = _manageable(conn, workspace_id, user_id, by)
    if isinstance(row, Refusal):
        return row
    if row.disabled_at is None and (refused := _would_orphan(conn, workspace_id, user_id, by)) is not None:
        return refused
    login_links.revoke_created_by(conn, workspace_id, user_id, now=now)
    if len(store.memberships(conn, user_id)) > 1:
        store.leave(conn, workspace_id, user_id)
        store.delete_sessions(conn, user_id)
    else:
        # The row first: on PostgreSQL that waits for a login under way, whose session is then deleted with the others.
        store.set_disabled(conn, user_id, now)
        store.delete_sessions(conn, user_id)
        login_links.revoke_of_user(conn, user_id, now=now)
        store.delete(conn, user_id)
    audit.note(conn, workspace_id, actor, "user.removed", user_id, {"email": row.email}, now=now)
    return None


def _manageable(
    conn: Connection, workspace_id: str, user_id: str, by: Role | None, becoming: Role | None = None
) -> UserRow | Refusal:
    """The person, if somebody with the role ``by`` may manage them."""
    row = store.find(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    theirs = store.roles(conn, workspace_id)[user_id]
    return row if by is None or may_manage(by, theirs, becoming) else _TOO_HIGH


def _would_orphan(conn: Connection, workspace_id: str, user_id: str, by: Role | None) -> Refusal | None:
    if not store.another_can_log_in(conn, workspace_id, user_id):
        return _LAST
    owner = by is not None and store.roles(conn, workspace_id)[user_id] == "owner"
    return _LAST_OWNER if owner and not store.active_owner_beside(conn, workspace_id, user_id) else None


def _only_here(conn: Connection, user_id: str) -> Refusal | None:
    return None if len(store.memberships(conn, user_id)) == 1 else _ELSEWHERE


_LAST = Refusal(
    "This is the last person who can log in here",
    "Add or enable someone else first.",
    409,
)
_LAST_OWNER = Refusal("This is the only owner", "Make someone else an owner first.", 409)
_TOO_HIGH = Refusal("Your role does not allow this", "Ask an owner of this workspace.", 403)
_ELSEWHERE = Refusal(
    "This person also belongs to another workspace",
    "You can remove them from this one. Their password and login are theirs to change.",
    409,
)


# --------------------------------------------------------------------------------------------------------- links


def invite(
    conn: Connection, app: App, workspace_id: str, role: Role, *, actor: str, by: Role | None = None
) -> LinkMade | Refusal:
    """A link with which one person can join in this role, for seven days."""
    if by is not None and not may_manage(by, role):
        return _TOO_HIGH
    return _link(conn, app, workspace_id, "invite", "join", INVITE_S, actor, role=role)


def invites(conn: Connection, workspace_id: str, *, now: float) -> InvitesOut:
    """Invitations that still work, newest first; not the links themselves."""
    found = login_links.open_invites(conn, workspace_id, now=now)
    names = names_of(conn, workspace_id)
    return InvitesOut(
        data=[
            InviteOut(
                id=row.id,
                role=row.role or "viewer",
                created_by=names.get(row.created_by, row.created_by),
                created_at=iso(row.created_at),
                expires_at=iso(row.expires_at),
            )
            for row in found
        ]
    )


def revoke_invite(conn: Connection, workspace_id: str, link_id: str, *, actor: str, now: float) -> Refusal | None:
    if not login_links.revoke(conn, workspace_id, link_id, now=now):
        return not_found("invitation")
    audit.note(conn, workspace_id, actor, "invite.revoked", link_id, now=now)
    return None


def reset_link(
    conn: Connection, app: App, workspace_id: str, user_id: str, *, actor: str, by: Role | None = None
) -> LinkMade | Refusal:
    """A link with which this person chooses a new password, for a day. Earlier links to a new password end."""
    row = _manageable(conn, workspace_id, user_id, by)
    if isinstance(row, Refusal):
        return row
    if (refused := _only_here(conn, user_id)) is not None:
        return refused
    login_links.revoke_of_user(conn, user_id, now=app.now())
    return _link(conn, app, workspace_id, "reset", "reset", RESET_S, actor, user_id=user_id)


def _link(
    conn: Connection,
    app: App,
    workspace_id: str,
    kind: Any,
    path: str,
    lives_s: float,
    actor: str,
    *,
    role: Role | None = None,
    user_id: str | None = None,
) -> LinkMade:
    now, token = app.now(), secrets.token_urlsafe(32)
    row = LoginLinkRow(new_id("invite", now), kind, workspace_id, role, user_id, actor, now, now + lives_s)
    login_links.insert(conn, row, digest(token))
    detail = {"role": role} if role else {"user": user_id}
    audit.note(conn, workspace_id, actor, f"{kind}.created", row.id, detail, now=now)
    url = f"{app.settings.public_url}/{path}/{token}"
    return LinkMade(id=row.id, url=url, role=role, expires_at=iso(row.expires_at))


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What a link leads to: a workspace and a role in it, or the person whose password is reset."""

    id: str
    workspace_id: str
    workspace: str
    role: Role | None = None
    email: str = ""

    @property
    def role_label(self) -> str:
        return LABELS[self.role] if self.role else ""


def opened(conn: Connection, token: str, kind: str, *, now: float) -> OpenLink | None:
    """What this link leads to; ``None`` for one that does not work."""
    row = login_links.usable(conn, digest(token), now=now) if 0 < len(token) <= 200 else None
    workspace = workspaces.find(conn, row.workspace_id) if row is not None else None
    if row is None or workspace is None or row.kind != kind:
        return None
    if row.user_id is None:
        return OpenLink(row.id, row.workspace_id, workspace.name, row.role)
    user = store.find(conn, row.workspace_id, row.user_id)
    return OpenLink(row.id, row.workspace_id, workspace.name, email=user.email) if user else None


async def join_as_new(app: App, link: OpenLink, email: str, password: str, *, zone: str) -> str | Refusal:
    """Use an invitation to become somebody who can log in; the person's id."""
    return await login.add_user(
        app.db,
        link.workspace_id,
        email,
        password,
        actor="",
        now=app.now(),
        zone=zone,
        role=link.role,
        invited=link.id,
    )


def join(conn: Connection, link: OpenLink, user_id: str, *, now: float) -> Refusal | None:
    """Use an invitation as somebody who can log in already. A role one has is never made smaller."""
    one_after_the_other(conn)
    if not login_links.take(conn, link.id, now=now):
        return LINK_ENDED
    role = link.role or "viewer"
    mine = store.roles(conn, link.workspace_id).get(user_id)
    if mine is None or outranks(role, mine):
        store.set_role(conn, link.workspace_id, user_id, role, now=now)
        audit.note(conn, link.workspace_id, user_id, "user.joined", user_id, {"role": role}, now=now)
    return None


async def choose_password(app: App, link: OpenLink, password: str) -> Refusal | None:
    """Use a link to a new password. Every session of the person ends."""
    now = app.now()
    done = await login.set_password(app.db, link.email, password, actor="link", now=now, used=link.id)
    if isinstance(done, Refusal):
        return done
    return None if done else LINK_ENDED


# --------------------------------------------------------------------------------------------------- audit trail


def names_of(conn: Connection, workspace_id: str) -> dict[str, str]:
    """The address of each person of the workspace, by id."""
    return {row.id: row.email for row in store.listing(conn, workspace_id)}


def audit_log(
    conn: Connection, workspace_id: str, *, limit: int = 50, before: int | None = None, action: str = ""
) -> AuditOut:
    """What was done, newest first. ``action``: only what begins with this, such as ``user.``."""
    rows = audit_rows.listing(conn, workspace_id, limit=limit + 1, before=before, action=action)
    names = names_of(conn, workspace_id)
    shown = rows[:limit]
    return AuditOut(
        data=[
            AuditEntryOut(
                id=row.id,
                actor=row.actor,
                actor_name=names.get(row.actor, row.actor),
                action=row.action,
                subject=row.subject,
                detail=dict(row.detail),
                at=iso(row.at),
            )
            for row in shown
        ],
        next=str(shown[-1].id) if len(rows) > limit else None,
    )
