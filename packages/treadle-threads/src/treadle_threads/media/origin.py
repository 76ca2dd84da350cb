"""What a file tells of the person who made it: where it was taken, and with what."""

from __future__ import annotations

from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding

CODES = frozenset({"image_location", "image_device", "video_location", "video_device"})
"""The codes of these findings."""
_TAKEN_OUT = {
    "image": "It is removed. The image stays as it is.",
    "video": "It is removed. Video and audio stay as they are.",
}
_STAYS = "Anyone with the file's URL can read it until Threads removes it."


def origin(kind: str, location: bool, device: bool, *, strip: bool, fix: str) -> list[Finding]:
    """The findings for an ``"image"`` or a ``"video"``: repairs where such notes are removed, remarks otherwise."""
    found = []
    for name, there in (("location", location), ("device", device)):
        if there and strip:
            found.append(finding(f"{kind}_{name}", got=True, severity="repair", fix=fix, end=_TAKEN_OUT[kind]))
        elif there:
            found.append(finding(f"{kind}_{name}", got=True, end=_STAYS))
    return found
