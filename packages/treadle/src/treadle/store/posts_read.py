"""Posts, their parts and their events as they are stored, for those who read them: one, several, a page, a count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.store import timeline
from treadle.store.paging import beyond, cut
from treadle.store.statements import chunks
from treadle.store.tables import accounts, blockers, events, parts, post_blockers, posts

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


# A post with the name of its account.
_POSTS = sa.select(posts, sa.func.coalesce(accounts.c.username, "").label("username")).select_from(
    posts.outerjoin(accounts, accounts.c.id == posts.c.account_id)
)


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A row of posts with the ``username`` of its account, its parts in order, and the open blockers it waits for.

    ``looked_at``: when the outage of Threads that it waits behind is looked at next. ``settles_at``: when it will be
    known whether the post that went first to test it was published, as long as that is in doubt.
    """

    row: sa.RowMapping
    parts: tuple[sa.RowMapping, ...]
    blocker_ids: tuple[str, ...]
    looked_at: float | None = None
    settles_at: float | None = None


def posts_of(conn: sa.Connection, workspace_id: str, post_ids: Sequence[str]) -> list[StoredPost]:
    """Those of these posts that this workspace has, in the order of the ids."""
    found: dict[str, StoredPost] = {}
    for some in chunks(post_ids, MAX_PAGE):
        where = (posts.c.workspace_id == workspace_id, posts.c.id.in_(some))
        rows = conn.execute(_POSTS.where(*where)).mappings().all()
        found |= {post.row["id"]: post for post in _whole(conn, rows)}
    return [found[id_] for id_ in dict.fromkeys(post_ids) if id_ in found]


