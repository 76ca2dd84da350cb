"""Live pages: one stream of what changed, so that the script can load the page's pieces again."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from treadle.people import login
from treadle.services import events
from treadle.services.events import Hub, Right, StreamedChange
from treadle.sse import EventStream
from treadle.store import feed
from treadle.web.page_request import SESSION_COOKIE, LoggedIn, PageRequest

router = APIRouter(include_in_schema=False)


@router.get("/live")
async def live(page: LoggedIn) -> Response:
    """Server-sent events: ``changed`` with the type and the subject of each change."""
    app, hub = page.app, _hub(page)
    given = page.request.headers.get("last-event-id") or page.query("after")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None
    start = after if after is not None else await app.db.query(feed.newest)
    token = page.request.cookies.get(SESSION_COOKIE, "")
    viewer = page.viewer
    right = Right(
        viewer.user_id, viewer.workspace_id, lambda conn: login.session(conn, token, now=app.now()) is not None
    )
    return EventStream(
        _lines(events.changes(app, hub, right, start)),
        take=lambda: hub.places.take(right),
        give_back=lambda: hub.places.give_back(right),
        refuse=lambda full: PlainTextResponse(full, 429, {"Retry-After": "30"}),
        most_s=events.LIFE_S + events.GRACE_S,
    )


def _hub(page: PageRequest) -> Hub:
    hub: Hub = page.request.app.state.hub
    return hub


async def _lines(changes: AsyncGenerator[StreamedChange | None, None]) -> AsyncGenerator[str, None]:
    yield "retry: 3000\n\n"
    async with aclosing(changes):
        async for sent in changes:
            if sent is None:
                yield ": all quiet\n\n"
            else:
                data = json.dumps({"type": sent.change.type, "subject": sent.change.subject})
                yield f"id: {sent.mark}\nevent: changed\ndata: {data}\n\n"
