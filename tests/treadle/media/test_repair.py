"""Every way a file can be wrong is made right, by the least that will do, and an independent look agrees."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.treadle.media.conftest import BFRAMES, Host, Independent, Recipes
from treadle.media import probe_file, samples
from treadle.media.jobs import Progress
from treadle.media.service import MediaService, NotPreparable, Prepared
from treadle_sandbox.judge import video_error
from treadle_sandbox.options import Options
from treadle_threads.media import mp4patch, validate
from treadle_threads.media.finding import RepairKind

STRICT = Options(edit_lists="any", moov_at_end="error", max_video_mbps=25)  # the sandbox at its least forgiving
X265 = {"preset": "ultrafast", "x265-params": "log-level=error:open-gop=0"}
OPEN_GOP = {"preset": "fast", "x264-params": "open-gop=1:bframes=3:keyint=15:min-keyint=15:scenecut=0"}
VP9 = {"cpu-used": "8", "deadline": "realtime"}

REPAIRABLE: list[tuple[str, dict[str, Any], RepairKind]] = [
    ("last.mp4", {"writer": {}}, RepairKind.PATCH),
    ("front_edits.mp4", {"writer": {"movflags": "+faststart"}, "options": BFRAMES}, RepairKind.PATCH),
    ("last_edits.mp4", {"writer": {}, "options": BFRAMES}, RepairKind.PATCH),
    ("hevc_last.mp4", {"codec": "libx265", "tag": "hvc1", "options": X265, "writer": {}}, RepairKind.PATCH),
    ("fragments.mp4", {"writer": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}}, RepairKind.REMUX),
    ("hev1.mp4", {"codec": "libx265", "tag": "hev1", "options": X265}, RepairKind.REMUX),
    ("x.mkv", {"format": "matroska", "writer": {}, "options": BFRAMES}, RepairKind.REMUX),
    ("x.ts", {"format": "mpegts", "writer": {}, "options": BFRAMES}, RepairKind.REMUX),
    ("mp3.mp4", {"audio_codec": "libmp3lame"}, RepairKind.AUDIO),
    ("six.mp4", {"audio_layout": "5.1", "audio_bit_rate": 384_000}, RepairKind.AUDIO),
    ("fast_sound.mp4", {"audio_rate": 96_000}, RepairKind.AUDIO),
    ("pcm.mov", {"format": "mov", "audio_codec": "pcm_s16le", "writer": {}}, RepairKind.AUDIO),
    ("opus.mp4", {"audio_codec": "libopus"}, RepairKind.AUDIO),
    ("mpeg4.mp4", {"codec": "mpeg4", "options": {}}, RepairKind.VIDEO),
    ("chroma444.mp4", {"pixel_format": "yuv444p"}, RepairKind.VIDEO),
    ("deep.mp4", {"pixel_format": "yuv420p10le"}, RepairKind.VIDEO),
    ("odd.mp4", {"width": 213, "height": 121, "pixel_format": "yuv444p"}, RepairKind.VIDEO),
    ("slow.mp4", {"fps": Fraction(15)}, RepairKind.VIDEO),
    ("fast.mp4", {"fps": Fraction(120), "seconds": 1.0}, RepairKind.VIDEO),
    ("open.mp4", {"options": OPEN_GOP, "key_every": 15}, RepairKind.VIDEO),
    ("silent_mpeg4.mp4", {"codec": "mpeg4", "options": {}, "audio_codec": ""}, RepairKind.VIDEO),
    ("x.webm", {"format": "webm", "codec": "libvpx-vp9", "options": VP9, "audio_codec": "libopus", "writer": {}},
     RepairKind.FULL),
    ("x.avi", {"format": "avi", "codec": "mpeg4", "options": {}, "audio_codec": "libmp3lame", "writer": {}},
     RepairKind.FULL),
    ("prores.mov", {"format": "mov", "codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {},
                    "audio_codec": "pcm_s16le", "writer": {}}, RepairKind.FULL),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fields", "kind"), REPAIRABLE, ids=[entry[0] for entry in REPAIRABLE])
async def test_made_right_at_least_cost(
    name: str, fields: dict[str, Any], kind: RepairKind, film: Recipes, service: MediaService, independent: Independent
) -> None:
    source = film(name, **fields)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.report.plan.kind is kind
    assert made.repaired
    assert made.stored is not None
    result = Path(made.stored.path)
    assert [item.code for item in validate(probe_file(result)) if item.severity != "remark"] == []
    assert video_error(STRICT, probe_file(result)) is None
    _independently_right(result, source, independent)


def _independently_right(result: Path, source: Path, independent: Independent) -> None:
    assert independent.decode_errors(result) == ""
    before, after = independent.stream(source, "video"), independent.stream(result, "video")
    assert after["codec_name"] in ("h264", "hevc")
    assert after["pix_fmt"] == "yuv420p" or after["codec_name"] == "hevc"
    assert int(after["width"]) <= 1920
    assert after["width"] % 2 == after["height"] % 2 == 0
    assert abs(int(after["width"]) - int(before["width"])) <= 1
    assert 23 <= Fraction(after["avg_frame_rate"]) <= Fraction(121, 2)
    sound, heard = independent.stream(result, "audio"), independent.stream(source, "audio")
    assert bool(sound) == bool(heard)
    if sound:
        assert (sound["codec_name"], sound["profile"]) == ("aac", "LC")
        assert sound["channels"] <= 2
        assert int(sound["sample_rate"]) <= 48_000
    length = float(independent.facts(result)["format"]["duration"])
    assert length == pytest.approx(float(independent.facts(source)["format"]["duration"]), abs=0.15)
    boxes = _boxes(result)
    assert boxes.index("moov") < boxes.index("mdat")
    assert b"edts" not in result.read_bytes()[:200_000]


def ffmpeg(*arguments: object) -> bytes:
    """Debian's ffmpeg, to make samples with what PyAV does not offer."""
    command = ["ffmpeg", "-nostdin", "-v", "error", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _boxes(path: Path) -> list[str]:
    data, at, found = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 8].decode("latin-1"))
        at += size if size > 1 else int.from_bytes(data[at + 8 : at + 16], "big") if size else len(data)
    return found


