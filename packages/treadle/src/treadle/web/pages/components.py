"""The component sheet: every piece that the pages are built of, in each of its states."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from treadle.web.page_request import LoggedIn

router = APIRouter(include_in_schema=False)
STATES = {
    "draft": "Not scheduled yet",
    "scheduled": "Publishes at the set time",
    "publishing": "Being sent to Threads now",
    "waiting": "Threads is preparing the media",
    "retrying": "No action needed",
    "checking": "We don't know yet whether it was published",
    "blocked": "A cause must be fixed first",
    "held": "Waits for a person's decision",
    "published": "Live on Threads",
    "failed": "Can't be published as it is",
    "canceled": "Stopped by a person",
}
COLORS = (
    "bg", "surface", "sunken", "line", "control", "text", "text-2", "text-3",
    "accent", "green-solid", "blue-solid", "violet-solid", "amber-solid", "red-solid",
)  # fmt: skip


@router.get("/components")
async def show(page: LoggedIn) -> Response:
    return page.render("component_sheet.html", states=STATES, colors=COLORS)
