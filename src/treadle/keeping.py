"""The jobs of the house: what every room wants done now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from treadle.accounts import risk
from treadle.accounts.alerts import send_due
from treadle.accounts.delivering import Postman, deliver_due
from treadle.accounts.reading import read_quiet_accounts
from treadle.accounts.refresh import refresh_due
from treadle.accounts.retention import prune as prune_accounts
from treadle.media.addresses import guarded_session
from treadle.publishing import addresses, keeping_media, rechecking, retention
from treadle.publishing.house import House
from treadle.publishing.housekeeping import Job

if TYPE_CHECKING:
    from treadle.app import App


log = structlog.get_logger("treadle.housekeeping")


class Beside:
    """Runs jobs that wait for other people's servers beside the rest, each one at most once at a time.

    A receiver that takes its time must not keep blockers from being rechecked.
    """

    PATIENCE_S = 2.0

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Start ``work`` unless it is still under way; wait for it a moment, so that a quick one is simply done."""
        task = self._running.get(name)
        if task is not None and not task.done():
            work.close()
            return
        if task is not None and not task.cancelled() and (error := task.exception()) is not None:
            log.error("job.failed", job=name, error=type(error).__name__)
        task = self._running[name] = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task}, timeout=self.PATIENCE_S)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done():
            del self._running[name]
            await task  # raises what went wrong, to be logged as the job's


async def _deliver(app: App) -> None:
    """Send the webhooks that are due, to public addresses only."""
    settings = app.settings
    async with guarded_session(settings.allow_private_media_hosts) as session:
        postman = Postman(app.db, app.vault, session, now=app.now, scale=settings.time_scale)
        await deliver_due(postman)


def jobs_of(app: App) -> list[Job]:
    """Every job, the frequent ones first."""

    async def recheck(house: House) -> None:
        await rechecking.recheck_due(house, house.releaser)

    async def free(house: House) -> None:
        await house.db.run(lambda conn: house.releaser.free_loose(conn, now=house.now()))

    async def prune(house: House) -> None:
        await retention.prune(house.db, house.settings, house.now(), app.enqueue.forget)
        await house.db.run(lambda conn: prune_accounts(conn, now=house.now(), keep_s=house.settings.retention_s))

    beside = Beside()

    async def refresh(house: House) -> None:
        if house.accounts is not None:
            await beside.run("refresh", refresh_due(house.accounts))

    async def read_quiet(house: House) -> None:
        if house.accounts is not None:
            await beside.run("read_quiet", read_quiet_accounts(house.accounts))

    async def deliver(house: House) -> None:
        await beside.run("deliver", _deliver(app))

    async def read_addresses(house: House) -> None:
        await beside.run("read_addresses", addresses.read_missing(house))

    async def alert(house: House) -> None:
        await beside.run("alert", send_due(app.db, app.vault, app.settings, now=app.now()))

    async def at_risk(house: House) -> None:
        await app.db.run(lambda conn: risk.warn(conn, now=app.now()))

    async def media(house: House) -> None:
        await beside.run("media", keeping_media.clean_up(house.db, await house.media(), house.now()))

    return [
        Job("recheck", 10.0, recheck),
        Job("deliver_webhooks", 2.0, deliver),
        Job("send_alerts", 15.0, alert),
        Job("free_loose", 60.0, free),
        Job("read_addresses", 300.0, read_addresses),
        Job("refresh_tokens", 300.0, refresh),
        Job("say_at_risk", 600.0, at_risk),
        Job("read_quiet_accounts", 3600.0, read_quiet),
        Job("prune", max(60.0, 3600.0 * app.settings.time_scale), prune, scaled=False),
        Job("clean_up_media", 3600.0, media, scaled=False),
    ]
