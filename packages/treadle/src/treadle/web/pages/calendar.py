"""The calendar: what goes out on which day, in the person's zone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.services.read import Filters, list_posts
from treadle.store import Connection, accounts
from treadle.store.accounts import AccountName
from treadle.web.drafts import next_full_hour
from treadle.web.labels import epoch
from treadle.web.page_request import LoggedIn
from treadle.web.pages.posts import SHOWN, start_of

router = APIRouter(include_in_schema=False)
MOST = 2000


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    inside: bool
    today: bool
    posts: tuple[dict[str, Any], ...]
    begin: str = ""  # the time that a new post of this day begins with, empty when the day is over


@router.get("/calendar")
async def show(page: LoggedIn) -> Response:
    today = datetime.fromtimestamp(page.now, UTC).astimezone(page.zone).date()
    first = _month(page.query("month"), today)
    account = page.query("account") or None
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin, end = start_of(weeks[0][0], page.zone), start_of(weeks[-1][-1] + timedelta(days=1), page.zone)
    found, names = await page.app.db.query(_read, page.workspace, account, begin, end)
    by_day: dict[date, list[dict[str, Any]]] = {}
    for post in found:
        due = datetime.fromtimestamp(epoch(post["due_at"]) or 0.0, UTC).astimezone(page.zone)
        by_day.setdefault(due.date(), []).append({**post, "clock": f"{due:%H:%M}"})
    soon = next_full_hour(page.now, page.zone)

    def begin_of(day: date) -> str:
        return "" if day < today else soon if day == today else f"{day.isoformat()}T09:00"

    grid = [
        [Day(day, day.month == first.month, day == today, tuple(by_day.get(day, ())), begin_of(day)) for day in week]
        for week in weeks
    ]
    return page.render(
        "calendar.html",
        first=first,
        today=today,
        weeks=grid,
        before=(first - timedelta(days=1)).strftime("%Y-%m"),
        after=(first + timedelta(days=32)).strftime("%Y-%m"),
        accounts=names,
        account=account,
        total=sum(len(day.posts) for week in grid for day in week if day.inside),
        cut=len(found) >= MOST,
    )


def _month(text: str, today: date) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return today.replace(day=1)


def _read(
    conn: Connection, workspace: str, account: str | None, begin: float, end: float
) -> tuple[list[dict[str, Any]], list[AccountName]]:
    filters = Filters(states=SHOWN, account_id=account, due_from=begin, due_to=end, sort="due_at")
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < MOST:
        page, cursor = list_posts(conn, workspace, filters, limit=200, after=cursor)
        found += page
        if cursor is None:
            break
    return found, accounts.names(conn, workspace)
