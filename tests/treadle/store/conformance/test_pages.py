"""What the pages read from the store beside their lists, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import TWO, workspace
from tests.treadle.web.sample_data import add_account, add_blocker, add_post
from treadle.app import DEFAULT_WORKSPACE
from treadle.people.keys import create_key
from treadle.store import Connection, accounts, alerts, api_keys, blockers, files, pages_posts, tables, users
from treadle.store.users import UserRow
from treadle_diagnosis import from_pattern

NOW = 1_800_000_000.0
OURS = DEFAULT_WORKSPACE


@pytest.fixture(autouse=True)
def ours(conn: Connection) -> None:
    workspace(conn, OURS)


@covers(
    pages_posts.home_counts,
    pages_posts.waiting,
    pages_posts.unfinished_by_account,
    pages_posts.count_due_before,
    pages_posts.for_approval,
)
def test_posts_are_counted_for_one_workspace(conn: Connection) -> None:
    account, theirs = add_account(conn, "ours", NOW), workspace(conn, TWO)
    other = add_account(conn, "theirs", NOW, workspace=theirs)
    add_post(conn, other, "Theirs", "failed", NOW, workspace=theirs)
    for state in ("scheduled", "publishing", "waiting", "retrying", "held", "checking", "draft", "canceled"):
        add_post(conn, account, state, state, NOW, due_at=NOW - 700)
    add_post(conn, account, "Today", "published", NOW, published_at=NOW - 60)
    add_post(conn, account, "Before", "published", NOW, published_at=NOW - 90_000)
    add_post(conn, account, "New", "failed", NOW, updated_at=NOW - 60)
    add_post(conn, account, "Old", "failed", NOW, updated_at=NOW - 900_000)
    asked = [
        add_post(conn, account, "Asked", "draft", NOW, approval="pending", publish_at=at, created_at=NOW - n)
        for n, at in enumerate((None, NOW + 50, NOW + 20, None))
    ]
    add_post(conn, account, "Approved", "draft", NOW, approval="approved")
    add_post(conn, other, "Asked there", "draft", NOW, workspace=theirs, approval="pending")
    assert pages_posts.for_approval(conn, OURS, limit=9) == [asked[2], asked[1], asked[3], asked[0]]
    assert pages_posts.for_approval(conn, OURS, limit=1) == [asked[2]]
    counted = pages_posts.home_counts(conn, OURS, now=NOW, failed_since=NOW - 1000)
    assert counted == pages_posts.HomeCounts(2, 1, 1, 3, 1, 1, 2, 1, 4)
    assert pages_posts.waiting(conn, OURS, failed_since=NOW - 1000) == pages_posts.Waiting(True, True, True)
    assert pages_posts.waiting(conn, theirs, failed_since=NOW - 1000) == pages_posts.Waiting(False, True, True)
    assert pages_posts.waiting(conn, theirs, failed_since=NOW) == pages_posts.Waiting(False, False, True)
    assert pages_posts.unfinished_by_account(conn, OURS) == {account: 6}
    assert pages_posts.count_due_before(conn, OURS, ("scheduled", "waiting"), NOW - 600) == 2
    assert pages_posts.count_due_before(conn, OURS, ("scheduled", "waiting"), NOW - 700) == 0


@covers(files.page_of, files.uses_of)
def test_files_are_searched_and_their_uses_found(conn: Connection) -> None:
    for n, (id_, name, kind, used_by) in enumerate(
        (
            ("med_a", "Été 100%.jpg", "image/jpeg", None),
            ("med_b", "loom_one.mp4", "video/mp4", None),
            ("med_c", "copy of one.jpg", "image/jpeg", "pst_x"),
        )
    ):
        row = {"id": id_, "workspace_id": OURS, "stored": {}, "filename": name, "content_type": kind}
        files.insert_media(
            conn, {**row, "size": 3, "sha256": "", "report": {}, "created_at": NOW + n, "used_by": used_by}
        )

    def found(*words: str, kind: str = "", uploads: bool = False) -> list[str]:
        asked = files.FileFilters(words, kind, uploads)
        return [row["id"] for row in files.page_of(conn, OURS, 9, None, asked)[0]]

    assert found() == ["med_c", "med_b", "med_a"]
    assert found(uploads=True) == ["med_b", "med_a"]
    assert found("ONE") == ["med_c", "med_b"]
    assert found("one", "loom") == ["med_b"]
    assert (found("été"), found("0%"), found("m_o"), found("%")) == (["med_a"], ["med_a"], ["med_b"], ["med_a"])
    assert found(kind="image") == ["med_c", "med_a"]
    rows, after = files.page_of(conn, OURS, 1, None, files.FileFilters(uploads=True))
    assert [row["id"] for row in rows] == ["med_b"]
    assert [row["id"] for row in files.page_of(conn, OURS, 1, after, files.FileFilters(uploads=True))[0]] == ["med_a"]

    account, theirs = add_account(conn, "ours", NOW), workspace(conn, TWO)
    other = add_account(conn, "theirs", NOW, workspace=theirs)
    first = add_post(conn, account, "One", "published", NOW, media=[{"id": "med_a"}, {"id": "med_b"}])
    second = add_post(conn, account, "Two", "draft", NOW + 1, media=[{"id": "med_a"}])
    add_post(conn, other, "Theirs", "draft", NOW, workspace=theirs, media=[{"id": "med_a"}])
    uses = files.uses_of(conn, OURS, ["med_a", "med_b", "med_c", "med_a"])
    assert {(use.post_id, use.media_ids) for use in uses} == {(second, ("med_a",)), (first, ("med_a", "med_b"))}
    assert files.uses_of(conn, OURS, ["med", "med_"]) == []
    assert files.uses_of(conn, OURS, []) == []


@covers(pages_posts.published_own_media)
def test_media_of_our_own_that_went_out_are_seen(conn: Connection) -> None:
    account, theirs = add_account(conn, "ours", NOW), workspace(conn, TWO)
    other = add_account(conn, "theirs", NOW, workspace=theirs)
    add_post(conn, account, "Kept elsewhere", "published", NOW, media=[{"url": "https://media.example.org/a.jpg"}])
    add_post(conn, account, "Not out", "scheduled", NOW, media=[{"id": "med_1"}])
    add_post(conn, other, "Theirs", "published", NOW, workspace=theirs, media=[{"id": "med_2"}])
    assert not pages_posts.published_own_media(conn, OURS)
    add_post(conn, account, "Kept here", "published", NOW, media=[{"id": "med_3"}])
    assert pages_posts.published_own_media(conn, OURS)


@covers(pages_posts.by_pattern, pages_posts.fixed_together)
def test_posts_are_grouped_by_cause(conn: Connection) -> None:
    account = add_account(conn, "ours", NOW)
    video, token = from_pattern("video_codec").to_json(), from_pattern("token_expired").to_json()
    for cause, state, times in ((video, "blocked", 2), (video, "published", 1), (token, "blocked", 4)):
        for _ in range(times):
            add_post(conn, account, "Text", state, NOW, cause=cause, cause_pattern=cause["pattern"])
    found = [(group.pattern, group.posts) for group in pages_posts.by_pattern(conn, OURS, limit=9)]
    assert found == [(token["pattern"], 4), (video["pattern"], 3)]
    assert len(pages_posts.by_pattern(conn, OURS, limit=1)) == 1
    [together] = pages_posts.fixed_together(conn, OURS, (str(video["action"]),))
    assert together == pages_posts.CauseGroup(str(video["pattern"]), str(video["title"]), 2)


@covers(pages_posts.published_parts, pages_posts.sent_parts)
def test_parts_that_were_sent_or_published(conn: Connection) -> None:
    account = add_account(conn, "ours", NOW)
    live = add_post(conn, account, "One", "published", NOW, replies=("Two",), published_at=NOW)
    pending = add_post(conn, account, "Text", "scheduled", NOW)
    assert [(part.position, part.body["text"]) for part in pages_posts.published_parts(conn, OURS, live)] == [
        (0, "One"),
        (1, "Two"),
    ]
    assert len(pages_posts.sent_parts(conn, live)) == 2
    assert pages_posts.published_parts(conn, "wsp_other", live) == []
    assert pages_posts.sent_parts(conn, pending) == set()


@covers(accounts.names, accounts.granted, accounts.count_connected)
def test_names_and_counts_of_accounts(conn: Connection) -> None:
    first = add_account(conn, "ada", NOW, token_enc=b"sealed")
    add_account(conn, "gone", NOW, token_enc=None, disconnected_at=NOW)
    assert [(name.username, name.disconnected_at) for name in accounts.names(conn, OURS)] == [
        ("ada", None),
        ("gone", NOW),
    ]
    assert accounts.names(conn, OURS)[0].id == first
    [known] = accounts.granted(conn, OURS)
    assert (known.id, known.username) == (first, "ada")
    assert "threads_basic" in known.scopes
    assert accounts.count_connected(conn, OURS) == 1
    assert accounts.names(conn, "wsp_other") == []


@covers(blockers.repaired_lately)
def test_problems_that_are_over(conn: Connection) -> None:
    account = add_account(conn, "ada", NOW)
    cause = from_pattern("token_expired").to_json()
    first = add_blocker(conn, cause, "account", account, [], NOW)
    assert blockers.repaired_lately(conn, OURS, limit=5) == []
    conn.execute(
        sa.update(tables.blockers).where(tables.blockers.c.id == first).values(repaired_at=NOW + 5, open_key=None)
    )
    shared = add_blocker(conn, cause, "app", "123456", [], NOW + 10)
    conn.execute(
        sa.update(tables.blockers).where(tables.blockers.c.id == shared).values(repaired_at=NOW + 20, open_key=None)
    )
    add_blocker(conn, cause, "account", account, [], NOW + 30)
    over = blockers.repaired_lately(conn, OURS, limit=5)
    assert [(row.scope, row.opened_at, row.repaired_at) for row in over] == [
        ("app", NOW + 10, NOW + 20),
        ("account", NOW, NOW + 5),
    ]
    assert over[0].cause["pattern"] == "token_expired"
    assert [row.scope for row in blockers.repaired_lately(conn, "wsp_other", limit=5)] == ["app"]


@covers(api_keys.names_of, files.media_with_ids, alerts.recent, users.set_zone)
def test_keys_files_alerts_and_zones(conn: Connection) -> None:
    named, _ = create_key(conn, OURS, "The shop", ["read"], NOW)
    nameless, _ = create_key(conn, OURS, "", ["read"], NOW)
    assert api_keys.names_of(conn, OURS, {named, nameless, "key_none"}) == {named: "The shop"}
    assert api_keys.names_of(conn, OURS, ()) == api_keys.names_of(conn, "wsp_other", {named}) == {}

    row = {"id": "med_one", "workspace_id": OURS, "stored": {}, "filename": "a.jpg", "content_type": "image/jpeg"}
    files.insert_media(conn, {**row, "size": 3, "sha256": "", "report": {}, "created_at": NOW})
    assert [found["filename"] for found in files.media_with_ids(conn, OURS, ["med_one", "med_none"])] == ["a.jpg"]
    assert files.media_with_ids(conn, "wsp_other", ["med_one"]) == []

    for number in range(3):
        alerts.insert(conn, OURS, "failed", f"key {number}", {}, now=NOW + number)
    assert [alert.raised_at for alert in alerts.recent(conn, OURS, limit=2)] == [NOW + 2, NOW + 1]
    assert alerts.recent(conn, OURS, limit=1)[0].sent_at is None
    assert alerts.recent(conn, "wsp_other", limit=2) == []

    users.insert(conn, UserRow("usr_one", OURS, "mara@example.org", "-", "UTC", NOW))
    users.set_zone(conn, "usr_one", "Europe/Paris")
    changed = users.find(conn, OURS, "usr_one")
    assert changed is not None
    assert changed.zone == "Europe/Paris"
