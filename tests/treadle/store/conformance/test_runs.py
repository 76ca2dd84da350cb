"""A post's run: claimed, written under its claim, and the ids and addresses that are found after it."""

from __future__ import annotations

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import APP, ONE, base, blocker, part_id, post
from treadle.domain.quota import Quota
from treadle.domain.updates import PartUpdate
from treadle.store import Connection, addresses, blockers, feed, posts, rows, runs, timeline
from treadle.store.runs import Change
from treadle.store.timeline import Note


@covers(
    runs.claim,
    runs.load_parts,
    runs.open_blockers,
    runs.begin,
    runs.update_part,
    runs.set_next_what,
    runs.write,
)
def test_a_run(conn: Connection) -> None:
    base(conn)
    id_ = post(conn, texts=("One", "Two"))
    hosted = {"body": {"text": "", "media": [{"url": "https://cdn.example/a.jpg"}], "options": {}}}
    other = post(conn, "pst_b", state="canceled", part=hosted)
    held = blocker(conn)
    shared = blocker(conn, "app", APP, pattern="wrong_app_id")
    own = blocker(conn, "post", id_, pattern="text_too_long")
    blocker(conn, "account", "acc_none")
    blocker(conn, "post", other, pattern="text_too_long")
    assert runs.claim(conn, id_, 1, worker="wrk_a", lease_token="t", now=5.0) is None  # another run's turn
    assert runs.claim(conn, other, 0, worker="wrk_a", lease_token="t", now=5.0) is None  # it is over
    assert runs.claim(conn, "pst_none", 0, worker="wrk_a", lease_token="t", now=5.0) is None
    run = runs.claim(conn, id_, 0, worker="wrk_a", lease_token="t", now=5.0)
    assert run is not None
    assert (run.post.claim, run.account.id, run.workspace_paused, run.worker) == (1, "acc_a", False, "wrk_a")
    assert [part.text for part in run.post.parts] == ["One", "Two"]
    assert [part.text for part in runs.load_parts(conn, id_)] == ["One", "Two"]
    assert [row.id for row in run.blockers] == [own, held, shared]  # the narrowest first
    begun = runs.begin(conn, run, "publish", "Asks", 0, now=6.0)
    assert begun.open_event is not None
    assert [entry.outcome for entry in timeline.entries_with(conn, [begun.open_event])] == [None]
    runs.set_next_what(conn, begun, "Being published.")
    start = feed.newest(conn)
    change = Change(notes=[Note("publish", "call", "Published", 0, outcome="ok"), Note("done", "wait", "Waits")])
    change.post.state, change.post.next_what = "checking", "Looks."
    change.part(0).threads_id, change.part(0).published_at = "live 1", 7.0
    change.account.quota = Quota(posts_used=1)
    written = runs.write(conn, begun, change, now=7.0)
    assert written is not None
    assert (written.post.state, written.open_event, written.account.quota) == ("checking", None, Quota(posts_used=1))
    stored = posts.post_row(conn, ONE, id_)
    assert stored is not None
    assert (stored["state"], stored["next_what"], stored["claimed_by"]) == ("checking", "Looks.", "wrk_a")
    parts = [(part["threads_id"], part["published_at"]) for part in rows.parts_of(conn, id_)]
    assert parts == [("live 1", 7.0), (None, None)]
    entries = timeline.entries_after(conn, begun.open_event - 1, limit=9)
    assert [(entry.what, entry.outcome) for entry in entries] == [("Published", "ok"), ("Waits", None)]
    assert [head.type for head in feed.heads_after(conn, start, limit=9)] == ["post.checking"]
    left = runs.begin(conn, written, "verify", "Reads", 0, now=8.0)
    again = runs.claim(conn, id_, 0, worker="wrk_b", lease_token="u", now=9.0)
    assert again is not None
    assert left.open_event is not None
    assert [entry.outcome for entry in timeline.entries_with(conn, [left.open_event])] == ["interrupted"]
    assert runs.write(conn, left, Change(), now=9.0) is None  # the claim is somebody else's
    assert runs.write(conn, again, Change(), now=9.0, release=True) is not None
    runs.set_next_what(conn, left, "Too late.")
    freed = posts.post_row(conn, ONE, id_)
    assert freed is not None
    assert (freed["claimed_by"], freed["next_what"]) == (None, "Looks.")
    runs.update_part(conn, part_id(id_, 1), PartUpdate(permalink="https://t"))
    assert runs.load_parts(conn, id_)[1].permalink == "https://t"
    blockers.put_behind(conn, id_, [held])
    of_host = blocker(conn, "media_host", "cdn.example", pattern="media_fetch_failed")
    seen = runs.claim(conn, post(conn, "pst_c", part=hosted), 0, worker="wrk_a", lease_token="t", now=9.0)
    assert seen is not None
    assert of_host in [row.id for row in runs.open_blockers(conn, seen.post, seen.account)]


@covers(addresses.parent_id, addresses.without_address, addresses.keep_found)
def test_addresses_found_later(conn: Connection) -> None:
    base(conn)
    live = {"published_at": 50.0, "threads_id": None, "state": "published"}
    id_ = post(conn, texts=("One", "Two"), state="published", part=live)
    post(conn, "pst_b", part={**live, "permalink": "https://t"}, state="published")
    post(conn, "pst_c", part=live)
    posts.update_part(conn, part_id(id_), {"threads_id": "live 1", "published_at": 60.0})
    first, second = runs.load_parts(conn, id_)
    assert addresses.parent_id(conn, first) is None
    assert addresses.parent_id(conn, second) == "live 1"
    found = [row["id"] for row in addresses.without_address(conn, 100.0, since=40.0)]
    assert found == [part_id(id_, 0), part_id(id_, 1)]
    assert addresses.without_address(conn, 100.0, since=60.0) == []
    start = timeline.newest_id(conn)
    addresses.keep_found(conn, first, PartUpdate(permalink="https://t"), [Note("done", "call", "Found")], now=99.0)
    assert [entry.what for entry in timeline.entries_after(conn, start, limit=9)] == ["Found"]
    assert [row["id"] for row in addresses.without_address(conn, 100.0, since=40.0)] == [part_id(id_, 1)]
    blocker(conn)
    assert addresses.without_address(conn, 100.0, since=40.0) == []
