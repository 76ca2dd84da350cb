"""A :class:`~treadle.engine.runtime.Runtime` whose clock a test moves and whose chance it seeds."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from treadle.domain.run_state import AccountView
from treadle.engine.queue import RunQueue
from treadle.engine.runtime import Flag
from treadle.store.release import Enqueue
from treadle_threads import ThreadsClient


class Clock:
    def __init__(self, begin: float) -> None:
        self.at = begin

    def __call__(self) -> float:
        return self.at

    def to(self, at: float) -> None:
        self.at = max(self.at, at)


@dataclass
class SimulatedRuntime:
    clock: Clock
    chance: random.Random
    db: Any
    enqueue: Enqueue
    queue: RunQueue | None
    threads: Callable[[AccountView], ThreadsClient]
    scale: float = 1.0
    _tokens: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def client(self, account: AccountView) -> ThreadsClient:
        return self.threads(account)

    def now(self) -> float:
        return self.clock()

    def monotonic(self) -> float:
        return self.clock()

    def random01(self) -> float:
        return self.chance.random()

    def new_token(self) -> str:
        return f"{next(self._tokens):032x}"

    async def sleep(self, seconds: float) -> None:
        self.clock.to(self.clock() + seconds)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    def start_thread(self, name: str, work: Callable[[], None]) -> None:
        raise AssertionError(f"a simulation has no threads: {name}")

    def thread_name(self) -> str:
        return "simulation"

    def flag(self) -> Flag:
        return threading.Event()

    def lock(self) -> AbstractContextManager[Any]:
        return nullcontext()
