"""Why a database cannot be used, as facts that a person can be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

Kind = Literal["busy", "wrong_address", "sqlite", "server"]
_SERVER = re.compile(r'connection to server (?:at|on socket) "(?P<host>[^"]*)"(?: \([^)]*\))?(?:, port (?P<port>\d+))?')


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
