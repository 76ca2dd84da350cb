"""Links that let somebody in once: invitations to a workspace and new passwords. Only digests of them are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import sqlalchemy as sa

from treadle.domain.roles import Role
from treadle.store.tables import login_links


@dataclass(frozen=True, slots=True)
class LoginLinkRow:
    """``role`` belongs to an invitation, ``user_id`` to a new password. Times are epoch seconds."""

    id: str
    kind: Literal["invite", "reset"]
    workspace_id: str
    role: Role | None
    user_id: str | None
    created_by: str
    created_at: float
    expires_at: float
    used_at: float | None = None
    revoked_at: float | None = None


_COLUMNS = [login_links.c[field.name] for field in fields(LoginLinkRow)]


def insert(conn: sa.Connection, row: LoginLinkRow, token_hash: str) -> None:
    values = {field.name: getattr(row, field.name) for field in fields(LoginLinkRow)}
    conn.execute(sa.insert(login_links).values(**values, token_hash=token_hash))


def usable(conn: sa.Connection, token_hash: str, *, now: float) -> LoginLinkRow | None:
    """The link, unless it was used or revoked or has expired."""
    query = sa.select(*_COLUMNS).where(login_links.c.token_hash == token_hash, _is_open(now))
    row = conn.execute(query).mappings().first()
    return LoginLinkRow(**row) if row else None


def take(conn: sa.Connection, link_id: str, *, now: float) -> bool:
    """Use it up. False: somebody else did, or it ended meanwhile."""
    done = sa.update(login_links).where(login_links.c.id == link_id, _is_open(now)).values(used_at=now)
    return conn.execute(done).rowcount == 1


def open_invites(conn: sa.Connection, workspace_id: str, *, now: float) -> Sequence[LoginLinkRow]:
    """Invitations that still work, newest first."""
    query = sa.select(*_COLUMNS).where(
        login_links.c.workspace_id == workspace_id, login_links.c.kind == "invite", _is_open(now)
    )
    return [LoginLinkRow(**row) for row in conn.execute(query.order_by(login_links.c.created_at.desc())).mappings()]


def revoke(conn: sa.Connection, workspace_id: str, link_id: str, *, now: float) -> bool:
    """False: there is no such link that still works."""
    mine = sa.and_(login_links.c.id == link_id, login_links.c.workspace_id == workspace_id, _is_open(now))
    return conn.execute(sa.update(login_links).where(mine).values(revoked_at=now)).rowcount == 1


def revoke_created_by(conn: sa.Connection, workspace_id: str, actor: str, *, now: float) -> None:
    """End every link into the workspace that this person or key made."""
    theirs = sa.and_(login_links.c.workspace_id == workspace_id, login_links.c.created_by == actor, _is_open(now))
    conn.execute(sa.update(login_links).where(theirs).values(revoked_at=now))


def revoke_of_user(conn: sa.Connection, user_id: str, *, now: float) -> None:
    """End every link to a new password of this person."""
    theirs = sa.and_(login_links.c.user_id == user_id, _is_open(now))
    conn.execute(sa.update(login_links).where(theirs).values(revoked_at=now))


def _is_open(now: float) -> sa.ColumnElement[bool]:
    return sa.and_(login_links.c.used_at.is_(None), login_links.c.revoked_at.is_(None), login_links.c.expires_at > now)
