"""Looking whether an open cause is gone: by itself with growing gaps, and at once when somebody asks.

What a read can tell is told by a read. What only a publish can tell (a restriction, a spam block) is never tried by
itself: a person says that it is lifted, and then one post goes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from treadle.domain.view import AccountView, account_view
from treadle.engine.blockers import next_check
from treadle.engine.evidence import READING_STOPS
from treadle.engine.worker_context import WorkerContext as House
from treadle.store.isolation import apart
from treadle.store.release import Releaser, held_up, posts_behind, ready
from treadle.store.tables import accounts, blockers, post_blockers
from treadle_threads.evidence import diagnose_failure
from treadle_threads.results import Ok

JOB = "recheck"
AT_ONCE = 8
PUT_OFF_S = 600.0  # until one that could not be looked at is looked at again
Verdict = Literal["repaired", "still", "unknown"]

# Restrictions that refuse every call, reading included.
READ_TELLS_OF = frozenset({"account_checkpointed", "account_unconfirmed", "account_disabled", "api_access_blocked"})


@dataclass(frozen=True, slots=True)
class Recheck:
    verdict: Verdict
    message: str
    released: tuple[str, ...] = ()


async def recheck(house: House, releaser: Releaser, blocker_id: str, *, asked: bool) -> Recheck:
    """Look at one open blocker. ``asked``: a person says that it may be repaired, so what cannot be read is tried."""
    row = await house.db.query(_blocker, blocker_id)
    if row is None:
        return Recheck("repaired", "It is repaired already.")
    match row["scope"]:
        case "post":
            if not asked:
                return Recheck("unknown", "Only changing the post can repair this.")
            return await _let_go(house, releaser, row, "recheck", "Tried again as it is.")
        case "account" | "app":
            return await _recheck_account(house, releaser, row, asked)
        case "media_host":
            return await _recheck_host(house, releaser, row, asked)
        case _:
            return await _probe_platform(house, releaser, row)


async def _recheck_account(house: House, releaser: Releaser, row: Mapping[str, Any], asked: bool) -> Recheck:
    account = await house.db.query(_some_account, row)
    if account is None or account.token_enc is None:
        return await _still(house, row, "There is no connected account to look with. Connect it again.")
    if row["lane"] == "meta_token" and not asked and row["pattern"] != "token_is_invalid":
        # A token that is dead by name never comes back: connecting again, or a refresh, closes this.
        return await _still(house, row, "Only connecting the account again repairs this.")
    if row["lane"] in READING_STOPS or row["pattern"] in READ_TELLS_OF:
        result = await house.client(account).me()
        if isinstance(result, Ok):
            # A permission can be missing for publishing alone: reading proves it only for what stops reading too.
            if row["lane"] == "permission_app_review" and not asked:
                return await _probe_post(house, releaser, row)
            return await _let_go(house, releaser, row, "recheck", "Threads answers again.")
        found = diagnose_failure(result, "read", {})
        return await _still(house, row, found.next_step or found.title)
    if not asked:
        return await _still(house, row, "Only a person can say whether this is lifted.")
    return await _probe_post(house, releaser, row)


async def _recheck_host(house: House, releaser: Releaser, row: Mapping[str, Any], asked: bool) -> Recheck:
    # One post goes first; its media stage looks at the host, and parks it again when nothing has changed.
    return await _probe_post(house, releaser, row)


async def _probe_platform(house: House, releaser: Releaser, row: Mapping[str, Any]) -> Recheck:
    """One request asks for everybody: a read first, then one post at the stage that failed."""
    account = await house.db.query(_some_account, row)
    if account is not None and account.token_enc is not None:
        result = await house.client(account).me(fields="id")
        if not isinstance(result, Ok) and diagnose_failure(result, "read", {}).lane == "platform_temporary":
            return await _still(house, row, "Threads still does not answer as it should.")
    return await _probe_post(house, releaser, row)


async def _probe_post(house: House, releaser: Releaser, row: Mapping[str, Any]) -> Recheck:
    """Let the oldest waiting post through; when it gets on, the others follow."""

    def one(conn: sa.Connection) -> str | None:
        now = house.now()
        waiting = ready_behind(conn, row["id"])
        if not waiting:
            return None
        later = {
            "checks": blockers.c.checks + 1,
            "checked_at": now,
            "next_check_at": next_check(row["scope"], row["checks"] + 1, now, house.scale),
        }
        this = sa.update(blockers).where(blockers.c.id == row["id"])
        if row["scope"] == "platform":
            # Those that only look whether they went out read, and reading works again; none of them is a trial.
            lookers = [w for w in waiting if w["checking"] and not _under_way(w)]
            for place, w in enumerate(lookers):
                behind = sa.and_(post_blockers.c.post_id == w["id"], post_blockers.c.blocker_id == row["id"])
                conn.execute(sa.delete(post_blockers).where(behind))
                pause = place * releaser.spacing_s
                releaser.enqueue_again(conn, w, delay_s=pause, why="Threads answers again.", now=now)
            waiting = [w for w in waiting if not w["checking"]]
            if not waiting:
                conn.execute(sa.update(blockers).where(blockers.c.id == row["id"]).values(**later))
                return str(lookers[0]["id"]) if lookers else None
        under_way = next((w for w in waiting if w["id"] == row["probe_post_id"] and _under_way(w)), None)
        if under_way is not None:
            # It has not come back yet: letting it go once more would cut off what it is doing.
            conn.execute(this.values(**later))
            return str(under_way["id"])
        # One that is too late would only be held, and nobody would have looked.
        first = next((w for w in waiting if not _too_late(w, now)), waiting[0])
        conn.execute(this.values(probe_post_id=first["id"], **later))
        releaser.enqueue_again(conn, first, delay_s=0.0, why="Goes first, to see whether the cause is gone.", now=now)
        return str(first["id"])

    probe = await house.db.run(one)
    if probe is None:
        return await _let_go(house, releaser, row, "recheck", "Nothing waits behind it any more.")
    return Recheck("unknown", "One post goes first; if it gets through, the others follow by themselves.", (probe,))


def _too_late(row: Mapping[str, Any], now: float) -> bool:
    late = now > row["due_at"] + row["max_lateness"]
    return bool(late and row["confirmed_at"] is None and not row["started"])


def _under_way(row: Mapping[str, Any]) -> bool:
    """Whether a post is in a worker's hands, or has a next hop."""
    return row["claimed_by"] is not None or row["next_at"] is not None


