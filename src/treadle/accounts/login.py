"""People at the pages: passwords, sessions, and the brake on guessing.

Passwords are hashed with Argon2id. A session's token is random and stored as a digest; each session has a CSRF token
that every form must send back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from treadle.accounts import audit
from treadle.accounts.digests import digest
from treadle.accounts.refusal import Refusal
from treadle.ids import new_id
from treadle.store import Database
from treadle.store.tables import login_attempts, sessions, users

# Argon2id with 19 MiB and two passes: OWASP's first choice, and little enough for many logins at once.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when there is no such person, so that the time tells nothing.
_NOBODY: Final = _HASHER.hash(secrets.token_hex(16))

PASSWORD_LEAST: Final = 10
PASSWORD_MOST: Final = 200
SESSION_IDLE_S: Final = 14 * 86_400.0
SESSION_MOST_S: Final = 60 * 86_400.0
SEEN_EVERY_S: Final = 60.0
WINDOW_S: Final = 900.0
TRIES_PER_PERSON: Final = 10
TRIES_PER_ADDRESS: Final = 40
FORGET_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Session:
    """``token`` belongs into an HttpOnly cookie, ``csrf`` into every form. ``token`` is known at login only."""

    user_id: str
    workspace_id: str
    email: str
    zone: str
    csrf: str
    expires_at: float
    token: str = ""

    def __repr__(self) -> str:
        return f"Session(user_id={self.user_id!r})"


def anybody(conn: sa.Connection) -> bool:
    """Whether there is a person who can log in at all."""
    return conn.execute(sa.select(users.c.id).where(users.c.disabled_at.is_(None)).limit(1)).first() is not None


async def add_user(
    db: Database, workspace_id: str, email: str, password: str, *, actor: str, now: float, zone: str = "UTC"
) -> str | Refusal:
    """The new person's id. Hashing takes a moment of one core and a few dozen MiB, outside any transaction."""
    wrong = _problem(email, password)
    if wrong is not None:
        return wrong
    hashed = await _threaded(_HASHER.hash, password)

    def add(conn: sa.Connection) -> str | Refusal:
        taken = conn.execute(sa.select(users.c.id).where(users.c.email == _email(email))).first()
        if taken is not None:
            return Refusal("This address is taken", "Somebody logs in with this address already.", 409, "email")
        user_id = new_id("user", now)
        conn.execute(
            sa.insert(users).values(
                id=user_id,
                workspace_id=workspace_id,
                email=_email(email),
                password_hash=hashed,
                zone=zone,
                created_at=now,
            )
        )
        audit.note(conn, workspace_id, actor, "user.added", user_id, {"email": _email(email)}, now=now)
        return user_id

    return await db.run(add)


async def set_password(
    db: Database, email: str, password: str, *, actor: str, now: float, keep_session: str | None = None
) -> bool | Refusal:
    """Change a password; every session of the person ends but ``keep_session``. False: there is no such person."""
    wrong = _problem(email, password)
    if wrong is not None:
        return wrong
    hashed = await _threaded(_HASHER.hash, password)

    def change(conn: sa.Connection) -> bool:
        row = conn.execute(sa.select(users.c.id, users.c.workspace_id).where(users.c.email == _email(email))).first()
        if row is None:
            return False
        conn.execute(sa.update(users).where(users.c.id == row.id).values(password_hash=hashed, disabled_at=None))
        ends = sa.delete(sessions).where(sessions.c.user_id == row.id)
        if keep_session:
            ends = ends.where(sessions.c.token_hash != digest(keep_session))
        conn.execute(ends)
        audit.note(conn, row.workspace_id, actor, "user.password_changed", row.id, now=now)
        return True

    return await db.run(change)


