"""What a person reads when the settings, the keys, the data directory or the database stop a command.

What happened, why, and what to do, instead of a traceback. What is none of these is a defect and keeps its traceback.
"""

from __future__ import annotations

import errno
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

FULL = {errno.ENOSPC, errno.EDQUOT}
_SERVER = re.compile(r'connection to server (?:at|on socket) "(?P<host>[^"]*)"(?: \([^)]*\))?(?:, port (?P<port>\d+))?')


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
    if (sa := sys.modules.get("sqlalchemy.exc")) and isinstance(error, sa.SQLAlchemyError):
        return _database(error)
    return None


def _setting(error: Exception) -> Trouble:
    first = error.errors()[0]  # type: ignore[attr-defined]
    name = "_".join(map(str, first["loc"])).upper()
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    # What concerns several settings names them itself.
    what = f"The setting TREADLE_{name} is wrong: {said}." if name else f"{said}."
    return Trouble(what, "Correct it in the environment or treadle.toml.", 2)


def _file(error: OSError) -> Trouble | None:
    if error.filename is None:
        return None
    reason = (error.strerror or str(error)).lower()
    if error.errno in FULL:
        return Trouble(f"{error.filename} cannot be written: {reason}.", "Make room on that disk, then try again.")
    return Trouble(
        f"{error.filename} cannot be used: {reason}.",
        "Let this user read and write there, or name another data directory with TREADLE_DATA_DIR.",
    )


def _database(error: SQLAlchemyError) -> Trouble | None:
    """A database that cannot be reached or written; a refused statement is a defect."""
    import sqlalchemy as sa

    if isinstance(error, sa.exc.TimeoutError):
        return Trouble("The database has no free connection.", "Try again; with Postgres, look at its max_connections.")
    if isinstance(error, sa.exc.ArgumentError):
        return Trouble("TREADLE_DATABASE_URL is not the address of a database.", _EXAMPLE, 2)
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    if not (isinstance(error, sa.exc.OperationalError) or type(error) is sa.exc.DatabaseError):
        return None
    cause = str(error.orig).strip()
    if type(error.orig).__module__.startswith("sqlite3"):
        return _sqlite(cause)
    line = cause.splitlines()[0] if cause else "it gave no reason"
    where = _SERVER.search(line)
    at = f" at {where['host']}" + (f":{where['port']}" if where["port"] else "") if where else ""
    reason = line.rpartition("failed: ")[2].removeprefix("FATAL:").strip().rstrip(".")
    return Trouble(
        f"The database{at} cannot be opened: {reason}.",
        "Start Postgres or correct TREADLE_DATABASE_URL, then try again. 'treadle doctor' checks the whole set-up.",
    )


_EXAMPLE = "Write it like postgresql://user:password@host:5432/name, or leave it out: then it is SQLite."
_SQLITE = (
    (("readonly", "unable to open"), "Let this user write the file and its folder, or set another TREADLE_DATA_DIR."),
    (("locked",), "Another program holds it, such as a backup: try again when it has ended."),
    (("full",), "Make room on that disk, then try again."),
    (("malformed", "not a database", "disk i/o"), "Stop the server and put the last backup back (docs/running.md)."),
)


def _sqlite(cause: str) -> Trouble:
    from treadle.settings import Settings

    todo = next((todo for words, todo in _SQLITE if any(w in cause.lower() for w in words)), "See 'treadle doctor'.")
    path = Settings().resolved_database_url.removeprefix("sqlite:///")
    return Trouble(f"The database {path} cannot be opened: {cause}.", todo)
