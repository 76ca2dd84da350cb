"""Where the servers of a data directory listen, for commands that run beside them.

``treadle serve --port 9000`` is not in the settings. Each server writes down its address and holds a lock on that note
for as long as it lives, so that what a killed one left behind is known to be old.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from treadle import private
from treadle.settings import Settings

_NAME = "listening-{}.json"


@dataclass(frozen=True, slots=True)
class Listener:
    """A server that runs: ``url`` is where it listens, ``pid`` its process."""

    url: str
    pid: int


@contextmanager
def noted(folder: Path, url: str) -> Iterator[None]:
    """Have this process's address in the data directory for as long as this lasts.

    A directory that cannot be written costs only the note.
    """
    for running, note in list(_notes(folder)):
        if running is None:
            with suppress(OSError):
                note.unlink()
    path = folder / _NAME.format(os.getpid())
    try:
        private.make_directory(folder)
        made = private.create(path)
    except OSError:
        yield
        return
    with made:
        fcntl.flock(made, fcntl.LOCK_EX)
        made.write(json.dumps({"url": url, "pid": os.getpid()}).encode())
        made.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def listeners(folder: Path) -> list[Listener]:
    """The servers of this data directory that run on this machine."""
    return [found for found, _ in _notes(folder) if found is not None]


def as_served(settings: Settings) -> Settings:
    """The settings as the running server has them: unless it is set, the public address is where it listens."""
    if "public_url" in settings.model_fields_set:
        return settings
    running = listeners(settings.data_dir)
    if running:
        url = running[0].url
    else:
        host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(settings.host, settings.host)
        url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port or 8700}"
    return settings.model_copy(update={"public_url": url})


def _notes(folder: Path) -> Iterator[tuple[Listener | None, Path]]:
    """Every note with the server that holds it; ``None``: its process is gone."""
    for path in sorted(folder.glob(_NAME.format("*"))):
        try:
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    read = json.loads(file.read())
                    yield Listener(str(read["url"]), int(read["pid"])), path
                else:
                    yield None, path
        except (OSError, ValueError, KeyError, TypeError):
            continue
