"""Home: what needs attention, what is at risk, what is upcoming, what was published lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Missing
from treadle.plural import plural
from treadle.services import attention, blockers, importing, workspaces
from treadle.services.output import JsonObject
from treadle.services.read import Filters, list_posts, posts_json
from treadle.services.setup_guide import Step
from treadle.services.usage import Usage, usage_of
from treadle.store import Connection, accounts, insights, pages_posts, visible_blockers
from treadle.store.accounts import AccountRow
from treadle.store.pages_posts import RUNNING
from treadle.web import uploads
from treadle.web.labels import ago, epoch
from treadle.web.page_request import LoggedIn, LoggedInForm
from treadle.web.pages.setup import checklist, shown

router = APIRouter(include_in_schema=False)
DAY = 86_400.0
SHOWN = 8
SOON_S = 7 * DAY  # a token that ends within a week is a risk
NEARLY = 0.9  # of a quota
LATE_S = 600.0
GOING = ("scheduled", *RUNNING)  # will be published without anybody's help
TONES = {"repaired": "go", "still": "act", "unknown": "wait"}


@router.get("/")
async def show(page: LoggedIn) -> Response:
    today = datetime.fromtimestamp(page.now, UTC).astimezone(page.zone)
    found = await page.app.db.query(_read, page.workspace, page.may("approve"), page.now)
    steps: list[Step] = []
    if page.may("workspace") and not found["ever_published"]:
        steps = await checklist(page)
    rows = [*found["scheduled"], *found["published"], *(post for need in found["causes"] for post in need.first)]
    files = await uploads.first_files(page.app, page.workspace, rows)
    return page.render(
        "home.html", files=files, today=f"{today:%A, %B} {today.day}", steps=steps, **shown(steps), **found
    )


def _read(conn: Connection, workspace: str, approver: bool, now: float) -> dict[str, Any]:
    found = {row.id: row for row in accounts.listing(conn, workspace, disconnected=True)}
    unfinished = pages_posts.unfinished_by_account(conn, workspace)
    blocked = attention.blocked_accounts(conn, workspace)
    space = workspaces.read(conn, workspace)
    live = [account for account in found.values() if account.disconnected_at is None]
    used = usage_of(conn, live, now)

    def some(states: tuple[str, ...], sort: str) -> list[JsonObject]:
        return list_posts(conn, workspace, Filters(states=states, sort=sort), limit=SHOWN)[0]

    published = some(("published",), "-published_at")
    count = pages_posts.home_counts(conn, workspace, now=now, failed_since=now - attention.FAILED_LATELY_S)
    return {
        "causes": attention.grouped(conn, workspace, found, now),
        "trouble_since": visible_blockers.trouble_since(conn),
        "checked_at": max((account.checked_at for account in live if account.checked_at), default=None),
        "paused": space is not None and space.paused,
        "held": some(("held",), "due_at"),
        "imports_wait": importing.WAITS,
        "approvals": posts_json(conn, workspace, pages_posts.for_approval(conn, workspace, limit=SHOWN))
        if approver
        else [],
        "checking": some(("checking",), "due_at"),
        "running": some(RUNNING, "due_at"),
        "scheduled": some(("scheduled",), "due_at"),
        "published": published,
        "figures": insights.newest_of(conn, workspace, [str(post["id"]) for post in published]),
        "failed": [
            post
            for post in some(("failed",), "-updated_at")
            if (epoch(post["updated_at"]) or 0) > now - attention.FAILED_LATELY_S
        ],
        "risks": risks(conn, workspace, found, unfinished, blocked, used, now),
        "accounts": live[:SHOWN],
        "usage": used,
        "disconnected": [
            {"id": id_, "who": _name(account), "posts": unfinished[id_]}
            for id_, account in found.items()
            if account.disconnected_at is not None and unfinished.get(id_) and id_ not in blocked
        ],
        "count": count,
        "has_accounts": bool(live),
        "ever_published": bool(count.published),
    }


def _name(account: AccountRow) -> str:
    return f"@{account.username or account.threads_user_id}"


def risks(
    conn: Connection,
    workspace: str,
    found: Mapping[str, AccountRow],
    unfinished: Mapping[str, int],
    blocked: set[str],
    used: Mapping[str, Sequence[Usage]],
    now: float,
) -> list[dict[str, str]]:
    """What will go wrong unless somebody acts, or unless it passes: sentences with an address."""
    risky: list[dict[str, str]] = []
    for outage in attention.outages(conn, workspace):
        cause, count = outage.cause, plural(outage.posts, "post is", "posts are")
        text = f"{cause['title']}: {count} waiting. No action needed. Treadle will retry automatically."
        risky.append({"text": text, "href": cause["guide"]})
    late = pages_posts.count_due_before(conn, workspace, GOING, now - LATE_S)
    if late:
        text = f"{plural(late, 'post is', 'posts are')} more than 10 minutes late."
        risky.append({"text": text, "href": f"/posts?{urlencode([('state', s) for s in GOING])}&sort=due_at"})
    for account in found.values():
        if account.disconnected_at is not None:
            continue
        who, where = _name(account), f"/accounts?account={account.id}#{account.id}"
        ends = [t for t in (account.token_expires_at, account.grant_expires_at) if t]
        if ends and now < min(ends) < now + SOON_S and account.id not in blocked:
            text = f"Access to {who} expires {ago(min(ends), now)}. Reconnect it before then."
            risky.append({"text": text, "href": where})
        for usage in used[account.id]:
            if usage.used >= usage.total * NEARLY:
                text = f"{who} has used {usage.used} of {usage.total} {usage.name} in 24 hours."
                risky.append({"text": text, "href": where})
        if account.paused and unfinished.get(account.id):
            text = f"{who} is paused. {plural(unfinished[account.id], 'post is', 'posts are')} waiting."
            risky.append({"text": text, "href": where})
    return risky


@router.post("/pause")
async def pause(page: LoggedInForm) -> Response:
    """Stop or resume the whole workspace."""
    stop, who = page.text("do") == "pause", page.viewer.user_id
    await page.app.db.run(
        lambda conn: workspaces.change(conn, page.app, page.workspace, {"paused": stop}, actor=who) and None
    )
    return page.redirect("/", "Paused. Nothing is published until you resume." if stop else "Publishing resumed.")


@router.post("/blockers/{blocker_id}/recheck")
async def recheck(page: LoggedInForm, blocker_id: str) -> Response:
    """Ask Threads or the media host whether a cause is gone."""
    back = page.text("back")
    back = back if back.startswith("/") and not back.startswith("//") else "/"
    # Whoever sees a cause on their pages has posts that it holds: they may check a shared one, too.
    result = await blockers.recheck(page.app, page.workspace, blocker_id, may_share=True)
    if isinstance(result, Missing):
        return page.not_found("problem")
    if isinstance(result, str):
        return page.redirect(back, "This problem is already fixed.")
    text = result.message
    if result.verdict == "repaired" and result.released:
        text += f" Publishing {plural(len(result.released), 'post')} now."
    return page.redirect(back, text, TONES[result.verdict or "unknown"])
