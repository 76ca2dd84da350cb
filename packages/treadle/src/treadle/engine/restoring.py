"""After a restore from backup nothing is sent on trust.

A database that was put back knows nothing of what went out since the backup was made. Each worker keeps, beside the
database, when it last wrote to it; when the database itself says that its last worker was seen well before that, it has
gone back in time. Posts that were due since then are looked for on Threads before anything is sent.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import sqlalchemy as sa

from treadle import private
from treadle.domain.states import FINAL
from treadle.store.tables import parts, posts, workers

STAMP = "last-seen"
SLACK_S = 120.0


def remember(folder: Path, at: float) -> None:
    """Note beside the database when it was last written to. Losing this note costs only the detection."""
    with contextlib.suppress(OSError):
        private.write_note(folder / STAMP, f"{at:.3f}\n")


def went_back(conn: sa.Connection, folder: Path) -> float | None:
    """When the database's own memory ends, if it ends well before what was noted beside it; else ``None``."""
    try:
        noted = float((folder / STAMP).read_text())
    except (OSError, ValueError):
        return None
    last = conn.execute(sa.select(sa.func.max(workers.c.seen_at))).scalar()
    return float(last) if last is not None and last < noted - SLACK_S else None


def distrust(conn: sa.Connection, since: float, now: float) -> int:
    """Mark every unsent part of posts that were due since the backup: looked for before sent. How many were marked."""
    due = sa.select(posts.c.id).where(posts.c.state.not_in(FINAL), posts.c.due_at <= now)
    rows = conn.execute(
        sa.select(parts.c.id, parts.c.checks).where(
            parts.c.post_id.in_(due), parts.c.published_at.is_(None), parts.c.intent == "none"
        )
    ).all()
    for row in rows:
        conn.execute(
            sa.update(parts).where(parts.c.id == row.id).values(checks={**(row.checks or {}), "restored": since})
        )
    return len(rows)
