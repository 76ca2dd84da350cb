"""Answers of Meta that no pattern explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import posts, unknown_answers

MOST = 200


@dataclass(frozen=True, slots=True)
class UnknownAnswerRow:
    """``shape`` stands for all answers alike; times are epoch seconds."""

    shape: str
    count: int
    first_at: float
    last_at: float
    sample: Any
    post_id: str | None


_COLUMNS = [unknown_answers.c[field.name] for field in fields(UnknownAnswerRow)]


def count(conn: sa.Connection) -> int:
    """How many shapes there are, whoever met them."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(unknown_answers)).scalar_one())


def of_workspace(conn: sa.Connection, workspace_id: str) -> Sequence[UnknownAnswerRow]:
    """What this workspace's posts met, the most frequent first."""
    query = (
        sa.select(*_COLUMNS)
        .join(posts, posts.c.id == unknown_answers.c.post_id)
        .where(posts.c.workspace_id == workspace_id)
        .order_by(unknown_answers.c.count.desc(), unknown_answers.c.shape)
        .limit(MOST)
    )
    return [UnknownAnswerRow(**row) for row in conn.execute(query).mappings()]


def note(conn: sa.Connection, shape: str, sample: Any, post_id: str, *, now: float) -> None:
    """One more answer of this shape (at most 255 characters); the first of its kind is kept as the sample."""
    u = unknown_answers
    done = conn.execute(sa.update(u).where(u.c.shape == shape).values(count=u.c.count + 1, last_at=now))
    if done.rowcount == 0:
        conn.execute(
            sa.insert(u).values(shape=shape, count=1, first_at=now, last_at=now, sample=sample, post_id=post_id)
        )
