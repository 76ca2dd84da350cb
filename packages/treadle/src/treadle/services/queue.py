"""The queue of an account: slots of a week, what is in them, and adding and moving posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.domain.findings import Finding, finding
from treadle.domain.slots import DAYS, MOST_SLOTS, Slot, next_free, slot_of, upcoming
from treadle.domain.states import EDITABLE, STATE_WORDS
from treadle.domain.times import When, iso
from treadle.domain.zones import zone_named, zone_way_out
from treadle.people import audit
from treadle.services.context import App
from treadle.services.output import ApiModel
from treadle.services.post_output import PostOut, post_out
from treadle.services.slots import UTC_ZONE, free_slot, when_at
from treadle.services.undo import step_before
from treadle.store import Connection, accounts, posts, queues
from treadle.store.posts_read import posts_of
from treadle.store.queues import QueueRow
from treadle.store.rows import locked

SHOWN_DAYS = 14
DAY_S = 86_400.0
NO_SLOT = Conflict("no_free_slot", "The account's queue has no free slot. Add slots to it first.")


class SlotOut(ApiModel):
    weekday: str = Field(description=f"One of {', '.join(DAYS)}.")
    time: str = Field(description="Of the day in the queue's zone, from 00:00 to 23:59.")


class QueueEntry(ApiModel):
    """A slot, or a post that is due at a time of its own."""

    at: str = Field(description="When it is due.")
    slot: bool = Field(description="Whether this is one of the queue's slots.")
    post: PostOut | None = Field(description="null: the slot is free.")


class QueueOut(ApiModel):
    """The queue of an account for the next 14 days, in order."""

    account_id: str
    zone: str = Field(description="The zone that the slots are times of.")
    slots: list[SlotOut]
    paused: bool = Field(description="Publishing to the account is paused: nothing of the queue is published.")
    next_free: str | None = Field(description="Where the next post that is added goes; null: there is no free slot.")
    entries: list[QueueEntry]
    empty_days: list[str] = Field(description="Days of the next 7 that have slots and no post.")


def read(conn: Connection, workspace_id: str, account_id: str, *, zone: str, now: float) -> QueueOut | Missing:
    """The queue; ``zone`` is shown while the account has none."""
    account = accounts.find(conn, workspace_id, account_id)
    if account is None:
        return Missing("account")
    queue = queues.find(conn, workspace_id, account_id) or QueueRow(zone, ())
    place = zone_named(queue.zone) or UTC_ZONE
    due = queues.due_posts(conn, workspace_id, account_id, now - DAY_S)
    known = {post.row["id"]: post_out(post) for post in posts_of(conn, workspace_id, [one.id for one in due[:200]])}
    free = {int(at // 60): at for at in upcoming(queue.slots, place, now, SHOWN_DAYS)}
    last = now + SHOWN_DAYS * DAY_S
    entries = [
        QueueEntry(at=str(iso(one.due_at)), slot=int(one.due_at // 60) in free, post=known[one.id])
        for one in due
        if one.due_at < last and one.id in known
    ]
    taken = {int(one.due_at // 60) for one in due}
    entries += [QueueEntry(at=str(iso(at)), slot=True, post=None) for minute, at in free.items() if minute not in taken]
    found = next_free(queue.slots, place, [one.due_at for one in due], now)
    return QueueOut(
        account_id=account_id,
        zone=queue.zone,
        slots=[SlotOut(weekday=slot.day, time=slot.clock) for slot in queue.slots],
        paused=account.paused,
        next_free=iso(found),
        entries=sorted(entries, key=lambda one: one.at),
        empty_days=_empty_days(queue, [one.due_at for one in due], now),
    )


def _empty_days(queue: QueueRow, due: Sequence[float], now: float) -> list[str]:
    place = zone_named(queue.zone) or UTC_ZONE
    today = datetime.fromtimestamp(now, UTC).astimezone(place).date()
    busy = {datetime.fromtimestamp(at, UTC).astimezone(place).date() for at in due}
    planned = {slot.weekday for slot in queue.slots}
    days = (today + timedelta(days=n) for n in range(1, 8))
    return [day.isoformat() for day in days if day.weekday() in planned and day not in busy]


def set_slots(
    conn: Connection,
    workspace_id: str,
    account_id: str,
    zone: str,
    slots: Sequence[tuple[str, str]],
    *,
    actor: str,
    now: float,
) -> QueueOut | Missing | Rejected:
    """Replace the slots: ``(weekday, time)`` as :class:`SlotOut` names them. Posts keep the times they have."""
    if not queues.lock(conn, workspace_id, account_id):
        return Missing("account")
    wrong: list[Finding] = []
    if zone_named(zone) is None:
        wrong.append(finding("zone", "unknown_zone", given=zone[:100], instead=zone_way_out(zone)))
    if len(slots) > MOST_SLOTS:
        wrong.append(finding("slots", "too_many_slots", given=len(slots), limit=MOST_SLOTS))
    read_slots: set[Slot] = set()
    for n, (day, clock) in enumerate(slots[:MOST_SLOTS]):
        slot = slot_of(day, clock)
        if slot is None:
            wrong.append(finding(f"slots[{n}]", "no_slot", given=f"{day} {clock}"[:100]))
        else:
            read_slots.add(slot)
    if wrong:
        return Rejected(tuple(wrong))
    queues.keep(conn, workspace_id, account_id, QueueRow(zone, tuple(sorted(read_slots))), now=now)
    audit.note(conn, workspace_id, actor, "queue.changed", account_id, now=now)
    return read(conn, workspace_id, account_id, zone=zone, now=now)


def add(conn: Connection, app: App, workspace_id: str, post_id: str, *, actor: str, now: float) -> Answer:
    """Give a draft, or a post that is still to come, the next free slot of its account.

    A draft is scheduled by it, unless it waits for an approval: then it keeps the slot until it is approved.
    """
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    queues.lock(conn, workspace_id, row["account_id"])
    when = free_slot(conn, workspace_id, row["account_id"], now=now, but=post_id)
    if when is None:
        return NO_SLOT
    answer = _retime(conn, app, workspace_id, post_id, when, actor=actor, now=now)
    if isinstance(answer, Done) and row["state"] == "draft" and row["approval"] != "pending":
        app.posts.confirm(conn, workspace_id, post_id, now=now, actor=actor)
    return Done(post_id, "Added to the queue.", {"at": iso(when.at)}) if isinstance(answer, Done) else answer


def _retime(
    conn: Connection, app: App, workspace_id: str, post_id: str, when: When, *, actor: str, now: float
) -> Answer:
    text = when.text.partition("[")[0]
    patch = {"publish_at": text, **({"zone": when.zone} if when.zone else {})}
    return app.posts.edit(conn, workspace_id, post_id, patch, now=now, actor=actor)


def move(
    conn: Connection,
    app: App,
    workspace_id: str,
    post_id: str,
    to: float,
    *,
    actor: str,
    now: float,
    swap: bool = True,
    zone: str = "UTC",
    before: list[Mapping[str, Any] | None] | None = None,
) -> Answer:
    """Move a post to another time (epoch seconds), written in the zone of its account's queue, or in ``zone``.

    ``swap``: a post that is due there already takes its place; else both are due then. ``before`` takes what an undo
    needs of each post that is swapped.
    """
    row = locked(conn, workspace_id, post_id)
    if row is None:
        return Missing()
    if to <= now:
        return Rejected((finding("to", "past_slot", given=iso(to)),))
    if swap and row["publish_at"] is None:
        return Conflict("not_queued", "This post has no time yet. Add it to the queue first.")
    queues.lock(conn, workspace_id, row["account_id"])
    queue = queues.find(conn, workspace_id, row["account_id"])
    zone = queue.zone if queue else zone
    there = queues.due_posts(conn, workspace_id, row["account_id"], to // 60 * 60, to // 60 * 60 + 60) if swap else ()
    others = [one for one in there if one.id != post_id and row["publish_at"] > now]
    for state in (row["state"], *(one.state for one in others)):
        if state not in EDITABLE:
            return Conflict("not_editable", f"A post that is {STATE_WORDS[state].lower()} can't be moved anymore.")
    if before is not None:
        before += [step_before(conn, workspace_id, one.id, "move") for one in others]
    answer = _retime(conn, app, workspace_id, post_id, when_at(to, zone), actor=actor, now=now)
    if not isinstance(answer, Done):
        return answer
    for other in others:
        _retime(conn, app, workspace_id, other.id, when_at(row["publish_at"], zone), actor=actor, now=now)
    return Done(post_id, "Moved.", {"at": iso(to), "swapped": [one.id for one in others]})


def fill(conn: Connection, app: App, workspace_id: str, account_id: str, *, actor: str, now: float) -> list[str]:
    """Add the account's drafts that have no time to its next free slots, the oldest first; ids of those added."""
    added = []
    for post_id in posts.untimed_drafts(conn, workspace_id, account_id):
        if isinstance(add(conn, app, workspace_id, post_id, actor=actor, now=now), Done):
            added.append(post_id)
    return added
