"""The jobs of the worker: what every package wants done now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from treadle.accounts import risk
from treadle.accounts.reading import read_quiet_accounts
from treadle.accounts.refresh import refresh_due
from treadle.accounts.retention import prune as prune_accounts
from treadle.accounts.unreadable import JOB as CHECK_TOKENS
from treadle.accounts.unreadable import check_stored_tokens
from treadle.engine import addresses, insights, keeping_media, rechecking, retention
from treadle.engine.heartbeat import EVERY_S, beat
from treadle.engine.housekeeping import Job
from treadle.engine.worker_context import WorkerContext
from treadle.notify import digest
from treadle.notify.alerts import send_due
from treadle.notify.delivering import DeliveryWorker, deliver_workspace
from treadle.notify.webhooks import fan_out
from treadle.settings import Settings
from treadle.store import deliveries
from treadle.store.isolation import apart
from treadle.vault import Vault
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

LANES = 64  # workspaces whose webhooks are delivered at the same time
log = structlog.get_logger("treadle.housekeeping")


class BackgroundJobs:
    """Runs jobs that wait for other people's servers beside the rest, each one at most once at a time.

    A receiver that takes its time must not keep blockers from being rechecked.
    """

    PATIENCE_S = 2.0

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Start ``work`` unless it is still under way; wait for it a moment, so that a quick one is simply done."""
        await self.run_all({name: work})

    async def run_all(self, works: Mapping[str, Coroutine[Any, Any, Any]]) -> None:
        """The same for several at once, each with a name of its own: one that is slow delays none of the others."""
        started = {name: task for name, work in works.items() if (task := self._start(name, work)) is not None}
        if not started:
            return
        try:
            await asyncio.wait(started.values(), timeout=self.PATIENCE_S)
        except asyncio.CancelledError:
            for task in started.values():
                task.cancel()
            raise
        done = [self._running.pop(name) for name, task in started.items() if task.done()]
        for task in done:
            await task  # raises what went wrong, to be logged as the job's

    def busy(self, name: str) -> bool:
        task = self._running.get(name)
        return task is not None and not task.done()

    def _start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        task = self._running.get(name)
        if task is not None and not task.done():
            work.close()
            return None
        if task is not None and not task.cancelled() and (error := task.exception()) is not None:
            log.error("job.failed", job=name, error=type(error).__name__)
        self._running[name] = asyncio.ensure_future(work)
        return self._running[name]


async def _deliver(worker: WorkerContext, vault: Vault, workspace_id: str) -> None:
    """Send the webhooks of one workspace that are due, to public addresses only."""
    async with guarded_session(Trust.of_media(worker.settings.allow_private_media_hosts)) as session:
        deliveries = DeliveryWorker(worker.db, vault, session, now=worker.now, scale=worker.scale)
        await deliver_workspace(deliveries, workspace_id)


def jobs_of(settings: Settings, vault: Vault, forget: Callable[[list[str]], None]) -> list[Job]:
    """Every job, the frequent ones first. ``forget`` deletes finished runs by their ids."""

    async def free(worker: WorkerContext) -> None:
        while await worker.db.run(lambda conn: worker.releaser.free_loose(conn, now=worker.now())):
            pass  # some at a time, so that other writers get their turn

    async def prune(worker: WorkerContext) -> None:
        with apart("prune", "posts"):
            await retention.prune(worker.db, worker.settings, worker.now(), forget)
        with apart("prune", "accounts"):
            await worker.db.run(lambda conn: prune_accounts(conn, now=worker.now(), keep_s=worker.settings.retention_s))

    background = BackgroundJobs()

    async def recheck(worker: WorkerContext) -> None:
        await background.run("recheck", rechecking.recheck_due(worker, worker.releaser))

    async def refresh(worker: WorkerContext) -> None:
        if worker.accounts is not None:
            await background.run("refresh", refresh_due(worker.accounts))

    async def check_tokens(worker: WorkerContext) -> None:
        if worker.accounts is not None:
            await check_stored_tokens(worker.accounts)

    async def read_quiet(worker: WorkerContext) -> None:
        if worker.accounts is not None:
            await background.run("read_quiet", read_quiet_accounts(worker.accounts))

    async def deliver(worker: WorkerContext) -> None:
        await worker.db.run(lambda conn: fan_out(conn, now=worker.now()))
        waiting = await worker.db.query(deliveries.workspaces_due, worker.now())
        idle = [id_ for id_ in waiting if not background.busy(f"deliver {id_}")]
        await background.run_all({f"deliver {id_}": _deliver(worker, vault, id_) for id_ in idle[:LANES]})

    async def read_addresses(worker: WorkerContext) -> None:
        await background.run("read_addresses", addresses.read_missing(worker))

    async def read_insights(worker: WorkerContext) -> None:
        await background.run("read_insights", insights.read_due(worker))

    async def alert(worker: WorkerContext) -> None:
        await background.run("alert", send_due(worker.db, vault, worker.settings, now=worker.now()))
        await background.run("digest", digest.send_due(worker.db, vault, worker.settings, now=worker.now()))

    async def at_risk(worker: WorkerContext) -> None:
        await worker.db.run(lambda conn: risk.warn(conn, now=worker.now()))

    async def media(worker: WorkerContext) -> None:
        await background.run("media", keeping_media.clean_up(worker.db, await worker.media(), worker.now()))

    async def heartbeat(worker: WorkerContext) -> None:
        await background.run("heartbeat", beat(worker))

    return [
        Job("heartbeat", EVERY_S, heartbeat),
        Job("recheck", 10.0, recheck),
        Job("deliver_webhooks", 2.0, deliver),
        Job("send_alerts", 15.0, alert),
        Job("free_loose", 10.0, free),
        Job("read_addresses", 300.0, read_addresses),
        Job(insights.JOB, 300.0, read_insights),
        Job(CHECK_TOKENS, 300.0, check_tokens),
        Job("refresh_tokens", 300.0, refresh),
        Job("say_at_risk", 600.0, at_risk),
        Job("read_quiet_accounts", 3600.0, read_quiet),
        Job("prune", max(60.0, 3600.0 * settings.time_scale), prune, scaled=False),
        Job("clean_up_media", 3600.0, media, scaled=False),
    ]
