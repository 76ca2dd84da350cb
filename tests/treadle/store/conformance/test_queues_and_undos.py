"""Queues of accounts, and what can be undone."""

from __future__ import annotations

import sqlalchemy as sa

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, account, post, workspace
from treadle.domain.slots import Slot
from treadle.store import Connection, posts, queues, undos
from treadle.store.queues import QueuedPost, QueueRow
from treadle.store.rows import locked, parts_of
from treadle.store.tables import posts as posts_table
from treadle.store.undos import UndoRow


@covers(queues.find, queues.keep, queues.lock, queues.due_posts, queues.to_come, posts.untimed_drafts)
def test_queues(conn: Connection) -> None:
    workspace(conn, ONE)
    workspace(conn, TWO)
    account(conn, "acc_a", of=ONE)
    assert queues.lock(conn, ONE, "acc_a")
    assert not queues.lock(conn, TWO, "acc_a")
    assert queues.find(conn, ONE, "acc_a") is None
    queues.keep(conn, ONE, "acc_a", QueueRow("UTC", ()), now=1.0)
    row = QueueRow("Europe/Berlin", (Slot(0, 540), Slot(6, 0)))
    queues.keep(conn, ONE, "acc_a", row, now=2.0)
    assert queues.find(conn, ONE, "acc_a") == row
    assert queues.find(conn, TWO, "acc_a") is None
    post(conn, "pst_a", of=ONE, by="acc_a", state="scheduled", publish_at=50.0, due_at=50.0)
    post(conn, "pst_b", of=ONE, by="acc_a", state="canceled", publish_at=60.0, due_at=60.0)
    post(conn, "pst_c", of=ONE, by="acc_a", state="draft", publish_at=None, due_at=70.0)
    assert queues.due_posts(conn, ONE, "acc_a", 50.0) == [QueuedPost("pst_a", "scheduled", 50.0)]
    assert queues.due_posts(conn, ONE, "acc_a", 0.0, 50.0) == []
    assert queues.due_posts(conn, TWO, "acc_a", 0.0) == []
    assert posts.untimed_drafts(conn, ONE, "acc_a") == ["pst_c"]
    account(conn, "acc_b", of=ONE)
    post(conn, "pst_d", of=ONE, by="acc_b", state="blocked", publish_at=70.0, due_at=70.0)
    post(conn, "pst_e", of=ONE, by="acc_b", state="draft", publish_at=70.0, due_at=70.0)
    assert queues.to_come(conn, ONE, 50.0) == {"acc_a": 1, "acc_b": 2}
    assert queues.to_come(conn, ONE, 50.5) == {"acc_b": 2}
    assert queues.to_come(conn, TWO, 0.0) == {}


@covers(undos.insert, undos.take, undos.delete_before, undos.put_back)
def test_undos(conn: Connection) -> None:
    workspace(conn, ONE)
    account(conn, "acc_a", of=ONE)
    row = UndoRow("cancel", [{"post_id": "pst_a", "draft": False}], 5.0)
    undos.insert(conn, ONE, "und_a", row)
    undos.insert(conn, ONE, "und_old", UndoRow("cancel", [], 1.0))
    undos.delete_before(conn, 2.0)
    assert undos.take(conn, ONE, "und_old") is None
    assert undos.take(conn, TWO, "und_a") is None
    assert undos.take(conn, ONE, "und_a") == row
    assert undos.take(conn, ONE, "und_a") is None
    post(conn, "pst_a", of=ONE, by="acc_a", state="draft", publish_at=None, due_at=70.0)
    before, parts = locked(conn, ONE, "pst_a"), parts_of(conn, "pst_a")
    assert before is not None
    conn.execute(sa.delete(posts_table).where(posts_table.c.id == "pst_a"))
    undos.put_back(conn, {**before, "a_column_of_another_version": 1}, parts)
    assert (locked(conn, ONE, "pst_a"), parts_of(conn, "pst_a")) == (before, parts)
