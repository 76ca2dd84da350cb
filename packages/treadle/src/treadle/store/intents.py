"""The intent to publish, written before the call, and what is looked at in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import accounts, parts, posts, workspaces

_PAUSED = (
    sa.select(sa.or_(accounts.c.paused, workspaces.c.paused))
    .join_from(accounts, workspaces, workspaces.c.id == accounts.c.workspace_id)
    .where(accounts.c.id == sa.bindparam("id"))
)


def keep_claim(conn: sa.Connection, post_id: str, claim: int, *, now: float) -> bool:
    """Note that the claim is still used; false when somebody else has claimed the post."""
    return statements.update(conn, posts, {"claimed_at": now}, id=post_id, claim=claim) == 1


def is_paused(conn: sa.Connection, account_id: str) -> bool:
    """Whether the account or its workspace is paused."""
    return bool(conn.execute(_PAUSED, {"id": account_id}).scalar_one())


def record(conn: sa.Connection, part_id: str, columns: Mapping[str, Any]) -> bool:
    """Write the intent by compare-and-set; false when there is one already."""
    return statements.update(conn, parts, columns, id=part_id, intent="none") == 1
