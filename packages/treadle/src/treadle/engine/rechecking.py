"""Looking whether an open cause is gone: by itself with growing gaps, and at once when somebody asks.

What a read can tell is told by a read. What only a publish can tell (a restriction, a spam block) is never tried by
itself: a person says that it is lifted, and then one post goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from treadle.accounts import unreadable
from treadle.domain.admission import admit
from treadle.domain.rechecks import next_check
from treadle.domain.scope import FETCH_KEY, stops_reading
from treadle.engine.calling import Ask, Failed, call
from treadle.engine.worker_context import WorkerContext
from treadle.media.reach import SET_UP_FAULT, unreachable_reason
from treadle.store import Connection
from treadle.store import blockers as blocker_rows
from treadle.store.isolation import apart, each_apart
from treadle.store.release import Releaser, candidate, ready_behind
from treadle_threads.values import Profile

JOB = "recheck"
AT_ONCE = 8
PUT_OFF_S = 600.0  # until one that could not be looked at is looked at again
Verdict = Literal["repaired", "still", "unknown"]
NOBODY_CAN = ""  # instead of the id of the post that goes first

# Restrictions that refuse every call, reading included.

_PROFILE: Ask[Profile] = Ask("Read the profile", "read", "read", lambda client: client.me(), proves=False)
_ID: Ask[Profile] = Ask("Read the profile", "read", "read", lambda client: client.me(fields="id"), proves=False)


@dataclass(frozen=True, slots=True)
class Recheck:
    verdict: Verdict
    message: str
    released: tuple[str, ...] = ()


async def recheck(worker: WorkerContext, releaser: Releaser, blocker_id: str, *, asked: bool) -> Recheck:
    """Look at one open blocker. ``asked``: a person says that it may be repaired, so what cannot be read is tried."""
    row = await worker.db.query(blocker_rows.find_open, blocker_id)
    if row is None:
        return Recheck("repaired", "This problem is already fixed.")
    match row["scope"]:
        case "post":
            if not asked:
                return Recheck("unknown", "Only editing the post can fix this.")
            return await _let_go(worker, releaser, row, "recheck", "Retrying.")
        case "account" | "app":
            return await _recheck_account(worker, releaser, row, asked)
        case "media_host" | "platform" if row["key"] == FETCH_KEY:
            return await _probe_post(worker, releaser, row, asked=asked)
        case "media_host":
            return await _recheck_host(worker, releaser, row, asked)
        case _:
            return await _probe_platform(worker, releaser, row, asked)


async def _recheck_account(worker: WorkerContext, releaser: Releaser, row: Mapping[str, Any], asked: bool) -> Recheck:
    account = await worker.db.query(blocker_rows.account_to_ask, row)
    if account is None or account.token_enc is None:
        return await _still(worker, row, "No account is connected to check with. Reconnect it.")
    if not worker.opens(account):
        return await _still(worker, row, unreadable.cause().next_step)
    if row["pattern"] == unreadable.PATTERN:
        return await _let_go(worker, releaser, row, "recheck", "The stored access token can be read again.")
    if row["lane"] == "meta_token" and not asked and row["pattern"] != "token_is_invalid":
        # A token that is dead by name never comes back: connecting again, or a refresh, closes this.
        return await _still(worker, row, "Only reconnecting the account fixes this.")
    if stops_reading(row["lane"], row["pattern"]):
        profile = await call(worker, account, _PROFILE)
        if not isinstance(profile, Failed):
            # A permission can be missing for publishing alone: reading proves it only for what stops reading too.
            if row["lane"] == "permission_app_review" and not asked:
                return await _probe_post(worker, releaser, row, asked=asked)
            return await _let_go(worker, releaser, row, "recheck", "Threads answers again.")
        return await _still(worker, row, profile.diagnosis.next_step or profile.diagnosis.title)
    if not asked:
        return await _still(
            worker, row, "Treadle can't tell whether this is resolved. Recheck it once you know that it is."
        )
    return await _probe_post(worker, releaser, row, asked=asked)


async def _recheck_host(worker: WorkerContext, releaser: Releaser, row: Mapping[str, Any], asked: bool) -> Recheck:
    if row["pattern"] == SET_UP_FAULT:
        reason = unreachable_reason(worker.settings)
        if reason is not None:
            return await _still(worker, row, reason)
        return await _let_go(worker, releaser, row, "recheck", "Meta can now reach the files stored here.")
    # One post goes first; its media stage looks at the host, and parks it again when nothing has changed.
    return await _probe_post(worker, releaser, row, asked=asked)


async def _probe_platform(worker: WorkerContext, releaser: Releaser, row: Mapping[str, Any], asked: bool) -> Recheck:
    """One request asks for everybody: a read first, then one post at the stage that failed."""
    account = await worker.db.query(blocker_rows.account_to_ask, row)
    if account is not None and account.token_enc is not None and worker.opens(account):
        profile = await call(worker, account, _ID)
        if isinstance(profile, Failed) and profile.diagnosis.lane == "platform_temporary":
            return await _still(worker, row, "Threads is still having problems.")
    return await _probe_post(worker, releaser, row, asked=asked)


async def _probe_post(worker: WorkerContext, releaser: Releaser, row: Mapping[str, Any], *, asked: bool) -> Recheck:
    """Let the oldest waiting post through; when it gets on, the others follow."""

    def one(conn: Connection) -> str | None:
        now = worker.now()
        waiting = ready_behind(conn, row["id"])
        if not waiting:
            return None
        again_at = next_check(row["scope"], row["checks"] + 1, now, worker.scale, pattern=row["pattern"])
        if row["scope"] == "platform":
            # Those that only look whether they went out read, and reading works again; none of them is a trial.
            lookers = [w for w in waiting if w["checking"] and not _under_way(w)]
            for place, w in enumerate(lookers):
                blocker_rows.take_out(conn, w["id"], [row["id"]])
                pause = place * releaser.spacing_s
                releaser.enqueue_again(conn, w, delay_s=pause, why="Threads answers again.", now=now)
            waiting = [w for w in waiting if not w["checking"]]
            if not waiting:
                blocker_rows.checked(conn, row["id"], again_at, now=now)
                return str(lookers[0]["id"]) if lookers else None
        under_way = next((w for w in waiting if w["id"] == row["probe_post_id"] and _under_way(w)), None)
        if under_way is not None:
            # It has not come back yet: letting it go once more would cut off what it is doing.
            blocker_rows.checked(conn, row["id"], again_at, now=now)
            return str(under_way["id"])
        # One that may not be published now would only be put to rest, and nobody would have looked. One that only looks
        # whether it went out shows that reading works, which refuses nobody here: it goes first when there is no other.
        able = [w for w in waiting if admit(candidate(w), now) == "go"]
        first = next((w for w in able if not w["checking"]), able[0] if able else None)
        if first is None:
            blocker_rows.checked(conn, row["id"], again_at, now=now)
            return NOBODY_CAN
        blocker_rows.checked(conn, row["id"], again_at, now=now, probe=first["id"])
        releaser.enqueue_again(
            conn, first, delay_s=0.0, why="Published first, to see whether the problem is fixed.", now=now
        )
        return str(first["id"])

    probe = await worker.db.run(one)
    if probe is None:
        return await _let_go(worker, releaser, row, "recheck", "No post is waiting for this anymore.")
    if probe == NOBODY_CAN and asked:
        return await _let_go(
            worker, releaser, row, "recheck", "Closed. None of the waiting posts can be published now."
        )
    if probe == NOBODY_CAN:
        return Recheck("still", "None of the waiting posts can be published now, so Treadle can't try one.")
    return Recheck("unknown", "One post is published first. If that works, the others follow automatically.", (probe,))


def _under_way(row: Mapping[str, Any]) -> bool:
    """Whether a post is in a worker's hands, or has a next run."""
    return row["claimed_by"] is not None or row["next_at"] is not None


