"""Accounts as they are stored, without their tokens' text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import accounts


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account; times are epoch seconds. ``token_enc`` is ciphertext, ``None`` when no token is stored."""

    id: str
    workspace_id: str
    threads_user_id: str
    username: str
    name: str
    picture_url: str | None
    app_id: str
    token_enc: bytes | None
    token_expires_at: float | None
    grant_expires_at: float | None
    scopes: list[str]
    health: str
    health_cause: Mapping[str, Any] | None
    health_at: float | None
    checked_at: float | None
    refresh_next_at: float | None
    paused: bool
    quota: Mapping[str, Any]
    quota_until: float | None
    created_at: float
    updated_at: float
    disconnected_at: float | None

    @property
    def connected(self) -> bool:
        return self.token_enc is not None and self.disconnected_at is None


_COLUMNS = [accounts.c[field.name] for field in fields(AccountRow)]


def find(conn: sa.Connection, workspace_id: str, account_id: str) -> AccountRow | None:
    """The account with this id, if it is one of the workspace."""
    query = sa.select(*_COLUMNS).where(accounts.c.id == account_id, accounts.c.workspace_id == workspace_id)
    row = conn.execute(query).mappings().first()
    return AccountRow(**row) if row else None


def listing(conn: sa.Connection, workspace_id: str, disconnected: bool = False) -> list[AccountRow]:
    """The workspace's accounts by name; ``disconnected``: also those that were disconnected."""
    query = sa.select(*_COLUMNS).where(accounts.c.workspace_id == workspace_id)
    if not disconnected:
        query = query.where(accounts.c.disconnected_at.is_(None))
    return [AccountRow(**row) for row in conn.execute(query.order_by(accounts.c.username, accounts.c.id)).mappings()]
