"""What the engine leans on beyond what DBOS promises."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from tests.treadle.engine.shop import Shop
from treadle.engine import dbos_queue


def test_the_end_of_a_run_is_written_in_a_commit_of_ours(lite: Shop) -> None:
    """Its own transaction would be a quarter of all the time in which SQLite's one writer is busy."""
    seen: dict[str, list[str]] = {"ours": [], "its own": []}

    def listen(name: str, engine: sa.Engine) -> None:
        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if "SET status = 'SUCCESS'" in statement or "workflow_output" in statement:  # as we write it, or DBOS
                seen[name].append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)

    listen("ours", lite.app.db.engine)
    listen("its own", lite.app.db.runs_engine)
    owner = lite.owner()
    lite.published([lite.post(owner, text=f"{n}") for n in range(5)])

    def ended() -> list[Any]:
        query = "SELECT status, owner_xid FROM workflow_status WHERE name = 'treadle.advance' AND status <> 'PENDING'"
        with lite.app.db.read() as conn:
            return list(conn.execute(sa.text(query)).all())

    deadline = time.monotonic() + 120
    while len(ended()) < 5 and time.monotonic() < deadline:  # a post is published a moment before its run ends
        time.sleep(0.05)
    assert set(ended()) == {("SUCCESS", None)}
    assert len(seen["ours"]) >= 5
    assert seen["its own"] == []


def test_closing_lets_the_runs_that_were_taken_end(shop: Shop) -> None:
    """None is left as being executed by a worker that is gone: the next one would have to find out first."""
    assert len(dbos_queue._taking()) == 1, "DBOS names its threads differently now"
    owners = [shop.owner() for _ in range(4)]
    post_ids = [shop.post(owner, text=f"{n}") for owner in owners for n in range(3)]
    shop.until(post_ids[:1], lambda post: post["state"] != "scheduled")
    shop.app.stop_worker()
    schema = "" if shop.app.db.is_sqlite else "dbos."
    with shop.app.db.read() as conn:
        query = f"SELECT workflow_uuid FROM {schema}workflow_status WHERE status = 'PENDING'"
        assert list(conn.execute(sa.text(query)).scalars()) == []
