"""Taking the notes out of a JPEG or PNG without touching its picture: where and with what it was taken, text, previews.

What decides how the picture looks stays: the colour profile, Adobe's note on colours, the orientation, gamma.
"""

from __future__ import annotations

import struct

from treadle_threads.media.bits import CutOff, Malformed
from treadle_threads.media.imagehead import jpeg_end
from treadle_threads.media.picturenotes import exif_notes
from treadle_threads.media.source import BytesSource, drive

_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
     b"pHYs", b"hIST", b"sPLT", b"mDCV", b"cLLI"}
)  # fmt: skip


def without_notes(data: bytes) -> bytes | None:
    """The picture without its notes, ``None`` for a format other than JPEG and PNG.

    Raises :class:`Malformed` for a file that is damaged.
    """
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg(data)
        return _png(data) if data[:8] == b"\x89PNG\r\n\x1a\n" else None
    except (struct.error, IndexError) as error:
        raise Malformed("the picture is cut off") from error


def _jpeg(data: bytes) -> bytes:
    kept = bytearray()
    at, orientation = 2, 1
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0x01, 0xD8) or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        content = data[at + 4 : at + 2 + length]
        if marker == 0xE1 and content[:6] == b"Exif\0\0":
            orientation = exif_notes(content[6:]).orientation
        profile = marker == 0xE2 and content.startswith(b"ICC_PROFILE\0")
        if profile or marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept += data[at : at + 2 + length]
        at += 2 + length
    end = drive(jpeg_end(at), BytesSource(data))
    if end is None:
        raise CutOff("the file ends before the JPEG's picture does")
    # behind the end lie other pictures and films of phones, with notes of their own
    return data[:2] + _upright(orientation) + bytes(kept) + data[at:end]


def _upright(orientation: int) -> bytes:
    """A note of nothing but the orientation; none for a picture that is upright."""
    if orientation == 1:
        return b""
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif


def _png(data: bytes) -> bytes:
    kept = bytearray(data[:8])
    at = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise CutOff("the file ends before the PNG does")
        if name in _PNG_KEPT:
            kept += data[at : at + 12 + length]
        if name == b"IEND":
            return bytes(kept)
        at += 12 + length