def ready_behind(conn: sa.Connection, blocker_id: str) -> list[dict[str, Any]]:
    """Posts that wait behind this blocker and no other, oldest due first."""
    ids = posts_behind(conn, [blocker_id])
    elsewhere = set(conn.execute(held_up().where(blockers.c.id != blocker_id)).scalars())
    return ready(conn, [post_id for post_id in ids if post_id not in elsewhere], although_blocked=True)


async def _let_go(house: House, releaser: Releaser, row: Mapping[str, Any], by: str, message: str) -> Recheck:
    released = await house.db.run(lambda conn: releaser.repaired(conn, [row["id"]], by=by, now=house.now()))
    return Recheck("repaired", message, (*released, *await free_behind_closed(house, releaser)))


async def _still(house: House, row: Mapping[str, Any], message: str) -> Recheck:
    def later(conn: sa.Connection) -> None:
        now = house.now()
        conn.execute(
            sa.update(blockers)
            .where(blockers.c.id == row["id"])
            .values(
                checks=blockers.c.checks + 1,
                checked_at=now,
                next_check_at=next_check(row["scope"], row["checks"] + 1, now, house.scale),
            )
        )

    await house.db.run(later)
    return Recheck("still", message)


async def recheck_due(house: House, releaser: Releaser) -> None:
    """The housekeeping job: look at every blocker whose time has come, and free what hangs behind one that is gone."""
    with apart(JOB, "closed blockers"):
        await free_behind_closed(house, releaser)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(blocker_id: str) -> None:
        async with gate:
            with apart(JOB, blocker_id) as outcome:
                await recheck(house, releaser, blocker_id, asked=False)
            if outcome.failed:  # not in the way of the others at the next turn
                with apart(JOB, blocker_id):
                    await house.db.run(_put_off, blocker_id, house.now() + PUT_OFF_S * house.scale)

    await asyncio.gather(*(one(blocker_id) for blocker_id in await house.db.query(_due, house.now())))


