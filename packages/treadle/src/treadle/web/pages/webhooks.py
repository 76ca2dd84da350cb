"""Webhooks: who is told of what, what was told, and telling it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from treadle.domain.refusal import Refusal
from treadle.notify import webhooks
from treadle.web.desk import Pages, Visit

pages = Pages()
LATELY = 5  # deliveries that the list of webhooks shows of each
PAGE = 40
DELIVERY_STATES = {"due": ("wait", "Waiting"), "delivered": ("go", "Delivered"), "given_up": ("stop", "Given up")}


def state_of(hook: Mapping[str, Any]) -> tuple[str, str]:
    """Tone and words for how an endpoint is: one that is on and answers nothing does not work."""
    if hook["state"] == "active":
        return ("act", "Does not answer") if hook["failing_since"] else ("go", "Works")
    return ("stop", "Paused after failing") if hook["state"] == "failing" else ("plain", "Paused")


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery as it is shown: what it told, when that happened, and which post it was about."""
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
        "told": state_of(hook),
        "deliveries": [_delivery(row) for row in found[:limit]],
        "older": found[limit - 1]["id"] if more else "",
    }


def _read(conn: sa.Connection, workspace: str) -> list[dict[str, Any]]:
    return [
        _shown(row, webhooks.deliveries(conn, workspace, row["id"], limit=LATELY + 1), LATELY)
        for row in webhooks.listing(conn, workspace)
    ]


def _read_one(conn: sa.Connection, workspace: str, hook_id: str, before: str) -> dict[str, Any] | None:
    hook = webhooks.find(conn, workspace, hook_id)
    if hook is None:
        return None
    return _shown(hook, webhooks.deliveries(conn, workspace, hook_id, limit=PAGE + 1, before=before or None), PAGE)


def _ids(hooks: list[dict[str, Any]]) -> set[str]:
    """What is shown: endpoints, and what each was told."""
    return {str(row["id"]) for hook in hooks for row in (hook, *hook["deliveries"])}


@pages.get("/webhooks")
async def show(visit: Visit) -> Response:
    return await _page(visit)


@pages.get("/webhooks/{hook_id}")
async def show_one(visit: Visit) -> Response:
    """Everything one endpoint was told, newest first."""
    hook_id, before = str(visit.request.path_params["hook_id"]), visit.asked("before")
    found = await visit.app.db.query(_read_one, visit.workspace, hook_id, before)
    if found is None:
        return visit.missing("webhook")
    here = visit.request.url.path + (f"?before={before}" if before else "")
    return visit.page(
        "webhook.html",
        near=_ids([found]),
        hook=found,
        delivery_states=DELIVERY_STATES,
        first=not before,
        back=here,
    )


async def _page(visit: Visit, secret: str = "", trouble: Refusal | None = None, status: int = 200) -> Response:
    found = await visit.app.db.query(_read, visit.workspace)
    return visit.page(
        "webhooks.html",
        status=status,
        near=_ids(found),
        hooks=found,
        events=webhooks.EVENTS,
        delivery_states=DELIVERY_STATES,
        secret=secret,
        trouble=trouble,
        url=visit.text("url"),
        types=visit.texts("type"),
        back="/webhooks",
    )


@pages.post("/webhooks")
async def make(visit: Visit) -> Response:
    url = visit.text("url").strip()

    def work(conn: sa.Connection) -> webhooks.NewWebhook | Refusal:
        return webhooks.create(
            conn,
            visit.app.vault,
            visit.workspace,
            url=url,
            types=visit.texts("type"),
            actor=visit.viewer.user_id,
            now=visit.now,
            allow_http=visit.app.settings.allow_private_media_hosts,
        )

    made = await visit.app.db.run(work)
    if isinstance(made, Refusal):
        return await _page(visit, trouble=made, status=made.status)
    return await _page(visit, made.secret)


@pages.post("/webhooks/{hook_id}/{do}")
async def act(visit: Visit) -> Response:
    hook_id, do = str(visit.request.path_params["hook_id"]), str(visit.request.path_params["do"])
    actor, now, workspace = visit.viewer.user_id, visit.now, visit.workspace

    def work(conn: sa.Connection) -> tuple[Any, bool]:
        """The answer, and whether the endpoint is on."""
        hook = webhooks.find(conn, workspace, hook_id)
        on = hook is not None and hook["state"] == "active"
        match do:
            case "pause" | "start":
                return webhooks.change(conn, workspace, hook_id, actor=actor, now=now, paused=do == "pause"), on
            case "ping":
                return webhooks.ping(conn, workspace, hook_id, now=now), on
            case "secret":
                return webhooks.rotate(conn, visit.app.vault, workspace, hook_id, actor=actor, now=now), on
            case "remove":
                return webhooks.remove(conn, workspace, hook_id, actor=actor, now=now) or None, on
            case "redeliver":
                delivery = visit.text("delivery")
                return webhooks.redeliver(conn, workspace, hook_id, delivery, actor=actor, now=now) or None, on
            case _:
                return None, on

    done, on = await visit.app.db.run(work)
    back = visit.text("back")
    back = back if back.startswith("/webhooks") and do != "remove" else "/webhooks"
    if done is None:
        return visit.missing("delivery" if do == "redeliver" else "webhook")
    if isinstance(done, Refusal):
        return visit.to("/webhooks", f"{done.title}. {done.detail}", "act")
    if isinstance(done, webhooks.NewWebhook):
        return await _page(visit, done.secret)
    kept = "It is kept until the webhook is started again."
    said = {
        "pause": "Paused: what happens is kept for it.",
        "start": "It is told again; what was kept goes out.",
        "ping": "A test is on its way. Its answer is listed below in a moment." if on else kept,
        "remove": "Removed.",
        "redeliver": "It is sent again." if on else kept,
    }
    about = visit.text("delivery") if do == "redeliver" else hook_id
    return visit.to(back, said[do], "go" if on or do not in ("ping", "redeliver") else "wait", about=about)
