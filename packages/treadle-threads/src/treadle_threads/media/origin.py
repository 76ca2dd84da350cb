"""What a file tells of the person who made it: where it was taken, and with what."""

from __future__ import annotations

from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding

CODES = frozenset({"image_location", "image_device", "video_location", "video_device"})
"""The codes of these findings."""
_WORDS = {"image": "picture", "video": "video"}
_HOLDERS = {"location": "where it was taken", "device": "the make or model of what took it"}


def origin(kind: str, location: bool, device: bool, *, strip: bool, fix: str) -> list[Finding]:
    """The findings for an ``"image"`` or a ``"video"``: repairs where such notes are removed, remarks otherwise."""
    found = []
    for name, there in (("location", location), ("device", device)):
        if not there:
            continue
        end = (
            "It is taken out; picture and sound stay as they are."
            if strip and kind == "video"
            else "It is taken out; the picture stays as it is."
            if strip
            else "Whoever has the file's address can read that until Threads drops it."
        )
        message = f"The {_WORDS[kind]} records {_HOLDERS[name]}. {end}"
        severity, way = ("repair", fix) if strip else ("remark", "none")
        found.append(finding(f"{kind}_{name}", severity, f"{kind}.{name}", message, got=True, fix=way))  # type: ignore[arg-type]
    return found
