"""A media host in a thread: pictures and a video, with ranges, until it is told to be down."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from treadle.media import samples
from treadle.media.hosting import DiskStore


@dataclass
class Host:
    """``down`` answers everything with 503; ``asked`` notes the paths asked for; ``kept``: files of the host's own."""

    folder: Path
    url: str = ""
    down: bool = False
    asked: list[str] = field(default_factory=list)
    kept: DiskStore | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=503, text="down")
        path = self.folder / request.path.lstrip("/")
        if self.kept is not None and request.path.startswith("/media/"):
            found = self.kept.serve(*request.path.split("/")[2:4])
            path = Path(found.path) if found else path
        if not path.is_file():
            return web.Response(status=404, text="nothing here")
        return web.FileResponse(path)


@contextmanager
def hosting(folder: Path, address: str = "127.0.0.1") -> Iterator[Host]:
    """A host with ``1.jpg`` to ``3.jpg``, ``film.mp4``, and ``wrong.mp4``, which must be made right first."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 4):
        samples.picture(folder / f"{number}.jpg", size=(640, 480))
    samples.video(folder / "film.mp4", samples.VideoRecipe(width=256, height=144, seconds=1.0))
    samples.wrong_codec_video(folder / "wrong.mp4", seconds=1.0)
    host, loop, started = Host(folder), asyncio.new_event_loop(), threading.Event()

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", host.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, address, 0).start()
        host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(begin())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=run, name="media-host", daemon=True)
    thread.start()
    assert started.wait(180)
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
