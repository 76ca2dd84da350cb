"""A sandbox in a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from treadle_sandbox.server import Sandbox


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0, **options: Any) -> Iterator[Sandbox]:
    """Runs a sandbox in a thread until the block ends; ``sandbox.control`` works from any thread.

    ``options`` are those of :class:`~treadle_sandbox.server.Sandbox`.
    """
    sandbox = Sandbox(**options)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(sandbox.start(host, port))
        except BaseException as error:
            failed.append(error)
            started.set()
            return
        started.set()
        loop.run_forever()
        loop.run_until_complete(sandbox.stop())

    thread = threading.Thread(target=run, name="treadle-sandbox", daemon=True)
    thread.start()
    started.wait()
    if failed:
        thread.join()
        loop.close()
        raise failed[0]
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
