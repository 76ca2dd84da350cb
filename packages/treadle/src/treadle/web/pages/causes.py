"""Causes: what went out and what stood in the way, over time, by lane and by account; and answers nobody knows."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.services import post_history
from treadle.services.causes import unknown_answers
from treadle.store import Connection, accounts, blockers, pages_posts
from treadle.store import post_history as store_history
from treadle.web.page_request import LoggedIn
from treadle.web.pages.replace import CHANGEABLE

router = APIRouter(include_in_schema=False)
REPAIRED = 12
ACCOUNTS = 12  # drawn, those with most first; the menu has the others
SPANS = {"7": "7 days", "30": "30 days", "90": "90 days"}


@router.get("/causes")
async def show(page: LoggedIn) -> Response:
    chosen = page.query("days", "30")
    days = post_history.days_of(page.zone, page.now, int(chosen) if chosen in SPANS else 30)
    since = page.now - len(days) * 86_400.0
    account, lane = page.query("account"), page.query("lane")
    met, out, names, repaired, stopped, groups = await page.app.db.query(_read, page.workspace, since)
    met = [m for m in met if (not account or m.account_id == account) and (not lane or m.lane == lane)]
    gone = [at for at, whose in out if not account or whose == account]
    stopped = [m for m in stopped if (not account or m.account_id == account) and (not lane or m.lane == lane)]
    return page.render(
        "causes.html",
        stopped=post_history.strips(stopped, days, page.zone, "state"),
        groups=groups,
        spans=SPANS,
        chosen=chosen if chosen in SPANS else "30",
        days=days,
        account=account,
        lane=lane,
        accounts=names,
        names={a.id: a.username or a.id for a in names},
        out=post_history.columns(gone, days, page.zone),
        out_total=len(gone),
        by_lane=post_history.strips(met, days, page.zone, "lane"),
        by_account=post_history.strips(met, days, page.zone, "account_id"),
        accounts_shown=ACCOUNTS,
        repaired=repaired,
        total=len(met),
    )


def _read(conn: Connection, workspace: str, since: float) -> tuple[Any, Any, Any, Any, Any, Any]:
    return (
        store_history.failures(conn, workspace, since),
        store_history.published(conn, workspace, since),
        accounts.names(conn, workspace),
        blockers.repaired_lately(conn, workspace, limit=REPAIRED),
        store_history.stopped(conn, workspace, since),
        pages_posts.fixed_together(conn, workspace, CHANGEABLE),
    )


@router.get("/unknown")
async def unknown(page: LoggedIn) -> Response:
    return page.render("unknown.html", answers=(await page.app.db.query(unknown_answers, page.workspace)).data)
