"""Files as phones, cameras, half-finished uploads and odd tools leave them: what is said of them, and what is done."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import io
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.treadle.media.conftest import BFRAMES, Host, Independent, Recipes
from tests.treadle.media.test_pictures import close, corners, drawing, saved
from treadle.media import probe_bytes, probe_file, readers
from treadle.media.service import MediaService, NotPreparable, NotStored, Prepared
from treadle.settings import Settings
from treadle_threads.media import validate
from treadle_threads.media.bits import CutOff
from treadle_threads.media.boxes import box
from treadle_threads.media.codecs import hevc_config
from treadle_threads.media.finding import RepairKind
from treadle_threads.media.picturestrip import without_notes

X265 = {"preset": "ultrafast", "x265-params": "log-level=error:open-gop=0"}
MAKE, MODEL, GPS, ORIENTATION = 271, 272, 34853, 274


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def noted(orientation: int = 1) -> Image.Exif:
    """EXIF as a phone writes it: where, with what, and which way up."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[ORIENTATION] = "Nobody", "Phone 1", orientation
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (40.0, 38.0, 8.0)
    return exif


def codes(found: list[Any], severity: str) -> list[str]:
    return sorted(item.code for item in found if item.severity == severity)


# ------------------------------------------------------------------ cut off


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved(drawing(), "JPEG", exif=noted()),
    "progressive": lambda: saved(drawing(), "JPEG", progressive=True),
    "png": lambda: saved(drawing(), "PNG"),
    "webp": lambda: saved(drawing(), "WEBP"),
    "gif": lambda: saved(drawing(), "GIF"),
    "tiff": lambda: saved(drawing(), "TIFF"),
    "heic": lambda: saved(drawing(), "HEIF"),
    "avif": lambda: saved(drawing(), "AVIF"),
}


@pytest.fixture(autouse=True, scope="module")
def heif_writer() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_whole_or_cut_off(kind: str) -> None:
    data = PICTURES[kind]()
    assert codes(validate(probe_bytes(data)), "error") == []
    for part in (0.3, 0.6, 0.95):
        cut = probe_bytes(data[: int(len(data) * part)])
        assert cut.problem in ("truncated", "malformed"), part


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_jpeg_that_ends_anywhere_is_cut_off(data: st.DataObject) -> None:
    whole = saved(drawing((64, 48)), "JPEG")
    end = data.draw(st.integers(2, len(whole) - 1))
    assert probe_bytes(whole[:end]).problem == "truncated"


def test_what_stands_behind_a_picture_does_not_matter() -> None:
    for kind in ("jpeg", "png", "gif"):
        assert probe_bytes(PICTURES[kind]() + b"trailer of a phone" * 50).problem is None


