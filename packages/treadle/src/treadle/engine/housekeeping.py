"""What has to happen now and then, once per worker and not once per worker.

A job's row says when it is due; whoever moves it forward by compare-and-set runs it. A worker that dies in the middle
has moved it already, so it runs again at the next turn: every job is written to be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, DatabaseError, jobs, why_away
from treadle.store.isolation import failures

log = structlog.get_logger("treadle.housekeeping")

LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """``every_s`` seconds (shrunk by the time scale when ``scaled``) between two turns of ``run``."""

    name: str
    every_s: float
    run: Callable[[WorkerContext], Awaitable[None]]
    scaled: bool = True


async def run_jobs(worker: WorkerContext, all_jobs: list[Job], stop: asyncio.Event) -> None:
    """Run due jobs until ``stop`` is set. A job that fails is logged and tried again at its next turn."""
    while not stop.is_set():
        for job in await _due(worker, all_jobs):
            if stop.is_set():
                return
            try:
                if await worker.db.run(_mine, job, worker):
                    await job.run(worker)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if away := why_away(error):
                    log.warning("job.waits_for_database", job=job.name, error=away)
                else:
                    log.exception("job.failed", job=job.name)
                    failures.add(job.name)
        if counted := failures.take():
            with suppress(DatabaseError):
                await worker.db.run(_count, counted)
        try:
            await asyncio.wait_for(stop.wait(), max(0.2, worker.scaled(LOOK_S)))
        except TimeoutError:
            continue


def _count(conn: Connection, counted: dict[str, int]) -> None:
    """Write down how many items failed, for ``treadle_job_failures_total``."""
    for name, more in counted.items():
        known = jobs.note(conn, name) or {}
        jobs.set_note(conn, name, {**known, "failed_items": int(known.get("failed_items", 0)) + more})


async def _due(worker: WorkerContext, all_jobs: list[Job]) -> list[Job]:
    """Those that may be due, by one read for all of them; :func:`_mine` decides."""
    try:
        times = await worker.db.query(jobs.times)
    except DatabaseError as error:
        log.warning("jobs.unread", error=why_away(error) or str(error)[:200])
        return []
    now = worker.now()
    return [job for job in all_jobs if not now < times.get(job.name, now) <= now + 2 * _every(job, worker)]


def _every(job: Job, worker: WorkerContext) -> float:
    return max(0.2, worker.scaled(job.every_s)) if job.scaled else job.every_s


def _mine(conn: Connection, job: Job, worker: WorkerContext) -> bool:
    now = worker.now()
    every = _every(job, worker)
    next_at, me = jobs.next_at(conn, job.name), worker.lease.worker
    if next_at is None:
        return jobs.insert_once(conn, job.name, next_at=now + every, by=me)
    if next_at > now and next_at - now <= 2 * every:  # further ahead: the clock jumped back
        return False
    return jobs.take(conn, job.name, was=next_at, next_at=now + every, by=me, now=now)
