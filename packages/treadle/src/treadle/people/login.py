"""Logging in to the pages: people, sessions, and the limit on guessing passwords.

A session's token is random and stored as a digest; each session has a CSRF token that every form must send back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final

from treadle.domain.refusal import Refusal
from treadle.domain.roles import Action, Role, allows
from treadle.ids import new_id
from treadle.people import audit, devices, passwords
from treadle.people.digests import digest
from treadle.store import Connection, Database, login_links
from treadle.store import users as store
from treadle.store.users import Membership, UserRow
from treadle.vault import Vault

SESSION_IDLE_S: Final = 14 * 86_400.0
SESSION_MOST_S: Final = 60 * 86_400.0
SEEN_EVERY_S: Final = 60.0
WINDOW_S: Final = 900.0
TRIES_PER_PERSON: Final = 10
TRIES_PER_ADDRESS: Final = 40
FORGET_S: Final = 86_400.0
LOGIN_FAILED: Final = Refusal("Login failed", "The email or the password is wrong.", 401)
LINK_ENDED: Final = Refusal("This link no longer works", "Ask for a new one. Each link works once.", 410)


@dataclass(frozen=True, slots=True)
class Session:
    """``token`` belongs into an HttpOnly cookie, ``csrf`` into every form. ``token`` is known at login only.

    ``workspace_id`` is the workspace looked at now, in which the person has ``role``; ``workspaces`` are all of theirs.
    """

    user_id: str
    workspace_id: str
    email: str
    zone: str
    csrf: str
    expires_at: float
    role: Role
    workspaces: tuple[Membership, ...] = ()
    token: str = ""

    def may(self, action: Action) -> bool:
        return allows(self.role, action)

    def __repr__(self) -> str:
        return f"Session(user_id={self.user_id!r})"


@dataclass(frozen=True, slots=True)
class Browser:
    """Where an attempt to log in comes from. ``own`` is the count of a browser that has proved itself, if it has."""

    address: str
    own: str = ""


def anybody(conn: Connection) -> bool:
    """Whether a first person was made, however they are now."""
    return store.any_user(conn)


def one_after_the_other(conn: Connection) -> None:
    """Until the transaction ends, nobody else adds a first person or takes away a last one (SQLite: in any case)."""
    store.lock(conn)


async def add_user(
    db: Database,
    workspace_id: str,
    email: str,
    password: str,
    *,
    actor: str,
    now: float,
    zone: str = "UTC",
    only_first: bool = False,
    role: Role | None = None,
    invited: str | None = None,
) -> str | Refusal:
    """The new person's id. ``only_first``: refused when there is anybody already, whoever else tries at this moment.

    ``role``: by default an admin; the first of a workspace is always its owner. ``invited``: the id of the invitation,
    which this uses up.
    """
    wrong = _problem(email, password)
    if wrong is not None:
        return wrong
    kept = await passwords.hashed(password)

    def add(conn: Connection) -> str | Refusal:
        one_after_the_other(conn)
        if only_first and anybody(conn):
            return Refusal(
                "Someone already uses this email", "Log in, or ask someone in the workspace to add you.", 409
            )
        if store.with_email(conn, _email(email)) is not None:
            return Refusal("This email is taken", "Someone already uses it. Use a different one.", 409, "email")
        if invited is not None and not login_links.take(conn, invited, now=now):
            return LINK_ENDED
        user_id = new_id("user", now)
        becomes = (role or "admin") if store.roles(conn, workspace_id) else "owner"
        store.insert(conn, UserRow(user_id, workspace_id, _email(email), kept, zone, now), becomes)
        detail = {"email": _email(email), "role": becomes}
        audit.note(conn, workspace_id, actor or user_id, "user.added", user_id, detail, now=now)
        return user_id

    return await db.run(add)


async def set_password(
    db: Database,
    email: str,
    password: str,
    *,
    actor: str,
    now: float,
    keep_session: str | None = None,
    used: str | None = None,
) -> bool | Refusal:
    """Change a password; every session of the person ends but ``keep_session``. False: there is no such person.

    ``used``: the id of the link that allows it, which this uses up.
    """
    wrong = _problem(email, password)
    if wrong is not None:
        return wrong
    kept = await passwords.hashed(password)

    def change(conn: Connection) -> bool | Refusal:
        if used is not None and not login_links.take(conn, used, now=now):
            return LINK_ENDED
        row = store.set_password(conn, _email(email), kept)
        if row is None:
            return False
        store.delete_sessions(conn, row.id, but=digest(keep_session) if keep_session else None)
        audit.note(conn, row.workspace_id, actor, "user.password_changed", row.id, now=now)
        return True

    return await db.run(change)


async def prove(db: Database, email: str, password: str, *, browser: Browser, now: float) -> UserRow | Refusal:
    """The person whose password this is, or why not.

    The answer is the same for a wrong password and for nobody, and every attempt counts before it is checked.
    """
    counted = _counters(email, browser)
    held = await db.run(_count, counted, now)
    if held:
        return Refusal("Too many attempts", f"Wait {int(held // 60) + 1} minutes and try again.", 429)
    row = await db.query(store.with_email, _email(email))
    good = await passwords.fits(row.password_hash if row else None, password)
    if row is None or not good or row.disabled_at is not None:
        if row is not None:
            detail = {"from": browser.address}
            await db.run(audit.note, row.workspace_id, row.id, "login.refused", row.id, detail, now=now)
        return LOGIN_FAILED
    await db.run(lambda conn: store.delete_attempts(conn, key=counted[0]))
    return row


async def login(
    db: Database, email: str, password: str, *, address: str, now: float, own: str = ""
) -> Session | Refusal:
    """A new session, or why not. ``address`` is where the attempt comes from, for the limit on guessing; ``own``: see
    :class:`Browser`."""
    row = await prove(db, email, password, browser=Browser(address, own), now=now)
    if isinstance(row, Refusal):
        return row
    again = await passwords.hashed(password) if passwords.is_dated(row.password_hash) else row.password_hash
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

    def enter(conn: Connection) -> Session | Refusal:
        # Hashing took its time: whoever was disabled, removed or given another password meanwhile stays outside.
        if not store.rehash_password(conn, row, again):
            return LOGIN_FAILED
        store.delete_expired_sessions(conn, now)
        ends = now + SESSION_IDLE_S
        store.insert_session(conn, token_hash=digest(token), user_id=row.id, csrf=csrf, now=now, expires_at=ends)
        audit.note(conn, row.workspace_id, row.id, "login", row.id, {"from": address}, now=now)
        entered = session(conn, token, now=now)
        if entered is None:  # whoever belongs to no workspace has nothing to log in to
            return LOGIN_FAILED
        return replace(entered, token=token)

    return await db.run(enter)


def counter_of_device(conn: Connection, vault: Vault, cookie: str, email: str) -> str:
    """The count of a browser in which the person with this address has logged in before; else empty."""
    user = store.with_email(conn, _email(email))
    return devices.counter(vault, cookie, user.id if user else None)


def counter_of_session(token: str) -> str:
    """The count of a browser that is logged in."""
    return f"session:{digest(token)[:40]}"


def session(conn: Connection, token: str, *, now: float) -> Session | None:
    """The living session behind a cookie. Reads only; call :func:`seen` to prolong it."""
    if not token or len(token) > 200:
        return None
    row = store.living_session(conn, digest(token), now=now)
    if row is None or row.created_at + SESSION_MOST_S <= now:
        return None
    mine = tuple(store.memberships(conn, row.user_id))
    return Session(row.user_id, row.workspace_id, row.email, row.zone, row.csrf, row.expires_at, row.role, mine)


def switch_workspace(conn: Connection, token: str, workspace_id: str, *, now: float) -> bool:
    """Look at another workspace of one's own in this browser. False: one does not belong to it."""
    found = session(conn, token, now=now)
    if found is None or all(one.workspace_id != workspace_id for one in found.workspaces):
        return False
    store.set_session_workspace(conn, digest(token), workspace_id)
    return True


