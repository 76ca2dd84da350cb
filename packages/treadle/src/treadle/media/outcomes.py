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


def only_told(item: Finding) -> Finding:
    return finding(item.code, "remark", item.field, item.message.replace(" It is copied now.", "").replace(
        " The file is copied.", ""), got=item.got, limit=item.limit, basis=item.basis)  # fmt: skip


def missing(source: str) -> Finding:
    message = f"There is no file {shown(source)}. Check the name, or upload it again."
    if not source.startswith("med_") and Path(source).exists():
        message = f"{shown(source)} is a folder or a device, not a file. Choose a picture or a video."
    return finding("file_missing", "error", "file", message, fix="reject")


def broken(message: str, code: str) -> Finding:
    return finding(code, "error", "url", message, fix="reject")


def failed_lately(host: str, known: HostFailure) -> Finding:
    message = f"{host} failed {known.times} time(s) in the last ten minutes, {known.ago_s:.0f} s ago the last time."
    return finding("host_failed_lately", "remark", "host", message, got=known.code, basis="seen")


def failed(result: JobFailed, probe: MediaProbe, folder: Path) -> Finding:
    """A failed job in plain words; ``folder`` is where it wrote.

    What the worker or the library said goes along as ``got``."""
    got = f"{result.code}: {result.detail}"[:600]
    kind = probe.image.format if probe.image is not None else ""
    if result.code == "codec" and kind in ("heic", "heif"):
        return unreadable(kind)
    if result.code == "codec":
        name = kind.upper() or (probe.video.codec if probe.video is not None else "") or probe.container
        message = (
            f"This server lacks a codec for {name or 'this file'}; that is no fault of the file. Whoever runs Treadle "
            "can add it, or the file can be exported as JPEG or as MP4 with H.264."
        )
        return finding("no_codec", "error", "file", message, got=got, fix="reject")
    if result.code == "cage_missing":
        message = (
            "This server is set to open files from elsewhere only inside a whole cage, and here it lacks "
            f"{result.detail}. Nothing is known to be wrong with the file: whoever runs Treadle has to run "
            "`treadle doctor`."
        )
        return finding("cage_missing", "error", "server", message, got=result.detail, fix="reject")
    if result.code == "disk":
        return no_room(folder, got)
    if result.ours:
        return own_fault(got)
    if result.code in ("cpu", "timeout", "large"):
        message = (
            "Looking at or repairing the file needs more time or space than one file may have. Export a simpler one."
        )
        return finding("repair_limit", "error", "file", message, got=got, fix="reject")
    if result.code in ("image_pixels", "duration", "repair_not_compliant"):
        message = f"{result.detail.partition(': ')[2]} Make it smaller."
        return finding(result.code, "error", "file", message, fix="reject")
    message = "The file cannot be read: its contents are damaged or not what its name says. Export or upload it again."
    return finding("repair_failed", "error", "file", message, got=got, fix="reject")


def own_fault(got: str) -> Finding:
    """Treadle failed at the file; nothing is known against the file. ``got`` is what is known of the failure."""
    message = (
        "Treadle could not look at or repair the file; that is a fault of this server, not of the file. "
        "Try again later; if it stays, whoever runs Treadle should look ('treadle doctor')."
    )
    return finding("worker_failed", "error", "file", message, got=got, fix="reject")


def of_this_machine(error: OSError, folder: Path) -> Finding:
    """A full disk, a folder that may not be written, too many open files: what the system refused to Treadle itself.

    ``folder`` is where it was writing."""
    said = f"{type(error).__name__}: {error.strerror or error}"
    return no_room(folder, said) if is_full(error) else own_fault(said)


def no_room(folder: Path, got: str | None = None) -> Finding:
    """The disk that ``folder`` is on is full, or would leave the database no room."""
    message = (
        f"There is no room left on this server's disk at {disk_of(folder)}. That is no fault of the file: whoever runs "
        "Treadle has to make room there; then try again."
    )
    return finding("no_room", "error", "server", message, got=got, fix="reject")


def not_compliant(wrong: list[Finding]) -> Finding:
    message = "Repairing did not make the file fit for Threads. " + " ".join(item.message for item in wrong[:3])
    return finding("repair_not_compliant", "error", "file", message, got=[item.code for item in wrong], fix="reject")
