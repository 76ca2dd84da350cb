"""Accounts, their health, their tokens, the links that connect them, and what Meta said of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import APP, ONE, TWO, account, base, post, values, workspace
from treadle.store import (
    Connection,
    account_health,
    account_pages,
    accounts,
    connect_links,
    messages_of_meta,
    sealed_columns,
    tokens,
)
from treadle.store.account_pages import AccountCounts, AccountPlace, Namesake
from treadle.store.connect_links import LinkRow
from treadle.store.messages_of_meta import DeletionRow
from treadle.store.tables import accounts as accounts_table


@covers(
    accounts.keep,
    accounts.find,
    accounts.with_id,
    accounts.workspace_of,
    accounts.of_profile,
    accounts.listing,
    accounts.connected_of,
    accounts.of_people,
    accounts.set_profile,
    accounts.set_paused,
    accounts.disconnect,
    accounts.erase,
    accounts.view_of,
    accounts.hold_until,
    accounts.hold_app_until,
)
def test_accounts(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    account(conn, "acc_b", user="100")
    account(conn, "acc_a")
    account(conn, "acc_c", of=TWO, user="100")
    first = accounts.find(conn, ONE, "acc_b")
    assert first is not None
    assert first.connected
    assert accounts.find(conn, TWO, "acc_b") is None
    assert accounts.with_id(conn, "acc_b") == accounts.of_profile(conn, ONE, "100") == first
    assert accounts.workspace_of(conn, "acc_c") == TWO
    assert [row.id for row in accounts.listing(conn, ONE)] == ["acc_a", "acc_b"]
    before, id_ = accounts.keep(conn, ONE, "100", "acc_new", values("renamed"), now=9.0)
    assert (before, id_) == (first, "acc_b")
    assert sorted(row.id for row in accounts.of_people(conn, ["100", "none"])) == ["acc_b", "acc_c"]
    accounts.set_profile(conn, first, username="late", name="", picture_url=None, now=9.0)  # it has another token now
    now_is = accounts.with_id(conn, "acc_b")
    assert now_is is not None
    assert now_is.username == "renamed"
    accounts.set_profile(conn, now_is, username="read", name="é", picture_url="https://x", now=9.5)
    accounts.hold_until(conn, "acc_b", 50.0)
    accounts.hold_until(conn, "acc_b", 40.0)  # it is held for longer already
    accounts.hold_app_until(conn, APP, 45.0)
    accounts.hold_app_until(conn, "another app", 99.0)
    held = {id_: accounts.view_of(conn, id_).quota_until for id_ in ("acc_a", "acc_b", "acc_c")}
    assert held == {"acc_a": 45.0, "acc_b": 50.0, "acc_c": 45.0}
    assert accounts.set_paused(conn, ONE, "acc_b", paused=True)
    assert not accounts.set_paused(conn, TWO, "acc_b", paused=True)
    known = accounts.with_id(conn, "acc_b")
    assert known is not None
    assert (known.username, known.name, known.paused, known.checked_at) == ("read", "é", True, 9.5)
    assert accounts.disconnect(conn, ONE, "acc_b", now=11.0)
    assert not accounts.disconnect(conn, ONE, "acc_b", now=12.0)
    gone = accounts.with_id(conn, "acc_b")
    assert gone is not None
    assert (gone.connected, gone.disconnected_at, gone.token_enc, gone.scopes) == (False, 11.0, None, [])
    assert [row.id for row in accounts.listing(conn, ONE)] == ["acc_a"]
    assert {row.id for row in accounts.listing(conn, ONE, True)} == {"acc_a", "acc_b"}
    assert [row.id for row in accounts.connected_of(conn, None)] == ["acc_a", "acc_c"]
    assert [row.id for row in accounts.connected_of(conn, TWO)] == ["acc_c"]
    assert [row.id for row in accounts.of_people(conn, ["100"])] == ["acc_c"]
    assert len(accounts.of_people(conn, ["100"], disconnected=True)) == 2
    accounts.erase(conn, "acc_c", now=13.0)
    erased = accounts.with_id(conn, "acc_c")
    assert erased is not None
    assert (erased.username, erased.name, erased.token_enc, erased.quota) == ("", "", None, {})


@covers(
    account_health.find,
    account_health.health_of,
    account_health.set_checked,
    account_health.set_cause,
    account_health.change,
    account_health.pattern_of,
)
def test_health(conn: Connection) -> None:
    base(conn)
    assert account_health.find(conn, "acc_none") is None
    assert account_health.health_of(conn, "acc_none") is None
    assert account_health.pattern_of(conn, "acc_a") is None
    assert account_health.change(conn, "acc_a", "reconnect", {"pattern": "token_expired"}, was="active", now=5.0)
    assert not account_health.change(conn, "acc_a", "app", None, was="active", now=6.0)  # somebody was first
    found = account_health.find(conn, "acc_a")
    assert found is not None
    assert (found.health, found.workspace_id, found.username) == ("reconnect", ONE, "a")
    account_health.set_cause(conn, "acc_a", {"pattern": "token_revoked"}, now=7.0)
    account_health.set_checked(conn, "acc_a", 8.0)
    row = accounts.with_id(conn, "acc_a")
    assert row is not None
    assert (row.health_at, row.checked_at, account_health.health_of(conn, "acc_a")) == (5.0, 8.0, "reconnect")
    assert account_health.pattern_of(conn, "acc_a") == "token_revoked"


@covers(
    account_pages.counts,
    account_pages.count_named,
    account_pages.place_of,
    account_pages.page_of,
    account_pages.count_waiting,
)
def test_pages_of_accounts(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b", username="Zoë_100%")
    account(conn, "acc_c", username="bert")
    account(conn, "acc_d", username="gone")
    account_health.change(conn, "acc_c", "reconnect", None, was="active", now=5.0)
    accounts.disconnect(conn, ONE, "acc_d", now=6.0)
    post(conn, "pst_a")
    post(conn, "pst_b", state="draft")
    order = ["acc_c", "acc_b", "acc_a", "acc_d"]
    page = account_pages.page_of(conn, ONE, limit=10)
    assert sorted(row.id for row in page) == sorted(order)
    assert (page[0].id, page[-1].id) == ("acc_c", "acc_d")
    assert [row.rank for row in page] == [0, 1, 1, 2]
    places = [account_pages.place_of(conn, ONE, row.id) for row in page]
    for number, place in enumerate(places):
        assert place is not None
        after = account_pages.page_of(conn, ONE, after=place, limit=10)
        from_it = account_pages.page_of(conn, ONE, start=place, limit=2)
        assert [row.id for row in after] == [row.id for row in page[number + 1 :]]
        assert [row.id for row in from_it] == [row.id for row in page[number : number + 2]]
    assert account_pages.place_of(conn, ONE, "acc_a", named="bert") is None
    assert account_pages.place_of(conn, ONE, "acc_c", named="bert") == AccountPlace(0, "bert", "acc_c")
    assert account_pages.counts(conn, ONE) == AccountCounts(4, 1)
    assert account_pages.counts(conn, TWO) == AccountCounts(0, 0)
    for named, many in (("zoë", 1), ("ZOË", 1), ("_100%", 1), ("%", 1), ("e", 4), ("nobody", 0)):
        assert account_pages.count_named(conn, ONE, named) == many, named
    assert [row.id for row in account_pages.page_of(conn, ONE, named="BERT", limit=5)] == ["acc_c"]
    assert account_pages.count_waiting(conn, ONE, order) == {"acc_a": 1}


@covers(
    tokens.due,
    tokens.set_refresh_at,
    tokens.lease,
    tokens.release,
    tokens.replace,
    tokens.put_back,
    tokens.set_failed,
    tokens.set_proven,
    tokens.sealed_of,
)
def test_renewing_a_token(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b", token_expires_at=900.0)
    account(conn, "acc_c", refresh_next_at=None)
    assert tokens.due(conn, 499.0, limit=9) == []
    assert tokens.due(conn, 500.0, limit=9) == ["acc_b", "acc_a"]
    assert tokens.due(conn, 500.0, limit=1) == ["acc_b"]
    assert tokens.lease(conn, "acc_a", "l1", now=400.0, until=430.0) is None  # not due
    held = tokens.lease(conn, "acc_a", "l1", now=400.0, until=430.0, asked=True)
    assert held is not None
    assert (held.id, held.workspace_id, held.token_enc, held.refresh_attempts) == ("acc_a", ONE, b"sealed a", 0)
    assert tokens.lease(conn, "acc_a", "l2", now=429.0, until=500.0, asked=True) is None
    again = tokens.lease(conn, "acc_a", "l2", now=430.0, until=600.0, asked=True)  # the first lease is over
    assert again == held
    assert not tokens.replace(conn, held, "l1", b"late", expires_at=1.0, refresh_at=1.0, now=431.0)
    assert tokens.set_failed(conn, held, "l2", refresh_at=510.0, now=431.0)
    assert tokens.due(conn, 510.0, limit=9) == ["acc_b"]  # it is leased
    assert tokens.replace(conn, held, "l2", b"new", expires_at=2000.0, refresh_at=700.0, now=432.0)
    assert tokens.sealed_of(conn, "acc_a") == b"new"
    assert not tokens.set_failed(conn, held, "l2", refresh_at=1.0, now=433.0)  # it is another token
    tokens.put_back(conn, held, refresh_at=650.0)
    assert tokens.sealed_of(conn, "acc_a") == b"sealed a"
    tokens.put_back(conn, held, refresh_at=1.0)  # nothing is kept beside it any more
    tokens.release(conn, "acc_a", "l1")  # not its lease
    assert tokens.due(conn, 599.0, limit=9) == ["acc_b"]
    tokens.release(conn, "acc_a", "l2")
    assert tokens.due(conn, 649.0, limit=9) == ["acc_b"]
    assert tokens.due(conn, 650.0, limit=9) == ["acc_b", "acc_a"]
    tokens.set_refresh_at(conn, "acc_b", None)
    tokens.set_proven(conn, "acc_a", now=700.0)
    tokens.set_proven(conn, "acc_b", now=700.0, expires_at=5.0, grant_expires_at=6.0, scopes=["x"])
    assert tokens.due(conn, 900.0, limit=9) == ["acc_a"]
    kept, proven = accounts.with_id(conn, "acc_a"), accounts.with_id(conn, "acc_b")
    assert kept is not None
    assert proven is not None
    assert (kept.token_expires_at, kept.scopes, kept.checked_at) == (1000.0, ["threads_basic"], 700.0)
    assert (proven.token_expires_at, proven.grant_expires_at, proven.scopes) == (5.0, 6.0, ["x"])


@covers(tokens.ending, tokens.quiet, tokens.all_sealed, tokens.forget_previous, tokens.forget)
def test_tokens_that_end_are_quiet_or_lost(conn: Connection) -> None:
    workspace(conn)
    for id_, expires, grant in (("acc_a", 50.0, None), ("acc_b", 500.0, 40.0), ("acc_c", 500.0, None)):
        account(conn, id_, token_expires_at=expires, grant_expires_at=grant)
    account(conn, "acc_short", token_issued_at=45.0, token_expires_at=50.0)
    ending = tokens.ending(conn, 60.0, shortest_life_s=10.0)
    assert sorted((row.id, row.token_expires_at, row.grant_expires_at) for row in ending) == [
        ("acc_a", 50.0, None),
        ("acc_b", 500.0, 40.0),
    ]
    account_health.set_checked(conn, "acc_a", 30.0)
    account_health.set_checked(conn, "acc_b", 10.0)
    account_health.set_checked(conn, "acc_c", 20.0)
    account_health.change(conn, "acc_short", "reconnect", None, was="active", now=1.0)
    assert tokens.quiet(conn, 25.0, limit=9) == ["acc_b", "acc_c"]
    assert tokens.quiet(conn, 25.0, limit=1) == ["acc_b"]
    accounts.disconnect(conn, ONE, "acc_c", now=50.0)
    assert [row.id for row in tokens.all_sealed(conn)] == ["acc_a", "acc_b", "acc_short"]
    held = tokens.lease(conn, "acc_a", "l", now=1.0, until=2.0, asked=True)
    assert held is not None
    assert tokens.replace(conn, held, "l", b"new", expires_at=9.0, refresh_at=8.0, now=1.0)
    tokens.forget(conn, "acc_a", now=60.0)
    assert [row.id for row in tokens.all_sealed(conn, only_connected=True)] == ["acc_b", "acc_short"]
    first = tokens.all_sealed(conn)[0]
    assert (first.id, first.token_enc, first.token_previous_enc) == ("acc_a", None, b"sealed a")
    tokens.forget_previous(conn, "acc_a")
    assert [row.id for row in tokens.all_sealed(conn)] == ["acc_b", "acc_short"]


@covers(sealed_columns.first, sealed_columns.values, sealed_columns.rows, sealed_columns.replace)
def test_sealed_columns(conn: Connection) -> None:
    names = [str(column) for column in sealed_columns.columns()]
    assert {"accounts.token_enc", "accounts.token_previous_enc", "webhooks.secret_enc"} <= set(names)
    where = next(column for column in sealed_columns.columns() if str(column) == "accounts.token_enc")
    assert sealed_columns.first(conn, where) is None
    base(conn)
    account(conn, "acc_b")
    assert sealed_columns.first(conn, where) in (b"sealed a", b"sealed b")
    assert sorted(sealed_columns.values(conn, where)) == [b"sealed a", b"sealed b"]
    found = {row.key: row for row in sealed_columns.rows(conn, where)}
    assert found.keys() == {("acc_a",), ("acc_b",)}
    assert sealed_columns.replace(conn, where, found["acc_a",], b"\x00\xff")
    assert not sealed_columns.replace(conn, where, found["acc_a",], b"late")
    assert tokens.sealed_of(conn, "acc_a") == b"\x00\xff"


def link(id_: str, ends: float = 100.0) -> LinkRow:
    return LinkRow(id_, ONE, None, "https://x", ["threads_basic"], 1.0, ends)


@covers(
    connect_links.insert,
    connect_links.with_hash,
    connect_links.outcome_of,
    connect_links.set_opened,
    connect_links.set_outcome,
    connect_links.set_used,
    connect_links.delete_expired,
)
def test_connect_links(conn: Connection) -> None:
    base(conn)
    connect_links.insert(conn, link("lnk_a"), "hash a")
    connect_links.insert(conn, link("lnk_b", 10.0), "hash b")
    assert connect_links.with_hash(conn, "hash a") == link("lnk_a")
    assert connect_links.with_hash(conn, "hash") is None
    connect_links.set_opened(conn, "lnk_a", {"nonces": ["n"]}, now=5.0)
    assert connect_links.outcome_of(conn, "lnk_a") == {"nonces": ["n"]}
    assert connect_links.outcome_of(conn, "lnk_b") == {}
    assert connect_links.set_used(conn, "lnk_a", was=None, now=6.0)
    assert not connect_links.set_used(conn, "lnk_a", was=None, now=7.0)
    assert connect_links.set_used(conn, "lnk_a", was=6.0, now=8.0)
    connect_links.set_outcome(conn, "lnk_a", {"page": 1}, again=False)
    used = connect_links.with_hash(conn, "hash a")
    assert used is not None
    assert (used.opened_at, used.used_at, used.outcome) == (5.0, 8.0, {"page": 1})
    connect_links.set_outcome(conn, "lnk_a", {}, again=True)
    assert connect_links.set_used(conn, "lnk_a", was=None, now=9.0)
    assert connect_links.delete_expired(conn, 11.0) == 1
    assert connect_links.with_hash(conn, "hash b") is None


@covers(
    messages_of_meta.insert_once,
    messages_of_meta.first_deletion_of,
    messages_of_meta.find_deletion,
    messages_of_meta.insert_deletion,
    messages_of_meta.last_received_at,
    messages_of_meta.delete,
)
def test_messages_of_meta(conn: Connection) -> None:
    assert messages_of_meta.last_received_at(conn) is None
    assert messages_of_meta.insert_once(conn, "digest", "publish", {"é": [None]}, now=1.0)
    assert not messages_of_meta.insert_once(conn, "digest", "publish", {}, now=2.0)
    assert messages_of_meta.insert_once(conn, "other", "publish", {}, now=3.0)
    assert messages_of_meta.last_received_at(conn) == 3.0
    assert messages_of_meta.delete(conn, before=3.0) == 1
    assert messages_of_meta.insert_once(conn, "digest", "publish", {}, now=4.0)
    messages_of_meta.insert_deletion(conn, "later", "100", now=6.0)
    messages_of_meta.insert_deletion(conn, "first", "100", now=5.0)
    assert messages_of_meta.first_deletion_of(conn, "100") == "first"
    assert messages_of_meta.first_deletion_of(conn, "200") is None
    assert messages_of_meta.find_deletion(conn, "first") == DeletionRow("first", "done", 5.0, 5.0)
    assert messages_of_meta.find_deletion(conn, "none") is None


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profile=st.dictionaries(TEXT, JSON, max_size=3), name=TEXT, sealed=st.binary(max_size=60), at=st.floats(0, 1e11))
def test_what_is_stored_is_read_back(
    conn: Connection, profile: dict[str, Any], name: str, sealed: bytes, at: float
) -> None:
    """Text, JSON, bytes and times come back as they were, whatever the database."""
    with conn.begin_nested() as undone:
        workspace(conn)
        given_ = values(name, profile=profile, token_enc=sealed, token_expires_at=at, scopes=[name])
        accounts.keep(conn, ONE, "100", "acc_a", given_, now=at)
        messages_of_meta.insert_once(conn, "digest", "x", profile, now=at)
        row = accounts.with_id(conn, "acc_a")
        kept = conn.execute(sa.select(accounts_table.c.profile).where(accounts_table.c.id == "acc_a")).scalar_one()
        undone.rollback()
    assert row is not None
    assert (row.username, row.token_enc, row.token_expires_at, row.created_at) == (name, sealed, at, at)
    assert (row.scopes, row.app_id, kept) == ([name], APP, profile)


@covers(account_pages.shared_names, account_pages.namesakes)
def test_profiles_with_the_same_name(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_x", username="a", user="1002")
    account(conn, "acc_y", username="other")
    account(conn, "acc_z", username="")
    account(conn, "acc_0", username="")
    post(conn, "pst_waits", by="acc_x", state="blocked")
    post(conn, "pst_over", by="acc_x", state="published")
    assert account_pages.shared_names(conn, ONE, ["a", "other", ""]) == {"a"}
    assert account_pages.shared_names(conn, TWO, ["a"]) == set()
    assert account_pages.namesakes(conn, ONE, "a", but="acc_a") == [Namesake("acc_x", "1002", 1)]
    assert account_pages.namesakes(conn, ONE, "", but="acc_z") == []
