"""Reading the facts of a HEIF file (HEIC, AVIF): the size of its primary picture, how it is turned, its notes.

Such a file holds many pictures: tiles, a thumbnail, depth, the parts of a panorama. Its ``meta`` box says which one is
meant (ISO/IEC 23008-12).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from treadle_threads.media.bits import CutOff, Malformed
from treadle_threads.media.boxes import boxes, boxes_leniently
from treadle_threads.media.facts import ImageFacts
from treadle_threads.media.isobmff import read_movie
from treadle_threads.media.picturenotes import Notes, exif_notes, xmp_notes
from treadle_threads.media.source import Reading, Unreachable, Want

MAX_META = 4 << 20
MAX_NOTE = 1 << 20
MAX_TOP = 64
MAX_ITEMS = 10_000
Part = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a picture, in pixels from its top left."""
_TURNED = {(0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6, (0, 0): 2, (0, 1): 4, (1, 0): 7, (1, 1): 5,
           (2, 0): 4, (2, 1): 2, (3, 0): 5, (3, 1): 7}  # fmt: skip
"""EXIF's orientation for quarter turns counterclockwise and then a mirror (0: left and right change places)."""


@dataclass(slots=True)
class _Meta:
    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    properties: list[tuple[str, bytes]] = field(default_factory=list)
    of_item: dict[int, list[int]] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def of_primary(self) -> list[tuple[str, bytes]]:
        """Type and content of the primary picture's properties, in order; of all when none are its own."""
        own = [self.properties[n - 1] for n in self.of_item.get(self.primary, []) if n <= len(self.properties)]
        return own or self.properties


def read_heif(kind: str, head: bytes, size: int | None, *, whole: bool) -> Reading[ImageFacts]:
    """The facts of the primary picture. Raises :class:`Malformed`, and :class:`CutOff` for a file that ends early."""
    content, has_movie = yield from _top(kind, head, size)
    moving = 0
    if has_movie and kind == "avif":
        moving = yield from _pictures(size, head)
    if content is None:
        return (yield from _sequence(kind, head, size))
    meta = _read_meta(content)
    if size is not None and any(at + length > size for spans in meta.places.values() for at, length in spans):
        raise CutOff(f"the file ends before the {kind.upper()} picture does")
    facts = _picture(kind, meta.of_primary(), content)
    notes = Notes()
    for item, type_ in meta.types.items():
        if type_ in (b"Exif", b"mime"):
            notes = notes.over((yield from _notes(type_, meta.places.get(item, []), head)))
    return replace(facts, animated=moving > 1, location=notes.location, device=notes.device)


def shown_part(kind: str, head: bytes, size: int) -> Reading[Part | None]:
    """The part of the primary picture, as stored, that is shown; ``None``: all of it. For decoders that don't crop."""
    content, _ = yield from _top(kind, head, size)
    if content is None:
        return None
    return _stored(_read_meta(content).of_primary())[2]


def _stored(properties: list[tuple[str, bytes]]) -> tuple[int, int, Part | None]:
    """Width and height of a picture as stored, and the part of it that is shown when that is not all."""
    width = height = 0
    part = None
    for name, body in properties:
        if name == "ispe":
            width, height = max((width, height), struct.unpack_from(">II", body, 4))
        elif name == "clap":
            part = _part(width, height, body)
    return width, height, part


def _part(width: int, height: int, clap: bytes) -> Part | None:
    """What a clean aperture box leaves of a picture: its size and the offset of its centre, as fractions.

    ``None`` when that is no part of the picture: it is shown whole then.
    """
    values = struct.unpack_from(">IIIIiIiI", clap, 0)
    if not all(values[1::2]):
        return None
    across, down, right, below = (top / bottom for top, bottom in zip(values[::2], values[1::2], strict=True))
    left, top = round((width - across) / 2 + right), round((height - down) / 2 + below)
    part = (left, top, left + round(across), top + round(down))
    return part if 0 <= left < part[2] <= width and 0 <= top < part[3] <= height else None


def _top(kind: str, head: bytes, size: int | None) -> Reading[tuple[bytes | None, bool]]:
    """The content of the ``meta`` box, and whether there is a ``moov`` box as well."""
    at, window_at, window = 0, 0, head
    content: bytes | None = None
    movie = False
    for _ in range(MAX_TOP):
        if size is not None and at + 8 > size:
            break
        if not window_at <= at <= at + 16 <= window_at + len(window):
            try:
                window, window_at = (yield Want(at, 4096)), at
            except Unreachable:
                break
            if len(window) < 8:
                break
        here = at - window_at
        length, name = struct.unpack_from(">I4s", window, here)
        start = 8
        if length == 1:
            length, start = struct.unpack_from(">Q", window, here + 8)[0], 16
        elif length == 0:
            if size is None:
                break
            length = size - at
        if length < start:
            raise Malformed("a box is smaller than its own header")
        if size is not None and at + length > size:
            raise CutOff(f"the file ends before the {kind.upper()} picture does")
        if name == b"meta" and content is None:
            if length > MAX_META:
                raise Malformed(f"the {kind.upper()} header is too long")
            content = window[here : here + length]
            if len(content) < length:
                content = yield Want(at, length)
            content = content[start + 4 :]
        movie = movie or name == b"moov"
        if content is not None and size is None:
            break
        at += length
    return content, movie


def _sequence(kind: str, head: bytes, size: int | None) -> Reading[ImageFacts]:
    """A file of nothing but a sequence: its track tells the size."""
    movie = yield from read_movie(size, head)
    tracks = [track for track in movie.tracks if track.width and track.height]
    if not tracks:
        tracks = [track for track in movie.tracks if track.video.width]
    if not tracks:
        raise Malformed(f"the {kind.upper()} header has no size")
    first = tracks[0]
    width, height = first.width or first.video.width, first.height or first.video.height
    return ImageFacts(kind, width, height, None, "rgb", None, animated=first.samples > 1)


def _pictures(size: int | None, head: bytes) -> Reading[int]:
    try:
        movie = yield from read_movie(size, head)
    except Malformed:
        return 0
    return max((track.samples for track in movie.tracks), default=0)


def _read_meta(content: bytes) -> _Meta:
    meta = _Meta()
    for part in boxes_leniently(content, 0, len(content)):
        body = content[part.start : part.end]
        match part.type:
            case "pitm":
                meta.primary = struct.unpack_from(">I" if body[0] else ">H", body, 4)[0]
            case "iinf":
                for entry in boxes_leniently(body, 8 if body[0] else 6, len(body)):
                    version = body[entry.start]
                    if entry.type == "infe" and version >= 2:
                        item = struct.unpack_from(">I" if version > 2 else ">H", body, entry.start + 4)[0]
                        at = entry.start + (10 if version > 2 else 8)
                        meta.types[item] = body[at : at + 4]
            case "iprp":
                for entry in boxes_leniently(body, 0, len(body)):
                    inner = body[entry.start : entry.end]
                    if entry.type == "ipco":
                        meta.properties = [(box.type, inner[box.start : box.end]) for box in boxes(inner)]
                    elif entry.type == "ipma":
                        _associations(meta, inner)
            case "iloc":
                meta.places = dict(_locations(body))
            case _:
                pass
    return meta


def _associations(meta: _Meta, body: bytes) -> None:
    wide = bool(body[3] & 1)
    count = min(struct.unpack_from(">I", body, 4)[0], MAX_ITEMS)
    at = 8
    for _ in range(count):
        item = struct.unpack_from(">I" if body[0] else ">H", body, at)[0]
        at += 4 if body[0] else 2
        number = body[at]
        at += 1
        for _ in range(number):
            value = struct.unpack_from(">H", body, at)[0] & 0x7FFF if wide else body[at] & 0x7F
            at += 2 if wide else 1
            if value:
                meta.of_item.setdefault(item, []).append(value)


def _locations(body: bytes) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """For each item that lies in the file itself: place and length of its pieces."""
    version = body[0]
    offset_size, length_size = body[4] >> 4, body[4] & 15
    base_size, index_size = body[5] >> 4, (body[5] & 15 if version else 0)
    at = 6

    def number(length: int) -> int:
        nonlocal at
        value = int.from_bytes(body[at : at + length], "big")
        at += length
        return value

    for _ in range(min(number(4 if version > 1 else 2), MAX_ITEMS)):
        item = number(4 if version > 1 else 2)
        method = number(2) & 15 if version else 0
        elsewhere = number(2)
        base = number(base_size)
        pieces = []
        for _ in range(number(2)):
            number(index_size)
            start = base + number(offset_size)
            pieces.append((start, number(length_size)))
        if at > len(body):
            raise Malformed("the table of places is cut off")
        if method == 0 and not elsewhere:
            yield item, pieces


def _picture(kind: str, properties: list[tuple[str, bytes]], content: bytes) -> ImageFacts:
    width, height, part = _stored(properties)
    if part is not None:
        width, height = part[2] - part[0], part[3] - part[1]
    turns = 0
    depth: int | None = None
    mirror: int | None = None
    profile = ""
    for name, body in properties:
        match name:
            case "irot":
                turns = body[0] & 3
            case "imir":
                mirror = body[0] & 1
            case "pixi" if len(body) > 5 and body[4]:
                depth = body[5]
            case "colr" if body[:4] in (b"prof", b"rICC"):
                profile = "embedded"
            case _:
                pass
    if not width or not height:
        raise Malformed(f"the {kind.upper()} header has no size")
    alpha = b"auxid:1" in content or b"auxiliary:alpha" in content
    return ImageFacts(kind, width, height, depth, "rgb", alpha, _TURNED[turns, mirror], profile, False)


def _notes(type_: bytes, pieces: list[tuple[int, int]], head: bytes) -> Reading[Notes]:
    if len(pieces) != 1 or pieces[0][1] > MAX_NOTE:
        return Notes()
    at, length = pieces[0]
    data = head[at : at + length]
    if len(data) < length:
        try:
            data = yield Want(at, length)
        except Unreachable:
            return Notes()
    if type_ == b"mime":
        return xmp_notes(data)
    skip = int.from_bytes(data[:4], "big")
    return exif_notes(data[4 + skip :])
