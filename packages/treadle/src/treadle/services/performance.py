"""How posts do over a period: what they gained on each day, and those that did best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from treadle.domain.insights import METRICS, Numbers, may_be_read
from treadle.services.output import JsonObject
from treadle.services.post_history import Column, bars
from treadle.services.read import posts_json
from treadle.store import Connection, accounts, insights
from treadle.store.accounts import Granted
from treadle.store.insights import DayGain

BEST: Final = 10
SPANS: Final = (7, 30, 90)  # days that can be looked at


@dataclass(frozen=True, slots=True)
class BestPost:
    """A post as the API returns it, with its newest figures."""

    post: JsonObject
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Performance:
    """Days are those of UTC, as Threads' figures are stored. ``gained``: in the whole period; ``columns``: bars of the
    chosen figure, one a day; ``not_read``: connected accounts without the permission for insights."""

    gained: Numbers
    days: Sequence[DayGain]
    columns: Sequence[Column]
    best: Sequence[BestPost]
    not_read: Sequence[Granted]


def read(
    conn: Connection, workspace_id: str, *, metric: str, days: int, account_id: str = "", now: float
) -> Performance:
    """The last ``days`` days, today among them. ``metric``: one of :data:`METRICS`, by which bars and posts are
    chosen; ``account_id``: of this account alone."""
    if metric not in METRICS:
        raise ValueError(metric)
    today = datetime.fromtimestamp(now, UTC).date()
    shown = [today - timedelta(days=days - 1 - n) for n in range(days)]
    gains = insights.gained(conn, workspace_id, since=shown[0], account_id=account_id)
    total = Numbers()
    for one in gains:
        total = total.plus(one.numbers)
    since = datetime.combine(shown[0], time(), UTC).timestamp()
    best = insights.best(conn, workspace_id, metric, since=since, limit=BEST, account_id=account_id)
    numbers = dict(best)
    posts = posts_json(conn, workspace_id, [post_id for post_id, _ in best])
    return Performance(
        gained=total,
        days=gains,
        columns=bars({one.day: getattr(one.numbers, metric) or 0 for one in gains}, shown),
        best=[BestPost(post, numbers[post["id"]]) for post in posts],
        not_read=_not_read(conn, workspace_id, account_id),
    )


def _not_read(conn: Connection, workspace_id: str, account_id: str) -> list[Granted]:
    found = accounts.granted(conn, workspace_id)
    return [one for one in found if account_id in ("", one.id) and not may_be_read(one.scopes)]
