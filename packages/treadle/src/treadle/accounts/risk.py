"""Posts of the next day that would meet a known trouble: said before they are due, once for each trouble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from treadle.accounts import needs
from treadle.accounts.health import WORDS
from treadle.notify import alerts
from treadle.store import feed
from treadle.store.isolation import apart
from treadle.store.tables import accounts, blockers, parts, posts, workspaces

JOB: Final = "say_at_risk"
AHEAD_S: Final = 86_400.0
MOST: Final = 2000
# With these the token cannot publish; "expiring" is judged by its end, "active" by nothing.
_STOPPED: Final = ("reconnect", "checkpoint", "restricted", "limited", "linked_account", "app")


@dataclass(frozen=True, slots=True)
class AtRisk:
    """``pattern``: what the post would meet, as the guide calls it; ``blocker_id`` when one is open already."""

    post_id: str
    workspace_id: str
    account_id: str
    due_at: float
    pattern: str
    why: str
    blocker_id: str | None = None


def at_risk(
    conn: sa.Connection, *, now: float, workspace_id: str | None = None, ahead_s: float = AHEAD_S
) -> list[AtRisk]:
    """Posts due within ``ahead_s`` seconds that would not go out as things are, soonest first."""
    query = (
        sa.select(
            posts.c.id,
            posts.c.workspace_id,
            posts.c.account_id,
            posts.c.due_at,
            accounts.c.health,
            accounts.c.health_cause,
            accounts.c.username,
            accounts.c.scopes,
            accounts.c.app_id,
            accounts.c.token_expires_at,
            accounts.c.grant_expires_at,
            accounts.c.disconnected_at,
            accounts.c.token_enc.is_(None).label("without_token"),
        )
        .join(accounts, accounts.c.id == posts.c.account_id)
        .where(posts.c.state == "scheduled", posts.c.due_at > now, posts.c.due_at <= now + ahead_s)
        .order_by(posts.c.due_at)
        .limit(MOST)
    )
    if workspace_id is not None:
        query = query.where(posts.c.workspace_id == workspace_id)
    rows = conn.execute(query).all()
    if not rows:
        return []
    standing = _standing(conn, rows)
    needed = _needed(conn, [row.id for row in rows])
    found = []
    for row in rows:
        with apart(JOB, row.id):
            hit = _hit(row, standing, needed.get(row.id, ()))
            if hit is not None:
                pattern, why, blocker = hit
                found.append(AtRisk(row.id, row.workspace_id, row.account_id, row.due_at, pattern, why, blocker))
    return found


def _hit(row: Any, standing: dict[tuple[str, str], Any], needed: tuple[str, ...]) -> tuple[str, str, str | None] | None:
    who = f"@{row.username}" if row.username else "The account"
    if row.disconnected_at is not None or row.without_token:
        return "account_disconnected", f"{who} is not connected.", None
    blocker = standing.get(("account", row.account_id)) or standing.get(("app", row.app_id))
    if blocker is not None:
        return blocker.pattern, str((blocker.cause or {}).get("title") or blocker.pattern), blocker.id
    if row.health in _STOPPED:
        cause = row.health_cause or {}
        return str(cause.get("pattern") or row.health), f"{who}: {WORDS[row.health]}", None
    for ends, what in ((row.token_expires_at, "token"), (row.grant_expires_at, "permission")):
        if ends is not None and ends <= row.due_at:
            return "token_expired", f"{who}: its {what} ends before this post is due.", None
    lacking = needs.missing(needed, row.scopes or ())
    if lacking:
        return "permission_not_granted", f"{who} did not grant {', '.join(lacking)}.", None
    return None


def _standing(conn: sa.Connection, rows: Any) -> dict[tuple[str, str], Any]:
    """Open blockers of these accounts and apps; platform trouble passes by itself and is no risk to tomorrow."""
    keys = {row.account_id for row in rows} | {row.app_id for row in rows}
    found = conn.execute(
        sa.select(blockers.c.id, blockers.c.scope, blockers.c.key, blockers.c.pattern, blockers.c.cause).where(
            blockers.c.repaired_at.is_(None), blockers.c.scope.in_(("account", "app")), blockers.c.key.in_(keys)
        )
    ).all()
    return {(row.scope, row.key): row for row in found}


def _needed(conn: sa.Connection, post_ids: list[str]) -> dict[str, tuple[str, ...]]:
    needed: dict[str, set[str]] = {}
    for start in range(0, len(post_ids), 500):
        rows = conn.execute(
            sa.select(parts.c.post_id, parts.c.body, parts.c.is_reply).where(
                parts.c.post_id.in_(post_ids[start : start + 500])
            )
        )
        for post_id, body, is_reply in rows:
            with apart(JOB, post_id):
                options = (body or {}).get("options") or {}
                needed.setdefault(post_id, set()).update(needs.of_part(options, is_reply=bool(is_reply)))
    return {post_id: tuple(sorted(scopes)) for post_id, scopes in needed.items()}


def warn(conn: sa.Connection, *, now: float) -> list[AtRisk]:
    """Say of posts at risk that they are, once per post and trouble; those said now. A background job."""
    fresh: list[AtRisk] = []
    for workspace_id in conn.execute(sa.select(workspaces.c.id).order_by(workspaces.c.id)).scalars().all():
        with apart(JOB, workspace_id, conn):
            fresh += _warn(conn, workspace_id, now)
    return fresh


def _warn(conn: sa.Connection, workspace_id: str, now: float) -> list[AtRisk]:
    fresh = []
    for risk in at_risk(conn, now=now, workspace_id=workspace_id):
        key = f"{risk.post_id}|{risk.pattern}"
        detail = {"post_id": risk.post_id, "account_id": risk.account_id, "due_at": risk.due_at, "why": risk.why}
        if not alerts.raise_alert(conn, risk.workspace_id, "at_risk", key, detail, now=now, once=True):
            continue
        payload = {**detail, "pattern": risk.pattern, "blocker_id": risk.blocker_id}
        feed.announce(conn, risk.workspace_id, "post.at_risk", risk.post_id, payload, now=now)
        fresh.append(risk)
    return fresh