async def login(db: Database, email: str, password: str, *, address: str, now: float) -> Session | Refusal:
    """A new session, or why not. ``address`` is where the attempt comes from, for the brake.

    The answer is the same for a wrong password and for nobody, and every attempt counts before it is looked at.
    """
    person = f"mail:{digest(_email(email))[:40]}"
    held = await db.run(_count, (person, f"from:{address[:60]}"), now)
    if held:
        return Refusal("Too many attempts", f"Wait {int(held // 60) + 1} minutes and try again.", 429)
    row = await db.query(_person, _email(email))
    good = await _threaded(_verify, row["password_hash"] if row else _NOBODY, password[:PASSWORD_MOST])
    if row is None or not good or row["disabled_at"] is not None:
        if row is not None:
            await db.run(
                audit.note, row["workspace_id"], row["id"], "login.refused", row["id"], {"from": address}, now=now
            )
        return Refusal("That did not work", "The address or the password is wrong.", 401)
    rehashed = None
    if _HASHER.check_needs_rehash(row["password_hash"]):
        rehashed = await _threaded(_HASHER.hash, password)
    token = secrets.token_urlsafe(32)
    csrf = secrets.token_urlsafe(32)

    def enter(conn: sa.Connection) -> Session:
        if rehashed:
            conn.execute(sa.update(users).where(users.c.id == row["id"]).values(password_hash=rehashed))
        conn.execute(sa.delete(login_attempts).where(login_attempts.c.key == person))
        conn.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
        conn.execute(
            sa.insert(sessions).values(
                token_hash=digest(token),
                user_id=row["id"],
                csrf=csrf,
                created_at=now,
                seen_at=now,
                expires_at=now + SESSION_IDLE_S,
            )
        )
        audit.note(conn, row["workspace_id"], row["id"], "login", row["id"], {"from": address}, now=now)
        return Session(row["id"], row["workspace_id"], row["email"], row["zone"], csrf, now + SESSION_IDLE_S, token)

    return await db.run(enter)


def session(conn: sa.Connection, token: str, *, now: float) -> Session | None:
    """The living session behind a cookie. Reads only; call :func:`seen` to prolong it."""
    if not token or len(token) > 200:
        return None
    row = conn.execute(
        sa.select(sessions, users.c.workspace_id, users.c.email, users.c.zone)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.token_hash == digest(token), sessions.c.expires_at > now, users.c.disabled_at.is_(None))
    ).first()
    if row is None or row.created_at + SESSION_MOST_S <= now:
        return None
    return Session(row.user_id, row.workspace_id, row.email, row.zone, row.csrf, row.expires_at)


def seen(conn: sa.Connection, token: str, *, now: float) -> None:
    """Prolong a session, once a minute at most."""
    conn.execute(
        sa.update(sessions)
        .where(sessions.c.token_hash == digest(token), sessions.c.seen_at < now - SEEN_EVERY_S)
        .values(seen_at=now, expires_at=now + SESSION_IDLE_S)
    )


def logout(conn: sa.Connection, token: str, *, now: float) -> None:
    row = conn.execute(
        sa.delete(sessions).where(sessions.c.token_hash == digest(token)).returning(sessions.c.user_id)
    ).first()
    if row is not None:
        workspace = conn.execute(sa.select(users.c.workspace_id).where(users.c.id == row.user_id)).scalar()
        audit.note(conn, workspace, row.user_id, "logout", row.user_id, now=now)


def _count(conn: sa.Connection, keys: tuple[str, str], now: float) -> float:
    """Count an attempt; seconds to wait when there were too many in the window, else 0."""
    conn.execute(sa.delete(login_attempts).where(login_attempts.c.at < now - FORGET_S))
    longest = 0.0
    for key, most in zip(keys, (TRIES_PER_PERSON, TRIES_PER_ADDRESS), strict=True):
        times = list(
            conn.execute(
                sa.select(login_attempts.c.at)
                .where(login_attempts.c.key == key, login_attempts.c.at > now - WINDOW_S)
                .order_by(login_attempts.c.at.desc())
                .limit(most)
            ).scalars()
        )
        if len(times) >= most:
            longest = max(longest, times[-1] + WINDOW_S - now)
    if longest == 0.0:
        conn.execute(sa.insert(login_attempts), [{"key": key, "at": now} for key in keys])
    return longest


def _person(conn: sa.Connection, email: str) -> dict[str, Any] | None:
    row = conn.execute(sa.select(users).where(users.c.email == email)).mappings().first()
    return dict(row) if row else None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _problem(email: str, password: str) -> Refusal | None:
    clean = _email(email)
    name, at, host = clean.partition("@")
    if not name or not at or not host or len(clean) > 254 or any(c.isspace() for c in clean):
        return Refusal("This is not an e-mail address", "Give an address such as ada@example.com.", field="email")
    if len(password) < PASSWORD_LEAST or len(password) > PASSWORD_MOST:
        return Refusal(
            "This password is too short or too long",
            f"A password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters; a few words make a good one.",
            field="password",
        )
    if len(set(password)) < 4:
        return Refusal("This password is too simple", "It repeats a few characters only.", field="password")
    return None


def _email(email: str) -> str:
    return email.strip().lower()


async def _threaded(fn: Any, *args: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(fn, *args)
