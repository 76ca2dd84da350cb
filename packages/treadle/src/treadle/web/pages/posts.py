"""The list of posts: search, filters, and what can be done to many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Done
from treadle.domain.states import STATE_WORDS
from treadle.services import approving, undo
from treadle.services.approving import VERBS
from treadle.services.read import Filters, counts, list_posts
from treadle.store import Connection, accounts, pages_posts
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest
from treadle.web.pages import replace
from treadle_diagnosis import catalog

router = APIRouter(include_in_schema=False)
PAGE = 40
MOST_AT_ONCE = 500
MOST_PATTERNS = 60
SORTS = {
    "-created_at": "Newest first",
    "created_at": "Oldest first",
    "due_at": "Due time, earliest first",
    "-due_at": "Due time, latest first",
    "-updated_at": "Recently updated",
    "-published_at": "Recently published",
}
BULK = {
    "retry": "Retry",
    "replace": "Edit",
    "confirm": "Approve",
    "cancel": "Cancel",
    "delete": "Delete",
}
# What a day of the calendar holds.
SHOWN = ("scheduled", "publishing", "waiting", "retrying", "checking", "blocked", "held", "failed", "published")


def filters_of(page: PageRequest) -> Filters:
    """The filters in the address. Values nobody knows are left out."""
    query = page.query_params
    sort = query.get("sort", "")
    states = tuple(s for s in query.getlist("state") if s in STATE_WORDS)
    day = day_of(query.get("day", ""))
    return Filters(
        states=states or (SHOWN if day else ()),
        due_from=start_of(day, page.zone) if day else None,
        due_to=start_of(day + timedelta(days=1), page.zone) if day else None,
        lanes=tuple(s for s in query.getlist("lane") if s),
        patterns=tuple(s for s in query.getlist("pattern") if s),
        account_id=query.get("account") or None,
        label=query.get("label") or None,
        text=query.get("q", "").strip() or None,
        blocker_id=query.get("blocker") or None,
        sort=sort if sort in SORTS else "-created_at",
    )


def day_of(text: str) -> date | None:
    """A day as the calendar writes it, ``2026-11-30``."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9999 else None


def start_of(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()


@router.get("/posts")
async def show(page: LoggedIn) -> Response:
    filters = filters_of(page)
    found = await page.app.db.query(_list, page.workspace, filters, page.query("after") or None)
    kept = [(k, v) for k, v in page.query_params.multi_items() if v and k != "after"]
    following = urlencode([*kept, ("after", found["cursor"])]) if found["cursor"] else ""
    return page.render(
        "posts.html",
        filters=filters,
        sorts=SORTS,
        bulk=BULK,
        back=page.request.url.path + (f"?{urlencode(kept)}" if kept else ""),
        day=day_of(page.query("day")),
        asked_cause=title_of(filters.patterns[0]) if filters.patterns else "",
        filtered=bool([k for k, _ in kept if k != "sort"]),
        following=following,
        first_page=not page.query("after"),
        **found,
    )


def _list(conn: Connection, workspace: str, filters: Filters, after: str | None) -> dict[str, Any]:
    page, cursor = list_posts(conn, workspace, filters, limit=PAGE, after=after)
    return {
        "posts": page,
        "cursor": cursor,
        "counts": counts(conn, workspace),
        "accounts": accounts.names(conn, workspace),
        "patterns": [
            (group.pattern, title_of(group.pattern), group.posts)
            for group in pages_posts.by_pattern(conn, workspace, limit=MOST_PATTERNS)
        ],
    }


def title_of(pattern: str) -> str:
    """The guide's title of a cause; of one that no entry has, its name in plain letters."""
    known = catalog.load().get(pattern[:100])
    return known.title if known else pattern.replace("_", " ")


@router.post("/posts/bulk")
async def bulk(page: LoggedInForm) -> Response:
    do = page.text("do")
    ids = list(dict.fromkeys(page.texts("post")))[:MOST_AT_ONCE]
    back = page.text("back")
    back = back if back.startswith("/posts") else "/posts"
    if do not in BULK or not ids:
        return page.redirect(back, "Select posts first, then choose an action.", "act")
    if do == "replace":
        return await replace.form(page, ids)
    done = 0
    steps: list[Mapping[str, Any]] = []
    refused: dict[str, int] = {}
    for post_id in ids:  # one transaction each: one that cannot be done does not undo the others
        answer, step = await page.app.db.run(act_on, page, post_id, do)
        if isinstance(answer, Done):
            done += 1
            steps += [step] if step else []
        else:
            why = getattr(answer, "message", "There is no such post.")
            refused[why] = refused.get(why, 0) + 1
    message = f"{BULK[do]}: {done} of {len(ids)} done."
    message += "".join(f" {n} skipped: {why}" for why, n in refused.items())
    undo_id = await page.app.db.run(remember, page, do, steps) if steps else ""
    return page.redirect(back, message, "go" if not refused else "act", undo=undo_id)


def remember(conn: Connection, page: PageRequest, do: str, steps: Sequence[Mapping[str, Any]]) -> str:
    """The id under which a cancel or a delete can be undone."""
    return undo.remember(conn, page.workspace, "cancel" if do == "cancel" else "delete", steps, now=page.now)


def act_on(conn: Connection, page: PageRequest, post_id: str, do: str) -> tuple[Any, Mapping[str, Any] | None]:
    """Do it, and what an undo of it needs; None: it cannot be undone."""
    kind: undo.Kind | None = "cancel" if do == "cancel" else "delete" if do == "delete" else None
    step = undo.step_before(conn, page.workspace, post_id, kind) if kind else None
    return _act_on(conn, page, post_id, do), step


def _act_on(conn: Connection, page: PageRequest, post_id: str, do: str) -> Any:
    """One of the things that need no further input: retry, confirm, cancel, delete, submit."""
    return approving.act(conn, page.app, page.workspace, post_id, VERBS[do], page.member, now=page.now)
