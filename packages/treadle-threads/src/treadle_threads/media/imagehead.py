"""Reading a still picture's facts from its first bytes; nothing is decoded.

One look at the head is enough for nearly every picture. A JPEG with long metadata in front of its frame header is
jumped through, a TIFF's directory is read where it lies. A file that lies here is walked to its end: only there it
shows that it was cut off, and cameras and editors write notes behind the picture as well.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace

from treadle_threads.media.bits import CutOff, Malformed
from treadle_threads.media.facts import ImageFacts
from treadle_threads.media.heif import read_heif
from treadle_threads.media.picturenotes import Notes, exif_notes, raw_profile_notes, xmp_notes
from treadle_threads.media.source import Reading, Want

STEP = 4096
WINDOW = 64 * 1024
SCAN = 1024 * 1024
MAX_SEGMENTS = 512
MAX_JUNK = 4096
"""Bytes between the segments of a JPEG that belong to none, as some programs leave them."""
MAX_TIFF_ENTRIES = 512
MAX_STRIPS = 100_000
MAX_NOTE = 1 << 20
"""Bytes of one note (EXIF, XMP) that are read."""

_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_HEIF_BRANDS = {b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic", b"hevx": "heic",
                b"mif1": "heif", b"mif2": "heif", b"msf1": "heif", b"avif": "avif", b"avis": "avif"}  # fmt: skip
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends a JPEG's coded pictures: any marker but those that may stand among them."""


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


def read_image(kind: str, head: bytes, *, size: int | None = None, whole: bool = False) -> Reading[ImageFacts]:
    """Facts of a picture of the format ``kind`` (as :func:`sniff_image` names it).

    ``whole``: the file lies here and is walked to its end. Raises :class:`Malformed`, and :class:`CutOff` where the
    file ends before the picture does.
    """
    try:
        if kind == "jpeg":
            return (yield from _jpeg(head, whole))
        if kind == "tiff":
            return (yield from _tiff(head, size, whole))
        if kind in ("heic", "heif", "avif"):
            return (yield from read_heif(kind, head, size, whole=whole))
        if (walker := _WALKED.get(kind)) is not None:
            return (yield from walker(_Cursor(head, whole), size))
        return _SIMPLE[kind](head, kind)
    except (struct.error, IndexError) as error:
        raise Malformed(f"the header of this {kind.upper()} picture is cut off") from error


class _EndOfHead(Exception):
    """What is wanted lies behind the bytes that are read of a file elsewhere."""


class _Cursor:
    """The bytes of a file by place. Only of a file that lies here more than the head is read."""

    def __init__(self, head: bytes, whole: bool) -> None:
        self._data, self._at, self.whole = head, 0, whole

    def get(self, at: int, length: int) -> Reading[bytes]:
        """``length`` bytes from ``at``, fewer where the file ends."""
        if not self._at <= at <= at + length <= self._at + len(self._data):
            if not self.whole:
                raise _EndOfHead
            self._data, self._at = (yield Want(at, max(length, WINDOW))), at
        return self._data[at - self._at : at - self._at + length]


