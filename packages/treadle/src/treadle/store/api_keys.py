"""API keys as they are stored: digests, never the keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

import sqlalchemy as sa

from treadle.store.tables import api_keys


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key; times are epoch seconds."""

    id: str
    workspace_id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    revoked_at: float | None


_COLUMNS = [api_keys.c[field.name] for field in fields(KeyRow)]


def insert(conn: sa.Connection, key: KeyRow, key_hash: str) -> None:
    values = {field.name: getattr(key, field.name) for field in fields(KeyRow)}
    conn.execute(sa.insert(api_keys).values(**values, key_hash=key_hash))


def find(conn: sa.Connection, workspace_id: str, key_id: str) -> KeyRow | None:
    return _one(conn, sa.and_(api_keys.c.id == key_id, api_keys.c.workspace_id == workspace_id))


def with_id(conn: sa.Connection, key_id: str) -> KeyRow | None:
    """The key with this id, of any workspace."""
    return _one(conn, api_keys.c.id == key_id)


def with_hash(conn: sa.Connection, key_hash: str) -> KeyRow | None:
    return _one(conn, api_keys.c.key_hash == key_hash)


def listing(conn: sa.Connection, workspace_id: str, *, newest_first: bool = False) -> Sequence[KeyRow]:
    made = api_keys.c.created_at
    query = sa.select(*_COLUMNS).where(api_keys.c.workspace_id == workspace_id)
    rows = conn.execute(query.order_by(made.desc() if newest_first else made)).mappings()
    return [KeyRow(**row) for row in rows]


def names_of(conn: sa.Connection, workspace_id: str, key_ids: Collection[str]) -> dict[str, str]:
    """The names of those of these keys that have one, by id."""
    if not key_ids:
        return {}
    query = sa.select(api_keys.c.id, api_keys.c.name)
    query = query.where(api_keys.c.workspace_id == workspace_id, api_keys.c.id.in_(key_ids))
    return {row.id: row.name for row in conn.execute(query) if row.name}


def set_used(conn: sa.Connection, key_id: str, *, now: float, unless_since: float) -> None:
    """Set the last use, unless one was noted since then."""
    used = api_keys.c.last_used_at
    stale = sa.or_(used.is_(None), used < unless_since)
    conn.execute(sa.update(api_keys).where(api_keys.c.id == key_id, stale).values(last_used_at=now))


def set_revoked(conn: sa.Connection, workspace_id: str, key_id: str, *, now: float) -> bool:
    """Whether there was a key of the workspace that was not revoked yet."""
    living = sa.and_(api_keys.c.id == key_id, api_keys.c.workspace_id == workspace_id, api_keys.c.revoked_at.is_(None))
    return conn.execute(sa.update(api_keys).where(living).values(revoked_at=now)).rowcount == 1


def _one(conn: sa.Connection, where: sa.ColumnElement[bool]) -> KeyRow | None:
    row = conn.execute(sa.select(*_COLUMNS).where(where)).mappings().first()
    return KeyRow(**row) if row else None
