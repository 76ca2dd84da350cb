"""Comments on posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import comments


@dataclass(frozen=True, slots=True)
class CommentRow:
    """``author`` as in a post's ``created_by``; ``at`` is epoch seconds."""

    id: int
    author: str
    text: str
    at: float


def insert(conn: sa.Connection, workspace_id: str, post_id: str, *, author: str, text: str, now: float) -> int:
    """The id of the new comment."""
    row = {"workspace_id": workspace_id, "post_id": post_id, "author": author, "text": text, "at": now}
    return int(statements.insert_returning(conn, comments, row))


def of_post(conn: sa.Connection, workspace_id: str, post_id: str, *, limit: int) -> Sequence[CommentRow]:
    """The newest ``limit`` comments of a post, oldest first."""
    query = sa.select(comments.c.id, comments.c.author, comments.c.text, comments.c.at).where(
        comments.c.workspace_id == workspace_id, comments.c.post_id == post_id
    )
    rows = conn.execute(query.order_by(comments.c.id.desc()).limit(limit)).all()
    return [CommentRow(*row) for row in reversed(rows)]
