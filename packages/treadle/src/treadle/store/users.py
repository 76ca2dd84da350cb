"""People who can log in, their roles in workspaces, their sessions, and attempts to log in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields

import sqlalchemy as sa

from treadle.domain.roles import Role
from treadle.store.tables import api_keys, audit, login_attempts, members, sessions, users, workspaces


@dataclass(frozen=True, slots=True)
class UserRow:
    """One person; times are epoch seconds."""

    id: str
    workspace_id: str
    email: str
    password_hash: str
    zone: str
    created_at: float
    disabled_at: float | None = None

    def __repr__(self) -> str:
        return f"UserRow(id={self.id!r})"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One login in one browser, with what pages need of the person. ``workspace_id``: the one looked at now."""

    user_id: str
    csrf: str
    created_at: float
    expires_at: float
    workspace_id: str
    email: str
    zone: str
    role: Role

    def __repr__(self) -> str:
        return f"SessionRow(user_id={self.user_id!r})"


@dataclass(frozen=True, slots=True)
class Membership:
    """A workspace that a person belongs to."""

    workspace_id: str
    name: str
    role: Role


_USER = [users.c[field.name] for field in fields(UserRow)]


# ------------------------------------------------------------------------------------------------------ people


def any_user(conn: sa.Connection) -> bool:
    return conn.execute(sa.select(users.c.id).limit(1)).first() is not None


def lock(conn: sa.Connection) -> None:
    """Until the transaction ends, nobody else takes this lock (SQLite has one writer in any case)."""
    first = sa.select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
    conn.execute(first.with_for_update(key_share=True))


def with_email(conn: sa.Connection, email: str) -> UserRow | None:
    return _one(conn, users.c.email == email)


def find(conn: sa.Connection, workspace_id: str, user_id: str) -> UserRow | None:
    return _one(conn, sa.and_(users.c.id == user_id, _member_of(workspace_id)))


def find_called(conn: sa.Connection, workspace_id: str, id_or_email: str) -> UserRow | None:
    called = sa.or_(users.c.id == id_or_email, users.c.email == id_or_email.strip().lower())
    return _one(conn, sa.and_(_member_of(workspace_id), called))


def workspace_of(conn: sa.Connection, user_id: str) -> str | None:
    return conn.execute(sa.select(users.c.workspace_id).where(users.c.id == user_id)).scalar()


def listing(conn: sa.Connection, workspace_id: str) -> Sequence[UserRow]:
    """In the order in which they were added."""
    query = sa.select(*_USER).where(_member_of(workspace_id))
    return [UserRow(**row) for row in conn.execute(query.order_by(users.c.created_at, users.c.id)).mappings()]


def another_can_log_in(conn: sa.Connection, workspace_id: str, user_id: str) -> bool:
    """Whether somebody but this person can log in."""
    others = sa.select(users.c.id).where(_member_of(workspace_id), users.c.id != user_id, users.c.disabled_at.is_(None))
    return conn.execute(others.limit(1)).first() is not None


def insert(conn: sa.Connection, row: UserRow, role: Role = "owner") -> None:
    """A new person, with this role in their first workspace."""
    conn.execute(sa.insert(users).values({field.name: getattr(row, field.name) for field in fields(UserRow)}))
    set_role(conn, row.workspace_id, row.id, role, now=row.created_at)


def set_disabled(conn: sa.Connection, user_id: str, at: float | None) -> None:
    conn.execute(sa.update(users).where(users.c.id == user_id).values(disabled_at=at))


def set_zone(conn: sa.Connection, user_id: str, zone: str) -> None:
    """``zone``: a name of the time zone database; UTC: whatever zone the browser has."""
    conn.execute(sa.update(users).where(users.c.id == user_id).values(zone=zone))


def set_password(conn: sa.Connection, email: str, password_hash: str) -> UserRow | None:
    """The person whose password was changed, if there is one."""
    done = conn.execute(
        sa.update(users).where(users.c.email == email).values(password_hash=password_hash).returning(*_USER)
    )
    row = done.mappings().first()
    return UserRow(**row) if row else None


def rehash_password(conn: sa.Connection, user: UserRow, password_hash: str) -> bool:
    """Store the same password's new hash; false when the person was disabled, removed or given another meanwhile."""
    same = sa.and_(users.c.id == user.id, users.c.password_hash == user.password_hash, users.c.disabled_at.is_(None))
    return conn.execute(sa.update(users).where(same).values(password_hash=password_hash)).rowcount == 1


