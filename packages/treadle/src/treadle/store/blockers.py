"""Open causes that hold posts: opening and reading them, putting posts behind them.

One call discovers a cause; the posts behind it are parked without asking Threads again. The narrowest scope comes
first: what one account met is the app's only when a second account meets it within a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from treadle.domain.rechecks import first_check
from treadle.domain.run_state import AccountView, account_view
from treadle.domain.scope import (
    CONNECTING_PROVES,
    CONNECTING_REPAIRS_LANES,
    CONNECTING_REPAIRS_PATTERNS,
    FETCH_KEY,
    SHARED,
    WITNESS_WINDOW_S,
    is_apps,
)
from treadle.ids import new_id
from treadle.store import feed
from treadle.store.statements import chunks
from treadle.store.tables import accounts, blockers, post_blockers, posts, suspicions
from treadle_diagnosis.types import Diagnosis


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
        "next_check_at": first_check(scope, now, scale),
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


def put_off(conn: sa.Connection, blocker_id: str, until: float) -> None:
    conn.execute(sa.update(blockers).where(blockers.c.id == blocker_id).values(next_check_at=until))


def closed_but_waited_for(conn: sa.Connection) -> tuple[str | None, list[str]] | None:
    """What repaired them, and repaired blockers that posts still wait behind.

    There are such when more posts waited than are let go at once, and two workers make them: one saw the blocker open
    and parks a post, the other repairs it in the same moment and does not see that post yet.
    """
    query = (
        sa.select(post_blockers.c.blocker_id, blockers.c.repaired_by)
        .join(blockers, blockers.c.id == post_blockers.c.blocker_id)
        .where(blockers.c.repaired_at.is_not(None))
        .distinct()
        .limit(100)
    )
    rows = conn.execute(query).all()
    if not rows:
        return None
    by = rows[0].repaired_by
    return by, [row.blocker_id for row in rows if row.repaired_by == by]


def due(conn: sa.Connection, now: float) -> list[str]:
    b = blockers.c
    return list(
        conn.execute(
            sa.select(b.id).where(b.repaired_at.is_(None), b.next_check_at <= now).order_by(b.next_check_at).limit(50)
        ).scalars()
    )


def find_open(conn: sa.Connection, blocker_id: str) -> dict[str, Any] | None:
    row = (
        conn.execute(sa.select(blockers).where(blockers.c.id == blocker_id, blockers.c.repaired_at.is_(None)))
        .mappings()
        .first()
    )
    return dict(row) if row else None


def account_to_ask(conn: sa.Connection, row: Mapping[str, Any]) -> AccountView | None:
    """The account to look with: the blocked one, or any connected one of the app (for the platform: of any app)."""
    query = sa.select(accounts).where(accounts.c.disconnected_at.is_(None), accounts.c.token_enc.is_not(None))
    if row["scope"] == "account":
        query = query.where(accounts.c.id == row["key"])
    elif row["scope"] == "app":
        query = query.where(accounts.c.app_id == row["key"])
    healthy = sa.case((accounts.c.health == "active", 0), else_=1)
    found = conn.execute(query.order_by(healthy, accounts.c.id).limit(1)).mappings().first()
    return account_view(found) if found else None


def checked(
    conn: sa.Connection, blocker_id: str, next_check_at: float, *, now: float, probe: str | None = None
) -> None:
    """It was looked at and is still there. ``probe``: the post that goes first to test it."""
    values: dict[str, Any] = {"checks": blockers.c.checks + 1, "checked_at": now, "next_check_at": next_check_at}
    if probe is not None:
        values["probe_post_id"] = probe
    conn.execute(sa.update(blockers).where(blockers.c.id == blocker_id).values(values))


def take_out(conn: sa.Connection, post_id: str, blocker_ids: Sequence[str]) -> None:
    """The post waits behind these blockers no longer."""
    behind = sa.and_(post_blockers.c.post_id == post_id, post_blockers.c.blocker_id.in_(blocker_ids))
    conn.execute(sa.delete(post_blockers).where(behind))


def tested_by(conn: sa.Connection, post_id: str) -> list[tuple[str, str]]:
    """(id, stage at which it was met) of the open blockers that this post goes first to test."""
    query = sa.select(blockers.c.id, blockers.c.cause).where(
        blockers.c.probe_post_id == post_id, blockers.c.repaired_at.is_(None)
    )
    return [(row.id, str((row.cause or {}).get("stage") or "publish")) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class RepairedBlocker:
    """A cause that is over. Times are epoch seconds; ``repaired_by`` names the evidence."""

    cause: Mapping[str, Any]
    scope: str
    opened_at: float
    repaired_at: float
    repaired_by: str | None


def repaired_lately(conn: sa.Connection, workspace_id: str, *, limit: int) -> list[RepairedBlocker]:
    """Causes of the workspace and shared ones that are over, the latest first."""
    seen = sa.or_(blockers.c.workspace_id == workspace_id, blockers.c.workspace_id.is_(None))
    query = sa.select(*(blockers.c[field.name] for field in fields(RepairedBlocker)))
    query = query.where(seen, blockers.c.repaired_at.is_not(None))
    rows = conn.execute(query.order_by(blockers.c.repaired_at.desc(), blockers.c.id).limit(limit))
    return [RepairedBlocker(*row) for row in rows]


def open_for_fetching(conn: sa.Connection, workspace_id: str) -> str | None:
    """The scope of the open cause that stops this workspace's posts with files for Meta to fetch, the widest first."""
    mine = sa.or_(blockers.c.scope == "platform", blockers.c.workspace_id == workspace_id)
    query = sa.select(blockers.c.scope).where(blockers.c.repaired_at.is_(None), blockers.c.key == FETCH_KEY, mine)
    scopes = set(conn.execute(query).scalars())
    return "platform" if "platform" in scopes else next(iter(scopes), None)


