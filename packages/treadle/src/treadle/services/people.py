"""The people of a workspace: who can log in, since when, and the end of it.

Whoever is disabled or removed is logged out in the same transaction. One person who can log in always remains.
"""

from __future__ import annotations

from dataclasses import dataclass

from treadle.domain.refusal import Refusal, not_found
from treadle.people import audit, login
from treadle.people.login import one_after_the_other
from treadle.services.context import App
from treadle.store import Connection
from treadle.store import audit as audit_rows
from treadle.store import users as store


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


def listing(conn: Connection, workspace_id: str, *, now: float) -> list[Person]:
    """Everybody of a workspace, disabled people included, in the order in which they were added."""
    last = audit_rows.last_of_each_actor(conn, workspace_id, "login")
    open_now = store.sessions_by_user(conn, now=now)
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
        )
        for row in store.listing(conn, workspace_id)
    ]


def keys_made_by(conn: Connection, workspace_id: str, user_id: str, *, now: float) -> tuple[str, ...]:
    """Keys belong to the workspace and outlive who made them: whoever puts a person out has to know of them."""
    return store.keys_made_by(conn, workspace_id, user_id, now=now)


def find(conn: Connection, workspace_id: str, who: str) -> str | None:
    """The id of the person with this id or address."""
    found = store.find_called(conn, workspace_id, who)
    return found.id if found else None


async def add(
    app: App, workspace_id: str, email: str, password: str, *, actor: str, zone: str = "UTC"
) -> str | Refusal:
    """Somebody more who can log in; their id."""
    return await login.add_user(app.db, workspace_id, email, password, actor=actor, now=app.now(), zone=zone)


async def set_password(app: App, email: str, password: str, *, actor: str) -> bool | Refusal:
    """Give a person another password, which logs them out. False: nobody has this address."""
    return await login.set_password(app.db, email, password, actor=actor, now=app.now())


def disable(conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They cannot log in any more, and are logged out. Doing it again changes nothing."""
    one_after_the_other(conn)
    row = store.find(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is not None:
        return None
    if not store.another_can_log_in(conn, workspace_id, user_id):
        return _LAST
    store.set_disabled(conn, user_id, now)
    store.delete_sessions(conn, user_id)
    audit.note(conn, workspace_id, actor, "user.disabled", user_id, {"email": row.email}, now=now)
    return None


def enable(conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They can log in again, with the password they had."""
    row = store.find(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is not None:
        store.set_disabled(conn, user_id, None)
        audit.note(conn, workspace_id, actor, "user.enabled", user_id, {"email": row.email}, now=now)
    return None


def remove(conn: Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They are gone; what they did stays in the timelines and in the audit trail."""
    one_after_the_other(conn)
    row = store.find(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is None and not store.another_can_log_in(conn, workspace_id, user_id):
        return _LAST
    # The row first: on PostgreSQL that waits for a login under way, whose session is then deleted with the others.
    store.set_disabled(conn, user_id, now)
    store.delete_sessions(conn, user_id)
    store.delete(conn, user_id)
    audit.note(conn, workspace_id, actor, "user.removed", user_id, {"email": row.email}, now=now)
    return None


_LAST = Refusal(
    "This is the last person who can log in here",
    "Add or enable someone else first.",
    409,
)
