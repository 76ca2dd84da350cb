"""Still pictures with Pillow: upright, RGB in sRGB, at most 1440 wide, small enough, without metadata."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageCms, ImageOps

from treadle_threads.media.bits import Malformed
from treadle_threads.media.heif import shown_part
from treadle_threads.media.picturestrip import without_notes
from treadle_threads.media.source import OpenFile, drive
from treadle_threads.media.spec import READABLE, ImageSpec
from treadle_threads.media.worker.blame import NoCodec, PictureRefused, Unreadable, reading_a_picture
from treadle_threads.media.worker.output import Output

QUALITIES = (90, 85, 80, 75, 70, 60, 50)
"""Tried one after the other until the file is small enough."""
_READERS = {"heic": "HEIF", "heif": "HEIF", "avif": "AVIF", "jp2": "JPEG2000", "jxl": "JXL", "webp": "WEBP"}
"""Pillow's names of the readers that need a library of their own; the others are always there."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written: ``ending`` is ``jpg`` or ``png``."""

    ending: str
    width: int
    height: int


def prepare_libraries(max_pixels: int) -> bool:
    """Import every reader before the cage closes. Returns whether HEIC can be read (``pillow-heif`` is installed)."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.init()
    ImageCms.createProfile("sRGB")
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def has_reader(kind: str) -> bool:
    """Whether pictures of this format (as the head names it) can be opened here, once the libraries are prepared."""
    return _READERS.get(kind, "PNG") in Image.OPEN


def must_have_reader(kind: str) -> None:
    """Raise :class:`~treadle_threads.media.worker.blame.NoCodec` for a format that nothing installed here opens."""
    if not has_reader(kind):
        raise NoCodec(f"nothing here opens {kind.upper()} pictures")


def readable() -> frozenset[str]:
    """The picture formats that can be opened here, once the libraries are prepared."""
    return frozenset(kind for kind in READABLE | {"jxl"} if has_reader(kind))


def must_show(source: IO[bytes]) -> None:
    """Decode the picture, of a moving one the first; raises what :func:`convert` would of a damaged or huge one."""
    with _reading(), Image.open(source) as picture:
        picture.load()


def take_notes_out(source: IO[bytes], target: Output) -> bool:
    """Write a JPEG or PNG without its notes, the picture as it is. ``False``: another format, nothing is written.

    The picture is decoded once before: a damaged one is not handed on.
    """
    must_show(source)
    source.seek(0)
    try:
        data = without_notes(source.read())
    except Malformed:  # its decoder takes it all the same
        return False
    if data is not None:
        target.write(data)
    return data is not None


def convert(source: IO[bytes], target: Output, spec: ImageSpec) -> Converted:
    """Write the picture so that Threads takes it. PNG stays PNG where it is small enough; all else becomes JPEG."""
    stripped = _without_metadata(source, spec)
    if stripped is not None:
        target.write(stripped)
        with Image.open(io.BytesIO(stripped)) as opened:
            return Converted("jpg", *opened.size)
    source.seek(0)
    with _reading():
        picture: Image.Image = Image.open(source)
        kind = picture.format
        if kind == "AVIF":
            picture = _cropped(picture, source)
        smaller = _aim(picture, spec.width_max.value)
        if smaller is not None and kind == "JPEG":  # decode at a half or a quarter where that is enough
            picture.draft(None, smaller)
        picture.load()
    with picture:
        was_png = kind == "PNG"
        flat = _in_srgb(_upright(_scaled(picture, smaller)))
        flat = _narrowed(flat, spec.width_max.value)
        if was_png and (written := _png(flat, spec)) is not None:
            return _write(target, written, "png", flat)
        flat = _opaque(flat)
        for quality in QUALITIES:
            buffer = io.BytesIO()
            flat.save(buffer, "JPEG", quality=quality, optimize=True, subsampling="4:2:0")
            if buffer.tell() <= spec.size_max.value:
                return _write(target, buffer.getvalue(), "jpg", flat)
    raise PictureRefused("repair_not_compliant", "The image stays too large, however strongly it is compressed.")


def _write(target: Output, content: bytes, ending: str, image: Image.Image) -> Converted:
    target.write(content)
    return Converted(ending, *image.size)


@contextmanager
def _reading() -> Iterator[None]:
    """Around what opens or decodes a picture: its contents are to blame for what goes wrong in it."""
    try:
        with reading_a_picture():
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("image_pixels", "The image has more pixels than Treadle opens.") from error


def _height_at(size: tuple[int, int], width: int) -> int:
    return max(1, round(size[1] * width / max(1, size[0])))


def _in_srgb(picture: Image.Image) -> Image.Image:
    """RGB, RGBA or grey in sRGB; a colour profile is applied, not just dropped."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return _eight_bits(picture)
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            wanted = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(
                picture, given, wanted, outputMode="RGBA" if picture.mode == "RGBA" else "RGB"
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: the plain conversion is what viewers do as well
    return picture.convert("RGBA" if transparent else "L" if picture.mode in ("L", "1") else "RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey with more than 8 bits, by its high byte: Pillow's own conversion clips everything to white."""
    if picture.mode == "F":
        return picture.convert("L")
    wide = picture.convert("I")
    highest = wide.getextrema()[1]
    scale = 255.0 / 65535.0 if isinstance(highest, int | float) and highest > 255 else 1.0
    return wide.point(lambda value: value * scale).convert("L")


def _upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image) or image


def _cropped(picture: Image.Image, source: IO[bytes]) -> Image.Image:
    """The part that an AVIF file shows: its decoder gives the whole, as that of HEIC does not."""
    picture.load()
    part = drive(shown_part("avif", b"", source.seek(0, 2)), OpenFile(source))
    return picture if part is None else picture.crop(part)


def _aim(picture: Image.Image, width: int) -> tuple[int, int] | None:
    """The size that a picture too large for ``width`` is to have, as it lies in the file; ``None`` keeps its size."""
    if picture.mode not in ("RGB", "L", "CMYK", "RGBA"):
        return None
    turned = picture.getexif().get(274, 1) in (5, 6, 7, 8)
    across = max(1, round(picture.width * width / max(1, picture.height)))
    size = (across, width) if turned else (width, _height_at(picture.size, width))
    return None if picture.width <= size[0] or picture.height <= size[1] else size


def _scaled(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """Smaller before anything else is done to it, where its mode allows that: the rest is then cheap."""
    if size is None:
        return picture
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    smaller.info.update(picture.info)
    return smaller


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    return image.resize((width, _height_at(image.size, width)), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _opaque(image: Image.Image) -> Image.Image:
    """On white: JPEG has no transparency, and black behind dark writing would hide it."""
    if image.mode != "RGBA":
        return image if image.mode in ("RGB", "L") else image.convert("RGB")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _png(image: Image.Image, spec: ImageSpec) -> bytes | None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    return buffer.getvalue() if buffer.tell() <= spec.size_max.value else None


def _without_metadata(source: IO[bytes], spec: ImageSpec) -> bytes | None:
    """A JPEG that is only too large for what stands in front of the picture, without that. ``None``: does not apply."""
    source.seek(0, 2)
    size = source.tell()
    if size <= spec.size_max.value or size > 4 * spec.size_max.value:
        return None
    source.seek(0)
    data = source.read()
    if data[:2] != b"\xff\xd8":
        return None
    kept = bytearray(data[:2])
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xE1 and data[at + 4 : at + 8] == b"Exif":
            return None  # orientation may be in it: convert properly
        if marker in (0xC0, 0xC1, 0xC2) and data[at + 9 : at + 10] not in (b"\x01", b"\x03"):
            return None  # CMYK needs converting anyway
        if marker == 0xDA:
            kept += data[at:]
            return bytes(kept) if len(kept) <= spec.size_max.value else None
        needed = not 0xE1 <= marker <= 0xEF or marker in (0xE2, 0xEE)  # the colour profile and Adobe's colour note are
        if needed and marker != 0xFE:
            kept += data[at : at + 2 + length]
        at += 2 + length
    return None


def frames_of(source: IO[bytes]) -> Any:
    """The pictures of an animation as (RGB image, seconds shown), for :mod:`treadle_threads.media.worker.animation`."""
    with _reading():
        picture = Image.open(source)
        count = min(getattr(picture, "n_frames", 1), 5000)
    for number in range(count):
        try:
            with _reading():
                picture.seek(number)
                shown = float(picture.info.get("duration", 100) or 100) / 1000
                whole = picture.convert("RGBA")
        except Unreadable:
            if number:  # a viewer plays those before it
                return
            raise
        yield _opaque(whole), min(max(shown, 0.02), 60.0)
