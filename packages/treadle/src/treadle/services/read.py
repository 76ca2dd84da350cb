"""Posts as people and programs read them: the JSON of the API, the same for pages and command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import STATE_WORDS
from treadle.domain.times import asked, duration_text
from treadle.domain.times import iso as iso  # where its readers look for it
from treadle.store.tables import accounts, blockers, events, parts, post_blockers, posts
from treadle.store.visible_blockers import blocker_page, blocker_row

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a workspace's posts is asked for. Times are epoch seconds; ``after`` is a cursor of an earlier page."""

    states: Sequence[str] = ()
    lanes: Sequence[str] = ()
    patterns: Sequence[str] = ()
    account_id: str | None = None
    label: str | None = None
    text: str | None = None
    due_from: float | None = None
    due_to: float | None = None
    blocker_id: str | None = None
    sort: str = "-created_at"  # created_at, due_at, updated_at, published_at; "-" for descending


SORTS = ("created_at", "due_at", "updated_at", "published_at")


def post_json(conn: sa.Connection, workspace_id: str, post_id: str) -> dict[str, Any] | None:
    """One post, or ``None`` when this workspace has no such post."""
    row = (
        conn.execute(sa.select(posts).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id))
        .mappings()
        .first()
    )
    return _many(conn, [dict(row)])[0] if row else None


