"""The accounts of a workspace a page at a time: those that need attention first, then the others by name.

A page costs the same few questions whether a workspace has three accounts or thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from treadle.services.usage import Usage, usage_of
from treadle.store import Connection, account_pages
from treadle.store.account_pages import AccountPlace, PagedAccount
from treadle.store.blockers import repairable_of
from treadle.store.repair_preview import Effect, counted_for_accounts

PAGE = 40


@dataclass(frozen=True, slots=True)
class ListedAccount(PagedAccount):
    """``shares_name``: another profile here has its username; ``waiting``: its posts that are neither drafts nor over;
    ``would``: what connecting it again would do."""

    shares_name: bool
    waiting: int
    would: Effect
    usage: list[Usage]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page. ``matching``: accounts that the search finds (all of them without one); ``need_attention``: how many of
    the whole workspace do; ``following``: the cursor of the next page, empty on the last."""

    accounts: list[ListedAccount]
    total: int
    need_attention: int
    matching: int
    following: str
    first: bool

    @property
    def paged(self) -> bool:
        return self.total > PAGE


def read(
    conn: Connection, workspace: str, app_id: str, now: float, *, named: str = "", after: str = "", at: str = ""
) -> AccountPage:
    """``named``: part of a name; ``after``: a cursor; ``at``: the id of an account that is to be on the page."""
    counted = account_pages.counts(conn, workspace)
    matching = account_pages.count_named(conn, workspace, named) if named else counted.total
    beyond = _place(after)
    rows = account_pages.page_of(conn, workspace, named=named, after=beyond, limit=PAGE + 1)
    first = beyond is None
    if at and not any(row.id == at for row in rows[:PAGE]):
        # It is on another page: that one begins with it.
        place = account_pages.place_of(conn, workspace, at, named=named)
        if place is not None:
            rows = account_pages.page_of(conn, workspace, named=named, start=place, limit=PAGE + 1)
            first = False
    page, more = rows[:PAGE], len(rows) > PAGE
    return AccountPage(
        accounts=_described(conn, workspace, app_id, page, now),
        total=counted.total,
        need_attention=counted.need_attention,
        matching=matching,
        following=_cursor(page[-1]) if more else "",
        first=first,
    )


def _cursor(row: PagedAccount) -> str:
    return f"{row.rank}~{row.id}~{row.username}"


def _place(cursor: str) -> AccountPlace | None:
    rank, _, rest = cursor.partition("~")
    account_id, _, username = rest.partition("~")
    return AccountPlace(int(rank), username, account_id) if rank in ("0", "1", "2") else None


def _described(
    conn: Connection, workspace: str, app_id: str, rows: Sequence[PagedAccount], now: float
) -> list[ListedAccount]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    waiting = account_pages.count_waiting(conn, workspace, ids)
    own, shared = repairable_of(conn, ids, app_id)
    would = counted_for_accounts(conn, ids, own, shared, workspace_id=workspace, now=now)
    usage = usage_of(conn, rows, now)
    names = account_pages.shared_names(conn, workspace, [row.username for row in rows])
    return [
        ListedAccount(
            **{field.name: getattr(row, field.name) for field in fields(row)},
            shares_name=row.username in names,
            waiting=waiting.get(row.id, 0),
            would=would[row.id],
            usage=usage[row.id],
        )
        for row in rows
    ]
