"""Worker processes started before there is a job for them: what a short file takes is then its own work alone.

Each does one job and ends. Those that wait are bounded in number, are started when a file is under way (an upload, a
download, the job before), and are ended when none came for a while: a server without work has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections import deque
from dataclasses import dataclass

MAX_EVENT_BYTES = 1 << 20
IDLE_S = 60.0
"""So long after the last file workers are kept."""
_PROGRAM = ("-I", "-m", "treadle_threads.media.worker")


@dataclass(eq=False, frozen=True, slots=True)
class Worker:
    """A process that waits for its one job, or does it. ``line`` is the socket on which the job is sent."""

    process: asyncio.subprocess.Process
    line: socket.socket

    def send(self, request: bytes, file: int) -> None:
        """The job and a descriptor of its file. One that has died already is found out by its exit code."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError), self.line:
            socket.send_fds(self.line, [request], [file])

    async def end(self) -> None:
        self.line.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await asyncio.shield(self.process.wait())


class ReadyWorkers:
    """At most ``kept`` processes that wait, for ``idle_s`` seconds after the last call. One per event loop."""

    def __init__(self, kept: int, idle_s: float = IDLE_S) -> None:
        self.kept, self._idle_s = kept, idle_s
        self._waiting: deque[asyncio.Task[Worker]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._retiring: asyncio.Task[None] | None = None

    def expect(self) -> None:
        """A file is under way: have workers started for it."""
        if not self.kept:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(self._idle_s, self._retire)
        while len(self._waiting) < self.kept:
            self._waiting.append(loop.create_task(start()))

    async def take(self) -> Worker:
        """One that waits, or a new one. Raises OSError when none can be started."""
        while self._waiting:
            task = self._waiting.popleft()
            try:
                worker = await asyncio.shield(task)
            except asyncio.CancelledError:
                self._waiting.appendleft(task)
                raise
            except OSError:
                continue
            if worker.process.returncode is None:
                return worker
            await worker.end()
        return await start()

    async def close(self) -> None:
        """End those that wait."""
        if self._timer is not None:
            self._timer.cancel()
        if self._retiring is not None:
            await self._retiring
        await self._end()

    def _retire(self) -> None:
        self._retiring = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        while self._waiting:
            with contextlib.suppress(OSError):
                await (await self._waiting.popleft()).end()


async def start() -> Worker:
    """Start a process. It begins to load what a job needs at once."""
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *_PROGRAM,
            stdin=theirs.fileno(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            cwd=os.sep, env=_environment(), limit=MAX_EVENT_BYTES,
        )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Worker(process, ours)


def _environment() -> dict[str, str]:
    """Nothing of ours goes along: no tokens, no proxies, no paths."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": os.sep}
