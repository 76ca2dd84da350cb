"""Still pictures: converted where they must be, looking as they did."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw

from treadle.media import probe_bytes, probe_file
from treadle.media.service import MediaService, NotPreparable, Prepared
from treadle_threads.media import validate
from treadle_threads.media.probe import read_media, with_cost
from treadle_threads.media.source import BytesSource, drive


def drawing(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Red top left, green top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    x, y = size[0] // 2, size[1] // 2
    pen.rectangle((0, 0, x, y), fill=(220, 30, 30))
    pen.rectangle((x, 0, size[0], y), fill=(30, 200, 30))
    pen.rectangle((0, y, x, size[1]), fill=(30, 30, 220))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    plain = image.convert("RGB")
    w, h = plain.size
    pixels = plain.tobytes()
    places = [y * w + x for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
    return [tuple(pixels[3 * at : 3 * at + 3]) for at in places]


def close(a: list[tuple[int, ...]], b: list[tuple[int, ...]], by: int = 25) -> bool:
    return all(abs(x - y) <= by for one, two in zip(a, b, strict=True) for x, y in zip(one, two, strict=True))


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


FORMS: list[tuple[str, str, dict[str, Any], str]] = [
    ("x.webp", "WEBP", {"quality": 90}, "webp"),
    ("x.avif", "AVIF", {"quality": 90}, "avif"),
    ("x.tif", "TIFF", {"compression": "tiff_lzw"}, "tiff"),
    ("x.bmp", "BMP", {}, "bmp"),
    ("x.gif", "GIF", {}, "gif"),
]


@pytest.mark.parametrize(("name", "form", "options", "kind"), FORMS, ids=[entry[0] for entry in FORMS])
async def test_other_formats_are_converted(
    name: str, form: str, options: dict[str, Any], kind: str, service: MediaService, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(saved(drawing(), form, **options))
    probe = probe_file(path)
    assert (probe.container, probe.image and probe.image.shown_size) == (kind, (400, 300))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.stored.content_type in ("image/jpeg", "image/png")
    with Image.open(made.stored.path) as result:
        assert result.size == (400, 300)
        assert close(corners(result), corners(drawing()))


def cropped_avif(image: Image.Image, box: tuple[int, int, int, int]) -> bytes:
    """An AVIF that says to show a part only (``clap``), as phones write it for a crop that can be undone."""
    data = bytearray(saved(image, "AVIF", quality=90, subsampling="4:4:4"))
    left, top, right, bottom = box
    offsets = (left + right - image.width, top + bottom - image.height)  # of the centre, in halves
    sizes = struct.pack(">IIIIiIiI", right - left, 1, bottom - top, 1, offsets[0], 2, offsets[1], 2)
    added = struct.pack(">I4s", 8 + len(sizes), b"clap") + sizes

    def grow(name: bytes, by: int) -> int:
        at = data.index(name) - 4
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + by)
        return at

    ipma = grow(b"ipma", 1)
    numbers = ipma + 8 + 4 + 4 + 2  # how many properties the picture has; before it: header, version, items, item
    assert data[numbers] == 4, "the layout that Pillow writes"
    data[numbers] = 5
    data[numbers + 5 : numbers + 5] = bytes([0x80 | 5])
    data[ipma:ipma] = added
    grow(b"ipco", len(added))
    for name in (b"iprp", b"meta"):
        grow(name, len(added) + 1)
    place = data.index(b"iloc") + 4 + 4 + 2 + 2 + 2 + 2 + 2  # then the offset of the picture's bytes
    struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(added) + 1)
    return bytes(data)


async def test_of_an_avif_with_a_crop_only_that_is_shown(service: MediaService, tmp_path: Path) -> None:
    box = (100, 60, 260, 200)
    data = cropped_avif(drawing(), box)
    image = probe_bytes(data).image
    assert image is not None
    assert (image.width, image.height) == (160, 140)
    (tmp_path / "x.avif").write_bytes(data)
    made = await service.prepare(tmp_path / "x.avif")
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as shown:
        assert shown.size == (160, 140)
        assert close(corners(shown.convert("RGB")), corners(drawing().crop(box)), 40)


def test_a_crop_that_is_no_part_of_the_picture_is_passed_over() -> None:
    image = probe_bytes(cropped_avif(drawing(), (300, 60, 500, 200))).image
    assert image is not None
    assert (image.width, image.height) == (400, 300)


async def test_heic(service: MediaService, tmp_path: Path) -> None:
    import pillow_heif

    path = tmp_path / "x.heic"
    pillow_heif.from_pillow(drawing()).save(path, quality=90)
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result:
        assert close(corners(result), corners(drawing()))


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_orientation_is_applied(orientation: int, service: MediaService, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "x.webp"
    path.write_bytes(saved(drawing((2000, 1500)), "WEBP", exif=exif, quality=90))
    jpeg = probe_bytes(saved(drawing(), "JPEG", exif=exif))
    assert jpeg.image is not None
    assert jpeg.image.orientation == orientation
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    from PIL import ImageOps

    with Image.open(path) as source, Image.open(made.stored.path) as result:
        upright = ImageOps.exif_transpose(source)
        assert upright is not None
        assert (result.width > result.height) == (upright.width > upright.height)
        assert result.width <= 1440
        assert close(corners(result), corners(upright))
        assert "exif" not in result.info


async def test_print_colours(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(saved(drawing().convert("CMYK"), "JPEG", quality=92))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result:
        assert result.mode == "RGB"
        assert close(corners(result), corners(drawing()), 30)


async def test_a_wide_colour_profile_is_applied(service: MediaService, tmp_path: Path) -> None:
    """A linear-light profile: ignoring it would make the middle grey much too dark."""
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    assert lab is not None
    profile = ImageCms.ImageCmsProfile(srgb).tobytes()
    path = tmp_path / "x.webp"
    path.write_bytes(saved(drawing(), "WEBP", icc_profile=profile, lossless=True))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result:
        assert close(corners(result), corners(drawing()))


async def test_sixteen_bit_grey_keeps_its_tones(service: MediaService, tmp_path: Path) -> None:
    deep = Image.new("I;16", (256, 64))
    deep.putdata([257 * (number % 256) for number in range(256 * 64)])
    path = tmp_path / "x.png"
    deep.save(path)
    assert {item.code for item in validate(probe_file(path))} >= {"image_depth"}
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result:
        tones = result.convert("L").tobytes()[32 * 256 :]
        assert abs(tones[128] - 128) <= 3
        assert tones[10] < 20


async def test_transparency_lies_on_white_or_stays(service: MediaService, tmp_path: Path) -> None:
    clear = drawing().convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    path = tmp_path / "x.webp"
    path.write_bytes(saved(clear, "WEBP", lossless=True))
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result:
        assert result.convert("RGB").getpixel((20, 20)) == (255, 255, 255)


async def test_too_many_bytes(service: MediaService, tmp_path: Path) -> None:
    noise = Image.effect_noise((3200, 2400), 120).convert("RGB")
    path = tmp_path / "x.jpg"
    path.write_bytes(saved(noise, "JPEG", quality=100, subsampling=0))
    assert path.stat().st_size > 8_000_000
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.stored.size <= 8_000_000


async def test_only_its_metadata_is_too_large(service: MediaService, tmp_path: Path) -> None:
    plain = saved(drawing(), "JPEG", quality=90)
    note = b"\xff\xed" + (65_000).to_bytes(2, "big") + bytes(64_998)
    path = tmp_path / "x.jpg"
    path.write_bytes(plain[:2] + note * 130 + plain[2:])
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.stored is not None
    with Image.open(made.stored.path) as result, Image.open(io.BytesIO(plain)) as before:
        assert result.tobytes() == before.tobytes()


@pytest.mark.parametrize(("name", "form"), [("x.gif", "GIF"), ("x.webp", "WEBP"), ("x.png", "PNG")])
async def test_a_moving_picture_becomes_a_video(name: str, form: str, service: MediaService, tmp_path: Path) -> None:
    frames = [drawing((201, 151)).rotate(30 * turn) for turn in range(6)]
    path = tmp_path / name
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=200, loop=0)
    made = await service.prepare(path)
    assert isinstance(made, Prepared)
    assert made.result is not None
    assert (made.report.kind, made.result.kind) == ("video", "video")
    assert made.result.duration_s == pytest.approx(1.2, abs=0.1)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a hundred kilobytes that claims ``width`` times ``height`` pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(width // 8 + 1) * 2000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_bomb_is_refused_before_it_is_opened(service: MediaService, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(30_000, 30_000))
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable)
    assert made.findings[0].code == "image_pixels"


async def test_damaged_pictures_end_in_a_finding(service: MediaService, tmp_path: Path) -> None:
    whole = saved(drawing(), "WEBP", quality=90)
    path = tmp_path / "x.webp"
    path.write_bytes(whole[: len(whole) // 3])
    made = await service.prepare(path)
    assert isinstance(made, NotPreparable)
    assert made.findings[0].severity == "error"


def test_a_late_frame_header_is_jumped_to() -> None:
    plain = saved(drawing(), "JPEG")
    note = b"\xff\xe1" + (60_000).to_bytes(2, "big") + bytes(59_998)
    data = plain[:2] + note * 4 + plain[2:]
    source = BytesSource(data)
    probe = with_cost(drive(read_media(len(data)), source), source.bytes_read, source.reads)
    assert probe.image is not None
    assert (probe.image.width, probe.image.height) == (400, 300)
    assert probe.bytes_read < 90_000


@pytest.mark.parametrize("junk", [b"\x00" * 12, b"junk", b"\xff\x00\x01", bytes(range(200))])
async def test_junk_between_the_segments_of_a_jpeg_is_passed_over_as_decoders_do(
    junk: bytes, service: MediaService, tmp_path: Path
) -> None:
    path = tmp_path / "junk.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, exif=_with_position())
    data = path.read_bytes()
    tables = data.index(b"\xff\xdb")
    path.write_bytes(data[:tables] + junk + data[tables:])
    with Image.open(path) as picture:
        picture.load()  # its decoder takes it
    report = await service.check(path)
    assert report.ok, report.findings
    assert report.probe is not None
    assert report.probe.image is not None
    assert (report.probe.image.width, report.probe.image.height) == (640, 480)
    made = await service.prepare(path)
    assert isinstance(made, Prepared), made.findings
    assert made.result is not None
    assert made.result.image is not None
    assert not made.result.image.location
    path.write_bytes(path.read_bytes()[:-3000])
    assert (await service.check(path)).findings[0].code == "truncated"


def _with_position() -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (40.0, 38.0, 8.0)
    return exif
