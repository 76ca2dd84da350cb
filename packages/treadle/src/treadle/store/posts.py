"""Posts and their parts as they are written, with what a request names: accounts, files, Idempotency-Keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.likeness import WITHIN_S, Earlier
from treadle.domain.states import FINAL
from treadle.store import statements
from treadle.store.statements import chunks
from treadle.store.tables import accounts, idempotency, media, parts, posts

_ACCOUNT = sa.select(accounts).where(
    accounts.c.id == sa.bindparam("id"), accounts.c.workspace_id == sa.bindparam("workspace")
)


def account_of_workspace(conn: sa.Connection, workspace_id: str, account_id: str) -> dict[str, Any] | None:
    """The whole row; ``None`` when this workspace has no such account."""
    found = statements.dicts(conn.execute(_ACCOUNT, {"id": account_id, "workspace": workspace_id}))
    return found[0] if found else None


def known_media(conn: sa.Connection, workspace_id: str, ids: Sequence[str]) -> set[str]:
    """Those of these files that this workspace has."""
    known: set[str] = set()
    for some in chunks(ids):
        where = (media.c.workspace_id == workspace_id, media.c.id.in_(some))
        known |= set(conn.execute(sa.select(media.c.id).where(*where)).scalars())
    return known


# ---------------------------------------------------------------- Idempotency-Keys


@dataclass(frozen=True, slots=True)
class CreatedByKey:
    """What an earlier request with a key was, and made."""

    body_hash: str
    post_ids: list[str]


def kept_answer(conn: sa.Connection, workspace_id: str, key: str) -> CreatedByKey | None:
    """Of an earlier request; a request with the same key at the same moment waits here until that one is stored."""
    if conn.dialect.name != "sqlite":  # SQLite has one writer at a time anyway
        conn.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{workspace_id}|{key}"}
        )
    where = (idempotency.c.workspace_id == workspace_id, idempotency.c.key == key)
    row = conn.execute(sa.select(idempotency.c.body_hash, idempotency.c.post_ids).where(*where)).first()
    return CreatedByKey(row.body_hash, row.post_ids) if row is not None else None


def keep_answer(conn: sa.Connection, workspace_id: str, key: str, answer: CreatedByKey, *, now: float) -> None:
    conn.execute(
        sa.insert(idempotency).values(
            workspace_id=workspace_id,
            key=key,
            body_hash=answer.body_hash,
            status=201,
            post_ids=answer.post_ids,
            created_at=now,
        )
    )


# ---------------------------------------------------------------- what an account publishes anyway


_UNFINISHED = ("publishing", "checking", "waiting", "retrying", "blocked", "held")
_AT_THEIR_TIME = ("draft", "scheduled", "published", "failed")
_COMPARED = 100  # posts that one is compared with at most, those nearest in time


_AT = sa.bindparam("at", type_=posts.c.due_at.type)
_NEAR = (
    sa.select(
        posts.c.id,
        posts.c.state,
        posts.c.due_at,
        parts.c.published_at,
        parts.c.body["text"].as_string().label("text"),
        parts.c.sends,
        parts.c.intent,
    )
    .join(parts, sa.and_(parts.c.post_id == posts.c.id, parts.c.position == 0))
    .where(
        posts.c.account_id == sa.bindparam("account"),
        posts.c.workspace_id == sa.bindparam("workspace"),
        sa.or_(
            posts.c.state.in_(_UNFINISHED),
            sa.and_(posts.c.state.in_(_AT_THEIR_TIME), posts.c.due_at.between(_AT - 2 * WITHIN_S, _AT + WITHIN_S)),
        ),
    )
    .order_by(sa.func.abs(posts.c.due_at - _AT))
    .limit(_COMPARED)
)


def near_in_time(
    conn: sa.Connection, workspace_id: str, account_id: str, at: float, *, but: str | None = None
) -> list[Earlier]:
    """Posts of an account that are unfinished, or due within two days of ``at``: one may be published a day late.

    ``but``: not this post.
    """
    asked = {"account": account_id, "workspace": workspace_id, "at": at}
    query = _NEAR if but is None else _NEAR.where(posts.c.id != but)
    return [
        Earlier(
            row.id,
            row.state,
            row.published_at or row.due_at,
            row.text or "",
            row.published_at is not None or row.sends > 0 or row.intent == "sent",
        )
        for row in conn.execute(query, asked)
    ]


def untimed_drafts(conn: sa.Connection, workspace_id: str, account_id: str) -> list[str]:
    """Ids of an account's drafts that nobody gave a time, the oldest first."""
    mine = (posts.c.workspace_id == workspace_id, posts.c.account_id == account_id)
    idle = (posts.c.state == "draft", posts.c.publish_at.is_(None))
    return list(conn.execute(sa.select(posts.c.id).where(*mine, *idle).order_by(posts.c.created_at)).scalars())


# ---------------------------------------------------------------- writing


