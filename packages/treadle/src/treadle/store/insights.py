"""Figures of published parts, one row a day; when each part is read next, and the accounts whose reads rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from treadle.domain.insights import DAY_S, METRICS, Numbers
from treadle.domain.scope import FETCH_KEY
from treadle.store import statements
from treadle.store.clauses import connected, is_open, stops_reading
from treadle.store.tables import accounts, blockers, insight_accounts, insight_reads, insights, parts

_NUMBERS = tuple(insights.c[name] for name in METRICS)
_BACK = timedelta(days=14)  # no part whose figures are still read is read more rarely
_YOUNG_S = 2 * DAY_S  # a part read first at this age gained all of it just then; an older one, nobody knows when


@dataclass(frozen=True, slots=True)
class DueRead:
    """A live part whose figures are to be read. Times are epoch seconds."""

    part_id: str
    workspace_id: str
    threads_id: str
    published_at: float
    misses: int
    read_at: float | None


@dataclass(frozen=True, slots=True)
class DayRow:
    """What was last read on a day (``2026-11-30``, UTC) of one part."""

    position: int
    threads_id: str | None
    day: str
    numbers: Numbers
    at: float


@dataclass(frozen=True, slots=True)
class DayGain:
    """What all parts together gained, as read on a day (UTC)."""

    day: date
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class AccountRest:
    """An account whose figures are not read before ``next_at``; ``cause``: the diagnosis, if its owner must act."""

    next_at: float
    stopped_at: float
    cause: Mapping[str, Any] | None


def adopt(conn: sa.Connection, *, since: float, first_s: float, limit: int) -> None:
    """Plan the first read, ``first_s`` after it was published, of live parts published after ``since`` that have no
    plan yet; the newest ``limit``."""
    new = (
        sa.select(
            parts.c.id,
            parts.c.workspace_id,
            parts.c.account_id,
            parts.c.published_at + first_s,
            sa.literal(0),
        )
        .outerjoin(insight_reads, insight_reads.c.part_id == parts.c.id)
        .where(
            parts.c.published_at > since,
            parts.c.threads_id.is_not(None),
            parts.c.state == "published",
            insight_reads.c.part_id.is_(None),
        )
        .order_by(parts.c.published_at.desc())
        .limit(limit)
    )
    columns = ["part_id", "workspace_id", "account_id", "next_at", "misses"]
    conn.execute(sa.insert(insight_reads).from_select(columns, new))


def accounts_due(conn: sa.Connection, now: float, *, limit: int) -> list[str]:
    """Ids of accounts with parts that are due, whose first one waits longest first. Left out are those that cannot or
    must not be asked: not connected, behind an open cause that stops reading, at a limit, or at rest."""
    in_the_way = sa.exists().where(
        is_open,
        sa.or_(
            sa.and_(blockers.c.scope == "account", blockers.c.key == accounts.c.id, stops_reading),
            sa.and_(blockers.c.scope == "app", blockers.c.key == accounts.c.app_id),
            sa.and_(blockers.c.scope == "platform", blockers.c.key != FETCH_KEY),
        ),
    )
    resting = sa.exists().where(
        insight_accounts.c.account_id == accounts.c.id,
        insight_accounts.c.next_at > now,
        sa.or_(accounts.c.token_issued_at.is_(None), accounts.c.token_issued_at <= insight_accounts.c.stopped_at),
    )
    query = (
        sa.select(insight_reads.c.account_id)
        .join(accounts, accounts.c.id == insight_reads.c.account_id)
        .where(
            insight_reads.c.next_at <= now,
            connected,
            sa.or_(accounts.c.quota_until.is_(None), accounts.c.quota_until <= now),
            ~in_the_way.correlate(accounts),
            ~resting.correlate(accounts),
        )
        .group_by(insight_reads.c.account_id)
        .order_by(sa.func.min(insight_reads.c.next_at), insight_reads.c.account_id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def _reads() -> sa.Select[Any]:
    return (
        sa.select(
            parts.c.id,
            parts.c.workspace_id,
            parts.c.threads_id,
            parts.c.published_at,
            sa.func.coalesce(insight_reads.c.misses, 0),
            insight_reads.c.read_at,
        )
        .outerjoin(insight_reads, insight_reads.c.part_id == parts.c.id)
        .where(parts.c.threads_id.is_not(None), parts.c.published_at.is_not(None), parts.c.state == "published")
    )


def due(conn: sa.Connection, account_id: str, now: float, *, limit: int) -> list[DueRead]:
    """An account's live parts that are due, the longest waiting first."""
    query = _reads().where(insight_reads.c.account_id == account_id, insight_reads.c.next_at <= now)
    return [DueRead(*row) for row in conn.execute(query.order_by(insight_reads.c.next_at).limit(limit))]


