"""Who comes in: reading the session of a visitor. Making and ending sessions is the accounts room's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store.tables import sessions, users

SESSION_COOKIE = "treadle_session"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is logged in."""

    user_id: str
    workspace_id: str
    email: str
    zone: str
    csrf: str


def viewer_of(conn: sa.Connection, token: str, now: float) -> Viewer | None:
    """Whose session this token opens; ``None`` when it is unknown, over, or its user was shut out."""
    row = conn.execute(
        sa.select(users, sessions.c.csrf)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(
            sessions.c.token_hash == hashlib.sha256(token.encode()).hexdigest(),
            sessions.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    ).first()
    return Viewer(row.id, row.workspace_id, row.email, row.zone, row.csrf) if row else None


def anyone(conn: sa.Connection) -> bool:
    """Whether this house has a user yet."""
    return conn.execute(sa.select(users.c.id).limit(1)).first() is not None
