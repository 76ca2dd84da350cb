"""Facts read from few bytes: right on good files, harmless on bad ones."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.media.conftest import BFRAMES, Independent, Recipes
from treadle.media import MediaProbe, probe_bytes, probe_file
from treadle_threads.media import validate
from treadle_threads.media.isobmff import HEAD
from treadle_threads.media.probe import probe_source
from treadle_threads.media.source import BytesSource, FileSource


def test_a_good_video_tells_everything(good: Path) -> None:
    probe = probe_file(good)
    assert (probe.kind, probe.container, probe.problem, probe.complete) == ("video", "mp4", None, True)
    assert probe.video is not None
    assert (probe.video.codec, probe.video.width, probe.video.height) == ("h264", 256, 144)
    assert probe.video.frame_rate == 30
    assert (probe.video.chroma, probe.video.bit_depth, probe.video.edit_list) == ("4:2:0", 8, "none")
    assert probe.audio is not None
    assert (probe.audio.codec, probe.audio.profile, probe.audio.channels, probe.audio.sample_rate) == (
        "aac",
        "LC",
        2,
        48000,
    )
    assert probe.index_first
    assert validate(probe) == []


def test_json_and_back(good: Path) -> None:
    probe = probe_file(good)
    assert MediaProbe.from_json(probe.to_json()) == probe


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("plain.mp4", {}),
        ("ntsc.mp4", {"fps": Fraction(30000, 1001)}),
        ("bframes.mp4", {"options": BFRAMES}),
        ("chroma444.mp4", {"pixel_format": "yuv444p"}),
        ("deep.mp4", {"pixel_format": "yuv420p10le"}),
        ("odd.mp4", {"width": 213, "height": 121, "pixel_format": "yuv444p"}),
        ("mono.mp4", {"audio_layout": "mono", "audio_rate": 44100}),
        ("six.mp4", {"audio_layout": "5.1"}),
        ("silent.mp4", {"audio_codec": ""}),
        (
            "hevc.mp4",
            {"codec": "libx265", "tag": "hvc1", "options": {"preset": "ultrafast", "x265-params": "log-level=error"}},
        ),
        ("last.mp4", {"writer": {}}),
        ("film.mov", {"format": "mov", "audio_codec": "pcm_s16le", "writer": {}}),
    ],
)
def test_the_same_facts_as_ffprobe(
    name: str, fields: dict[str, object], film: Recipes, independent: Independent
) -> None:
    path = film(name, **fields)
    probe = probe_file(path)
    video, audio = independent.stream(path, "video"), independent.stream(path, "audio")
    assert probe.video is not None
    assert (probe.video.codec, probe.video.width, probe.video.height) == (
        video["codec_name"],
        video["width"],
        video["height"],
    )
    assert probe.video.frame_rate == pytest.approx(float(Fraction(video["avg_frame_rate"])), rel=1e-4)
    assert probe.video.frames == int(video["nb_frames"])
    planes = {"yuv420p": ("4:2:0", 8), "yuv444p": ("4:4:4", 8), "yuv420p10le": ("4:2:0", 10)}[video["pix_fmt"]]
    assert (probe.video.chroma, probe.video.bit_depth) == planes
    assert probe.duration_s == pytest.approx(float(independent.facts(path)["format"]["duration"]), abs=0.05)
    assert (probe.audio is None) == (audio == {})
    if probe.audio is not None:
        assert (probe.audio.channels, probe.audio.sample_rate) == (audio["channels"], int(audio["sample_rate"]))


def test_no_more_is_read_than_head_and_index(film: Recipes) -> None:
    path = film("last.mp4", writer={})
    padded = _with_media(path.read_bytes(), 3 << 20)
    source = BytesSource(padded)
    probe = probe_source(source, closed_gop_samples=0)
    assert probe.index_first is False
    assert probe.video is not None
    assert source.reads == 2
    assert source.bytes_read <= HEAD + probe.index_bytes + 1024


def _with_media(data: bytes, more: int) -> bytes:
    """The same file with ``more`` bytes of media data in front of its own (offsets stay as they were: facts only)."""
    at = data.index(b"mdat") - 4
    size = struct.unpack_from(">I", data, at)[0]
    return data[:at] + struct.pack(">I4s", size + more, b"mdat") + bytes(more) + data[at + 8 :]


def test_a_fragmented_file_says_what_it_does_not_know(film: Recipes) -> None:
    probe = probe_file(film("fragments.mp4", writer={"movflags": "frag_keyframe+empty_moov+default_base_moof"}))
    assert probe.fragmented
    assert not probe.complete
    assert any("fragments" in guess for guess in probe.guesses)
    assert "fragmented" in {item.code for item in validate(probe)}


def test_an_open_group_of_pictures_is_found(film: Recipes) -> None:
    options = {"preset": "fast", "x264-params": "open-gop=1:bframes=3:keyint=15:min-keyint=15:scenecut=0"}
    probe = probe_file(film("open.mp4", options=options, key_every=15))
    assert probe.video is not None
    assert probe.video.open_gop
    closed = probe_file(film("bframes15.mp4", options=BFRAMES, key_every=15))
    assert closed.video is not None
    assert closed.video.open_gop is False


@pytest.mark.parametrize(
    ("name", "fields", "container"),
    [
        ("x.mkv", {"format": "matroska", "writer": {}}, "matroska"),
        ("x.avi", {"format": "avi", "codec": "mpeg4", "options": {}, "audio_codec": "libmp3lame", "writer": {}}, "avi"),
        ("x.ts", {"format": "mpegts", "writer": {}}, "mpegts"),
        ("x.webm", {"format": "webm", "codec": "libvpx-vp9", "options": {"cpu-used": "8", "deadline": "realtime"},
                    "audio_codec": "libopus", "writer": {}}, "webm"),
    ],
)  # fmt: skip
def test_other_containers_are_named_from_their_head(
    name: str, fields: dict[str, object], container: str, film: Recipes
) -> None:
    probe = probe_file(film(name, **fields))
    assert probe.container == container
    assert not probe.complete
    assert probe.guesses
    if container != "mpegts":
        assert probe.video is not None
        assert (probe.video.width, probe.video.height) == (256, 144)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_off_file_is_called_that(part: float, film: Recipes) -> None:
    for name, writer in (("last.mp4", {}), ("good.mp4", None)):
        path = film(name, **({"writer": writer} if writer is not None else {}))
        data = path.read_bytes()
        assert probe_bytes(data[: int(len(data) * part)]).problem in ("truncated", "malformed")


@pytest.mark.parametrize(
    ("data", "problem", "word"),
    [
        (b"", "empty", "0 bytes"),
        (b"this is not a video\n" * 400, "not_media", "plain text"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "not_media", "web page"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://10.0.0.1/x.ts\n", "not_media", "playlist"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not_media", "list of other files"),
        (b"v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", "not_media", "session description"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://10.0.0.1/'/></svg>", "not_media", "drawing"),
        (bytes(range(1, 256)) * 50, "not_media", "not a known"),
    ],
)  # fmt: skip
def test_what_is_no_media_is_named(data: bytes, problem: str, word: str) -> None:
    probe = probe_bytes(data)
    assert probe.problem == problem
    assert word in probe.detail
    assert [item.severity for item in validate(probe)] == ["error"]


@given(st.binary(max_size=4000))
def test_any_bytes_end_as_facts(data: bytes) -> None:
    validate(probe_bytes(data))


BEGINNINGS = [
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"RIFF\x10\0\0\0WEBP", b"GIF89a", b"II*\0", b"\0\0\0\x18ftypavif",
    b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3", b"RIFF\x10\0\0\0AVI ", b"\0\0\0\x08mdat",
]  # fmt: skip


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=3000))
def test_any_bytes_behind_a_known_beginning_end_as_facts(start: bytes, rest: bytes) -> None:
    validate(probe_bytes(start + rest))


def test_two_thousand_damaged_indexes_end_as_facts(film: Recipes) -> None:
    data = film("bframes.mp4", options=BFRAMES).read_bytes()
    index = data.index(b"moov")
    end = index + struct.unpack_from(">I", data, index - 4)[0] - 4
    chance = random.Random(7)
    for _ in range(2000):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(index, end)] = chance.randrange(256)
        validate(probe_bytes(bytes(broken)))


def test_a_crafted_index_is_not_walked_for_long() -> None:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), kind) + content

    count = 400_000
    table = box(b"stts", struct.pack(">II", 0, count) + struct.pack(">II", 1, 1) * count)
    nested = box(b"mdia", box(b"hdlr", bytes(8) + b"vide" + bytes(12)) + box(b"minf", box(b"stbl", table)))
    many = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", box(b"trak", nested) * 3) + box(b"mdat", b"")
    probe = probe_bytes(many)
    assert probe.index_first
    claim = box(b"ftyp", b"isom" + bytes(4)) + struct.pack(">I4s", 17 << 20, b"moov") + bytes(1000)
    assert not probe_bytes(claim).complete


def test_a_file_source_counts_what_it_reads(good: Path) -> None:
    with FileSource(good) as source:
        probe = probe_source(source)
    assert (probe.bytes_read, probe.requests) == (source.bytes_read, source.reads)
