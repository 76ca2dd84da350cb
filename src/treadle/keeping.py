"""The jobs of the house: what every room wants done now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.accounts.reading import read_quiet_accounts
from treadle.accounts.refresh import refresh_due
from treadle.publishing import rechecking, retention
from treadle.publishing.house import House
from treadle.publishing.housekeeping import Job

if TYPE_CHECKING:
    from treadle.app import App


def jobs_of(app: App) -> list[Job]:
    """Every job, the frequent ones first."""

    async def recheck(house: House) -> None:
        await rechecking.recheck_due(house, house.releaser)

    async def prune(house: House) -> None:
        await retention.prune(house.db, house.settings, house.now(), app.enqueue.forget)

    async def refresh(house: House) -> None:
        if house.accounts is not None:
            await refresh_due(house.accounts)

    async def read_quiet(house: House) -> None:
        if house.accounts is not None:
            await read_quiet_accounts(house.accounts)

    return [
        Job("recheck", 10.0, recheck),
        Job("refresh_tokens", 300.0, refresh),
        Job("read_quiet_accounts", 3600.0, read_quiet),
        Job("prune", 3600.0, prune, scaled=False),
    ]