async def test_an_upload_that_broke_off_is_not_called_fit(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    path.write_bytes(PICTURES["jpeg"]()[:2500])
    report = await service.check(path)
    made = await service.prepare(path)
    assert not report.ok
    assert isinstance(made, NotPreparable)
    assert made.findings[0].code == report.findings[0].code == "truncated"


# ------------------------------------------------------------------ tables that cannot be true


def replaced(path: Path, target: Path, box_type: bytes, change: Callable[[bytes], bytes]) -> Path:
    """The file with the content of its first box of a type changed, the length kept."""
    data = path.read_bytes()
    at = data.index(box_type) + 4
    length = struct.unpack_from(">I", data, at - 8)[0] - 8
    new = change(data[at : at + length])
    assert len(new) == length
    target.write_bytes(data[:at] + new + data[at + length :])
    return target


def test_contradicting_tables_are_damage(good: Path, tmp_path: Path) -> None:
    late = replaced(good, tmp_path / "a.mp4", b"stsc", lambda old: old[:8] + struct.pack(">I", 257) + old[12:])
    empty = replaced(good, tmp_path / "b.mp4", b"stsc", lambda old: bytes(len(old)))
    beyond = replaced(good, tmp_path / "c.mp4", b"stco", lambda old: old[:8] + b"\x7f" * (len(old) - 8))
    few = replaced(good, tmp_path / "d.mp4", b"stsc", lambda old: old[:12] + bytes(4) + old[16:])
    assert [probe_file(path).problem for path in (late, empty, beyond, few)] == [
        "malformed", "malformed", "truncated", "malformed",
    ]  # fmt: skip


def test_an_index_without_media_is_no_video(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    path = tmp_path / "index.mp4"
    path.write_bytes(data[: data.index(b"mdat") - 4])
    assert probe_file(path).problem is not None
    assert codes(validate(probe_file(path)), "error")


async def test_a_size_of_nothing_is_the_streams_own(good: Path, service: MediaService, tmp_path: Path) -> None:
    data = bytearray(good.read_bytes())
    at = data.rindex(b"avc1") + 28
    data[at : at + 4] = bytes(4)
    path = tmp_path / "none.mp4"
    path.write_bytes(data)
    probe = probe_file(path)
    assert probe.video is not None
    assert (probe.video.width, probe.video.height) == (256, 144)
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.report.plan.kind is RepairKind.REMUX
    assert made.result is not None
    assert made.result.video is not None
    assert not made.result.video.size_missing


def test_the_streams_own_header_goes_before_the_containers(film: Recipes, tmp_path: Path) -> None:
    data = film("hevc_sps.mp4", codec="libx265", tag="hvc1", options=X265).read_bytes()
    at = data.index(b"hvcC") + 4
    record = bytearray(data[at : at + struct.unpack_from(">I", data, at - 8)[0] - 8])
    record[16] &= 0xFC  # "4:0:0", as some phones write
    found = hevc_config(bytes(record))
    assert (found.chroma, found.bit_depth, found.width, found.height) == ("4:2:0", 8, 256, 144)


# ------------------------------------------------------------------ one picture or a film


def test_one_picture_is_no_film() -> None:
    one = saved(drawing(), "GIF", loop=0, save_all=True)
    other = Image.new("RGB", (400, 300), "black")
    two = saved(drawing(), "GIF", loop=0, save_all=True, append_images=[other])
    pages = saved(drawing(), "TIFF", save_all=True, append_images=[other])
    moves = saved(drawing(), "PNG", save_all=True, append_images=[other])
    flips = saved(drawing(), "WEBP", save_all=True, append_images=[other])
    found = [probe_bytes(data).image for data in (one, two, pages, moves, flips)]
    assert [image is not None and image.animated for image in found] == [False, True, False, True, True]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    at, chunks = 8, []
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        chunks.append((name, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    pieces = (
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def renumbered(chunk: tuple[bytes, bytes], number: int) -> tuple[bytes, bytes]:
    return chunk[0], struct.pack(">I", number) + chunk[1][4:]


@pytest.mark.parametrize(
    "harm",
    [
        lambda chunks, at: [*chunks[: at[2]], renumbered(chunks[at[2]], 9), *chunks[at[2] + 1 :]],  # a gap
        lambda chunks, at: [*chunks[: at[2]], renumbered(chunks[at[2]], 0), *chunks[at[2] + 1 :]],  # a number again
        lambda chunks, at: chunks[: at[2]] + chunks[at[2] + 1 :],  # a frame without data
        lambda chunks, at: chunks[: at[-1] - 1] + chunks[-1:],  # fewer frames than promised
    ],
    ids=["gap", "again", "no data", "fewer"],
)
async def test_a_png_whose_animation_is_broken_is_its_one_picture(
    harm: Callable[[list[tuple[bytes, bytes]], list[int]], list[tuple[bytes, bytes]]], service: MediaService,
    tmp_path: Path,
) -> None:  # fmt: skip
    others = [Image.new("RGB", (400, 300), color) for color in ("black", "white")]
    chunks = png_chunks(saved(drawing(), "PNG", save_all=True, append_images=others))
    numbered = [at for at, (name, _) in enumerate(chunks) if name in (b"fcTL", b"fdAT")]
    sound, path = tmp_path / "sound.png", tmp_path / "broken.png"
    sound.write_bytes(png_of(chunks))
    path.write_bytes(png_of(harm(chunks, numbered)))
    assert [image is not None and image.animated for image in (probe_file(sound).image, probe_file(path).image)] == [
        True,
        False,
    ]
    made = await service.prepare(path)
    assert isinstance(made, Prepared), made
    shown = made.stored.path if made.stored is not None else path
    with Image.open(shown) as image:
        assert close(corners(image), corners(drawing()))


async def test_a_gifs_frame_beyond_its_screen_counts_and_the_check_knows_what_is_too_large(
    service: MediaService, tmp_path: Path
) -> None:
    data = saved(drawing(), "GIF", save_all=True, append_images=[Image.new("RGB", (400, 300), "black")])
    at = data.rindex(b"\x2c\0\0\0\0" + struct.pack("<HH", 400, 300))  # the second frame
    wider, bomb = tmp_path / "wider.gif", tmp_path / "bomb.gif"
    wider.write_bytes(data[: at + 1] + struct.pack("<HH", 8, 4) + data[at + 5 :])
    bomb.write_bytes(data[: at + 1] + struct.pack("<HHHH", 60_000, 60_000, 400, 300) + data[at + 9 :])
    found = probe_file(wider).image
    assert found is not None
    assert (found.width, found.height) == (408, 304)
    made = await service.prepare(bomb)
    assert isinstance(made, NotPreparable)
    assert codes(made.findings, "error") == codes(validate(probe_file(bomb)), "error") == ["image_pixels"]


async def test_a_fax_of_several_pages_is_its_first_page(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(saved(drawing(), "TIFF", save_all=True, append_images=[Image.new("RGB", (400, 300))]))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as image:
        assert close(corners(image), corners(drawing()))


async def test_motion_jpeg_is_a_film(film: Recipes, service: MediaService) -> None:
    options = {"format": "mov", "codec": "mjpeg", "pixel_format": "yuvj420p", "options": {}, "writer": {}}
    made = await service.prepare(film("mjpeg.mov", audio_codec="pcm_s16le", **options))
    assert isinstance(made, Prepared)
    assert made.report.kind == "video"
    assert "video_codec" in codes(made.report.findings, "repair")


# ------------------------------------------------------------------ what is promised is done


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "MXF"),
        (b"\x1f\x07\x00\x3f" + bytes(80), "DV"),
        (b"\0\0\1\xb3\x14\0\xf0\x15", "MPEG-1 or MPEG-2"),
        (b".RMF\0\0\0\x12", "RealMedia"),
        (b"OggS\0\2" + bytes(60), "Ogg"),
        (b"\0\0\0\1\x67\x64\0\x1f", "H.264"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "CR3"),
        (b"P6\n640 480\n255\n", "Netpbm"),
        (b"DDS \x7c\0\0\0", "DDS"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (bytes(2) + b"\2" + bytes(9) + b"\x40\1\xf0\0\x18\x20" + bytes(40), "Targa"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, name: str) -> None:
    probe = probe_bytes(head + bytes(600))
    assert probe.problem == "not_media"
    assert name in probe.detail


@pytest.mark.parametrize("head", [b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"])
async def test_a_format_without_a_reader_is_refused_at_once(head: bytes, service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(head + bytes(300))
    await _refused_everywhere(service, path, "image_unreadable")


async def test_heic_without_its_library_is_refused_at_once(
    service: MediaService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.heic"
    path.write_bytes(PICTURES["heic"]())
    assert (await service.check(path)).ok
    without = readers.here() - {"heic", "heif"}
    monkeypatch.setattr(readers, "here", lambda: without)
    await _refused_everywhere(service, path, "no_heif")


async def _refused_everywhere(service: MediaService, path: Path, code: str) -> None:
    async def upload() -> Any:
        yield path.read_bytes()

    made = await service.prepare(path)
    stored = await service.store(upload(), path.name)
    assert isinstance(made, NotPreparable)
    assert isinstance(stored, NotStored)
    assert (await service.check(path)).findings[0].code == made.findings[0].code == code
    assert stored.findings[0].severity == "error"


def test_what_is_said_to_be_readable_here_is_what_the_worker_opens() -> None:
    from treadle_threads.media.spec import THREADS
    from treadle_threads.media.worker import images

    images.prepare_libraries(THREADS.image.pixels_max)
    assert readers.here() == images.readable()


async def test_a_folder_and_a_device_are_called_that(service: MediaService, tmp_path: Path) -> None:
    for source in (tmp_path, Path("/dev/null")):
        assert "a folder or a device" in (await service.check(source)).findings[0].message
    assert "There is no file" in (await service.check(tmp_path / "none.jpg")).findings[0].message


# ------------------------------------------------------------------ where and with what


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
async def test_where_a_picture_was_taken_is_found_and_removed(kind: str, service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind.lower()}"
    path.write_bytes(saved(drawing(), kind, exif=noted().tobytes() if kind in ("HEIF", "AVIF") else noted()))
    image = probe_file(path).image
    assert image is not None
    assert image.location
    assert image.device
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    kept = Path(made.stored.path).read_bytes()
    assert b"Nobody" not in kept
    with Image.open(io.BytesIO(kept)) as opened:
        assert not opened.getexif().get_ifd(GPS)
        if kind in ("JPEG", "PNG"):  # not encoded again
            assert opened.tobytes() == Image.open(path).tobytes()


@pytest.mark.parametrize("orientation", [3, 6])
async def test_a_jpeg_keeps_its_way_up_without_its_notes(
    orientation: int, service: MediaService, tmp_path: Path
) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(saved(drawing(), "JPEG", exif=noted(orientation)) + b"\xff\xd8" + noted().tobytes())
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as opened:
        assert dict(opened.getexif()) == {ORIENTATION: orientation}
    assert b"Nobody" not in Path(made.stored.path).read_bytes()


def test_a_cut_off_picture_is_not_stripped() -> None:
    with pytest.raises(CutOff):
        without_notes(PICTURES["jpeg"]()[:-40])


@pytest.mark.parametrize("behind", [False, True])
async def test_a_png_that_lies_is_turned(behind: bool, service: MediaService, tmp_path: Path) -> None:
    data = saved(drawing(), "PNG", exif=noted(6))
    at = data.index(b"eXIf") - 4
    note = data[at : at + 12 + struct.unpack_from(">I", data, at)[0]]
    if behind:
        data = data.replace(note, b"")
        data = data[:-12] + note + data[-12:]
    path = tmp_path / "x.png"
    path.write_bytes(data)
    image = probe_file(path).image
    assert image is not None
    assert image.orientation == 6
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as opened:
        assert opened.size == (300, 400)


def with_place(path: Path, target: Path) -> Path:
    """The video with notes as phones write them, made by ffmpeg."""
    notes = ("location=+40.6357-073.9450/", "make=Nobody", "model=Phone 1")
    ffmpeg("-i", path, "-c", "copy", *[part for note in notes for part in ("-metadata", note)],
           "-use_editlist", "0", "-movflags", "+faststart", target)  # fmt: skip
    return target


@pytest.mark.usefixtures("independent")
async def test_where_a_film_was_taken_is_found_and_removed(
    good: Path, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    path = with_place(good, tmp_path / "place.mp4")
    probe = probe_file(path)
    assert probe.location
    assert codes(validate(probe), "remark") == ["video_location"]
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.report.plan.kind is RepairKind.PATCH
    assert made.stored is not None
    assert b"40.6357" not in Path(made.stored.path).read_bytes()
    assert independent.decode_errors(Path(made.stored.path)) == ""


@pytest.mark.usefixtures("independent")
async def test_an_option_keeps_where_it_was_taken(good: Path, fresh_folder: Path, tmp_path: Path) -> None:
    path = with_place(good, tmp_path / "place.mp4")
    service = MediaService(Settings(media_keep_metadata=True, public_url="http://127.0.0.1:1"), workers=1)
    made = await service.prepare(path)
    await service.close()
    assert isinstance(made, Prepared)
    assert codes(made.report.findings, "remark") == codes(validate(probe_file(path)), "remark")
    assert "video_location" in codes(made.report.findings, "remark")


@pytest.mark.usefixtures("independent")
async def test_a_file_passed_on_by_its_address_is_remarked(
    good: Path, host: Host, service: MediaService, tmp_path: Path
) -> None:
    host.files["/v.mp4"] = with_place(good, tmp_path / "place.mp4").read_bytes()
    made = await service.prepare(f"{host.url}/v.mp4")
    assert isinstance(made, Prepared)
    assert not made.repaired
    assert "video_location" in codes(made.report.findings, "remark")
    copied = await service.prepare(f"{host.url}/v.mp4", copy=True)
    assert isinstance(copied, Prepared)
    assert copied.stored is not None
    assert b"40.6357" not in Path(copied.stored.path).read_bytes()


# ------------------------------------------------------------------ the right pictures at the right time


@pytest.mark.usefixtures("independent")
async def test_pictures_out_of_an_avi_stay_in_order(
    film: Recipes, service: MediaService, tmp_path: Path, independent: Independent
) -> None:
    path = tmp_path / "b.avi"
    ffmpeg("-i", film("b.mp4", options=BFRAMES), "-c:v", "copy", "-c:a", "libmp3lame", path)
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    shown = _brightness(Path(made.stored.path))
    want = _brightness(film("b.mp4", options=BFRAMES))
    assert abs(len(shown) - len(want)) <= 2
    assert sum(abs(a - b) < 3 for a, b in zip(shown, want, strict=False)) >= len(want) - 4
    assert independent.decode_errors(Path(made.stored.path)) == ""


def _brightness(path: Path) -> list[float]:
    """Where the moving square is in each picture, in the order they are shown."""
    with av.open(str(path)) as container:
        planes = [frame.reformat(format="gray").planes[0] for frame in container.decode(video=0)]
    row = (planes[0].height * 3 // 4 + 5) * planes[0].line_size
    return [
        float(next((at for at, value in enumerate(bytes(plane)[row : row + plane.width]) if value > 235), -1))
        for plane in planes
    ]


@pytest.mark.usefixtures("independent")
async def test_sound_that_begins_late_still_does(film: Recipes, service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "late.flv"
    source = film("late.mp4", audio_rate=44_100)
    ffmpeg("-i", source, "-itsoffset", "0.06", "-i", source, "-map", "0:v", "-map", "1:a", "-c", "copy", path)
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert "audio_offset" in codes(made.report.findings, "repair")
    assert made.stored is not None
    assert _silence(Path(made.stored.path)) == pytest.approx(_silence(source) + 0.06, abs=0.012)


def _silence(path: Path) -> float:
    """Seconds from the first picture to the first sound that is heard."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0))
        container.seek(0)
        for frame in container.decode(audio=0):
            samples = memoryview(bytes(frame.planes[0])).cast("f")[: frame.samples]
            heard = next((at for at, value in enumerate(samples) if abs(value) > 0.05), None)
            if heard is not None:
                return (frame.time or 0.0) + heard / frame.sample_rate - (first.time or 0.0)
    raise AssertionError("there is no sound")


@pytest.mark.usefixtures("independent")
async def test_frames_at_odd_times_do_not_meet_on_the_encoders_clock(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    path = tmp_path / "odd.mkv"
    shifted = "setpts='(N+if(eq(mod(N,4),1),-0.7,0))/30/TB'"
    ffmpeg("-i", film("mpeg4.mp4", codec="mpeg4", options={}), "-vf", shifted, "-fps_mode", "passthrough",
           "-enc_time_base", "1/1000", "-c:v", "mpeg4", "-c:a", "copy", path)  # fmt: skip
    assert isinstance(await service.prepare(path), Prepared)


MATRICES = {  # a, b, c, d of a track's matrix
    "mirror": (-1, 0, 0, 1), "flip": (1, 0, 0, -1), "turn and mirror": (0, 1, 1, 0), "back and mirror": (0, -1, -1, 0),
}  # fmt: skip


@pytest.mark.usefixtures("independent")
@pytest.mark.parametrize("name", MATRICES)
async def test_a_mirrored_film_looks_as_before(name: str, film: Recipes, service: MediaService, tmp_path: Path) -> None:
    a, b, c, d = MATRICES[name]
    source = film("mpeg4.mp4", codec="mpeg4", options={})
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path = replaced(source, tmp_path / "m.mp4", b"tkhd", lambda old: old[:40] + matrix + old[76:])
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    before, after = tmp_path / "before.png", tmp_path / "after.png"
    ffmpeg("-i", source, "-frames:v", "1", before)
    ffmpeg("-i", made.stored.path, "-frames:v", "1", after)
    with Image.open(before) as plain, Image.open(after) as shown:
        across, down = plain.size
        place = {  # where the corner (0, 0) is shown
            "mirror": (across - 9, 8), "flip": (8, down - 9), "turn and mirror": (8, 8),
            "back and mirror": (down - 9, across - 9),
        }[name]  # fmt: skip
        assert shown.size == ((down, across) if a == 0 else (across, down))
        want = plain.convert("RGB").crop((8, 8, 9, 9))
        got = shown.convert("RGB").crop((*place, place[0] + 1, place[1] + 1))
        assert all(abs(x - y) < 12 for x, y in zip(want.tobytes(), got.tobytes(), strict=True))


@pytest.mark.usefixtures("independent")
async def test_a_fragment_out_of_a_long_stream_is_as_long_as_it_is(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    path = tmp_path / "fragment.mp4"
    ffmpeg("-i", film("frag.mp4"), "-c", "copy", "-output_ts_offset", "19000",
           "-movflags", "frag_keyframe+empty_moov+default_base_moof", path)  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.index(b"mvhd") + 4 + 16
    data[at : at + 4] = struct.pack(">I", 19_002_000)
    path.write_bytes(data)
    report = await service.check(path)
    assert report.ok
    assert report.probe is not None
    assert report.probe.duration_s == pytest.approx(2.0, abs=0.2)
    assert isinstance(await service.prepare(path), Prepared)


@pytest.mark.usefixtures("independent")
async def test_subtitles_that_a_repair_leaves_out_are_said(
    film: Recipes, service: MediaService, tmp_path: Path
) -> None:
    words = tmp_path / "x.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    for ending, coded in ((".mkv", "srt"), (".mp4", "mov_text")):
        path = tmp_path / f"x{ending}"
        ffmpeg("-i", film("words.mp4"), "-i", words, "-c", "copy", "-c:s", coded, path)
        report = await service.check(path)
        assert "subtitles" in codes(report.findings, "remark")
        assert isinstance(await service.prepare(path), Prepared)


def test_the_primary_picture_decides_a_heifs_size() -> None:
    thumbnail = Image.new("RGB", (800, 600), "red")
    import pillow_heif

    made = pillow_heif.from_pillow(drawing())
    made.add_from_pillow(thumbnail)
    out = io.BytesIO()
    made.save(out, primary_index=0)
    image = probe_bytes(out.getvalue()).image
    assert image is not None
    assert (image.width, image.height) == (400, 300)
    assert image.animated is False


def test_a_word_with_a_fields_name_in_it_is_no_position(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    at = data.index(b"moov") - 4
    size = struct.unpack_from(">I", data, at)[0]
    note = box("udta", box("name", b"velocity and models"))
    path = tmp_path / "x.mp4"
    path.write_bytes(
        data[:at] + struct.pack(">I", size + len(note)) + data[at + 4 : at + size] + note + data[at + size :]
    )
    assert not probe_file(path).location
