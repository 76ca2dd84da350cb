"""Live pages: one stream of what changed, so that the script can load the page's pieces again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.responses import Response

from treadle.http.places import LIFE_S, EventStream, Right
from treadle.http.stream import HEARTBEAT_S, PAGE, Hub, batch, hub_of, newest
from treadle.people import login
from treadle.services.context import App
from treadle.web.desk import SESSION_COOKIE, Pages, Visit

pages = Pages()


@pages.get("/live")
async def live(visit: Visit) -> Response:
    """Server-sent events: ``changed`` with the type and the subject of each change."""
    app, hub = visit.app, hub_of(visit.request)
    said = visit.request.headers.get("last-event-id") or visit.asked("after")
    after = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else None
    start = after if after is not None else await app.db.query(newest)
    token = visit.request.cookies.get(SESSION_COOKIE, "")
    viewer = visit.viewer
    right = Right(
        viewer.user_id, viewer.workspace_id, lambda conn: login.session(conn, token, now=app.now()) is not None
    )
    return EventStream(hub.places, right, _stream(app, hub, right, start), app.settings.public_url)


async def _stream(app: App, hub: Hub, right: Right, after: int) -> AsyncIterator[str]:
    hub.join()
    ends = asyncio.get_running_loop().time() + LIFE_S
    try:
        yield "retry: 3000\n\n"
        while True:
            seen = hub.newest
            rows = await app.db.query(batch, right, after)
            if rows is None:
                return
            for row in rows:
                after = row["id"]
                data = json.dumps({"type": row["type"], "subject": row["subject"]})
                yield f"id: {after}\nevent: changed\ndata: {data}\n\n"
            if len(rows) >= PAGE:
                continue
            after = max(after, seen)  # changes of other workspaces move the newest id as well
            grown = await hub.grown(after, HEARTBEAT_S)
            if hub.closed or asyncio.get_running_loop().time() >= ends:
                return
            if not grown:
                yield ": all quiet\n\n"
    finally:
        hub.leave()
