"""Ids and addresses of live posts that could not be read when they went out.

A post is published whether or not its address is known, so no run waits long for it. What was missing is read later,
now and then: once the token works again, or once Threads has caught up.
"""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from treadle.domain.matching import find
from treadle.domain.scope import READING_STOPS
from treadle.domain.view import PartView, account_view, part_view
from treadle.engine.evidence import note_of, reading_stops
from treadle.engine.looking import read_list
from treadle.engine.seeing import claims, wanted
from treadle.engine.worker_context import WorkerContext
from treadle.store.isolation import apart
from treadle.store.tables import accounts, blockers, parts, posts
from treadle.store.timeline import Note, add_note
from treadle_diagnosis.retry import hinted_wait_s
from treadle_threads.results import Ok

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


def _give_up(conn: sa.Connection, part_id: str) -> None:
    """A part that cannot be worked with is not asked for again."""
    conn.execute(sa.update(parts).where(parts.c.id == part_id).values(checks={"address_tries": TRIES}))


async def _read(worker: WorkerContext, part: PartView, account_id: str) -> bool:
    """False when reading is refused altogether."""
    row = await worker.db.query(
        lambda c: c.execute(sa.select(accounts).where(accounts.c.id == account_id)).mappings().one()
    )
    account = account_view(row)
    if not worker.opens(account):
        return False
    client, began = worker.client(account), worker.now()
    notes: list[Note] = []
    found: dict[str, Any] = {}
    if part.threads_id is None:
        listed = await read_list(client, part, noted=part.seen_before, since=part.intent_first_at)
        what = "Find the published post among the account's posts"
        notes += [note_of(result, "verify", what, part.position, started_at=began) for result in listed.results]
        if listed.failure is not None and reading_stops(listed.failure):
            await worker.db.run(_keep, part, {}, notes, worker.now(), worker.scale)
            return False
        found = await worker.db.query(_match, part, listed.items)
    threads_id = part.threads_id or found.get("threads_id")
    limited = _limit_of(notes)
    reads = limited is None
    if threads_id is not None and reads:
        began = worker.now()
        result = await client.media(threads_id, fields="id,permalink")
        what = "Read the address of the published post"
        notes.append(note_of(result, "verify", what, part.position, started_at=began))
        if isinstance(result, Ok) and result.value.permalink:
            found["permalink"] = result.value.permalink
        limited = _limit_of(notes)
        reads = limited is None and (isinstance(result, Ok) or not reading_stops(result))
    if limited is not None:
        await worker.db.run(_wait_for_limit, account_id, worker.now() + limited)
    try:
        await worker.db.run(_keep, part, found, notes, worker.now(), worker.scale)
    except sa.exc.IntegrityError:  # claimed by another part in the same moment
        await worker.db.run(_keep, part, {}, notes, worker.now(), worker.scale)
    return reads


def _limit_of(notes: list[Note]) -> float | None:
    """Seconds that the last answer asks to wait before anything else is asked for the account."""
    headers = (notes[-1].answer or {}).get("headers") if notes else None
    return hinted_wait_s(headers) if isinstance(headers, dict) else None


def _wait_for_limit(conn: sa.Connection, account_id: str, until: float) -> None:
    later = sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until < until)
    conn.execute(sa.update(accounts).where(accounts.c.id == account_id, later).values(quota_until=until))


def _due(conn: sa.Connection, now: float) -> list[tuple[PartView, str]]:
    """Live parts of finished posts whose address is missing, of accounts that can be read."""
    unreadable = sa.select(blockers.c.key).where(
        blockers.c.scope == "account", blockers.c.repaired_at.is_(None), blockers.c.lane.in_(sorted(READING_STOPS))
    )
    rows = (
        conn.execute(
            sa.select(parts)
            .join(posts, posts.c.id == parts.c.post_id)
            .join(accounts, accounts.c.id == parts.c.account_id)
            .where(
                parts.c.published_at > now - BACK_S,
                parts.c.permalink.is_(None),
                posts.c.state == "published",
                accounts.c.disconnected_at.is_(None),
                accounts.c.token_enc.is_not(None),
                accounts.c.id.not_in(unreadable),
                sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until <= now),
            )
            .order_by(parts.c.published_at.desc())
            .limit(500)
        )
        .mappings()
        .all()
    )
    due = []
    for row in rows:
        with apart(JOB, row["id"]) as outcome:
            checks = row["checks"] or {}
            if int(checks.get("address_tries", 0)) < TRIES and float(checks.get("address_at", 0.0)) <= now:
                due.append((part_view(row), str(row["account_id"])))
        if outcome.failed:
            _give_up(conn, row["id"])
    return due[:AT_ONCE]


def _match(conn: sa.Connection, part: PartView, items: list[Any]) -> dict[str, Any]:
    parent = None
    if part.position > 0:
        before = (parts.c.post_id == part.post_id) & (parts.c.position == part.position - 1)
        parent = conn.execute(sa.select(parts.c.threads_id).where(before)).scalar()
    elif part.options.get("reply_to_id"):
        parent = str(part.options["reply_to_id"])
    claimed, rivals = claims(conn, part)
    found = find(items, wanted(part, parent), seen_before=part.seen_before, claimed=claimed)
    return {"threads_id": found[0]} if found and (len(found) == 1 or rivals == 0) else {}


def _keep(
    conn: sa.Connection, part: PartView, found: dict[str, Any], notes: list[Note], now: float, scale: float
) -> None:
    tries = int(part.checks.get("address_tries", 0)) + 1
    checks = {**part.checks, "address_tries": tries, "address_at": now + FIRST_S * 2**tries * scale}
    conn.execute(sa.update(parts).where(parts.c.id == part.id).values(**found, checks=checks))
    post = conn.execute(sa.select(posts.c.workspace_id, posts.c.attempt).where(posts.c.id == part.post_id)).one()
    for note in notes:
        add_note(conn, part.post_id, post.workspace_id, post.attempt, note, now=now)
