"""The calendar: what is planned and published, by month, by week and as a list, in the person's zone."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.clocks import time_of_day
from treadle.domain.slots import upcoming
from treadle.domain.states import EDITABLE, STATE_WORDS
from treadle.domain.zones import zone_named
from treadle.services.output import JsonObject
from treadle.services.read import Filters, list_posts
from treadle.store import Connection, queues
from treadle.store.accounts import AccountName
from treadle.web import uploads
from treadle.web.drafts import next_full_hour
from treadle.web.labels import epoch
from treadle.web.page_request import LoggedIn, PageRequest
from treadle.web.pages.posts import SHOWN, day_of, start_of

router = APIRouter(include_in_schema=False)
MOST = 2000
VIEWS = {"month": "Month", "week": "Week", "list": "List"}
DAY_BEGINS, DAY_ENDS = 8, 20  # hours that the week always shows
LIST_DAYS = 30
NEEDS_SOMEBODY = ("blocked", "held", "failed")
MARKS = {"draft": "draft", "published": "go"}


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A free slot of an account's queue; ``at`` is epoch seconds, ``local`` as the field for a time has it."""

    at: float
    clock: str
    hour: int
    minute: int
    local: str
    account: AccountName


@dataclass(frozen=True, slots=True)
class PlannedPost:
    """A post as the calendar places it: ``at`` is epoch seconds, the others are in the person's zone. ``waits``: for an
    approval; ``needs``: somebody has to act."""

    post: JsonObject
    day: date
    clock: str
    hour: int
    minute: int
    at: float
    movable: bool
    waits: bool
    needs: bool


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one day: a place to drop a post at, unless it is over."""

    at: float
    local: str
    over: bool
    now: bool
    posts: Sequence[PlannedPost] = ()
    free: Sequence[FreeSlot] = ()
    shift: int = 0  # quarters of an hour by which the only thing in it stands lower

    @property
    def things(self) -> int:
        return len(self.posts) + len(self.free)


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    inside: bool
    today: bool
    posts: tuple[PlannedPost, ...]
    begin: str = ""  # the time that a new post of this day begins with, empty when the day is over
    free: Sequence[FreeSlot] = ()
    hours: Mapping[int, Hour] = field(default_factory=dict)

    @property
    def marks(self) -> tuple[str, ...]:
        """What the strip of days shows of it: at most three of attention, published, planned, draft."""
        found = {"act" if one.needs else MARKS.get(one.post["state"], "plan") for one in self.posts}
        return tuple(one for one in ("act", "go", "plan", "draft") if one in found)[:3]

    @property
    def weekend(self) -> bool:
        return self.day.weekday() >= 5


@router.get("/calendar")
async def show(page: LoggedIn) -> Response:
    today = datetime.fromtimestamp(page.now, UTC).astimezone(page.zone).date()
    view = page.query("view")
    view = view if view in VIEWS else "month" if page.query("month") else "week"
    middle = day_of(page.query("day")) or _month(page.query("month"), today)
    chosen, states, label = _wanted(page)
    days, before, after = _span(view, middle)
    begin, end = start_of(days[0], page.zone), start_of(days[-1] + timedelta(days=1), page.zone)
    found, slots, drafts = await page.app.db.query(_read, page, chosen, label, begin, end)
    counted = Counter(post["state"] for post in found if not chosen or post["account_id"] in chosen)
    shown = [p for p in found if (not chosen or p["account_id"] in chosen) and (not states or p["state"] in states)]
    grid = _days(page, days, middle, today, shown, slots)
    hours = _hours(grid)
    address = _addresses(page, view, middle)
    return page.render(
        "calendar.html",
        view=view,
        views=VIEWS,
        title=_title(view, days, middle),
        short=_short_title(view, days, middle),
        middle=middle,
        today=today,
        days=[_with_hours(day, hours, page) for day in grid] if view == "week" else grid,
        weeks=[grid[n : n + 7] for n in range(0, len(grid), 7)],
        hours=[(hour, time_of_day(time(hour))) for hour in hours],
        now_clock=time_of_day(_local(page.now, page.zone)),
        now_quarter=_local(page.now, page.zone).minute // 15,
        files=await uploads.first_files(page.app, page.workspace, [*shown, *drafts]),
        address=address,
        before=before,
        after=after,
        chosen=chosen,
        states=states,
        label=label,
        counted=counted,
        drafts=[post for post in drafts if not chosen or post["account_id"] in chosen],
        total=sum(len(day.posts) for day in grid if day.inside),
        free_total=sum(len(day.free) for day in grid),
        hidden=bool(found) and not shown,
        cut=len(found) >= MOST,
    )


def _wanted(page: PageRequest) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Accounts, states and the label that are shown; empty: all."""
    query = page.query_params
    accounts = {one.id for one in page.frame.accounts}
    chosen = tuple(dict.fromkeys(one for one in query.getlist("account") if one in accounts))
    states = tuple(dict.fromkeys(one for one in query.getlist("state") if one in STATE_WORDS))
    return chosen, states, query.get("label", "").strip()[:100]


