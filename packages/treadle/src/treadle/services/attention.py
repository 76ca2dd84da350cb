"""What needs somebody: open causes, grouped, each with what its repair would send.

Counted by the database: a page stays quick when one cause holds thousands of posts, or when hundreds are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.services.output import JsonObject
from treadle.services.read import posts_json
from treadle.store import Connection, pages_posts, posts, visible_blockers
from treadle.store.accounts import AccountName, AccountRow
from treadle.store.repair_preview import Effect, counted

WHOLE = 6  # groups that are shown with their blockers; the rest is named in one line each
SHOWN = 4  # blockers of a group
CHIPS = 2  # posts of a group
EXCERPT = 200  # characters of a post's text
FAILED_LATELY_S = 7 * 86_400.0  # what failed longer ago has been seen, and is only counted


@dataclass(frozen=True, slots=True)
class StandingBlocker:
    """An open blocker. ``who``: the account's name, ``post``: the beginning of the post's text, of one of that scope;
    ``would``: what its repair would do."""

    id: str
    scope: str
    key: str
    action: str
    posts_waiting: int
    who: str | None
    post: str | None
    would: Effect


@dataclass(frozen=True, slots=True)
class Need:
    """The open blockers of one pattern, ``count`` of them, opened from ``since`` on (epoch seconds); ``posts`` wait.

    ``cause``: the diagnosis of the newest, as it is stored. ``blockers``: the first of them, empty where the group is
    only named; ``first``: the first posts that wait.
    """

    pattern: str
    scope: str
    count: int
    posts: int
    since: float
    cause: Mapping[str, Any]
    blockers: list[StandingBlocker]
    first: list[JsonObject]


@dataclass(frozen=True, slots=True)
class Outage:
    """A trouble of Threads itself, its stored diagnosis, and how many posts of the workspace wait for its end."""

    cause: Mapping[str, Any]
    posts: int


def kinds(conn: Connection, workspace: str, accounts: Sequence[AccountName], *, approver: bool, now: float) -> int:
    """How many things need somebody, as Home lists them: each cause is one, and each of posts that are held, that
    failed lately, that a disconnected account holds, and, for an ``approver``, that wait for an approval."""
    posts_waiting = pages_posts.waiting(conn, workspace, failed_since=now - FAILED_LATELY_S)
    found = [posts_waiting.held, posts_waiting.failed_lately, posts_waiting.approvals and approver]
    if gone := {one.id for one in accounts if one.disconnected_at is not None}:
        unfinished = gone & pages_posts.unfinished_by_account(conn, workspace).keys()
        found.append(bool(unfinished - blocked_accounts(conn, workspace)))
    return len(visible_blockers.open_groups(conn, workspace)) + sum(found)


def grouped(conn: Connection, workspace: str, accounts: Mapping[str, AccountRow], now: float) -> list[Need]:
    """Open causes by pattern, the one that holds most posts first; of the first :data:`WHOLE` the first :data:`SHOWN`
    blockers and the first :data:`CHIPS` posts.

    What passes by itself is not among them, nor what holds posts of other workspaces only. ``accounts``: by id.
    """
    groups = visible_blockers.open_groups(conn, workspace)
    causes = visible_blockers.causes_of(conn, [group["newest"] for group in groups])
    needs = []
    for place, group in enumerate(groups):
        whole, pattern = place < WHOLE, group["pattern"]
        ids = visible_blockers.first_posts(conn, workspace, pattern, limit=CHIPS) if whole else []
        needs.append(
            Need(
                pattern,
                group["scope"],
                group["count"],
                group["posts"],
                group["since"],
                causes[group["newest"]],
                _first(conn, workspace, pattern, accounts, now) if whole else [],
                posts_json(conn, workspace, ids),
            )
        )
    return needs


def _first(
    conn: Connection, workspace: str, pattern: str, accounts: Mapping[str, AccountRow], now: float
) -> list[StandingBlocker]:
    """The blockers of one pattern that hold most, with what each button would do."""
    found = []
    for row in visible_blockers.first_of_pattern(conn, workspace, pattern, limit=SHOWN):
        account = accounts.get(row["key"]) if row["scope"] == "account" else None
        found.append(
            StandingBlocker(
                row["id"],
                row["scope"],
                row["key"],
                row["action"],
                row["posts_waiting"],
                f"@{account.username or account.threads_user_id}" if account else None,
                _text_of(conn, workspace, row["key"]) if row["scope"] == "post" else None,
                counted(conn, [row["id"]], workspace_id=workspace, now=now),
            )
        )
    return found


def _text_of(conn: Connection, workspace: str, post_id: str) -> str:
    body = posts.first_body(conn, workspace, post_id)
    return str(body.get("text") or "")[:EXCERPT]


def blocked_accounts(conn: Connection, workspace: str) -> set[str]:
    """Ids of the accounts that an open cause holds."""
    return visible_blockers.blocked_accounts(conn, workspace)


def outages(conn: Connection, workspace: str) -> list[Outage]:
    """Troubles of Threads itself that hold posts of this workspace and pass by themselves."""
    found = visible_blockers.outages(conn, workspace)
    causes = visible_blockers.causes_of(conn, list(found))
    return [Outage(cause, found[id_]) for id_, cause in causes.items()]
