"""How long media are kept: as long as a post may still need them, then a set time more.

Threads fetches a file when its container is made, and a post may be rebuilt, retried or edited, so nothing that an
unfinished post names is ever removed.
"""

from __future__ import annotations

from treadle.domain.states import FINAL
from treadle.media.service import MediaService
from treadle.store import Connection, Database, files
from treadle.store.isolation import apart

AFTER_S = 7 * 86_400.0  # of a copy or repair made for one post, after that is finished
USED_S = 90 * 86_400.0  # of an upload, after the last post that names it is finished: a library is used again
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
    kept = await db.query(files.all_ids)
    return len(gone) + await service.clean_up(older_than_s=UNUSED_S, keep_ids=kept)


def _over(conn: Connection, now: float, after: tuple[float, str]) -> tuple[list[str], tuple[float, str] | None]:
    """Some of those whose time is over, and where to go on: many that are still needed keep no others from it."""
    old = files.over(conn, after, expired=now, made_before=now - AFTER_S, limit=BATCH)
    gone = []
    for row in old:
        named = files.posts_that_name(conn, row.id)
        # A failed post may be tried again by a person, for as long as its files are kept.
        needed = any(post.state not in FINAL for post in named)
        finished_at = max((post.updated_at for post in named), default=None)
        kept_s = USED_S if row.uploaded else AFTER_S
        if needed or (finished_at is not None and finished_at > now - kept_s):
            continue
        if finished_at is None and row.expires_at is None and row.created_at > now - UNUSED_S:
            continue
        gone.append(row.id)
    files.delete_all(conn, gone)
    return gone, (old[-1].created_at, old[-1].id) if len(old) == BATCH else None
