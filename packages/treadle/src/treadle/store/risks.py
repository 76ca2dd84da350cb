"""What the accounts module asks of many posts at once: what those of the next day depend on, and what they need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.store.statements import chunks
from treadle.store.tables import accounts, blockers, parts, posts


@dataclass(frozen=True, slots=True)
class DuePost:
    """A scheduled post, and what is known of its account. Times are epoch seconds."""

    id: str
    workspace_id: str
    account_id: str
    due_at: float
    health: str
    health_cause: Mapping[str, Any] | None
    username: str
    scopes: list[str] | None
    app_id: str
    token_expires_at: float | None
    grant_expires_at: float | None
    disconnected_at: float | None
    without_token: bool


@dataclass(frozen=True, slots=True)
class OpenCause:
    id: str
    scope: str
    key: str
    pattern: str
    cause: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class PartBody:
    """``body`` is as it was stored."""

    post_id: str
    body: Any
    is_reply: bool


@dataclass(frozen=True, slots=True)
class PartOptions:
    """A part, as far as it decides which permissions it needs."""

    account_id: str
    post_id: str
    options: Mapping[str, Any] | None
    is_reply: bool


def due_between(
    conn: sa.Connection, after: float, until: float, *, workspace_id: str | None = None, limit: int
) -> list[DuePost]:
    """Scheduled posts due in this time, soonest first; of one workspace, or of all."""
    of_posts = ("id", "workspace_id", "account_id", "due_at")
    columns = [
        accounts.c.token_enc.is_(None)
        if field.name == "without_token"
        else (posts if field.name in of_posts else accounts).c[field.name]
        for field in fields(DuePost)
    ]
    query = (
        sa.select(*columns)
        .join_from(posts, accounts, accounts.c.id == posts.c.account_id)
        .where(posts.c.state == "scheduled", posts.c.due_at > after, posts.c.due_at <= until)
    )
    if workspace_id is not None:
        query = query.where(posts.c.workspace_id == workspace_id)
    return [DuePost(*row) for row in conn.execute(query.order_by(posts.c.due_at).limit(limit))]


def open_causes(conn: sa.Connection, keys: Collection[str]) -> dict[tuple[str, str], OpenCause]:
    """By (scope, key), the open causes of these accounts and apps."""
    columns = [blockers.c[field.name] for field in fields(OpenCause)]
    scopes = blockers.c.scope.in_(("account", "app"))
    query = sa.select(*columns).where(blockers.c.repaired_at.is_(None), scopes, blockers.c.key.in_(keys))
    return {(row.scope, row.key): OpenCause(*row) for row in conn.execute(query)}


def bodies_of(conn: sa.Connection, post_ids: Sequence[str]) -> Iterator[PartBody]:
    """The parts of these posts."""
    columns = (parts.c.post_id, parts.c.body, parts.c.is_reply)
    for some in chunks(post_ids):
        query = sa.select(*columns).where(parts.c.post_id.in_(some))
        yield from (PartBody(*row) for row in conn.execute(query))


def options_of_unfinished(conn: sa.Connection) -> Iterator[PartOptions]:
    """The parts of all posts that are neither drafts nor over."""
    columns = (posts.c.account_id, parts.c.post_id, parts.c.body["options"], parts.c.is_reply)
    query = sa.select(*columns).join_from(parts, posts, posts.c.id == parts.c.post_id)
    for row in conn.execute(query.where(posts.c.state.not_in([*FINAL, "draft"]))):
        yield PartOptions(*row)
