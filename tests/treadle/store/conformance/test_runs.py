"""A post's run: claimed, written under its claim, and the ids and addresses that are found after it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import APP, ONE, base, blocker, changes_after, entries_after, part_id, post
from treadle.domain.quota import Quota
from treadle.domain.run_state import PartUpdate, Run
from treadle.store import (
    Connection,
    addresses,
    blockers,
    feed,
    intents,
    posts,
    posts_read,
    rows,
    runs,
    timeline,
    workers,
    workspaces,
)
from treadle.store.intents import LastLook
from treadle.store.positions import TIMELINES
from treadle.store.runs import Change
from treadle.store.timeline import Note


def asked_of(conn: Connection, post_id: str) -> list[tuple[str, str | None, int | None]]:
    return [(row["what"], row["outcome"], row["part"]) for row in posts_read.events_of(conn, ONE, post_id) or []]


@covers(
    runs.claim,
    runs.load_parts,
    runs.that_concern,
    timeline.being_asked,
    timeline.note_cut_off,
    timeline.add_notes,
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
    assert posts_read.events_of(conn, ONE, id_) == []
    first_change = Change(notes=[Note("preflight", "state", "Ready", outcome="ok")])
    first_change.post.stage, first_change.post.next_what = "publish", "Asks"
    claimed = runs.write(conn, run, first_change, now=6.0)
    assert claimed is not None
    begun = runs.begin(claimed, "publish", "Asks", 0, now=6.0)
    assert asked_of(conn, id_) == [("Ready", "ok", None), ("Asks", None, 0)]  # the last one is not stored
    runs.set_next_what(conn, begun, "Being published.")
    assert asked_of(conn, id_)[-1] == ("Being published.", None, 0)
    start, entry = feed.newest(conn), TIMELINES.newest(conn)
    change = Change(notes=[Note("publish", "call", "Published", 0, outcome="ok"), Note("done", "wait", "Waits")])
    change.post.state, change.post.next_what = "checking", "Looks."
    change.part(0).threads_id, change.part(0).published_at = "live 1", 7.0
    change.account.quota = Quota(posts_used=1)
    written = runs.write(conn, begun, change, now=7.0)
    assert written is not None
    assert (written.post.state, written.asking, written.account.quota) == ("checking", None, Quota(posts_used=1))
    stored = posts.post_row(conn, ONE, id_)
    assert stored is not None
    assert (stored["state"], stored["next_what"], stored["claimed_by"]) == ("checking", "Looks.", "wrk_a")
    parts = [(part["threads_id"], part["published_at"]) for part in rows.parts_of(conn, id_)]
    assert parts == [("live 1", 7.0), (None, None)]
    entries = entries_after(conn, entry)
    assert [(entry.what, entry.outcome, entry.part, entry.started_at) for entry in entries] == [
        ("Published", "ok", 0, 6.0),
        ("Waits", None, None, 7.0),
    ]
    assert changes_after(conn, start) == ["post.checking"]
    left = runs.begin(written, "verify", "Reads", 0, now=8.0)
    again = runs.claim(conn, id_, 0, worker="wrk_b", lease_token="u", now=9.0)
    assert again is not None
    assert runs.write(conn, again, Change(), now=9.0) is not None
    assert asked_of(conn, id_)[-2:] == [("Looks.", "interrupted", 1), ("Looks.", None, 1)]
    assert runs.write(conn, left, Change(), now=9.0) is None  # the claim is somebody else's
    again = runs.claim(conn, id_, 0, worker="wrk_b", lease_token="u", now=9.5)
    assert again is not None
    assert runs.write(conn, runs.begin(again, "verify", "Reads", 1, now=9.5), Change(), now=9.5, release=True)
    assert asked_of(conn, id_)[-1] == ("Reads", "ok", 1)  # a step without notes was done
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
    assert [row.id for row in seen.blockers] == [of_host, held, shared]


@covers(intents.last_look)
def test_the_last_look_before_a_publish(conn: Connection) -> None:
    base(conn)
    now = workers.database_now(conn, lambda: 1e9)
    workers.register(conn, "wrk_a", "t", now=now, expires_at=now + 900.0, host="h", pid=1)
    id_ = post(conn, texts=("One", "Two"))
    live = post(conn, "pst_live", state="published", part={"published_at": now - 5.0})
    posts.update_part(conn, part_id(post(conn, "pst_old"), 0), {"published_at": now - 90_000.0})
    run = runs.claim(conn, id_, 0, worker="wrk_a", lease_token="t", now=now)
    assert run is not None
    assert (run.published_lately, run.stored_claim, run.post.claim) == (1, 0, 1)

    def look(of: Run, *, reply: bool = False, at: float = now) -> LastLook | None:
        return intents.last_look(conn, of, reply=reply, now=now, here=lambda: at)

    held = blocker(conn)
    blocker(conn, "post", live)
    seen = look(run)
    assert seen is not None
    assert (seen.lease_held, seen.paused, [row.id for row in seen.blockers], seen.published) == (True, False, [held], 1)
    written = runs.write(conn, run, Change(), now=now)
    assert written is not None
    assert look(run) is None  # the claim that it read is not the stored one any more
    columns = {"intent": "sent", "intent_worker": "wrk_a"}
    assert intents.record(conn, part_id(id_, 1), columns)
    assert not intents.record(conn, part_id(id_, 1), {**columns, "intent_worker": "wrk_b"})  # there is one already
    assert [row.intent_worker for row in runs.load_parts(conn, id_)] == [None, "wrk_a"]
    replies = look(written, reply=True)
    assert replies is not None
    assert replies.published == 0
    workspaces.set_paused(conn, ONE, paused=True)
    for other in (written.but(lease_token="another"), written.but(worker="wrk_b")):
        stranger = look(other)
        assert stranger is not None
        assert (stranger.lease_held, stranger.paused) == (False, True)
    workers.register(conn, "wrk_a", "t", now=now, expires_at=now - 1.0, host="h", pid=1)
    late = look(written)
    assert late is not None
    assert not late.lease_held


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
    start = TIMELINES.newest(conn)
    addresses.keep_found(conn, first, PartUpdate(permalink="https://t"), [Note("done", "call", "Found")], now=99.0)
    assert [entry.what for entry in entries_after(conn, start)] == ["Found"]
    assert [row["id"] for row in addresses.without_address(conn, 100.0, since=40.0)] == [part_id(id_, 1)]
    blocker(conn)
    assert addresses.without_address(conn, 100.0, since=40.0) == []


def test_entries_of_the_timeline_are_stored_by_a_statement_that_is_compiled_once(conn: Connection) -> None:
    """However many at a time; one that names every row's values would be compiled each time."""
    base(conn)
    id_ = post(conn)
    compiled = []

    def sent(conn: Connection, cursor: object, text: str, params: object, context: Any, many: bool) -> None:
        compiled.append(context.compiled)

    event.listen(conn, "before_cursor_execute", sent)
    for count in (2, 3, 2):
        notes = [Note("publish", "state", f"{turn} of {count}") for turn in range(count)]
        timeline.add_notes(conn, id_, ONE, 1, notes, now=5.0)
    event.remove(conn, "before_cursor_execute", sent)
    assert [what for what, _, _ in asked_of(conn, id_)][-7:] == [
        "0 of 2", "1 of 2", "0 of 3", "1 of 3", "2 of 3", "0 of 2", "1 of 2",
    ]  # fmt: skip
    assert compiled
    assert len({id(each) for each in compiled}) == 1
