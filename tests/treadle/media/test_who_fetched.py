"""Who fetched a file that is kept here, and how much of it."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from treadle.domain.fetched import Fetch, covered, in_words
from treadle.media import fetch_log
from treadle.media.routes import media_routes
from treadle.media.service import MediaService, StoredMedia
from treadle_threads.media.guard import Trust
from treadle_threads.media.remote import META_AGENT
from treadle_threads.net.session import guarded_session

META = {"User-Agent": META_AGENT}


def fetch(start: int, sent: int, *, agent: str = META_AGENT, at: float = 10.0) -> Fetch:
    return Fetch(at, agent, "31.13.24.1", "GET", 206, start, sent)


@pytest.mark.parametrize(
    ("fetches", "said"),
    [
        ([], "never requested"),
        ([fetch(0, 14_000_000, agent="curl/8")], "never requested"),
        ([fetch(0, 14_000_000, at=4.0)], "never requested"),  # before this container
        ([fetch(0, 3_100_000)], "stopped after 3.1 of 14 MB"),
        ([fetch(0, 3_100_000), fetch(1_000_000, 2_100_000)], "stopped after 3.1 of 14 MB"),
        ([fetch(0, 0)], "stopped after 0 of 14 MB"),
        ([fetch(0, 7_000_000), fetch(7_000_000, 7_000_000)], "all fetched"),
    ],
)
def test_what_meta_fetched_is_said_in_words(fetches: list[Fetch], said: str) -> None:
    assert in_words(fetches, 14_000_000, since=5.0) == said


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8))
def test_bytes_that_came_twice_count_once(pieces: list[tuple[int, int]]) -> None:
    different = {byte for start, sent in pieces for byte in range(start, start + sent)}
    assert covered(fetch(start, sent) for start, sent in pieces) == len(different)


@pytest.fixture
async def base(service: MediaService) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        server = uvicorn.Server(
            uvicorn.Config(Starlette(routes=media_routes(service)), log_level="error", lifespan="off")
        )
        running = asyncio.create_task(server.serve(sockets=[free]))
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        await running


async def test_each_request_for_a_kept_file_is_noted(service: MediaService, base: str, good: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield good.read_bytes()

    stored = await service.store(pieces(), "clip.mp4")
    assert isinstance(stored, StoredMedia)
    url, size = f"{base}{urlsplit(stored.url).path}", stored.size
    assert service.store_room.fetches(stored.id) == []
    async with guarded_session(Trust.INSIDE) as session:
        asked = (("HEAD", META), ("GET", {**META, "Range": "bytes=100-199"}), ("GET", {"User-Agent": "x"}))
        for method, headers in asked:
            async with session.request(method, url, headers=headers) as answer:
                await answer.read()
    noted = []
    for _ in range(200):
        noted = service.store_room.fetches(stored.id) or []
        if len(noted) == 3:
            break
        await asyncio.sleep(0.02)
    assert sorted((one.method, one.start, one.sent, one.by_meta) for one in noted) == [
        ("GET", 0, size, False),
        ("GET", 100, 100, True),
        ("HEAD", 0, 0, True),
    ]
    assert in_words(noted, size, 0.0).startswith("stopped after 0.1 of ")


def test_lines_that_were_cut_off_are_left_out(tmp_path: Path) -> None:
    fetch_log.note(tmp_path, fetch(0, 5))
    with (tmp_path / fetch_log.NAME).open("a") as out:
        out.write('{"at": 1.0, "ag')
    assert fetch_log.read(tmp_path) == [fetch(0, 5)]
    assert fetch_log.read(tmp_path / "nothing") == []


def test_notes_of_one_file_have_an_end(tmp_path: Path) -> None:
    (tmp_path / fetch_log.NAME).write_bytes(b"x" * (fetch_log.MOST_BYTES + 1))
    fetch_log.note(tmp_path, fetch(0, 5))
    assert (tmp_path / fetch_log.NAME).stat().st_size == fetch_log.MOST_BYTES + 1
