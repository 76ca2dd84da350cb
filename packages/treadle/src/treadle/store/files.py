"""Kept files, as the row that stands for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.store.paging import beyond, cut
from treadle.store.tables import media, parts, posts

_ORDER = (media.c.created_at, media.c.id)


def find_media(conn: sa.Connection, workspace_id: str, media_id: str) -> dict[str, Any] | None:
    """The whole row of a file of this workspace; ``None`` when there is none, or it belongs to another workspace."""
    mine = (media.c.id == media_id, media.c.workspace_id == workspace_id)
    row = conn.execute(sa.select(media).where(*mine)).mappings().first()
    return dict(row) if row else None


def media_with_ids(conn: sa.Connection, workspace_id: str, media_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The whole rows of those of these files that are the workspace's; at most 500."""
    query = sa.select(media).where(media.c.workspace_id == workspace_id, media.c.id.in_(media_ids[:500]))
    return [dict(row) for row in conn.execute(query).mappings()]


def insert_media(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    conn.execute(sa.insert(media).values(**row))


def delete_media(conn: sa.Connection, media_id: str) -> None:
    conn.execute(sa.delete(media).where(media.c.id == media_id))


def set_job(
    conn: sa.Connection, media_id: str, job: Mapping[str, Any], prepared: Mapping[str, Any] | None = None
) -> None:
    """How far a repair is, and what it made once it is done."""
    values = {"job": dict(job), **({"prepared": dict(prepared)} if prepared is not None else {})}
    conn.execute(sa.update(media).where(media.c.id == media_id).values(**values))


@dataclass(frozen=True, slots=True)
class FileFilters:
    """Which files: ``words`` that the name or the source address contains, each of them; ``kind``: image or video;
    ``uploads``: without the copies that were made for one post."""

    words: tuple[str, ...] = ()
    kind: str = ""
    uploads: bool = False


EVERY_FILE = FileFilters()


def page_of(
    conn: sa.Connection, workspace_id: str, limit: int, after: str | None, filters: FileFilters = EVERY_FILE
) -> tuple[list[dict[str, Any]], str | None]:
    """Rows of kept files, newest first, and the cursor of the page that follows."""
    query = sa.select(media).where(media.c.workspace_id == workspace_id, *map(_says, filters.words))
    if filters.kind:
        query = query.where(media.c.content_type.startswith(f"{filters.kind}/", autoescape=True))
    if filters.uploads:
        query = query.where(media.c.used_by.is_(None))
    if after:
        at, _, last = after.partition("~")
        try:
            place = (float(at), last)
        except ValueError:
            place = (0.0, last)
        query = query.where(beyond(_ORDER, place, descending=True))
    query = query.order_by(*(column.desc() for column in _ORDER)).limit(limit + 1)
    rows, more = cut([dict(row) for row in conn.execute(query).mappings()], limit)
    return [*rows], f"{rows[-1]['created_at']!r}~{rows[-1]['id']}" if more else None


def _says(word: str) -> sa.ColumnElement[bool]:
    """Whether the name or the address contains this. SQLite folds ASCII only: other letters are also tried as said."""
    tries = sorted({word, word.lower(), word.upper(), word.capitalize()})
    named = (media.c.filename, media.c.source_url)
    folded = [sa.func.lower(column).contains(word.lower(), autoescape=True) for column in named]
    return sa.or_(*folded, *(column.contains(t, autoescape=True) for column in named for t in tries))


@dataclass(frozen=True, slots=True)
class FileUse:
    """A post, and those of the files asked about that its content or its prepared addresses name."""

    post_id: str
    media_ids: tuple[str, ...]


def uses_of(conn: sa.Connection, workspace_id: str, media_ids: Sequence[str]) -> list[FileUse]:
    """The workspace's posts that name any of these files, newest first; at most 100 files are asked about."""
    asked = list(dict.fromkeys(media_ids))[:100]
    if not asked:
        return []
    body, made = sa.cast(parts.c.body, sa.Text), sa.cast(parts.c.media_urls, sa.Text)
    named = [text.contains(f'"{one}"', autoescape=True) for one in asked for text in (body, made)]
    query = (
        sa.select(posts.c.id, body, made)
        .join(parts, parts.c.post_id == posts.c.id)
        .where(posts.c.workspace_id == workspace_id, sa.or_(*named))
        .order_by(posts.c.created_at.desc(), posts.c.id.desc(), parts.c.position)
    )
    found: dict[str, dict[str, None]] = {}
    for post_id, written, prepared in conn.execute(query):
        texts = (written or "", prepared or "")
        mine = found.setdefault(post_id, {})
        mine.update(dict.fromkeys(one for one in asked if any(f'"{one}"' in text for text in texts)))
    return [FileUse(post_id, tuple(ids)) for post_id, ids in found.items()]


def post_that_needs(conn: sa.Connection, workspace_id: str, media_id: str) -> str | None:
    """A post that is not published yet and names this file."""
    over = ("published", "failed", "canceled")
    query = (
        sa.select(posts.c.id)
        .join(parts, parts.c.post_id == posts.c.id)
        .where(
            posts.c.workspace_id == workspace_id,
            posts.c.state.not_in(over),
            sa.cast(parts.c.body, sa.Text).contains(f'"{media_id}"', autoescape=True),
        )
    )
    found: str | None = conn.execute(query.limit(1)).scalar()
    return found


@dataclass(frozen=True, slots=True)
class KeptFile:
    """Times are epoch seconds. ``uploaded``: not made for one post."""

    id: str
    expires_at: float | None
    created_at: float
    uploaded: bool


@dataclass(frozen=True, slots=True)
class NamingPost:
    """A post that names a file; ``updated_at`` is epoch seconds."""

    state: str
    updated_at: float


def over(
    conn: sa.Connection, after: tuple[float, str], *, expired: float, made_before: float, limit: int
) -> list[KeptFile]:
    """Files after the mark (created at, id) whose time was over at ``expired``, or that have no such time and were made
    before then; oldest first."""
    old = sa.and_(media.c.expires_at.is_(None), media.c.created_at < made_before)
    query = sa.select(media.c.id, media.c.expires_at, media.c.created_at, media.c.used_by).where(
        beyond(_ORDER, after), sa.or_(media.c.expires_at <= expired, old)
    )
    rows = conn.execute(query.order_by(*_ORDER).limit(limit))
    return [KeptFile(row.id, row.expires_at, row.created_at, row.used_by is None) for row in rows]


def posts_that_name(conn: sa.Connection, media_id: str) -> list[NamingPost]:
    """Posts whose content or prepared addresses name this file, in any state."""
    named = sa.or_(
        sa.cast(parts.c.body, sa.Text).contains(media_id, autoescape=True),
        sa.cast(parts.c.media_urls, sa.Text).contains(media_id, autoescape=True),
    )
    query = sa.select(posts.c.state, posts.c.updated_at).join(parts, parts.c.post_id == posts.c.id).where(named)
    return [NamingPost(*row) for row in conn.execute(query)]


def delete_all(conn: sa.Connection, media_ids: Sequence[str]) -> None:
    conn.execute(sa.delete(media).where(media.c.id.in_(media_ids)))


def all_ids(conn: sa.Connection) -> set[str]:
    return set(conn.execute(sa.select(media.c.id)).scalars())
