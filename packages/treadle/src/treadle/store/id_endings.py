"""Ids by their ends, as people type them."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from treadle.store import tables

Kind = Literal["post", "media", "webhook", "delivery", "key", "blocker"]
_TABLES: dict[Kind, sa.Table] = {
    "post": tables.posts,
    "media": tables.media,
    "webhook": tables.webhooks,
    "delivery": tables.webhook_deliveries,
    "key": tables.api_keys,
    "blocker": tables.blockers,
}


def ids_ending(conn: sa.Connection, workspace_id: str, kind: Kind, ending: str) -> list[str]:
    """Ids of this kind in a workspace that have this end; two of them at most, which is one too many to choose.

    Blockers of the app and of the platform belong to no workspace, and are found from each.
    """
    table = _TABLES[kind]
    mine = table.c.workspace_id == workspace_id
    if kind == "blocker":
        mine = sa.or_(mine, table.c.workspace_id.is_(None))
    query = sa.select(table.c.id).where(mine, table.c.id.endswith(ending, autoescape=True)).limit(2)
    return list(conn.execute(query).scalars())
