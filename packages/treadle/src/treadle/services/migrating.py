"""Bringing a database up to date, after a backup of it as it was: going back to the release before is restoring."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Final

from treadle import private
from treadle.services.backup import STAGE, back_up
from treadle.settings import Settings
from treadle.store import Database, migrate

FOLDER: Final = "backups"
LEFTOVER_S: Final = 3600.0  # an unfinished backup older than this belongs to a process that was killed


def back_up_before(settings: Settings, database: Database, *, now: float) -> Path | None:
    """Back up database and keys to ``backups`` in the data directory if our tables are about to change.

    Returns the new folder, for ``treadle restore``; ``None`` when there is nothing to keep: the database is new, or
    only the tables of the queue are missing. Files of media are not in it: no migration touches them. Raises
    ``DatabaseNotCopied`` when PostgreSQL's programs are not there or fail.
    """
    at, newest = migrate.versions(database)
    if at is None or at == newest:
        return None
    folder = settings.data_dir / FOLDER
    private.make_directory(folder)
    _remove_leftovers(folder, now)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    target = folder / f"before-{newest}-{moment}-{os.getpid()}"
    return back_up(settings, target, keys=True, media=False, now=now).place


def _remove_leftovers(folder: Path, now: float) -> None:
    for found in folder.glob(f"{STAGE}*"):
        with contextlib.suppress(OSError):
            if found.stat().st_mtime < now - LEFTOVER_S:
                shutil.rmtree(found, ignore_errors=True)
