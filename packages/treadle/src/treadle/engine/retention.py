"""Keeping the database from growing for ever: old timelines, finished runs, used-up keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.engine.dbos_queue import finished_runs
from treadle.settings import Settings
from treadle.store import Database
from treadle.store.tables import changes, events, idempotency, jobs, login_attempts, posts, workers

BATCH = 500
IDEMPOTENCY_S = 30 * 86_400.0
CHANGES_S = 14 * 86_400.0
WORKERS_S = 86_400.0
RUNS_S = 3600.0  # finished runs of DBOS: nothing reads them
RUNS_AT_LEAST_S = 60.0


async def prune(db: Database, settings: Settings, now: float, forget_runs: Callable[[list[str]], None]) -> None:
    """Delete in small batches, so that nobody waits long for the database.

    ``forget_runs`` deletes finished runs by their DBOS ids, with everything DBOS keeps of them.
    """
    while await db.run(_timelines, now - settings.retention_s, now):
        pass
    ended_before = now - max(RUNS_AT_LEAST_S, RUNS_S * settings.time_scale)
    while ids := await db.query(finished_runs, ended_before, BATCH):
        await asyncio.to_thread(forget_runs, ids)
    await db.run(_leftovers, now)


def _timelines(conn: sa.Connection, before: float, now: float) -> bool:
    """Timelines of posts that were final before then; the posts themselves stay."""
    ids = list(
        conn.execute(
            sa.select(posts.c.id)
            .where(posts.c.state.in_(FINAL), posts.c.updated_at < before, posts.c.pruned_at.is_(None))
            .limit(BATCH)
        ).scalars()
    )
    if not ids:
        return False
    conn.execute(sa.delete(events).where(events.c.post_id.in_(ids)))
    conn.execute(sa.update(posts).where(posts.c.id.in_(ids)).values(pruned_at=now))
    return len(ids) == BATCH


def _leftovers(conn: sa.Connection, now: float) -> None:
    conn.execute(sa.delete(idempotency).where(idempotency.c.created_at < now - IDEMPOTENCY_S))
    conn.execute(sa.delete(changes).where(changes.c.at < now - CHANGES_S))
    conn.execute(sa.delete(login_attempts).where(login_attempts.c.at < now - 86_400.0))
    conn.execute(sa.delete(workers).where(workers.c.state == "gone", workers.c.expires_at < now - WORKERS_S))
    conn.execute(sa.delete(jobs).where(jobs.c.next_at < now - 30 * 86_400.0))
