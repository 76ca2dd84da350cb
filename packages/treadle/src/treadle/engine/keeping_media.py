"""How long media are kept: as long as a post may still need them, then a set time more.

Threads fetches a file when its container is made, and a post may be rebuilt, retried or edited, so nothing that an
unfinished post names is ever removed.
"""

from __future__ import annotations

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.media.service import MediaService
from treadle.store import Database
from treadle.store.isolation import apart
from treadle.store.tables import media, parts, posts

AFTER_S = 7 * 86_400.0  # after its post is finished
UNUSED_S = 30 * 86_400.0  # of an upload that no post ever named
BATCH = 200
JOB = "clean_up_media"


async def clean_up(db: Database, service: MediaService, now: float) -> int:
    """Remove files whose time is over; returns how many."""
    gone: list[str] = []
    after: tuple[float, str] | None = (0.0, "")
    while after is not None:
        over, after = await db.run(_over, now, after)
        for media_id in over:
            with apart(JOB, media_id):
                await service.remove(media_id)
        gone += over
    kept = await db.query(lambda conn: set(conn.execute(sa.select(media.c.id)).scalars()))
    return len(gone) + await service.clean_up(older_than_s=UNUSED_S, keep_ids=kept)


def _over(conn: sa.Connection, now: float, after: tuple[float, str]) -> tuple[list[str], tuple[float, str] | None]:
    """Some of those whose time is over, and where to go on: many that are still needed keep no others from it."""
    old = conn.execute(
        sa.select(media.c.id, media.c.expires_at, media.c.created_at)
        .where(
            sa.or_(media.c.created_at > after[0], sa.and_(media.c.created_at == after[0], media.c.id > after[1])),
            sa.or_(
                media.c.expires_at <= now,
                sa.and_(media.c.expires_at.is_(None), media.c.created_at < now - UNUSED_S),
                sa.and_(media.c.expires_at.is_(None), media.c.created_at < now - AFTER_S),
            ),
        )
        .order_by(media.c.created_at, media.c.id)
        .limit(BATCH)
    ).all()
    gone = []
    for row in old:
        needed, finished_at = _need(conn, row.id)
        if needed or (finished_at is not None and finished_at > now - AFTER_S):
            continue
        if finished_at is None and row.expires_at is None and row.created_at > now - UNUSED_S:
            continue
        gone.append(row.id)
    conn.execute(sa.delete(media).where(media.c.id.in_(gone)))
    return gone, (old[-1].created_at, old[-1].id) if len(old) == BATCH else None


def _need(conn: sa.Connection, media_id: str) -> tuple[bool, float | None]:
    """(whether an unfinished post names it, when the last post that names it was finished)."""
    named = sa.or_(
        sa.cast(parts.c.body, sa.Text).contains(media_id, autoescape=True),
        sa.cast(parts.c.media_urls, sa.Text).contains(media_id, autoescape=True),
    )
    rows = conn.execute(
        sa.select(posts.c.state, posts.c.updated_at).join(parts, parts.c.post_id == posts.c.id).where(named)
    ).all()
    # A failed post may be tried again by a person, for as long as its files are kept.
    unfinished = any(row.state not in FINAL for row in rows)
    return unfinished, max((row.updated_at for row in rows), default=None)
