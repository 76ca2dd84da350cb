from __future__ import annotations

import sqlalchemy as sa

from treadle.accounts import retention
from treadle.accounts.timing import DAY_S
from treadle.notify import alerts
from treadle.store import Database
from treadle.store.tables import alerts as alert_rows
from treadle.store.tables import connect_links, login_attempts, meta_events


def test_what_is_over_goes_and_what_is_not_stays(any_db: Database) -> None:
    now = 1000 * DAY_S
    with any_db.begin() as conn:
        for name, at in (("old", now - 400 * DAY_S), ("new", now - 1.0)):
            link = {"id": name, "workspace_id": "wsp_one", "state_hash": name, "created_at": at, "expires_at": at}
            conn.execute(sa.insert(connect_links).values(**link))
            conn.execute(sa.insert(login_attempts).values(key=name, at=at))
            conn.execute(sa.insert(meta_events).values(digest=name, topic="t", payload={}, received_at=at))
            alerts.raise_alert(conn, "wsp_one", "held", name, {}, now=at)
        conn.execute(sa.update(alert_rows).where(alert_rows.c.key == "old").values(sent_at=now - 399 * DAY_S))
        assert retention.prune(conn, now=now, keep_s=90 * DAY_S) == 4
        assert conn.execute(sa.select(connect_links.c.id)).scalars().all() == ["new"]
        assert conn.execute(sa.select(alert_rows.c.key)).scalars().all() == ["new"]
        assert retention.prune(conn, now=now, keep_s=90 * DAY_S) == 0
