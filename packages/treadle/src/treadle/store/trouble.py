"""Why a database cannot be used, as facts that a person can be told."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa

Kind = Literal["busy", "wrong_address", "sqlite", "server"]
_SERVER = re.compile(r'connection to server (?:at|on socket) "(?P<host>[^"]*)"(?: \([^)]*\))?(?:, port (?P<port>\d+))?')


SQLITE_NEEDS: Final = 1_000_000  # bytes: less is no room for its log and its shared memory
FULL: Final = "the disk is full"


@dataclass(frozen=True, slots=True)
class DatabaseTrouble:
    """``at``: host and port of a server where known; ``reason``: the driver's own words."""

    kind: Kind
    reason: str = ""
    at: str = ""


def trouble_of(error: Exception) -> DatabaseTrouble | None:
    """Why the database cannot be reached or written; ``None`` for a refused statement, which is a defect."""
    if isinstance(error, sa.exc.TimeoutError):
        return DatabaseTrouble("busy")
    if isinstance(error, sa.exc.ArgumentError):
        return DatabaseTrouble("wrong_address")
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    if not (isinstance(error, sa.exc.OperationalError) or type(error) is sa.exc.DatabaseError):
        return None
    cause = str(error.orig).strip()
    if type(error.orig).__module__.startswith("sqlite3"):
        return DatabaseTrouble("sqlite", cause)
    line = cause.splitlines()[0] if cause else "it gave no reason"
    where = _SERVER.search(line)
    at = where["host"] + (f":{where['port']}" if where["port"] else "") if where else ""
    return DatabaseTrouble("server", line.rpartition("failed: ")[2].removeprefix("FATAL:").strip().rstrip("."), at)


def sqlite_reason(reason: str, folder: Path) -> str:
    """SQLite's ``reason``, or that the disk of ``folder`` is full: SQLite calls that an I/O error, or says that it
    cannot open the file, when it has no room to make its shared memory."""
    words = reason.lower()
    if "full" in words or (("disk i/o" in words or "unable to open" in words) and _is_full(folder)):
        return FULL
    return reason


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < SQLITE_NEEDS
    except OSError:
        return False


def sqlite_todo(reason: str) -> str:
    """What to do about a SQLite file that cannot be used for this reason (:func:`sqlite_reason`)."""
    return next((todo for words, todo in _SQLITE if any(word in reason.lower() for word in words)), "")


_SQLITE = (
    (("full",), "Make room on that disk, then try again."),
    (("readonly", "unable to open"), "Let this user write the file and its folder, or set another TREADLE_DATA_DIR."),
    (("locked",), "Another program holds it, such as a backup: try again when it has ended."),
    (
        ("disk i/o",),
        "Check the disk: the system's log says more. If it is lost, restore a backup (docs/running.md).",
    ),
    (("malformed", "not a database"), "Stop the server and restore the last backup (docs/running.md)."),
)
