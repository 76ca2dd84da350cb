"""After a restore from backup nothing is sent on trust.

A database that was put back knows nothing of what went out since the backup was made. Each worker keeps, beside the
database, when it last wrote to it; when the database itself says that its last worker was seen well before that, it has
gone back in time. Posts that were due since then are looked for on Threads before anything is sent.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from treadle import private
from treadle.domain.progress import PartProgress
from treadle.domain.run_state import PartUpdate
from treadle.store import Connection, posts, runs, workers

STAMP = "last-seen"
SLACK_S = 120.0


def remember(folder: Path, at: float) -> None:
    """Note beside the database when it was last written to. Losing this note costs only the detection."""
    with contextlib.suppress(OSError):
        private.write_note(folder / STAMP, f"{at:.3f}\n")


def went_back(conn: Connection, folder: Path) -> float | None:
    """When the database's own memory ends, if it ends well before what was noted beside it; else ``None``."""
    try:
        noted = float((folder / STAMP).read_text())
    except (OSError, ValueError):
        return None
    last = workers.last_seen(conn)
    return last if last is not None and last < noted - SLACK_S else None


def distrust(conn: Connection, since: float, now: float) -> int:
    """Mark every unsent part of posts that were due since the backup: looked for before sent. How many were marked."""
    rows = posts.unsent_due(conn, now)
    for row in rows:
        progress = replace(PartProgress.from_json(row.checks), restored=since)
        runs.update_part(conn, row.id, PartUpdate(progress=progress))
    return len(rows)