def _whole(conn: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[StoredPost]:
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    by_post: dict[str, list[sa.RowMapping]] = {}
    query = sa.select(parts).where(parts.c.post_id.in_(ids)).order_by(parts.c.post_id, parts.c.position)
    for part in conn.execute(query).mappings():
        by_post.setdefault(part["post_id"], []).append(part)
    blocked: dict[str, list[str]] = {}
    outages: dict[str, Any] = {}
    for row in conn.execute(
        sa.select(post_blockers, blockers.c.scope, blockers.c.next_check_at, blockers.c.probe_post_id)
        .join(blockers, blockers.c.id == post_blockers.c.blocker_id)
        .where(post_blockers.c.post_id.in_(ids), blockers.c.repaired_at.is_(None))
    ):
        blocked.setdefault(row.post_id, []).append(row.blocker_id)
        if row.scope == "platform":
            outages[row.post_id] = row
    settling = _settling(conn, {row.probe_post_id for row in outages.values() if row.probe_post_id})
    whole = []
    for stored in rows:
        outage = outages.get(stored["id"])
        whole.append(
            StoredPost(
                stored,
                tuple(by_post.get(stored["id"], ())),
                tuple(blocked.get(stored["id"], ())),
                outage.next_check_at if outage else None,
                settling.get(outage.probe_post_id) if outage and outage.probe_post_id != stored["id"] else None,
            )
        )
    return whole


def _settling(conn: sa.Connection, post_ids: set[str]) -> dict[str, float]:
    """Until when it is not known of these posts whether they were published; only of those where that is in doubt."""
    if not post_ids:
        return {}
    query = sa.select(parts.c.post_id, parts.c.checks).where(
        parts.c.post_id.in_(post_ids), parts.c.intent == "sent", parts.c.unclear, parts.c.published_at.is_(None)
    )
    return {row.post_id: at for row in conn.execute(query) if (at := (row.checks or {}).get("settles_at"))}


def sort_of_cursor(cursor: str) -> str:
    """The sort a cursor of :func:`list_posts` was made under (its third piece; ``""``: it has none)."""
    return cursor.partition("~")[2].partition("~")[2]


def page_of_posts(
    conn: sa.Connection, workspace_id: str, filters: Filters, *, limit: int = 50, after: str | None = None
) -> tuple[list[StoredPost], str | None]:
    """A page of posts and the cursor of the next one (``None``: this was the last).

    A cursor is ``value~id~sort`` and goes on only under that sort; one of another sort begins again at the first page.
    """
    limit = max(1, min(MAX_PAGE, limit))
    name = filters.sort.removeprefix("-")
    descending = filters.sort.startswith("-")
    column = posts.c[name if name in SORTS else "created_at"]
    key: sa.ColumnElement[Any] = sa.func.coalesce(column, 0.0)
    query = _POSTS.add_columns(key.label("sort_key")).where(posts.c.workspace_id == workspace_id, *_where(filters))
    if after and sort_of_cursor(after) == filters.sort:
        at, last, _ = after.split("~", 2)
        try:
            value = float(at)
        except ValueError:
            value = 0.0
        query = query.where(beyond((key, posts.c.id), (value, last), descending=descending))
    order = (key.desc(), posts.c.id.desc()) if descending else (key.asc(), posts.c.id.asc())
    rows = conn.execute(query.order_by(*order).limit(limit + 1)).mappings().all()
    page, more = cut(rows, limit)
    cursor = f"{page[-1]['sort_key']!r}~{page[-1]['id']}~{filters.sort}" if more else None
    return _whole(conn, page), cursor


def post_ids(
    conn: sa.Connection, workspace_id: str, filters: Filters, *, limit: int, after: str | None = None
) -> tuple[list[str], str | None]:
    """Ids of the posts asked for, in the order they were made, and the id to go on ``after`` (``None``: no more)."""
    query = sa.select(posts.c.id).where(posts.c.workspace_id == workspace_id, *_where(filters))
    if after:
        query = query.where(posts.c.id > after)
    ids = list(conn.execute(query.order_by(posts.c.id).limit(limit + 1)).scalars())
    page, more = cut(ids, limit)
    return [*page], page[-1] if more else None


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


def events_of(conn: sa.Connection, workspace_id: str, post_id: str) -> Sequence[Mapping[str, Any]] | None:
    """A post's events, oldest first; ``None`` when this workspace has no such post.

    The last one may have the id 0: a call that is under way, of which nothing is stored before it has ended.
    """
    known = sa.select(posts).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    post = conn.execute(known).mappings().first()
    if post is None:
        return None
    query = sa.select(events).where(events.c.post_id == post_id).order_by(events.c.id)
    found = [dict(row) for row in conn.execute(query).mappings()]
    if (asked := timeline.being_asked(conn, post)) is not None:
        found.append({"id": 0, "attempt": post["attempt"], **asdict(asked)})
    return found


def last_answer(conn: sa.Connection, post_id: str) -> dict[str, Any] | None:
    """What Threads answered when it last refused something of this post."""
    query = sa.select(events.c.answer).where(events.c.post_id == post_id, events.c.outcome == "refused")
    found: dict[str, Any] | None = conn.execute(query.order_by(events.c.id.desc()).limit(1)).scalar()
    return found


def counts(conn: sa.Connection, workspace_id: str) -> dict[str, int]:
    """How many posts are in each state."""
    query = sa.select(posts.c.state, sa.func.count()).where(posts.c.workspace_id == workspace_id)
    return {state: count for state, count in conn.execute(query.group_by(posts.c.state))}  # noqa: C416


@dataclass(frozen=True, slots=True)
class PartLink:
    position: int
    threads_id: str | None
    permalink: str | None


@dataclass(frozen=True, slots=True)
class PostOutcome:
    """What a webhook tells of a post beside the change."""

    metadata: Mapping[str, Any] | None
    cause: Mapping[str, Any] | None
    parts: list[PartLink]


def outcome_of(conn: sa.Connection, post_id: str) -> PostOutcome | None:
    known = conn.execute(sa.select(posts.c.metadata, posts.c.cause).where(posts.c.id == post_id)).first()
    if known is None:
        return None
    columns = (parts.c.position, parts.c.threads_id, parts.c.permalink)
    live = conn.execute(sa.select(*columns).where(parts.c.post_id == post_id).order_by(parts.c.position))
    return PostOutcome(known.metadata, known.cause, [PartLink(*row) for row in live])


def checks_of_published(conn: sa.Connection, post_ids: Sequence[str]) -> Iterator[Mapping[str, Any] | None]:
    """Of every published part of these posts, what looking for it found."""
    for some in chunks(post_ids):
        live = (parts.c.post_id.in_(some), parts.c.published_at.is_not(None))
        yield from conn.execute(sa.select(parts.c.checks).where(*live)).scalars()


@dataclass(frozen=True, slots=True)
class PostState:
    id: str
    attempt: int
    state: str
    cause_pattern: str | None
    due_at: float


def states_of(conn: sa.Connection, post_ids: Sequence[str]) -> Iterator[PostState]:
    """How these posts are, of any workspace."""
    columns = [posts.c[field.name] for field in fields(PostState)]
    for some in chunks(post_ids):
        rows = conn.execute(sa.select(*columns).where(posts.c.id.in_(some)))
        yield from (PostState(*row) for row in rows)
