"""A sandbox on the test's own event loop, a caller that speaks HTTP to it, and a web server with media files."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from treadle_sandbox import Sandbox


@dataclass
class Answer:
    """Status, parsed body (JSON, or text) and headers of one call."""

    status: int
    body: Any
    headers: Any

    @property
    def object(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.body)

    @property
    def error(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.body["error"])

    @property
    def id(self) -> str:
        assert self.status == 200, self.body
        return str(self.body["id"])


Start: TypeAlias = Callable[..., Awaitable["Caller"]]
Other: TypeAlias = Callable[..., "Caller"]
MakeVideo: TypeAlias = Callable[..., bytes]


class Caller:
    """Calls one sandbox as one account. Parameters go into the query (GET, DELETE) or a form (POST)."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, account: dict[str, Any]) -> None:
        self.sandbox, self.session = sandbox, session
        self.id, self.username, self.token = account["id"], account["username"], account["access_token"]

    async def raw(self, method: str, path: str, **how: Any) -> Answer:
        async with self.session.request(
            method, URL(self.sandbox.url + path, encoded=True), allow_redirects=False, **how
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json" and text
            return Answer(answer.status, await answer.json() if is_json else text, answer.headers)

    async def call(self, method: str, path: str, **params: Any) -> Answer:
        params = {"access_token": self.token, **{k: str(v) for k, v in params.items()}}
        return await self.raw(method, path, **({"data": params} if method == "POST" else {"params": params}))

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.call("GET", path, **params)

    async def post(self, path: str, **params: Any) -> Answer:
        return await self.call("POST", path, **params)

    async def create(self, **params: Any) -> Answer:
        return await self.post("/me/threads", **{"media_type": "TEXT", **params})

    async def status(self, container: str) -> dict[str, Any]:
        return (await self.get(f"/{container}", fields="status,error_message")).object

    async def publish(self, container: str) -> Answer:
        return await self.post("/me/threads_publish", creation_id=container)

    async def done(self, container: str) -> dict[str, Any]:
        """Moves the sandbox's clock until the container is no longer in progress."""
        for _ in range(2000):
            status = await self.status(container)
            if status["status"] != "IN_PROGRESS":
                return status
            self.sandbox.control.advance(1)
        raise AssertionError("the container never got ready")

    async def text(self, text: str, **params: Any) -> str:
        """Publishes a text, returns the post's id."""
        container = (await self.create(text=text, **params)).id
        await self.done(container)
        return (await self.publish(container)).id


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def start(session: aiohttp.ClientSession) -> AsyncIterator[Start]:
    """``caller = await start(**options)``: a sandbox with one account, and its caller."""
    running: list[Sandbox] = []

    async def begin(username: str = "ada", **options: Any) -> Caller:
        sandbox = Sandbox(**options)
        running.append(await sandbox.start())
        return Caller(sandbox, session, sandbox.control.add_account(username))

    yield begin
    for sandbox in running:
        await sandbox.stop()


@pytest.fixture
async def ada(start: Start) -> Caller:
    """One account in a sandbox with the default options."""
    return await start()


@pytest.fixture
def other(session: aiohttp.ClientSession) -> Other:
    """``other(caller, "grace")``: one more account in the same sandbox."""

    def make(caller: Caller, username: str = "grace", **facts: Any) -> Caller:
        return Caller(caller.sandbox, session, caller.sandbox.control.add_account(username, **facts))

    return make


@dataclass
class Files:
    """A web server for media: ``files[path] = bytes or a function of the request``; ``seen`` are its requests."""

    url: str = ""
    files: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def put(self, path: str, body: Any) -> str:
        self.files[path] = body
        return self.url + path

    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]


@pytest.fixture
async def files() -> AsyncIterator[Files]:
    served = Files()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        served.seen.append((request.path, request.headers.get("User-Agent", "")))
        body = served.files.get(request.path)
        if callable(body):
            return await body(request)
        return web.Response(status=404) if body is None else web.Response(body=body)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


def image(kind: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, (90, 140, 200)).save(out, kind)
    return out.getvalue()


@pytest.fixture(scope="session")
def make_video(tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """``make_video(fps=30, size=(64, 48), seconds=1, codec="h264", ...)``: a small film, made once for each set."""
    folder: Path = tmp_path_factory.mktemp("videos")
    made: dict[Any, bytes] = {}

    def make(**facts: Any) -> bytes:
        key = tuple(sorted(facts.items()))
        if key not in made:
            made[key] = encode_video(folder / f"{len(made)}.mp4", **facts)
        return made[key]

    return make


def encode_video(
    path: Path,
    fps: int = 30,
    size: tuple[int, int] = (64, 48),
    seconds: float = 0.5,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: tuple[str, str, int] | None = None,
    faststart: bool = True,
) -> bytes:
    """Writes one film with PyAV; ``sound`` is codec, layout, rate."""
    import av
    from av import AudioStream, VideoStream

    options = {"use_editlist": "0", **({"movflags": "+faststart+negative_cts_offsets"} if faststart else {})}
    with av.open(str(path), "w", format="mp4", options=options) as out:
        film = cast(VideoStream, out.add_stream(codec, rate=fps, options={"bf": "0"} if codec == "libx264" else {}))
        film.width, film.height, film.pix_fmt = *size, pixels
        voice = cast(AudioStream, out.add_stream(sound[0], rate=sound[2], layout=sound[1])) if sound else None
        for number in range(max(1, round(fps * seconds))):
            picture = av.VideoFrame(*size, pixels)
            for color in picture.planes:
                color.update(bytes([(number * 7) % 256]) * color.buffer_size)
            picture.pts = number
            out.mux(film.encode(picture))
        out.mux(film.encode())
        if voice is not None and sound is not None:
            for start in range(0, int(sound[2] * seconds), 1024):
                frame = av.AudioFrame(format="fltp", layout=sound[1], samples=1024)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.sample_rate, frame.pts = sound[2], start
                out.mux(voice.encode(frame))
            out.mux(voice.encode())
    return path.read_bytes()
