"""Links for connecting an account, as they are stored: a digest, never the link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store.tables import connect_links


@dataclass(frozen=True, slots=True)
class LinkRow:
    """``account_id``: the account to be reconnected; ``outcome``: what came of it. Times are epoch seconds."""

    id: str
    workspace_id: str
    account_id: str | None
    return_url: str | None
    scopes: list[str]
    created_at: float
    expires_at: float
    opened_at: float | None = None
    used_at: float | None = None
    outcome: Mapping[str, Any] | None = None


_COLUMNS = [connect_links.c[field.name] for field in fields(LinkRow)]


def insert(conn: sa.Connection, row: LinkRow, state_hash: str) -> None:
    values = {field.name: getattr(row, field.name) for field in fields(LinkRow)}
    conn.execute(sa.insert(connect_links).values(**values, state_hash=state_hash))


def with_hash(conn: sa.Connection, state_hash: str) -> LinkRow | None:
    row = conn.execute(sa.select(*_COLUMNS).where(connect_links.c.state_hash == state_hash)).mappings().first()
    return LinkRow(**row) if row else None


def outcome_of(conn: sa.Connection, link_id: str) -> Mapping[str, Any]:
    return conn.execute(sa.select(connect_links.c.outcome).where(connect_links.c.id == link_id)).scalar() or {}


def set_opened(conn: sa.Connection, link_id: str, outcome: Mapping[str, Any], *, now: float) -> None:
    mine = connect_links.c.id == link_id
    conn.execute(sa.update(connect_links).where(mine).values(opened_at=now, outcome=dict(outcome)))


def set_outcome(conn: sa.Connection, link_id: str, outcome: Mapping[str, Any], *, again: bool) -> None:
    """``again``: the link is unused again."""
    values: dict[str, Any] = {"outcome": dict(outcome)}
    if again:
        values["used_at"] = None
    conn.execute(sa.update(connect_links).where(connect_links.c.id == link_id).values(**values))


def set_used(conn: sa.Connection, link_id: str, *, was: float | None, now: float) -> bool:
    """Set when it was used, by compare-and-set from ``was``; false when somebody else did."""
    used = connect_links.c.used_at
    same = sa.and_(connect_links.c.id == link_id, used.is_(None) if was is None else used == was)
    return conn.execute(sa.update(connect_links).where(same).values(used_at=now)).rowcount == 1


def delete_expired(conn: sa.Connection, before: float) -> int:
    """Links that expired before then; how many."""
    return conn.execute(sa.delete(connect_links).where(connect_links.c.expires_at < before)).rowcount
