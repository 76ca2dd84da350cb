"""What a run costs the database: statements are counted, so that none is added unnoticed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.engine.shop import Shop
from treadle.store.tables import parts


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


@contextmanager
def written(engine: sa.Engine) -> Iterator[list[tuple[int, str, str]]]:
    """What the threads that write for runs execute meanwhile: who, the statement (or ``COMMIT``), its values."""
    log: list[tuple[int, str, str]] = []

    def note(text: str, values: object) -> None:
        thread = threading.current_thread()
        if thread.name == "treadle-writer":
            log.append((thread.ident or 0, text, str(values)))

    def statement(conn: Any, cursor: Any, text: str, values: Any, *rest: Any) -> None:
        note(text, values)

    def commit(conn: Any) -> None:
        note("COMMIT", "")

    sa.event.listen(engine, "before_cursor_execute", statement)
    sa.event.listen(engine, "commit", commit)
    try:
        yield log
    finally:
        sa.event.remove(engine, "before_cursor_execute", statement)
        sa.event.remove(engine, "commit", commit)


def test_a_post_costs_sixteen_statements_in_four_transactions(shop: Shop) -> None:
    """On either database: it is taken (4), the intent (4), that it is live (3), where it is and that its run has ended
    (5). It shares the commits with others. How the queue takes a run is not counted."""
    owner = shop.owner()
    shop.published([shop.post(owner, text="first")])
    with written(shop.app.db.engine) as log:
        post_id = shop.post(owner, text="second")
        shop.published([post_id])
    with shop.app.db.read() as conn:
        ids = [post_id, *conn.execute(sa.select(parts.c.id).where(parts.c.post_id == post_id)).scalars()]
    costs: list[int] = []
    for writer in {thread for thread, _, _ in log}:
        statements = 0
        for _, text, values in (entry for entry in log if entry[0] == writer):
            if text == "COMMIT":
                costs += [statements] if statements else []
                statements = 0
            else:
                statements += any(id_ in values for id_ in ids)
    assert sorted(costs) == [3, 4, 4, 5]


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
