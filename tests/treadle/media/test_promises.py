"""One answer to one question: what the check of a damaged file promises, its repair does, and nothing else is made."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.treadle.media.conftest import BFRAMES, Independent, Recipes
from tests.treadle.media.test_everyday_files import ffmpeg
from treadle.media.service import MediaService, NotPreparable, Prepared

Damage = Callable[[Path, bytes], bytes]


def renamed(kind: bytes) -> Damage:
    """The first box of a type is passed over by every reader, as if it were not there."""
    return lambda path, data: data.replace(kind, b"free", 1)


def packets(path: Path, stream: str) -> list[tuple[int, int, bool]]:
    """Where each packet lies, how large it is, and whether it is a key frame."""
    with av.open(str(path)) as film:
        chosen = film.streams.video[0] if stream == "video" else film.streams.audio[0]
        return [(packet.pos or 0, packet.size, packet.is_keyframe) for packet in film.demux(chosen) if packet.size]


def zeroed(stream: str, choose: Callable[[int, int, bool], bool]) -> Damage:
    """The packets of a stream that are chosen (by number, count, key frame) hold nothing but zeros."""

    def damage(path: Path, data: bytes) -> bytes:
        made = bytearray(data)
        known = packets(path, stream)
        for number, (at, size, key) in enumerate(known):
            if choose(number, len(known), key):
                made[at : at + size] = bytes(size)
        return bytes(made)

    return damage


ENCODED: dict[str, object] = {"options": BFRAMES, "fps": Fraction(120), "key_every": 20}
"""A rate that Threads does not take: the picture has to be encoded again."""
MOVED: dict[str, object] = {"writer": {}, "key_every": 20}
"""The index is at the end: it is moved, and nothing is encoded."""
FILMS: dict[str, tuple[dict[str, object], Damage, bool]] = {
    "no-avcc-moved": (MOVED, renamed(b"avcC"), False),
    "no-avcc-encoded": (ENCODED, renamed(b"avcC"), False),
    "no-esds": (MOVED, renamed(b"esds"), False),
    "first-group-moved": (MOVED, zeroed("video", lambda number, count, key: number < 20), True),
    "one-packet-moved": (MOVED, zeroed("video", lambda number, count, key: number == 25), True),
    "one-packet-encoded": (ENCODED, zeroed("video", lambda number, count, key: number == 25), True),
    "a-key-frame-encoded": (ENCODED, zeroed("video", lambda number, count, key: number == 40), True),
    "the-end-moved": (MOVED, zeroed("video", lambda number, count, key: number > count * 0.7), False),
    "the-end-encoded": (ENCODED, zeroed("video", lambda number, count, key: number > count * 0.7), False),
    "all-moved": (MOVED, zeroed("video", lambda number, count, key: True), False),
    "some-sound-encoded": (
        {"audio_codec": "libmp3lame", **MOVED}, zeroed("audio", lambda number, count, key: 9 < number < 14), True,
    ),
    "all-sound-moved": (MOVED, zeroed("audio", lambda number, count, key: True), False),
}  # fmt: skip


@pytest.mark.usefixtures("independent")
@pytest.mark.parametrize("name", FILMS)
async def test_a_damaged_film_is_repaired_as_promised_or_not_at_all(
    name: str, film: Recipes, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    fields, damage, promised = FILMS[name]
    source = film(f"promise-{name.rpartition('-')[2]}-{len(fields)}.mp4", **fields)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(damage(source, source.read_bytes()))
    report = await service.check(path)
    made = await service.prepare(path)
    assert report.ok == promised, [item.message for item in report.findings]
    assert isinstance(made, Prepared) == promised
    if isinstance(made, NotPreparable):
        assert made.findings[0].code == report.findings[0].code
        return
    assert made.stored is not None
    seen = independent.facts(Path(made.stored.path))["streams"]
    assert {stream["codec_type"] for stream in seen} == {"video", "audio"}


async def test_a_hole_in_the_middle_is_found(film: Recipes, service: MediaService, tmp_path: Path) -> None:
    """What was fetched in pieces has its beginning and its end."""
    source = film("hole.mp4", seconds=24.0, width=64, height=64, key_every=30, writer={})
    hole = zeroed("video", lambda number, count, key: count * 0.3 < number < count * 0.7)
    path = tmp_path / "hole.mp4"
    path.write_bytes(hole(source, source.read_bytes()))
    report = await service.check(path)
    assert not report.ok
    assert isinstance(await service.prepare(path), NotPreparable)
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(source.read_bytes())
    assert (await service.check(whole)).ok


async def test_a_recording_that_begins_between_key_frames_is_repaired(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    """As everything is that was recorded from the air: the first pictures need one that is not there."""
    whole = tmp_path / "whole.ts"
    ffmpeg("-i", film("air.mp4", key_every=20), "-c", "copy", "-f", "mpegts", whole)
    data = whole.read_bytes()
    keys = [at for at, _, key in packets(whole, "video") if key]
    path = tmp_path / "air.ts"
    path.write_bytes(data[: 2 * 188] + data[keys[0] + 188 * 6 :])  # its tables, then on from behind the first key frame
    report = await service.check(path)
    made = await service.prepare(path)
    assert report.ok
    assert isinstance(made, Prepared), made.findings
    assert made.result is not None
    assert made.result.video is not None
    assert made.result.duration_s == pytest.approx(2.0, abs=0.8)


async def test_an_animation_is_played_up_to_its_broken_picture(service: MediaService, tmp_path: Path) -> None:
    pictures = [Image.effect_noise((64, 64), 90 + step).convert("RGB") for step in range(3)]
    out = io.BytesIO()
    pictures[0].save(out, "PNG", save_all=True, append_images=pictures[1:], duration=400)
    data = bytearray(out.getvalue())
    at = data.rindex(b"fdAT") + 8
    data[at : at + 40] = b"\xff" * 40
    path = tmp_path / "broken.png"
    path.write_bytes(data)
    report = await service.check(path)
    made = await service.prepare(path)
    assert report.ok == isinstance(made, Prepared)
    assert report.ok


@pytest.mark.usefixtures("independent")
async def test_a_film_of_one_pixel_is_encoded(service: MediaService, tmp_path: Path) -> None:
    path, dots = tmp_path / "dot.mp4", tmp_path / "dots"
    dots.write_bytes(bytes(range(75)))
    ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv444p", "-s", "1x1", "-r", "25", "-i", dots, "-c:v", "libx264", path)
    assert (await service.check(path)).ok
    made = await service.prepare(path)
    assert isinstance(made, Prepared), made.findings
    assert made.result is not None
    assert made.result.video is not None
    assert (made.result.video.width, made.result.video.height) == (2, 2)