async def _let_go(worker: WorkerContext, releaser: Releaser, row: Mapping[str, Any], by: str, message: str) -> Recheck:
    released = await worker.db.run(lambda conn: releaser.repaired(conn, [row["id"]], by=by, now=worker.now()))
    return Recheck("repaired", message, (*released, *await free_behind_closed(worker, releaser)))


async def _still(worker: WorkerContext, row: Mapping[str, Any], message: str) -> Recheck:
    def later(conn: Connection) -> None:
        now = worker.now()
        again_at = next_check(row["scope"], row["checks"] + 1, now, worker.scale, pattern=row["pattern"])
        blocker_rows.checked(conn, row["id"], again_at, now=now)

    await worker.db.run(later)
    return Recheck("still", message)


async def recheck_due(worker: WorkerContext, releaser: Releaser) -> None:
    """The housekeeping job: look at every blocker whose time has come, and free what hangs behind one that is gone."""
    with apart(JOB, "closed blockers"):
        await free_behind_closed(worker, releaser)

    async def one(blocker_id: str) -> None:
        await recheck(worker, releaser, blocker_id, asked=False)

    async def put_off(blocker_id: str) -> None:
        await worker.db.run(blocker_rows.put_off, blocker_id, worker.now() + PUT_OFF_S * worker.scale)

    due = await worker.db.query(blocker_rows.due, worker.now())
    await each_apart(JOB, due, one, put_off, at_once=AT_ONCE)


async def free_behind_closed(worker: WorkerContext, releaser: Releaser) -> list[str]:
    """Let go of what hangs behind blockers that are repaired, some at a time; returns the ids of the posts that go."""
    released: list[str] = []
    while found := await worker.db.query(blocker_rows.closed_but_waited_for):
        by, blocker_ids = found
        released += await worker.db.run(releaser.free_behind, blocker_ids, by=by, now=worker.now())
    return released


def close_probed(conn: Connection, releaser: Releaser, post_id: str, stage: str, now: float) -> list[str]:
    """The post that went first got past the stage that failed: close what it was to test, let the others follow."""
    order = ["preflight", "media", "create_container", "container_status", "publish", "verify", "done"]
    place = order.index(stage) if stage in order else 0
    passed = []
    for blocker_id, failed_at in blocker_rows.tested_by(conn, post_id):
        if place > (order.index(failed_at) if failed_at in order else 4):
            passed.append(blocker_id)
    if not passed:
        return []
    # It is on its way already: letting it go again would take it out of the hands that carry it.
    blocker_rows.take_out(conn, post_id, passed)
    return releaser.repaired(conn, passed, by="recheck", now=now)