def is_shared(conn: sa.Connection, blocker_id: str) -> bool:
    """Whether it concerns every workspace."""
    row = conn.execute(sa.select(blockers.c.workspace_id).where(blockers.c.id == blocker_id)).first()
    return row is not None and row.workspace_id is None


def posts_of_workspace(conn: sa.Connection, workspace_id: str, ids: Sequence[str]) -> list[str]:
    """Those of these posts that belong to the workspace, in the order given."""
    mine: set[str] = set()
    for some in chunks(ids):
        where = (posts.c.workspace_id == workspace_id, posts.c.id.in_(some))
        mine |= set(conn.execute(sa.select(posts.c.id).where(*where)).scalars())
    return [id_ for id_ in ids if id_ in mine]


def of_post(conn: sa.Connection, post_id: str) -> list[str]:
    """Ids of the blockers that the post waits for."""
    query = sa.select(post_blockers.c.blocker_id).where(post_blockers.c.post_id == post_id)
    return list(conn.execute(query).scalars())


def open_of_accounts(conn: sa.Connection, pattern: str) -> Mapping[str, str]:
    """Account id to blocker id, of open blockers of accounts with this cause."""
    query = sa.select(blockers.c.key, blockers.c.id).where(
        blockers.c.repaired_at.is_(None), blockers.c.scope == "account", blockers.c.pattern == pattern
    )
    return {row.key: row.id for row in conn.execute(query)}


def forget_post(conn: sa.Connection, post_id: str) -> None:
    """The post waits for nothing any more."""
    conn.execute(sa.delete(post_blockers).where(post_blockers.c.post_id == post_id))


def close_of_post(conn: sa.Connection, post_id: str, *, by: str, now: float) -> None:
    """Close the open blockers that are about this post alone; nothing is released."""
    own = (blockers.c.scope == "post", blockers.c.key == post_id, blockers.c.repaired_at.is_(None))
    conn.execute(sa.update(blockers).where(*own).values(repaired_at=now, repaired_by=by, open_key=None))


@dataclass(frozen=True, slots=True)
class CauseRow:
    pattern: str
    cause: Mapping[str, Any]


def newest_open(conn: sa.Connection, patterns: Collection[str]) -> CauseRow | None:
    """The open cause of one of these patterns that was met last, in any workspace."""
    query = sa.select(blockers.c.pattern, blockers.c.cause).where(
        blockers.c.repaired_at.is_(None), blockers.c.pattern.in_(patterns)
    )
    row = conn.execute(query.order_by(blockers.c.opened_at.desc()).limit(1)).first()
    return CauseRow(row.pattern, row.cause or {}) if row is not None else None


# ---------------------------------------------------------------- what connecting an account again closes


def repairable(conn: sa.Connection, account_id: str, app_id: str) -> list[str]:
    """Ids of the open blockers that connecting this account again would close, the oldest first."""
    own, shared = _own([account_id]), _proven(app_id)
    query = sa.select(blockers.c.id).select_from(_WITH_POST)
    query = query.where(blockers.c.repaired_at.is_(None), sa.or_(own, shared))
    return list(conn.execute(query.order_by(blockers.c.opened_at)).scalars())


def repairable_of(
    conn: sa.Connection, account_ids: Sequence[str], app_id: str
) -> tuple[Mapping[str, list[str]], list[str]]:
    """The same for many accounts at once: the blockers of each account that has some, and those of the app, which
    connecting any of them would close."""
    account_id = sa.func.coalesce(posts.c.account_id, blockers.c.key).label("account_id")
    query = sa.select(blockers.c.id, blockers.c.scope, account_id).select_from(_WITH_POST)
    query = query.where(blockers.c.repaired_at.is_(None), sa.or_(_own(account_ids), _proven(app_id)))
    own: dict[str, list[str]] = {}
    shared: list[str] = []
    for row in conn.execute(query.order_by(blockers.c.opened_at)):
        (shared if row.scope == "app" else own.setdefault(row.account_id, [])).append(row.id)
    return own, shared


_WITH_POST = blockers.outerjoin(posts, sa.and_(blockers.c.scope == "post", posts.c.id == blockers.c.key))


def _own(account_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    over = sa.or_(blockers.c.lane.in_(CONNECTING_REPAIRS_LANES), blockers.c.pattern.in_(CONNECTING_REPAIRS_PATTERNS))
    of_account = sa.and_(blockers.c.scope == "account", blockers.c.key.in_(account_ids), over)
    # What only the options of a post need, a new token may have as well.
    of_post = sa.and_(posts.c.account_id.in_(account_ids), blockers.c.lane.in_(CONNECTING_REPAIRS_LANES))
    return sa.or_(of_account, of_post)


def _proven(app_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(blockers.c.scope == "app", blockers.c.key == app_id, blockers.c.pattern.in_(CONNECTING_PROVES))
