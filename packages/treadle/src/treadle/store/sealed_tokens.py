"""Stored access tokens, as they are in the database: encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store.tables import accounts, blockers


@dataclass(frozen=True, slots=True)
class StoredToken:
    account_id: str
    workspace_id: str
    sealed: bytes


def stored(conn: sa.Connection) -> list[StoredToken]:
    """The tokens of all connected accounts."""
    query = sa.select(accounts.c.id, accounts.c.workspace_id, accounts.c.token_enc).where(
        accounts.c.token_enc.is_not(None), accounts.c.disconnected_at.is_(None)
    )
    return [StoredToken(row.id, row.workspace_id, row.token_enc) for row in conn.execute(query.order_by(accounts.c.id))]


def still(conn: sa.Connection, token: StoredToken) -> bool:
    """Whether the account still has this token."""
    query = sa.select(accounts.c.id).where(
        accounts.c.id == token.account_id,
        accounts.c.token_enc == token.sealed,
        accounts.c.disconnected_at.is_(None),
    )
    return conn.execute(query).first() is not None


def open_blockers(conn: sa.Connection, pattern: str) -> Mapping[str, str]:
    """Account id to blocker id, of open blockers of accounts with this cause."""
    query = sa.select(blockers.c.key, blockers.c.id).where(
        blockers.c.repaired_at.is_(None), blockers.c.scope == "account", blockers.c.pattern == pattern
    )
    return {row.key: row.id for row in conn.execute(query)}


def held_by(conn: sa.Connection, account_id: str) -> str | None:
    """The pattern that the account's health names, if any."""
    cause = conn.execute(sa.select(accounts.c.health_cause).where(accounts.c.id == account_id)).scalar()
    return str(cause.get("pattern")) if isinstance(cause, dict) else None
