"""Open causes: met, put before posts, seen by workspaces, repaired; what a repair would release."""

from __future__ import annotations

from typing import Any

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import APP, ONE, TWO, account, base, blocker, changes_after, post, workspace
from treadle.domain.scope import FETCH_KEY
from treadle.store import (
    Connection,
    account_health,
    accounts,
    blockers,
    feed,
    id_endings,
    release,
    repair_preview,
    risks,
    visible_blockers,
)
from treadle.store.release import Releaser
from treadle_diagnosis import from_pattern


@covers(
    blockers.scope_for,
    blockers.open_blocker,
    blockers.put_off,
    blockers.due,
    blockers.find_open,
    blockers.account_to_ask,
    blockers.checked,
    blockers.is_shared,
    blockers.newest_open,
    blockers.open_of_accounts,
)
def test_opening_causes(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    unsure = from_pattern("access_tier_insufficient")
    met: Any = {"app_id": APP, "now": 10.0}
    assert blockers.scope_for(conn, unsure, "account", "acc_a", account_id="acc_a", **met) == ("account", "acc_a")
    assert blockers.scope_for(conn, unsure, "app", APP, account_id="acc_a", **met) == ("account", "acc_a")
    assert blockers.scope_for(conn, unsure, "app", APP, account_id="acc_a", **met) == ("account", "acc_a")
    assert blockers.scope_for(conn, unsure, "app", APP, account_id="acc_b", **met) == ("app", APP)
    start = feed.newest(conn)
    held = blocker(conn, now=10.0)
    assert blocker(conn, now=11.0) == held
    assert changes_after(conn, start) == ["blocker.opened"]
    shared = blocker(conn, "app", APP, pattern="wrong_app_id", now=12.0)
    assert (blockers.is_shared(conn, shared), blockers.is_shared(conn, held)) == (True, False)
    row, of_app = blockers.find_open(conn, held), blockers.find_open(conn, shared)
    assert row is not None
    assert of_app is not None
    assert (row["scope"], row["key"], row["pattern"], row["cause"]["stage"]) == (
        "account", "acc_a", "token_expired", "unknown",
    )  # fmt: skip
    assert blockers.find_open(conn, "blk_none") is None
    first = row["next_check_at"]
    assert blockers.due(conn, first) == [held]
    blockers.put_off(conn, held, first + 50.0)
    assert blockers.due(conn, first + 10.0) == [shared]
    blockers.checked(conn, held, first + 60.0, now=first, probe="pst_a")
    again = blockers.find_open(conn, held)
    assert again is not None
    assert (again["checks"], again["probe_post_id"], again["checked_at"]) == (1, "pst_a", first)
    account_health.change(conn, "acc_a", "reconnect", None, was="active", now=5.0)
    asked, of_any = blockers.account_to_ask(conn, row), blockers.account_to_ask(conn, of_app)
    assert asked is not None
    assert of_any is not None
    assert (asked.id, of_any.id) == ("acc_a", "acc_b")  # one that is well is asked for the app
    accounts.disconnect(conn, ONE, "acc_a", now=20.0)
    assert blockers.account_to_ask(conn, row) is None
    newest = blockers.newest_open(conn, ["token_expired", "wrong_app_id"])
    assert newest is not None
    assert (newest.pattern, newest.cause["pattern"]) == ("wrong_app_id", "wrong_app_id")
    assert blockers.newest_open(conn, ["unknown"]) is None
    assert blockers.open_of_accounts(conn, "token_expired") == {"acc_a": held}


@covers(
    blockers.put_behind,
    blockers.of_post,
    blockers.take_out,
    blockers.forget_post,
    blockers.close_of_post,
    blockers.tested_by,
    blockers.posts_of_workspace,
    blockers.closed_but_waited_for,
    blockers.repairable,
    blockers.repairable_of,
    release.posts_behind,
    release.ready,
    release.ready_behind,
)
def test_posts_behind_causes(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    workspace(conn, TWO)
    account(conn, "acc_two", of=TWO)
    post(conn, "pst_a", state="blocked", due_at=20.0)
    post(conn, "pst_b", state="blocked", due_at=10.0, part={"published_at": 3.0, "intent": "sent"})
    post(conn, "pst_over", state="canceled")
    post(conn, "pst_two", of=TWO, by="acc_two")
    held, other = blocker(conn), blocker(conn, pattern="account_restricted", now=21.0)
    own = blocker(conn, "post", "pst_a", pattern="text_too_long", now=22.0)
    shared = blocker(conn, "app", APP, pattern="wrong_app_id", now=19.0)
    blockers.put_behind(conn, "pst_a", [held, own])
    blockers.put_behind(conn, "pst_a", [held])
    blockers.put_behind(conn, "pst_b", [held])
    assert sorted(blockers.of_post(conn, "pst_a")) == sorted([held, own])
    assert sorted(release.posts_behind(conn, [held, own])) == ["pst_a", "pst_b"]
    assert [row["id"] for row in release.ready_behind(conn, held)] == ["pst_b"]  # pst_a waits for two
    assert release.ready(conn, ["pst_a", "pst_b"]) == []
    blockers.take_out(conn, "pst_a", [own])
    assert [row["id"] for row in release.ready_behind(conn, held)] == ["pst_b", "pst_a"]
    assert sorted(blockers.repairable(conn, "acc_a", APP)) == sorted([held, shared])
    assert blockers.repairable(conn, "acc_a", APP)[0] == shared  # the oldest first
    mine, of_app = blockers.repairable_of(conn, ["acc_a", "acc_b"], APP)
    assert (mine, of_app) == ({"acc_a": [held]}, [shared])
    assert other not in blockers.repairable(conn, "acc_a", "another app")
    blockers.checked(conn, held, 99.0, now=1.0, probe="pst_a")
    assert blockers.tested_by(conn, "pst_a") == [(held, "unknown")]
    assert blockers.posts_of_workspace(conn, ONE, ["pst_two", "pst_b", "pst_a"]) == ["pst_b", "pst_a"]
    blockers.forget_post(conn, "pst_a")
    assert blockers.of_post(conn, "pst_a") == []
    blockers.close_of_post(conn, "pst_a", by="canceled", now=30.0)
    assert blockers.find_open(conn, own) is None
    assert blockers.closed_but_waited_for(conn) is None
    blockers.put_behind(conn, "pst_b", [own])
    assert blockers.closed_but_waited_for(conn) == ("canceled", [own])
    ready = release.ready(conn, ["pst_a", "pst_b", "pst_over", "pst_none"])
    assert [(row["id"], bool(row["started"]), bool(row["all_live"])) for row in ready] == [("pst_a", False, False)]


@covers(
    visible_blockers.blocker_page,
    visible_blockers.blocker_row,
    visible_blockers.open_causes_of,
    visible_blockers.open_groups,
    visible_blockers.first_of_pattern,
    visible_blockers.first_posts,
    visible_blockers.trouble_since,
    visible_blockers.causes_of,
    visible_blockers.blocked_accounts,
    visible_blockers.outages,
)
def test_causes_as_a_workspace_sees_them(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b")
    workspace(conn, TWO)
    account(conn, "acc_two", of=TWO)
    ids = [blocker(conn, now=20.0), blocker(conn, key="acc_b", now=21.0)]
    foreign = blocker(conn, key="acc_two", of=TWO, now=22.0)
    outage = blocker(conn, "platform", "threads", pattern="transient", now=23.0)
    shared = blocker(conn, "app", APP, pattern="wrong_app_id", now=24.0)
    for number, (due, held) in enumerate(((9.0, ids[1]), (5.0, ids[1]), (7.0, ids[0]), (8.0, outage))):
        post(conn, f"pst_{number}", due_at=due)
        blockers.put_behind(conn, f"pst_{number}", [held])
    post(conn, "pst_two", of=TWO, by="acc_two")
    blockers.put_behind(conn, "pst_two", [shared])
    page = visible_blockers.blocker_page(conn, ONE, open_only=True, limit=None, before=None)
    assert [row["id"] for row in page] == [shared, outage, ids[1], ids[0]]
    assert [(row["posts_waiting"], row["oldest_due_at"]) for row in page] == [(0, None), (1, 8.0), (2, 5.0), (1, 7.0)]
    two = visible_blockers.blocker_page(conn, ONE, open_only=False, limit=1, before=outage)
    assert [row["id"] for row in two] == [ids[1]]
    assert visible_blockers.blocker_row(conn, ONE, foreign) is None
    assert visible_blockers.blocker_row(conn, TWO, foreign) is not None
    ahead = visible_blockers.open_causes_of(conn, ONE, "acc_a", APP)
    assert {row["id"] for row in ahead} == {ids[0], outage, shared}
    groups = visible_blockers.open_groups(conn, ONE)
    assert [(group["pattern"], group["count"], group["posts"], group["since"]) for group in groups] == [
        ("token_expired", 2, 3, 20.0)
    ]
    assert groups[0]["newest"] == ids[1]
    first = visible_blockers.first_of_pattern(conn, ONE, "token_expired", limit=2)
    assert [row["id"] for row in first] == [ids[1], ids[0]]
    assert len(visible_blockers.first_of_pattern(conn, ONE, "token_expired", limit=1)) == 1
    assert visible_blockers.first_posts(conn, ONE, "token_expired", limit=2) == ["pst_1", "pst_2"]
    assert visible_blockers.first_posts(conn, ONE, "token_expired", limit=9) == ["pst_1", "pst_2", "pst_0"]
    assert visible_blockers.first_posts(conn, ONE, "transient", limit=9) == []
    assert visible_blockers.first_posts(conn, ONE, "wrong_app_id", limit=9) == []
    assert visible_blockers.trouble_since(conn) == 23.0
    assert {group["pattern"] for group in visible_blockers.open_groups(conn, TWO)} == {"token_expired", "wrong_app_id"}
    causes = visible_blockers.causes_of(conn, [ids[0], shared])
    assert {id_: cause["pattern"] for id_, cause in causes.items()} == {
        ids[0]: "token_expired",
        shared: "wrong_app_id",
    }
    assert visible_blockers.blocked_accounts(conn, ONE) == {"acc_a", "acc_b"}
    assert visible_blockers.outages(conn, ONE) == {outage: 1}
    assert visible_blockers.outages(conn, TWO) == {}


@covers(
    repair_preview.preview,
    repair_preview.counted,
    repair_preview.preview_of_connecting,
    repair_preview.counted_for_accounts,
)
def test_what_a_repair_would_release_it_releases(conn: Connection) -> None:
    base(conn)
    held = blocker(conn)
    post(conn, "pst_a", state="blocked", due_at=100.0)
    post(conn, "pst_late", state="blocked", due_at=10.0)
    for id_ in ("pst_a", "pst_late"):
        blockers.put_behind(conn, id_, [held])
    asked: Any = {"workspace_id": ONE, "now": 120.0}
    promised = repair_preview.preview(conn, [held], **asked)
    assert promised == {"sends": ["pst_a"], "holds": ["pst_late"]}
    assert repair_preview.counted(conn, [held], **asked) == {"sends": 1, "holds": 1}
    assert repair_preview.counted(conn, [held], workspace_id=TWO, now=120.0) == {"sends": 0, "holds": 0}
    connecting = repair_preview.preview_of_connecting(conn, "acc_a", [held], workspace_id=ONE, now=120.0)
    assert connecting == promised
    effects = repair_preview.counted_for_accounts(conn, ["acc_a"], {"acc_a": [held]}, [], workspace_id=ONE, now=120.0)
    assert effects == {"acc_a": {"sends": 1, "holds": 1}}
    stored: list[str] = []

    def enqueue(conn: Connection, post_id: str, seq: int, **_: object) -> None:
        stored.append(post_id)

    assert Releaser(enqueue).repaired(conn, [held], by="recheck", now=120.0) == promised["sends"] == stored
    assert repair_preview.preview(conn, [held], workspace_id=ONE, now=120.0) == {"sends": [], "holds": []}


@covers(risks.due_between, risks.open_causes, risks.bodies_of, risks.options_of_unfinished)
def test_risks_of_the_next_day(conn: Connection) -> None:
    base(conn)
    workspace(conn, TWO)
    account(conn, "acc_two", of=TWO)
    accounts.disconnect(conn, TWO, "acc_two", now=5.0)
    post(conn, "pst_a", due_at=20.0, part={"body": {"text": "", "options": {"location_id": "1"}}, "is_reply": True})
    post(conn, "pst_two", of=TWO, by="acc_two", due_at=10.0, part={"body": {"text": "no options"}})
    post(conn, "pst_draft", state="draft", due_at=10.0)
    post(conn, "pst_over", state="canceled", due_at=10.0)
    due = risks.due_between(conn, 5.0, 20.0, limit=9)
    assert [(row.id, row.account_id, row.health, row.without_token, row.due_at) for row in due] == [
        ("pst_two", "acc_two", "active", True, 10.0),
        ("pst_a", "acc_a", "active", False, 20.0),
    ]
    assert [row.id for row in risks.due_between(conn, 5.0, 20.0, workspace_id=ONE, limit=9)] == ["pst_a"]
    assert len(risks.due_between(conn, 5.0, 20.0, limit=1)) == 1
    assert risks.due_between(conn, 20.0, 90.0, limit=9) == []
    held = blocker(conn)
    shared = blocker(conn, "app", APP, pattern="wrong_app_id")
    blocker(conn, "post", "pst_a", pattern="text_too_long")
    found = risks.open_causes(conn, {"acc_a", APP, "pst_a"})
    assert {key: cause.id for key, cause in found.items()} == {("account", "acc_a"): held, ("app", APP): shared}
    bodies = {part.post_id: (part.body, part.is_reply) for part in risks.bodies_of(conn, ["pst_a", "pst_two"])}
    assert bodies["pst_a"] == ({"text": "", "options": {"location_id": "1"}}, True)
    options = {part.post_id: (part.account_id, part.options) for part in risks.options_of_unfinished(conn)}
    assert options == {"pst_a": ("acc_a", {"location_id": "1"}), "pst_two": ("acc_two", None)}


@covers(id_endings.ids_ending)
def test_ids_by_their_ends(conn: Connection) -> None:
    base(conn)
    workspace(conn, TWO)
    for id_ in ("pst_1xy", "pst_2xy", "pst_3xy", "pst_4%z"):
        post(conn, id_)
    assert len(id_endings.ids_ending(conn, ONE, "post", "xy")) == 2
    assert id_endings.ids_ending(conn, ONE, "post", "3xy") == ["pst_3xy"]
    assert id_endings.ids_ending(conn, ONE, "post", "%z") == ["pst_4%z"]
    assert id_endings.ids_ending(conn, ONE, "post", "_z") == []
    assert id_endings.ids_ending(conn, TWO, "post", "3xy") == []
    shared, own = blocker(conn, "app", APP, pattern="wrong_app_id"), blocker(conn)
    assert id_endings.ids_ending(conn, TWO, "blocker", shared[-6:]) == [shared]
    assert id_endings.ids_ending(conn, TWO, "blocker", own[-6:]) == []
    kinds: tuple[id_endings.Kind, ...] = ("media", "webhook", "delivery", "key")
    assert [id_endings.ids_ending(conn, ONE, kind, "x") for kind in kinds] == [[], [], [], []]


@covers(blockers.open_for_fetching, release.adopt)
def test_an_outage_of_fetching_takes_over_posts_that_blamed_their_own_file(conn: Connection) -> None:
    base(conn)
    workspace(conn, TWO)
    mine, other = post(conn, "pst_mine"), post(conn, "pst_other")
    own = blocker(conn, "post", mine, pattern="media_download_failed", now=10.0)
    blockers.put_behind(conn, mine, [own])
    unlike = blocker(conn, "post", other, pattern="media_address_not_found", now=10.0)
    blockers.put_behind(conn, other, [unlike])
    assert blockers.open_for_fetching(conn, ONE) is None
    outage = from_pattern("media_fetch_outage")
    here = blocker(conn, "media_host", FETCH_KEY, pattern=outage.pattern, now=11.0)
    assert (blockers.open_for_fetching(conn, ONE), blockers.open_for_fetching(conn, TWO)) == ("media_host", None)
    shared = blocker(conn, "platform", FETCH_KEY, pattern=outage.pattern, now=12.0)
    assert (blockers.open_for_fetching(conn, ONE), blockers.open_for_fetching(conn, TWO)) == ("platform", "platform")
    release.adopt(conn, [mine, other], shared, outage, "Meta fetches nobody's files.", now=13.0)
    assert (blockers.of_post(conn, mine), blockers.of_post(conn, other)) == ([shared], [unlike])
    assert blockers.find_open(conn, own) is None
    assert blockers.find_open(conn, here) is not None
