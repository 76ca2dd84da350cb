"""Files made to harm: they end in a finding within the limits, reach nothing, and the service lives."""

from __future__ import annotations

import json
import math
import os
import random
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import pytest

from tests.treadle.media.conftest import BFRAMES, Host, Recipes
from treadle.media import probe_file, samples
from treadle.media.jobs import Job, JobDone, JobFailed, MediaRunner
from treadle.media.service import MediaService, NotPreparable, Prepared
from treadle_threads.media.finding import RepairKind
from treadle_threads.media.worker.cage import Limits
from treadle_threads.media.worker.compat import open_input

CAGED = """
import ctypes, json, os, socket, subprocess, sys, urllib.request
from treadle_threads.media.worker.cage import Limits, close_cage
from treadle_threads.media.worker import warm
work, secret, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
warm.up()
import av, threading
parent = os.getppid()
opened = open(os.path.join(work, "opened"), "wb", buffering=0)
state = close_cage(Limits(memory_mb=1024, file_mb=1))
found = {"state": state.to_json()}
def attempt(name, act):
    try:
        act()
        found[name] = "worked"
    except BaseException as error:
        found[name] = type(error).__name__
attempt("socket", lambda: socket.create_connection(("127.0.0.1", port), 1))
attempt("socketpair", socket.socketpair)
attempt("read_secret", lambda: open(secret).read())
attempt("read_passwd", lambda: open("/etc/passwd").read())
attempt("list_root", lambda: os.listdir("/"))
attempt("write_outside", lambda: open(secret + ".new", "w"))
attempt("fork", os.fork)
attempt("run", lambda: subprocess.run(["/bin/true"]))
attempt("kill_parent", lambda: os.kill(parent, 15))
attempt("av_other_file", lambda: av.open(secret))
attempt("av_http", lambda: av.open(f"http://127.0.0.1:{port}/x.mp4", timeout=2))
attempt("memory", lambda: bytearray(2 << 30))
def large():
    for _ in range(2):
        opened.write(bytes(1 << 20))
attempt("open_file", lambda: opened.write(b"x"))
attempt("large_file", large)
attempt("new_file", lambda: open(os.path.join(work, "new"), "w").write("x"))
def thread():
    seen = []
    started = threading.Thread(target=lambda: seen.append(1))
    started.start()
    started.join()
    assert seen
attempt("thread", thread)
print(json.dumps(found), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def landlock() -> bool:
    import ctypes

    return bool(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 1)


async def test_the_cage_holds(tmp_path: Path, host: Host, landlock: bool) -> None:
    import asyncio

    work, secret = tmp_path / "work", tmp_path / "secret"
    work.mkdir()
    secret.write_text("secret")
    port = host.url.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", CAGED, str(work), str(secret), port, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    found = json.loads(out) if out else pytest.fail(err.decode())
    state = found.pop("state")
    assert state["limits"]
    works = {"open_file", "thread"}
    if state["seccomp"]:
        for name in ("socket", "socketpair", "fork", "run", "kill_parent", "av_http"):
            assert found[name] != "worked", name
    if landlock:
        assert state["landlock"] >= 1
    if landlock or state["seccomp"]:
        for name in ("read_secret", "read_passwd", "list_root", "write_outside", "av_other_file", "new_file"):
            assert found[name] != "worked", name
    assert found["memory"] == "MemoryError"
    assert found["large_file"] == "OSError"
    assert {found[name] for name in works} == {"worked"}
    assert host.asked == []


def texts(host: str, neighbour: Path) -> dict[str, bytes]:
    return {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{neighbour.name}\n#EXT-X-ENDLIST\n".encode(),
        "net.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{host}/x.ts\n#EXT-X-ENDLIST\n".encode(),
        "list.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{host}/x.ts\n#EXT-X-ENDLIST\n".encode(),
        "concat.mp4": f"ffconcat version 1.0\nfile {neighbour.name}\n".encode(),
        "concat.txt": f"ffconcat version 1.0\nfile '{neighbour}'\n".encode(),
        "talk.sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
        "talk.mp4": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
        "drawing.jpg": f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{host}/x'/></svg>".encode(),
        "dash.mpd": f"<MPD><BaseURL>{host}/</BaseURL></MPD>".encode(),
    }


async def test_lists_of_other_files_are_refused_and_nothing_is_asked(
    host: Host, film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    neighbour = tmp_path / "neighbour.ts"
    neighbour.write_bytes(film("x.ts", format="mpegts", writer={}).read_bytes())
    host.files["/x.ts"] = neighbour.read_bytes()
    for name, content in texts(host.url, neighbour).items():
        path = tmp_path / name
        path.write_bytes(content)
        made = await service.prepare(path)
        assert isinstance(made, NotPreparable), name
        assert made.findings[0].code == "not_media", name
        with path.open("rb") as file, pytest.raises((av.error.FFmpegError, ValueError)):
            open_input(file)
    assert host.asked == []


async def test_a_playlist_served_as_a_video_is_refused(host: Host, service: MediaService) -> None:
    host.files["/x.mp4"] = f"#EXTM3U\n#EXTINF:9,\n{host.url}/inner.ts\n".encode()
    host.types["/x.mp4"] = "application/x-mpegurl"
    made = await service.prepare(f"{host.url}/x.mp4")
    assert isinstance(made, NotPreparable)
    assert {entry[1] for entry in host.asked} == {"/robots.txt", "/x.mp4"}


async def test_a_film_that_refers_to_other_files_is_refused(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    data = film("good.mp4").read_bytes()
    at = data.index(b"url \x00\x00\x00\x01")
    path = tmp_path / "refers.mp4"
    path.write_bytes(data[: at + 7] + b"\x00" + data[at + 8 :])
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable)
    assert made.findings[0].code == "external_reference"


def bad_job(path: Path, work: Path, **limits: Any) -> Job:
    work.mkdir(exist_ok=True)
    given = {"memory_mb": 2048, "cpu_s": 60, "wall_s": 60.0, "file_mb": 100, **limits}
    return Job(path, work, inspect=True, at_least="full", limits=Limits(**given))


@pytest.fixture
def wrong(film: Recipes) -> Path:
    return film("big_mpeg4.mp4", codec="mpeg4", options={}, width=1280, height=720, seconds=15.0)


@pytest.mark.parametrize(
    ("limits", "code"),
    [({"cpu_s": 1}, "cpu"), ({"wall_s": 1.0}, "timeout"), ({"memory_mb": 330}, "memory"), ({"file_mb": 0}, "large")],
    ids=["processor", "time", "memory", "size"],
)
async def test_limits_end_a_job_in_words(limits: dict[str, Any], code: str, wrong: Path, tmp_path: Path) -> None:
    result = await MediaRunner(1).run(bad_job(wrong, tmp_path / "work", **limits))
    assert isinstance(result, JobFailed)
    if code == "memory":  # libav calls a failed allocation by several names; each is a fault of this machine's
        assert result.ours
    else:
        assert result.code == code


async def test_numbers_that_are_none_do_not_keep_the_encoder_busy(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "nan.mov"
    with av.open(str(path), "w", format="mov") as out:
        picture = out.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        picture.width = picture.height = 128
        picture.pix_fmt = "yuv420p"
        sound = out.add_stream("pcm_f32le", rate=48_000)
        sound.layout = "mono"
        for number in range(30):
            frame = av.VideoFrame(128, 128, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts, frame.time_base = number, Fraction(1, 30)
            out.mux(picture.encode(frame))
            tone = av.AudioFrame("flt", "mono", 1600)
            values = [math.nan if n % 3 == 0 else math.inf if n % 3 == 1 else 1e30 for n in range(1600)]
            content = struct.pack("<1600f", *values)
            tone.planes[0].update(content + bytes(tone.planes[0].buffer_size - len(content)))
            tone.sample_rate, tone.pts, tone.time_base = 48_000, number * 1600, Fraction(1, 48_000)
            out.mux(sound.encode(tone))
        out.mux(picture.encode(None))
        out.mux(sound.encode(None))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.report.plan.kind is RepairKind.AUDIO


async def test_a_jump_in_time_is_not_filled_for_hours(film: Recipes, tmp_path: Path) -> None:
    source, path = film("mpeg4.ts", codec="mpeg4", options={}, format="mpegts", writer={}), tmp_path / "jump.mkv"
    with av.open(str(source)) as read, av.open(str(path), "w", format="matroska") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            jump = round(100_000 / packet.time_base) if packet.pts * packet.time_base > 2.4 else 0
            packet.pts += jump
            packet.dts += jump
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    work = tmp_path / "work"
    work.mkdir()
    limits = Limits(memory_mb=1024, cpu_s=60, wall_s=90.0, file_mb=50)
    result = await MediaRunner(1).run(Job(path, work, on_too_long="trim", inspect=True, limits=limits))
    assert isinstance(result, JobDone)
    assert result.path is not None
    length = probe_file(result.path).duration_s
    assert length is not None
    assert length <= 300


async def test_a_huge_claim_of_size_stays_within_the_limits(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    data = bytearray(film("mpeg4.mp4", codec="mpeg4", options={}).read_bytes())
    for mark in (b"mp4v",):
        at = data.index(mark, data.index(b"stsd"))
        data[at + 28 : at + 32] = struct.pack(">HH", 65534, 65534)
    path = tmp_path / "huge.mp4"
    path.write_bytes(bytes(data))
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable | Prepared)


async def test_an_endless_file_is_cut_off(host: Host, service: MediaService, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiohttp import web

    from treadle.media import service as media_service

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "video/x-matroska"})
        await answer.prepare(request)
        await answer.write(b"\x1aE\xdf\xa3" + bytes(1000))
        try:
            while True:
                await answer.write(bytes(65536))
        except (ConnectionError, OSError):
            return answer

    host.special["/x.mkv"] = endless
    monkeypatch.setattr(media_service, "MAX_BYTES", 5_000_000)
    made = await service.prepare(f"{host.url}/x.mkv")
    assert isinstance(made, NotPreparable)
    assert made.findings[0].code == "too_large_to_fetch"


def mutations(films: list[Path], count: int, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    found = []
    for number in range(count):
        data = bytearray(films[number % len(films)].read_bytes())
        way = number % 4
        if way == 0:
            for _ in range(chance.randint(1, 60)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        elif way == 1:
            at = chance.randrange(len(data))
            data[at : at + chance.randint(1, 4000)] = os.urandom(chance.randint(0, 4000))
        elif way == 2:
            del data[chance.randrange(len(data)) :]
        else:
            for _ in range(chance.randint(1, 20)):
                data[chance.randrange(min(len(data), 6000))] = chance.randrange(256)
        found.append(bytes(data))
    return found


async def _attack(films: list[Path], count: int, seed: int, tmp_path: Path) -> dict[str, int]:
    import asyncio

    runner = MediaRunner(2)
    outcomes: dict[str, int] = {}

    async def one(number: int, data: bytes) -> None:
        path, work = tmp_path / f"m{number}", tmp_path / f"w{number}"
        await asyncio.to_thread(path.write_bytes, data)
        work.mkdir()
        limits = Limits(memory_mb=1024, cpu_s=30, wall_s=40.0, file_mb=50)
        result = await runner.run(Job(path, work, on_too_long="trim", inspect=True, limits=limits))
        word = result.code if isinstance(result, JobFailed) else "repaired" if result.path else result.plan.kind.word
        outcomes[word] = outcomes.get(word, 0) + 1
        assert isinstance(result, JobDone | JobFailed)
        for left in work.iterdir():
            left.unlink()

    await asyncio.gather(*(one(number, data) for number, data in enumerate(mutations(films, count, seed))))
    await runner.close()
    return outcomes


def _victims(film: Recipes) -> list[Path]:
    small: dict[str, Any] = {"seconds": 0.5, "width": 128, "height": 96}
    return [
        film("v.mp4", **small, writer={}, options=BFRAMES),
        film("v2.mp4", **small, codec="mpeg4", options={}),
        film("v.mkv", **small, format="matroska", writer={}),
        film("v.ts", **small, format="mpegts", writer={}),
        film("v.avi", **small, format="avi", codec="mpeg4", options={}, audio_codec="libmp3lame", writer={}),
        film("v.webm", **small, format="webm", codec="libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"},
             audio_codec="libopus", writer={}),
    ]  # fmt: skip


async def test_mutated_files_end_in_an_outcome(film: Recipes, tmp_path: Path) -> None:
    outcomes = await _attack(_victims(film), 24, 1, tmp_path)
    assert sum(outcomes.values()) == 24
    assert not outcomes.keys() & {"timeout", "crash"}


@pytest.mark.long
@pytest.mark.parametrize("hundred", range(10))
async def test_a_thousand_mutated_files_end_in_an_outcome(hundred: int, film: Recipes, tmp_path: Path) -> None:
    outcomes = await _attack(_victims(film), 100, 2 + hundred, tmp_path)
    print(outcomes)
    assert sum(outcomes.values()) == 100
    assert outcomes.get("repaired", 0) > 10
    assert outcomes.get("timeout", 0) + outcomes.get("cpu", 0) <= 1


def test_samples_are_quick_and_right(tmp_path: Path) -> None:
    from treadle_threads.media import validate

    for make, codes in (
        (samples.good_video, set()),
        (samples.wrong_codec_video, {"video_codec"}),
        (samples.index_last_video, {"edit_list_trivial", "index_last"}),
        (samples.wrong_sound_video, {"audio_codec"}),
        (samples.too_long_video, {"duration"}),
    ):
        path = make(tmp_path / f"{make.__name__}.mp4")
        assert {item.code for item in validate(probe_file(path))} == codes
    assert validate(probe_file(samples.picture(tmp_path / "a.jpg"))) == []


def test_the_worker_says_what_it_was_not_given(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "treadle_threads.media.worker"],
        input="{}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0


async def test_a_light_job_does_not_wait_for_the_heavy_ones(film: Recipes, tmp_path: Path) -> None:
    runner, work = MediaRunner(1), tmp_path / "work"
    work.mkdir()
    async with runner._places:  # as if an encode of minutes were under way
        result = await runner.run(Job(film("last.mp4", writer={}), work, heavy=False))
    assert isinstance(result, JobDone)
    assert result.plan.kind is RepairKind.PATCH
