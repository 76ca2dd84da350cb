"""Forgetting what is no longer needed of accounts."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from treadle.accounts.timing import DAY_S
from treadle.notify.delivering import prune as prune_deliveries
from treadle.store.tables import alerts, connect_links, login_attempts, meta_events, sessions

# A replay of Meta's that is older than this is refused by its age at Meta's side long since.
MESSAGES_S: Final = 90 * DAY_S
LINKS_S: Final = 30 * DAY_S


def prune(conn: sa.Connection, *, now: float, keep_s: float) -> int:
    """Delete what is over: settled deliveries and sent alerts after ``keep_s`` seconds, old links, attempts, sessions
    and messages of Meta's after their own time. The audit trail stays. How many rows went."""
    before = now - keep_s
    gone = prune_deliveries(conn, before=before)
    for query in (
        sa.delete(alerts).where(alerts.c.sent_at < before),
        sa.delete(connect_links).where(connect_links.c.expires_at < now - LINKS_S),
        sa.delete(login_attempts).where(login_attempts.c.at < now - DAY_S),
        sa.delete(sessions).where(sessions.c.expires_at <= now),
        sa.delete(meta_events).where(meta_events.c.received_at < now - MESSAGES_S),
    ):
        gone += conn.execute(query).rowcount
    return gone