def delete(conn: sa.Connection, user_id: str) -> None:
    conn.execute(sa.delete(members).where(members.c.user_id == user_id))
    conn.execute(sa.delete(users).where(users.c.id == user_id))


def keys_made_by(conn: sa.Connection, workspace_id: str, user_id: str, *, now: float) -> tuple[str, ...]:
    """Ids of living keys that this person made, oldest first."""
    made = sa.select(audit.c.subject).where(
        audit.c.workspace_id == workspace_id, audit.c.actor == user_id, audit.c.action == "key.created"
    )
    living = sa.select(api_keys.c.id).where(
        api_keys.c.id.in_(made),
        api_keys.c.revoked_at.is_(None),
        sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
    )
    return tuple(conn.execute(living.order_by(api_keys.c.created_at)).scalars())


def _member_of(workspace_id: str) -> sa.ColumnElement[bool]:
    return users.c.id.in_(sa.select(members.c.user_id).where(members.c.workspace_id == workspace_id))


def _one(conn: sa.Connection, where: sa.ColumnElement[bool]) -> UserRow | None:
    row = conn.execute(sa.select(*_USER).where(where)).mappings().first()
    return UserRow(**row) if row else None


# ------------------------------------------------------------------------------------------------------ roles


def set_role(conn: sa.Connection, workspace_id: str, user_id: str, role: Role, *, now: float) -> None:
    """Make a person a member of the workspace with this role, or change the role of one who is."""
    mine = sa.and_(members.c.user_id == user_id, members.c.workspace_id == workspace_id)
    if conn.execute(sa.update(members).where(mine).values(role=role)).rowcount == 0:
        row = {"user_id": user_id, "workspace_id": workspace_id, "role": role, "created_at": now}
        conn.execute(sa.insert(members).values(row))


def roles(conn: sa.Connection, workspace_id: str) -> Mapping[str, Role]:
    """The role of each person of the workspace, by id, disabled people included."""
    query = sa.select(members.c.user_id, members.c.role).where(members.c.workspace_id == workspace_id)
    return {row.user_id: row.role for row in conn.execute(query)}


def active_emails(conn: sa.Connection, workspace_id: str, having: Collection[Role]) -> Sequence[str]:
    """Addresses of those who can log in and have one of these roles, in the order in which they were added."""
    query = (
        sa.select(users.c.email)
        .join(members, members.c.user_id == users.c.id)
        .where(members.c.workspace_id == workspace_id, members.c.role.in_(list(having)), users.c.disabled_at.is_(None))
    )
    return list(conn.execute(query.order_by(users.c.created_at, users.c.id)).scalars())


def active_owner_beside(conn: sa.Connection, workspace_id: str, user_id: str) -> bool:
    """Whether the workspace has an owner who can log in, other than this person."""
    query = (
        sa.select(users.c.id)
        .join(members, members.c.user_id == users.c.id)
        .where(
            members.c.workspace_id == workspace_id,
            members.c.role == "owner",
            users.c.id != user_id,
            users.c.disabled_at.is_(None),
        )
    )
    return conn.execute(query.limit(1)).first() is not None


def memberships(conn: sa.Connection, user_id: str) -> Sequence[Membership]:
    """The workspaces of a person, by name."""
    query = (
        sa.select(members.c.workspace_id, workspaces.c.name, members.c.role)
        .join(workspaces, workspaces.c.id == members.c.workspace_id)
        .where(members.c.user_id == user_id)
    )
    return [Membership(*row) for row in conn.execute(query.order_by(workspaces.c.name, workspaces.c.id))]


def leave(conn: sa.Connection, workspace_id: str, user_id: str) -> None:
    """End a membership. A person whose first workspace it was gets another one of theirs as the first."""
    mine = sa.and_(members.c.user_id == user_id, members.c.workspace_id == workspace_id)
    conn.execute(sa.delete(members).where(mine))
    left = sa.select(members.c.workspace_id).where(members.c.user_id == user_id).order_by(members.c.created_at).limit(1)
    if (other := conn.execute(left).scalar()) is not None:
        here = sa.and_(users.c.id == user_id, users.c.workspace_id == workspace_id)
        conn.execute(sa.update(users).where(here).values(workspace_id=other))


