"""Making a wrong video right: Treadle's least repair against transcoding everything, and what the cage costs.

Every repair runs as it does in the product, in the child process. Its time is counted from the cage being closed to
the file being done; what starting the child takes is given apart, because it does not grow with the film.
"""

from __future__ import annotations

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
    outcome.notes.append(f"starting the child takes {seen['copy'].start_s:.2f} s more, once a file")
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
