"""Reading a remote video's facts: Treadle's box walk, ffprobe on the address, and fetching the whole file first."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from yarl import URL

from bench.machine import tool_version
from bench.measure import Bench, Outcome, Row, Samples, Unavailable
from bench.processes import running
from bench.videos import clip, lengthen
from treadle_threads.media.probe import probe_file, read_media
from treadle_threads.media.remote import NotOpened, open_remote

DELAY_S = 0.02


def run(bench: Bench) -> Outcome:
    if not shutil.which("ffprobe"):
        raise Unavailable("ffprobe is not on PATH (Debian: ffmpeg)")
    folder = bench.folder / "videos"
    folder.mkdir()
    short = clip(bench.folder / "clip.mp4")
    times = bench.pick(30, 12)
    names = {"index first": "first.mp4", "index last": "last.mp4"}
    for title, name in names.items():
        lengthen(short, folder / name, times, title == "index first")
    size = (folder / "first.mp4").stat().st_size
    outcome = Outcome(versions={"ffprobe": tool_version("ffprobe")})
    outcome.notes.append(
        f"videos of {size / 1e6:.0f} MB, {times * 4} s; every request waits {DELAY_S * 1e3:.0f} ms before its answer"
    )
    command = ("-m", "bench.workers.file_server", folder, DELAY_S)
    with running(*command) as (_, ready):
        for title, name in names.items():
            outcome.rows += asyncio.run(_measure(f"{ready['url']}/{name}", ready["url"], title, bench.rounds))
    return outcome


async def _measure(url: str, server: str, title: str, rounds: int) -> list[Row]:
    contenders: dict[str, Callable[[str], Awaitable[None]]] = {
        "Treadle": treadle,
        "ffprobe": ffprobe,
        "whole file": download,
    }
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    sent: dict[str, list[float]] = {name: [] for name in contenders}
    asked: dict[str, list[float]] = {name: [] for name in contenders}
    async with aiohttp.ClientSession() as session:
        for turn in range(-1, rounds):
            for name, contender in contenders.items():
                await _counts(session, server)
                began = time.perf_counter()
                await contender(url)  # type: ignore[call-arg, misc]
                took = time.perf_counter() - began
                requests, size = await _counts(session, server)
                if turn >= 0:
                    wall[name].append(took)
                    sent[name].append(size)
                    asked[name].append(requests)
    rows = []
    for rival in ("ffprobe", "whole file"):
        judged = rival == "ffprobe"
        ours, theirs = Samples("Treadle", "bytes", tuple(sent["Treadle"])), Samples(rival, "bytes", tuple(sent[rival]))
        met = ours.median <= theirs.median / 6 and max(asked["Treadle"]) <= 2 if judged else None
        rows.append(Row(f"remote facts, {title}: bytes", ours, theirs, "1/6, in 2 requests" if judged else "", met))
        ours, theirs = Samples("Treadle", "s", tuple(wall["Treadle"])), Samples(rival, "s", tuple(wall[rival]))
        slower = ours.median > theirs.median if judged else None
        rows.append(
            Row("  wall time", ours, theirs, "no slower" if judged else "", None if slower is None else not slower)
        )
        ours = Samples("Treadle", "requests", tuple(asked["Treadle"]))
        rows.append(Row("  requests", ours, Samples(rival, "requests", tuple(asked[rival])), "", None))
    return rows


async def treadle(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        opened = await open_remote(session, URL(url))
        assert not isinstance(opened, NotOpened), opened
        async with opened:
            await opened.read_head()
            facts = await opened.run(read_media(opened.size))
    assert facts.video is not None
    assert facts.duration_s


async def ffprobe(url: str) -> None:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", url]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)


async def download(url: str) -> None:
    """What most do: fetch it all, then probe the file."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as target:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            async for piece in answer.content.iter_chunked(1 << 16):
                target.write(piece)
        target.flush()
        facts = await asyncio.to_thread(probe_file, Path(target.name))
    assert facts.video is not None


async def _counts(session: aiohttp.ClientSession, server: str) -> tuple[int, int]:
    async with session.get(f"{server}/_count") as answer:
        counts = await answer.json()
    return int(counts["requests"]), int(counts["bytes"])
