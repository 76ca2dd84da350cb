"""The change feed, outgoing webhooks and their deliveries, alerts."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, workspace
from treadle.store import Connection, alerts, deliveries, feed, webhooks
from treadle.store.deliveries import NewDelivery
from treadle.store.feed import FeedReader
from treadle.store.positions import BACK_S

NOW = 50.0


@covers(
    feed.announce,
    feed.find,
    feed.heads_with,
    feed.since_again,
    feed.undelivered,
    feed.newest,
    feed.delete,
)
def test_the_feed(conn: Connection) -> None:
    workspace(conn)
    hook(conn, "whk_a")
    start = feed.newest(conn)
    for of, name, at in ((ONE, "post.a", 10.0), (TWO, "post.b", 20.0), (None, "post.c", 30.0), (ONE, "post.d", 40.0)):
        feed.announce(conn, of, name, "pst", {"é": [1, None]}, now=at)
    mine = FeedReader(ONE, start).read(conn, limit=9, now=NOW)
    assert [(row["type"], row["at"], row["payload"]) for row in mine] == [
        (name, at, {"é": [1, None]}) for name, at in (("post.a", 10.0), ("post.c", 30.0), ("post.d", 40.0))
    ]
    paged = FeedReader(ONE, start)
    assert [[row["type"] for row in paged.read(conn, limit=2, now=NOW)] for _ in range(3)] == [
        ["post.a", "post.c"],
        ["post.d"],
        [],
    ]
    ids = list(range(feed.newest(conn) - 3, feed.newest(conn) + 1))
    found = [feed.find(conn, ONE, id_) for id_ in (*ids, ids[-1] + 1)]
    assert [row["type"] for row in found if row is not None] == [row["type"] for row in mine]
    heads = feed.heads_with(conn, [ids[2], ids[-1] + 1])
    assert [(head.type, head.at) for head in heads] == [("post.c", 30.0)]
    assert feed.heads_with(conn, []) == []

    def again(cursor: int, now: float, *types: str, limit: int = 9) -> list[str]:
        return [row["type"] for row in feed.since_again(conn, cursor, types=types, now=now, limit=limit)]

    every = ("post.a", "post.b", "post.c", "post.d")
    assert again(ids[-1], BACK_S + 15.0, *every) == ["post.b", "post.c", "post.d"]  # post.a is too old to be news
    assert again(ids[-1], BACK_S + 15.0, "post.c") == ["post.c"]
    assert again(ids[1], BACK_S + 50.0, *every, limit=1) == ["post.c"]
    assert again(ids[1], BACK_S + 5.0, *every, limit=1) == ["post.a", "post.b", "post.c"]
    deliveries.insert(conn, delivery("dlv_a", change=ids[2]), now=50.0)

    def missed(cursor: int, *types: str, since: float = 5.0, now: float = NOW) -> list[str]:
        rows = feed.undelivered(conn, ONE, "whk_a", cursor, types=types, since=since, now=now, limit=1)
        return [row["type"] for row in rows]

    assert missed(ids[-1], *every) == ["post.a", "post.d"]
    assert missed(ids[-1], *every, since=10.0) == ["post.d"]
    assert missed(ids[-1], "post.a") == ["post.a"]
    assert missed(ids[-1], *every, now=BACK_S + 50.0) == []
    assert missed(start, *every) == ["post.a"]
    feed.delete(conn, before=30.0)
    assert [row["type"] for row in FeedReader(ONE, start).read(conn, limit=9, now=NOW)] == ["post.c", "post.d"]


def hook(conn: Connection, id_: str, of: str = ONE, at: float = 5.0) -> None:
    webhooks.insert(conn, id_, of, url="https://x", types=["post.a"], secret_enc=b"sealed", cursor=7, now=at)


@covers(
    webhooks.insert,
    webhooks.count,
    webhooks.find,
    webhooks.listing,
    webhooks.all_of_them,
    webhooks.change,
    webhooks.set_secret,
    webhooks.replace_lost_secret,
    webhooks.set_cursor,
    webhooks.set_works,
    webhooks.set_failing_since,
    webhooks.stop,
    webhooks.delete,
)
def test_webhooks(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    hook(conn, "whk_b", at=6.0)
    hook(conn, "whk_c")
    hook(conn, "whk_a", TWO)
    assert (webhooks.count(conn, ONE), webhooks.count(conn, "wsp_none")) == (2, 0)
    assert [row["id"] for row in webhooks.listing(conn, ONE)] == ["whk_c", "whk_b"]
    assert [row["id"] for row in webhooks.all_of_them(conn)] == ["whk_a", "whk_b", "whk_c"]
    assert webhooks.find(conn, TWO, "whk_b") is None
    assert webhooks.change(conn, "whk_b") == []
    webhooks.set_failing_since(conn, "whk_b", 8.0)
    webhooks.set_failing_since(conn, "whk_b", 9.0)
    row = webhooks.find(conn, ONE, "whk_b")
    assert row is not None
    assert (row["failing_since"], row["state"], row["types"], row["secret_enc"]) == (
        8.0,
        "active",
        ["post.a"],
        b"sealed",
    )
    assert webhooks.stop(conn, "whk_b")
    assert not webhooks.stop(conn, "whk_b")
    set_ = webhooks.change(conn, "whk_b", url="https://y", types=[], state="active")
    assert set_ == ["failing_since", "state", "types", "url"]
    assert webhooks.set_cursor(conn, "whk_b", 9, was=7)
    assert not webhooks.set_cursor(conn, "whk_b", 8, was=7)
    webhooks.set_secret(conn, "whk_b", b"new", b"sealed")
    changed = webhooks.find(conn, ONE, "whk_b")
    assert changed is not None
    assert (changed["url"], changed["types"], changed["state"], changed["cursor"]) == ("https://y", [], "active", 9)
    assert (changed["failing_since"], changed["secret_previous_enc"]) == (None, b"sealed")
    webhooks.set_failing_since(conn, "whk_b", 9.0)
    webhooks.set_works(conn, "whk_b")
    webhooks.replace_lost_secret(conn, "whk_b", b"other")
    lost = webhooks.find(conn, ONE, "whk_b")
    assert lost is not None
    assert (lost["failing_since"], lost["state"], lost["secret_enc"]) == (None, "paused", b"other")
    webhooks.delete(conn, "whk_b")
    assert webhooks.count(conn, ONE) == 1


def delivery(id_: str, change: int = 1, of: str = ONE, by: str = "whk_a") -> NewDelivery:
    return NewDelivery(id_, by, of, change, "post.a", '{"é":1}')


@covers(
    deliveries.insert,
    deliveries.insert_once,
    deliveries.find,
    deliveries.page_of,
    deliveries.workspaces_due,
    deliveries.due,
    deliveries.lease,
    deliveries.put_off,
    deliveries.set_tried,
    deliveries.resend,
    deliveries.hurry,
    deliveries.delete_of_webhook,
    deliveries.delete_over,
)
def test_deliveries(conn: Connection) -> None:
    workspace(conn)
    workspace(conn, TWO)
    hook(conn, "whk_a")
    hook(conn, "whk_two", TWO)
    deliveries.insert(conn, delivery("dlv_a", 1), now=10.0)
    assert deliveries.insert_once(conn, delivery("dlv_b", 2), now=11.0)
    assert not deliveries.insert_once(conn, delivery("dlv_x", 2), now=12.0)
    deliveries.insert(conn, delivery("dlv_c", 1, TWO, "whk_two"), now=9.0)
    assert deliveries.find(conn, TWO, "dlv_a") is None
    assert [row["id"] for row in deliveries.page_of(conn, ONE, "whk_a", limit=9)] == ["dlv_b", "dlv_a"]
    assert [row["id"] for row in deliveries.page_of(conn, ONE, "whk_a", limit=1, before="dlv_b")] == ["dlv_a"]
    assert deliveries.workspaces_due(conn, 8.0) == []
    assert deliveries.workspaces_due(conn, 11.0) == [TWO, ONE]
    assert deliveries.due(conn, ONE, 11.0, limit=9) == ["dlv_a", "dlv_b"]
    assert deliveries.due(conn, ONE, 11.0, limit=1) == ["dlv_a"]
    assert deliveries.lease(conn, "dlv_a", now=9.0, until=20.0) is None  # not due
    row = deliveries.lease(conn, "dlv_a", now=11.0, until=20.0)
    assert row is not None
    assert (row["url"], row["secret_enc"], row["payload"]) == ("https://x", b"sealed", '{"é":1}')
    assert deliveries.lease(conn, "dlv_a", now=19.0, until=30.0) is None
    assert deliveries.due(conn, ONE, 19.0, limit=9) == ["dlv_b"]
    deliveries.set_tried(conn, row, [{"status": 500}], next_at=40.0)
    deliveries.set_tried(conn, row, [{"status": 200}], state="delivered", delivered_at=21.0)  # of the first try
    tried = deliveries.find(conn, ONE, "dlv_a")
    assert tried is not None
    assert (tried["state"], tried["attempts"], tried["history"], tried["next_at"]) == (
        "due",
        1,
        [{"status": 500}],
        40.0,
    )
    deliveries.hurry(conn, "whk_a", now=22.0)
    assert deliveries.due(conn, ONE, 22.0, limit=9) == ["dlv_a", "dlv_b"]
    webhooks.stop(conn, "whk_a")
    assert deliveries.due(conn, ONE, 22.0, limit=9) == []
    webhooks.change(conn, "whk_a", state="active")
    deliveries.put_off(conn, "dlv_a", 50.0, give_up_before=10.0)
    deliveries.put_off(conn, "dlv_b", 50.0, give_up_before=12.0)
    assert deliveries.due(conn, ONE, 50.0, limit=9) == ["dlv_a"]
    given_up = deliveries.find(conn, ONE, "dlv_b")
    assert given_up is not None
    assert (given_up["state"], given_up["next_at"]) == ("given_up", None)
    assert deliveries.delete_over(conn, before=11.0) == 0
    assert not deliveries.resend(conn, TWO, "whk_a", "dlv_b", now=60.0)
    assert deliveries.resend(conn, ONE, "whk_a", "dlv_b", now=60.0)
    second = deliveries.lease(conn, "dlv_b", now=60.0, until=70.0)
    assert second is not None
    deliveries.set_tried(conn, second, [], state="delivered", delivered_at=61.0)
    assert deliveries.delete_over(conn, before=61.0) == 1
    deliveries.delete_of_webhook(conn, "whk_a")
    assert deliveries.page_of(conn, ONE, "whk_a", limit=9) == []
    assert deliveries.workspaces_due(conn, 99.0) == [TWO]


@covers(alerts.is_raised, alerts.insert, alerts.workspaces_waiting, alerts.unsent, alerts.set_tried, alerts.delete_sent)
def test_alerts(conn: Connection) -> None:
    long = "k" * 300
    alerts.insert(conn, ONE, "failed", long, {"post": "é"}, now=10.0)
    alerts.insert(conn, ONE, "failed", "b", {}, now=20.0)
    alerts.insert(conn, TWO, "failed", "c", {}, now=20.0)
    assert alerts.is_raised(conn, ONE, "failed", long)
    assert alerts.is_raised(conn, ONE, "failed", long, since=9.0)
    assert not alerts.is_raised(conn, ONE, "failed", long, since=10.0)
    assert not alerts.is_raised(conn, TWO, "failed", long)
    assert not alerts.is_raised(conn, ONE, "held", long)
    assert alerts.workspaces_waiting(conn) == [ONE, TWO]
    first, second = alerts.unsent(conn, ONE)
    assert (first.kind, first.detail, first.raised_at, second.detail) == ("failed", {"post": "é"}, 10.0, {})
    assert alerts.unsent(conn, ONE, limit=1) == [first]
    alerts.set_tried(conn, first.id, detail={"tries": 1})
    assert alerts.unsent(conn, ONE, limit=1)[0].detail == {"tries": 1}
    alerts.set_tried(conn, first.id, sent_at=30.0)
    alerts.set_tried(conn, second.id, detail={"tries": 5}, sent_at=40.0)
    assert (alerts.unsent(conn, ONE), alerts.workspaces_waiting(conn)) == ([], [TWO])
    assert alerts.delete_sent(conn, 40.0) == 1
    assert not alerts.is_raised(conn, ONE, "failed", long)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 9), max_size=12), size=st.integers(1, 5))
def test_pages_of_deliveries_give_each_one_once(conn: Connection, times: list[int], size: int) -> None:
    with conn.begin_nested() as undone:
        workspace(conn)
        hook(conn, "whk_a")
        made = [f"dlv_{time}{number:02}" for number, time in enumerate(times)]
        for number, id_ in enumerate(made):
            deliveries.insert(conn, delivery(id_, number), now=1.0)
        found: list[str] = []
        while page := deliveries.page_of(conn, ONE, "whk_a", limit=size, before=found[-1] if found else None):
            found += [row["id"] for row in page]
        undone.rollback()
    assert found == sorted(made, reverse=True)
