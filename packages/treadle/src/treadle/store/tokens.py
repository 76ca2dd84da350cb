"""Access tokens as they are stored, sealed, and the leases under which they are renewed. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.clauses import connected
from treadle.store.tables import accounts


@dataclass(frozen=True, slots=True)
class LeasedToken:
    """What an account held when its token was leased. ``token_enc`` is ciphertext."""

    id: str
    workspace_id: str
    token_enc: bytes
    token_issued_at: float | None
    token_expires_at: float | None
    refresh_attempts: int
    token_expiry_assumed: bool


@dataclass(frozen=True, slots=True)
class EndingToken:
    id: str
    token_expires_at: float | None
    grant_expires_at: float | None


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """The tokens of an account, connected or not; ciphertext."""

    id: str
    workspace_id: str
    token_enc: bytes | None
    token_previous_enc: bytes | None


_SEALED = [accounts.c[field.name] for field in fields(SealedTokens)]
_LEASED = [accounts.c[field.name] for field in fields(LeasedToken)]
_ENDING = [accounts.c[field.name] for field in fields(EndingToken)]


def due(conn: sa.Connection, now: float, *, limit: int) -> list[str]:
    """Ids of connected accounts whose token is to be renewed and that nobody leased, the first to end first."""
    ends = sa.func.coalesce(accounts.c.token_expires_at, accounts.c.refresh_next_at)
    query = sa.select(accounts.c.id).where(accounts.c.refresh_next_at <= now, connected, _free(now))
    return list(conn.execute(query.order_by(ends).limit(limit)).scalars())


def set_refresh_at(conn: sa.Connection, account_id: str, at: float | None) -> None:
    """When the token is renewed next; ``None``: not at all."""
    statements.update(conn, accounts, {"refresh_next_at": at}, id=account_id)


def lease(
    conn: sa.Connection, account_id: str, lease_token: str, *, now: float, until: float, asked: bool = False
) -> LeasedToken | None:
    """Lease the token by compare-and-set; ``None`` when somebody else has it or it is not due.

    ``asked``: whether or not it is due.
    """
    is_due = sa.true() if asked else accounts.c.refresh_next_at <= now
    free = sa.and_(accounts.c.id == account_id, is_due, connected, _free(now))
    taken = {"refresh_lease_until": until, "refresh_lease_token": lease_token}
    if conn.execute(sa.update(accounts).where(free).values(taken)).rowcount != 1:
        return None
    return LeasedToken(*conn.execute(sa.select(*_LEASED).where(accounts.c.id == account_id)).one())


def release(conn: sa.Connection, account_id: str, lease_token: str) -> None:
    free = {"refresh_lease_until": None, "refresh_lease_token": None}
    statements.update(conn, accounts, free, id=account_id, refresh_lease_token=lease_token)


def replace(
    conn: sa.Connection,
    old: LeasedToken,
    lease_token: str,
    sealed: bytes,
    *,
    expires_at: float,
    refresh_at: float,
    now: float,
    assumed: bool = False,
) -> bool:
    """Store a new token with the old one beside it; false when the lease is over or the account has another token.

    ``assumed``: Threads did not say when it ends.
    """
    values = {
        "token_enc": sealed,
        "token_previous_enc": old.token_enc,
        "token_issued_at": now,
        "token_expires_at": expires_at,
        "token_expiry_assumed": assumed,
        "refresh_next_at": refresh_at,
        "refresh_attempts": 0,
        "updated_at": now,
    }
    return _update_leased(conn, old, lease_token, values)


def put_back(conn: sa.Connection, old: LeasedToken, *, refresh_at: float) -> None:
    """The token before the last one again, if it is still kept."""
    values = {
        "token_enc": old.token_enc,
        "token_previous_enc": None,
        "token_issued_at": old.token_issued_at,
        "token_expires_at": old.token_expires_at,
        "token_expiry_assumed": old.token_expiry_assumed,
        "refresh_next_at": refresh_at,
        "refresh_attempts": old.refresh_attempts + 1,
    }
    statements.update(conn, accounts, values, id=old.id, token_previous_enc=old.token_enc)


def set_failed(
    conn: sa.Connection, old: LeasedToken, lease_token: str, *, refresh_at: float | None, now: float
) -> bool:
    """It was not renewed. False when the lease is over or the account has another token."""
    values = {"refresh_attempts": old.refresh_attempts + 1, "refresh_next_at": refresh_at, "updated_at": now}
    return _update_leased(conn, old, lease_token, values)


def set_proven(
    conn: sa.Connection,
    account_id: str,
    *,
    now: float,
    expires_at: float | None = None,
    grant_expires_at: float | None = None,
    scopes: Sequence[str] = (),
) -> None:
    """The token works: forget the one before. What is not known stays as it is."""
    known = {"token_expires_at": expires_at, "grant_expires_at": grant_expires_at, "scopes": list(scopes)}
    values = {"token_previous_enc": None, "checked_at": now, **{name: it for name, it in known.items() if it}}
    if scopes:
        values["scopes_confirmed"] = True
    if expires_at:
        values["token_expiry_assumed"] = False
    statements.update(conn, accounts, values, id=account_id)


def ending(conn: sa.Connection, before: float, *, shortest_life_s: float) -> list[EndingToken]:
    """Of accounts that work: tokens and permissions that end before then.

    A token with a life shorter than ``shortest_life_s`` is among them only after three attempts to renew it.
    """
    life = accounts.c.token_expires_at - accounts.c.token_issued_at
    news = sa.or_(life > shortest_life_s, accounts.c.refresh_attempts > 2)
    ends = sa.or_(sa.and_(accounts.c.token_expires_at < before, news), accounts.c.grant_expires_at < before)
    query = sa.select(*_ENDING).where(accounts.c.health == "active", accounts.c.disconnected_at.is_(None), ends)
    return [EndingToken(*row) for row in conn.execute(query)]


def quiet(conn: sa.Connection, since: float, *, limit: int) -> list[str]:
    """Ids of connected accounts of which nothing was heard since then, the longest silent first.

    Those that have to be connected again are not among them.
    """
    silent = sa.or_(accounts.c.checked_at.is_(None), accounts.c.checked_at <= since)
    query = sa.select(accounts.c.id).where(connected, accounts.c.health != "reconnect", silent)
    return list(conn.execute(query.order_by(accounts.c.checked_at).limit(limit)).scalars())


def sealed_of(conn: sa.Connection, account_id: str) -> bytes | None:
    return conn.execute(sa.select(accounts.c.token_enc).where(accounts.c.id == account_id)).scalar()


def all_sealed(conn: sa.Connection, *, only_connected: bool = False) -> list[SealedTokens]:
    """Of all accounts that have any; ``only_connected``: of those that can publish."""
    held = sa.or_(accounts.c.token_enc.is_not(None), accounts.c.token_previous_enc.is_not(None))
    query = sa.select(*_SEALED).where(connected if only_connected else held)
    return [SealedTokens(*row) for row in conn.execute(query.order_by(accounts.c.id))]


def forget_previous(conn: sa.Connection, account_id: str) -> None:
    statements.update(conn, accounts, {"token_previous_enc": None}, id=account_id)


def forget(conn: sa.Connection, account_id: str, *, now: float) -> None:
    """The account is not connected any more."""
    gone = {"token_enc": None, "refresh_next_at": None, "disconnected_at": now, "updated_at": now}
    statements.update(conn, accounts, gone, id=account_id)


def _free(now: float) -> sa.ColumnElement[bool]:
    return sa.or_(accounts.c.refresh_lease_until.is_(None), accounts.c.refresh_lease_until <= now)


def _update_leased(conn: sa.Connection, old: LeasedToken, lease_token: str, values: Mapping[str, Any]) -> bool:
    """Only under this lease, and while nobody has connected the account again."""
    keys = {"id": old.id, "refresh_lease_token": lease_token, "token_enc": old.token_enc}
    return statements.update(conn, accounts, values, **keys) == 1
