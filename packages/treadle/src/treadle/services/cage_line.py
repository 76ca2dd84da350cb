"""The media cage, as a line of the set-up check and in the log."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

import structlog

from treadle.media import caged
from treadle.services.doctor import Line
from treadle.settings import Settings

ADVICE: Final = (
    "Landlock needs Linux 5.13 or newer with landlock among its security modules (lsm=); a container's seccomp profile "
    "must allow landlock_create_ruleset, landlock_restrict_self and seccomp."
)
log = structlog.get_logger("treadle.media")


def line(settings: Settings) -> Line:
    """Whether the cage is whole here. The first call in a process starts a child that tries it."""
    state = caged.here()
    if not state.missing:
        return Line("Media cage", "fine", f"Whole: Landlock {state.landlock}, seccomp, limits.")
    found = caged.weaker(state)
    if settings.media_cage == "require":
        return Line(
            "Media cage",
            "broken",
            f"{found} TREADLE_MEDIA_CAGE is require: nothing is repaired.",
            f"{ADVICE} Or set TREADLE_MEDIA_CAGE=auto to work with what is there.",
            "media_cage",
        )
    return Line("Media cage", "look", found, f"{ADVICE} TREADLE_MEDIA_CAGE=require refuses to work without.")


async def lines(settings: Settings) -> list[Line]:
    """The same, without holding up the loop."""
    return [await asyncio.to_thread(line, settings)]


def note(settings: Settings) -> threading.Thread:
    """Say it in the log, once, when something is missing; the start does not wait for it."""

    def look() -> None:
        cage = line(settings)
        if cage.verdict != "fine":
            log.warning("media.cage", found=cage.found, todo=cage.todo)

    thread = threading.Thread(target=look, name="media-cage", daemon=True)
    thread.start()
    return thread
