"""Forgetting what is no longer needed of accounts."""

from __future__ import annotations

from typing import Final

from treadle.accounts.timing import DAY_S
from treadle.store import Connection, alerts, connect_links, deliveries, messages_of_meta, users

# A replay of Meta's that is older than this is refused by its age at Meta's side long since.
MESSAGES_S: Final = 90 * DAY_S
LINKS_S: Final = 30 * DAY_S


def prune(conn: Connection, *, now: float, keep_s: float) -> int:
    """Delete what is over: settled deliveries and sent alerts after ``keep_s`` seconds, old links, attempts, sessions
    and messages of Meta's after their own time. The audit trail stays. How many rows went."""
    before = now - keep_s
    return (
        deliveries.delete_over(conn, before=before)
        + alerts.delete_sent(conn, before)
        + connect_links.delete_expired(conn, now - LINKS_S)
        + users.delete_attempts(conn, before=now - DAY_S)
        + users.delete_expired_sessions(conn, now)
        + messages_of_meta.delete(conn, before=now - MESSAGES_S)
    )
