"""Posts and their parts: written, listed, found, counted; their timelines and their files."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.treadle.engine.views import part as part_view
from tests.treadle.engine.views import post as post_view
from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import (
    ONE,
    TWO,
    account,
    base,
    blocker,
    entries_after,
    part_id,
    post,
    workspace,
)
from treadle.domain.progress import NONE_YET, Difference, LiveCheck
from treadle.store import (
    Connection,
    blockers,
    exporting,
    feed,
    files,
    intents,
    post_history,
    posts,
    posts_read,
    published,
    resting,
    retention,
    rows,
    runs,
    timeline,
)
from treadle.store.positions import TIMELINES
from treadle.store.posts import CreatedByKey
from treadle.store.posts_read import Filters
from treadle.store.timeline import Note


@covers(
    posts.account_of_workspace,
    posts.insert_post,
    posts.insert_part,
    posts.update_post,
    posts.update_part,
    posts.delete_part,
    posts.delete_parts_from,
    posts.delete_post,
    posts.cancel_parts,
    posts.restart_parts,
    posts.stop_runs,
    posts.is_there,
    posts.post_row,
    posts.attempt_of,
    posts.first_body,
    rows.locked,
    rows.parts_of,
    rows.body_of,
)
def test_writing_a_post(conn: Connection) -> None:
    base(conn)
    known = posts.account_of_workspace(conn, ONE, "acc_a")
    assert known is not None
    assert known["id"] == "acc_a"
    assert posts.account_of_workspace(conn, TWO, "acc_a") is None
    id_ = post(conn, texts=("First ü", "Second", "Third"), labels=["a"], publish_at_text="2026-01-01")
    assert posts.is_there(conn, ONE, id_)
    assert not posts.is_there(conn, TWO, id_)
    assert posts.post_row(conn, TWO, id_) is None
    assert posts.first_body(conn, ONE, id_)["text"] == "First ü"
    assert posts.first_body(conn, TWO, id_) == {}
    row = rows.locked(conn, ONE, id_)
    assert row is not None
    assert rows.locked(conn, TWO, id_) is None
    body = rows.body_of(conn, row)
    assert (body["text"], [reply["text"] for reply in body["replies"]]) == ("First ü", ["Second", "Third"])
    assert (body["labels"], body["publish_at"]) == (["a"], "2026-01-01")
    posts.update_part(conn, part_id(id_, 0), {"state": "published", "published_at": 5.0})
    posts.update_part(conn, part_id(id_, 1), {"intent": "sent", "tries": {"x": 2}, "state": "checking"})
    posts.update_part(conn, part_id(id_, 2), {"tries": {"x": 1}, "state": "failed", "cause": {"pattern": "p"}})
    posts.restart_parts(conn, id_)
    assert [(part["state"], part["tries"]) for part in rows.parts_of(conn, id_)] == [
        ("published", {}), ("checking", {"x": 2}), ("pending", {}),
    ]  # fmt: skip
    posts.cancel_parts(conn, id_)
    assert [part["state"] for part in rows.parts_of(conn, id_)] == ["published", "canceled", "canceled"]
    posts.delete_part(conn, part_id(id_, 1))
    posts.insert_part(conn, {**rows.parts_of(conn, id_)[0], "id": "prt_new", "position": 1, "threads_id": None})
    posts.delete_parts_from(conn, id_, 2)
    assert [part["id"] for part in rows.parts_of(conn, id_)] == [part_id(id_, 0), "prt_new"]
    posts.update_post(conn, id_, {"attempt": 3})
    posts.stop_runs(conn, id_, {"state": "canceled"})
    stopped = posts.post_row(conn, ONE, id_)
    assert stopped is not None
    assert (stopped["state"], stopped["seq"], stopped["claim"], posts.attempt_of(conn, id_)) == ("canceled", 1, 1, 3)
    assert posts.attempt_of(conn, "pst_none") == 1
    posts.delete_post(conn, id_)
    assert (posts.is_there(conn, ONE, id_), rows.parts_of(conn, id_)) == (False, [])


@covers(posts.kept_answer, posts.keep_answer, posts.known_media, retention.delete_idempotency_keys)
def test_what_a_request_names(conn: Connection) -> None:
    workspace(conn)
    answer = CreatedByKey("hash", ["pst_a", "pst_b"])
    assert posts.kept_answer(conn, ONE, "key") is None
    posts.keep_answer(conn, ONE, "key", answer, now=5.0)
    assert posts.kept_answer(conn, ONE, "key") == answer
    assert posts.kept_answer(conn, TWO, "key") is None
    retention.delete_idempotency_keys(conn, 5.0)
    assert posts.kept_answer(conn, ONE, "key") == answer
    retention.delete_idempotency_keys(conn, 6.0)
    assert posts.kept_answer(conn, ONE, "key") is None
    for id_, of in (("med_a", ONE), ("med_b", TWO)):
        files.insert_media(conn, medium(id_, of))
    assert posts.known_media(conn, ONE, ["med_a", "med_b", "med_c"]) == {"med_a"}
    assert posts.known_media(conn, ONE, [f"med_{n}" for n in range(1200)] + ["med_a"]) == {"med_a"}


@covers(
    posts.part_in_doubt,
    posts.post_with_live_id,
    posts.parts_with_ids,
    posts.unsent_due,
    runs.claimed_ids,
    runs.sent_without_id,
    posts_read.outcome_of,
    posts_read.checks_of_published,
    intents.record,
)
def test_what_is_live_or_in_doubt(conn: Connection) -> None:
    base(conn)
    first, second = post(conn, "pst_a", texts=("One", "Two")), post(conn, "pst_b", due_at=500.0)
    post(conn, "pst_over", state="canceled")
    user = "user acc_a"
    assert posts.part_in_doubt(conn, first) is None
    assert intents.record(conn, part_id(first), {"intent": "sent", "sends": 1, "state": "publishing"})
    assert not intents.record(conn, part_id(first), {"intent": "sent", "sends": 2})
    doubt = posts.part_in_doubt(conn, first)
    assert doubt is not None
    assert (doubt["id"], doubt["sends"]) == (part_id(first), 1)
    assert [(part.kind, (part.body or {})["text"]) for part in runs.sent_without_id(conn, user, but="x")] == [
        ("TEXT", "One")
    ]
    assert runs.sent_without_id(conn, user, but=part_id(first)) == []
    assert sorted(part.id for part in posts.unsent_due(conn, 100.0)) == [part_id(first, 1)]
    live = {"threads_id": "live 1", "published_at": 6.0, "checks": {"found_live": True}, "permalink": "https://t"}
    posts.update_part(conn, part_id(first), live)
    assert posts.part_in_doubt(conn, first) is None
    posts.update_part(conn, part_id(second), {"published_at": 7.0})
    nameless = posts.part_in_doubt(conn, second)
    assert nameless is not None
    assert nameless["id"] == part_id(second)
    assert posts.post_with_live_id(conn, user, "live 1") == first
    assert posts.post_with_live_id(conn, "user acc_b", "live 1") is None
    assert [row["threads_id"] for row in posts.parts_with_ids(conn, first)] == ["live 1"]
    assert runs.claimed_ids(conn, user, but=part_id(second)) == {"live 1"}
    assert runs.claimed_ids(conn, user, but=part_id(first)) == set()
    checks = list(posts_read.checks_of_published(conn, [first, second]))
    assert sorted(checks, key=str) == [{"found_live": True}, {}]
    outcome = posts_read.outcome_of(conn, first)
    assert outcome is not None
    assert [dataclasses.astuple(part) for part in outcome.parts] == [(0, "live 1", "https://t"), (1, None, None)]
    assert posts_read.outcome_of(conn, "pst_none") is None


@covers(
    posts_read.posts_of,
    posts_read.page_of_posts,
    posts_read.post_ids,
    posts_read.count_posts,
    posts_read.counts,
    posts_read.states_of,
)
def test_finding_posts(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    workspace(conn, TWO)
    account(conn, "acc_two", of=TWO)
    post(conn, "pst_a", created_at=3.0, due_at=30.0, labels=["ü", "x"], texts=("Größe 100%", "later"))
    post(conn, "pst_b", created_at=2.0, due_at=20.0, by="acc_b", cause_lane="content", cause_pattern="p")
    post(conn, "pst_c", created_at=2.0, due_at=10.0, state="failed", metadata={"a": None})
    post(conn, "pst_two", of=TWO, by="acc_two")
    held = blocker(conn)
    blockers.put_behind(conn, "pst_a", [held])

    def found(**filters: Any) -> list[str]:
        asked = Filters(**filters)
        page, _ = posts_read.page_of_posts(conn, ONE, asked)
        ids, more = posts_read.post_ids(conn, ONE, asked, limit=50)
        assert more is None
        assert {stored.row["id"] for stored in page} == set(ids)
        assert posts_read.count_posts(conn, ONE, asked) == len(ids)
        return [stored.row["id"] for stored in page]

    assert found() == ["pst_a", "pst_c", "pst_b"]
    assert found(sort="due_at") == ["pst_c", "pst_b", "pst_a"]
    assert found(states=["failed", "canceled"]) == ["pst_c"]
    assert found(lanes=["content"]) == found(patterns=["p"]) == found(account_id="acc_b") == ["pst_b"]
    assert found(label="ü") == ["pst_a"]
    assert found(label="u") == []
    for text, hit in (("größe", True), ("GRÖSSE", False), ("100%", True), ("100_", False), ("LATER", True)):
        assert found(text=text) == (["pst_a"] if hit else []), text
    assert found(due_from=20.0, due_to=30.0) == ["pst_b"]
    assert found(blocker_id=held) == ["pst_a"]
    assert posts_read.post_ids(conn, ONE, Filters(), limit=2) == (["pst_a", "pst_b"], "pst_b")
    assert posts_read.post_ids(conn, ONE, Filters(), limit=2, after="pst_b") == (["pst_c"], None)
    assert posts_read.count_posts(conn, ONE, Filters(), after="pst_a") == 2
    assert posts_read.counts(conn, ONE) == {"scheduled": 2, "failed": 1}
    whole = posts_read.posts_of(conn, ONE, ["pst_c", "pst_two", "pst_a", "pst_c"])
    assert [(stored.row["id"], stored.row["username"], stored.blocker_ids) for stored in whole] == [
        ("pst_c", "a", ()),
        ("pst_a", "a", (held,)),
    ]
    assert [part["position"] for part in whole[1].parts] == [0, 1]
    states = list(posts_read.states_of(conn, ["pst_b", "pst_two", "none"]))
    assert [(row.id, row.state, row.cause_pattern) for row in sorted(states, key=lambda row: row.id)] == [
        ("pst_b", "scheduled", "p"),
        ("pst_two", "scheduled", None),
    ]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=9),
    size=st.integers(1, 4),
    sort=st.sampled_from(["created_at", "-created_at", "due_at", "-published_at", "published_at", "-updated_at"]),
)
def test_pages_of_posts_give_each_one_once(
    conn: Connection, times: list[tuple[int, int | None]], size: int, sort: str
) -> None:
    with conn.begin_nested() as undone:
        base(conn)
        for number, (at, live) in enumerate(times):
            same: Any = dict.fromkeys(("created_at", "due_at", "updated_at"), float(at))
            post(conn, f"pst_{number}", published_at=live, **same)
        found: list[tuple[float, str]] = []
        after: str | None = None
        while True:
            page, after = posts_read.page_of_posts(conn, ONE, Filters(sort=sort), limit=size, after=after)
            found += [(stored.row[sort.removeprefix("-")] or 0.0, stored.row["id"]) for stored in page]
            assert after is None or len(page) == size
            if after is None:
                break
        undone.rollback()
    assert found == sorted(found, reverse=sort.startswith("-"))
    assert sorted(id_ for _, id_ in found) == [f"pst_{number}" for number in range(len(times))]


@covers(
    timeline.add_note,
    timeline.announce_post,
    timeline.announce_difference,
    timeline.entries_with,
    posts_read.events_of,
    posts_read.last_answer,
    resting.put_to_rest,
    retention.delete_timelines,
)
def test_timelines(conn: Connection) -> None:
    base(conn)
    id_ = post(conn)
    start = TIMELINES.newest(conn)
    refused = Note(
        "publish", "call", "Ü", 0, 5.0, 1.5, "refused", {"a": 1}, {"status": 400}, {"pattern": "p", "lane": "l"}
    )
    timeline.add_note(conn, id_, ONE, 2, refused, now=6.0, worker="wrk_a")
    timeline.add_note(conn, id_, ONE, 2, Note("publish", "wait", "Waits"), now=7.0)
    call, wait = entries_after(conn, start)
    assert (call.pattern, call.lane, call.worker, call.started_at, call.duration_s) == ("p", "l", "wrk_a", 5.0, 1.5)
    assert (wait.pattern, wait.started_at, wait.what, wait.attempt) == (None, 7.0, "Waits", 2)
    assert TIMELINES.newest(conn) == wait.id
    assert timeline.entries_with(conn, [wait.id, 10**9]) == [wait]
    events = posts_read.events_of(conn, ONE, id_)
    assert events is not None
    assert [event["what"] for event in events] == ["Ü", "Waits"]
    assert posts_read.events_of(conn, TWO, id_) is None
    assert posts_read.last_answer(conn, id_) == {"status": 400}
    assert posts_read.last_answer(conn, "pst_none") is None
    row = rows.locked(conn, ONE, id_)
    assert row is not None
    resting.put_to_rest(conn, row, "canceled", "Because.", now=8.0)
    timeline.announce_post(conn, ONE, id_, {"state": "canceled", "next_what": "x", "next_at": 1.0}, now=8.0)
    live = part_view(progress=dataclasses.replace(NONE_YET, live=LiveCheck(differs=(Difference("text", "one", "on"),))))
    timeline.announce_difference(conn, post_view(live, id=id_, workspace_id=ONE, account_id="acc_a"), live, now=8.5)
    changes = feed.FeedReader(ONE, 0).read(conn, limit=99, now=9.0)
    (differs,) = [change for change in changes if change["type"] == "post.differs"]
    assert differs["payload"]["differs"][0]["field"] == "text"
    rested = posts.post_row(conn, ONE, id_)
    assert rested is not None
    assert (rested["state"], rested["why"], rested["seq"], rested["claim"]) == ("canceled", "Because.", 1, 1)
    assert not retention.delete_timelines(conn, 8.0, now=9.0, limit=5)
    assert retention.delete_timelines(conn, 9.0, now=9.0, limit=1)
    assert not retention.delete_timelines(conn, 9.0, now=9.0, limit=1)
    assert posts_read.events_of(conn, ONE, id_) == []


@covers(published.count_since, published.counts_since)
def test_counts_of_what_was_published(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    for number, (by, at, reply) in enumerate(
        (("acc_a", 10.0, False), ("acc_a", 20.0, False), ("acc_a", 30.0, True), ("acc_b", 40.0, False))
    ):
        post(conn, f"pst_{number}", by=by, part={"published_at": at, "is_reply": reply})
    post(conn, "pst_unsent")
    assert published.count_since(conn, "acc_a", 10.0, replies=False) == (1, 20.0)
    assert published.count_since(conn, "acc_a", 0.0, replies=False) == (2, 10.0)
    assert published.count_since(conn, "acc_b", 0.0, replies=True) == (0, None)
    assert published.counts_since(conn, ["acc_a", "acc_b", "acc_c"], 10.0) == {
        ("acc_a", False): 1,
        ("acc_a", True): 1,
        ("acc_b", False): 1,
    }


@covers(post_history.first_event_since, post_history.failures, post_history.published, post_history.stopped)
def test_history(conn: Connection) -> None:
    base(conn)
    id_ = post(conn, part={"published_at": 30.0})
    post(conn, "pst_b", state="blocked", updated_at=40.0, cause={"title": "Ü"}, cause_lane="l", cause_pattern="p")
    for at, diagnosis in ((10.0, None), (20.0, {"lane": "l", "pattern": "p", "title": "Ü"}), (30.0, {"lane": "m"})):
        timeline.add_note(conn, id_, ONE, 1, Note("publish", "call", "", started_at=at, diagnosis=diagnosis), now=at)
    first = post_history.first_event_since(conn, 20.0)
    assert [entry.started_at for entry in entries_after(conn, first - 1)] == [20.0, 30.0]
    assert post_history.first_event_since(conn, 99.0) > first
    met = post_history.failures(conn, ONE, 15.0)
    assert [(one.at, one.lane, one.pattern, one.title) for one in met] == [
        (20.0, "l", "p", "Ü"),
        (30.0, "m", "unknown", ""),
    ]
    assert post_history.failures(conn, TWO, 0.0) == []
    assert post_history.published(conn, ONE, 30.0) == [(30.0, "acc_a")]
    assert post_history.published(conn, ONE, 31.0) == []
    assert [(one.post_id, one.state, one.title) for one in post_history.stopped(conn, ONE, 40.0)] == [
        ("pst_b", "blocked", "Ü")
    ]


def medium(id_: str, of: str = ONE, **columns: Any) -> dict[str, Any]:
    known = {"stored": {"key": "k"}, "content_type": "image/png", "size": 2**40, "created_at": 1.0}
    return {"id": id_, "workspace_id": of, **known, **columns}


@covers(
    files.insert_media,
    files.find_media,
    files.delete_media,
    files.set_job,
    files.page_of,
    files.post_that_needs,
    files.over,
    files.posts_that_name,
    files.delete_all,
    files.all_ids,
)
def test_files(conn: Connection) -> None:
    base(conn)
    workspace(conn, TWO)
    for id_, at, ends in (("med_a", 1.0, None), ("med_b", 2.0, 90.0), ("med_c", 2.0, 10.0), ("med_d", 3.0, None)):
        made_for = "pst_b" if id_ == "med_c" else None
        files.insert_media(conn, medium(id_, created_at=at, expires_at=ends, used_by=made_for))
    files.insert_media(conn, medium("med_two", TWO))
    row = files.find_media(conn, ONE, "med_a")
    assert row is not None
    assert (row["size"], row["stored"]) == (2**40, {"key": "k"})
    assert files.find_media(conn, TWO, "med_a") is None
    files.set_job(conn, "med_a", {"percent": 5})
    files.set_job(conn, "med_b", {"percent": 100}, {"stored": {}})
    changed = files.find_media(conn, ONE, "med_b")
    assert changed is not None
    assert (changed["job"], changed["prepared"]) == ({"percent": 100}, {"stored": {}})
    page, after = files.page_of(conn, ONE, 3, None)
    assert [one["id"] for one in page] == ["med_d", "med_c", "med_b"]
    rest, end = files.page_of(conn, ONE, 3, after)
    assert ([one["id"] for one in rest], end) == (["med_a"], None)
    assert files.page_of(conn, ONE, 3, "no cursor~x") == ([], None)
    post(conn, "pst_a", part={"body": {"media": [{"id": "med_a"}], "text": ""}})
    post(conn, "pst_b", state="published", updated_at=7.0, part={"media_urls": [{"url": "https://x/med_a"}]})
    assert files.post_that_needs(conn, ONE, "med_a") == "pst_a"
    assert files.post_that_needs(conn, ONE, "med_") is None
    assert files.post_that_needs(conn, TWO, "med_a") is None
    named = files.posts_that_name(conn, "med_a")
    assert sorted((one.state, one.updated_at) for one in named) == [("published", 7.0), ("scheduled", 10.0)]
    assert files.posts_that_name(conn, "med%a") == []
    old = files.over(conn, (0.0, ""), expired=20.0, made_before=2.5, limit=9)
    kept = [(one.id, one.expires_at, one.uploaded) for one in old if one.id != "med_two"]
    assert kept == [("med_a", None, True), ("med_c", 10.0, False)]
    assert [one.id for one in files.over(conn, (1.0, "med_a"), expired=20.0, made_before=0.5, limit=1)] == ["med_c"]
    files.delete_media(conn, "med_d")
    files.delete_all(conn, ["med_a", "med_b"])
    files.delete_all(conn, [])
    assert files.all_ids(conn) == {"med_c", "med_two"}


@covers(exporting.page_of, exporting.post_ids)
def test_exporting(conn: Connection) -> None:
    base(conn)
    workspace(conn, TWO)
    account(conn, "acc_b", of=TWO)
    of_accounts = next(exported for exported in exporting.TABLES if exported.kind == "account")
    page, following = exporting.page_of(conn, of_accounts, ONE, None)
    assert ([row["id"] for row in page], following) == (["acc_a"], None)
    assert not [name for name in page[0] if name.endswith("_enc") or name.startswith("refresh_lease")]
    assert exporting.page_of(conn, of_accounts, ONE, "acc_a") == ([], None)
    for exported in exporting.TABLES:
        exporting.page_of(conn, exported, ONE, None)
    for number in range(3):
        post(conn, f"pst_{number}")
    assert exporting.post_ids(conn, ONE, None) == ["pst_0", "pst_1", "pst_2"]
    assert exporting.post_ids(conn, ONE, "pst_1") == ["pst_2"]
    assert exporting.post_ids(conn, TWO, None) == []


@covers(posts.near_in_time)
def test_posts_near_in_time(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    at = 1_000_000.0
    sent = {"sends": 1, "published_at": at - 50.0}
    post(conn, "pst_out", state="published", due_at=at - 100.0, texts=("Ünï", "reply"), part=sent)
    post(conn, "pst_old", state="published", due_at=at - 3 * 86_400.0)
    post(conn, "pst_held", state="blocked", due_at=at - 5 * 86_400.0)
    post(conn, "pst_next", state="scheduled", due_at=at + 60.0)
    post(conn, "pst_off", state="canceled", due_at=at)
    post(conn, "pst_other", by="acc_b", state="scheduled", due_at=at)
    found = posts.near_in_time(conn, ONE, "acc_a", at)
    assert [one.id for one in found] == ["pst_next", "pst_out", "pst_held"]
    assert [one.sent for one in found] == [False, True, False]
    assert (found[1].text, found[1].at, found[1].state) == ("Ünï", at - 50.0, "published")
    assert [one.id for one in posts.near_in_time(conn, ONE, "acc_a", at, but="pst_next")] == ["pst_out", "pst_held"]
    assert posts.near_in_time(conn, TWO, "acc_a", at) == []
