"""After publishing: how posts do, reading a post's figures now, and its replies on Threads with hide and reply."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Conflict, Done, Missing, Rejected
from treadle.domain.insights import METRICS
from treadle.services import approving, insights, intake, performance, replies
from treadle.services.read import post_json
from treadle.store import Connection, accounts
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest
from treadle_diagnosis.types import Diagnosis

router = APIRouter(include_in_schema=False)


@router.get("/insights")
async def overview(page: LoggedIn) -> Response:
    """What posts gained over a period, and those that did best."""
    days = int(page.query("days")) if page.query("days") in map(str, performance.SPANS) else 30
    metric = page.query("metric") if page.query("metric") in METRICS else METRICS[0]
    account = page.query("account")

    def read(conn: Connection) -> performance.Performance:
        return performance.read(conn, page.workspace, metric=metric, days=days, account_id=account, now=page.now)

    found = await page.app.db.query(read)
    return page.render(
        "insights.html",
        found=found,
        peak=max(found.columns, key=lambda column: column.count),
        spans=performance.SPANS,
        chosen=days,
        metric=metric,
        account=account,
        accounts=await page.app.db.query(accounts.names, page.workspace),
    )


@router.post("/posts/{post_id}/insights")
async def refresh(page: LoggedInForm, post_id: str) -> Response:
    """Ask Threads for the figures now."""
    here = f"/posts/{post_id}"
    done = await insights.refresh(page.app, page.workspace, post_id)
    if isinstance(done, Missing):
        return page.not_found("post")
    if isinstance(done, Diagnosis):
        return page.redirect(here, _words(done), "act")
    return (
        page.redirect(here, done.message, "act")
        if done is not None
        else page.redirect(here, "Insights are up to date.")
    )


def _words(cause: Diagnosis) -> str:
    return f"{cause.title}. {cause.next_step}"


@router.get("/posts/{post_id}/replies")
async def show(page: LoggedIn, post_id: str) -> Response:
    return await _page(page, post_id)


async def _page(
    page: PageRequest, post_id: str, *, typed: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    post = await page.app.db.query(post_json, page.workspace, post_id)
    if post is None:
        return page.not_found("post")
    found = await replies.read(page.app, page.workspace, post_id)
    if isinstance(found, Missing):
        return page.not_found("post")
    listed = found if isinstance(found, replies.RepliesOut) else None
    return page.render(
        "replies.html",
        status=status,
        post=post,
        replies=listed,
        trouble=_words(found) if isinstance(found, Diagnosis) else found.message if isinstance(found, Conflict) else "",
        cause=found if isinstance(found, Diagnosis) else None,
        answered={one.id: one.username for one in listed.data} if listed else {},
        once=secrets.token_urlsafe(16),
        typed=typed or {},
    )


@router.post("/posts/{post_id}/replies")
async def reply(page: LoggedInForm, post_id: str) -> Response:
    """Answer a reply: an ordinary post of the same account that names what it answers."""
    post = await page.app.db.query(post_json, page.workspace, post_id)
    if post is None:
        return page.not_found("post")
    text, reply_to, once = page.text("text"), page.text("reply_to").strip(), page.text("once")[:60]
    if not reply_to:  # without it, it would be a post of its own
        return page.redirect(f"/posts/{post_id}/replies", "Choose the reply you are answering.", "act")
    body = {"account_id": post["account_id"], "text": text, "options": {"reply_to_id": reply_to}}

    def store(conn: Connection) -> Any:
        asked = approving.body_of_author(body, page.member)
        key = f"page-{once}" if once else None
        return intake.accept(conn, page.app, page.workspace, asked, now=page.now, actor=page.actor, idempotency_key=key)

    answer = await page.app.db.run(store)
    if isinstance(answer, intake.Accepted):
        waits = answer.post.state == "draft"
        message = "Your reply is waiting for approval." if waits else "Your reply is being published."
        return page.redirect(f"/posts/{answer.post.id}", message)
    if isinstance(answer, Rejected):
        trouble = " ".join(f"{one.message} {one.way_out}".strip() for one in answer.findings)
    else:
        trouble = getattr(answer, "message", "This reply can't be published.")
    typed = {"reply_to": reply_to, "text": text, "trouble": trouble}
    return await _page(page, post_id, typed=typed, status=422)


@router.post("/posts/{post_id}/replies/{reply_id}/hide")
async def hide(page: LoggedInForm, post_id: str, reply_id: str) -> Response:
    return await _hide(page, post_id, reply_id, hidden=True)


@router.post("/posts/{post_id}/replies/{reply_id}/show")
async def show_again(page: LoggedInForm, post_id: str, reply_id: str) -> Response:
    return await _hide(page, post_id, reply_id, hidden=False)


async def _hide(page: PageRequest, post_id: str, reply_id: str, *, hidden: bool) -> Response:
    here = f"/posts/{post_id}/replies"
    done = await replies.hide(page.app, page.workspace, post_id, reply_id, hidden=hidden, actor=page.actor)
    if isinstance(done, Missing):
        return page.not_found("post")
    if isinstance(done, Diagnosis):
        return page.redirect(here, _words(done), "act")
    return page.redirect(here, done.message, "go" if isinstance(done, Done) else "act")
