"""The rules on facts that are made up, the plan that follows, and the catalogue's pattern behind every finding."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import treadle.media
import treadle_threads.media
from treadle.media import AudioFacts, Finding, ImageFacts, MediaProbe, RepairKind, VideoFacts
from treadle_diagnosis.catalog import load
from treadle_threads.media import validate
from treadle_threads.media.patterns import PATTERN_OF
from treadle_threads.media.plan import RepairPlan, plan
from treadle_threads.media.sentences import SENTENCES

VIDEO = VideoFacts(
    "h264", "avc1", 1080, 1920, frames=300, frame_rate=30.0, frame_rate_median=30.0, irregular_share=0.0,
    duration_s=10.0, bit_rate=5e6, profile="High", chroma="4:2:0", bit_depth=8, interlaced=False, open_gop=False,
)  # fmt: skip
AUDIO = AudioFacts("aac", "mp4a", "LC", 2, 48_000, 128_000.0, 10.0)
GOOD = MediaProbe("video", "mp4", 6_000_000, 10.0, VIDEO, AUDIO, index_first=True)
PICTURE = ImageFacts("jpeg", 1080, 1350, 8, "rgb", False, animated=False)
PHOTO = MediaProbe("image", "jpeg", 400_000, image=PICTURE)


def video(**changes: Any) -> MediaProbe:
    return replace(GOOD, video=replace(VIDEO, **changes))


def audio(**changes: Any) -> MediaProbe:
    return replace(GOOD, audio=replace(AUDIO, **changes))


def image(**changes: Any) -> MediaProbe:
    return replace(PHOTO, image=replace(PICTURE, **changes), container=changes.get("format", "jpeg"))


def test_what_fits_has_no_findings() -> None:
    assert validate(GOOD) == []
    assert validate(PHOTO) == []
    assert validate(replace(GOOD, audio=None)) == []


CASES = [
    (video(codec="vp9"), "video_codec", "repair", RepairKind.VIDEO),
    (video(codec="hevc"), "hevc", "remark", RepairKind.NONE),
    (video(chroma="4:2:2"), "chroma", "repair", RepairKind.VIDEO),
    (video(bit_depth=10), "bit_depth", "repair", RepairKind.VIDEO),
    (video(codec="hevc", bit_depth=10), "bit_depth", "remark", RepairKind.NONE),
    (video(interlaced=True), "interlaced", "repair", RepairKind.VIDEO),
    (video(open_gop=True), "open_gop", "repair", RepairKind.VIDEO),
    (video(frame_rate=15.0), "frame_rate", "repair", RepairKind.VIDEO),
    (video(frame_rate=120.0), "frame_rate", "repair", RepairKind.VIDEO),
    (video(irregular_share=0.4), "frame_rate_varies", "repair", RepairKind.VIDEO),
    (video(width=3840, height=2160), "columns", "repair", RepairKind.VIDEO),
    (video(width=853, height=481), "odd_size", "repair", RepairKind.VIDEO),
    (video(bit_rate=120e6), "bit_rate", "repair", RepairKind.VIDEO),
    (video(bit_rate=40e6), "bit_rate_high", "remark", RepairKind.NONE),
    (video(width=1920, height=100), "aspect", "error", RepairKind.REJECT),
    (video(edit_list="real"), "edit_list", "repair", RepairKind.FULL),
    (video(edit_list="trivial"), "edit_list_trivial", "repair", RepairKind.PATCH),
    (video(fourcc="hev1", codec="hevc", parameter_sets_in_band=True), "parameter_sets", "repair", RepairKind.REMUX),
    (audio(codec="mp3"), "audio_codec", "repair", RepairKind.AUDIO),
    (audio(profile="HE"), "audio_profile", "repair", RepairKind.AUDIO),
    (audio(sample_rate=96_000), "audio_rate", "repair", RepairKind.AUDIO),
    (audio(channels=6), "audio_channels", "repair", RepairKind.AUDIO),
    (audio(bit_rate=320e3), "audio_bit_rate", "repair", RepairKind.AUDIO),
    (audio(bit_rate=191e3), "audio_bit_rate_high", "remark", RepairKind.NONE),
    (audio(offset_s=0.4), "audio_offset", "repair", RepairKind.AUDIO),
    (replace(GOOD, index_first=False), "index_last", "repair", RepairKind.PATCH),
    (replace(GOOD, fragmented=True), "fragmented", "repair", RepairKind.REMUX),
    (replace(GOOD, container="matroska"), "container", "repair", RepairKind.REMUX),
    (replace(GOOD, duration_s=300.5), "duration", "error", RepairKind.REJECT),
    (replace(GOOD, size=1_100_000_000), "file_size", "error", RepairKind.REJECT),
    (replace(GOOD, encrypted=True), "encrypted", "error", RepairKind.REJECT),
    (replace(GOOD, external_reference=True), "external_reference", "error", RepairKind.REJECT),
    (replace(GOOD, kind="audio", video=None), "no_picture", "error", RepairKind.REJECT),
    (replace(GOOD, extra_tracks=2), "extra_tracks", "remark", RepairKind.NONE),
    (image(format="webp"), "image_format", "repair", RepairKind.IMAGE),
    (image(format="heic"), "image_format", "repair", RepairKind.IMAGE),
    (image(colour="cmyk"), "image_colour", "repair", RepairKind.IMAGE),
    (image(format="png", bit_depth=16), "image_depth", "repair", RepairKind.IMAGE),
    (image(format="gif", animated=True), "image_animated", "repair", RepairKind.FULL),
    (image(width=400, height=4800), "image_aspect", "error", RepairKind.REJECT),
    (image(width=200, height=200), "image_width", "remark", RepairKind.NONE),
    (image(width=4032, height=3024), "image_width", "remark", RepairKind.NONE),
    (image(width=30_000, height=30_000), "image_pixels", "error", RepairKind.REJECT),
    (image(profile="Display P3"), "image_profile", "remark", RepairKind.NONE),
    (image(location=True), "image_location", "remark", RepairKind.NONE),
    (replace(PHOTO, size=8_100_000), "image_size", "repair", RepairKind.IMAGE),
]


@pytest.mark.parametrize(
    ("probe", "code", "severity", "kind"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_rule(probe: MediaProbe, code: str, severity: str, kind: RepairKind) -> None:
    found = validate(probe)
    mine = [item for item in found if item.code == code]
    assert [item.severity for item in mine] == [severity]
    assert mine[0].message.endswith(".")
    assert mine[0].pattern == PATTERN_OF[code]
    assert plan(probe, found).kind is kind
    assert Finding.from_json(mine[0].to_json()) == mine[0]


def test_the_limits_themselves_pass() -> None:
    at_the_limit = replace(
        GOOD, duration_s=300.0, size=1_000_000_000,
        video=replace(VIDEO, width=1920, height=192, frame_rate=60.0, frame_rate_median=60.0, bit_rate=25e6),
        audio=replace(AUDIO, sample_rate=48_000, channels=2, bit_rate=128e3),
    )  # fmt: skip
    assert validate(at_the_limit) == []
    assert validate(video(frame_rate=23.0, frame_rate_median=23.0)) == []
    assert validate(replace(PHOTO, size=8_000_000, image=replace(PICTURE, width=1440, height=144))) == []


def test_the_picture_is_judged_as_it_is_seen() -> None:
    """A phone's upright film is stored lying: 3840 columns become 1080 seen ones only when it is turned."""
    turned = video(width=1920, height=1080, rotation=90)
    assert turned.video is not None
    assert turned.video.shown_size == (1080, 1920)
    wide = video(width=720, height=576, pixel_aspect=(64, 45))
    assert wide.video is not None
    assert wide.video.shown_size == (1024, 576)


