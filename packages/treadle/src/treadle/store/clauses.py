"""The rules of ``domain`` as SQL, each named like the function whose answer it gives, for queries over many posts.

Every clause is about a row of ``posts``; a query that uses :func:`admit` joins ``accounts`` and ``workspaces``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from treadle.domain.admission import RELEASABLE
from treadle.domain.scope import FETCH_KEY, READING_STOPS, REFUSE_EVERY_CALL
from treadle.store.tables import accounts, blockers, parts, posts, workspaces

releasable = posts.c.state.in_(sorted(RELEASABLE))
oldest_first = (posts.c.due_at, posts.c.id)
connected = sa.and_(accounts.c.token_enc.is_not(None), accounts.c.disconnected_at.is_(None))
paused = sa.or_(accounts.c.paused, workspaces.c.paused)
WITH_OWNERS = posts.join(accounts, accounts.c.id == posts.c.account_id).join(
    workspaces, workspaces.c.id == posts.c.workspace_id
)

_of_post = parts.c.post_id == posts.c.id
last_live_at: sa.ColumnElement[float | None] = (
    sa.select(sa.func.max(parts.c.published_at)).where(_of_post).correlate(posts).scalar_subquery()
)
in_doubt = sa.exists().where(_of_post, parts.c.intent == "sent", parts.c.published_at.is_(None)).correlate(posts)
all_live = ~sa.exists().where(_of_post, parts.c.published_at.is_(None)).correlate(posts)


def too_late(now: float) -> sa.ColumnElement[bool]:
    """:func:`treadle.domain.lateness.too_late`."""
    live_at = sa.func.coalesce(last_live_at, posts.c.due_at)
    due_at = sa.case((live_at > posts.c.due_at, live_at), else_=posts.c.due_at)
    return sa.and_(posts.c.confirmed_at.is_(None), due_at + posts.c.max_lateness < now)


is_open = blockers.c.repaired_at.is_(None)
fetches = (
    sa.exists()
    .where(_of_post, parts.c.published_at.is_(None), parts.c.container_id.is_(None), parts.c.kind != "TEXT")
    .correlate(posts)
)
"""treadle.domain.run_state.fetches."""
# treadle.domain.scope.concerns, but for single media hosts: those are found in addresses, which are no columns.
concerns = sa.or_(
    sa.and_(blockers.c.scope == "post", blockers.c.key == posts.c.id),
    sa.and_(blockers.c.scope == "account", blockers.c.key == posts.c.account_id),
    sa.and_(blockers.c.scope == "app", blockers.c.key == accounts.c.app_id),
    sa.and_(blockers.c.scope == "platform", sa.or_(blockers.c.key != FETCH_KEY, fetches)),
    sa.and_(
        blockers.c.scope == "media_host",
        blockers.c.key == FETCH_KEY,
        blockers.c.workspace_id == posts.c.workspace_id,
        fetches,
    ),
)
# treadle.domain.scope.stops_reading
stops_reading = sa.or_(blockers.c.lane.in_(sorted(READING_STOPS)), blockers.c.pattern.in_(sorted(REFUSE_EVERY_CALL)))
# treadle.domain.scope.stops
stops = sa.and_(
    blockers.c.probe_post_id.is_distinct_from(posts.c.id),
    sa.or_(sa.not_(in_doubt), stops_reading),
)


def blocked(but_for: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    """Whether an open cause stops the post, those of ``but_for`` (ids of blockers) apart."""
    return sa.exists().where(is_open, concerns, stops, blockers.c.id.not_in(but_for)).correlate(posts, accounts)


def admit(
    now: float,
    *,
    is_connected: sa.ColumnElement[bool] = connected,
    is_blocked: sa.ColumnElement[bool] | None = None,
) -> sa.ColumnElement[Any]:
    """:func:`treadle.domain.admission.admit`."""
    return sa.case(
        (all_live, "go"),
        (sa.not_(is_connected), "not connected"),
        (blocked() if is_blocked is None else is_blocked, "blocked"),
        (in_doubt, "go"),
        (paused, "paused"),
        (too_late(now), "too late"),
        else_="go",
    )
