"""One tenant's rows must not stop a job that works for all of them.

A shared job takes its items one by one under :func:`apart`, or some at a time by :func:`each_apart`: what fails is
logged with the item's id, counted for ``treadle_job_failures_total`` and left out, and the next item follows. Only a
database that is away ends the whole turn, because then no item can be worked on.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from treadle.store.database import why_away

log = structlog.get_logger("treadle.housekeeping")


class Failures:
    """How many items of each job failed in this process since somebody last wrote it down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, job: str) -> None:
        with self._lock:
            self._counts[job] += 1

    def take(self) -> dict[str, int]:
        """The counts, which begin at zero after that."""
        with self._lock:
            taken, self._counts = dict(self._counts), Counter()
        return taken


failures = Failures()


@dataclass(slots=True)
class Outcome:
    """``failed`` once the block has ended by an error."""

    failed: bool = False


@contextmanager
def apart(job: str, item: object, conn: sa.Connection | None = None) -> Iterator[Outcome]:
    """Work on one ``item`` of ``job``; an error of its own ends with the block. With ``conn`` its writes are undone."""
    outcome = Outcome()
    try:
        if conn is None:
            yield outcome
        else:
            with conn.begin_nested():
                yield outcome
    except Exception as error:
        if why_away(error):
            raise
        outcome.failed = True
        failures.add(job)
        log.exception("job.item_failed", job=job, item=str(item)[:100], error=type(error).__name__)


async def each_apart(
    job: str,
    items: Iterable[str],
    work: Callable[[str], Awaitable[object]],
    put_off: Callable[[str], Awaitable[object]],
    *,
    at_once: int,
) -> None:
    """``work`` on each of ``items``, ``at_once`` at a time. One that failed is ``put_off``, so that it is not in the
    way of the others at the next turn."""
    places = asyncio.Semaphore(at_once)

    async def one(item: str) -> None:
        async with places:
            with apart(job, item) as outcome:
                await work(item)
            if outcome.failed:
                with apart(job, item):
                    await put_off(item)

    await asyncio.gather(*(one(item) for item in items))
