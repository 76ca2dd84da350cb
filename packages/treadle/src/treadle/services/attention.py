"""What needs somebody: open causes, grouped, each with what its repair would send.

Counted by the database: a page stays quick when one cause holds thousands of posts, or when hundreds are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from treadle.services.blocker_output import blocker_out
from treadle.services.read import posts_json
from treadle.store import Connection, pages_posts, posts, visible_blockers
from treadle.store.accounts import AccountName
from treadle.store.repair_preview import counted

WHOLE = 6  # groups that are shown with their blockers; the rest is named in one line each
SHOWN = 4  # blockers of a group
CHIPS = 2  # posts of a group
EXCERPT = 200  # characters of a post's text
FAILED_LATELY_S = 7 * 86_400.0  # what failed longer ago has been seen, and is only counted


def kinds(conn: Connection, workspace: str, accounts: Sequence[AccountName], *, approver: bool, now: float) -> int:
    """How many things need somebody, as Home lists them: each cause is one, and each of posts that are held, that
    failed lately, that a disconnected account holds, and, for an ``approver``, that wait for an approval."""
    posts_waiting = pages_posts.waiting(conn, workspace, failed_since=now - FAILED_LATELY_S)
    found = [posts_waiting.held, posts_waiting.failed_lately, posts_waiting.approvals and approver]
    if gone := {one.id for one in accounts if one.disconnected_at is not None}:
        unfinished = gone & pages_posts.unfinished_by_account(conn, workspace).keys()
        found.append(bool(unfinished - blocked_accounts(conn, workspace)))
    return len(visible_blockers.open_groups(conn, workspace)) + sum(found)


def grouped(
    conn: Connection, workspace: str, names: Mapping[str, Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """Open causes by pattern, the one that holds most posts first.

    Each has ``posts`` (how many wait), ``count`` (of blockers), ``since``, ``cause``, and of the first :data:`WHOLE`
    groups ``blockers``, the first :data:`SHOWN`, and ``first``, the first :data:`CHIPS` posts. What passes by itself is
    not among them, nor what holds posts of other workspaces only.
    """
    groups: list[dict[str, Any]] = [{**group} for group in visible_blockers.open_groups(conn, workspace)]
    causes = visible_blockers.causes_of(conn, [group["newest"] for group in groups])
    for place, group in enumerate(groups):
        group["cause"] = causes[group["newest"]]
        whole, pattern = place < WHOLE, group["pattern"]
        group["blockers"] = _first(conn, workspace, pattern, names, now) if whole else []
        ids = visible_blockers.first_posts(conn, workspace, pattern, limit=CHIPS) if whole else []
        group["first"] = posts_json(conn, workspace, ids)
    return groups


def _first(
    conn: Connection, workspace: str, pattern: str, names: Mapping[str, Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """The blockers of one pattern that hold most, with what each button would do."""
    found = []
    for row in visible_blockers.first_of_pattern(conn, workspace, pattern, limit=SHOWN):
        blocker = blocker_out(row).to_json()
        account = names.get(blocker["key"]) if blocker["scope"] == "account" else None
        found.append(
            {
                **blocker,
                "who": f"@{account['username'] or account['threads_user_id']}" if account else None,
                "would": counted(conn, [blocker["id"]], workspace_id=workspace, now=now),
                "post": _text_of(conn, workspace, blocker["key"]) if blocker["scope"] == "post" else None,
            }
        )
    return found


def _text_of(conn: Connection, workspace: str, post_id: str) -> str:
    body = posts.first_body(conn, workspace, post_id)
    return str(body.get("text") or "")[:EXCERPT]


def blocked_accounts(conn: Connection, workspace: str) -> set[str]:
    """Ids of the accounts that an open cause holds."""
    return visible_blockers.blocked_accounts(conn, workspace)


def outages(conn: Connection, workspace: str) -> list[dict[str, Any]]:
    """Troubles of Threads itself that hold posts of this workspace and pass by themselves: ``cause`` and ``posts``."""
    found = visible_blockers.outages(conn, workspace)
    causes = visible_blockers.causes_of(conn, list(found))
    return [{"cause": cause, "posts": found[id_]} for id_, cause in causes.items()]
