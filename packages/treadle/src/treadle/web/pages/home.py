"""Today: what needs you, what is at risk, what is going out, what went out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.states import FINAL
from treadle.engine.rechecking import recheck
from treadle.people import audit
from treadle.plural import plural
from treadle.services import attention
from treadle.services.asking import ask
from treadle.services.read import Filters, get_blocker, list_posts
from treadle.services.usage import usage_of
from treadle.store.tables import accounts, posts, workspaces
from treadle.web.labels import ago, epoch
from treadle.web.page_request import LoggedIn, LoggedInForm

router = APIRouter(include_in_schema=False)
DAY = 86_400.0
SHOWN = 8
SOON_S = 7 * DAY  # a token that ends within a week is a risk
LATELY = 7 * DAY  # what failed longer ago has been seen, and is only counted
NEARLY = 0.9  # of a quota
GOING = ("scheduled", "publishing", "waiting", "retrying")  # would be out by themselves


@router.get("/")
async def show(page: LoggedIn) -> Response:
    return page.render("home.html", **await page.app.db.query(_read, page.workspace, page.now))


def _read(conn: sa.Connection, workspace: str, now: float) -> dict[str, Any]:
    names = _accounts(conn, workspace)
    causes = attention.grouped(conn, workspace, names, now)
    waiting = _waiting(conn, workspace)
    blocked = attention.blocked_accounts(conn, workspace)

    def some(states: tuple[str, ...], sort: str, **more: Any) -> list[dict[str, Any]]:
        return list_posts(conn, workspace, Filters(states=states, sort=sort, **more), limit=SHOWN)[0]

    return {
        "causes": causes,
        "paused": bool(conn.execute(sa.select(workspaces.c.paused).where(workspaces.c.id == workspace)).scalar()),
        "held": some(("held",), "due_at"),
        "checking": some(("checking",), "due_at"),
        "going": some(("publishing", "retrying", "waiting"), "due_at"),
        "scheduled": some(("scheduled",), "due_at"),
        "out": some(("published",), "-published_at"),
        "failed": [
            post for post in some(("failed",), "-updated_at") if (epoch(post["updated_at"]) or 0) > now - LATELY
        ],
        "risks": risks(conn, workspace, names, waiting, blocked, now),
        "parted": [
            {"id": id_, "who": f"@{account['username'] or account['threads_user_id']}", "posts": waiting[id_]}
            for id_, account in names.items()
            if account["disconnected_at"] is not None and waiting.get(id_) and id_ not in blocked
        ],
        "count": _counts(conn, workspace, now),
        "has_accounts": any(a["disconnected_at"] is None for a in names.values()),
    }


def _accounts(conn: sa.Connection, workspace: str) -> dict[str, dict[str, Any]]:
    rows = conn.execute(sa.select(accounts).where(accounts.c.workspace_id == workspace)).mappings()
    return {row["id"]: dict(row) for row in rows}


def _waiting(conn: sa.Connection, workspace: str) -> dict[str, int]:
    """How many posts of each account are still to go out."""
    rows = conn.execute(
        sa.select(posts.c.account_id, sa.func.count().label("n"))
        .where(posts.c.workspace_id == workspace, posts.c.state.not_in([*FINAL, "draft"]))
        .group_by(posts.c.account_id)
    )
    return {row.account_id: row.n for row in rows}


def risks(
    conn: sa.Connection,
    workspace: str,
    names: Mapping[str, Mapping[str, Any]],
    waiting: Mapping[str, int],
    blocked: set[str],
    now: float,
) -> list[dict[str, str]]:
    """What will go wrong unless somebody acts, or unless it passes: sentences with an address."""
    found: list[dict[str, str]] = []
    for outage in attention.outages(conn, workspace):
        cause, count = outage["cause"], plural(outage["posts"], "post waits", "posts wait")
        found.append({"text": f"{cause['title']}: {count}. It passes by itself.", "href": cause["guide"]})
    late = conn.execute(
        sa.select(sa.func.count()).where(
            posts.c.workspace_id == workspace,
            posts.c.state.in_(GOING),
            posts.c.due_at < now - 600,
        )
    ).scalar_one()
    if late:
        said = f"{plural(late, 'post is', 'posts are')} more than ten minutes late."
        found.append({"text": said, "href": f"/posts?{urlencode([('state', s) for s in GOING])}&sort=due_at"})
    used = usage_of(conn, list(names.values()), now)
    for account in names.values():
        if account["disconnected_at"] is not None:
            continue
        who, where = f"@{account['username'] or account['id']}", f"/accounts?account={account['id']}#{account['id']}"
        ends = [t for t in (account["token_expires_at"], account["grant_expires_at"]) if t]
        if ends and now < min(ends) < now + SOON_S and account["id"] not in blocked:
            said = f"Access to {who} ends {ago(min(ends), now)}. Reconnect it before that."
            found.append({"text": said, "href": where})
        for usage in used[account["id"]]:
            if usage["used"] >= usage["total"] * NEARLY:
                said = f"{who} used {usage['used']} of {usage['total']} {usage['name']} in 24 hours."
                found.append({"text": said, "href": where})
        if account["paused"] and waiting.get(account["id"]):
            count = plural(waiting[account["id"]], "post waits", "posts wait")
            found.append({"text": f"{who} is paused; {count} for its end.", "href": where})
    return found


def _counts(conn: sa.Connection, workspace: str, now: float) -> dict[str, int]:
    def many(*where: sa.ColumnElement[bool]) -> int:
        return int(
            conn.execute(sa.select(sa.func.count()).where(posts.c.workspace_id == workspace, *where)).scalar_one()
        )

    return {
        "out_today": many(posts.c.state == "published", posts.c.published_at > now - DAY),
        "scheduled": many(posts.c.state == "scheduled"),
        "going": many(posts.c.state.in_(("publishing", "retrying", "waiting"))),
        "held": many(posts.c.state == "held"),
        "checking": many(posts.c.state == "checking"),
        "failed": many(posts.c.state == "failed"),
        "failed_lately": many(posts.c.state == "failed", posts.c.updated_at > now - LATELY),
    }


@router.post("/pause")
async def pause(page: LoggedInForm) -> Response:
    """Stop or resume the whole workspace."""
    stop = page.text("do") == "pause"

    def work(conn: sa.Connection) -> None:
        page.app.posts.pause(conn, page.workspace, paused=stop, now=page.now)
        event = "workspace.paused" if stop else "workspace.resumed"
        audit.note(conn, page.workspace, page.viewer.user_id, event, page.workspace, now=page.now)

    await page.app.db.run(work)
    return page.redirect("/", "Paused: nothing is sent until you resume." if stop else "It goes on.")


@router.post("/blockers/{blocker_id}/recheck")
async def look_again(page: LoggedInForm, blocker_id: str) -> Response:
    found = await page.app.db.query(get_blocker, page.workspace, blocker_id)
    back = page.text("back")
    back = back if back.startswith("/") and not back.startswith("//") else "/"
    if found is None:
        return page.not_found("cause")
    result = await ask(page.app, lambda house: recheck(house, page.app.releaser, blocker_id, asked=True))
    said = result.message
    if result.verdict == "repaired" and result.released:
        said += f" {plural(len(result.released), 'post goes', 'posts go')} out now."
    return page.redirect(back, said, {"repaired": "go", "still": "act", "unknown": "wait"}[result.verdict])
