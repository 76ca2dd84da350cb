"""Imports of posts from files, and which posts came by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store.statements import chunks
from treadle.store.tables import imports, parts, posts


@dataclass(frozen=True, slots=True)
class ImportRow:
    """``held``: its posts wait until somebody confirms that they are paused elsewhere. Times are epoch seconds."""

    id: str
    workspace_id: str
    name: str
    held: bool
    created_by: str
    created_at: float
    confirmed_at: float | None = None


_COLUMNS = [imports.c[field.name] for field in fields(ImportRow)]


def insert(conn: sa.Connection, row: ImportRow) -> None:
    conn.execute(sa.insert(imports).values({field.name: getattr(row, field.name) for field in fields(ImportRow)}))


def find(conn: sa.Connection, workspace_id: str, import_id: str) -> ImportRow | None:
    query = sa.select(*_COLUMNS).where(imports.c.id == import_id, imports.c.workspace_id == workspace_id)
    row = conn.execute(query).mappings().first()
    return ImportRow(**row) if row else None


def listing(conn: sa.Connection, workspace_id: str, *, limit: int) -> Sequence[ImportRow]:
    """Newest first."""
    query = sa.select(*_COLUMNS).where(imports.c.workspace_id == workspace_id)
    newest = query.order_by(imports.c.created_at.desc(), imports.c.id.desc()).limit(limit)
    return [ImportRow(**row) for row in conn.execute(newest).mappings()]


def set_confirmed(conn: sa.Connection, import_id: str, *, now: float) -> bool:
    """False: it was confirmed before, or needs no confirmation."""
    waiting = sa.and_(imports.c.id == import_id, imports.c.held.is_(True), imports.c.confirmed_at.is_(None))
    return conn.execute(sa.update(imports).where(waiting).values(confirmed_at=now)).rowcount == 1


def is_waiting(conn: sa.Connection, import_id: str | None) -> bool:
    """Whether posts of this import wait for its confirmation."""
    if import_id is None:
        return False
    waiting = sa.and_(imports.c.id == import_id, imports.c.held.is_(True), imports.c.confirmed_at.is_(None))
    return conn.execute(sa.select(imports.c.id).where(waiting)).first() is not None


def mark(conn: sa.Connection, post_id: str, *, import_id: str, import_key: str) -> None:
    """Note by which import a post came; ``import_key`` is the digest of its row."""
    conn.execute(sa.update(posts).where(posts.c.id == post_id).values(import_id=import_id, import_key=import_key))


def known_keys(conn: sa.Connection, workspace_id: str, keys: Collection[str]) -> dict[str, str]:
    """Those of these rows that were imported before, with their posts' ids."""
    found: dict[str, str] = {}
    for some in chunks(list(keys)):
        query = sa.select(posts.c.import_key, posts.c.id).where(
            posts.c.workspace_id == workspace_id, posts.c.import_key.in_(some)
        )
        found.update({row.import_key: row.id for row in conn.execute(query)})
    return found


def at_time(
    conn: sa.Connection, workspace_id: str, account_id: str, at: float
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Posts of the account that are meant for exactly this time and not canceled, with their first parts."""
    query = (
        sa.select(posts.c.id, parts.c.body)
        .join(parts, sa.and_(parts.c.post_id == posts.c.id, parts.c.position == 0))
        .where(
            posts.c.workspace_id == workspace_id,
            posts.c.account_id == account_id,
            posts.c.publish_at == at,
            posts.c.state != "canceled",
        )
    )
    return [(row.id, row.body) for row in conn.execute(query.order_by(posts.c.id))]


def posts_of(conn: sa.Connection, import_id: str, state: str | None = None) -> Sequence[str]:
    """Ids of the posts of an import, those due first before the others; ``state``: only those in it."""
    query = sa.select(posts.c.id).where(posts.c.import_id == import_id)
    if state is not None:
        query = query.where(posts.c.state == state)
    return list(conn.execute(query.order_by(posts.c.due_at, posts.c.id)).scalars())


def counts(conn: sa.Connection, import_id: str) -> dict[str, int]:
    """How many of its posts are in each state."""
    query = sa.select(posts.c.state, sa.func.count()).where(posts.c.import_id == import_id).group_by(posts.c.state)
    return {row[0]: int(row[1]) for row in conn.execute(query)}
