"""Places for live streams: how many may be open at once, whose right they rest on, and when they end.

A right is given once and can end at any time: a key is revoked, a session ends, a person is disabled or removed. So a
stream looks at it again whenever it has something to send and with every heartbeat, after it has read what to send:
what it read before the right ended may still be sent, and nothing that came later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from treadle.http.problems import Problem

MOST = 500  # on this server
MOST_OF_A_WORKSPACE = 100
MOST_OF_A_HOLDER = 25  # a key, or a person in all their browsers
GRACE_S = 60.0
LIFE_S = 3_600.0  # then it ends, and the client begins again after the last id that it saw


@dataclass(frozen=True, slots=True)
class Right:
    """Whose stream it is, and whether they still have the right to it (a cheap query)."""

    holder: str
    workspace_id: str
    holds: Callable[[sa.Connection], bool]


@dataclass(slots=True)
class Places:
    """The open streams of one server, of both kinds, counted."""

    of_holder: Counter[str] = field(default_factory=Counter)
    of_workspace: Counter[str] = field(default_factory=Counter)

    @property
    def taken(self) -> int:
        return self.of_holder.total()

    def take(self, right: Right) -> str | None:
        """Take one; or why there is none."""
        if self.of_holder[right.holder] >= MOST_OF_A_HOLDER:
            return f"{MOST_OF_A_HOLDER} streams are open with this key or by this person. Close one."
        if self.of_workspace[right.workspace_id] >= MOST_OF_A_WORKSPACE:
            return f"{MOST_OF_A_WORKSPACE} streams of this workspace are open. Close one."
        if self.taken >= MOST:
            return "Too many streams are open on this server."
        self.of_holder[right.holder] += 1
        self.of_workspace[right.workspace_id] += 1
        return None

    def give_back(self, right: Right) -> None:
        for counter, name in ((self.of_holder, right.holder), (self.of_workspace, right.workspace_id)):
            counter[name] -= 1
            if counter[name] <= 0:
                del counter[name]


class EventStream(StreamingResponse):
    """Server-sent events that hold a place exactly as long as they are being sent; 429 when there is none."""

    def __init__(self, places: Places, right: Right, content: AsyncIterator[str], public_url: str) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, media_type="text/event-stream", headers=headers)
        self._places, self._right, self._public_url = places, right, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        full = self._places.take(self._right)
        if full is not None:
            refused = Problem("busy", full, headers=_LATER)
            await refused.response(self._public_url, scope["path"])(scope, receive, send)
            return
        try:
            # It ends in order before that, unless its client has stopped reading.
            async with asyncio.timeout(LIFE_S + GRACE_S) as within:
                await super().__call__(scope, receive, send)
        except TimeoutError:
            if not within.expired():
                raise
        finally:
            self._places.give_back(self._right)


_LATER: Mapping[str, str] = {"Retry-After": "30"}
