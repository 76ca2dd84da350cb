"""Background jobs as they are stored: when each is due, who ran it, and what it noted. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from treadle.store import statements
from treadle.store.tables import jobs


def times(conn: sa.Connection) -> dict[str, float]:
    """When each job is due, by its name."""
    return {row.name: float(row.next_at) for row in conn.execute(sa.select(jobs.c.name, jobs.c.next_at))}


def next_at(conn: sa.Connection, name: str) -> float | None:
    """``None``: it has never run."""
    return conn.execute(sa.select(jobs.c.next_at).where(jobs.c.name == name)).scalar()


def insert_once(conn: sa.Connection, name: str, *, next_at: float, by: str) -> bool:
    """False when another worker did at the same moment."""
    try:
        with conn.begin_nested():
            statements.insert(conn, jobs, {"name": name, "next_at": next_at, "ran_by": by})
    except sa.exc.IntegrityError:
        return False
    return True


def take(conn: sa.Connection, name: str, *, was: float, next_at: float, by: str, now: float) -> bool:
    """Move it on by compare-and-set from ``was``; false when another worker did."""
    values = {"next_at": next_at, "ran_at": now, "ran_by": by}
    return statements.update(conn, jobs, values, name=name, next_at=was) == 1


def note(conn: sa.Connection, name: str) -> Mapping[str, Any] | None:
    """What the job noted; ``None``: there is no row of it. Empty when what it holds is no note."""
    row = conn.execute(sa.select(jobs.c.note).where(jobs.c.name == name)).first()
    if row is None:
        return None
    return row.note if isinstance(row.note, dict) else {}


def insert_note(conn: sa.Connection, name: str, note: Mapping[str, Any], *, now: float) -> None:
    """A row that is there for its note."""
    statements.insert(conn, jobs, {"name": name, "next_at": now, "note": dict(note)})


def set_note(conn: sa.Connection, name: str, note: Mapping[str, Any], *, ran_at: float | None = None) -> None:
    values: dict[str, Any] = {"note": dict(note)}
    if ran_at is not None:
        values["ran_at"] = ran_at
    statements.update(conn, jobs, values, name=name)


def delete_before(conn: sa.Connection, before: float) -> None:
    """Those that were due before then: nobody runs them any more."""
    conn.execute(sa.delete(jobs).where(jobs.c.next_at < before))


def notes(conn: sa.Connection) -> dict[str, Mapping[str, Any]]:
    """What each job noted, by its name; what holds no note is left out."""
    query = sa.select(jobs.c.name, jobs.c.note).order_by(jobs.c.name)
    return {row.name: row.note for row in conn.execute(query) if isinstance(row.note, dict)}