def _put_off(conn: sa.Connection, blocker_id: str, until: float) -> None:
    conn.execute(sa.update(blockers).where(blockers.c.id == blocker_id).values(next_check_at=until))


async def free_behind_closed(house: House, releaser: Releaser) -> list[str]:
    """Let go of what hangs behind blockers that are repaired, some at a time; returns the ids of the posts that go."""
    released: list[str] = []
    while found := await house.db.query(_closed_but_waited_for):
        by, blocker_ids = found
        released += await house.db.run(releaser.free_behind, blocker_ids, by=by, now=house.now())
    return released


def _closed_but_waited_for(conn: sa.Connection) -> tuple[str | None, list[str]] | None:
    """What repaired them, and repaired blockers that posts still wait behind.

    There are such when more posts waited than are let go at once, and two workers make them: one saw the blocker open
    and parks a post, the other repairs it in the same moment and does not see that post yet.
    """
    query = (
        sa.select(post_blockers.c.blocker_id, blockers.c.repaired_by)
        .join(blockers, blockers.c.id == post_blockers.c.blocker_id)
        .where(blockers.c.repaired_at.is_not(None))
        .distinct()
        .limit(100)
    )
    rows = conn.execute(query).all()
    if not rows:
        return None
    by = rows[0].repaired_by
    return by, [row.blocker_id for row in rows if row.repaired_by == by]


def _due(conn: sa.Connection, now: float) -> list[str]:
    b = blockers.c
    return list(
        conn.execute(
            sa.select(b.id).where(b.repaired_at.is_(None), b.next_check_at <= now).order_by(b.next_check_at).limit(50)
        ).scalars()
    )


def _blocker(conn: sa.Connection, blocker_id: str) -> dict[str, Any] | None:
    row = (
        conn.execute(sa.select(blockers).where(blockers.c.id == blocker_id, blockers.c.repaired_at.is_(None)))
        .mappings()
        .first()
    )
    return dict(row) if row else None


def _some_account(conn: sa.Connection, row: Mapping[str, Any]) -> AccountView | None:
    """The account to look with: the blocked one, or any connected one of the app (for the platform: of any app)."""
    query = sa.select(accounts).where(accounts.c.disconnected_at.is_(None), accounts.c.token_enc.is_not(None))
    if row["scope"] == "account":
        query = query.where(accounts.c.id == row["key"])
    elif row["scope"] == "app":
        query = query.where(accounts.c.app_id == row["key"])
    healthy = sa.case((accounts.c.health == "active", 0), else_=1)
    found = conn.execute(query.order_by(healthy, accounts.c.id).limit(1)).mappings().first()
    return account_view(found) if found else None


def close_probed(conn: sa.Connection, releaser: Releaser, post_id: str, stage: str, now: float) -> list[str]:
    """The post that went first got past the stage that failed: close what it was to test, let the others follow."""
    rows = conn.execute(
        sa.select(blockers.c.id, blockers.c.cause).where(
            blockers.c.probe_post_id == post_id, blockers.c.repaired_at.is_(None)
        )
    ).all()
    order = ["preflight", "media", "create_container", "container_status", "publish", "verify", "done"]
    place = order.index(stage) if stage in order else 0
    passed = []
    for row in rows:
        failed_at = str((row.cause or {}).get("stage") or "publish")
        if place > (order.index(failed_at) if failed_at in order else 4):
            passed.append(row.id)
    if not passed:
        return []
    # It is on its way already: letting it go again would take it out of the hands that carry it.
    conn.execute(
        sa.delete(post_blockers).where(post_blockers.c.post_id == post_id, post_blockers.c.blocker_id.in_(passed))
    )
    return releaser.repaired(conn, passed, by="recheck", now=now)
