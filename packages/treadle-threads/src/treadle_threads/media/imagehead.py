"""Reading a still picture's facts from its first bytes; nothing is decoded.

One look at the head is enough for nearly every picture. A JPEG with long metadata in front of its frame header is
jumped through, a TIFF's directory is read where it lies.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from treadle_threads.media.bits import Malformed
from treadle_threads.media.facts import ImageFacts
from treadle_threads.media.source import Reading, Want

STEP = 4096
MAX_SEGMENTS = 512
MAX_TIFF_ENTRIES = 512

_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_HEIF_BRANDS = {b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic", b"hevx": "heic",
                b"mif1": "heif", b"msf1": "heif", b"avif": "avif", b"avis": "avif"}  # fmt: skip


def sniff_image(head: bytes) -> str | None:
    """The picture format these bytes start like (``jpeg``, ``png``, ``gif``, ``webp`` ...), ``None``: no picture."""
    if head[:2] == b"\xff\xd8":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if head[:2] == b"BM" and len(head) >= 26 and head[6:10] == b"\0\0\0\0":
        return "bmp"
    if head[4:8] == b"ftyp":
        return _HEIF_BRANDS.get(head[8:12])
    if head[:4] == b"\0\0\1\0" and len(head) > 5 and 0 < head[4] < 64:
        return "ico"
    if head[:2] == b"\xff\x0a" or head[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        return "jxl"
    if head[:12] == b"\0\0\0\x0cjP  \r\n\x87\n":
        return "jp2"
    if head[:4] == b"8BPS":
        return "psd"
    return None


def read_image(kind: str, head: bytes) -> Reading[ImageFacts]:
    """Facts of a picture of the format ``kind`` (as :func:`sniff_image` names it). Raises :class:`Malformed`."""
    try:
        if kind == "jpeg":
            return (yield from _jpeg(head))
        if kind == "tiff":
            return (yield from _tiff(head))
        reader = _SIMPLE.get(kind)
        return reader(head, kind) if reader is not None else ImageFacts(kind, 0, 0)
    except (struct.error, IndexError) as error:
        raise Malformed(f"the header of this {kind.upper()} picture is cut off") from error


def _jpeg(head: bytes) -> Reading[ImageFacts]:
    window_at, window = 0, head
    at = 2
    orientation, location, profile = 1, False, ""
    for _ in range(MAX_SEGMENTS):
        if at + 20 > window_at + len(window):
            window_at, window = at, (yield Want(at, STEP))
            if len(window) < 11:
                raise Malformed("the JPEG header is cut off")
        here = at - window_at
        if window[here] != 0xFF:
            raise Malformed("the JPEG header is damaged")
        marker = window[here + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xD8, 0x01) or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        if marker in (0xDA, 0xD9):
            break
        length = struct.unpack_from(">H", window, here + 2)[0]
        if marker in _FRAME_HEADERS:
            depth, height, width, components = struct.unpack_from(">BHHB", window, here + 4)
            colour = {1: "grey", 3: "rgb", 4: "cmyk"}.get(components)
            return ImageFacts("jpeg", width, height, depth, colour, False, orientation, profile, False, location)
        content = window[here + 4 : here + 2 + length]
        if marker == 0xE1 and content[:6] == b"Exif\0\0":
            orientation, location = _exif(content[6:])
        elif marker == 0xE2 and content[:11] == b"ICC_PROFILE":
            profile = profile or _profile_name(content[14:])
        at += 2 + length
    raise Malformed("the JPEG has no frame header")


def _exif(data: bytes) -> tuple[int, bool]:
    """Orientation and whether a position is recorded; (1, False) when it cannot be read."""
    end = "<" if data[:2] == b"II" else ">"
    orientation, location = 1, False
    try:
        at = struct.unpack_from(end + "I", data, 4)[0]
        for entry in range(min(struct.unpack_from(end + "H", data, at)[0], MAX_TIFF_ENTRIES)):
            place = at + 2 + 12 * entry
            tag = struct.unpack_from(end + "H", data, place)[0]
            if tag == 274:
                orientation = struct.unpack_from(end + "H", data, place + 8)[0]
            elif tag == 34853:
                location = True
    except struct.error:
        pass
    return (orientation if 1 <= orientation <= 8 else 1), location


def _profile_name(icc: bytes) -> str:
    """The description of an ICC profile, ``"embedded"`` when it is not in these bytes."""
    try:
        for entry in range(min(struct.unpack_from(">I", icc, 128)[0], 100)):
            name, at, length = struct.unpack_from(">4sII", icc, 132 + 12 * entry)
            if name != b"desc":
                continue
            tag = icc[at : at + min(length, 512)]
            if tag[:4] == b"desc":
                size = struct.unpack_from(">I", tag, 8)[0]
                return tag[12 : 12 + size].split(b"\0")[0].decode("ascii", "replace") or "embedded"
            if tag[:4] == b"mluc":
                size, place = struct.unpack_from(">II", tag, 20)
                return tag[place : place + size].decode("utf-16-be", "replace").strip("\0") or "embedded"
    except struct.error:
        pass
    return "embedded"


def _png(head: bytes, kind: str) -> ImageFacts:
    width, height, depth, colour_type = struct.unpack_from(">IIBB", head, 16)
    colour = {0: "grey", 2: "rgb", 3: "palette", 4: "grey", 6: "rgb"}.get(colour_type)
    alpha, profile, animated, orientation, location = colour_type in (4, 6), "", False, 1, False
    at = 8
    while at + 12 <= len(head):
        length, name = struct.unpack_from(">I4s", head, at)
        content = head[at + 8 : at + 8 + length]
        if name == b"iCCP":
            profile = content[:79].split(b"\0")[0].decode("latin-1") or "embedded"
        elif name == b"acTL":
            animated = True
        elif name == b"tRNS":
            alpha = True
        elif name == b"eXIf":
            orientation, location = _exif(content)
        elif name in (b"IDAT", b"IEND"):
            break
        at += 12 + length
    return ImageFacts("png", width, height, depth, colour, alpha, orientation, profile, animated, location)


def _webp(head: bytes, kind: str) -> ImageFacts:
    chunk = head[12:16]
    if chunk == b"VP8X":
        flags = head[20]
        width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        profile = "embedded" if flags & 32 else ""
        return ImageFacts("webp", width, height, 8, "rgb", bool(flags & 16), 1, profile, bool(flags & 2))
    if chunk == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", head, 26))
        return ImageFacts("webp", width, height, 8, "rgb", False, animated=False)
    if chunk == b"VP8L":
        value = struct.unpack_from("<I", head, 21)[0]
        width, height = (value & 0x3FFF) + 1, (value >> 14 & 0x3FFF) + 1
        return ImageFacts("webp", width, height, 8, "rgb", bool(value >> 28 & 1), animated=False)
    raise Malformed("the WebP header is damaged")


def _gif(head: bytes, kind: str) -> ImageFacts:
    width, height, flags = struct.unpack_from("<HHB", head, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    animated: bool | None = None
    while at < len(head):
        mark = head[at]
        if mark == 0x3B:
            animated = frames > 1
            break
        if mark == 0x21:
            if head[at + 1 : at + 3] == b"\xff\x0b" and head[at + 3 : at + 14] == b"NETSCAPE2.0":
                animated = True
                break
            at += 2
        elif mark == 0x2C:
            frames += 1
            if frames > 1:
                animated = True
                break
            local = head[at + 9] if at + 9 < len(head) else 0
            at += 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1
        else:
            raise Malformed("the GIF is damaged")
        while at < len(head) and head[at]:
            at += 1 + head[at]
        at += 1
    return ImageFacts("gif", width, height, 8, "palette", None, animated=animated)


def _bmp(head: bytes, kind: str) -> ImageFacts:
    if struct.unpack_from("<I", head, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", head, 18)
    else:
        width, height = (abs(value) for value in struct.unpack_from("<ii", head, 18))
    return ImageFacts("bmp", width, height, 8, "rgb", False, animated=False)


def _heif(head: bytes, kind: str) -> ImageFacts:
    """The largest of the sizes listed: the parts of a tiled picture are smaller than the whole."""
    width = height = 0
    at = head.find(b"ispe")
    while 0 < at <= len(head) - 16:
        width, height = max((width, height), struct.unpack_from(">II", head, at + 8))
        at = head.find(b"ispe", at + 4)
    if not width:
        raise Malformed(f"the {kind.upper()} header has no size")
    turned = head.find(b"irot")
    orientation = {1: 8, 2: 3, 3: 6}.get(head[turned + 4] & 3, 1) if 0 < turned < len(head) - 4 else 1
    depth_at = head.find(b"pixi")
    depth = head[depth_at + 9] if 0 < depth_at < len(head) - 9 and head[depth_at + 8] else None
    sequence = head[8:12] in (b"msf1", b"avis", b"hevc", b"hevx")
    alpha = b"auxid:1" in head or b"auxiliary:alpha" in head
    profile = "embedded" if b"colrprof" in head or b"colrrICC" in head else ""
    return ImageFacts(kind, width, height, depth, "rgb", alpha, orientation, profile, sequence)


def _tiff(head: bytes) -> Reading[ImageFacts]:
    end = "<" if head[:1] == b"I" else ">"
    at = struct.unpack_from(end + "I", head, 4)[0]

    def piece(offset: int, length: int) -> Reading[bytes]:
        if offset + length <= len(head):
            return head[offset : offset + length]
        return (yield Want(offset, length))

    count = min(struct.unpack(end + "H", (yield from piece(at, 2)))[0], MAX_TIFF_ENTRIES)
    entries = yield from piece(at + 2, 12 * count + 4)
    width = height = photometric = 0
    depth: int | None = None
    orientation, profile, location = 1, "", False
    for entry in range(count):
        tag, kind, values = struct.unpack_from(end + "HHI", entries, 12 * entry)
        value = struct.unpack_from(end + ("H" if kind == 3 else "I"), entries, 12 * entry + 8)[0]
        match tag:
            case 256:
                width = value
            case 257:
                height = value
            case 258 if values <= 2:
                depth = value
            case 262:
                photometric = value
            case 274:
                orientation = value if 1 <= value <= 8 else 1
            case 34675:
                profile = "embedded"
            case 34853:
                location = True
            case _:
                pass
    if not width or not height:
        raise Malformed("the TIFF has no size")
    following = struct.unpack_from(end + "I", entries, 12 * count)[0] if len(entries) >= 12 * count + 4 else 0
    colour = {0: "grey", 1: "grey", 3: "palette", 5: "cmyk"}.get(photometric, "rgb")
    return ImageFacts("tiff", width, height, depth, colour, None, orientation, profile, bool(following), location)


def _sized_only(head: bytes, kind: str) -> ImageFacts:
    if kind == "jp2":
        at = head.find(b"ihdr")
        height, width = struct.unpack_from(">II", head, at + 4) if at > 0 else (0, 0)
        return ImageFacts(kind, width, height)
    if kind == "psd":
        height, width = struct.unpack_from(">II", head, 14)
        return ImageFacts(kind, width, height)
    return ImageFacts(kind, 0, 0)


_SIMPLE: dict[str, Callable[[bytes, str], ImageFacts]] = {
    "png": _png, "webp": _webp, "gif": _gif, "bmp": _bmp, "heic": _heif, "heif": _heif, "avif": _heif,
    "jp2": _sized_only, "psd": _sized_only, "ico": _sized_only, "jxl": _sized_only,
}  # fmt: skip
