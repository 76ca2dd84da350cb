"""Webhooks: endpoints, their events, deliveries, and sending one again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.notify import webhooks
from treadle.store import Connection
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
LATELY = 5  # deliveries that the list of webhooks shows of each
PAGE = 40
DELIVERY_STATES = {"due": ("wait", "Waiting"), "delivered": ("go", "Delivered"), "given_up": ("stop", "Failed")}


def state_of(hook: Mapping[str, Any]) -> tuple[str, str]:
    """Tone and words for how an endpoint is: one that is on and answers nothing does not work."""
    if hook["state"] == "active":
        return ("act", "Failing") if hook["failing_since"] else ("go", "Active")
    return ("stop", "Paused after failures") if hook["state"] == "failing" else ("plain", "Paused")


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery as it is shown: its body, when the event happened, and which post it is about."""
    try:
        body = json.loads(row["payload"])
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    data = body.get("data")
    return {
        **row,
        "happened": body.get("timestamp") or row["created_at"],
        "post_id": data.get("post_id") if isinstance(data, dict) else None,
        "body": body,
        "tries": list(reversed(row["history"] or [])),
    }


def _shown(hook: Mapping[str, Any], found: Sequence[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    more = len(found) > limit
    return {
        **hook,
        "status": state_of(hook),
        "deliveries": [_delivery(row) for row in found[:limit]],
        "older": found[limit - 1]["id"] if more else "",
    }


def _read(conn: Connection, workspace: str) -> list[dict[str, Any]]:
    return [
        _shown(row, webhooks.deliveries(conn, workspace, row["id"], limit=LATELY + 1), LATELY)
        for row in webhooks.listing(conn, workspace)
    ]


def _read_one(conn: Connection, workspace: str, hook_id: str, before: str) -> dict[str, Any] | None:
    hook = webhooks.find(conn, workspace, hook_id)
    if hook is None:
        return None
    return _shown(hook, webhooks.deliveries(conn, workspace, hook_id, limit=PAGE + 1, before=before or None), PAGE)


def _ids(hooks: list[dict[str, Any]]) -> set[str]:
    """Ids of what is shown: endpoints and their deliveries."""
    return {str(row["id"]) for hook in hooks for row in (hook, *hook["deliveries"])}


@router.get("/webhooks")
async def show(page: LoggedIn) -> Response:
    return await _page(page)


@router.get("/webhooks/{hook_id}")
async def show_one(page: LoggedIn, hook_id: str) -> Response:
    """All deliveries of one endpoint, newest first."""
    before = page.query("before")
    found = await page.app.db.query(_read_one, page.workspace, hook_id, before)
    if found is None:
        return page.not_found("webhook")
    here = page.request.url.path + (f"?before={before}" if before else "")
    return page.render(
        "webhook.html",
        near=_ids([found]),
        hook=found,
        delivery_states=DELIVERY_STATES,
        first=not before,
        back=here,
    )


async def _page(page: PageRequest, secret: str = "", trouble: Refusal | None = None, status: int = 200) -> Response:
    found = await page.app.db.query(_read, page.workspace)
    return page.render(
        "webhooks.html",
        status=status,
        near=_ids(found),
        hooks=found,
        events=webhooks.EVENTS,
        delivery_states=DELIVERY_STATES,
        secret=secret,
        trouble=trouble,
        url=page.text("url"),
        types=page.texts("type"),
        back="/webhooks",
    )


@router.post("/webhooks")
async def make(page: LoggedInForm) -> Response:
    url = page.text("url").strip()

    def work(conn: Connection) -> webhooks.NewWebhook | Refusal:
        return webhooks.create(
            conn,
            page.app.vault,
            page.workspace,
            url=url,
            types=page.texts("type"),
            actor=page.viewer.user_id,
            now=page.now,
            allow_http=page.app.settings.allow_private_media_hosts,
        )

    made = await page.app.db.run(work)
    if isinstance(made, Refusal):
        return await _page(page, trouble=made, status=made.status)
    return await _page(page, made.secret)


@router.post("/webhooks/{hook_id}/{do}")
async def act(page: LoggedInForm, hook_id: str, do: str) -> Response:
    actor, now, workspace = page.viewer.user_id, page.now, page.workspace

    def work(conn: Connection) -> tuple[Any, bool]:
        """The answer, and whether the endpoint is on."""
        hook = webhooks.find(conn, workspace, hook_id)
        on = hook is not None and hook["state"] == "active"
        match do:
            case "pause" | "start":
                return webhooks.change(conn, workspace, hook_id, actor=actor, now=now, paused=do == "pause"), on
            case "ping":
                return webhooks.ping(conn, workspace, hook_id, now=now), on
            case "secret":
                return webhooks.rotate(conn, page.app.vault, workspace, hook_id, actor=actor, now=now), on
            case "remove":
                return webhooks.remove(conn, workspace, hook_id, actor=actor, now=now) or None, on
            case "redeliver":
                delivery = page.text("delivery")
                return webhooks.redeliver(conn, workspace, hook_id, delivery, actor=actor, now=now) or None, on
            case _:
                return None, on

    done, on = await page.app.db.run(work)
    back = page.text("back")
    back = back if back.startswith("/webhooks") and do != "remove" else "/webhooks"
    if done is None:
        return page.not_found("delivery" if do == "redeliver" else "webhook")
    if isinstance(done, Refusal):
        return page.redirect("/webhooks", f"{done.title}. {done.detail}", "act")
    if isinstance(done, webhooks.NewWebhook):
        return await _page(page, done.secret)
    kept = "It will be sent when you resume the webhook."
    message = {
        "pause": "Paused. Events are kept until you resume.",
        "start": "Resumed. Sending the events that were kept.",
        "ping": "Test sent. The response appears below in a moment." if on else kept,
        "remove": "Webhook removed.",
        "redeliver": "Sending again." if on else kept,
    }
    about = page.text("delivery") if do == "redeliver" else hook_id
    return page.redirect(back, message[do], "go" if on or do not in ("ping", "redeliver") else "wait", about=about)
