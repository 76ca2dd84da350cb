"""Keeping the database from growing for ever: old timelines, finished runs, used-up keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from treadle.settings import Settings
from treadle.store import Connection, Database, feed, jobs, kept_answers, retention, runs, users, workers

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
    while await db.run(retention.delete_timelines, now - settings.retention_s, now=now, limit=BATCH):
        pass
    ended_before = now - max(RUNS_AT_LEAST_S, RUNS_S * settings.time_scale)
    while ids := await db.query(runs.finished, ended_before, limit=BATCH):
        await asyncio.to_thread(forget_runs, ids)
    await db.run(_leftovers, now)


def _leftovers(conn: Connection, now: float) -> None:
    retention.delete_idempotency_keys(conn, now - IDEMPOTENCY_S)
    kept_answers.delete_before(conn, now - 86_400.0)
    feed.delete(conn, before=now - CHANGES_S)
    users.delete_attempts(conn, before=now - 86_400.0)
    workers.delete_gone(conn, now - WORKERS_S)
    jobs.delete_before(conn, now - 30 * 86_400.0)
