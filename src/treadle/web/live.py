"""Live pages: one stream of what changed, so that the script can load the page's pieces anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from treadle.api.stream import HEARTBEAT_S, Hub, newest
from treadle.store import feed
from treadle.web.desk import Pages, Visit

pages = Pages()


@pages.get("/live")
async def live(visit: Visit) -> Response:
    """Server-sent events: ``changed`` with the type and the subject of each change."""
    state = visit.request.app.state
    hub: Hub | None = getattr(state, "hub", None)
    if hub is None:
        hub = state.hub = Hub(visit.app)
    said = visit.request.headers.get("last-event-id") or visit.asked("after")
    after = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else None
    start = after if after is not None else await visit.app.db.query(newest)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(visit, hub, start), media_type="text/event-stream", headers=headers)


async def _stream(visit: Visit, hub: Hub, after: int) -> AsyncIterator[str]:
    await hub.join()
    try:
        yield "retry: 3000\n\n"
        while True:
            rows = await visit.app.db.query(feed.since, visit.workspace, after)
            for row in rows:
                after = row["id"]
                data = json.dumps({"type": row["type"], "subject": row["subject"]})
                yield f"id: {after}\nevent: changed\ndata: {data}\n\n"
            if len(rows) >= 200:
                continue
            # Changes of other workspaces move the newest id as well.
            after = max(after, hub.newest) if not rows else after
            if not await hub.grown(after, HEARTBEAT_S):
                if hub.closed:
                    return
                yield ": all quiet\n\n"
    finally:
        await hub.leave()
