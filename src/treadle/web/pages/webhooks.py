"""Webhooks: who is told of what, what was told, and telling it again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from treadle.accounts import webhooks
from treadle.accounts.refusal import Refusal
from treadle.web.desk import Pages, Visit

pages = Pages()
STATES = {"active": ("go", "Works"), "paused": ("plain", "Paused"), "failing": ("stop", "Paused after failing")}
DELIVERY_STATES = {"due": ("wait", "Waiting"), "delivered": ("go", "Delivered"), "given_up": ("stop", "Given up")}


@pages.get("/webhooks")
async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, secret: str = "", trouble: Refusal | None = None, status: int = 200) -> Response:
    found = await visit.app.db.query(_read, visit.workspace)
    return visit.page(
        "webhooks.html",
        status=status,
        hooks=found,
        events=webhooks.EVENTS,
        states=STATES,
        delivery_states=DELIVERY_STATES,
        secret=secret,
        trouble=trouble,
        url=visit.text("url"),
        types=visit.texts("type"),
    )


def _read(conn: sa.Connection, workspace: str) -> list[dict[str, Any]]:
    return [
        {**row, "deliveries": webhooks.deliveries(conn, workspace, row["id"], limit=20)}
        for row in webhooks.listing(conn, workspace)
    ]


@pages.post("/webhooks")
async def make(visit: Visit) -> Response:
    def work(conn: sa.Connection) -> webhooks.NewWebhook | Refusal:
        return webhooks.create(
            conn,
            visit.app.vault,
            visit.workspace,
            url=visit.text("url").strip(),
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

    def work(conn: sa.Connection) -> Any:
        match do:
            case "pause" | "start":
                return webhooks.change(conn, workspace, hook_id, actor=actor, now=now, paused=do == "pause")
            case "ping":
                return webhooks.ping(conn, workspace, hook_id, now=now)
            case "secret":
                return webhooks.rotate(conn, visit.app.vault, workspace, hook_id, actor=actor, now=now)
            case "remove":
                return webhooks.remove(conn, workspace, hook_id, actor=actor, now=now) or None
            case "redeliver":
                delivery = visit.text("delivery")
                return webhooks.redeliver(conn, workspace, hook_id, delivery, actor=actor, now=now) or None
            case _:
                return None

    done = await visit.app.db.run(work)
    if done is None:
        return visit.missing("webhook")
    if isinstance(done, Refusal):
        return visit.to("/webhooks", f"{done.title}. {done.detail}", "act")
    if isinstance(done, webhooks.NewWebhook):
        return await _page(visit, done.secret)
    said = {
        "pause": "Paused: what happens is kept for it.",
        "start": "It is told again; what was kept goes out.",
        "ping": "A test is on its way. Its answer is listed below in a moment.",
        "remove": "Removed.",
        "redeliver": "It is sent again.",
    }
    return visit.to("/webhooks", said[do])
