"""The queue of one account at a time: its slots, what is in them, adding and moving posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Answer, Done, Missing, Rejected
from treadle.domain.clocks import clock, time_of_day
from treadle.domain.slots import DAYS
from treadle.domain.states import EDITABLE
from treadle.domain.zones import zone_names
from treadle.plural import plural
from treadle.services import accounts as account_services
from treadle.services import queue, undo
from treadle.services.output import JsonObject
from treadle.services.queue import QueueOut
from treadle.services.read import post_json
from treadle.store import Connection, posts, queues
from treadle.web import uploads
from treadle.web.labels import epoch, zone_of
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest, own_address
from treadle.web.pages.posts import day_of

router = APIRouter(include_in_schema=False)
SUGGESTED = {
    "Weekdays at 9 AM": [(day, "09:00") for day in DAYS[:5]],
    "Weekdays at 9 AM and 5 PM": [(day, at) for day in DAYS[:5] for at in ("09:00", "17:00")],
    "Every day at noon": [(day, "12:00") for day in DAYS],
}


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A row of the queue. ``at`` is epoch seconds, ``local`` as the field for a time has it.

    ``post`` is None for a free slot. ``before`` and ``after``: where its buttons move it; None: nowhere.
    """

    at: float
    clock: str
    local: str
    post: JsonObject | None
    before: float | None = None
    after: float | None = None

    @property
    def movable(self) -> bool:
        return self.post is not None and self.post["state"] in EDITABLE


@dataclass(frozen=True, slots=True)
class DayOfQueue:
    day: date
    name: str
    lines: Sequence[QueueLine]


@router.get("/queue")
async def show(page: LoggedIn) -> Response:
    connected = page.frame.accounts
    asked = page.query("account")
    chosen = next((one for one in connected if one.id == asked), connected[0] if connected else None)
    found = None
    if chosen is not None:
        found = await page.app.db.query(queue.read, page.workspace, chosen.id, zone=str(page.zone), now=page.now)
    if chosen is None or not isinstance(found, QueueOut):
        return page.render("queue.html", chosen=None)
    zone = zone_of(found.zone)
    free = epoch(found.next_free)
    counted, drafts = await page.app.db.query(_counts, page, chosen.id)
    planned = [entry.post.to_json() for entry in found.entries if entry.post]
    return page.render(
        "queue.html",
        chosen=chosen,
        queue=found.to_json(),
        days=_days(found, zone, page.now),
        planned=len(planned),
        counted=counted,
        drafts=drafts,
        files=await uploads.first_files(page.app, page.workspace, planned),
        free_slots=Counter(_local_day(entry.at, zone) for entry in found.entries if not entry.post),
        grid=_grid(found),
        week=DAYS,
        zones=zone_names(),
        queue_zone=zone,
        next_free=clock(free, zone, page.now) if free else "",
        empty=[date.fromisoformat(day) for day in found.empty_days],
        suggested=list(SUGGESTED),
    )


def _counts(conn: Connection, page: PageRequest, account_id: str) -> tuple[dict[str, int], int]:
    """Posts to come of each account, and this account's drafts without a time."""
    coming = queues.to_come(conn, page.workspace, page.now - queue.DAY_S)
    return coming, len(posts.untimed_drafts(conn, page.workspace, account_id))