def _month(text: str, today: date) -> date:
    """The first of a month as ``2026-11``, or today."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return today


def _span(view: str, middle: date) -> tuple[list[date], date, date]:
    """The days of a view, and a day of the view before and of that after it."""
    if view == "month":
        weeks = calendar.Calendar().monthdatescalendar(middle.year, middle.month)
        first = middle.replace(day=1)
        return [day for week in weeks for day in week], first - timedelta(days=1), first + timedelta(days=32)
    if view == "week":
        first = middle - timedelta(days=middle.weekday())
        return [first + timedelta(days=n) for n in range(7)], first - timedelta(days=7), first + timedelta(days=7)
    step = timedelta(days=LIST_DAYS)
    return [middle + timedelta(days=n) for n in range(LIST_DAYS)], middle - step, middle + step


def _title(view: str, days: Sequence[date], middle: date) -> str:
    if view == "month":
        return f"{middle:%B %Y}"
    first, last = days[0], days[-1]
    end = f"{last:%B} {last.day}" if first.month != last.month else f"{last.day}"
    return f"{first:%B} {first.day} – {end}, {last.year}"


def _short_title(view: str, days: Sequence[date], middle: date) -> str:
    """The title where there is little room."""
    if view == "month":
        return f"{middle:%b %Y}"
    first, last = days[0], days[-1]
    return f"{first:%b} {first.day} – " + (f"{last:%b} " if first.month != last.month else "") + str(last.day)


def _addresses(page: PageRequest, view: str, middle: date) -> Callable[..., str]:
    """Makes addresses of the calendar that keep everything but what is named; ``account`` and ``state`` are toggled."""
    kept = [(k, v) for k, v in page.query_params.multi_items() if k in ("account", "state", "label") and v]

    def address(
        view: str = view,
        day: date = middle,
        account: str = "",
        state: str = "",
        clear: bool = False,
        everyone: bool = False,
    ) -> str:
        items = [] if clear else [one for one in kept if not (everyone and one[0] == "account")]
        for name, value in (("account", account), ("state", state)):
            if value:
                items = [one for one in items if one != (name, value)] + (
                    [] if (name, value) in items else [(name, value)]
                )
        return f"/calendar?{urlencode([('view', view), ('day', day.isoformat()), *items])}"

    return address


def _read(
    conn: Connection, page: PageRequest, chosen: Sequence[str], label: str, begin: float, end: float
) -> tuple[list[JsonObject], list[tuple[float, AccountName]], list[JsonObject]]:
    """Posts of the time, free slots of it, and drafts without a time."""
    workspace = page.workspace
    filters = Filters(states=("draft", *SHOWN), due_from=begin, due_to=end, sort="due_at", label=label or None)
    found: list[JsonObject] = []
    cursor: str | None = None
    while len(found) < MOST:
        some, cursor = list_posts(conn, workspace, filters, limit=200, after=cursor)
        found += [post for post in some if post["state"] != "draft" or post["publish_at"]]
        if cursor is None:
            break
    slots: list[tuple[float, AccountName]] = []
    for account in page.frame.accounts:
        queue = queues.find(conn, workspace, account.id) if not chosen or account.id in chosen else None
        place = zone_named(queue.zone) if queue else None
        if queue is None or place is None or end <= page.now:
            continue
        taken = {int(one.due_at // 60) for one in queues.due_posts(conn, workspace, account.id, page.now, end)}
        after = max(begin, page.now)
        times = upcoming(queue.slots, place, after, int((end - after) // 86_400) + 1)
        slots += [(at, account) for at in times if at < end and int(at // 60) not in taken]
    idle = list_posts(conn, workspace, Filters(states=("draft",), sort="-created_at"), limit=50)[0]
    return found, slots, [post for post in idle if not post["publish_at"]][:20]


def _days(
    page: PageRequest,
    days: Sequence[date],
    middle: date,
    today: date,
    posts: Sequence[JsonObject],
    slots: Sequence[tuple[float, AccountName]],
) -> list[Day]:
    by_day: dict[date, list[PlannedPost]] = {}
    for post in posts:
        planned = _planned(post, page.zone)
        by_day.setdefault(planned.day, []).append(planned)
    free: dict[date, list[FreeSlot]] = {}
    for at, account in sorted(slots, key=lambda one: one[0]):
        there = _local(at, page.zone)
        slot = FreeSlot(at, time_of_day(there), there.hour, there.minute, f"{there:%Y-%m-%dT%H:%M}", account)
        free.setdefault(there.date(), []).append(slot)
    soon = next_full_hour(page.now, page.zone)

    def begin_of(day: date) -> str:
        return "" if day < today else soon if day == today else f"{day.isoformat()}T09:00"

    return [
        Day(day, day.month == middle.month or (len(days) < 32 and len(days) % 7 != 0) or len(days) == 7, day == today,
            tuple(by_day.get(day, ())), begin_of(day), tuple(free.get(day, ())))
        for day in days
    ]  # fmt: skip


def _planned(post: JsonObject, zone: ZoneInfo) -> PlannedPost:
    at, state = epoch(post["due_at"]) or 0.0, post["state"]
    due = _local(at, zone)
    waits = state == "draft" and post["approval"] == "pending"
    return PlannedPost(
        post,
        due.date(),
        time_of_day(due),
        due.hour,
        due.minute,
        at,
        movable=state in EDITABLE,
        waits=waits,
        needs=waits or state in NEEDS_SOMEBODY,
    )


def _local(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def _hours(grid: Sequence[Day]) -> list[int]:
    """The hours a week shows: the usual ones, and those in which there is something."""
    busy = [post.hour for day in grid for post in day.posts]
    busy += [slot.hour for day in grid for slot in day.free]
    return list(range(min([DAY_BEGINS, *busy]), max([DAY_ENDS, *busy]) + 1))


def _with_hours(day: Day, hours: Sequence[int], page: PageRequest) -> Day:
    made: dict[int, Hour] = {}
    for hour in reversed(hours):
        begin = datetime(day.day.year, day.day.month, day.day.day, hour, tzinfo=page.zone)
        at = begin.timestamp()
        posts = [post for post in day.posts if post.hour == hour]
        free = [slot for slot in day.free if slot.hour == hour]
        minutes = [*(post.minute for post in posts), *(slot.minute for slot in free)]
        below = made.get(hour + 1)
        # What stands alone stands where its minute is, if that covers nothing below it.
        shift = minutes[0] // 15 if len(minutes) == 1 and below is not None and not below.things else 0
        now = day.today and at <= page.now < at + 3600
        made[hour] = Hour(at, f"{begin:%Y-%m-%dT%H:%M}", at <= page.now, now, posts, free, shift)
    return Day(day.day, day.inside, day.today, day.posts, day.begin, day.free, made)
