"""Who fetched a kept file, and how much: a line a request, in a file beside it, which every process reads."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from treadle import private
from treadle.domain.fetched import Fetch

log = logging.getLogger("treadle.media")
NAME = "fetches.jsonl"
MOST_BYTES = 64 * 1024  # of one file's lines; later requests are not noted any more
MOST_AGENT = 200  # characters of a user agent


def note(folder: Path, fetch: Fetch) -> None:
    """Add a request. A disk that is full loses the line, not the file."""
    path = folder / NAME
    try:
        if path.exists() and path.stat().st_size > MOST_BYTES:
            return
        if not path.exists():
            with private.create(path):
                pass
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(fetch)) + "\n")
    except OSError as error:
        log.warning("A request for a file was not noted: %s", error)


def read(folder: Path) -> list[Fetch]:
    """All requests noted, the oldest first. Lines that were cut off are left out."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            found.append(Fetch(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


class NotedFile(FileResponse):
    """A file that notes what was sent of it, also when whoever asked goes away."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent, status, start = 0, 0, 0
        gone = asyncio.Event()

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()

        async def counted(message: Message) -> None:
            nonlocal sent, status, start
            if message["type"] == "http.response.start":
                status = message["status"]
                content_range = dict(message["headers"]).get(b"content-range", b"")
                first = content_range.decode("latin-1").removeprefix("bytes ").partition("-")[0]
                start = int(first) if first.isdigit() else 0
            await send(message)
            if message["type"] == "http.response.body" and not gone.is_set():
                sent += len(message.get("body", b""))

        request = Request(scope)
        watching = asyncio.create_task(watch())
        try:
            await super().__call__(scope, receive, counted)
        finally:
            watching.cancel()
            agent = request.headers.get("user-agent", "")[:MOST_AGENT]
            address = request.client.host if request.client is not None else ""
            fetch = Fetch(time.time(), agent, address, request.method, status, start, sent if status < 400 else 0)
            await asyncio.shield(asyncio.to_thread(note, Path(self.path).parent, fetch))