def seen(conn: Connection, token: str, *, now: float) -> None:
    """Prolong a session, once a minute at most."""
    store.prolong_session(
        conn, digest(token), now=now, unless_since=now - SEEN_EVERY_S, expires_at=now + SESSION_IDLE_S
    )


def logout(conn: Connection, token: str, *, now: float) -> None:
    user_id = store.delete_session(conn, digest(token))
    if user_id is not None:
        audit.note(conn, store.workspace_of(conn, user_id), user_id, "logout", user_id, now=now)


def _counters(email: str, browser: Browser) -> tuple[str, ...]:
    if browser.own:
        return (browser.own,)
    return (f"mail:{digest(_email(email))[:40]}", f"from:{browser.address[:60]}")


def _count(conn: Connection, keys: tuple[str, ...], now: float) -> float:
    """Count an attempt; seconds to wait when there were too many in the window, else 0."""
    store.delete_attempts(conn, before=now - FORGET_S)
    longest = 0.0
    for key in keys:
        most = TRIES_PER_ADDRESS if key.startswith("from:") else TRIES_PER_PERSON
        times = store.attempts_since(conn, key, now - WINDOW_S, most=most)
        if len(times) >= most:
            longest = max(longest, times[-1] + WINDOW_S - now)
    if longest == 0.0:
        store.insert_attempts(conn, keys, now)
    return longest


def _problem(email: str, password: str) -> Refusal | None:
    clean = _email(email)
    name, at, host = clean.partition("@")
    if not name or not at or not host or len(clean) > 254 or any(c.isspace() for c in clean):
        return Refusal("This is not an email address", "Enter one such as ada@example.com.", field="email")
    return passwords.problem(password, clean)


def _email(email: str) -> str:
    return email.strip().lower()
