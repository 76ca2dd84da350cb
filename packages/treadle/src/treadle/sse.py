"""Server-sent events as an answer, for the API and the pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send


class EventStream(StreamingResponse):
    """Holds a place exactly as long as it is being sent.

    ``take`` says why there is no place, or ``None`` when it took one, which ``give_back`` returns; ``refuse`` makes the
    answer for that reason. A client that stops reading loses its place after ``most_s`` seconds.
    """

    def __init__(
        self,
        content: AsyncIterator[str],
        *,
        take: Callable[[], str | None],
        give_back: Callable[[], None],
        refuse: Callable[[str], Response],
        most_s: float,
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, media_type="text/event-stream", headers=headers)
        self._take, self._give_back, self._refuse, self._most_s = take, give_back, refuse, most_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        full = self._take()
        if full is not None:
            await self._refuse(full)(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._most_s) as within:
                await super().__call__(scope, receive, send)
        except TimeoutError:
            if not within.expired():
                raise
        finally:
            self._give_back()
