"""How much of Threads' quota each account has used: our own count, and Threads' where it was asked lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from treadle.engine.quota import TOTALS, WINDOW_S
from treadle.store.tables import parts


def usage_of(conn: sa.Connection, accounts: Sequence[Mapping[str, Any]], now: float) -> dict[str, list[dict[str, Any]]]:
    """By account, ``posts`` and ``replies`` of the last 24 hours: ``{"name", "used", "total"}``.

    ``accounts``: rows with ``id`` and ``quota``. One question for all of them.
    """
    ours: dict[tuple[str, str], int] = {}
    ids = [row["id"] for row in accounts]
    for start in range(0, len(ids), 500):
        rows = conn.execute(
            sa.select(parts.c.account_id, parts.c.is_reply, sa.func.count())
            .where(parts.c.account_id.in_(ids[start : start + 500]), parts.c.published_at > now - WINDOW_S)
            .group_by(parts.c.account_id, parts.c.is_reply)
        )
        ours |= {(account, "replies" if reply else "posts"): n for account, reply, n in rows}
    return {row["id"]: [_usage(name, row["quota"] or {}, ours, row["id"], now) for name in TOTALS] for row in accounts}


def _usage(
    name: str, quota: Mapping[str, Any], ours: Mapping[tuple[str, str], int], account_id: str, now: float
) -> dict[str, Any]:
    total, used = int(quota.get(f"{name}_total") or TOTALS[name]), ours.get((account_id, name), 0)
    if quota.get(f"{name}_used") is not None and now - float(quota.get("at") or 0) < WINDOW_S:
        used = max(used, int(quota[f"{name}_used"]))
    return {"name": name, "used": min(used, total), "total": total}
