"""How much of Threads' quota each account has used: our own count, and Threads' where it was asked lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.domain.quota import WINDOW_S
from treadle.engine.quota import TOTALS
from treadle.store import Connection, published
from treadle.store.accounts import AccountRow


@dataclass(frozen=True, slots=True)
class Usage:
    """``used`` of ``total`` in 24 hours; ``name``: what is counted, ``posts`` or ``replies``."""

    name: str
    used: int
    total: int


def usage_of(conn: Connection, accounts: Sequence[AccountRow], now: float) -> dict[str, list[Usage]]:
    """Posts and replies of the last 24 hours by account. One question for all of them."""
    counted = published.counts_since(conn, [account.id for account in accounts], now - WINDOW_S)
    ours = {(account, "replies" if reply else "posts"): n for (account, reply), n in counted.items()}
    return {one.id: [_usage(name, one.quota or {}, ours, one.id, now) for name in TOTALS] for one in accounts}


def _usage(
    name: str, quota: Mapping[str, Any], ours: Mapping[tuple[str, str], int], account_id: str, now: float
) -> Usage:
    total, used = int(quota.get(f"{name}_total") or TOTALS[name]), ours.get((account_id, name), 0)
    if quota.get(f"{name}_used") is not None and now - float(quota.get("at") or 0) < WINDOW_S:
        used = max(used, int(quota[f"{name}_used"]))
    return Usage(name, min(used, total), total)