def of_post(conn: sa.Connection, workspace_id: str, post_id: str) -> list[DueRead]:
    """A post's live parts in order, whether due or not."""
    query = _reads().where(parts.c.workspace_id == workspace_id, parts.c.post_id == post_id)
    return [DueRead(*row) for row in conn.execute(query.order_by(parts.c.position))]


def keep(conn: sa.Connection, read: DueRead, day: str, numbers: Numbers, *, now: float) -> None:
    """What was read of a part now, in place of what was read of it earlier that day."""
    values = {**{name: getattr(numbers, name) for name in METRICS}, "at": now}
    if not statements.update(conn, insights, values, part_id=read.part_id, day=day):
        row = {**values, "part_id": read.part_id, "day": day, "workspace_id": read.workspace_id}
        statements.insert(conn, insights, row)


def plan_if_none(conn: sa.Connection, part: DueRead, account_id: str, next_at: float) -> None:
    """A plan for a part that has none yet."""
    known = sa.select(insight_reads.c.part_id).where(insight_reads.c.part_id == part.part_id)
    if conn.execute(known).first() is None:
        row = {"part_id": part.part_id, "workspace_id": part.workspace_id, "account_id": account_id}
        statements.insert(conn, insight_reads, {**row, "next_at": next_at, "misses": 0})


def plan(
    conn: sa.Connection, part_id: str, next_at: float | None, *, misses: int, read_at: float | None = None
) -> None:
    """When a part is read next (``None``: never); ``read_at``: it was read now."""
    values: dict[str, Any] = {"next_at": next_at, "misses": misses}
    if read_at is not None:
        values["read_at"] = read_at
    statements.update(conn, insight_reads, values, part_id=part_id)


def rest(conn: sa.Connection, account_id: str, next_at: float, cause: Mapping[str, Any] | None, *, now: float) -> None:
    """Read no figures of an account before ``next_at``, or before it has a new token."""
    values = {"next_at": next_at, "stopped_at": now, "cause": dict(cause) if cause else None}
    if not statements.update(conn, insight_accounts, values, account_id=account_id):
        statements.insert(conn, insight_accounts, {**values, "account_id": account_id})


def rest_of(conn: sa.Connection, account_id: str) -> AccountRest | None:
    query = sa.select(insight_accounts.c.next_at, insight_accounts.c.stopped_at, insight_accounts.c.cause)
    row = conn.execute(query.where(insight_accounts.c.account_id == account_id)).first()
    return AccountRest(*row) if row is not None else None


def end_rest(conn: sa.Connection, account_id: str) -> None:
    """Reading works again."""
    conn.execute(sa.delete(insight_accounts).where(insight_accounts.c.account_id == account_id))


def days_of(conn: sa.Connection, workspace_id: str, post_id: str) -> list[DayRow]:
    """All figures of a post, by part and day."""
    query = (
        sa.select(parts.c.position, parts.c.threads_id, insights.c.day, insights.c.at, *_NUMBERS)
        .join(parts, parts.c.id == insights.c.part_id)
        .where(parts.c.workspace_id == workspace_id, parts.c.post_id == post_id)
        .order_by(parts.c.position, insights.c.day)
    )
    rows = conn.execute(query)
    return [DayRow(position, id_, day, Numbers(*counts), at) for position, id_, day, at, *counts in rows]