def posts_json(conn: sa.Connection, workspace_id: str, post_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Those of these posts that this workspace has, in the order of the ids."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(post_ids), MAX_PAGE):
        where = (posts.c.workspace_id == workspace_id, posts.c.id.in_(post_ids[start : start + MAX_PAGE]))
        rows = [dict(row) for row in conn.execute(sa.select(posts).where(*where)).mappings()]
        found |= {post["id"]: post for post in _many(conn, rows)}
    return [found[id_] for id_ in dict.fromkeys(post_ids) if id_ in found]


def sort_of_cursor(cursor: str) -> str:
    """The sort a cursor of :func:`list_posts` was made under (its third piece; ``""``: it has none)."""
    return cursor.partition("~")[2].partition("~")[2]


def list_posts(
    conn: sa.Connection, workspace_id: str, filters: Filters, *, limit: int = 50, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of posts and the cursor of the next one (``None``: this was the last).

    A cursor is ``value~id~sort`` and goes on only under that sort; one of another sort begins again at the first page.
    """
    limit = max(1, min(MAX_PAGE, limit))
    name = filters.sort.removeprefix("-")
    descending = filters.sort.startswith("-")
    column = posts.c[name if name in SORTS else "created_at"]
    key: sa.ColumnElement[Any] = sa.func.coalesce(column, 0.0)
    query = sa.select(posts, key.label("sort_key")).where(posts.c.workspace_id == workspace_id, *_where(filters))
    if after and sort_of_cursor(after) == filters.sort:
        at, last, _ = after.split("~", 2)
        try:
            value = float(at)
        except ValueError:
            value = 0.0
        beyond = sa.tuple_(key, posts.c.id)
        mark = sa.tuple_(sa.literal(value), sa.literal(last))
        query = query.where(beyond < mark if descending else beyond > mark)
    order = (key.desc(), posts.c.id.desc()) if descending else (key.asc(), posts.c.id.asc())
    rows = conn.execute(query.order_by(*order).limit(limit + 1)).mappings().all()
    page = [dict(row) for row in rows[:limit]]
    cursor = f"{page[-1]['sort_key']!r}~{page[-1]['id']}~{filters.sort}" if len(rows) > limit else None
    return _many(conn, page), cursor


def post_ids(
    conn: sa.Connection, workspace_id: str, filters: Filters, *, limit: int, after: str | None = None
) -> tuple[list[str], str | None]:
    """Ids of the posts asked for, in the order they were made, and the id to go on ``after`` (``None``: no more)."""
    query = sa.select(posts.c.id).where(posts.c.workspace_id == workspace_id, *_where(filters))
    if after:
        query = query.where(posts.c.id > after)
    ids = list(conn.execute(query.order_by(posts.c.id).limit(limit + 1)).scalars())
    return ids[:limit], ids[limit - 1] if len(ids) > limit else None


def count_posts(conn: sa.Connection, workspace_id: str, filters: Filters, *, after: str | None = None) -> int:
    """How many posts :func:`post_ids` would go through, from ``after`` on."""
    query = sa.select(sa.func.count()).select_from(posts).where(posts.c.workspace_id == workspace_id, *_where(filters))
    return int(conn.execute(query.where(posts.c.id > after) if after else query).scalar_one())


def _where(filters: Filters) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if filters.states:
        where.append(posts.c.state.in_(filters.states))
    if filters.lanes:
        where.append(posts.c.cause_lane.in_(filters.lanes))
    if filters.patterns:
        where.append(posts.c.cause_pattern.in_(filters.patterns))
    if filters.account_id:
        where.append(posts.c.account_id == filters.account_id)
    if filters.due_from is not None:
        where.append(posts.c.due_at >= filters.due_from)
    if filters.due_to is not None:
        where.append(posts.c.due_at < filters.due_to)
    if filters.blocker_id:
        behind = sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id == filters.blocker_id)
        where.append(posts.c.id.in_(behind))
    if filters.label:
        # In JSON the label may stand with or without escapes, by database and by how it was written.
        written = {json.dumps(filters.label, ensure_ascii=ascii_) for ascii_ in (True, False)}
        labels = sa.cast(posts.c.labels, sa.Text)
        where.append(sa.or_(*(labels.contains(w, autoescape=True) for w in sorted(written))))
    if filters.text:
        text = parts.c.body["text"].as_string()
        # SQLite folds ASCII only: other letters are tried as they were sent, small and large.
        tries = {filters.text, filters.text.lower(), filters.text.upper(), filters.text.capitalize()}
        found = sa.select(parts.c.post_id).where(
            sa.or_(
                sa.func.lower(text).contains(filters.text.lower(), autoescape=True),
                *(text.contains(t, autoescape=True) for t in sorted(tries)),
            )
        )
        where.append(posts.c.id.in_(found))
    return where


def _many(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    by_post: dict[str, list[Mapping[str, Any]]] = {}
    for part in conn.execute(
        sa.select(parts).where(parts.c.post_id.in_(ids)).order_by(parts.c.post_id, parts.c.position)
    ).mappings():
        by_post.setdefault(part["post_id"], []).append(dict(part))
    held: dict[str, list[str]] = {}
    for row in conn.execute(
        sa.select(post_blockers)
        .join(blockers, blockers.c.id == post_blockers.c.blocker_id)
        .where(post_blockers.c.post_id.in_(ids), blockers.c.repaired_at.is_(None))
    ):
        held.setdefault(row.post_id, []).append(row.blocker_id)
    names = {
        row.id: row.username
        for row in conn.execute(
            sa.select(accounts.c.id, accounts.c.username).where(accounts.c.id.in_({r["account_id"] for r in rows}))
        )
    }
    return [_one(row, by_post.get(row["id"], []), held.get(row["id"], []), names) for row in rows]


def _one(
    row: Mapping[str, Any],
    post_parts: Sequence[Mapping[str, Any]],
    blocker_ids: list[str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    first = post_parts[0] if post_parts else None
    at, zone = asked(row["publish_at_text"])
    return {
        "id": row["id"],
        "account_id": row["account_id"],
        "username": names.get(row["account_id"], ""),
        "state": row["state"],
        "state_label": STATE_WORDS[row["state"]],
        "stage": row["stage"],
        "why": row["why"],
        "text": (first["body"] or {}).get("text", "") if first else "",
        "parts": [_part(part) for part in post_parts],
        "cause": row["cause"],
        "blocker_ids": blocker_ids,
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


def _part(row: Mapping[str, Any]) -> dict[str, Any]:
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
    known = conn.execute(
        sa.select(posts.c.id).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    ).first()
    if known is None:
        return None
    rows = conn.execute(sa.select(events).where(events.c.post_id == post_id).order_by(events.c.id)).mappings()
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


def counts(conn: sa.Connection, workspace_id: str) -> dict[str, int]:
    """How many posts are in each state."""
    rows = conn.execute(
        sa.select(posts.c.state, sa.func.count()).where(posts.c.workspace_id == workspace_id).group_by(posts.c.state)
    )
    return {state: count for state, count in rows}  # noqa: C416
