"""The next free slot of an account's queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from treadle.domain.slots import next_free
from treadle.domain.times import When
from treadle.domain.zones import zone_named
from treadle.store import Connection, queues

UTC_ZONE: Final = ZoneInfo("UTC")


def free_slot(conn: Connection, workspace_id: str, account_id: str, *, now: float, but: str = "") -> When | None:
    """The next free slot of an account; ``None``: it has none. ``but``: a post whose own slot counts as free."""
    queue = queues.find(conn, workspace_id, account_id)
    place = zone_named(queue.zone) if queue else None
    if queue is None or place is None:
        return None
    due = [one.due_at for one in queues.due_posts(conn, workspace_id, account_id, now) if one.id != but]
    at = next_free(queue.slots, place, due, now)
    return None if at is None else when_at(at, queue.zone)


def when_at(at: float, zone: str) -> When:
    """A time as it is kept with a post: written in ``zone``, which stands beside it."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone_named(zone) or UTC_ZONE)
    return When(at, f"{local.isoformat()}[{zone}]", zone)
