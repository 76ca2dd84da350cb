"""How an account is, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import accounts


@dataclass(frozen=True, slots=True)
class HealthRow:
    """An account's health, and what names the account."""

    health: str
    workspace_id: str
    username: str
    threads_user_id: str


_ROW = sa.select(accounts.c.health, accounts.c.workspace_id, accounts.c.username, accounts.c.threads_user_id)


def find(conn: sa.Connection, account_id: str) -> HealthRow | None:
    row = conn.execute(_ROW.where(accounts.c.id == account_id)).first()
    return HealthRow(*row) if row is not None else None


def health_of(conn: sa.Connection, account_id: str) -> str | None:
    """``None``: there is no such account."""
    return conn.execute(sa.select(accounts.c.health).where(accounts.c.id == account_id)).scalar()


def set_checked(conn: sa.Connection, account_id: str, at: float) -> None:
    """When a call last showed how the account is (epoch seconds)."""
    statements.update(conn, accounts, {"checked_at": at}, id=account_id)


def set_cause(conn: sa.Connection, account_id: str, cause: Mapping[str, Any] | None, *, now: float) -> None:
    """The newest cause of a health that stays."""
    statements.update(conn, accounts, {"health_cause": cause, "checked_at": now}, id=account_id)


def change(
    conn: sa.Connection, account_id: str, health: str, cause: Mapping[str, Any] | None, *, was: str, now: float
) -> bool:
    """Change the health by compare-and-set from ``was``; false when somebody else changed it."""
    values = {"health": health, "health_cause": cause, "health_at": now, "checked_at": now, "updated_at": now}
    return statements.update(conn, accounts, values, id=account_id, health=was) == 1


def pattern_of(conn: sa.Connection, account_id: str) -> str | None:
    """The pattern that the account's health names, if any."""
    cause = conn.execute(sa.select(accounts.c.health_cause).where(accounts.c.id == account_id)).scalar()
    return str(cause.get("pattern")) if isinstance(cause, dict) else None
