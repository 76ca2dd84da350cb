"""What engine and domain need of the outside: clocks, chance, ids, sleep, threads, the database, queue and Threads.

Everything comes from one :class:`Runtime`, so that a test can run the product on a clock it moves, with chance it
seeds and a Threads in memory. :mod:`treadle.engine.system` is the real one, and the only file of these two packages
that may import ``time``, ``random``, ``uuid`` and ``threading`` (ruff holds the others to it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol

from treadle.domain.run_state import AccountView
from treadle.engine.queue import RunQueue
from treadle.store import Database
from treadle.store.release import Enqueue
from treadle_threads import ThreadsClient


class Flag(Protocol):
    """Set once or again and again, and waited for in a thread."""

    def is_set(self) -> bool: ...

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Process(Protocol):
    """The machine's side: clocks, chance, ids, sleep, tasks and threads. Needs no database and no loop to exist."""

    def now(self) -> float:
        """Epoch seconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps."""

    def random01(self) -> float:
        """A random number from 0 up to 1."""

    def new_token(self) -> str:
        """32 characters that nobody has used before."""

    async def sleep(self, seconds: float) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work`` beside the rest, on the running loop."""

    def start_thread(self, name: str, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread that does not keep the process from ending."""

    def thread_name(self) -> str:
        """The name that the thread which asks was given."""

    def flag(self) -> Flag: ...

    def lock(self) -> AbstractContextManager[Any]: ...


class Runtime(Process, Protocol):
    """One worker's whole outside world. ``scale`` shrinks our own durations (``TREADLE_TIME_SCALE``)."""

    scale: float
    db: Database
    enqueue: Enqueue
    queue: RunQueue | None  # None: runs can be stored here, and are executed elsewhere

    def client(self, account: AccountView) -> ThreadsClient:
        """A Threads client with the account's token."""