def _jpeg(head: bytes, whole: bool) -> Reading[ImageFacts]:
    window_at, window = 0, head
    at = 2
    notes, profile = Notes(), ""
    facts: ImageFacts | None = None
    junk = 0
    for _ in range(MAX_SEGMENTS):
        if at + 20 > window_at + len(window):
            window_at, window = at, (yield Want(at, WINDOW if whole else STEP))
            if len(window) < (4 if facts else 11):
                raise CutOff("the JPEG header is cut off")
        here = at - window_at
        if window[here] != 0xFF:  # decoders go on at the next marker
            following = window.find(b"\xff", here)
            at = window_at + (following if following >= 0 else len(window))
            junk += at - window_at - here
            if junk > MAX_JUNK:
                raise Malformed("the JPEG header is damaged")
            continue
        marker = window[here + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xD8, 0x01, 0x00) or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        if marker in (0xDA, 0xD9):
            break
        length = struct.unpack_from(">H", window, here + 2)[0]
        if whole and marker == 0xE1 and here + 2 + length > len(window):
            window_at, window, here = at, (yield Want(at, WINDOW + 2)), 0
        content = window[here + 4 : here + 2 + length]
        if marker in _FRAME_HEADERS and facts is None:
            depth, height, width, components = struct.unpack_from(">BHHB", window, here + 4)
            colour = {1: "grey", 3: "rgb", 4: "cmyk"}.get(components)
            facts = ImageFacts("jpeg", width, height, depth, colour, False, animated=False)
            if not whole:
                break
        elif marker == 0xE1 and content[:6] == b"Exif\0\0":
            notes = exif_notes(content[6:]).over(notes)
        elif marker == 0xE1 and content[:28] == b"http://ns.adobe.com/xap/1.0/":
            notes = notes.over(replace(xmp_notes(content), orientation=1))  # no viewer turns a JPEG for it
        elif marker == 0xE2 and content[:11] == b"ICC_PROFILE":
            profile = profile or _profile_name(content[14:])
        at += 2 + length
    if facts is None:
        raise Malformed("the JPEG has no frame header")
    if whole and (yield from jpeg_end(at)) is None:
        raise CutOff("the file ends before the JPEG's picture does")
    return replace(facts, profile=profile, **notes.fields())


def jpeg_end(at: int) -> Reading[int | None]:
    """Where the picture ends whose coded data begins with a marker at ``at``; ``None``: the file ends before."""
    junk = 0
    while True:
        header = yield Want(at, 4)
        if len(header) < 2:
            return None
        if header[0] != 0xFF or header[1] == 0:  # junk: decoders go on at the next marker
            at += 1
            junk += 1
            if junk > MAX_JUNK:
                return None
            continue
        if header[1] == 0xD9:
            return at + 2
        if header[1] == 0xFF or header[1] == 0x01 or 0xD0 <= header[1] <= 0xD8:
            at += 1 if header[1] == 0xFF else 2
            continue
        if len(header) < 4:
            return None
        at += 2 + int.from_bytes(header[2:], "big")
        if header[1] != 0xDA:
            continue
        while True:
            piece = yield Want(at, SCAN)
            if found := _MARKER.search(piece):
                at += found.start()
                break
            if len(piece) < SCAN:
                return None
            at += len(piece) - 1


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


class _PngFrames:
    """Whether an animated PNG is what it promises. Where not, readers show its one picture (the APNG specification)."""

    def __init__(self) -> None:
        self.promised, self._begun, self._next = 0, 0, 0
        self._owed, self._in_order = False, True

    def numbered(self, name: bytes, number: bytes) -> None:
        """A ``fcTL``, which begins a frame, or an ``fdAT`` with its data: one series of numbers from 0 on."""
        self._in_order &= number == self._next.to_bytes(4, "big")
        self._next += 1
        if name == b"fdAT":
            self.data()
            return
        self._in_order &= not self._owed
        self._owed = True
        self._begun += 1

    def data(self) -> None:
        self._owed = False

    @property
    def sound(self) -> bool:
        return self._in_order and not self._owed and self._begun == self.promised