def test_the_least_that_removes_everything_is_planned() -> None:
    both = replace(video(edit_list="trivial"), index_first=False)
    assert plan(both, validate(both)).kind is RepairKind.PATCH
    sound = replace(both, audio=replace(AUDIO, codec="mp3"))
    wanted = plan(sound, validate(sound))
    assert (wanted.kind, wanted.video, wanted.audio) == (RepairKind.AUDIO, "copy", "encode")
    all_of_it = replace(sound, video=replace(VIDEO, codec="vp9"))
    assert plan(all_of_it, validate(all_of_it)).kind is RepairKind.FULL


def test_trimming_needs_to_be_allowed() -> None:
    long = replace(GOOD, duration_s=720.0)
    assert plan(long, validate(long)).kind is RepairKind.REJECT
    allowed = plan(long, validate(long), on_too_long="trim")
    assert (allowed.kind, allowed.trim_to, allowed.video, allowed.audio) == (RepairKind.TRIM, 299.9, "copy", "copy")


def test_the_conservative_way_encodes_what_is_disputed() -> None:
    disputed = video(codec="hevc")
    assert plan(disputed, validate(disputed), conservative=True).kind is RepairKind.VIDEO
    assert plan(GOOD, validate(GOOD), conservative=True).kind is RepairKind.NONE


@pytest.mark.parametrize(("rate", "becomes"), [(10.0, 30), (120.0, 60), (24.0, 24), (50.0, 50)])
def test_a_steady_rate_is_close_to_the_source(rate: float, becomes: int) -> None:
    uneven = video(frame_rate=rate, frame_rate_median=rate, irregular_share=0.5)
    assert plan(uneven, validate(uneven)).frame_rate == becomes


def test_a_plan_is_json_and_back() -> None:
    made = plan(video(codec="vp9"), validate(video(codec="vp9")))
    assert RepairPlan.from_json(made.to_json()) == made


def test_a_problem_is_the_only_finding() -> None:
    broken = MediaProbe("video", "mp4", 10, problem="truncated", detail="The file was cut off.", complete=False)
    assert [(item.code, item.severity) for item in validate(broken)] == [("truncated", "error")]
    assert plan(broken, validate(broken)).kind is RepairKind.REJECT


def test_every_pattern_is_in_the_catalogue() -> None:
    catalogue = load()
    missing = sorted({name for name in PATTERN_OF.values() if catalogue.get(name) is None})
    assert missing == []


def test_every_code_has_a_pattern_and_every_entry_is_used() -> None:
    folders = [Path(str(package.__file__)).parent for package in (treadle.media, treadle_threads.media)]
    paths = [path for folder in folders for path in folder.rglob("*.py") if path.name != "patterns.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    used = set(re.findall(r'(?:finding|_bad|NotOpened)\(\s*"([a-z_0-9]+)"', text))
    assert used <= set(SENTENCES)
    named = set(re.findall(r'"([a-z_0-9]+)"', text))
    assert set(PATTERN_OF) <= named