def insert_post(conn: sa.Connection, row: Mapping[str, Any], part_rows: Sequence[Mapping[str, Any]]) -> None:
    conn.execute(sa.insert(posts).values(**row))
    conn.execute(sa.insert(parts), [dict(part) for part in part_rows])


def update_post(conn: sa.Connection, post_id: str, values: Mapping[str, Any]) -> None:
    conn.execute(sa.update(posts).where(posts.c.id == post_id).values(**values))


def insert_part(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    conn.execute(sa.insert(parts).values(**row))


def update_part(conn: sa.Connection, part_id: str, values: Mapping[str, Any]) -> None:
    conn.execute(sa.update(parts).where(parts.c.id == part_id).values(**values))


def delete_part(conn: sa.Connection, part_id: str) -> None:
    conn.execute(sa.delete(parts).where(parts.c.id == part_id))


def delete_parts_from(conn: sa.Connection, post_id: str, position: int) -> None:
    """Delete the part at this position and all that follow."""
    conn.execute(sa.delete(parts).where(parts.c.post_id == post_id, parts.c.position >= position))


def delete_post(conn: sa.Connection, post_id: str) -> None:
    """The post with its parts and its timeline."""
    conn.execute(sa.delete(posts).where(posts.c.id == post_id))


def cancel_parts(conn: sa.Connection, post_id: str) -> None:
    """Those that are not published."""
    mine = (parts.c.post_id == post_id, parts.c.published_at.is_(None))
    conn.execute(sa.update(parts).where(*mine).values(state="canceled"))


def restart_parts(conn: sa.Connection, post_id: str) -> None:
    """Those that are not published and that no publish was sent for, with fresh budgets."""
    mine = (parts.c.post_id == post_id, parts.c.published_at.is_(None), parts.c.intent == "none")
    conn.execute(sa.update(parts).where(*mine).values(tries={}, state="pending", cause=None))


# ---------------------------------------------------------------- what is on Threads, or may be


def is_there(conn: sa.Connection, workspace_id: str, post_id: str) -> bool:
    """Whether this workspace has such a post."""
    query = sa.select(posts.c.id).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    return conn.execute(query).first() is not None


def post_row(conn: sa.Connection, workspace_id: str, post_id: str) -> sa.RowMapping | None:
    query = sa.select(posts).where(posts.c.id == post_id, posts.c.workspace_id == workspace_id)
    return conn.execute(query).mappings().first()


def part_in_doubt(conn: sa.Connection, post_id: str) -> sa.RowMapping | None:
    """The first part that may be live, or is live under an id that nobody knows."""
    doubtful = sa.or_(
        sa.and_(parts.c.intent == "sent", parts.c.published_at.is_(None)),
        sa.and_(parts.c.published_at.is_not(None), parts.c.threads_id.is_(None)),
    )
    query = sa.select(parts).where(parts.c.post_id == post_id, doubtful).order_by(parts.c.position).limit(1)
    return conn.execute(query).mappings().first()


def post_with_live_id(conn: sa.Connection, threads_user_id: str, threads_id: str) -> str | None:
    """Id of the post to which this object on Threads belongs."""
    same = (parts.c.threads_user_id == threads_user_id, parts.c.threads_id == threads_id)
    return conn.execute(sa.select(parts.c.post_id).where(*same)).scalar()


def parts_with_ids(conn: sa.Connection, post_id: str) -> list[dict[str, Any]]:
    """Parts that have an id on Threads, in order."""
    query = sa.select(parts).where(parts.c.post_id == post_id, parts.c.threads_id.is_not(None))
    return [dict(row) for row in conn.execute(query.order_by(parts.c.position)).mappings()]


def first_body(conn: sa.Connection, workspace_id: str, post_id: str) -> Mapping[str, Any]:
    """The content of the post's first part; empty when there is none."""
    query = sa.select(parts.c.body).where(parts.c.post_id == post_id, parts.c.workspace_id == workspace_id)
    return conn.execute(query.order_by(parts.c.position).limit(1)).scalar() or {}


def attempt_of(conn: sa.Connection, post_id: str) -> int:
    return conn.execute(sa.select(posts.c.attempt).where(posts.c.id == post_id)).scalar() or 1


def stop_runs(conn: sa.Connection, post_id: str, values: Mapping[str, Any]) -> None:
    """Update a post so that no run under way or due does anything with it any more."""
    update_post(conn, post_id, {**values, "seq": posts.c.seq + 1, "claim": posts.c.claim + 1})


@dataclass(frozen=True, slots=True)
class UnsentPart:
    id: str
    checks: Mapping[str, Any] | None


def unsent_due(conn: sa.Connection, now: float) -> list[UnsentPart]:
    """Parts of unfinished posts that were due by now and that no publish was sent for."""
    due = sa.select(posts.c.id).where(posts.c.state.not_in(FINAL), posts.c.due_at <= now)
    unsent = (parts.c.post_id.in_(due), parts.c.published_at.is_(None), parts.c.intent == "none")
    return [UnsentPart(*row) for row in conn.execute(sa.select(parts.c.id, parts.c.checks).where(*unsent))]