def _png(cursor: _Cursor, size: int | None) -> Reading[ImageFacts]:
    width, height, depth, colour_type = struct.unpack(">IIBB", (yield from cursor.get(16, 10)))
    colour = {0: "grey", 2: "rgb", 3: "palette", 4: "grey", 6: "rgb"}.get(colour_type)
    alpha, profile, animated, notes = colour_type in (4, 6), "", False, Notes()
    at, pictures, frames = 8, 0, _PngFrames()
    try:
        while True:
            header = yield from cursor.get(at, 8)
            if len(header) < 8:
                raise CutOff("the file ends before the PNG does")
            length, name = struct.unpack(">I4s", header)
            if size is not None and at + 12 + length > size:
                raise CutOff("the file ends before the PNG does")
            if name in (b"iCCP", b"acTL", b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                content = yield from cursor.get(at + 8, min(length, MAX_NOTE))
                if name == b"iCCP":
                    profile = content[:79].split(b"\0")[0].decode("latin-1") or "embedded"
                elif name == b"acTL":
                    frames.promised = struct.unpack_from(">I", content, 0)[0]
                    animated = frames.promised > 1
                elif name == b"eXIf":
                    notes = exif_notes(content).over(notes)
                elif name == b"iTXt" and content.startswith(b"XML:com.adobe.xmp\0"):
                    notes = notes.over(xmp_notes(content))
                else:
                    notes = notes.over(raw_profile_notes(content, packed=name == b"zTXt"))
            elif name == b"tRNS":
                alpha = True
            elif name == b"IDAT":
                pictures += 1
                if not cursor.whole:
                    break
                frames.data()
            elif animated and name in (b"fcTL", b"fdAT"):
                frames.numbered(name, (yield from cursor.get(at + 8, 4)))
            elif name == b"IEND":
                animated = animated and frames.sound
                break
            at += 12 + length
    except _EndOfHead:
        pictures += 1
    if not pictures:
        raise CutOff("the PNG has no picture in it")
    facts = ImageFacts("png", width, height, depth, colour, alpha, profile=profile, animated=animated)
    return replace(facts, **notes.fields())


def _webp(cursor: _Cursor, size: int | None) -> Reading[ImageFacts]:
    head = yield from cursor.get(0, 32)
    if len(head) < 30:
        raise CutOff("the WebP header is cut off")
    chunk = head[12:16]
    whole_size = 8 + int.from_bytes(head[4:8], "little")
    if size is not None and whole_size > size + 1:  # some writers leave the last byte, a filler, out
        raise CutOff("the file ends before the WebP does")
    if chunk == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", head, 26))
        return ImageFacts("webp", width, height, 8, "rgb", False, animated=False)
    if chunk == b"VP8L":
        value = struct.unpack_from("<I", head, 21)[0]
        width, height = (value & 0x3FFF) + 1, (value >> 14 & 0x3FFF) + 1
        return ImageFacts("webp", width, height, 8, "rgb", bool(value >> 28 & 1), animated=False)
    if chunk != b"VP8X":
        raise Malformed("the WebP header is damaged")
    flags = head[20]
    width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
    at, frames, notes = 12, 0, Notes()
    animated = bool(flags & 2)
    try:
        while at + 8 <= whole_size:
            header = yield from cursor.get(at, 8)
            if len(header) < 8:
                break
            name, length = header[:4], int.from_bytes(header[4:], "little")
            frames += name == b"ANMF"
            if name in (b"EXIF", b"XMP "):
                content = yield from cursor.get(at + 8, min(length, MAX_NOTE))
                if name == b"EXIF":
                    notes = exif_notes(content.removeprefix(b"Exif\0\0")).over(notes)
                else:
                    notes = notes.over(replace(xmp_notes(content), orientation=1))
            at += 8 + length + (length & 1)
        animated = animated and frames > 1
    except _EndOfHead:
        pass
    profile = "embedded" if flags & 32 else ""
    facts = ImageFacts("webp", width, height, 8, "rgb", bool(flags & 16), profile=profile, animated=animated)
    return replace(facts, **notes.fields())


def _gif(cursor: _Cursor, size: int | None) -> Reading[ImageFacts]:
    head = yield from cursor.get(0, 13)
    width, height, flags = struct.unpack_from("<HHB", head, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames, loops = 0, False
    animated: bool | None = None
    try:
        while True:
            piece = yield from cursor.get(at, 14)
            if not piece:  # many writers leave the trailer out
                if not frames:
                    raise CutOff("the GIF has no picture in it")
                animated = frames > 1
                break
            if piece[0] == 0x3B:
                animated = frames > 1
                break
            if piece[0] == 0x21:
                loops = loops or piece[1:14] == b"\xff\x0bNETSCAPE2.0"
                at += 2
            elif piece[0] == 0x2C:
                frames += 1
                local = 0
                if len(piece) > 9:  # a frame that reaches beyond the screen makes the picture larger
                    left, top, across, down, local = struct.unpack_from("<HHHHB", piece, 1)
                    width, height = max(width, left + across), max(height, top + down)
                at += 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1
            elif frames and cursor.whole:  # rubbish behind the last picture is nothing to a viewer
                animated = frames > 1
                break
            else:
                raise Malformed("the GIF is damaged")
            while length := (yield from cursor.get(at, 1)):
                at += 1 + length[0]
                if not length[0]:
                    break
            else:
                raise CutOff("the file ends before the GIF's picture does")
    except _EndOfHead:
        animated = True if frames > 1 or loops else None
    return ImageFacts("gif", width, height, 8, "palette", None, animated=animated)


def _bmp(head: bytes, kind: str) -> ImageFacts:
    if struct.unpack_from("<I", head, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", head, 18)
    else:
        width, height = (abs(value) for value in struct.unpack_from("<ii", head, 18))
    return ImageFacts("bmp", width, height, 8, "rgb", False, animated=False)


def _tiff(head: bytes, size: int | None, whole: bool) -> Reading[ImageFacts]:
    """The first directory. Further ones are pages of a scan or smaller copies, never an animation."""
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
    profile, notes = "", Notes()
    preview = raw = False
    places: dict[int, tuple[int, int, int]] = {}
    for entry in range(count):
        tag, kind, values = struct.unpack_from(end + "HHI", entries, 12 * entry)
        value = struct.unpack_from(end + ("H" if kind == 3 else "I"), entries, 12 * entry + 8)[0]
        match tag:
            case 254:
                preview = bool(value & 1)
            case 256:
                width = value
            case 257:
                height = value
            case 258 if values <= 2:
                depth = value
            case 262:
                photometric = value
            case 271 | 272:
                notes = replace(notes, device=True)
            case 273 | 279 | 324 | 325:
                places[tag] = (kind, values, value)
            case 274:
                notes = replace(notes, orientation=value if 1 <= value <= 8 else 1)
            case 330:
                raw = True
            case 34675:
                profile = "embedded"
            case 34853:
                notes = replace(notes, location=True)
            case 50706:
                preview = raw = True
            case _:
                pass
    if not width or not height:
        raise Malformed("the TIFF has no size")
    if (preview and raw) or photometric in (32803, 34892) or head[8:10] == b"CR":
        return ImageFacts("raw", width, height)
    if whole and size is not None:
        for starts, lengths in ((273, 279), (324, 325)):
            first = yield from _numbers(places.get(starts), end, piece)
            long = yield from _numbers(places.get(lengths), end, piece)
            if any(start + length > size for start, length in zip(first, long, strict=False)):
                raise CutOff("the file ends before the TIFF's picture does")
    colour = {0: "grey", 1: "grey", 3: "palette", 5: "cmyk"}.get(photometric, "rgb")
    facts = ImageFacts("tiff", width, height, depth, colour, None, profile=profile, animated=False)
    return replace(facts, **notes.fields())


def _numbers(
    place: tuple[int, int, int] | None, end: str, piece: Callable[[int, int], Reading[bytes]]
) -> Reading[tuple[int, ...]]:
    """The values of a TIFF entry of 16 or 32 bit numbers; none for one that is missing, odd or too long."""
    if place is None or place[0] not in (3, 4) or place[1] > MAX_STRIPS:
        return ()
    kind, count, value = place
    each = 2 if kind == 3 else 4
    if count * each <= 4:
        return (value,) if count == 1 else ()
    content = yield from piece(value, count * each)
    if len(content) < count * each:
        raise CutOff("the file ends before the TIFF's tables do")
    return struct.unpack(f"{end}{count}{'H' if kind == 3 else 'I'}", content)


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
    "bmp": _bmp, "jp2": _sized_only, "psd": _sized_only, "ico": _sized_only, "jxl": _sized_only,
}  # fmt: skip
_WALKED: dict[str, Callable[[_Cursor, int | None], Reading[ImageFacts]]] = {"png": _png, "webp": _webp, "gif": _gif}
