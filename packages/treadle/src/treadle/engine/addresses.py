"""Ids and addresses of live posts that could not be read when they went out.

A post is published whether or not its address is known, so no run waits long for it. What was missing is read later,
now and then: once the token works again, or once Threads has caught up.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from treadle.domain.matching import which
from treadle.domain.progress import PartProgress
from treadle.domain.run_state import PartUpdate, PartView, part_view
from treadle.engine.calling import Called, Failed, call
from treadle.engine.checking import address_of
from treadle.engine.live_posts import claims, read_list, wanted
from treadle.engine.opening import open_met_by_reading
from treadle.engine.worker_context import WorkerContext
from treadle.store import Connection, IntegrityError, accounts, addresses, runs
from treadle.store.isolation import apart
from treadle.store.timeline import Note

JOB = "read_addresses"
TRIES = 6
FIRST_S = 300.0  # after the run gave up; doubled each time
BACK_S = 3 * 86_400.0  # how far back: what Threads has not shown by then, it will not
AT_ONCE = 20


async def read_missing(worker: WorkerContext) -> None:
    """The housekeeping job: a few of those that are due, and no more of an account whose token is refused."""
    by_account: dict[str, list[PartView]] = {}
    for part, account_id in await worker.db.run(_due, worker.now()):
        by_account.setdefault(account_id, []).append(part)

    async def one(account_id: str, mine: list[PartView]) -> None:
        for part in mine:
            reads = True
            with apart(JOB, part.id) as outcome:
                reads = await _read(worker, part, account_id)
            if outcome.failed:
                with apart(JOB, part.id):
                    await worker.db.run(_give_up, part.id)
            if not reads:
                return

    await asyncio.gather(*(one(account_id, mine) for account_id, mine in by_account.items()))


def _give_up(conn: Connection, part_id: str) -> None:
    """A part that cannot be worked with is not asked for again."""
    runs.update_part(conn, part_id, PartUpdate(progress=PartProgress(address_tries=TRIES)))


async def _read(worker: WorkerContext, part: PartView, account_id: str) -> bool:
    """False when reading is refused altogether."""
    account = await worker.db.query(accounts.view_of, account_id)
    if not worker.opens(account):
        return False
    found = PartUpdate()
    called: list[Called[Any]] = []
    if part.threads_id is None:
        what = "Find the published post among the account's posts"
        listed = await read_list(worker, account, part, what, noted=part.seen_before, since=part.intent_first_at)
        called += listed.calls
        if listed.failed is None or not listed.failed.stops_reading:
            found = await worker.db.query(_match, part, listed.items)
    threads_id = part.threads_id or found.changes().get("threads_id")
    if threads_id is not None and _may_go_on(called):
        address = await call(worker, account, address_of(threads_id), part)
        called.append(address)
        if not isinstance(address, Failed) and address.value.permalink:
            found.permalink = address.value.permalink
    if called and isinstance(called[-1], Failed) and called[-1].stops_reading:
        met = called[-1].diagnosis
        await worker.db.run(open_met_by_reading, worker, account, met.scope, met, "verify", worker.now())
    if called and (wait_s := called[-1].note.wait_s) is not None:
        await worker.db.run(accounts.hold_until, account_id, worker.now() + wait_s)
    notes = [one.note for one in called]
    try:
        await worker.db.run(_keep, part, found, notes, worker.now(), worker.scale)
    except IntegrityError:  # claimed by another part in the same moment
        await worker.db.run(_keep, part, PartUpdate(), notes, worker.now(), worker.scale)
    return _may_go_on(called)


def _may_go_on(called: list[Called[Any]]) -> bool:
    """Whether the last answer neither asks to wait before the next call nor says that nothing can be read."""
    last = called[-1] if called else None
    return last is None or (last.note.wait_s is None and not (isinstance(last, Failed) and last.stops_reading))


def _due(conn: Connection, now: float) -> list[tuple[PartView, str]]:
    """Live parts whose address is missing and is read now."""
    due = []
    for row in addresses.without_address(conn, now, since=now - BACK_S):
        with apart(JOB, row["id"]) as outcome:
            part = part_view(row)
            if part.progress.address_tries < TRIES and part.progress.address_at <= now:
                due.append((part, str(row["account_id"])))
        if outcome.failed:
            _give_up(conn, row["id"])
    return due[:AT_ONCE]


def _match(conn: Connection, part: PartView, items: list[Any]) -> PartUpdate:
    claimed, rivals = claims(conn, part)
    sought = wanted(part, addresses.parent_id(conn, part))
    found = which(items, sought, seen_before=part.seen_before, claimed=claimed, caught_up=True)
    return PartUpdate(threads_id=found[0]) if found and (len(found) == 1 or rivals == 0) else PartUpdate()


def _keep(conn: Connection, part: PartView, found: PartUpdate, notes: list[Note], now: float, scale: float) -> None:
    tries = part.progress.address_tries + 1
    progress = replace(part.progress, address_tries=tries, address_at=now + FIRST_S * 2**tries * scale)
    addresses.keep_found(conn, part, PartUpdate(progress=progress).merge(found), notes, now=now)
