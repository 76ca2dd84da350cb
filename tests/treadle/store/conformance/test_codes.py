"""Live posts by the code in their address, on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, account, post, workspace
from treadle.store import Connection, addresses, tables


@covers(addresses.live_with_code)
def test_live_posts_are_found_by_the_code_in_their_address(conn: Connection) -> None:
    workspace(conn)
    account(conn)
    address = "https://www.threads.com/@ada/post/DA_b-1"
    post(conn, "pst_a", part={"threads_id": "17", "permalink": address})
    post(conn, "pst_b")
    assert addresses.live_with_code(conn, ONE, "DA_b-1") == [("17", address)]
    assert addresses.live_with_code(conn, ONE, "DAxb-1") == []
    assert addresses.live_with_code(conn, TWO, "DA_b-1") == []
    conn.execute(sa.update(tables.parts).values(threads_id=None))
    assert addresses.live_with_code(conn, ONE, "DA_b-1") == []
