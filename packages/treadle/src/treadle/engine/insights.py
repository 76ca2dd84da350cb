"""Reading what Threads counts of published posts: a background job of its own, bounded, beside everything else.

Each turn reads a few parts of a few accounts, those that wait longest first. Whatever an answer is, nothing but the
reading of figures waits for it, with one exception: a limit that Threads reports holds for all calls of the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from treadle.domain.insights import (
    FIRST_S,
    LANE_REST_S,
    LAST_S,
    METRICS,
    MOST_MISSES,
    REFUSED_REST_S,
    day_of,
    may_be_read,
    next_read,
    numbers_of,
)
from treadle.domain.run_state import AccountView
from treadle.engine.calling import Ask, Called, Failed, call
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, accounts, insights
from treadle.store.insights import DueRead
from treadle.store.isolation import apart, each_apart
from treadle_diagnosis.types import Diagnosis
from treadle_threads.values import Metric

log = structlog.get_logger("treadle.insights")

JOB: Final = "read_insights"
ACCOUNTS: Final = 20  # in one turn
OF_ONE: Final = 5  # parts of one account in one turn
AT_ONCE: Final = 4
ADOPTED: Final = 500
GONE: Final = frozenset({"resource_gone"})


@dataclass(frozen=True, slots=True)
class FigureRead:
    """``went_on``: whether the account's next part may be asked for; ``cause``: why a read failed."""

    went_on: bool
    cause: Diagnosis | None = None


async def read_due(worker: WorkerContext) -> None:
    """The housekeeping job."""
    now = worker.now()
    if worker.poll_budget.spent(now):
        return
    await worker.db.run(_adopt, now)

    async def rest(account_id: str) -> None:
        await worker.db.run(_rest, account_id, LANE_REST_S, None, worker.now())

    due = await worker.db.query(_accounts_due, now)
    await each_apart(JOB, due, lambda account_id: _read_account(worker, account_id), rest, at_once=AT_ONCE)


def _adopt(conn: Connection, now: float) -> None:
    insights.adopt(conn, since=now - LAST_S, first_s=FIRST_S, limit=ADOPTED)


def _accounts_due(conn: Connection, now: float) -> list[str]:
    return insights.accounts_due(conn, now, limit=ACCOUNTS)


def _rest(conn: Connection, account_id: str, rest_s: float, cause: Diagnosis | None, now: float) -> None:
    insights.rest(conn, account_id, now + rest_s, cause.to_json() if cause else None, now=now)


async def _read_account(worker: WorkerContext, account_id: str) -> None:
    account = await worker.db.query(accounts.view_of, account_id)
    if not may_be_read(account.scopes):
        await worker.db.run(_rest, account_id, REFUSED_REST_S, None, worker.now())
        return
    if not worker.opens(account):
        await worker.db.run(_rest, account_id, LANE_REST_S, None, worker.now())
        return
    due = await worker.db.query(_due, account_id, worker.now())
    for part in due:
        reading = FigureRead(True)
        with apart(JOB, part.part_id) as outcome:
            reading = await read_part(worker, account, part)
        if outcome.failed:
            with apart(JOB, part.part_id):
                await worker.db.run(_later, part, worker.now() + LANE_REST_S)
        if not reading.went_on or worker.poll_budget.spent(worker.now()):
            return


def _due(conn: Connection, account_id: str, now: float) -> list[DueRead]:
    return insights.due(conn, account_id, now, limit=OF_ONE)


def _later(conn: Connection, part: DueRead, next_at: float) -> None:
    insights.plan(conn, part.part_id, next_at, misses=part.misses)


async def read_part(worker: WorkerContext, account: AccountView, part: DueRead) -> FigureRead:
    """Read the figures of one part now and keep them."""
    what, wanted = "Read insights", ",".join(METRICS)
    ask: Ask[tuple[Metric, ...]] = Ask(
        what, "verify", "read", lambda client: client.media_insights(part.threads_id, wanted),
        diagnosed_at="read", proves=False,
    )  # fmt: skip
    called = await call(worker, account, ask)
    chance = worker.random01()
    return await worker.db.run(_kept, account, part, called, worker.now(), chance)


def _kept(
    conn: Connection,
    account: AccountView,
    part: DueRead,
    called: Called[tuple[Metric, ...]],
    now: float,
    chance: float,
) -> FigureRead:
    wait_s = called.note.wait_s
    if wait_s is not None:
        accounts.hold_until(conn, account.id, now + wait_s)
    if not isinstance(called, Failed):
        numbers = numbers_of(called.value)
        if numbers.known:
            insights.keep(conn, part, day_of(now), numbers, now=now)
        insights.plan(conn, part.part_id, next_read(part.published_at, now, chance), misses=0, read_at=now)
        insights.end_rest(conn, account.id)
        return FigureRead(wait_s is None)
    cause = called.diagnosis
    if cause.lane in GONE or cause.pattern == "object_not_found":
        misses = part.misses + 1
        again = next_read(part.published_at, now, chance) if misses < MOST_MISSES else None
        insights.plan(conn, part.part_id, again, misses=misses)
        return FigureRead(True, cause)
    if cause.lane == "permission_app_review":
        known = insights.rest_of(conn, account.id)
        if known is None or known.cause is None:
            log.warning("insights.refused", account=account.id, pattern=cause.pattern)
        _rest(conn, account.id, REFUSED_REST_S, cause, now)
        return FigureRead(False, cause)
    _rest(conn, account.id, max(LANE_REST_S, wait_s or 0.0), None, now)
    return FigureRead(False, cause)
