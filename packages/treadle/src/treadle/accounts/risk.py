"""Posts of the next day that would meet a known trouble: said before they are due, once for each trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from treadle.accounts import needs
from treadle.accounts.health import WORDS
from treadle.domain.times import iso
from treadle.notify import alerts
from treadle.store import Connection, feed, risks, workspaces
from treadle.store.isolation import apart
from treadle.store.risks import DuePost, OpenCause

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


def at_risk(conn: Connection, *, now: float, workspace_id: str | None = None, ahead_s: float = AHEAD_S) -> list[AtRisk]:
    """Posts due within ``ahead_s`` seconds that would not go out as things are, soonest first."""
    rows = risks.due_between(conn, now, now + ahead_s, workspace_id=workspace_id, limit=MOST)
    if not rows:
        return []
    # Platform trouble passes by itself and is no risk to tomorrow.
    standing = risks.open_causes(conn, {row.account_id for row in rows} | {row.app_id for row in rows})
    needed = _needed(conn, [row.id for row in rows])
    found = []
    for row in rows:
        with apart(JOB, row.id):
            hit = _hit(row, standing, needed.get(row.id, ()))
            if hit is not None:
                pattern, why, blocker = hit
                found.append(AtRisk(row.id, row.workspace_id, row.account_id, row.due_at, pattern, why, blocker))
    return found


def _hit(
    row: DuePost, standing: Mapping[tuple[str, str], OpenCause], needed: tuple[str, ...]
) -> tuple[str, str, str | None] | None:
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


def _needed(conn: Connection, post_ids: list[str]) -> dict[str, tuple[str, ...]]:
    needed: dict[str, set[str]] = {}
    for part in risks.bodies_of(conn, post_ids):
        with apart(JOB, part.post_id):
            options = (part.body or {}).get("options") or {}
            needed.setdefault(part.post_id, set()).update(needs.of_part(options, is_reply=part.is_reply))
    return {post_id: tuple(sorted(scopes)) for post_id, scopes in needed.items()}


def warn(conn: Connection, *, now: float) -> list[AtRisk]:
    """Say of posts at risk that they are, once per post and trouble; those said now. A background job."""
    fresh: list[AtRisk] = []
    for workspace_id in workspaces.ids(conn):
        with apart(JOB, workspace_id, conn):
            fresh += _warn(conn, workspace_id, now)
    return fresh


def _warn(conn: Connection, workspace_id: str, now: float) -> list[AtRisk]:
    fresh = []
    for risk in at_risk(conn, now=now, workspace_id=workspace_id):
        key = f"{risk.post_id}|{risk.pattern}"
        detail = {"post_id": risk.post_id, "account_id": risk.account_id, "due_at": risk.due_at, "why": risk.why}
        if not alerts.raise_alert(conn, risk.workspace_id, "at_risk", key, detail, now=now, once=True):
            continue
        payload = {**detail, "due_at": iso(risk.due_at), "pattern": risk.pattern, "blocker_id": risk.blocker_id}
        feed.announce(conn, risk.workspace_id, "post.at_risk", risk.post_id, payload, now=now)
        fresh.append(risk)
    return fresh
