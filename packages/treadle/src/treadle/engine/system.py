"""The real runtime: this machine's clocks, chance, threads and event loop."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from treadle.domain.run_state import AccountView
from treadle.engine.queue import RunQueue
from treadle.engine.runtime import Flag, Process
from treadle.store import Database
from treadle.store.release import Enqueue
from treadle_threads import ThreadsClient
from treadle_threads.secret import Secret


class SystemProcess(Process):
    """This process."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def random01(self) -> float:
        return random.random()

    def new_token(self) -> str:
        return uuid.uuid4().hex

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    def start_thread(self, name: str, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name=name, daemon=True).start()

    def thread_name(self) -> str:
        return threading.current_thread().name

    def flag(self) -> Flag:
        return threading.Event()

    def lock(self) -> AbstractContextManager[Any]:
        return threading.Lock()


def clients(base: ThreadsClient, open_token: Callable[[bytes], str | Secret]) -> Callable[[AccountView], ThreadsClient]:
    """A client for each account that shares ``base``'s connections and time limits; ``base`` itself without a token."""

    @lru_cache(maxsize=1024)
    def of_token(sealed: bytes) -> ThreadsClient:
        # Opening costs more than the rest of a call; a renewed token is another ciphertext, hence another entry.
        return base.with_token(open_token(sealed))

    return lambda account: of_token(account.token_enc) if account.token_enc else base


@dataclass
class SystemRuntime(SystemProcess):
    """A :class:`~treadle.engine.runtime.Runtime`. ``clock``: epoch seconds, the system's unless told otherwise."""

    scale: float
    db: Database
    enqueue: Enqueue
    threads: Callable[[AccountView], ThreadsClient]
    queue: RunQueue | None = None
    clock: Callable[[], float] = time.time

    def now(self) -> float:
        return self.clock()

    def client(self, account: AccountView) -> ThreadsClient:
        return self.threads(account)
