"""Webhooks: endpoints, their events, deliveries, and sending one again."""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.responses import Response

from treadle.domain.answers import Missing
from treadle.domain.refusal import Refusal
from treadle.services import webhooks
from treadle.services.output import JsonObject
from treadle.services.webhooks import DeliveryOut, DeliveryPage, SecretOut, TryOut, WebhookOut
from treadle.store import Connection
from treadle.web.page_request import LoggedIn, LoggedInForm, PageRequest

router = APIRouter(include_in_schema=False)
LATELY = 5  # deliveries that the list of webhooks shows of each
PAGE = 40
DELIVERY_STATES = {"due": ("wait", "Waiting"), "delivered": ("go", "Delivered"), "given_up": ("stop", "Failed")}


def state_of(hook: WebhookOut) -> tuple[str, str]:
    """Tone and label of an endpoint: one that is active and does not respond is failing."""
    if hook.state == "active":
        return ("act", "Failing") if hook.failing_since else ("go", "Active")
    return ("stop", "Paused after failures") if hook.state == "failing" else ("plain", "Paused")


class ShownDelivery(DeliveryOut):
    """A delivery with its body read: when the event happened, which post it is about. ``tries``: the newest first."""

    happened: str | None
    post_id: str | None
    body: JsonObject
    tries: list[TryOut]


class ShownWebhook(WebhookOut):
    """``status``: tone and label of its state; ``older``: cursor of the next page of deliveries, empty on the last."""

    status: tuple[str, str]
    deliveries: list[ShownDelivery]
    older: str


def _delivery(row: DeliveryOut) -> ShownDelivery:
    try:
        body = json.loads(row.payload)
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    data, happened = body.get("data"), body.get("timestamp")
    post_id = data.get("post_id") if isinstance(data, dict) else None
    return ShownDelivery(
        **dict(row),
        happened=happened if isinstance(happened, str) and happened else row.created_at,
        post_id=post_id if isinstance(post_id, str) else None,  # what Meta sent is passed on as it is
        body=body,
        tries=[*reversed(row.history)],
    )


def _shown(
    conn: Connection, workspace: str, hook: WebhookOut, *, limit: int, before: str | None = None
) -> ShownWebhook:
    found = webhooks.deliveries(conn, workspace, hook.id, limit=limit, before=before)
    assert isinstance(found, DeliveryPage)
    return ShownWebhook(
        **dict(hook),
        status=state_of(hook),
        deliveries=[_delivery(row) for row in found.data],
        older=found.next or "",
    )


def _read(conn: Connection, workspace: str) -> list[ShownWebhook]:
    return [_shown(conn, workspace, hook, limit=LATELY) for hook in webhooks.listing(conn, workspace).data]


def _read_one(conn: Connection, workspace: str, hook_id: str, before: str) -> ShownWebhook | None:
    hook = webhooks.read(conn, workspace, hook_id)
    if isinstance(hook, Missing):
        return None
    return _shown(conn, workspace, hook, limit=PAGE, before=before or None)


def _ids(hooks: list[ShownWebhook]) -> set[str]:
    """Ids of what is shown: endpoints and their deliveries."""
    return {hook.id for hook in hooks} | {row.id for hook in hooks for row in hook.deliveries}


@router.get("/webhooks")
async def show(page: LoggedIn) -> Response:
    return await _page(page, page.shown_once("secret"))


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
        events={kind.type: kind.meaning for kind in webhooks.event_kinds().data},
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

    made = await page.app.db.run(
        lambda conn: webhooks.create(
            conn, page.app, page.workspace, url=url, types=page.texts("type"), actor=page.viewer.user_id
        )
    )
    if isinstance(made, Refusal):
        return await _page(page, trouble=made, status=made.status)
    return page.redirect_to_show("/webhooks", "secret", made.secret)


@router.post("/webhooks/{hook_id}/{do}")
async def act(page: LoggedInForm, hook_id: str, do: str) -> Response:
    app, actor, workspace = page.app, page.viewer.user_id, page.workspace

    def work(conn: Connection) -> tuple[object, bool]:
        """The answer, ``None`` when there is nothing to do it to, and whether the endpoint is active."""
        hook = webhooks.read(conn, workspace, hook_id)
        if isinstance(hook, Missing):
            return None, False
        active = hook.state == "active"
        match do:
            case "pause" | "start":
                return webhooks.change(conn, app, workspace, hook_id, actor=actor, paused=do == "pause"), active
            case "ping":
                return webhooks.ping(conn, app, workspace, hook_id), active
            case "secret":
                return webhooks.rotate_secret(conn, app, workspace, hook_id, actor=actor), active
            case "remove":
                return webhooks.remove(conn, app, workspace, hook_id, actor=actor) or None, active
            case "redeliver":
                sent = webhooks.redeliver(conn, app, workspace, hook_id, page.text("delivery"), actor=actor)
                return None if isinstance(sent, Missing) else sent, active
            case _:
                return None, active

    done, on = await page.app.db.run(work)
    back = page.text("back")
    back = back if back.startswith("/webhooks") and do != "remove" else "/webhooks"
    if done is None:
        return page.not_found("delivery" if do == "redeliver" else "webhook")
    if isinstance(done, Refusal):
        return page.redirect("/webhooks", f"{done.title}. {done.detail}", "act")
    if isinstance(done, SecretOut):
        return page.redirect_to_show("/webhooks", "secret", done.secret)
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
