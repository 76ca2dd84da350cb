"""Making a wrong video right: Treadle's least repair against transcoding everything, and what the cage costs.

Every repair runs as it does in the product, in the child process. Its time is counted from the cage being closed to
the file being done; what starting the child takes is given apart, because it does not grow with the film.

Short clips are what most people post: there the whole call is measured, from the file lying here to its being kept,
with the child that the server keeps ready, against the command a person would type.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import ROOT, Bench, Outcome, Row, Samples, Unavailable, interleave
from bench.processes import RIVALS, environment
from bench.videos import SECONDS, clip, lengthen
from treadle.media.service import MediaService, NotPreparable
from treadle.settings import Settings
from treadle_threads.media.worker.cage import Limits

# The settings of Treadle's own encoder, so that both do the same work.
FFMPEG = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"]
FFMPEG += ["-maxrate", "20M", "-bufsize", "40M", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"]
MOST_MORE = 1.1  # memory for a long film: it does not grow with the file


@dataclass(slots=True)
class Repair:
    """What one run of the child took: seconds, and megabytes of memory at most."""

    work_s: float
    start_s: float
    kind: str
    memory_mb: float


def repair(source: Path, folder: Path, *, cage: bool = True, **job: Any) -> Repair:
    work_dir = folder / "work"
    work_dir.mkdir(exist_ok=True)
    for old in work_dir.iterdir():
        old.unlink()
    ours, theirs = socket.socketpair()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle_threads.media.worker"],
        stdin=theirs.fileno(), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    theirs.close()
    assert process.stdout is not None
    asked = {"work_dir": str(work_dir), "limits": Limits(threads=2).to_json(), "cage": cage, **job}
    with ours, source.open("rb") as file:
        socket.send_fds(ours, [json.dumps(asked).encode() + b"\n"], [file.fileno()])
    ready = done = 0.0
    kind = ""
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "ready":
            ready = time.perf_counter()
        if event["event"] == "failed":
            raise RuntimeError(f"the repair failed: {event}")
        if event["event"] == "done":
            done, kind = time.perf_counter(), str(event["plan"]["kind"])
            assert event["path"], f"nothing was repaired: {event}"
    _, status, used = os.wait4(process.pid, 0)  # which tells what it used, as process.wait() does not
    process.returncode = os.waitstatus_to_exitcode(status)
    return Repair(done - ready, ready - began, kind, used.ru_maxrss / 1e3)


def ffmpeg() -> str:
    """The pinned ffmpeg of the rivals' environment."""
    if not RIVALS.exists():
        raise Unavailable("the rivals' environment is missing; `make bench` sets it up")
    code = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"
    done = subprocess.run([str(RIVALS), "-c", code], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable("the rivals' ffmpeg does not start here")
    return done.stdout.strip()


def run(bench: Bench) -> Outcome:
    program = ffmpeg()
    version = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    folder = bench.folder / "repair"
    folder.mkdir()
    width, height, times = (640, 360, 2) if bench.quick else (1280, 720, 15)
    good = clip(folder / "clip.mp4", width, height)
    index_last = lengthen(good, folder / "last.mp4", times, index_first=False)
    wrong_sound = lengthen(clip(folder / "clip-mp3.mp4", width, height, "libmp3lame"), folder / "mp3.mp4", times, True)
    outcome = Outcome(versions={"ffmpeg": version})
    outcome.notes.append(f"a film of {times * SECONDS} s, {width}x{height}, {index_last.stat().st_size / 1e6:.0f} MB")
    seen: dict[str, Repair] = {}

    def ours(name: str, source: Path, **job: Any) -> float:
        seen[name] = repair(source, folder, **job)
        return seen[name].work_s

    def transcode() -> float:
        began = time.perf_counter()
        command = [program, "-v", "error", "-nostdin", "-y", "-i", str(index_last), *FFMPEG, str(folder / "out.mp4")]
        subprocess.run(command, check=True)
        return time.perf_counter() - began

    found = interleave(
        {
            "copy": lambda: ours("copy", index_last),
            "sound": lambda: ours("sound", wrong_sound),
            "full": lambda: ours("full", index_last, at_least="full"),
            "uncaged": lambda: ours("uncaged", index_last, at_least="full", cage=False),
            "ffmpeg": transcode,
        },
        1 if bench.quick else 3,
        "s",
        warm=False,
    )
    theirs = Samples("ffmpeg, everything", "s", found["ffmpeg"].values)
    for name, title, factor in (("copy", "a copy is enough", 200), ("sound", "only the sound is wrong", 20)):
        mine = Samples("Treadle", "s", found[name].values)
        met = theirs.median / mine.median >= factor
        outcome.rows.append(Row(f"repair, {title} ({seen[name].kind})", mine, theirs, f"{factor} times faster", met))
    full, uncaged = Samples("Treadle", "s", found["full"].values), Samples("uncaged", "s", found["uncaged"].values)
    outcome.rows.append(
        Row("repair, everything (full)", full, theirs, "1.4 or less", full.median <= 1.4 * theirs.median)
    )
    outcome.rows.append(Row("the child's cage", full, uncaged, "1.05 or less", full.median <= 1.05 * uncaged.median))
    outcome.rows.append(_memory(good, folder, seen["copy"], index_last.stat().st_size, bench.pick(60, 4)))
    outcome.notes.append(f"starting a child that is not ready takes {seen['copy'].start_s:.2f} s more, once a file")
    outcome.rows += short_clips(bench, program, folder, index_last)
    return outcome


def _memory(source: Path, folder: Path, shorter: Repair, short_bytes: int, times: int) -> Row:
    """Of the child, at most, while it repairs a film as long as Threads takes; against a short one."""
    film = lengthen(source, folder / "long.mp4", times, index_first=False)
    size = film.stat().st_size
    long = Samples("Treadle", "MB", (repair(film, folder).memory_mb,))
    film.unlink()
    short = Samples(f"of {short_bytes / 1e6:.0f} MB", "MB", (shorter.memory_mb,))
    met = long.median <= MOST_MORE * short.median
    work = f"memory of the child, a film of {size / 1e6:.0f} MB"
    return Row(work, long, short, f"at most {MOST_MORE:g} times", met, for_scale=True)


READY_S = 1.5
"""Until the next child is ready, on a slow machine."""


def short_clips(bench: Bench, program: str, folder: Path, film: Path) -> list[Row]:
    """A clip of ten seconds copied and encoded, and one of a second for what does not grow with the film."""

    def cut(name: str, seconds: str, *how: str) -> Path:
        path = folder / name
        command = [program, "-v", "error", "-nostdin", "-y", "-i", str(film), "-t", seconds, *how, str(path)]
        subprocess.run(command, check=True)
        return path

    ten, one = cut("ten.mp4", "10", "-c", "copy"), cut("one.mp4", "1", "-c", "copy")
    wrong = cut("wrong.mp4", "10", "-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame")
    kinds: dict[str, str] = {}

    with asyncio.Runner() as loop:
        settings = Settings(data_dir=folder / "data", public_url="http://127.0.0.1:1")

        async def opened() -> MediaService:
            return MediaService(settings).keep_ready()

        service = loop.run(opened())

        async def prepared(source: Path) -> float:
            await asyncio.sleep(READY_S)
            began = time.perf_counter()
            made = await service.prepare(source)
            took = time.perf_counter() - began
            if isinstance(made, NotPreparable):
                raise RuntimeError(f"{source.name} was not repaired: {made.findings[0].got}")
            kinds[source.name] = made.report.plan.kind.word
            if made.stored is not None:
                await service.remove(made.stored.id)
            return took

        def typed(source: Path, *how: str) -> float:
            began = time.perf_counter()
            command = [program, "-v", "error", "-nostdin", "-y", "-i", str(source), *how, str(folder / "typed.mp4")]
            subprocess.run(command, check=True)
            return time.perf_counter() - began

        try:
            found = interleave(
                {
                    "copy": lambda: loop.run(prepared(ten)),
                    "ffmpeg copy": lambda: typed(ten, "-c", "copy", "-movflags", "+faststart"),
                    "encode": lambda: loop.run(prepared(wrong)),
                    "ffmpeg encode": lambda: typed(wrong, *FFMPEG),
                    "fixed": lambda: loop.run(prepared(one)),
                },
                3 if bench.quick else 7,
                "s",
            )
        finally:
            loop.run(service.close())
    rows = []
    for name, file, factor in (("copy", ten, 3), ("encode", wrong, 1.5)):
        mine = Samples("Treadle", "s", found[name].values)
        theirs = Samples(f"ffmpeg, {name}", "s", found[f"ffmpeg {name}"].values)
        met = mine.median <= factor * theirs.median
        rows.append(Row(f"a clip of 10 s ({kinds[file.name]})", mine, theirs, f"{factor:g} or less", met))
    fixed = Samples("Treadle", "s", found["fixed"].values)
    rows.append(Row(f"a clip of 1 s ({kinds[one.name]})", fixed, None, "0.3 s or less", fixed.median <= 0.3))
    return rows
