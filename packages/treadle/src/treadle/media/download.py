"""Fetching a whole file from an address, with its progress, within limits of size and time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from yarl import URL

from treadle.disk import is_full
from treadle.media.hosting import MAX_BYTES, receive
from treadle.media.jobs import Progress, ProgressCallback
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding
from treadle_threads.media.remote import NotOpened, RemoteFile, open_remote
from treadle_threads.media.words import megabytes

TIMEOUT = aiohttp.ClientTimeout(total=1800, sock_connect=10, sock_read=30)
REPORT_EVERY_S = 0.25


async def download(
    session: aiohttp.ClientSession, address: str, target: Path, *, agent: str, progress: ProgressCallback | None = None
) -> Finding | None:
    """Write what is at ``address`` to the path ``target``; the finding is why that could not be done.

    ``agent`` is the user agent to ask as. What is longer than :data:`~treadle.media.hosting.MAX_BYTES` is not fetched.
    """
    opened = await open_remote(session, URL(address), agent=agent, whole=True, timeout=TIMEOUT)
    if isinstance(opened, NotOpened):
        return finding(f"{opened.reason}_now", detail=opened.detail)
    async with opened:
        length = opened.response.content_length
        if opened.status != 200:
            return finding("refused_now", status=opened.status)
        if length is not None and length > MAX_BYTES:
            return finding("too_large_to_fetch", got=length, limit=MAX_BYTES, most=megabytes(MAX_BYTES))
        try:
            got = await receive(_chunks(opened, length, progress), target, MAX_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if is_full(error):
                raise
            return finding("cut_short_broken", detail=type(error).__name__)
        if isinstance(got, Finding):
            return got
        if length is not None and got[0] != length:
            return finding("cut_short_after", sent=got[0], length=length)
        return None


async def _chunks(opened: RemoteFile, length: int | None, progress: ProgressCallback | None) -> AsyncIterator[bytes]:
    began = last = time.monotonic()
    done = 0
    async for piece in opened.response.content.iter_chunked(256 * 1024):
        done += len(piece)
        now = time.monotonic()
        if progress is not None and now - last > REPORT_EVERY_S:
            last = now
            speed = done / (now - began)
            fraction = min(1.0, done / length) if length else 0.0
            progress(Progress("fetch", fraction, speed, (length - done) / speed if length else None))
        yield piece
