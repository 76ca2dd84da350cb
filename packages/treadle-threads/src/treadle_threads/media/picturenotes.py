"""What a picture's notes (EXIF, XMP) tell: which way up it is, where and with what it was taken."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import asdict, dataclass
from typing import Any

MAX_ENTRIES = 512
_ORIENTATION, _GPS, _DEVICE = 274, 34853, (271, 272)
_RAW_PROFILE = b"Raw profile type "
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")


@dataclass(frozen=True, slots=True)
class Notes:
    """``orientation`` is EXIF's 1-8; ``location``: a position is recorded; ``device``: a make or model is."""

    orientation: int = 1
    location: bool = False
    device: bool = False

    def over(self, other: Notes) -> Notes:
        """Both together; this one's orientation goes before the other's."""
        return Notes(
            self.orientation if self.orientation != 1 else other.orientation,
            self.location or other.location,
            self.device or other.device,
        )

    def fields(self) -> dict[str, Any]:
        return asdict(self)


def exif_notes(data: bytes) -> Notes:
    """The notes of a block of EXIF (it begins like a TIFF); none when it cannot be read."""
    end = "<" if data[:2] == b"II" else ">"
    orientation, location, device = 1, False, False
    try:
        at = struct.unpack_from(end + "I", data, 4)[0]
        for entry in range(min(struct.unpack_from(end + "H", data, at)[0], MAX_ENTRIES)):
            place = at + 2 + 12 * entry
            tag = struct.unpack_from(end + "H", data, place)[0]
            if tag == _ORIENTATION:
                orientation = struct.unpack_from(end + "H", data, place + 8)[0]
            elif tag == _GPS:
                location = True
            elif tag in _DEVICE:
                device = True
    except struct.error:
        pass
    return Notes(orientation if 1 <= orientation <= 8 else 1, location, device)


def xmp_notes(data: bytes) -> Notes:
    """The notes of an XMP packet, by the names of its fields."""
    found = _XMP_ORIENTATION.search(data)
    return Notes(
        int(found[1]) if found else 1,
        b"exif:GPSLatitude" in data or b"GPSLongitude" in data,
        b"tiff:Make" in data or b"tiff:Model" in data,
    )


def raw_profile_notes(content: bytes, *, packed: bool) -> Notes:
    """EXIF or XMP written as hexadecimal into a PNG's text, as ImageMagick does."""
    name, _, rest = content.partition(b"\0")
    if not name.startswith(_RAW_PROFILE):
        return Notes()
    try:
        text = zlib.decompressobj().decompress(rest[1:], 1 << 21) if packed else rest
        data = bytes.fromhex("".join(text.decode("ascii").split("\n")[3:]))
    except (ValueError, zlib.error):
        return Notes()
    return xmp_notes(data) if b"xmp" in name else exif_notes(data.removeprefix(b"Exif\0\0"))