def _local_day(at: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(at).astimezone(zone).date()


def _days(found: QueueOut, zone: ZoneInfo, now: float) -> list[DayOfQueue]:
    entries = [(epoch(entry.at) or 0.0, entry.post) for entry in found.entries]
    places = [at for at, _ in entries if at > now]
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    by_day: dict[date, list[QueueLine]] = {}
    for at, post in entries:
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        before = [place for place in places if place < at]
        after = [place for place in places if place > at]
        line = QueueLine(
            at,
            time_of_day(local),
            f"{local:%H:%M}",
            post.to_json() if post else None,
            before[-1] if before else None,
            after[0] if after else None,
        )
        by_day.setdefault(local.date(), []).append(line)
    names = {today: "Today", today + timedelta(days=1): "Tomorrow"}
    return [DayOfQueue(day, names.get(day, f"{day:%A}"), lines) for day, lines in by_day.items()]


def _grid(found: QueueOut) -> list[tuple[str, str, list[tuple[str, bool]]]]:
    """Rows of the grid of slots: a time, how it is written, and for each weekday whether it is one."""
    chosen = {(slot.time, slot.weekday) for slot in found.slots}
    times = sorted({at for at, _ in chosen})
    return [(at, time_of_day(time.fromisoformat(at)), [(day, (at, day) in chosen) for day in DAYS]) for at in times]


def _address(account_id: str) -> str:
    return f"/queue?account={account_id}"


@router.post("/queue/slots")
async def set_slots(page: LoggedInForm) -> Response:
    """The grid, with a time that was added: it begins on weekdays."""
    account_id, zone = page.text("account"), page.text("zone") or str(page.zone)
    slots = [(day, at) for day, _, at in (one.partition(" ") for one in page.texts("slot"))]
    slots += SUGGESTED.get(page.text("suggested"), [])
    if added := page.text("time"):
        slots += [(day, added[:5]) for day in DAYS[:5]]
    made = await page.app.db.run(
        queue.set_slots, page.workspace, account_id, zone, slots, actor=page.viewer.user_id, now=page.now
    )
    if isinstance(made, Missing):
        return page.not_found("account")
    if isinstance(made, Rejected):
        wrong = made.findings[0]
        return page.redirect(_address(account_id), f"{wrong.message} {wrong.way_out}", "stop")
    return page.redirect(_address(account_id), "Slots saved.")


@router.post("/queue/fill")
async def fill(page: LoggedInForm) -> Response:
    account_id = page.text("account")
    added = await page.app.db.run(queue.fill, page.app, page.workspace, account_id, actor=page.actor, now=page.now)
    message = f"{plural(len(added), 'draft')} added to the queue." if added else "There are no drafts without a time."
    return page.redirect(_address(account_id), message, "go" if added else "plain")


@router.post("/queue/pause")
async def pause(page: LoggedInForm) -> Response:
    """Stop publishing to the account, or go on."""
    account_id, stop = page.text("account"), page.text("do") == "pause"
    done = await page.app.db.run(_pause, page, account_id, stop)
    if isinstance(done, Missing):
        return page.not_found("account")
    return page.redirect(_address(account_id), "Queue paused." if stop else "Queue resumed.")


def _pause(conn: Connection, page: PageRequest, account_id: str, stop: bool) -> Any:
    return account_services.pause(conn, page.app, page.workspace, account_id, paused=stop, actor=page.viewer.user_id)


@router.post("/queue/add")
async def add(page: LoggedInForm) -> Response:
    """A post into the next free slot of its account."""
    post_id, back = page.text("post"), own_address(page.text("back"), "/queue")
    answer, undo_id = await page.app.db.run(_add, page, post_id)
    return _moved(page, answer, back, undo_id)


def _add(conn: Connection, page: PageRequest, post_id: str) -> tuple[Answer, str]:
    step = undo.step_before(conn, page.workspace, post_id, "move")
    answer = queue.add(conn, page.app, page.workspace, post_id, actor=page.actor, now=page.now)
    # A draft that was scheduled by it is not made a draft again by its old time.
    steps = [step] if step and isinstance(answer, Done) and not step["draft"] else []
    return answer, undo.remember(conn, page.workspace, "move", steps, now=page.now)


@router.post("/posts/{post_id}/time")
async def retime(page: LoggedInForm, post_id: str) -> Response:
    """Another time for a post: ``to`` in epoch seconds, or the same time of another ``day``. ``swap``: who is due there
    takes its place."""
    back, to = own_address(page.text("back"), "/calendar"), page.text("to")
    at = float(to) if to.isascii() and to.replace(".", "", 1).isdigit() and len(to) < 20 else 0.0
    if day := day_of(page.text("day")):
        at = await page.app.db.query(_same_time, page, post_id, day)
    answer, undo_id = await page.app.db.run(_retime, page, post_id, at, bool(page.text("swap")))
    return _moved(page, answer, back, undo_id)


def _same_time(conn: Connection, page: PageRequest, post_id: str, day: date) -> float:
    """The time of day that a post has, on another day; 09:00 for a draft without a time."""
    post = post_json(conn, page.workspace, post_id)
    at = epoch(post["publish_at"]) if post else None
    clock_of = time(9) if at is None else datetime.fromtimestamp(at, UTC).astimezone(page.zone).time()
    return datetime.combine(day, clock_of, page.zone).timestamp()


def _retime(conn: Connection, page: PageRequest, post_id: str, at: float, swap: bool) -> tuple[Answer, str]:
    steps = [undo.step_before(conn, page.workspace, post_id, "move")]
    answer = queue.move(
        conn, page.app, page.workspace, post_id, at, actor=page.actor, now=page.now, swap=swap,
        zone=str(page.zone), before=steps,
    )  # fmt: skip
    done = [step for step in steps if step] if isinstance(answer, Done) else []
    return answer, undo.remember(conn, page.workspace, "move", done, now=page.now)


def _moved(page: PageRequest, answer: Answer, back: str, undo_id: str) -> Response:
    match answer:
        case Missing():
            return page.not_found("post")
        case Rejected(findings):
            return page.redirect(back, f"{findings[0].message} {findings[0].way_out}", "act")
        case Done(detail=detail):
            at = epoch(detail.get("at"))
            message = f"Moved to {clock(at, page.zone, page.now)}." if at else answer.message
            return page.redirect(back, message, undo=undo_id)
        case _:
            return page.redirect(back, answer.message, "act")
