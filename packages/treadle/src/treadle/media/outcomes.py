"""What went wrong while preparing a medium, as findings in plain words."""

from __future__ import annotations

from pathlib import Path

from yarl import URL

from treadle.disk import disk_of, is_full
from treadle.media.hosts import HostFailure
from treadle.media.jobs import JobFailed
from treadle_threads.media.facts import MediaProbe
from treadle_threads.media.finding import Finding
from treadle_threads.media.patterns import finding
from treadle_threads.media.validate_image import unreadable


def is_address(source: str) -> bool:
    return "://" in source[:20]


def shown(source: str) -> str:
    """A source without secrets: an address without its query, a file by its name."""
    if not is_address(source):
        return source if source.startswith("med_") else Path(source).name
    try:
        return str(URL(source).with_query(None).with_user(None))
    except ValueError:
        return source.partition("?")[0][:200]


def missing(source: str) -> Finding:
    there = not source.startswith("med_") and Path(source).exists()
    return finding("file_is_none" if there else "file_missing", name=shown(source))


def failed_lately(host: str, known: HostFailure) -> Finding:
    return finding("host_failed_lately", got=known.code, host=host, times=known.times, ago=known.ago_s)


_TOO_MUCH = {
    "image_pixels": "too_large_a_picture",
    "duration": "too_long_an_animation",
    "repair_not_compliant": "too_large_a_result",
}
"""What the worker refuses of a picture, and the sentence for it."""


def failed(result: JobFailed, probe: MediaProbe, folder: Path) -> Finding:
    """A failed job in plain words; ``folder`` is where it wrote.

    What the worker or the library said goes along as ``got``."""
    got = f"{result.code}: {result.detail}"[:600]
    kind = probe.image.format if probe.image is not None else ""
    if result.code == "codec" and kind in ("heic", "heif"):
        return unreadable(kind)
    if result.code == "codec":
        name = kind.upper() or (probe.video.codec if probe.video is not None else "") or probe.container
        return finding("no_codec", got=got, name=name or "this file")
    if result.code == "cage_missing":
        return finding("cage_missing", got=result.detail)
    if result.code == "disk":
        return no_room(folder, got)
    if result.ours:
        return own_fault(got)
    if result.code in ("cpu", "timeout", "large"):
        return finding("repair_limit", got=got)
    if result.code in _TOO_MUCH:
        return finding(_TOO_MUCH[result.code], detail=result.detail.partition(": ")[2])
    return finding("repair_failed", got=got)


def own_fault(got: str) -> Finding:
    """Treadle failed at the file; nothing is known against the file. ``got`` is what is known of the failure."""
    return finding("worker_failed", got=got)


def of_this_machine(error: OSError, folder: Path) -> Finding:
    """A full disk, a folder that may not be written, too many open files: what the system refused to Treadle itself.

    ``folder`` is where it was writing."""
    reason = f"{type(error).__name__}: {error.strerror or error}"
    return no_room(folder, reason) if is_full(error) else own_fault(reason)


def no_room(folder: Path, got: str | None = None) -> Finding:
    """The disk that ``folder`` is on is full, or would leave the database no room."""
    return finding("no_room", got=got, disk=disk_of(folder))


def not_compliant(wrong: list[Finding]) -> Finding:
    messages = " ".join(item.message for item in wrong[:3])
    return finding("repair_not_compliant", got=[item.code for item in wrong], wrong=messages)
