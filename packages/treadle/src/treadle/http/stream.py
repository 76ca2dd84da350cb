"""``/v1/events``: what changes, as it changes, by server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParam
from starlette.responses import Response, StreamingResponse

from treadle.domain.answers import Missing
from treadle.domain.findings import finding
from treadle.http.caller import CurrentApp, Reader
from treadle.http.document import good, problems
from treadle.http.lists import known_query, words
from treadle.http.problems import Problem, invalid, not_found
from treadle.people import keys
from treadle.services import events as services
from treadle.services.events import ChangeOut, Hub, Right, StreamedChange
from treadle.sse import EventStream
from treadle.store import feed

router = APIRouter(prefix="/v1/events", tags=["Events"], dependencies=[Depends(known_query)])


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


@router.get(
    "",
    summary="Changes, live",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events; 'id' is what Last-Event-ID takes.",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": {"$ref": "#/components/schemas/ChangeOut"},
                    },
                    "example": 'id: 17\nevent: post.published\ndata: {"id": 17, "type": "post.published", ...}\n\n',
                }
            },
        },
        **problems("busy"),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "The last id seen; what came after it is sent first. Browsers send it automatically.",
                "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
            }
        ]
    },
)
async def events(
    request: Request,
    caller: Reader,
    app: CurrentApp,
    types: Annotated[list[str] | None, Query(description="Only these, such as post.published or post.*")] = None,
    after: Annotated[
        int | None, Query(ge=0, le=2**60, description="Like Last-Event-ID, for clients without it.")
    ] = None,
    follow: Annotated[bool, Query(description="false: end after what is there already.")] = True,
) -> Response:
    """Without `after` it begins with what happens from now on. A comment line comes every 15 s when it is quiet.

    It ends after an hour, and within 15 s when the key is revoked or expires. 25 streams of a key and 100 of a
    workspace may be open at once.
    """
    start = _start(request, after)
    wanted = words(types, None, "types")
    if wrong := services.unknown_type(wanted):
        raise invalid([finding("types", "parameter", given=types, problem=wrong[:1].upper() + wrong[1:])])
    hub = hub_of(request)
    if start is None:
        start = 0 if not follow else await app.db.query(feed.newest)
    right = Right(caller.key_id, caller.workspace_id, lambda conn: keys.lives(conn, caller.key_id, now=app.now()))
    changes = services.changes(app, hub, right, start, wanted=wanted, follow=follow, whole=True)

    def refuse(full: str) -> Response:
        return Problem("busy", full, headers={"Retry-After": "30"}).response(app.settings.public_url, request.url.path)

    return EventStream(
        lines(changes, start),
        take=lambda: hub.places.take(right),
        give_back=lambda: hub.places.give_back(right),
        refuse=refuse,
        most_s=services.LIFE_S + services.GRACE_S,
    )


@router.get(
    "/{event_id}",
    summary="Read an event again",
    response_model=ChangeOut,
    response_model_exclude_unset=True,
    responses={**good(200, "The event, as the stream and webhooks give it."), **problems(404)},
)
async def read_event(
    event_id: Annotated[int, PathParam(ge=1, le=2**60, description="Its number.", examples=[17])],
    caller: Reader,
    app: CurrentApp,
) -> ChangeOut:
    """Events are kept for 14 days. Those of posts say how the post is now: `parts`, `cause` and `metadata`."""
    found = await app.db.query(services.event, caller.workspace_id, event_id)
    if isinstance(found, Missing):
        raise not_found(found.what)
    return found


def _start(request: Request, after: int | None) -> int | None:
    last = request.headers.get("last-event-id")
    if last is None:
        return after
    if not (last.isascii() and last.isdigit() and len(last) <= 18):
        raise invalid([finding("Last-Event-ID", "event_id", given=last)])
    return int(last)


async def lines(
    changes: AsyncGenerator[StreamedChange | None, None], start: int | None = None
) -> AsyncGenerator[str, None]:
    """Changes as server-sent events; a comment keeps a quiet line open. ``start``: the id they come after, so that who
    comes back before the first of them misses none."""
    yield "retry: 2000\n\n" if start is None else f"retry: 2000\nid: {start}\n\n"
    async with aclosing(changes):
        async for sent in changes:
            if sent is None:
                yield ": all quiet\n\n"
            else:
                yield f"id: {sent.mark}\nevent: {sent.change.type}\ndata: {data_of(sent.change)}\n\n"


def data_of(change: ChangeOut) -> str:
    return json.dumps(change.to_json(), ensure_ascii=False)
