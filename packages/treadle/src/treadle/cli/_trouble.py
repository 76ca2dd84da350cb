"""What a person reads when the settings, the keys, the data directory or the database stop a command.

What happened, why, and what to do, instead of a traceback. What is none of these is a defect and keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.disk import is_full
from treadle.domain.plain_errors import plain_error

if TYPE_CHECKING:
    from treadle.store.trouble import DatabaseTrouble


@dataclass(frozen=True, slots=True)
class Trouble:
    """``message``: what happened and why; ``todo``: the way out; ``code``: 1, or 2 when a setting is wrong."""

    message: str
    todo: str = ""
    code: int = 1

    def __str__(self) -> str:
        return f"{self.message}\n{self.todo}" if self.todo else self.message


def trouble_of(error: Exception) -> Trouble | None:
    """The trouble in words; ``None`` when it is a defect. Loads nothing that the command had not loaded."""
    if isinstance(error, OSError):
        return _file(error)
    if (pydantic := sys.modules.get("pydantic_core")) and isinstance(error, pydantic.ValidationError):
        return _setting(error) if error.title == "Settings" else None
    if (private := sys.modules.get("treadle.private")) and isinstance(error, private.KeyFileError):
        return Trouble(str(error))
    if (engine := sys.modules.get("treadle.engine.engine")) and isinstance(error, engine.AlreadyRunning):
        return Trouble(str(error))
    if (store := sys.modules.get("treadle.store.database")) and isinstance(error, store.SeveralNames):
        return Trouble(str(error))
    if "sqlalchemy.exc" in sys.modules:
        from treadle.store.trouble import trouble_of as database_trouble

        found = database_trouble(error)
        return _database(found) if found else None
    return None


def _setting(error: Exception) -> Trouble:
    first = error.errors()[0]  # type: ignore[attr-defined]
    name = "_".join(map(str, first["loc"])).upper()
    message = plain_error(first["msg"])
    # What concerns several settings names them itself.
    what = f"The setting TREADLE_{name} is wrong: {message}." if name else f"{message}."
    return Trouble(what, "Correct it in the environment or treadle.toml.", 2)


def _file(error: OSError) -> Trouble | None:
    if error.filename is None:  # a write to what is open already
        return Trouble("The disk is full.", "Make room on it, then try again.") if is_full(error) else None
    reason = (error.strerror or str(error)).lower()
    if is_full(error):
        return Trouble(f"{error.filename} cannot be written: {reason}.", "Make room on that disk, then try again.")
    todo = "Let this user read and write there, or name another data directory with TREADLE_DATA_DIR."
    if not _is_ours(error.filename):
        todo = "Name another file, or let this user read and write there."
    return Trouble(f"{error.filename} cannot be used: {reason}.", todo)


def _is_ours(name: str | bytes | int) -> bool:
    """Whether a file is the data directory, in it, or above it."""
    if (settings := sys.modules.get("treadle.settings")) is None:
        return False
    try:
        data = settings.Settings().data_dir.absolute()
        file = Path(os.fsdecode(name)).absolute() if not isinstance(name, int) else data
    except ValueError:
        return True
    return file == data or data in file.parents or file in data.parents


def _database(found: DatabaseTrouble) -> Trouble:
    if found.kind == "busy":
        return Trouble("The database has no free connection.", "Try again; with Postgres, check its max_connections.")
    if found.kind == "wrong_address":
        return Trouble("TREADLE_DATABASE_URL is not the URL of a database.", _EXAMPLE, 2)
    if found.kind == "sqlite":
        return _sqlite(found.reason)
    return Trouble(
        f"The database{f' at {found.at}' if found.at else ''} cannot be opened: {found.reason}.",
        "Start Postgres or correct TREADLE_DATABASE_URL, then try again. 'treadle doctor' checks the whole setup.",
    )


_EXAMPLE = "Write it like postgresql://user:password@host:5432/name, or leave it out to use SQLite."


def _sqlite(cause: str) -> Trouble:
    from treadle.settings import Settings
    from treadle.store.trouble import sqlite_reason, sqlite_todo

    path = Path(Settings().resolved_database_url.removeprefix("sqlite:///"))
    reason = sqlite_reason(cause, path.parent)
    return Trouble(f"The database {path} cannot be opened: {reason}.", sqlite_todo(reason) or "See 'treadle doctor'.")
