"""Media on the command line: adding a file with progress, and describing one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.cli._print import fail
from treadle_diagnosis.paths import absolute

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.services.files import NotKept
    from treadle_threads.media.facts import MediaProbe

PIECE = 1_048_576
# Severity of a finding -> its word and its colour.
SEVERITY = {"error": ("Error", "bold red"), "repair": ("Repair", "yellow"), "remark": ("Remark", "dim")}


async def keep_file(app: App, workspace_id: str, given: str, *, show: bool) -> dict[str, Any] | NotKept:
    """Add a file of this machine and inspect it; its row. ``show``: with progress on standard error."""
    from treadle.services.files import keep

    path, size = await asyncio.to_thread(a_file, given)
    return await keep(app, workspace_id, _read(path, size, show=show), path.name)


def not_kept(made: NotKept, path: str, public_url: str, **more: str) -> dict[str, Any]:
    """Why a file was not kept, as --json prints it; ``path`` is what the findings are about."""
    found = made.details(path, public_url)
    messages = " ".join(f.message for f in made.findings)
    return {"error": found.code, "message": messages, **more, **found.extra}


def a_file(given: str) -> tuple[Path, int]:
    """The file and its size in bytes; ends the command when there is none."""
    path = absolute(given)
    if path.is_dir():
        fail(f"{given} is a folder; name a file in it.", error="not_found")
    if not path.is_file():
        fail(f"There is no file {given}.", error="not_found")
    return path, path.stat().st_size


async def _read(path: Path, size: int, *, show: bool) -> AsyncIterator[bytes]:

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True)) if show else None
    with progress or nullcontext(), await asyncio.to_thread(path.open, "rb") as file:
        task = progress.add_task(path.name, total=size) if progress else None
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
            if progress is not None and task is not None:
                progress.advance(task, len(piece))


def facts_words(probe: MediaProbe | None) -> str:
    """A line of what the file is: ``MP4, H.264 1280x720, 30 fps, AAC stereo, 0:20, 8.02 MB``."""
    from treadle_threads.media.words import clock, megabytes

    if probe is None:
        return ""
    words = [probe.container.upper()]
    if probe.video is not None:
        width, height = probe.video.shown_size
        words.append(f"{probe.video.codec.upper()} {width}x{height}")
        if probe.video.frame_rate:
            words.append(f"{probe.video.frame_rate:.4g} fps")
    if probe.image is not None:
        words.append("{}x{}".format(*probe.image.shown_size))
    if probe.audio is not None:
        words.append(f"{probe.audio.codec.upper()} {probe.audio.channels or '?'} ch")
    if probe.duration_s:
        words.append(clock(probe.duration_s))
    if probe.size is not None:
        words.append(megabytes(probe.size))
    return ", ".join(word for word in words if word)
