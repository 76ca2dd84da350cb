"""A post's rows as they are read to change them, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.domain.lateness import Timing
from treadle.store.tables import parts, posts


def locked(conn: sa.Connection, workspace_id: str, post_id: str) -> dict[str, Any] | None:
    """The post, kept from everybody else until the transaction ends; ``None``: this workspace has no such post."""
    where = (posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(posts).where(*where).with_for_update()).mappings().first()
    return dict(row) if row else None


def row_of(conn: sa.Connection, workspace_id: str, post_id: str) -> dict[str, Any] | None:
    """The post, to be looked at; ``None``: this workspace has no such post."""
    where = (posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(posts).where(*where)).mappings().first()
    return dict(row) if row else None


def parts_of(conn: sa.Connection, post_id: str) -> list[dict[str, Any]]:
    """Its parts in order."""
    rows = conn.execute(sa.select(parts).where(parts.c.post_id == post_id).order_by(parts.c.position)).mappings()
    return [dict(row) for row in rows]


def timing_of(row: Mapping[str, Any], post_parts: list[dict[str, Any]]) -> Timing:
    """What its lateness is judged by."""
    live = [part["published_at"] for part in post_parts if part["published_at"] is not None]
    return Timing(row["due_at"], row["max_lateness"], row["confirmed_at"], max(live, default=None))


def unsettled(post_parts: list[dict[str, Any]]) -> bool:
    """Whether a publish of one of them was sent and nobody knows yet whether it is out."""
    return any(part["intent"] == "sent" and part["published_at"] is None for part in post_parts)


def body_of(conn: sa.Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """The post as a request, as it would have to be sent to get what is stored."""
    bodies = [dict(part["body"]) for part in parts_of(conn, row["id"])]
    body: dict[str, Any] = {"account_id": row["account_id"], **bodies[0]}
    if len(bodies) > 1:
        body["replies"] = bodies[1:]
    if row["publish_at_text"]:
        body["publish_at"] = row["publish_at_text"]
    body["metadata"], body["labels"] = row["metadata"], row["labels"]
    return body
