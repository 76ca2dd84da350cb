"""The jobs of the house: what every room wants done now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    return [Job("recheck", 10.0, recheck), Job("prune", 3600.0, prune, scaled=False)]
