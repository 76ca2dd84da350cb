"""Ids and addresses of live parts: whose are missing, and what is found later."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from treadle.domain.run_state import PartUpdate, PartView
from treadle.store.clauses import stops_reading
from treadle.store.posts import attempt_of
from treadle.store.runs import update_part
from treadle.store.tables import accounts, blockers, parts, posts
from treadle.store.timeline import Note, add_note


def parent_id(conn: sa.Connection, part: PartView) -> str | None:
    """The id on Threads of what the part replies to: the part before it, or what its options name."""
    if part.position == 0:
        return str(part.options.get("reply_to_id") or "") or None
    before = (parts.c.post_id == part.post_id) & (parts.c.position == part.position - 1)
    found: str | None = conn.execute(sa.select(parts.c.threads_id).where(before)).scalar()
    return found


def without_address(conn: sa.Connection, now: float, *, since: float) -> list[dict[str, Any]]:
    """Rows of live parts of finished posts whose address is missing, of accounts that can be read; the newest 500."""
    unreadable = sa.select(blockers.c.key).where(
        blockers.c.scope == "account", blockers.c.repaired_at.is_(None), stops_reading
    )
    rows = conn.execute(
        sa.select(parts)
        .join(posts, posts.c.id == parts.c.post_id)
        .join(accounts, accounts.c.id == parts.c.account_id)
        .where(
            parts.c.published_at > since,
            parts.c.permalink.is_(None),
            posts.c.state == "published",
            accounts.c.disconnected_at.is_(None),
            accounts.c.token_enc.is_not(None),
            accounts.c.id.not_in(unreadable),
            sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until <= now),
        )
        .order_by(parts.c.published_at.desc())
        .limit(500)
    )
    return [dict(row) for row in rows.mappings()]


def live_with_code(conn: sa.Connection, workspace_id: str, code: str) -> list[tuple[str, str]]:
    """Ids on Threads and addresses of the workspace's live parts whose address holds this code."""
    query = sa.select(parts.c.threads_id, parts.c.permalink).where(
        parts.c.workspace_id == workspace_id,
        parts.c.threads_id.is_not(None),
        parts.c.permalink.contains(f"/{code}", autoescape=True),
    )
    return [(str(id_), str(address)) for id_, address in conn.execute(query.limit(20))]


def keep_found(conn: sa.Connection, part: PartView, change: PartUpdate, notes: list[Note], *, now: float) -> None:
    """Update a part after its post is finished, with what was asked for that in the timeline."""
    update_part(conn, part.id, change)
    attempt = attempt_of(conn, part.post_id)
    for note in notes:
        add_note(conn, part.post_id, part.workspace_id, attempt, note, now=now)
