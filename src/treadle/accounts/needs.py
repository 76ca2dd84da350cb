"""Which permissions a post needs, held against those a token was granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from treadle.posts.states import FINAL
from treadle.store.tables import parts, posts

ALWAYS = ("threads_basic", "threads_content_publish")
# Option of a post -> permission, from Meta's page on permissions (27 May 2025, 25 March 2026).
_BY_OPTION: Mapping[str, str] = {
    "location_id": "threads_location_tagging",
    "crossreshare_to_ig": "threads_share_to_instagram",
    "crossreshare_to_ig_dark_mode": "threads_share_to_instagram",
    "reply_to_id": "threads_manage_replies",
}


def of_part(options: Mapping[str, Any], *, is_reply: bool = False) -> tuple[str, ...]:
    """Permissions one part needs, sorted."""
    needed = set(ALWAYS)
    needed.update(scope for option, scope in _BY_OPTION.items() if options.get(option) not in (None, "", False))
    if is_reply:
        needed.add("threads_manage_replies")
    return tuple(sorted(needed))


def missing(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Needed and not granted, sorted; nothing when what was granted is not known."""
    known = set(granted)
    return tuple(sorted(set(needed) - known)) if known else ()


def of_waiting_posts(conn: sa.Connection, account_id: str, *, until: float | None = None) -> dict[str, list[str]]:
    """Permission -> ids of the account's unfinished posts that need it; ``until``: only those due before."""
    query = (
        sa.select(parts.c.post_id, parts.c.body, parts.c.is_reply)
        .join(posts, posts.c.id == parts.c.post_id)
        .where(posts.c.account_id == account_id, posts.c.state.not_in([*FINAL, "draft"]))
    )
    if until is not None:
        query = query.where(posts.c.due_at <= until)
    needed: dict[str, list[str]] = {}
    for post_id, body, is_reply in conn.execute(query):
        for scope in of_part((body or {}).get("options") or {}, is_reply=bool(is_reply)):
            ids = needed.setdefault(scope, [])
            if post_id not in ids:
                ids.append(post_id)
    return needed
