"""The people of a workspace: who can log in, since when, and the end of it.

Whoever is disabled or removed is logged out in the same transaction. One person who can log in always remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.refusal import Refusal, not_found
from treadle.people import audit
from treadle.people.login import one_after_the_other
from treadle.store.tables import api_keys, sessions, users
from treadle.store.tables import audit as trail


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


def listing(conn: sa.Connection, workspace_id: str, *, now: float) -> list[Person]:
    """Everybody of a workspace, disabled people included, in the order in which they were added."""
    here = trail.c.workspace_id == workspace_id
    logins = sa.select(trail.c.actor, sa.func.max(trail.c.at)).where(here, trail.c.action == "login")
    last = {row[0]: float(row[1]) for row in conn.execute(logins.group_by(trail.c.actor))}
    living = sa.select(sessions.c.user_id, sa.func.count()).where(sessions.c.expires_at > now)
    open_now = {row[0]: int(row[1]) for row in conn.execute(living.group_by(sessions.c.user_id))}
    mine = sa.select(users).where(users.c.workspace_id == workspace_id).order_by(users.c.created_at, users.c.id)
    return [
        Person(
            row.id,
            row.email,
            row.zone,
            row.created_at,
            row.disabled_at,
            last.get(row.id),
            open_now.get(row.id, 0),
            keys_made_by(conn, workspace_id, row.id, now=now),
        )
        for row in conn.execute(mine)
    ]


def keys_made_by(conn: sa.Connection, workspace_id: str, user_id: str, *, now: float) -> tuple[str, ...]:
    """Keys belong to the workspace and outlive who made them: whoever puts a person out has to know of them."""
    made = sa.select(trail.c.subject).where(
        trail.c.workspace_id == workspace_id, trail.c.actor == user_id, trail.c.action == "key.created"
    )
    living = sa.select(api_keys.c.id).where(
        api_keys.c.id.in_(made),
        api_keys.c.revoked_at.is_(None),
        sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
    )
    return tuple(conn.execute(living.order_by(api_keys.c.created_at)).scalars())


def find(conn: sa.Connection, workspace_id: str, who: str) -> str | None:
    """The id of the person with this id or address."""
    named = sa.or_(users.c.id == who, users.c.email == who.strip().lower())
    return conn.execute(sa.select(users.c.id).where(users.c.workspace_id == workspace_id, named)).scalar()


def disable(conn: sa.Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They cannot log in any more, and are logged out. Doing it again changes nothing."""
    one_after_the_other(conn)
    row = _row(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is not None:
        return None
    if _is_last(conn, workspace_id, user_id):
        return _LAST
    conn.execute(sa.update(users).where(users.c.id == user_id).values(disabled_at=now))
    conn.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))
    audit.note(conn, workspace_id, actor, "user.disabled", user_id, {"email": row.email}, now=now)
    return None


def enable(conn: sa.Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They can log in again, with the password they had."""
    row = _row(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is not None:
        conn.execute(sa.update(users).where(users.c.id == user_id).values(disabled_at=None))
        audit.note(conn, workspace_id, actor, "user.enabled", user_id, {"email": row.email}, now=now)
    return None


def remove(conn: sa.Connection, workspace_id: str, user_id: str, *, actor: str, now: float) -> Refusal | None:
    """They are gone; what they did stays in the timelines and in the audit trail."""
    one_after_the_other(conn)
    row = _row(conn, workspace_id, user_id)
    if row is None:
        return not_found("person")
    if row.disabled_at is None and _is_last(conn, workspace_id, user_id):
        return _LAST
    # The row first: on PostgreSQL that waits for a login under way, whose session is then deleted with the others.
    conn.execute(sa.update(users).where(users.c.id == user_id).values(disabled_at=now))
    conn.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))
    conn.execute(sa.delete(users).where(users.c.id == user_id))
    audit.note(conn, workspace_id, actor, "user.removed", user_id, {"email": row.email}, now=now)
    return None


_LAST = Refusal(
    "This is the last person who can log in here",
    "Add or enable somebody else first.",
    409,
)


def _row(conn: sa.Connection, workspace_id: str, user_id: str) -> sa.Row[Any, Any] | None:
    mine = (users.c.id == user_id, users.c.workspace_id == workspace_id)
    return conn.execute(sa.select(users.c.email, users.c.disabled_at).where(*mine)).first()


def _is_last(conn: sa.Connection, workspace_id: str, user_id: str) -> bool:
    others = sa.select(users.c.id).where(
        users.c.workspace_id == workspace_id, users.c.id != user_id, users.c.disabled_at.is_(None)
    )
    return conn.execute(others.limit(1)).first() is None
