"""The few places where PyAV 18 and 19 differ, and the one way an input is opened."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from treadle_threads.media.worker.blame import about_the_file

if TYPE_CHECKING:
    from av.container import InputContainer

READABLE = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf"
"""Containers that are opened at all. Playlists and file lists (hls, concat, sdp, dash ...) are not among them."""
SAFE_INPUT = {"protocol_whitelist": "none", "format_whitelist": READABLE, "max_streams": "64"}
"""With both lists shut, nothing inside a file can make the library open another file or an address."""


def pyav_major() -> int:
    import av

    return int(av.__version__.split(".", 1)[0])


def open_input(source: IO[bytes]) -> InputContainer:
    """Open an already opened file for reading, with every way to other files and hosts shut."""
    import av
    import av.error

    extra: dict[str, Any] = {}
    if pyav_major() < 19:  # tags that are no UTF-8 raise otherwise; the argument is gone in 19
        extra["metadata_errors"] = "surrogateescape"
    try:
        container: InputContainer = av.open(source, mode="r", options=dict(SAFE_INPUT), **extra)
    except av.error.FFmpegError as error:
        raise about_the_file(error) from error
    return container
