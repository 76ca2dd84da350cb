"""An event loop whose clock jumps from one planned moment to the next. Deterministic: no threads, no sockets."""

from __future__ import annotations

import asyncio
import inspect
from asyncio import base_events
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingPlanned(RuntimeError):
    """Everybody waits and nothing will ever wake anybody."""


class _Waiting:
    """Stands where the selector is: instead of waiting for sockets, time passes."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise NothingPlanned
        if timeout > 0:
            self._loop.jump()
        return []

    def close(self) -> None:
        pass


class VirtualLoop(base_events.BaseEventLoop):
    """Time is in seconds since the loop was made."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = _Waiting(self)
        self._clock_resolution = 1e-7
        self.set_exception_handler(self._remember)
        self.faults: list[BaseException] = []
        self._children: dict[str, int] = {}

    def time(self) -> float:
        return self._now

    def create_task(self, coro: Any, *, name: object = None, context: Any = None) -> asyncio.Task[Any]:
        """A task without a name is called after the one that makes it, and its turn: chance is keyed by it."""
        if name is None:
            maker = asyncio.current_task(self) if asyncio.events._get_running_loop() is self else None
            parent = maker.get_name() if maker is not None else ""
            self._children[parent] = turn = self._children.get(parent, 0) + 1
            name = f"{parent}/{turn}"
        return asyncio.Task(coro, loop=self, name=str(name), context=context)

    def jump(self) -> None:
        """To the earliest planned moment."""
        planned: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if planned:
            self._now = max(self._now, planned[0].when())

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _remember(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.faults.append(error)


def play(loop: VirtualLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end; whatever else is under way then is forgotten."""
    before = asyncio.events._get_running_loop()
    assert before is None, "a simulation runs on a loop of its own"
    try:
        return loop.run_until_complete(work)
    finally:
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            begun = task.get_coro()
            if inspect.iscoroutine(begun) and inspect.getcoroutinestate(begun) == inspect.CORO_CREATED:
                begun.close()
        loop.close()
