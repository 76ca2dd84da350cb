"""Open causes that hold posts: opening them, putting posts behind them.

One call discovers a cause; the posts behind it are parked without asking Threads again. The narrowest scope comes
first: what one account met is the app's only when a second account meets it within a day.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from treadle.domain.scope import SHARED, WITNESS_WINDOW_S, is_apps
from treadle.ids import new_id
from treadle.store import feed
from treadle.store.tables import blockers, post_blockers, suspicions
from treadle_diagnosis.types import Diagnosis

FIRST_CHECK_S = 60.0
MOST_CHECK_S = 6 * 3600.0
MOST_PLATFORM_CHECK_S = 300.0


def scope_for(
    conn: sa.Connection, diagnosis: Diagnosis, scope: str, key: str, *, account_id: str, app_id: str, now: float
) -> tuple[str, str]:
    """The scope and key to block: an app-wide cause holds the account alone until a second account has met it."""
    if scope != "app" or is_apps(diagnosis.pattern, witnesses=1):
        return scope, key
    what = {"scope": "app", "key": app_id, "pattern": diagnosis.pattern, "witness": account_id}
    same = sa.and_(*(suspicions.c[name] == value for name, value in what.items()))
    if conn.execute(sa.update(suspicions).where(same).values(at=now)).rowcount == 0:
        conn.execute(sa.insert(suspicions).values(**what, at=now))
    witnesses = conn.execute(
        sa.select(sa.func.count())
        .select_from(suspicions)
        .where(
            suspicions.c.scope == "app",
            suspicions.c.key == app_id,
            suspicions.c.pattern == diagnosis.pattern,
            suspicions.c.at > now - WITNESS_WINDOW_S,
        )
    ).scalar_one()
    return ("app", app_id) if is_apps(diagnosis.pattern, witnesses) else ("account", account_id)


def open_blocker(
    conn: sa.Connection,
    diagnosis: Diagnosis,
    *,
    scope: str,
    key: str,
    workspace_id: str,
    now: float,
    scale: float = 1.0,
    stage: str = "unknown",
) -> str:
    """The id of the open blocker for this cause, opened if there is none."""
    owner = None if scope in SHARED else workspace_id
    open_key = f"{scope}|{owner or ''}|{key}|{diagnosis.pattern}"
    found = conn.execute(sa.select(blockers.c.id).where(blockers.c.open_key == open_key)).scalar()
    if found:
        return str(found)
    blocker_id = new_id("blocker", now)
    row = {
        "id": blocker_id,
        "workspace_id": owner,
        "scope": scope,
        "key": key,
        "pattern": diagnosis.pattern,
        "lane": diagnosis.lane,
        "action": diagnosis.action,
        "cause": {**diagnosis.to_json(), "stage": stage},
        "opened_at": now,
        "open_key": open_key,
        "next_check_at": now + max(1.0, FIRST_CHECK_S * scale) if scope != "post" else None,
    }
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(blockers).values(**row))
    except sa.exc.IntegrityError:  # another worker met the same cause at the same moment
        return str(conn.execute(sa.select(blockers.c.id).where(blockers.c.open_key == open_key)).scalar_one())
    feed.announce(
        conn,
        owner,
        "blocker.opened",
        blocker_id,
        {
            "blocker_id": blocker_id,
            "scope": scope,
            "key": key,
            "pattern": diagnosis.pattern,
            "action": diagnosis.action,
        },
        now=now,
    )
    return blocker_id


def put_behind(conn: sa.Connection, post_id: str, blocker_ids: Iterable[str]) -> None:
    """Note that the post waits for these blockers."""
    known = set(conn.execute(sa.select(post_blockers.c.blocker_id).where(post_blockers.c.post_id == post_id)).scalars())
    for blocker_id in blocker_ids:
        if blocker_id not in known:
            conn.execute(sa.insert(post_blockers).values(post_id=post_id, blocker_id=blocker_id))


def next_check(scope: str, checks: int, now: float, scale: float) -> float:
    """When to look at a blocker again: growing gaps, from a minute to six hours.

    An outage of Threads' is asked about at least every five minutes: it passes by itself, and everybody waits for it.
    """
    most = MOST_PLATFORM_CHECK_S if scope == "platform" else MOST_CHECK_S
    return now + max(1.0, min(most, FIRST_CHECK_S * 2.0 ** min(checks, 20)) * scale)
