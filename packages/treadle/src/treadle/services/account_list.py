"""The accounts of a workspace a page at a time: those that need attention first, then the others by name.

A page costs the same few questions whether a workspace has three accounts or thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.services.usage import usage_of
from treadle.store.blockers import repairable_of
from treadle.store.repair_preview import counted_for_accounts
from treadle.store.tables import accounts, posts

PAGE = 40
CONNECTED = sa.and_(accounts.c.token_enc.is_not(None), accounts.c.disconnected_at.is_(None))
# Those that need attention, those that are well, those that are no longer connected.
RANK = sa.case((~CONNECTED, 2), (accounts.c.health == "active", 1), else_=0)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page. ``matching``: accounts that the search finds (all of them without one); ``need_attention``: how many of
    the whole workspace do; ``following``: the cursor of the next page, empty on the last."""

    accounts: list[dict[str, Any]]
    total: int
    need_attention: int
    matching: int
    following: str
    first: bool

    @property
    def paged(self) -> bool:
        return self.total > PAGE


def read(
    conn: sa.Connection, workspace: str, app_id: str, now: float, *, named: str = "", after: str = "", at: str = ""
) -> AccountPage:
    """``named``: part of a name; ``after``: a cursor; ``at``: the id of an account that is to be on the page."""
    whole = accounts.c.workspace_id == workspace
    total, need_attention = conn.execute(
        sa.select(sa.func.count(), sa.func.sum(sa.case((RANK == 0, 1), else_=0))).where(whole)
    ).one()
    found = sa.and_(whole, _name_contains(named)) if named else whole
    matching = total
    if named:
        matching = conn.execute(sa.select(sa.func.count()).select_from(accounts).where(found)).scalar_one()
    beyond = _beyond(after)
    rows = _page(conn, found, beyond)
    if at and not any(row["id"] == at for row in rows[:PAGE]):
        # It is on another page: that one begins with it.
        place = conn.execute(sa.select(RANK, accounts.c.username).where(found, accounts.c.id == at)).first()
        if place is not None:
            beyond = _order() >= _mark(place[0], place[1], at)
            rows = _page(conn, found, beyond)
    page, more = rows[:PAGE], len(rows) > PAGE
    return AccountPage(
        accounts=_described(conn, workspace, app_id, page, now),
        total=int(total),
        need_attention=int(need_attention or 0),
        matching=int(matching),
        following=_cursor(page[-1]) if more else "",
        first=beyond is None,
    )


def _page(
    conn: sa.Connection, where: sa.ColumnElement[bool], beyond: sa.ColumnElement[bool] | None
) -> list[dict[str, Any]]:
    query = sa.select(accounts, RANK.label("rank")).where(where)
    if beyond is not None:
        query = query.where(beyond)
    query = query.order_by(RANK, accounts.c.username, accounts.c.id).limit(PAGE + 1)
    return [dict(row) for row in conn.execute(query).mappings()]


def _order() -> sa.ColumnElement[Any]:
    return sa.tuple_(RANK, accounts.c.username, accounts.c.id)


def _mark(rank: int, username: str, account_id: str) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(rank), sa.literal(username), sa.literal(account_id))


def _cursor(row: dict[str, Any]) -> str:
    """The place of a row in the order; it holds when the row itself moves, because somebody reconnected it."""
    return f"{row['rank']}~{row['id']}~{row['username']}"


def _beyond(cursor: str) -> sa.ColumnElement[bool] | None:
    rank, _, rest = cursor.partition("~")
    account_id, _, username = rest.partition("~")
    return _order() > _mark(int(rank), username, account_id) if rank in ("0", "1", "2") else None


def _name_contains(name: str) -> sa.ColumnElement[bool]:
    """Whether the username or the shown name contains this. SQLite folds ASCII only: other letters are also tried as
    they were sent, small and large."""
    tries = sorted({name, name.lower(), name.upper(), name.capitalize()})
    fields = (accounts.c.username, accounts.c.name)
    folded = [sa.func.lower(field).contains(name.lower(), autoescape=True) for field in fields]
    return sa.or_(*folded, *(field.contains(t, autoescape=True) for field in fields for t in tries))


def _described(
    conn: sa.Connection, workspace: str, app_id: str, rows: Sequence[dict[str, Any]], now: float
) -> list[dict[str, Any]]:
    """The rows with what waits for each, what connecting it again would send, and what is used of its quota."""
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    waiting = {
        row.account_id: row.n
        for row in conn.execute(
            sa.select(posts.c.account_id, sa.func.count().label("n"))
            .where(
                posts.c.workspace_id == workspace,
                posts.c.account_id.in_(ids),
                posts.c.state.not_in([*FINAL, "draft"]),
            )
            .group_by(posts.c.account_id)
        )
    }
    own, shared = repairable_of(conn, ids, app_id)
    would = counted_for_accounts(conn, ids, own, shared, workspace_id=workspace, now=now)
    usage = usage_of(conn, rows, now)
    return [
        {
            **row,
            "connected": row["token_enc"] is not None and row["disconnected_at"] is None,
            "waiting": waiting.get(row["id"], 0),
            "would": would[row["id"]],
            "usage": usage[row["id"]],
        }
        for row in rows
    ]
