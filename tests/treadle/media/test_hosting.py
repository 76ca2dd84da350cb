"""Keeping files: streamed in, sniffed, served under addresses nobody guesses, removed in time."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import os
import socket
import stat
import time
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from aiohttp import web as web_server
from starlette.applications import Starlette
from yarl import URL

from tests.support.folders import settings_in
from treadle.media.hosting import BucketStore, DiskStore, NotStored, StoredMedia, clean_name, new_media_id
from treadle.media.reach import unreachable_reason
from treadle.media.routes import media_routes
from treadle.media.service import MediaService, NotPreparable, Prepared
from treadle.settings import Settings


async def pieces(data: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def kept(service: MediaService, path: Path, name: str = "holiday.mp4") -> StoredMedia:
    stored = await service.store(pieces(path.read_bytes()), name)
    assert isinstance(stored, StoredMedia)
    return stored


@dataclass
class Answer:
    status_code: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Web:
    """The routes behind a real server, asked as a browser asks."""

    session: aiohttp.ClientSession
    url: str

    async def get(self, address: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        path = address.removeprefix("http://127.0.0.1:1")
        async with self.session.request(method, URL(self.url + path, encoded=True), headers=headers) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, found, await answer.read())

    async def head(self, address: str) -> Answer:
        return await self.get(address, "HEAD")


@pytest.fixture
async def web(service: MediaService) -> AsyncIterator[Web]:
    app = Starlette(routes=media_routes(service))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[free]))
        async with aiohttp.ClientSession() as session:
            yield Web(session, f"http://127.0.0.1:{free.getsockname()[1]}")
        server.should_exit = True
        await running


async def test_an_upload_is_kept_and_served(service: MediaService, web: Web, good: Path) -> None:
    stored = await kept(service, good)
    assert (stored.content_type, stored.size, stored.filename) == ("video/mp4", good.stat().st_size, "holiday.mp4")
    answer = await web.get(stored.url)
    assert answer.status_code == 200
    assert answer.content == good.read_bytes()
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    assert "max-age" in answer.headers["cache-control"]


async def test_parts_heads_and_unchanged(service: MediaService, web: Web, good: Path) -> None:
    stored = await kept(service, good)
    data = good.read_bytes()
    part = await web.get(stored.url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    last = await web.get(stored.url, headers={"Range": "bytes=-50"})
    assert (last.status_code, last.content) == (206, data[-50:])
    beyond = await web.get(stored.url, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    head = await web.head(stored.url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(data)), b"")
    again = await web.get(stored.url, headers={"If-None-Match": head.headers["etag"]})
    assert again.status_code == 304


async def test_addresses_cannot_be_guessed(service: MediaService, web: Web, good: Path) -> None:
    one, two = await kept(service, good), await kept(service, good)
    assert one.url != two.url
    name_of_two = two.url.rpartition("/")[2]
    for path in (
        f"/media/{one.id}/{name_of_two}", f"/media/{one.id}/file.mp4", f"/media/{one.id}/", "/media/../address.key/x",
        f"/media/..%2f{one.id}/file.mp4", "/media/med_x/y", f"/media/{one.id}/note.json",
        one.url.replace(".mp4", ".html"),
    ):  # fmt: skip
        answer = await web.get(path)
        assert answer.status_code == 404, path
    key = Path(one.path).parents[2] / "address.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='x'/>",
        b"",
        b"%PDF-1.7",
        b"MZ" + bytes(500),
        b"ID3" + bytes(99),
    ],
)
async def test_only_pictures_and_videos_are_kept(content: bytes, service: MediaService, tmp_path: Path) -> None:
    stored = await service.store(pieces(content), "photo.jpg")
    assert isinstance(stored, NotStored)
    assert stored.findings[0].severity == "error"
    files = tmp_path / "treadle-data" / "media" / "files"
    assert not files.exists() or list(files.iterdir()) == []
    assert list((tmp_path / "treadle-data" / "media" / "work").iterdir()) == []


async def test_the_bytes_decide_the_type_not_the_name(service: MediaService, good: Path) -> None:
    stored = await kept(service, good, "../../etc/evil.html\n")
    assert (stored.ending, stored.content_type) == ("mp4", "video/mp4")
    assert stored.filename == "evil.html"
    assert clean_name("C:\\films\\a\u0000b.mp4") == "ab.mp4"


async def test_a_large_upload_is_not_held_in_memory(service: MediaService, good: Path) -> None:
    chunk = bytes(1 << 18)

    async def large() -> AsyncIterator[bytes]:
        yield good.read_bytes()
        for _ in range(400):
            yield chunk

    tracemalloc.start()
    stored = await service.store(large(), "large.mp4")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(stored, StoredMedia)
    assert stored.size > 100 << 20
    assert most < 12 << 20


async def test_too_large_is_refused_while_it_arrives(
    service: MediaService, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.media import service as media_service

    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield good.read_bytes()
        while True:
            taken += 1
            yield bytes(1 << 20)

    monkeypatch.setattr(media_service, "MAX_BYTES", 3 << 20)
    stored = await service.store(endless(), "x.mp4")
    assert isinstance(stored, NotStored)
    assert stored.findings[0].code == "too_large_to_fetch"
    assert taken < 8


async def test_a_broken_off_upload_leaves_nothing(service: MediaService, good: Path, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield good.read_bytes()
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await service.store(broken(), "x.mp4")
    assert list((tmp_path / "treadle-data" / "media" / "work").iterdir()) == []


async def test_removing_and_cleaning_up(service: MediaService, web: Web, good: Path) -> None:
    old, fresh, wanted = [await kept(service, good) for _ in range(3)]
    for stored in (old, wanted):
        os.utime(Path(stored.path).parent, (time.time() - 9000,) * 2)
    assert await service.clean_up(older_than_s=3600, keep_ids={wanted.id}) == 1
    assert (await web.get(old.url)).status_code == 404
    assert (await web.get(fresh.url)).status_code == 200
    assert (await web.get(wanted.url)).status_code == 200
    assert await service.remove(fresh.id)
    assert not await service.remove(fresh.id)
    assert not await service.remove("../..")


async def test_a_kept_file_is_prepared_by_its_id(service: MediaService, film: object, good: Path) -> None:
    stored = await kept(service, good)
    source = service.local_path(stored.to_json())
    report = await service.check(source)
    assert report.ok
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert (made.repaired, made.url) == (False, stored.url)
    assert service.public_url(stored.to_json()) == stored.url
    await service.remove(stored.id)
    gone = await service.prepare(source)
    assert isinstance(gone, NotPreparable)
    assert gone.findings[0].code == "file_missing"


async def test_repairing_a_kept_file_leaves_it_as_it_was(service: MediaService, film: object) -> None:
    source = film("mp3.mp4", audio_codec="libmp3lame")  # type: ignore[operator]
    stored = await kept(service, source)
    made = await service.prepare(service.local_path(stored))
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.stored.id != stored.id
    assert Path(stored.path).read_bytes() == source.read_bytes()


async def test_the_same_in_a_bucket(tmp_path: Path, good: Path, film: object) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    settings = settings_in(
        tmp_path, allow_private_media_hosts=True,
        media_store_url=f"file://{bucket}?public=https://cdn.example/m",
    )  # fmt: skip
    service = MediaService(settings)
    try:
        stored = await service.store(pieces(good.read_bytes()), "a.mp4")
        assert isinstance(stored, StoredMedia)
        assert stored.url.startswith("https://cdn.example/m/med_")
        assert (bucket / stored.path).read_bytes() == good.read_bytes()
        made = await service.prepare(service.local_path(stored.to_json()))
        assert isinstance(made, Prepared)
        wrong = film("mp3.mp4", audio_codec="libmp3lame")  # type: ignore[operator]
        kept_wrong = await service.store(pieces(wrong.read_bytes()), "b.mp4")
        assert isinstance(kept_wrong, StoredMedia)
        repaired = await service.prepare(service.local_path(kept_wrong))
        assert isinstance(repaired, Prepared)
        assert repaired.stored is not None
        assert repaired.url == repaired.stored.url
        assert await service.remove(stored.id)
        assert not (bucket / stored.path).exists()
    finally:
        await service.close()


async def test_a_real_bucket_is_asked_over_http(tmp_path: Path, good: Path) -> None:
    objects: dict[str, tuple[bytes, str]] = {}
    signed: list[bool] = []

    async def bucket(request: web_server.Request) -> web_server.Response:
        signed.append(
            "AWS4-HMAC-SHA256" in request.headers.get("Authorization", "") or "X-Amz-Signature" in request.query
        )
        if request.method == "PUT":
            objects[request.path] = (await request.read(), request.headers["Content-Type"])
            return web_server.Response(headers={"ETag": '"1"'})
        if request.path not in objects:
            return web_server.Response(status=404)
        body, kind = objects[request.path]
        headers = {"ETag": '"1"', "Content-Type": kind, "Last-Modified": "Sat, 01 Nov 2025 10:00:00 GMT"}
        return web_server.Response(body=body, headers=headers)

    app = web_server.Application()
    app.router.add_route("*", "/{path:.*}", bucket)
    runner = web_server.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web_server.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    end = f"http://127.0.0.1:{runner.addresses[0][1]}"
    address = f"s3://films/kept?endpoint={end}&region=eu-1&access_key_id=AK&secret_access_key=SK&allow_http=true"
    service = MediaService(settings_in(tmp_path, allow_private_media_hosts=True, media_store_url=address))
    try:
        stored = await service.store(pieces(good.read_bytes()), "a.mp4")
        assert isinstance(stored, StoredMedia)
        assert objects[f"/films/kept/{stored.path}"] == (good.read_bytes(), "video/mp4")
        async with aiohttp.ClientSession() as session, session.get(URL(stored.url, encoded=True)) as answer:
            assert await answer.read() == good.read_bytes()
        made = await service.prepare(service.local_path(stored))
        assert isinstance(made, Prepared)
        assert all(signed)
    finally:
        await service.close()
        await runner.cleanup()


def test_a_buckets_addresses_are_signed_without_a_public_one() -> None:
    address = "s3://films/kept?endpoint=https://s3.example&region=eu-1&access_key_id=AK&secret_access_key=SK"
    store = BucketStore(address)
    url = store.url(StoredMedia(new_media_id(), "med_x/abc.mp4", "", "video/mp4", 1, ""))
    assert url.startswith("https://s3.example/films/kept/med_x/abc.mp4?")
    assert "X-Amz-Signature=" in url
    assert "X-Amz-Expires=604800" in url
    assert "SK" not in url


def test_two_processes_share_the_key(tmp_path: Path) -> None:
    stored = StoredMedia(new_media_id(), "", "", "video/mp4", 1, "", ending="mp4")
    one, two = DiskStore(tmp_path, "https://t.example"), DiskStore(tmp_path, "https://t.example")
    assert one.url(stored) == two.url(stored)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("http://127.0.0.1:8700", False), ("http://localhost:8700", False), ("http://192.168.1.20:8700", False),
        ("https://nas.local", False), ("http://treadle", False), ("https://[::1]", False),
        ("https://treadle.example.org", True),
        ("https://31.13.24.1", True),
    ],
)  # fmt: skip
def test_a_public_address_meta_cannot_reach_is_told(url: str, fine: bool) -> None:
    reason = unreachable_reason(Settings(public_url=url))
    assert (reason is None) == fine
    if reason is not None:
        assert "TREADLE_PUBLIC_URL" in reason
    assert unreachable_reason(Settings(public_url=url, media_store_url="s3://b")) is None