# ---------------------------------------------------------------------------------------------------- sessions


def insert_session(
    conn: sa.Connection, *, token_hash: str, user_id: str, csrf: str, now: float, expires_at: float
) -> None:
    times = {"created_at": now, "seen_at": now, "expires_at": expires_at}
    conn.execute(sa.insert(sessions).values(token_hash=token_hash, user_id=user_id, csrf=csrf, **times))


def living_session(conn: sa.Connection, token_hash: str, *, now: float) -> SessionRow | None:
    """The session, unless it has expired, its person is disabled, or no longer belongs to its workspace."""
    query = (
        sa.select(
            sessions.c.user_id,
            sessions.c.csrf,
            sessions.c.created_at,
            sessions.c.expires_at,
            members.c.workspace_id,
            users.c.email,
            users.c.zone,
            members.c.role,
        )
        .join(users, users.c.id == sessions.c.user_id)
        .join(
            members,
            sa.and_(
                members.c.user_id == users.c.id,
                members.c.workspace_id == sa.func.coalesce(sessions.c.workspace_id, users.c.workspace_id),
            ),
        )
        .where(sessions.c.token_hash == token_hash, sessions.c.expires_at > now, users.c.disabled_at.is_(None))
    )
    row = conn.execute(query).mappings().first()
    return SessionRow(**row) if row else None


def set_session_workspace(conn: sa.Connection, token_hash: str, workspace_id: str) -> None:
    conn.execute(sa.update(sessions).where(sessions.c.token_hash == token_hash).values(workspace_id=workspace_id))


def prolong_session(
    conn: sa.Connection, token_hash: str, *, now: float, unless_since: float, expires_at: float
) -> None:
    stale = sa.and_(sessions.c.token_hash == token_hash, sessions.c.seen_at < unless_since)
    conn.execute(sa.update(sessions).where(stale).values(seen_at=now, expires_at=expires_at))


def sessions_by_user(conn: sa.Connection, *, now: float) -> Mapping[str, int]:
    """How many sessions each person has that have not expired."""
    living = sa.select(sessions.c.user_id, sa.func.count()).where(sessions.c.expires_at > now)
    return {row[0]: int(row[1]) for row in conn.execute(living.group_by(sessions.c.user_id))}


def delete_session(conn: sa.Connection, token_hash: str) -> str | None:
    """The id of the person whose session it was."""
    done = conn.execute(sa.delete(sessions).where(sessions.c.token_hash == token_hash).returning(sessions.c.user_id))
    return done.scalar()


def delete_sessions(conn: sa.Connection, user_id: str, *, but: str | None = None) -> None:
    """All sessions of a person; ``but``: the digest of one that stays."""
    mine = sessions.c.user_id == user_id
    conn.execute(sa.delete(sessions).where(sa.and_(mine, sessions.c.token_hash != but) if but else mine))


def delete_expired_sessions(conn: sa.Connection, now: float) -> int:
    """How many there were."""
    return conn.execute(sa.delete(sessions).where(sessions.c.expires_at <= now)).rowcount


# --------------------------------------------------------------------------------------------- attempts to log in


def attempts_since(conn: sa.Connection, key: str, since: float, *, most: int) -> Sequence[float]:
    """When the last ``most`` attempts under this key were made, newest first."""
    query = (
        sa.select(login_attempts.c.at)
        .where(login_attempts.c.key == key, login_attempts.c.at > since)
        .order_by(login_attempts.c.at.desc())
        .limit(most)
    )
    return list(conn.execute(query).scalars())


def insert_attempts(conn: sa.Connection, keys: Sequence[str], at: float) -> None:
    conn.execute(sa.insert(login_attempts), [{"key": key, "at": at} for key in keys])


def delete_attempts(conn: sa.Connection, *, key: str | None = None, before: float | None = None) -> int:
    """Those under this key, or those made before then; how many there were."""
    gone = 0
    if key is not None:
        gone += conn.execute(sa.delete(login_attempts).where(login_attempts.c.key == key)).rowcount
    if before is not None:
        gone += conn.execute(sa.delete(login_attempts).where(login_attempts.c.at < before)).rowcount
    return gone
