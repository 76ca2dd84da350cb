"""Samples made on the spot, a web server that misbehaves on request, and an independent look at files."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from treadle.media import samples
from treadle.media.samples import VideoRecipe
from treadle.media.service import MediaService
from treadle.settings import Settings

SMALL: dict[str, Any] = {"width": 256, "height": 144, "seconds": 2.0}
BFRAMES = {"preset": "ultrafast", "crf": "30", "bf": "2"}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], Path]], Path]:
    """Makes each sample once: ``shelf("good.mp4", make)``."""
    folder = tmp_path_factory.mktemp("samples")

    def get(name: str, make: Callable[[Path], Path]) -> Path:
        path = folder / name
        return path if path.exists() else make(path)

    return get


Recipes = Callable[..., Path]


@pytest.fixture(scope="session")
def film(shelf: Callable[[str, Callable[[Path], Path]], Path]) -> Recipes:
    """A small video after a recipe's fields: ``film("x.mp4", audio_codec="")``; made once per name."""

    def make(name: str, **fields: Any) -> Path:
        return shelf(name, lambda path: samples.video(path, VideoRecipe(**{**SMALL, **fields})))

    return make


@pytest.fixture(scope="session")
def good(film: Recipes) -> Path:
    return film("good.mp4")


@pytest.fixture
async def service(fresh_folder: Path) -> AsyncIterator[MediaService]:
    settings = Settings(allow_private_media_hosts=True, public_url="http://127.0.0.1:1")
    made = MediaService(settings, workers=1)
    yield made
    await made.close()


@dataclass
class Host:
    """A media host. ``files`` maps paths to bytes; ``asked`` notes (method, path, user agent, range)."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    special: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    ranges: bool = True
    types: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(
            (request.method, path, request.headers.get("User-Agent", ""), request.headers.get("Range", ""))
        )
        if path in self.special:
            return await self.special[path](request)
        if path not in self.files:
            return web.Response(status=404, text="nothing here")
        body = self.files[path]
        headers = {"Content-Type": self.types.get(path, "video/mp4" if path.endswith("mp4") else "image/jpeg")}
        wanted = request.http_range
        if self.ranges and wanted.start is not None:
            start, stop = wanted.start, min(wanted.stop or len(body), len(body))
            piece = body[start:stop]
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
            self.sent += len(piece)
            return web.Response(status=206, body=piece, headers=headers)
        self.sent += len(body)
        return web.Response(body=body, headers=headers)

    def media_requests(self) -> list[tuple[str, str, str, str]]:
        return [entry for entry in self.asked if entry[1] != "/robots.txt"]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http://127.0.0.1:{port}"
    yield made
    await runner.cleanup()


@dataclass
class Independent:
    """Debian's ffprobe and ffmpeg: never used by Treadle, so that they can disagree with it."""

    def facts(self, path: Path) -> dict[str, Any]:
        command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found

    def stream(self, path: Path, kind: str) -> dict[str, Any]:
        streams = [entry for entry in self.facts(path)["streams"] if entry["codec_type"] == kind]
        return streams[0] if streams else {}

    def decode_errors(self, path: Path) -> str:
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "null", "-"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()


@pytest.fixture(scope="session")
def independent() -> Independent:
    if not shutil.which("ffprobe") or not shutil.which("ffmpeg"):
        pytest.skip("an independent look at the files needs ffmpeg and ffprobe on the PATH")
    return Independent()