def offset_ms(path: Path) -> float:
    """When the second flash is heard, minus when it is seen, in milliseconds, where edit lists are honored."""
    seen = heard = None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time > 0.4 and frame.reformat(format="gray").planes[0]:
                bright = bytes(frame.reformat(format="gray").planes[0])
                if bright[len(bright) // 2] > 150:
                    seen = frame.time
                    break
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            plain = av.AudioResampler(format="flt", layout="mono").resample(sound)[0]
            values = memoryview(bytes(plain.planes[0])).cast("f")[: plain.samples]
            for number, value in enumerate(values):
                at = (sound.time or 0.0) + number / sound.sample_rate
                if at > 0.4 and abs(value) > 0.08:
                    heard = at
                    break
            if heard is not None:
                break
    assert seen is not None
    assert heard is not None
    return (heard - seen) * 1000


FLASH = {"flash_every": 0.5, "seconds": 3.0}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("f_patch.mp4", {"writer": {}, "options": BFRAMES}),
        ("f_patch_plain.mp4", {"writer": {}}),
        ("f_mkv.mkv", {"format": "matroska", "writer": {}, "options": BFRAMES}),
        ("f_ts.ts", {"format": "mpegts", "writer": {}, "options": BFRAMES}),
        ("f_mp3.mp4", {"audio_codec": "libmp3lame", "writer": {}, "options": BFRAMES}),
        ("f_pcm.mov", {"audio_codec": "pcm_s16le", "format": "mov", "writer": {}}),
        ("f_mpeg4.mp4", {"codec": "mpeg4", "options": {}, "writer": {}}),
        (
            "f_webm.webm",
            {"format": "webm", "codec": "libvpx-vp9", "options": VP9, "audio_codec": "libopus", "writer": {}},
        ),
        ("f_slow.mp4", {"fps": Fraction(20), "writer": {}, "options": BFRAMES}),
        ("f_frag.mp4", {"writer": {"movflags": "frag_keyframe+empty_moov"}, "options": BFRAMES}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_sound_and_picture_stay_where_they_were(
    name: str, fields: dict[str, Any], film: Recipes, service: MediaService
) -> None:
    source = film(name, **FLASH, **fields)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert offset_ms(Path(made.stored.path)) == pytest.approx(offset_ms(source), abs=10)


async def test_moving_the_index_keeps_every_picture_bit_for_bit(film: Recipes, service: MediaService) -> None:
    source = film("last_edits.mp4", writer={}, options=BFRAMES)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None

    def pictures(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(frame.planes[0]) for frame in container.decode(video=0)]

    assert pictures(Path(made.stored.path)) == pictures(source)


async def test_a_long_video_is_cut_only_when_allowed(
    shelf: Any, service: MediaService, independent: Independent
) -> None:
    source = shelf("too_long.mp4", samples.too_long_video)
    refused = await service.prepare(source)
    assert isinstance(refused, NotPreparable)
    assert refused.findings[0].code == "duration"
    assert "trim" in refused.findings[0].message
    cut = await service.prepare(source, on_too_long="trim")
    assert isinstance(cut, Prepared)
    assert cut.stored is not None
    assert cut.report.plan.kind is RepairKind.TRIM
    assert float(independent.facts(Path(cut.stored.path))["format"]["duration"]) <= 300
    assert cut.result is not None
    assert cut.result.duration_s == pytest.approx(299.9, abs=0.15)


@pytest.mark.parametrize("turn", [90, 180, 270])
async def test_a_turned_film_stays_upright(
    turn: int, film: Recipes, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    flat = film("chroma444.mp4", pixel_format="yuv444p")
    source = tmp_path / "turned.mp4"
    ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={turn}", "-movflags", "+faststart", source)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None

    def first(path: Path) -> bytes:
        return ffmpeg("-i", path, "-frames:v", "1", "-vf", "scale=32:32,format=gray", "-f", "rawvideo", "-")

    before, after = first(source), first(Path(made.stored.path))
    assert sum(abs(a - b) for a, b in zip(before, after, strict=True)) / len(before) < 4
    assert made.result is not None
    assert made.result.video is not None
    assert made.result.video.rotation == 0
    assert (made.result.video.width < made.result.video.height) == (turn != 180)


async def test_hidden_parts_stay_hidden(
    film: Recipes, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    """A cut made by an edit list is carried out for good."""
    whole = film("whole.mp4", seconds=4.0, options={"preset": "ultrafast", "bf": "2"}, key_every=90)
    source = tmp_path / "cut.mp4"
    ffmpeg("-ss", "1.0", "-i", whole, "-c", "copy", source)
    assert "edit_list" in {item.code for item in validate(probe_file(source))}
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.result is not None
    assert made.result.duration_s == pytest.approx(3.0, abs=0.1)
    assert made.report.plan.kind is RepairKind.FULL


async def test_a_picture_that_begins_late_stands_still_until_then(
    film: Recipes, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    flashing = film("f_plain.mp4", **FLASH)
    source = tmp_path / "late.mp4"
    ffmpeg("-itsoffset", "1.0", "-i", flashing, "-i", flashing, "-map", "0:v", "-map", "1:a", "-c", "copy", source)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    result = Path(made.stored.path)
    assert independent.decode_errors(result) == ""
    with av.open(str(result)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    assert times[0] == pytest.approx(0, abs=0.02)
    assert times[-1] == pytest.approx(4.0, abs=0.1)


async def test_the_way_back_after_hevc_was_refused(film: Recipes, service: MediaService) -> None:
    source = film("hevc.mp4", codec="libx265", tag="hvc1", options=X265)
    as_it_is = await service.prepare(source)
    assert isinstance(as_it_is, Prepared)
    assert not as_it_is.repaired
    fallback = await service.prepare(source, conservative=True)
    assert isinstance(fallback, Prepared)
    assert fallback.result is not None
    assert fallback.result.video is not None
    assert fallback.result.video.codec == "h264"


async def test_an_unchanged_address_is_published_as_it_is(host: Host, good: Path, service: MediaService) -> None:
    host.files["/good.mp4"] = good.read_bytes()
    made = await service.prepare(f"{host.url}/good.mp4")
    assert isinstance(made, Prepared)
    assert (made.repaired, made.stored, made.url) == (False, None, f"{host.url}/good.mp4")


async def test_an_address_is_fetched_once_and_repaired(host: Host, film: Recipes, service: MediaService) -> None:
    host.files["/x.mp4"] = film("mp3.mp4", audio_codec="libmp3lame").read_bytes()
    made = await service.prepare(f"{host.url}/x.mp4?token=secret")
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.report.to_json()["source"] == f"{host.url}/x.mp4"
    assert "secret" not in str(made.report.to_json())
    whole = [entry for entry in host.media_requests() if not entry[3]]
    assert len(whole) == 1


async def test_an_address_that_expires_is_copied(host: Host, good: Path, service: MediaService) -> None:
    host.files["/good.mp4"] = good.read_bytes()
    made = await service.prepare(f"{host.url}/good.mp4?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-Signature=s")
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert not made.repaired
    assert Path(made.stored.path).read_bytes() == good.read_bytes()
    kept = await service.copy(f"{host.url}/good.mp4")
    assert not isinstance(kept, NotPreparable)
    assert kept.size == good.stat().st_size


def test_a_rewritten_index_tells_how_much_of_the_file_is_written(
    film: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film("last.mp4", writer={})
    monkeypatch.setattr(mp4patch, "PIECE", source.stat().st_size // 4)
    fractions: list[float] = []
    with source.open("rb") as given, (tmp_path / "made.mp4").open("wb") as made:
        mp4patch.patch(given, made, on_progress=fractions.append)
    assert len(fractions) > 2
    assert fractions == sorted(set(fractions))
    assert fractions[-1] == 1
    before, after = probe_file(source).duration_s, probe_file(tmp_path / "made.mp4").duration_s
    assert before is not None
    assert after == pytest.approx(before, abs=0.1)


async def test_progress_and_canceling(film: Recipes, service: MediaService, tmp_path: Path) -> None:
    source = film("big_mpeg4.mp4", codec="mpeg4", options={}, width=1280, height=720, seconds=6.0)
    told: list[Progress] = []
    begun = asyncio.Event()

    def tell(progress: Progress) -> None:
        told.append(progress)
        begun.set()

    task = asyncio.create_task(service.prepare(source, progress=tell))
    await asyncio.wait_for(begun.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    work = tmp_path / "treadle-data" / "media" / "work"
    assert list(work.iterdir()) == []
    assert not service._runner._running
    assert 0 <= told[0].fraction <= 1
    assert told[0].speed is not None


def loudness(path: Path) -> float:
    """Root mean square of everything heard, 1.0 is full scale."""
    total, count = 0.0, 0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for frame in container.decode(audio=0):
            for plain in resampler.resample(frame):
                values = memoryview(bytes(plain.planes[0])).cast("f")[: plain.samples]
                total += sum(value * value for value in values)
                count += len(values)
    return (total / count) ** 0.5


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("mp3.mp4", {"audio_codec": "libmp3lame"}),
        ("pcm.mov", {"format": "mov", "audio_codec": "pcm_s16le", "writer": {}}),
    ],
    ids=["mp3", "pcm"],
)
async def test_it_is_as_loud_as_it_was(name: str, fields: dict[str, Any], film: Recipes, service: MediaService) -> None:
    source = film(name, **fields)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert loudness(Path(made.stored.path)) == pytest.approx(loudness(source), rel=0.06)  # half a decibel


async def test_the_first_picture_stays_the_first(film: Recipes, service: MediaService) -> None:
    source = film("slow.mp4", fps=Fraction(15))
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None

    def first(path: Path) -> bytes:
        return ffmpeg("-i", path, "-frames:v", "1", "-vf", "scale=64:36,format=gray", "-f", "rawvideo", "-")

    before, after = first(source), first(Path(made.stored.path))
    assert sum(abs(a - b) for a, b in zip(before, after, strict=True)) / len(before) < 2


async def test_interlaced_for_real_and_only_by_name(
    service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    """The header's flag is a hint: encoders set it without need. Only decoding tells."""
    drawn = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=50:d=2", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    real, named = tmp_path / "real.mp4", tmp_path / "named.mp4"
    ffmpeg(*drawn, "-vf", "interlace", "-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1", real)
    ffmpeg(*drawn, "-r", "25", "-c:v", "libx264", "-x264-params", "fake-interlaced=1", named)
    seen = await service.prepare(real)
    assert isinstance(seen, Prepared)
    assert seen.report.plan.deinterlace
    assert "interlaced" in {item.code for item in seen.report.findings}
    assert independent.stream(Path(seen.stored.path if seen.stored else ""), "video").get("field_order") in (
        "progressive",
        None,
    )
    other = await service.check(named)
    assert "interlaced" not in {item.code for item in other.findings}
    assert other.plan.kind < RepairKind.VIDEO


async def test_a_rate_that_varies_becomes_steady(
    service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    path = tmp_path / "varies.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=320x240:r=24:d=2", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=60:d=2",
        "-filter_complex", "[0:v]settb=1/90000[a];[1:v]settb=1/90000[b];[a][b]concat=n=2:v=1:a=0[v]", "-map", "[v]",
        "-vsync", "vfr", "-enc_time_base", "1:90000", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
        "-video_track_timescale", "90000", path,
    )  # fmt: skip
    assert "frame_rate_varies" in {item.code for item in validate(probe_file(path))}
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.result is not None
    assert made.result.video is not None
    assert made.result.video.irregular_share == 0
    assert made.result.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.long
async def test_four_thousand_columns_at_sixty_frames(
    film: Recipes, service: MediaService, independent: Independent
) -> None:
    source = film("uhd.mp4", width=3840, height=2160, fps=Fraction(60), seconds=2.0, audio_codec="", still=True)
    made = await service.prepare(source)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    shown = independent.stream(Path(made.stored.path), "video")
    assert (shown["width"], shown["height"], shown["avg_frame_rate"]) == (1920, 1080, "60/1")
