"""What Meta sent without being asked: signed messages by their digest, and requests to delete data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import deletion_requests, meta_events


@dataclass(frozen=True, slots=True)
class DeletionRow:
    """One request to delete a person's data; times are epoch seconds."""

    code: str
    state: str
    requested_at: float
    done_at: float | None


def insert_once(conn: sa.Connection, digest: str, topic: str, payload: Mapping[str, Any], *, now: float) -> bool:
    """Keep a message by its digest; false when it came before."""
    if conn.execute(sa.select(meta_events.c.id).where(meta_events.c.digest == digest)).first() is not None:
        return False
    row = {"digest": digest, "topic": topic, "payload": dict(payload), "received_at": now}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(meta_events).values(row))
    except sa.exc.IntegrityError:  # the same message through another process at the same moment
        return False
    return True


def first_deletion_of(conn: sa.Connection, threads_user_id: str) -> str | None:
    """The code of this person's first request."""
    query = sa.select(deletion_requests.c.code).where(deletion_requests.c.threads_user_id == threads_user_id)
    return conn.execute(query.order_by(deletion_requests.c.requested_at)).scalar()


def find_deletion(conn: sa.Connection, code: str) -> DeletionRow | None:
    r = deletion_requests.c
    row = conn.execute(sa.select(r.code, r.state, r.requested_at, r.done_at).where(r.code == code)).first()
    return DeletionRow(*row) if row is not None else None


def insert_deletion(conn: sa.Connection, code: str, threads_user_id: str, *, now: float) -> None:
    """A request that is done already."""
    row = {"code": code, "threads_user_id": threads_user_id, "state": "done", "requested_at": now, "done_at": now}
    conn.execute(sa.insert(deletion_requests).values(row))


def last_received_at(conn: sa.Connection) -> float | None:
    return conn.execute(sa.select(sa.func.max(meta_events.c.received_at))).scalar()


def delete(conn: sa.Connection, *, before: float) -> int:
    """Messages received before then; how many there were."""
    return conn.execute(sa.delete(meta_events).where(meta_events.c.received_at < before)).rowcount
