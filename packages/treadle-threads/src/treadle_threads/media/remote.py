"""One remote file, opened once and read by ranges: the first request brings the head, a second one the index."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic

import aiohttp
from yarl import URL

from treadle_threads.media.guard import refused_address
from treadle_threads.media.isobmff import HEAD, MAX_INDEX
from treadle_threads.media.source import Reading, T, Unreachable, Want

META_AGENT = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
PLAIN_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAX_REDIRECTS = 5
MAX_REQUESTS = 6
"""Requests spent on one file's facts; two are the rule, a picture with scattered headers may take more."""
SKIP_WITHOUT_RANGES = 64 * 1024
"""How far a server without ranges is read on to reach something, beyond the head."""
IN_THREAD = 256 * 1024
"""Pieces larger than this are parsed in a thread, so that the event loop goes on."""
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class NotOpened:
    """Why a file could not be asked for at all. ``reason`` is a finding's code; ``detail`` says more."""

    reason: str
    detail: str
    address: str = ""


@dataclass(slots=True)
class RemoteFile:
    """An answer to the first request, and what may still be read through it. Close it when done.

    ``size`` is the whole file's, ``None`` when the server does not say. ``ranges`` tells whether it answers them.
    """

    session: aiohttp.ClientSession
    response: aiohttp.ClientResponse
    url: URL
    agent: str
    first_byte_s: float
    redirects: list[str] = field(default_factory=list)
    size: int | None = None
    ranges: bool = False
    head: bytes = b""
    bytes_read: int = 0
    requests: int = 1
    cut_short: bool = False
    _at: int = 0
    _window: bytes = b""

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def content_type(self) -> str:
        """Lower case, without parameters; empty when the server names none."""
        return self.response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def read_head(self, length: int = HEAD) -> bytes:
        """The first bytes of the answer, at most ``length``. Also settles ``size`` and ``ranges``."""
        headers = self.response.headers
        found = _CONTENT_RANGE.match(headers.get("Content-Range", ""))
        if self.status == 206 and found and found[1] == "0":
            self.ranges = True
            self.size = int(found[3]) if found[3] != "*" else None
        elif self.status == 200 and "Content-Encoding" not in headers and headers.get("Content-Length", "").isdigit():
            self.size = int(headers["Content-Length"])
        self.head = await self._more(length)
        self._window = self.head
        if self.size is not None and len(self.head) < min(length, self.size):
            self.cut_short = True
        return self.head

    async def run(self, reading: Reading[T]) -> T:
        """Run a parser over the file. Ranges that cannot be had are told to the parser as :class:`Unreachable`."""
        step = _step(reading, None)
        while isinstance(step, Want):
            answer: bytes | Unreachable
            try:
                answer = await self.read(step.offset, step.length)
            except Unreachable as why:
                answer = why
            if isinstance(answer, bytes) and len(answer) > IN_THREAD:
                step = await asyncio.to_thread(_step, reading, answer)
            else:
                step = _step(reading, answer)
        return step.value

    async def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``, fewer only at the end of the file. Raises :class:`Unreachable`."""
        end = self._at + len(self._window)
        known_end = self.size is not None and end >= self.size and offset >= self._at
        if self._at <= offset and (offset + length <= end or known_end):
            return self._window[offset - self._at : offset - self._at + length]
        if length > MAX_INDEX + HEAD:
            raise Unreachable("more than is read here")
        if self.ranges:
            return await self._range(offset, length)
        return await self._read_on(offset, length)

    async def _range(self, offset: int, length: int) -> bytes:
        if self.requests >= MAX_REQUESTS:
            raise Unreachable("too many requests")
        if self.requests >= 2:
            length = max(length, HEAD)  # whoever jumps about gets more at a time
        self.requests += 1
        self.response.close()
        wanted = {
            "User-Agent": self.agent,
            "Range": f"bytes={offset}-{offset + length - 1}",
            "Accept-Encoding": "identity",
        }
        try:
            self.response = await self.session.get(self.url, headers=wanted, allow_redirects=False)
            found = _CONTENT_RANGE.match(self.response.headers.get("Content-Range", ""))
            if self.response.status != 206 or not found or int(found[1]) != offset:
                self.response.close()
                raise Unreachable(f"the second request was answered with {self.response.status}, not with that range")
            piece = await self._more(length)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"the second request failed: {type(error).__name__}") from error
        self._at, self._window = offset, piece
        return piece

    async def _read_on(self, offset: int, length: int) -> bytes:
        """No ranges: the same answer is read on, if what is wanted lies close ahead and nothing must be kept twice."""
        end = self._at + len(self._window)
        if offset < self._at or offset > end + SKIP_WITHOUT_RANGES:
            raise Unreachable("the server does not answer ranges")
        try:
            more = await self._more(offset + length - end)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"the transfer broke off: {type(error).__name__}") from error
        self._window += more
        return self._window[offset - self._at : offset - self._at + length]

    async def _more(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length > 0:
            part = await self.response.content.read(length)
            if not part:
                break
            parts.append(part)
            length -= len(part)
            self.bytes_read += len(part)
        return b"".join(parts)

    def close(self) -> None:
        self.response.close()

    async def __aenter__(self) -> RemoteFile:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    value: T


def _step(reading: Reading[T], answer: bytes | Unreachable | None) -> Want | _Ended[T]:
    """One step of a parser. Its end is a value, because a StopIteration cannot leave a thread or a coroutine."""
    try:
        if isinstance(answer, Unreachable):
            return reading.throw(answer)
        return next(reading) if answer is None else reading.send(answer)
    except StopIteration as stop:
        return _Ended(stop.value)


async def open_remote(
    session: aiohttp.ClientSession,
    url: URL,
    *,
    agent: str = META_AGENT,
    head: int = HEAD,
    whole: bool = False,
    timeout: aiohttp.ClientTimeout | None = None,
) -> RemoteFile | NotOpened:
    """Ask for the first ``head`` bytes (the ``whole`` file without a range) and follow redirects by hand.

    Every redirect goes through the session's address rules again. Any HTTP status is an opened file.
    """
    headers = {"User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "identity"}
    if not whole:
        headers["Range"] = f"bytes=0-{head - 1}"
    way: list[str] = []
    while True:
        started = time.perf_counter()
        try:
            response = await session.get(
                url, headers=headers, allow_redirects=False, timeout=timeout or session.timeout
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return _why_not(error, url)
        elapsed = time.perf_counter() - started
        target = response.headers.get("Location")
        if response.status not in (301, 302, 303, 307, 308) or not target:
            return RemoteFile(session, response, url, agent, elapsed, way, requests=1)
        response.close()
        way.append(str(url.with_query(None)))
        if len(way) > MAX_REDIRECTS:
            return NotOpened("too_many_redirects", f"more than {MAX_REDIRECTS} redirects", str(url.with_query(None)))
        try:
            url = url.join(URL(target))
        except ValueError:
            return NotOpened("url_invalid", "it redirects to an address that is none")
        if url.scheme not in ("http", "https") or not url.host:
            return NotOpened("url_scheme", f"it redirects to an address of the kind '{url.scheme}:'")


def _why_not(error: BaseException, url: URL) -> NotOpened:
    """Name a transport failure. What libraries say is kept as detail, what people read is said by the finding."""
    host = url.host or ""
    if (refused := refused_address(error)) is not None:
        return NotOpened("address_private", str(refused), refused.address)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NotOpened("name_not_found", f"no address is known for {host}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NotOpened("tls", str(error.certificate_error))
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return NotOpened("tls", str(error))
    if isinstance(error, aiohttp.InvalidURL | ValueError):  # after TLS: a certificate error is a ValueError as well
        return NotOpened("url_invalid", str(error))
    if isinstance(error, TimeoutError):
        return NotOpened("timeout", f"{host} did not answer in time")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return NotOpened("unreachable", f"{host} closed the connection without an answer")
    return NotOpened("unreachable", f"{host} does not take connections: {error}")
