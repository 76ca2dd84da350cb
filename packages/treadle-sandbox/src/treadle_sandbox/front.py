"""One port that speaks plain HTTP, TLS and the language of proxies.

The first bytes of a connection tell which: TLS begins with 0x16, a proxy's client says ``CONNECT``, everything else is
plain HTTP. Only Meta's hosts, ``sandbox.test`` and this sandbox itself can be connected to: nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from treadle_sandbox.hosts import ANSWERED, host_of, is_own

_HEAD_LIMIT = 16_384
_TLS = b"\x16"


class Front(asyncio.Protocol):
    """Reads until it knows what the client speaks, then hands the connection over. ``plain`` makes the protocol that
    answers HTTP; ``context`` is that of its TLS."""

    def __init__(
        self, plain: Callable[[], asyncio.Protocol], context: ssl.SSLContext, public_host: Callable[[], str]
    ) -> None:
        self._plain = plain
        self._context = context
        self._public_host = public_host
        self._head = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        transport, head = self._transport, bytes(self._head)
        assert transport is not None
        if head[:1] == _TLS:
            self._tunnel(head)
        elif b"CONNECT ".startswith(head[:8]) and len(head) < 8:
            return  # cannot be told yet
        elif head[:8] == b"CONNECT ":
            if b"\r\n\r\n" in head:
                self._connect(head)
            elif len(head) > _HEAD_LIMIT:
                self._refuse("431 Request Header Fields Too Large", "The request is too long.")
        else:
            protocol = self._plain()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            protocol.data_received(head)

    def _connect(self, head: bytes) -> None:
        line, _, rest = head.partition(b"\r\n")
        target = line.split(b" ")[1].decode("latin-1")
        host = host_of(target)
        if host not in ANSWERED and not is_own(host, self._public_host()):
            self._refuse(
                "403 Forbidden",
                f"This sandbox answers for {', '.join(ANSWERED)} and reaches nothing else; {host} is not among them. "
                "List hosts that are to be reached directly in NO_PROXY.",
            )
            return
        assert self._transport is not None
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._head.clear()
        after = rest.partition(b"\r\n\r\n")[2]
        if after:
            self.data_received(after)

    def _refuse(self, status: str, why: str) -> None:
        assert self._transport is not None
        body = why.encode() + b"\n"
        self._transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode()
            + body
        )
        self._transport.close()

    def _tunnel(self, first: bytes) -> None:
        """From here on the bytes go through a pair of sockets to the protocol that answers, as they are: TLS cannot
        begin on a connection of which something was read already."""
        assert self._transport is not None
        inner = _Relay(self._transport)
        outer = _Hold(inner, first)
        self._transport.set_protocol(outer)
        outer.connection_made(self._transport)
        self._transport.pause_reading()
        outer.work = asyncio.ensure_future(outer.open(self._plain, self._context))


class _Relay(asyncio.Protocol):
    """Passes what arrives on one connection to ``other``; ends and breaks with it."""

    def __init__(self, other: asyncio.Transport) -> None:
        self.other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.other.write(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self.other.close()
        else:
            self.other.abort()

    def pause_writing(self) -> None:
        """The reader on this side is slow: let the other side wait."""
        with contextlib.suppress(RuntimeError):
            self.other.pause_reading()

    def resume_writing(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.other.resume_reading()


class _Hold(_Relay):
    """The client's side of a tunnel: waits until the inner connection is there."""

    def __init__(self, inner: _Relay, first: bytes) -> None:
        self._inner = inner
        self._first = first
        self.transport = None
        self.work: asyncio.Task[None] | None = None

    async def open(self, plain: Callable[[], asyncio.Protocol], context: ssl.SSLContext) -> None:
        assert self.transport is not None
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        self.other, _ = await loop.create_connection(lambda: self._inner, sock=here)
        self.other.write(self._first)
        self.transport.resume_reading()
        with contextlib.suppress(OSError):  # it does not speak TLS after all, or has gone
            await loop.connect_accepted_socket(plain, there, ssl=context)

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "other"):
            super().connection_lost(exc)
