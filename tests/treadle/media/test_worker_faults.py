"""A fault of Treadle's own is never said to be the file's: the worker dies, lacks something, or breaks."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import av.error
import pytest
from PIL import Image, UnidentifiedImageError

from tests.support.folders import settings_in
from tests.treadle.media.conftest import Recipes
from treadle.cli import run as treadle
from treadle.media import jobs, probe_file
from treadle.media.jobs import FILES_FAULTS, Job, JobDone, JobFailed, MediaRunner
from treadle.media.outcomes import failed
from treadle.media.selftest import failing_repair
from treadle.media.service import MediaService, NotPreparable, NotStored, Prepared
from treadle.services.doctor import repairs
from treadle_diagnosis import from_pattern
from treadle_threads.media.finding import Finding
from treadle_threads.media.worker.blame import PictureRefused, Unreadable, blame, read_by, reading_a_picture
from treadle_threads.media.worker.cage import Limits

OURS = "media_worker_failed"
PREPARE = """
import json, sys
job = json.loads(sys.stdin.readline())
"""
# What stands in for the worker, how the job fails then, and what the finding must tell.
WORKERS = {
    "raises": (PREPARE + "raise RuntimeError('the real reason')", "crash", "RuntimeError: the real reason"),
    "cannot import": (PREPARE + "import a_module_that_is_missing", "crash", "No module named"),
    "exits without a report": ("raise SystemExit(3)", "crash", "code 3"),
    "ends well without a report": (PREPARE, "crash", "without a report"),
    "is killed": (PREPARE + "import os; os.kill(os.getpid(), 9)", "killed", "killed from outside"),
    "crashes": (PREPARE + "import os; os.kill(os.getpid(), 11)", "crash", "SIGSEGV"),
    "is aborted": (PREPARE + "import os; print('no', file=sys.stderr, flush=True); os.abort()", "crash", "SIGABRT"),
    "reports garbage": (PREPARE + "print('Segmentation fault')", "nonsense", "cannot be read"),
    "reports no object": (PREPARE + "print('[1]')", "nonsense", "cannot be read"),
    "reports something else": (PREPARE + "print(json.dumps({'event': 'done'}))", "crash", "without a report"),
    "reports half": (
        PREPARE + "print(json.dumps({'event': 'planned'})); print(json.dumps({'event': 'done'}))", "nonsense", "probe",
    ),
    "reports endlessly": (PREPARE + "print('x' * (2 << 20))", "nonsense", "cannot be read"),
    "out of memory": (
        PREPARE + "print(json.dumps({'event': 'failed', 'code': 'memory', 'detail': 'MemoryError: '}))", "memory", "",
    ),
}  # fmt: skip


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts another program in the worker's place."""

    def put(code: str) -> None:
        program = tmp_path / "worker"
        program.write_text(f"#!{sys.executable}\n{code}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return put


@pytest.mark.parametrize("what", WORKERS)
async def test_a_worker_that_fails_is_treadles_fault(
    what: str, film: Recipes, stand_in: Callable[[str], None], service: MediaService, caplog: pytest.LogCaptureFixture
) -> None:
    code, word, told = WORKERS[what]
    stand_in(code)
    with caplog.at_level(logging.ERROR, "treadle.media"):
        made = await service.prepare(film("last.mp4", writer={}))
    assert isinstance(made, NotPreparable)
    worst = made.findings[0]
    assert (worst.code, worst.pattern) == ("worker_failed", OURS)
    assert str(worst.got).startswith(f"{word}: ")
    assert told in str(worst.got)
    assert "damaged" not in worst.message
    assert told in caplog.text


async def test_the_whole_of_what_a_worker_wrote_is_in_the_log_and_its_last_line_in_the_finding(
    film: Recipes, stand_in: Callable[[str], None], service: MediaService, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in(
        PREPARE + "for n in range(9000): print(f'line {n} of a long traceback', file=sys.stderr)\n"
        "print('access_token=THsecretsecretsecretsecret', file=sys.stderr)\n"
        "print('OSError: the last line', file=sys.stderr)\nsys.exit(1)"
    )
    with caplog.at_level(logging.ERROR, "treadle.media"):
        made = await service.prepare(film("last.mp4", writer={}))
    assert isinstance(made, NotPreparable)
    assert str(made.findings[0].got).endswith("OSError: the last line")
    assert "line 0 of" in caplog.text
    assert "line 8999 of" in caplog.text
    assert "THsecret" not in caplog.text
    assert len(caplog.text) < 3 * jobs.KEPT_BYTES


async def test_a_worker_that_cannot_be_started(
    film: Recipes, service: MediaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    made = await service.prepare(film("last.mp4", writer={}))
    assert isinstance(made, NotPreparable)
    assert made.findings[0].pattern == OURS
    assert "start: " in str(made.findings[0].got)


async def test_a_folder_that_cannot_be_written_is_treadles_fault(film: Recipes, service: MediaService) -> None:
    service._root.parent.mkdir(parents=True)
    service._root.write_text("a file where the folder should be")
    source = film("last.mp4", writer={})
    made, report = await service.prepare(source), await service.check(source)
    assert isinstance(made, NotPreparable)
    assert [made.findings[0].pattern, report.findings[0].pattern] == [OURS, OURS]


async def test_too_little_memory_is_treadles_fault(film: Recipes, tmp_path: Path) -> None:
    wrong, work = film("big_mpeg4.mp4", codec="mpeg4", options={}, width=1280, height=720, seconds=15.0), tmp_path / "w"
    work.mkdir()
    limits = Limits(memory_mb=330, cpu_s=60, wall_s=120.0, file_mb=100)
    result = await MediaRunner(1).run(Job(wrong, work, inspect=True, at_least="full", limits=limits))
    assert isinstance(result, JobFailed)
    assert result.ours
    assert failed(result, probe_file(wrong), work).pattern == OURS


def test_a_pattern_for_every_way_to_fail() -> None:
    probe = probe_file(Path(__file__))
    for code in (*FILES_FAULTS, "start", "crash", "killed", "nonsense", "memory", "disk", "codec", "fault", "unheard"):
        found = failed(JobFailed(code, "Error: words."), probe, Path(__file__).parent)
        assert (found.pattern == OURS) == (code not in FILES_FAULTS), code


def test_an_operator_acts_and_it_is_tried_later() -> None:
    diagnosis = from_pattern(OURS)
    assert (diagnosis.who, diagnosis.action, diagnosis.retry.kind) == ("operator", "retry_later", "later")
    assert diagnosis.retry.max_attempts
    assert diagnosis.retry.then == "when_repaired"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (av.error.InvalidDataError(1, "x"), "media"),
        (Unreadable("x"), "media"),
        (PictureRefused("image_pixels", "x"), "image_pixels"),
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (OSError(errno.ENOSPC, "x"), "disk"),
        (OSError(errno.EDQUOT, "x"), "disk"),
        (OSError(errno.EFBIG, "x"), "large"),
        (PermissionError(errno.EACCES, "x"), "fault"),
        (av.error.DecoderNotFoundError(1, "x"), "codec"),
        (av.error.EncoderNotFoundError(1, "x"), "codec"),
        (av.error.PatchWelcomeError(1, "x"), "codec"),
        (av.error.ArgumentError(22, "x"), "fault"),
        (ImportError("x"), "fault"),
        (TypeError("x"), "fault"),
        (AssertionError(), "fault"),
        (KeyError("x"), "fault"),
    ],
    ids=repr,
)
def test_blame(error: Exception, word: str) -> None:
    assert blame(error) == word


@pytest.mark.parametrize(
    ("error", "files"),
    [
        (av.error.InvalidDataError(1, "x"), True),
        (av.error.ArgumentError(22, "x"), True),
        (av.error.EOFError(541478725, "x"), True),
        (av.error.MemoryError(errno.ENOMEM, "x"), False),
        (av.error.PermissionError(errno.EACCES, "x"), False),
        (av.error.DecoderNotFoundError(1, "x"), False),
        (av.error.BugError(1, "x"), False),
        (ImportError("x"), False),
        (AttributeError("x"), False),
    ],
    ids=repr,
)
def test_what_a_reader_says_is_about_the_file_and_an_exception_is_not(error: Exception, files: bool) -> None:
    def read() -> list[int]:
        raise error

    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the question
        list(read_by(read))
    assert (blame(raised.value) == "media") == files


@pytest.mark.parametrize(
    ("error", "files"),
    [
        (UnidentifiedImageError("x"), True),
        (OSError("image file is truncated"), True),
        (SyntaxError("broken PNG file"), True),
        (SystemError("tile cannot extend outside image"), True),
        (RuntimeError("Failed to decode frame 0: Decoding of color planes failed"), True),
        (RuntimeError("Decoder plugin generated an error: Unspecified"), True),
        (RuntimeError("Memory allocation error: Unspecified"), False),
        (RuntimeError("Failed to decode image: No codec available"), False),
        (RuntimeError("can't start new thread"), False),
        (RecursionError(), False),
        (OSError(errno.ENOSPC, "No space"), False),
        (PermissionError(errno.EACCES, "x"), False),
        (ImportError("x"), False),
        (MemoryError(), False),
        (AttributeError("x"), False),
    ],
    ids=repr,
)
def test_what_pillow_says_while_it_reads(error: Exception, files: bool) -> None:
    with pytest.raises(Exception) as raised, reading_a_picture():  # noqa: PT011
        raise error
    assert (blame(raised.value) == "media") == files


async def test_an_avif_whose_picture_is_lost_is_damaged(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "lost.avif"
    Image.effect_noise((300, 300), 90).convert("RGB").save(path)
    data = path.read_bytes()
    begin = data.rindex(b"mdat") + 4
    path.write_bytes(data[:begin] + b"\xff" * (len(data) - begin))  # AV1 forbids the first bit of a unit to be set
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable)
    assert made.findings[0].pattern == "media_damaged", made.findings[0]


async def test_a_truly_damaged_file_is_still_damaged(film: Recipes, service: MediaService, tmp_path: Path) -> None:
    data = film("v8.mkv", format="matroska", writer={}, audio_codec="libmp3lame").read_bytes()
    video, picture = tmp_path / "header.mkv", tmp_path / "picture.webp"
    video.write_bytes(data[:300] + bytes(len(data) - 300))
    Image.effect_noise((300, 300), 90).save(picture)
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    for path in (video, picture):
        made = await service.prepare(path)
        assert isinstance(made, NotPreparable), path
        assert made.findings[0].pattern == "media_damaged", (path, made.findings[0])


# ---------------------------------------------------------------- what is loaded before the cage closes

MODULES = """
import json, pathlib, sys
from importlib.machinery import EXTENSION_SUFFIXES
from treadle_threads.media.worker import warm
warm.load()
loaded = set(sys.modules)
lacking = []
for name in sys.argv[1].split(","):
    root = pathlib.Path(sys.modules[name].__file__).parent
    for path in root.rglob("*"):
        ending = next((e for e in sorted(EXTENSION_SUFFIXES, key=len, reverse=True) if path.name.endswith(e)), None)
        if ending:
            module = ".".join([name, *path.relative_to(root).parts]).removesuffix(ending)
            lacking += [module] if module not in loaded else []
print(json.dumps(lacking))
"""


def test_every_extension_module_is_loaded_before_the_cage_closes() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", MODULES, "av,PIL"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def _with_subtitles(path: Path, film: Path, codec: str, *more: str) -> Path:
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,100 --> 00:00:01,500\nHello <i>there</i>\n\n")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(film), "-i", str(text), "-map", "0", "-map", "1",
               "-c", "copy", "-c:s", codec, *more, str(path)]  # fmt: skip
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "more"),
    [
        ("a.mkv", "srt", ()),
        ("b.mkv", "ass", ()),
        ("c.mkv", "webvtt", ()),
        ("d.mp4", "mov_text", ()),
        ("e.mp4", "mov_text", ("-c:a", "ac3")),
        ("f.mov", "mov_text", ("-c:a", "pcm_s16le")),
        ("g.mkv", "ass", ("-attach", __file__, "-metadata:s:t", "mimetype=application/x-truetype-font")),
    ],
)
async def test_films_with_subtitles_are_repaired(
    name: str, codec: str, more: tuple[str, ...], film: Recipes, service: MediaService, independent: object,
    tmp_path: Path,
) -> None:  # fmt: skip
    path = _with_subtitles(tmp_path / name, film("plain.mp4", writer={}), codec, *more)
    made = await service.prepare(path)
    assert isinstance(made, Prepared), made.findings[0].got
    assert made.repaired


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("last.mp4", {"writer": {}}),
        ("mpeg4.mp4", {"codec": "mpeg4", "options": {}}),
        ("v.ts", {"format": "mpegts", "writer": {}}),
        ("v.avi", {"format": "avi", "codec": "mpeg4", "options": {}, "audio_codec": "libmp3lame", "writer": {}}),
    ],
)
async def test_nothing_is_imported_behind_the_cage(
    name: str, fields: dict[str, object], film: Recipes, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    job = Job(film(name, **fields), work, inspect=True, at_least="full")
    result = await MediaRunner(1).run(job)
    assert isinstance(result, JobDone), result
    assert result.late == ()


@pytest.mark.parametrize("ending", ["webp", "tiff", "bmp", "gif", "avif", "png", "jp2"])
async def test_nothing_is_imported_behind_the_cage_for_pictures(ending: str, tmp_path: Path) -> None:
    work, path = tmp_path / "work", tmp_path / f"picture.{ending}"
    work.mkdir()
    colours = [Image.new("RGB", (400, 320), colour) for colour in ("red", "blue")]
    more = {"save_all": True, "append_images": colours[1:]} if ending == "gif" else {}
    colours[0].save(path, **more)  # type: ignore[arg-type]
    result = await MediaRunner(1).run(Job(path, work))
    assert isinstance(result, JobDone), result
    assert result.late == ()


async def test_no_room_for_an_upload_is_not_the_files_fault(
    service: MediaService, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.media import hosting

    content = await asyncio.to_thread(good.read_bytes)

    async def pieces() -> AsyncIterator[bytes]:
        yield content
        yield bytes(hosting.WRITE_AT_ONCE)

    monkeypatch.setattr(hosting, "FREE_DISK", 1 << 62)
    kept = await service.store(pieces(), "a.mp4")
    assert isinstance(kept, NotStored)
    found: Finding = kept.findings[0]
    assert found.pattern == OURS


# ---------------------------------------------------------------- the self-test of doctor and the set-up page


async def test_the_self_test_repairs_a_file_and_leaves_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert await failing_repair(settings) is None
    assert not settings.data_dir.exists()
    settings.data_dir.mkdir()
    assert await failing_repair(settings) is None
    assert list(settings.data_dir.iterdir()) == []


async def test_the_self_test_tells_why_a_worker_fails(tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    stand_in(PREPARE + "raise RuntimeError('no encoder here')")
    failing = await failing_repair(settings_in(tmp_path))
    assert failing is not None
    assert "no encoder here" in failing
    line = repairs(failing)
    assert (line.verdict, line.pattern) == ("broken", OURS)
    assert "no encoder here" in line.found


@pytest.mark.parametrize("broken", [False, True])
def test_doctor_repairs_a_file_in_the_default_set_up(
    broken: bool, tmp_path: Path, stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if broken:
        stand_in("raise SystemExit(7)")
    treadle(["doctor", "--offline", "--json"])
    lines = {line["name"]: line for line in json.loads(capsys.readouterr().out)["lines"]}
    assert lines["Media repairs"]["verdict"] == ("broken" if broken else "fine")
