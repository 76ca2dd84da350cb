"""What a run costs the database: statements are counted, so that none is added unnoticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.engine.shop import Shop


@contextmanager
def counted(engine: sa.Engine) -> Iterator[Counter[str]]:
    """By verb and table, the writes that are executed meanwhile."""
    seen: Counter[str] = Counter()

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        words = statement.replace('"', "").split()
        verb = words[0]
        table = words[1] if verb == "UPDATE" else words[2] if verb in ("INSERT", "DELETE") else ""
        seen[f"{verb} {table}"] += 1

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("lost", "updates"), [(False, {"posts": 4, "parts": 3}), (True, {"posts": 7, "parts": 5})])
def test_a_post_costs_no_more_updates_than_it_did(lite: Shop, lost: bool, updates: dict[str, int]) -> None:
    """One update of a post and of a part for each thing that must be known before the next call, however many fields
    change: that it is taken, the intent, what came of it, and where it is. No entry is ever changed."""
    owner = lite.owner()
    lite.published([lite.post(owner, text="first")])
    if lost:
        lite.control.fault("publish", {"drop": True}, when="after", times=1)
    with counted(lite.app.db.engine) as seen:
        lite.published([lite.post(owner, text="second")])
    assert {table: seen[f"UPDATE {table}"] for table in updates} == updates
    assert seen["UPDATE accounts"] == seen["UPDATE events"] == 0
    assert seen["INSERT changes"] == (4 if lost else 2)
