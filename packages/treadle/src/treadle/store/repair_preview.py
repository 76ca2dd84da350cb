"""What a repair would do: which posts it would send and which it would hold for an approval, without doing it.

The same rules as :class:`treadle.store.release.Releaser`, asked of the database for many posts at once; a test compares
what is promised here with what a repair then does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from treadle.store import clauses
from treadle.store.release import UNBLOCKED, held_up
from treadle.store.tables import blockers, post_blockers, posts


class Effect(TypedDict):
    """What a repair would do, in numbers of posts: send them, or hold them for an approval."""

    sends: int
    holds: int


def preview(conn: sa.Connection, blocker_ids: Sequence[str], *, workspace_id: str, now: float) -> dict[str, list[str]]:
    """Which of a workspace's posts a repair of these blockers would send, and which it would hold for a yes."""
    return _named(conn, _freed(blocker_ids, now).where(posts.c.workspace_id == workspace_id))


def counted(conn: sa.Connection, blocker_ids: Sequence[str], *, workspace_id: str, now: float) -> Effect:
    """How many :func:`preview` would name."""
    freed = _freed(blocker_ids, now).where(posts.c.workspace_id == workspace_id).subquery()
    query = sa.select(freed.c.admission, sa.func.count().label("n")).group_by(freed.c.admission)
    return _effect({row.admission: row.n for row in conn.execute(query)})


def preview_of_connecting(
    conn: sa.Connection, account_id: str, blocker_ids: Sequence[str], *, workspace_id: str, now: float
) -> dict[str, list[str]]:
    """As :func:`preview`, for connecting an account again, which closes these blockers and also releases the posts that
    no blocker holds: those that met the missing account itself."""
    loose = sa.and_(UNBLOCKED, posts.c.account_id == account_id, posts.c.state == "blocked")
    query = _freed(blocker_ids, now, also=loose, connecting=posts.c.account_id == account_id)
    return _named(conn, query.where(posts.c.workspace_id == workspace_id))


def counted_for_accounts(
    conn: sa.Connection,
    account_ids: Sequence[str],
    own: Mapping[str, Sequence[str]],
    shared: Sequence[str],
    *,
    workspace_id: str,
    now: float,
) -> dict[str, Effect]:
    """For each account, how many posts :func:`preview_of_connecting` would name, with one question for all of them.

    ``own``: blockers by account that connecting it closes; ``shared``: those that connecting any account closes. A
    post is behind the own blockers of one account at most.
    """
    mine = [blocker_id for ids in own.values() for blocker_id in ids]
    each = post_blockers.alias()
    is_mine = each.c.blocker_id.in_(mine)
    held = posts.alias()
    of_account = sa.case((blockers.c.scope == "post", held.c.account_id), else_=blockers.c.key)
    behind = sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id.in_([*mine, *shared]))
    closed = sa.func.sum(sa.case((sa.or_(is_mine, each.c.blocker_id.in_(shared)), 1), else_=0))
    freed = (
        sa.select(each.c.post_id, sa.func.max(sa.case((is_mine, of_account), else_="")).label("repaired"))
        .join(blockers, blockers.c.id == each.c.blocker_id)
        .join(held, held.c.id == each.c.post_id)
        .where(blockers.c.repaired_at.is_(None), each.c.post_id.in_(behind))
        .group_by(each.c.post_id)
        .having(closed == sa.func.count())  # no other open blocker holds it
        .subquery()
    )
    # Connecting an account closes its own blockers and the shared ones, not those of the other accounts.
    as_is = clauses.admit(now, is_blocked=clauses.blocked(but_for=shared))
    connected = clauses.admit(now, is_connected=sa.true(), is_blocked=clauses.blocked(but_for=[*mine, *shared]))
    loose = sa.and_(freed.c.post_id.is_(None), UNBLOCKED, posts.c.state == "blocked")
    here = sa.and_(posts.c.account_id.in_(account_ids), loose)
    found = (
        sa.select(
            posts.c.account_id,
            sa.case((loose, posts.c.account_id), else_=freed.c.repaired).label("repaired"),
            as_is.label("as_is"),
            connected.label("connected"),
        )
        .select_from(clauses.WITH_OWNERS.outerjoin(freed, freed.c.post_id == posts.c.id))
        .where(posts.c.workspace_id == workspace_id, clauses.releasable)
        .where(sa.or_(freed.c.post_id.is_not(None), here))
        .subquery()
    )
    query = sa.select(*found.c, sa.func.count().label("n")).group_by(*found.c)
    rows = conn.execute(query).all()
    effects: dict[str, Effect] = {}
    for account_id in account_ids:
        numbers: Counter[str] = Counter()
        for row in rows:
            if row.repaired in ("", account_id):
                numbers[row.connected if row.account_id == account_id else row.as_is] += row.n
        effects[account_id] = _effect(numbers)
    return effects


def _effect(numbers: Mapping[str, int]) -> Effect:
    return {"sends": numbers.get("go", 0), "holds": numbers.get("too late", 0)}


def _freed(
    blocker_ids: Sequence[str],
    now: float,
    *,
    also: sa.ColumnElement[bool] | None = None,
    connecting: sa.ColumnElement[bool] | None = None,
) -> sa.Select[Any]:
    """``id`` and ``admission`` of the posts that closing these blockers, those of them that are open, would release.

    ``also``: more posts that the repair releases; ``connecting``: posts whose account it connects. A cause of an
    account is repaired only while that account is connected.
    """
    these = sa.and_(blockers.c.id.in_(blocker_ids), blockers.c.repaired_at.is_(None))
    behind = sa.select(post_blockers.c.post_id).join(blockers, blockers.c.id == post_blockers.c.blocker_id).where(these)
    others = held_up().where(blockers.c.id.not_in(blocker_ids))
    repaired = posts.c.account_id.in_(sa.select(blockers.c.key).where(these, blockers.c.scope == "account"))
    is_blocked = clauses.blocked(but_for=blocker_ids)
    is_connected = sa.or_(clauses.connected, repaired, sa.false() if connecting is None else connecting)
    return (
        sa.select(posts.c.id, clauses.admit(now, is_connected=is_connected, is_blocked=is_blocked).label("admission"))
        .select_from(clauses.WITH_OWNERS)
        .where(sa.or_(posts.c.id.in_(behind), sa.false() if also is None else also))
        .where(clauses.releasable, posts.c.id.not_in(others))
    )


def _named(conn: sa.Connection, freed: sa.Select[Any]) -> dict[str, list[str]]:
    rows = conn.execute(freed.order_by(*clauses.oldest_first)).all()
    return {
        "sends": [row.id for row in rows if row.admission == "go"],
        "holds": [row.id for row in rows if row.admission == "too late"],
    }
