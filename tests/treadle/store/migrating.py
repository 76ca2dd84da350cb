"""A ``treadle migrate`` that kills itself at a chosen point, in a process that has everything loaded already."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from typing import Any, Final

import sqlalchemy as sa

from treadle.services import backup, migrating
from treadle.settings import Settings
from treadle.store import migrate, open_database

assert backup  # loaded before the fork
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.treadle.store.migrating"])

# What the backup does between two files, and the start of a program such as pg_dump.
FILE_EVENTS: Final = frozenset({"open", "os.rename", "os.link", "os.mkdir", "sqlite3.connect", "subprocess.Popen"})


class Points:
    """Counts statements of any database of this process, and what is done to files of its data directory."""

    def __init__(self, last: int | None) -> None:
        self.count, self._last = 0, last
        sa.event.listen(sa.Engine, "before_cursor_execute", lambda *_: self.reached())
        sa.event.listen(sa.Engine, "commit", lambda *_: self.reached())

    def watch_files(self, folder: str) -> None:
        def heard(event: str, args: tuple[Any, ...]) -> None:
            if event in FILE_EVENTS and (event == "subprocess.Popen" or any(folder in str(arg) for arg in args[:2])):
                self.reached()

        sys.addaudithook(heard)

    def reached(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def migrated(values: dict[str, Any], last: int | None, tell: Any) -> None:
    """What ``treadle migrate`` does; dies at point ``last``, else tells how many points there were."""
    settings = Settings(**values)
    points = Points(last)
    points.watch_files(str(settings.data_dir))
    database = open_database(settings)
    try:
        if not migrate.current(database):
            migrating.back_up_before(settings, database, now=time.time())
            migrate.upgrade(database)
    finally:
        database.close()
    tell.send(points.count)
    tell.close()
    os._exit(0)


def run(settings: Settings, last: int | None = None) -> int | None:
    """Migrate in a process of its own; how many points it passed, ``None`` when it was killed at ``last``."""
    values = {**settings.model_dump(mode="json"), "log_level": "error", "threads_app_secret": "", "secret_keys": ""}
    heard, tell = context.Pipe(duplex=False)
    process = context.Process(target=migrated, args=(values, last, tell), daemon=True)
    process.start()
    tell.close()
    try:
        passed: int | None = heard.recv()
    except EOFError:
        passed = None
    process.join(60)
    heard.close()
    assert process.exitcode == (0 if passed is not None else -signal.SIGKILL), process.exitcode
    return passed
