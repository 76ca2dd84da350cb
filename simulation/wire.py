"""The network between a worker and Threads: stands where the HTTP session is, so that the product's own client and
transport run, with the guard that they ask before the first byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

import aiohttp
from yarl import URL

from simulation.chance import Dice
from simulation.machine import Machine
from simulation.threads.answers import Answer
from simulation.threads.model import Caller, Reply, Threads

CONNECT_S = 0.02
NOT_CONNECTED = 0.004  # share of the calls that find nobody to talk to
Hook = Callable[[Reply], None]


class _Bytes:
    """Takes what the transport writes."""

    class _Open:
        @staticmethod
        def is_closing() -> bool:
            return False

    transport = _Open()

    def __init__(self) -> None:
        self.data = b""

    async def write(self, chunk: bytes) -> None:
        self.data += chunk


class _Content:
    def __init__(self, data: bytes, *, cut: bool) -> None:
        self._data, self._cut = data, cut

    async def iter_any(self) -> AsyncIterator[bytes]:
        if self._data:
            yield self._data
        if self._cut:
            raise aiohttp.ClientPayloadError("the connection ended in the middle of the answer")


class _Response:
    def __init__(self, answer: Answer, trace: str) -> None:
        self.status = answer.status
        headers = {"Content-Type": "application/json; charset=UTF-8", "X-FB-Trace-ID": trace}
        self.headers: Mapping[str, str] = {**headers, **dict(answer.headers)}
        self.content = _Content(answer.text(trace), cut=answer.how == "cut")

    def close(self) -> None:
        pass


class Wire:
    """As much of ``aiohttp.ClientSession`` as the transport uses."""

    closed = False

    def __init__(self, machine: Machine, threads: Threads, answered: Hook) -> None:
        self.machine, self.threads, self.answered = machine, threads, answered

    def request(
        self, method: str, url: URL, *, data: Any, timeout: aiohttp.ClientTimeout, allow_redirects: bool
    ) -> _Exchange:
        return _Exchange(self, method, url, data, timeout.total or 60.0)

    async def close(self) -> None:
        pass

    def as_session(self) -> aiohttp.ClientSession:
        return cast(aiohttp.ClientSession, self)


class _Exchange:
    def __init__(self, wire: Wire, method: str, url: URL, data: Any, patience: float) -> None:
        self.wire, self.method, self.url, self.data, self.patience = wire, method, url, data, patience

    async def __aenter__(self) -> _Response:
        machine, threads = self.wire.machine, self.wire.threads
        where: Literal["publish", "call"] = "publish" if self.url.path.endswith("threads_publish") else "call"
        task = asyncio.current_task()
        run = task.get_name() if task is not None else ""
        about = threads.without_ids(self.url.path, self.url.path.rpartition("/")[2])
        dice = Dice(machine.seed, "way", run, about, machine.places.get(f"{run}|before {where}", 0))
        alone = NOT_CONNECTED + machine.weather.unconnected
        if machine.weather.infrastructure and dice.happens(alone) and machine.truth() < machine.ledger.end:
            await machine.wait(10.0, f"before {where}")
            raise aiohttp.ConnectionTimeoutError("nobody answers")
        named = Dice(machine.seed, "name", run, about, machine.places.get(f"{run}|before {where}", 0))
        slow = machine.truth() < machine.ledger.end and named.happens(machine.weather.slow_names)
        await machine.wait(named.skewed(0.5, 20.0) if slow else CONNECT_S, f"before {where}")
        if self.data is None:
            params = dict(parse_qsl(self.url.raw_query_string, keep_blank_values=True))
        else:
            written = _Bytes()
            await self.data.write_with_length(written, None)
            params = dict(parse_qsl(written.data.decode(), keep_blank_values=True))
        began = machine.began.get(run.split("/")[0], machine.truth())
        reply = threads.call(Caller(machine.name, run, began), self.method, self.url.path, params)
        await machine.point(f"written {where}")
        answer, delay = reply.answer, reply.delay
        if answer.how == "timeout" or delay >= self.patience:
            await machine.wait(self.patience, f"waiting for {where}")
            self._arrived(reply)
            raise aiohttp.ServerTimeoutError("no answer in time")
        await machine.wait(delay, f"waiting for {where}")
        self._arrived(reply)
        if answer.how == "reset":
            raise aiohttp.ClientOSError(104, "Connection reset by peer")
        return _Response(answer, f"T{reply.sent.n}")

    def _arrived(self, reply: Reply) -> None:
        """What the answer was came to a process that lives."""
        reply.sent.delivered = True
        reply.sent.until = self.wire.machine.truth()
        self.wire.answered(reply)

    async def __aexit__(self, *_: object) -> None:
        pass