def newest_of(conn: sa.Connection, workspace_id: str, post_ids: Sequence[str]) -> dict[str, Numbers]:
    """The newest figures of each of these posts, its parts taken together; posts without figures are left out."""
    last = (
        sa.select(insights.c.part_id, sa.func.max(insights.c.day).label("day"))
        .join(parts, parts.c.id == insights.c.part_id)
        .where(parts.c.workspace_id == workspace_id, parts.c.post_id.in_(list(post_ids)[:500]))
        .group_by(insights.c.part_id)
        .subquery()
    )
    query = (
        sa.select(parts.c.post_id, *_NUMBERS)
        .join(insights, insights.c.part_id == parts.c.id)
        .join(last, sa.and_(last.c.part_id == insights.c.part_id, last.c.day == insights.c.day))
    )
    found: dict[str, Numbers] = {}
    for post_id, *counts in conn.execute(query):
        found[post_id] = found.get(post_id, Numbers()).plus(Numbers(*counts))
    return found


def gained(conn: sa.Connection, workspace_id: str, *, since: date, account_id: str = "") -> list[DayGain]:
    """What the workspace's parts, or those of one account, gained on each day from ``since`` on, oldest first; days on
    which nothing was read are left out.

    A gain is what exceeds the highest figure read before: likes that are taken back are not subtracted."""
    young = insights.c.at - parts.c.published_at <= _YOUNG_S
    more = []
    for name in METRICS:
        figure = insights.c[name]
        first = sa.case((young, 0), else_=figure)
        before = sa.func.max(figure).over(partition_by=insights.c.part_id, order_by=insights.c.day, rows=(None, -1))
        gain = figure - sa.func.coalesce(before, first)
        more.append(sa.case((figure.is_(None), None), (gain > 0, gain), else_=0).label(name))
    each = (
        sa.select(insights.c.day, *more)
        .join(parts, parts.c.id == insights.c.part_id)
        .where(insights.c.workspace_id == workspace_id, insights.c.day >= f"{since - _BACK:%Y-%m-%d}")
    )
    if account_id:
        each = each.where(parts.c.account_id == account_id)
    found = each.subquery()
    query = (
        sa.select(found.c.day, *(sa.func.sum(found.c[name]) for name in METRICS))
        .where(found.c.day >= f"{since:%Y-%m-%d}")
        .group_by(found.c.day)
        .order_by(found.c.day)
    )
    return [DayGain(date.fromisoformat(day), _numbers(sums)) for day, *sums in conn.execute(query)]


def _numbers(sums: Sequence[Any]) -> Numbers:
    """Sums, which PostgreSQL gives as decimals."""
    return Numbers(*(None if n is None else int(n) for n in sums))


def best(
    conn: sa.Connection, workspace_id: str, metric: str, *, since: float, limit: int, account_id: str = ""
) -> list[tuple[str, Numbers]]:
    """Ids of the posts published at ``since`` (epoch seconds) or later with most of one figure, the most first, and
    their newest figures, all parts together."""
    mine = [parts.c.workspace_id == workspace_id, parts.c.published_at >= since, parts.c.state == "published"]
    if account_id:
        mine.append(parts.c.account_id == account_id)
    last = (
        sa.select(insights.c.part_id, sa.func.max(insights.c.day).label("day"))
        .join(parts, parts.c.id == insights.c.part_id)
        .where(*mine)
        .group_by(insights.c.part_id)
        .subquery()
    )
    most = sa.func.sum(insights.c[metric])
    query = (
        sa.select(parts.c.post_id, *(sa.func.sum(one) for one in _NUMBERS))
        .join(insights, insights.c.part_id == parts.c.id)
        .join(last, sa.and_(last.c.part_id == insights.c.part_id, last.c.day == insights.c.day))
        .group_by(parts.c.post_id)
        .having(most > 0)
        .order_by(most.desc(), parts.c.post_id.desc())
        .limit(limit)
    )
    return [(post_id, _numbers(sums)) for post_id, *sums in conn.execute(query)]
