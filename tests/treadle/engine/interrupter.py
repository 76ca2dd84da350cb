"""Does something to a worker at the very moment at which Threads reads one of its requests, or has answered it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Literal

from treadle_sandbox.server import Sandbox

Moment = Literal["before", "after", "answered"]
MOMENTS: tuple[Moment, ...] = ("before", "after", "answered")
ON_ITS_WAY_S = 0.002  # from the end of the sandbox's work to the last byte of the answer


class Interrupter:
    """Counts requests from :meth:`plan` on; at the n-th one calls ``deed`` at a moment:

    ``before``: the request has come and never has its effect; ``after``: it had its effect and its answer never leaves;
    ``answered``: the answer has left, and may or may not have been written down by the worker.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._serve = sandbox._api
        self._left: int | None = None
        self._moment: Moment = "before"
        self._deed: Callable[[], None] = lambda: None
        self._pause = 0.0
        self._token: str | None = None
        self._edge: str | None = None
        self.done = threading.Event()
        sandbox._api = self._api  # type: ignore[method-assign]

    def plan(
        self,
        nth: int,
        moment: Moment,
        deed: Callable[[], None],
        *,
        pause_s: float = 0.0,
        token: str | None = None,
        edge: str | None = None,
    ) -> None:
        """``token``: only requests that carry it count; ``edge``: only those to this edge, ``threads_publish`` for one.

        ``pause_s`` passes between an answer and the deed.
        """
        self.done.clear()
        self._moment, self._deed, self._pause, self._token, self._edge = moment, deed, pause_s, token, edge
        self._left = nth

    def forget(self) -> None:
        self._left = None

    async def _api(self, call: Any) -> Any:
        counts = self._token in (None, call.params.get("access_token")) and self._edge in (None, *call.segments[-1:])
        if self._left is None or not counts:
            return await self._serve(call)
        self._left -= 1
        if self._left > 0:
            return await self._serve(call)
        self._left = None
        if self._moment == "before":
            self._do()
            return None, None
        answered = await self._serve(call)
        if self._moment == "after":
            self._do()
            return None, answered[1]
        asyncio.get_running_loop().call_later(ON_ITS_WAY_S + self._pause, self._do)
        return answered

    def _do(self) -> None:
        self._deed()
        self.done.set()
