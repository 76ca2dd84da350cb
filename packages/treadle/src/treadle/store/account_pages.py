"""A workspace's accounts a page at a time: those that need attention first, then the others by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import sqlalchemy as sa

from treadle.domain.states import FINAL
from treadle.store.accounts import AccountRow
from treadle.store.clauses import connected
from treadle.store.paging import beyond
from treadle.store.tables import accounts, posts

# Those that need attention, those that are well, those that are no longer connected.
_RANK = sa.case((~connected, 2), (accounts.c.health == "active", 1), else_=0)
_ORDER = (_RANK, accounts.c.username, accounts.c.id)


class AccountPlace(NamedTuple):
    """An account's place in the order; it holds when the account itself moves."""

    rank: int
    username: str
    account_id: str


@dataclass(frozen=True, slots=True)
class PagedAccount(AccountRow):
    """``rank``: 0 for those that need attention, 1 for those that are well, 2 for those not connected any more."""

    token_issued_at: float | None
    rank: int


_COLUMNS = [_RANK.label("rank") if field.name == "rank" else accounts.c[field.name] for field in fields(PagedAccount)]


@dataclass(frozen=True, slots=True)
class AccountCounts:
    total: int
    need_attention: int


def counts(conn: sa.Connection, workspace_id: str) -> AccountCounts:
    need = sa.func.sum(sa.case((_RANK == 0, 1), else_=0))
    query = sa.select(sa.func.count(), need).where(accounts.c.workspace_id == workspace_id)
    total, need_attention = conn.execute(query).one()
    return AccountCounts(int(total), int(need_attention or 0))


def count_named(conn: sa.Connection, workspace_id: str, named: str) -> int:
    """How many accounts have this in a name."""
    query = sa.select(sa.func.count()).select_from(accounts).where(*_of(workspace_id, named))
    return int(conn.execute(query).scalar_one())


def place_of(conn: sa.Connection, workspace_id: str, account_id: str, *, named: str = "") -> AccountPlace | None:
    query = sa.select(_RANK, accounts.c.username).where(*_of(workspace_id, named), accounts.c.id == account_id)
    row = conn.execute(query).first()
    return AccountPlace(row[0], row[1], account_id) if row is not None else None


def page_of(
    conn: sa.Connection,
    workspace_id: str,
    *,
    named: str = "",
    after: AccountPlace | None = None,
    start: AccountPlace | None = None,
    limit: int,
) -> list[PagedAccount]:
    """``after``: those behind this place; ``start``: those from this place on."""
    query = sa.select(*_COLUMNS).where(*_of(workspace_id, named))
    if after is not None:
        query = query.where(beyond(_ORDER, after))
    if start is not None:
        query = query.where(beyond(_ORDER, start, and_it=True))
    query = query.order_by(*_ORDER).limit(limit)
    return [PagedAccount(**row) for row in conn.execute(query).mappings()]


def shared_names(conn: sa.Connection, workspace_id: str, usernames: Sequence[str]) -> set[str]:
    """Those of these usernames that several profiles have: one was deleted and made again, or they were exchanged."""
    name = accounts.c.username
    query = sa.select(name).where(accounts.c.workspace_id == workspace_id, name.in_(set(usernames)), name != "")
    return set(conn.execute(query.group_by(name).having(sa.func.count() > 1)).scalars())


@dataclass(frozen=True, slots=True)
class Namesake:
    """Another profile with the same username. ``waiting``: its posts that are neither drafts nor over."""

    account_id: str
    threads_user_id: str
    waiting: int


def namesakes(conn: sa.Connection, workspace_id: str, username: str, *, but: str) -> list[Namesake]:
    """The other accounts of the workspace that have this username."""
    mine = (accounts.c.workspace_id == workspace_id, accounts.c.username == username, accounts.c.id != but)
    query = sa.select(accounts.c.id, accounts.c.threads_user_id).where(*mine, accounts.c.username != "").limit(20)
    found = conn.execute(query).all()
    waiting = count_waiting(conn, workspace_id, [row.id for row in found]) if found else {}
    return [Namesake(row.id, row.threads_user_id, waiting.get(row.id, 0)) for row in found]


def count_waiting(conn: sa.Connection, workspace_id: str, account_ids: Sequence[str]) -> Mapping[str, int]:
    """How many posts of each account are neither drafts nor over; accounts without any are left out."""
    unfinished = posts.c.state.not_in([*FINAL, "draft"])
    query = sa.select(posts.c.account_id, sa.func.count()).where(
        posts.c.workspace_id == workspace_id, posts.c.account_id.in_(account_ids), unfinished
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(posts.c.account_id))}


def _of(workspace_id: str, named: str) -> list[sa.ColumnElement[bool]]:
    mine = accounts.c.workspace_id == workspace_id
    return [mine, _name_contains(named)] if named else [mine]


def _name_contains(name: str) -> sa.ColumnElement[bool]:
    """Whether the username or the shown name contains this. SQLite folds ASCII only: other letters are also tried as
    they were sent, small and large."""
    tries = sorted({name, name.lower(), name.upper(), name.capitalize()})
    fields = (accounts.c.username, accounts.c.name)
    folded = [sa.func.lower(field).contains(name.lower(), autoescape=True) for field in fields]
    return sa.or_(*folded, *(field.contains(t, autoescape=True) for field in fields for t in tries))
