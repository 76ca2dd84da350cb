"""Posts as people and programs read them: the JSON of the API, the same for pages and command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import STATE_WORDS
from treadle.domain.times import asked, duration_text
from treadle.domain.times import iso as iso  # where its readers look for it
from treadle.store.posts_read import SORTS as SORTS
from treadle.store.posts_read import Filters as Filters
from treadle.store.posts_read import StoredPost, events_of, page_of_posts, posts_of
from treadle.store.posts_read import count_posts as count_posts
from treadle.store.posts_read import counts as counts
from treadle.store.posts_read import post_ids as post_ids
from treadle.store.posts_read import sort_of_cursor as sort_of_cursor
from treadle.store.visible_blockers import blocker_page, blocker_row


def post_json(conn: sa.Connection, workspace_id: str, post_id: str) -> dict[str, Any] | None:
    """One post, or ``None`` when this workspace has no such post."""
    found = posts_of(conn, workspace_id, [post_id])
    return _post(found[0]) if found else None


def posts_json(conn: sa.Connection, workspace_id: str, post_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Those of these posts that this workspace has, in the order of the ids."""
    return [_post(post) for post in posts_of(conn, workspace_id, post_ids)]


def list_posts(
    conn: sa.Connection, workspace_id: str, filters: Filters, *, limit: int = 50, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of posts and the cursor of the next one (``None``: this was the last)."""
    page, cursor = page_of_posts(conn, workspace_id, filters, limit=limit, after=after)
    return [_post(post) for post in page], cursor


def _post(post: StoredPost) -> dict[str, Any]:
    row = post.row
    first = post.parts[0] if post.parts else None
    at, zone = asked(row["publish_at_text"])
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "username": row["username"],
        "state": row["state"],
        "state_label": STATE_WORDS[row["state"]],
        "stage": row["stage"],
        "why": row["why"],
        "text": (first["body"] or {}).get("text", "") if first else "",
        "parts": [_part(part) for part in post.parts],
        "cause": row["cause"],
        "blocker_ids": [*post.blocker_ids],
        "next": {"what": row["next_what"], "at": iso(row["next_at"])} if row["next_what"] else None,
        "publish_at": iso(row["publish_at"]),
        "publish_at_asked": at,
        "zone": zone,
        "due_at": iso(row["due_at"]),
        "max_lateness": row["max_lateness"],
        "max_lateness_iso": duration_text(row["max_lateness"]),
        "approval": row["approval"],
        "attempt": row["attempt"],
        "metadata": row["metadata"],
        "labels": row["labels"],
        "version": row["version"],
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
        "published_at": iso(row["published_at"]) if row["state"] == "published" else None,
    }


def _part(row: sa.RowMapping) -> dict[str, Any]:
    body = row["body"] or {}
    return {
        "id": row["id"],
        "position": row["position"],
        "state": row["state"],
        "kind": row["kind"],
        "text": body.get("text", ""),
        "media": [{k: v for k, v in m.items() if k != "token"} for m in body.get("media") or []],
        "options": body.get("options") or {},
        "container_id": row["container_id"],
        "container_status": row["container_status"],
        "container_made_at": iso(row["container_made_at"]),
        "sends": row["sends"],
        "unclear": row["unclear"],
        "threads_id": row["threads_id"],
        "permalink": row["permalink"],
        "published_at": iso(row["published_at"]),
        "cause": row["cause"],
    }


def timeline(conn: sa.Connection, workspace_id: str, post_id: str) -> list[dict[str, Any]] | None:
    """A post's events, oldest first; ``None`` when this workspace has no such post."""
    rows = events_of(conn, workspace_id, post_id)
    if rows is None:
        return None
    return [
        {
            "id": row["id"],
            "part": row["part"],
            "attempt": row["attempt"],
            "stage": row["stage"],
            "kind": row["kind"],
            "what": row["what"],
            "started_at": iso(row["started_at"]),
            "duration_s": round(row["duration_s"], 4) if row["duration_s"] is not None else None,
            "outcome": row["outcome"],
            "request": row["request"],
            "answer": row["answer"],
            "diagnosis": row["diagnosis"],
            "decision": row["decision"],
        }
        for row in rows
    ]


def blocker_json(row: sa.RowMapping) -> dict[str, Any]:
    """A row of :mod:`treadle.store.visible_blockers` as the API gives it."""
    return {
        "id": row["id"],
        "scope": row["scope"],
        "key": row["key"],
        "pattern": row["pattern"],
        "lane": row["lane"],
        "action": row["action"],
        "cause": row["cause"],
        "opened_at": iso(row["opened_at"]),
        "repaired_at": iso(row["repaired_at"]),
        "repaired_by": row["repaired_by"],
        "checks": row["checks"],
        "checked_at": iso(row["checked_at"]),
        "next_check_at": iso(row["next_check_at"]),
        "posts_waiting": row["posts_waiting"],
        "oldest_due_at": iso(row["oldest_due_at"]),
    }


def list_blockers(
    conn: sa.Connection,
    workspace_id: str,
    *,
    open_only: bool = True,
    limit: int | None = None,
    before: str | None = None,
) -> list[dict[str, Any]]:
    """The blockers this workspace can see, newest first, ``limit`` of them. ``before``: id of the last one seen."""
    rows = blocker_page(conn, workspace_id, open_only=open_only, limit=limit, before=before)
    return [blocker_json(row) for row in rows]


def get_blocker(conn: sa.Connection, workspace_id: str, blocker_id: str) -> dict[str, Any] | None:
    row = blocker_row(conn, workspace_id, blocker_id)
    return blocker_json(row) if row else None
