"""The jobs of the house: what every room wants done now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from treadle.accounts import risk
from treadle.accounts.alerts import send_due
from treadle.accounts.delivering import Postman, deliver_due
from treadle.accounts.reading import read_quiet_accounts
from treadle.accounts.refresh import refresh_due
from treadle.accounts.retention import prune as prune_accounts
from treadle.accounts.vault import Vault
from treadle.net.guard import Trust
from treadle.net.session import guarded_session
from treadle.publishing import addresses, keeping_media, rechecking, retention
from treadle.publishing.house import House
from treadle.publishing.housekeeping import Job
from treadle.settings import Settings

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


async def _deliver(house: House, vault: Vault) -> None:
    """Send the webhooks that are due, to public addresses only."""
    async with guarded_session(Trust.of_media(house.settings.allow_private_media_hosts)) as session:
        await deliver_due(Postman(house.db, vault, session, now=house.now, scale=house.scale))


def jobs_of(settings: Settings, vault: Vault, forget: Callable[[list[str]], None]) -> list[Job]:
    """Every job, the frequent ones first. ``forget`` deletes finished runs by their ids."""

    async def recheck(house: House) -> None:
        await rechecking.recheck_due(house, house.releaser)

    async def free(house: House) -> None:
        while await house.db.run(lambda conn: house.releaser.free_loose(conn, now=house.now())):
            pass  # some at a time, so that other writers get their turn

    async def prune(house: House) -> None:
        await retention.prune(house.db, house.settings, house.now(), forget)
        await house.db.run(lambda conn: prune_accounts(conn, now=house.now(), keep_s=house.settings.retention_s))

    beside = Beside()

    async def refresh(house: House) -> None:
        if house.accounts is not None:
            await beside.run("refresh", refresh_due(house.accounts))

    async def read_quiet(house: House) -> None:
        if house.accounts is not None:
            await beside.run("read_quiet", read_quiet_accounts(house.accounts))

    async def deliver(house: House) -> None:
        await beside.run("deliver", _deliver(house, vault))

    async def read_addresses(house: House) -> None:
        await beside.run("read_addresses", addresses.read_missing(house))

    async def alert(house: House) -> None:
        await beside.run("alert", send_due(house.db, vault, house.settings, now=house.now()))

    async def at_risk(house: House) -> None:
        await house.db.run(lambda conn: risk.warn(conn, now=house.now()))

    async def media(house: House) -> None:
        await beside.run("media", keeping_media.clean_up(house.db, await house.media(), house.now()))

    return [
        Job("recheck", 10.0, recheck),
        Job("deliver_webhooks", 2.0, deliver),
        Job("send_alerts", 15.0, alert),
        Job("free_loose", 10.0, free),
        Job("read_addresses", 300.0, read_addresses),
        Job("refresh_tokens", 300.0, refresh),
        Job("say_at_risk", 600.0, at_risk),
        Job("read_quiet_accounts", 3600.0, read_quiet),
        Job("prune", max(60.0, 3600.0 * settings.time_scale), prune, scaled=False),
        Job("clean_up_media", 3600.0, media, scaled=False),
    ]
