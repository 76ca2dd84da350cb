"""A database with a workspace and accounts in it, without the way through Meta's window."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from treadle.ids import new_id
from treadle.store import Database
from treadle.store.tables import accounts, workspaces

WORKSPACE = "wsp_bench"


def seed(database: Database, users: list[dict[str, Any]], encrypt: Any = None) -> list[str]:
    """Store a workspace and one account for each of ``users`` (``id``, ``username``, ``access_token``); their ids."""
    now = time.time()
    ids = [new_id("account", now) for _ in users]
    with database.begin() as conn:
        if conn.execute(sa.select(workspaces.c.id).where(workspaces.c.id == WORKSPACE)).first() is None:
            conn.execute(sa.insert(workspaces).values(id=WORKSPACE, name="Bench", created_at=now, options={}))
        conn.execute(
            sa.insert(accounts),
            [
                {
                    "id": account_id,
                    "workspace_id": WORKSPACE,
                    "threads_user_id": str(user["id"]),
                    "username": user.get("username", ""),
                    "token_enc": encrypt(user["access_token"]) if encrypt else None,
                    "token_issued_at": now,
                    "token_expires_at": now + 5_000_000,
                    "scopes": ["threads_basic", "threads_content_publish", "threads_manage_replies"],
                    "created_at": now,
                    "updated_at": now,
                }
                for account_id, user in zip(ids, users, strict=True)
            ],
        )
    return ids
