"""Deleting what is over, in batches. Times are epoch seconds."""

from __future__ import annotations

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.store.tables import events, idempotency, posts


def delete_timelines(conn: sa.Connection, before: float, *, now: float, limit: int) -> bool:
    """Delete timelines of posts that were final before then; the posts stay. Whether there may be more."""
    over = (posts.c.state.in_(FINAL), posts.c.updated_at < before, posts.c.pruned_at.is_(None))
    ids = list(conn.execute(sa.select(posts.c.id).where(*over).limit(limit)).scalars())
    if not ids:
        return False
    conn.execute(sa.delete(events).where(events.c.post_id.in_(ids)))
    conn.execute(sa.update(posts).where(posts.c.id.in_(ids)).values(pruned_at=now))
    return len(ids) == limit


def delete_idempotency_keys(conn: sa.Connection, before: float) -> None:
    conn.execute(sa.delete(idempotency).where(idempotency.c.created_at < before))
