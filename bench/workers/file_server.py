"""Serves a folder with ranges, and counts requests and bytes that really went out.

``python -m bench.workers.file_server FOLDER DELAY_S``; prints its address as JSON, then serves until it is ended.
``GET /_count`` answers and resets the counts. Every answer waits ``DELAY_S``: the way over a network.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from pathlib import Path

from aiohttp import web

PIECE = 16 * 1024


class Files:
    def __init__(self, folder: Path, delay_s: float) -> None:
        self.folder, self.delay_s = folder, delay_s
        self.requests = self.sent = 0

    async def count(self, request: web.Request) -> web.Response:
        counts = {"requests": self.requests, "bytes": self.sent}
        self.requests = self.sent = 0
        return web.json_response(counts)

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        await asyncio.sleep(self.delay_s)
        path = self.folder / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound
        size = path.stat().st_size
        first, last, status = 0, size - 1, 200
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", "")):
            first, last, status = int(match[1]), min(last, int(match[2] or last)), 206
        answer = web.StreamResponse(status=status)
        answer.content_length = last - first + 1
        answer.content_type = "video/mp4"
        answer.headers["Accept-Ranges"] = "bytes"
        if status == 206:
            answer.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        assert request.transport is not None
        request.transport.set_write_buffer_limits(high=PIECE)  # count what was taken, not what was buffered
        await answer.prepare(request)
        with open(path, "rb") as handle:  # noqa: ASYNC230 - a local file, sixteen kilobytes at a time
            handle.seek(first)
            left = last - first + 1
            while left > 0:
                piece = handle.read(min(PIECE, left))
                await answer.write(piece)
                self.sent += len(piece)
                left -= len(piece)
        return answer


async def main(folder: Path, delay_s: float) -> None:
    files = Files(folder, delay_s)
    app = web.Application()
    app.router.add_get("/_count", files.count)
    app.router.add_get("/{name}", files.file)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
