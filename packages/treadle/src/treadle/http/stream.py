"""``/v1/events``: what changes, as it changes, by server-sent events.

One look at the change feed serves every listener of the process; a listener that was away names the last id it saw and
gets what it missed (changes are kept 14 days).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from treadle.domain.findings import Finding
from treadle.http.caller import House, Reader
from treadle.http.document import problems
from treadle.http.lists import known_query, words
from treadle.http.places import LIFE_S, EventStream, Places, Right
from treadle.http.problems import invalid
from treadle.people import keys
from treadle.services.context import App
from treadle.services.read import iso
from treadle.store import feed
from treadle.store.tables import changes

HEARTBEAT_S = 15.0
LOOK_S = 0.3
PAGE = 200
OVERLAP = 64  # ids

router = APIRouter(prefix="/v1/events", tags=["Posts"], dependencies=[Depends(known_query)])


class Hub:
    """Wakes every listener when the feed has grown; looks at the feed only while somebody listens."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._grown = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0
        self.newest = 0
        self.closed = False
        self.places = Places()

    def join(self) -> None:
        self.listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def leave(self) -> None:
        self.listeners -= 1
        if self.listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End every stream: the server stops."""
        self.closed = True
        async with self._grown:
            self._grown.notify_all()

    async def grown(self, after: int, within_s: float) -> bool:
        """Whether there is something after this id, as soon as there is or after ``within_s`` seconds."""
        async with self._grown:
            try:
                await asyncio.wait_for(self._grown.wait_for(lambda: self.closed or self.newest > after), within_s)
            except TimeoutError:
                return False
        return not self.closed

    async def _watch(self) -> None:
        while True:
            with suppress(sa.exc.SQLAlchemyError):  # the database is away for a moment; the listeners stay
                found = await self._app.db.query(newest)
                if found > self.newest:
                    async with self._grown:
                        self.newest = found
                        self._grown.notify_all()
            await asyncio.sleep(LOOK_S)


def newest(conn: sa.Connection) -> int:
    return int(conn.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)


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
                    "schema": {"type": "string"},
                    "example": 'id: 17\nevent: post.published\ndata: {"id": 17, "type": "post.published", ...}\n\n',
                }
            },
        },
        **problems(429),
    },
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "The last id seen; what came after it is sent first. Browsers send it by themselves.",
                "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
            }
        ]
    },
)
async def events(
    request: Request,
    caller: Reader,
    app: House,
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
    hub = hub_of(request)
    if start is None:
        start = 0 if not follow else await app.db.query(newest)
    right = Right(caller.key_id, caller.workspace_id, lambda conn: keys.lives(conn, caller.key_id, now=app.now()))
    stream = _stream(app, hub, right, start, wanted, follow)
    return EventStream(hub.places, right, stream, app.settings.public_url)


def _start(request: Request, after: int | None) -> int | None:
    said = request.headers.get("last-event-id")
    if said is None:
        return after
    if not (said.isascii() and said.isdigit() and len(said) <= 18):
        finding = Finding(
            "Last-Event-ID", "event_id", "This is not the id of an event.", "Send the last 'id'.", given=said
        )
        raise invalid([finding])
    return int(said)


async def _stream(
    app: App, hub: Hub, right: Right, after: int, wanted: tuple[str, ...], follow: bool
) -> AsyncIterator[str]:
    hub.join()
    ends = asyncio.get_running_loop().time() + LIFE_S
    # On Postgres a smaller id may be committed after a larger one: look a little further back, and send nothing twice.
    overlap = 0 if app.db.is_sqlite else OVERLAP
    start, sent = after, deque[int](maxlen=2 * PAGE)
    try:
        yield "retry: 2000\n\n"
        while True:
            seen = hub.newest
            rows = await app.db.query(batch, right, max(start, after - overlap))
            if rows is None:
                return
            fresh = [row for row in rows if row["id"] not in sent]
            for row in fresh:
                after = max(after, row["id"])
                sent.append(row["id"])
                if is_wanted(row["type"], wanted):
                    yield _event(row)
            if len(rows) >= PAGE and fresh:
                continue
            if not follow:
                return
            after = max(after, seen)  # changes of other workspaces move the newest id as well
            grown = await hub.grown(after, HEARTBEAT_S)
            if hub.closed or asyncio.get_running_loop().time() >= ends:
                return
            if not grown:
                yield ": all quiet\n\n"
    finally:
        hub.leave()


def batch(conn: sa.Connection, right: Right, after: int) -> list[dict[str, Any]] | None:
    """What comes next, or ``None`` when the right has ended; it is looked at last, so that it covers what was read."""
    rows = feed.since(conn, right.workspace_id, after, limit=PAGE)
    return rows if right.holds(conn) else None


def is_wanted(type_: str, wanted: tuple[str, ...]) -> bool:
    """Whether this type is among ``wanted``, which are names or beginnings such as ``post.*``; empty wants all."""
    return not wanted or any(type_ == w or (w.endswith(".*") and type_.startswith(w[:-1])) for w in wanted)


def event_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A change as it is told."""
    return {
        "id": row["id"],
        "type": row["type"],
        "subject": row["subject"],
        "at": iso(row["at"]),
        "data": row["payload"],
    }


def _event(row: Mapping[str, Any]) -> str:
    return f"id: {row['id']}\nevent: {row['type']}\ndata: {json.dumps(event_json(row), ensure_ascii=False)}\n\n"
