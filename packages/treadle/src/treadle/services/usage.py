"""How much of Threads' quota each account has used: our own count, and Threads' where it was asked lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from treadle.domain.quota import WINDOW_S
from treadle.engine.quota import TOTALS
from treadle.store import Connection, published


def usage_of(conn: Connection, accounts: Sequence[Mapping[str, Any]], now: float) -> dict[str, list[dict[str, Any]]]:
    """By account, ``posts`` and ``replies`` of the last 24 hours: ``{"name", "used", "total"}``.

    ``accounts``: rows with ``id`` and ``quota``. One question for all of them.
    """
    counted = published.counts_since(conn, [row["id"] for row in accounts], now - WINDOW_S)
    ours = {(account, "replies" if reply else "posts"): n for (account, reply), n in counted.items()}
    return {row["id"]: [_usage(name, row["quota"] or {}, ours, row["id"], now) for name in TOTALS] for row in accounts}


def _usage(
    name: str, quota: Mapping[str, Any], ours: Mapping[tuple[str, str], int], account_id: str, now: float
) -> dict[str, Any]:
    total, used = int(quota.get(f"{name}_total") or TOTALS[name]), ours.get((account_id, name), 0)
    if quota.get(f"{name}_used") is not None and now - float(quota.get("at") or 0) < WINDOW_S:
        used = max(used, int(quota[f"{name}_used"]))
    return {"name": name, "used": min(used, total), "total": total}
