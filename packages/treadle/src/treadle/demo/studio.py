"""The demo's media: real files made at run time, served from this machine, one of them behind a wall."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from treadle.media import samples

CRAWLER = "facebookexternalhit"


def make(folder: Path) -> dict[str, Path]:
    """The files by name. Takes a few seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "picture": samples.picture(folder / "yard.jpg", text="The first yard"),
        "second picture": samples.picture(folder / "loom.jpg", text="The loom"),
        "video": samples.good_video(folder / "weaving.mp4", seconds=3.0),
        "wrong codec": samples.wrong_codec_video(folder / "spun.mp4", seconds=2.0),
        "too long": samples.too_long_video(folder / "endless.mp4", seconds=310.0),
        "behind a wall": samples.picture(folder / "wall.jpg", text="Not for crawlers"),
    }


class Host:
    """A web server for those files. What lies under ``/wall/`` answers everybody but Meta's crawler."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files
        self._runner: web.AppRunner | None = None
        self.urls: dict[str, str] = {}

    async def start(self) -> None:
        app = web.Application()
        folder = next(iter(self._files.values())).parent
        app.router.add_get("/wall/{name}", self._walled)
        app.router.add_static("/media/", folder)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        # By name, so that the walled address is another host than the others: what is wrong with one holds it alone.
        for name, path in self._files.items():
            if name == "behind a wall":
                self.urls[name] = f"http://localhost:{port}/wall/{path.name}"
            else:
                self.urls[name] = f"http://{host}:{port}/media/{path.name}"

    async def _walled(self, request: web.Request) -> web.StreamResponse:
        if CRAWLER in request.headers.get("User-Agent", ""):
            return web.Response(status=403, text="Restricted.")
        return web.FileResponse(self._files["behind a wall"])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
