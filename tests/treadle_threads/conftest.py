"""A server that misbehaves on the wire in every way, byte by byte, and remembers what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

Play = Callable[["Wire", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """``play`` is what happens on each connection; ``requests`` are the raw requests that arrived whole."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.play: Play = answer(b'{"id":"1"}')
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.play(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> str:
        """One whole request, head and body."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(h.split(":")[1]) for h in head.split("\r\n") if h.lower().startswith("content-length")), 0)
        whole = head + (await reader.readexactly(length)).decode()
        self.requests.append(whole)
        return whole


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> Play:
    """Answer every request of the connection with this."""

    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await wire.read(reader)
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
            writer.write(f"{head}\r\n".encode() + body)
            await writer.drain()

    return play


def raw(data: bytes) -> Play:
    """Read one request, send exactly these bytes and hang up."""

    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.read(reader)
        writer.write(data)
        await writer.drain()

    return play


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    one = Wire()
    server = await asyncio.start_server(one.handle, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield one
    server.close()
