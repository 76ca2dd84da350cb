"""Reading: fields and their nesting, lists and their pages, conversations, look-ups, numbers."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle_sandbox.conftest import Caller, Other, Start
from treadle_sandbox.fields import FieldSyntaxError, parse_fields
from treadle_sandbox.lists import cursor, read_cursor
from treadle_sandbox.moments import read_moment


async def test_fields_without_a_value_are_left_out(ada: Caller) -> None:
    post = await ada.text("hello")
    body = (await ada.get(f"/{post}", fields="id,text,alt_text,quoted_post,poll_attachment,location_id,is_reply")).body
    assert body == {"id": post, "text": "hello", "is_reply": False}


@pytest.mark.parametrize("field", ["status", "url_attached", "quoted_post_id", "gif_attachment", "nonsense"])
async def test_an_unknown_field_fails_the_whole_request(ada: Caller, field: str) -> None:
    post = await ada.text("hello")
    answer = await ada.get(f"/{post}", fields=f"id,{field}")
    assert (answer.status, answer.error["code"], answer.error["type"]) == (500, 100, "THApiException")
    assert answer.error["message"] == f"Tried accessing nonexisting field ({field})"


async def test_a_container_has_no_media_fields(ada: Caller) -> None:
    container = (await ada.create(text="x")).id
    answer = await ada.get(f"/{container}", fields="permalink")
    assert answer.error["message"] == "Tried accessing nonexisting field (permalink)"


async def test_a_wrong_edge_reads_as_a_field(ada: Caller) -> None:
    answer = await ada.get("/me/threads_mentions")
    assert answer.error["message"] == "Tried accessing nonexisting field (threads_mentions)"


async def test_profile(ada: Caller) -> None:
    fields = "id,username,name,threads_biography,threads_profile_picture_url,is_verified,is_eligible_for_geo_gating"
    body = (await ada.get("/me", fields=fields)).body
    assert body["id"] == ada.id
    assert "threads_biography" not in body
    assert body["is_verified"] is False
    picture = await ada.raw("GET", body["threads_profile_picture_url"].removeprefix(ada.sandbox.url))
    assert picture.status == 200
    assert (await ada.get(f"/{ada.id}")).body == {"id": ada.id}


async def test_poll_reads_two_options_unless_asked_for_more(ada: Caller) -> None:
    poll = '{"option_a":"a","option_b":"b","option_c":"c"}'
    post = await ada.text("which?", poll_attachment=poll)
    ada.sandbox.control.call("PATCH", f"/posts/{post}", {"votes": [1, 3, 0, 0]})
    assert (await ada.get(f"/{post}", fields="poll_attachment")).body["poll_attachment"] == {
        "option_a": "a",
        "option_b": "b",
    }
    fields = "poll_attachment{option_a,option_c,option_d,option_b_votes_percentage,total_votes,expiration_timestamp}"
    full = (await ada.get(f"/{post}", fields=fields)).body["poll_attachment"]
    assert full.pop("expiration_timestamp").endswith("+0000")
    assert full == {"option_a": "a", "option_c": "c", "option_b_votes_percentage": 0.75, "total_votes": 4}
    assert (await ada.get(f"/{post}", fields="poll_attachment{zzz}")).status == 500


async def test_location_needs_sub_fields(ada: Caller) -> None:
    found = (await ada.get("/location_search", q="lisbon", fields="id,name,city")).body["data"]
    post = await ada.text("here", location_id=found[0]["id"])
    assert (await ada.get(f"/{post}", fields="location")).error["message"] == "An unknown error occurred"
    body = (await ada.get(f"/{post}", fields="location_id,location{id,name,country}")).body
    assert body["location"]["country"] == "PT"
    assert (await ada.get(f"/{found[0]['id']}", fields="name")).body["name"] == found[0]["name"]


async def test_pages_by_cursor_cover_everything_once(ada: Caller) -> None:
    made = [await ada.text(f"post {n}") for n in range(12)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await ada.get("/me/threads", fields="id", limit=5, **after)).body
        if not page["data"]:
            assert "paging" not in page
            break
        seen += [row["id"] for row in page["data"]]
        assert set(page["paging"]) == {"cursors"}
        after = {"after": page["paging"]["cursors"]["after"]}
    assert seen == made[::-1]
    last = page_before = (await ada.get("/me/threads", fields="id", limit=5, after=cursor(8))).body
    page_before = (await ada.get("/me/threads", fields="id", limit=2, before=last["paging"]["cursors"]["before"])).body
    assert [row["id"] for row in page_before["data"]] == [made[8], made[7]]


async def test_pages_can_have_addresses(start: Start) -> None:
    ada = await start(paging="next")
    for n in range(3):
        await ada.text(f"post {n}")
    page = (await ada.get("/me/threads", fields="id", limit=2)).body
    assert "previous" not in page["paging"]
    rest = await ada.raw("GET", page["paging"]["next"].removeprefix(ada.sandbox.url) + f"&access_token={ada.token}")
    assert len(rest.body["data"]) == 1
    assert "next" not in rest.body["paging"]
    assert "previous" in rest.body["paging"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0}, {"limit": 101}, {"limit": "many"}, {"since": "1"}, {"until": "soon"}, {"after": "%%%"},
        {"after": cursor(1), "before": cursor(2)},
    ],
)  # fmt: skip
async def test_wrong_windows_are_refused(ada: Caller, query: dict[str, Any]) -> None:
    assert (await ada.get("/me/threads", **query)).error["code"] == 100


async def test_since_and_until(ada: Caller) -> None:
    first = await ada.text("early")
    ada.sandbox.control.advance(86_400)
    second = await ada.text("late")
    middle = int(ada.sandbox.control.now() - 3600)
    assert [r["id"] for r in (await ada.get("/me/threads", since=middle)).body["data"]] == [second]
    assert [r["id"] for r in (await ada.get("/me/threads", until=middle)).body["data"]] == [first]
    assert [r["id"] for r in (await ada.get("/me/threads", since="-1 hour")).body["data"]] == [second]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1700000000", 1_700_000_000), ("now", 1_750_000_000), ("yesterday", 1_749_859_200),
        ("2024-05-01", 1_714_521_600),
        ("2024-05-01T00:00:00+0200", 1_714_514_400), ("-1 day", 1_749_913_600), ("2 weeks ago", 1_748_790_400),
        ("+3 hours", 1_750_010_800), ("next full moon", None), ("", None),
    ],
)  # fmt: skip
def test_moments(text: str, moment: float | None) -> None:
    assert read_moment(text, 1_750_000_000) == moment


@pytest.mark.parametrize("own", [None, 7.0])
async def test_a_new_post_may_be_missing_from_lists(start: Start, own: float | None) -> None:
    ada = await start(list_lag_s=5.0)
    ada.sandbox.control.account("ada", list_lag_s=own)
    post = await ada.text("late in lists")
    assert (await ada.get("/me/threads")).body == {"data": []}
    assert (await ada.get(f"/{post}", fields="text")).status == 200
    ada.sandbox.control.advance(6)
    assert len((await ada.get("/me/threads")).body["data"]) == (1 if own is None else 0)
    ada.sandbox.control.advance(2)
    assert (await ada.get("/me/threads")).body["data"] == [{"id": post}]


async def test_conversation(ada: Caller, other: Other) -> None:
    grace = other(ada)
    root = await ada.text("root")
    reply = await grace.text("first", reply_to_id=root)
    nested = await ada.text("second", reply_to_id=reply)
    fields = "id,text,root_post,replied_to{id},is_reply,is_reply_owned_by_me,has_replies,hide_status"
    assert [r["id"] for r in (await ada.get(f"/{root}/replies")).body["data"]] == [reply]
    talk = (await ada.get(f"/{root}/conversation", fields=fields)).body["data"]
    assert [r["id"] for r in talk] == [nested, reply]
    assert talk[0] == {
        "id": nested, "text": "second", "root_post": {"id": root}, "replied_to": {"id": reply}, "is_reply": True,
        "is_reply_owned_by_me": True, "has_replies": False, "hide_status": "NOT_HUSHED",
    }  # fmt: skip
    old_first = (await ada.get(f"/{root}/conversation", reverse="false")).body["data"]
    assert [r["id"] for r in old_first] == [reply, nested]
    assert [r["id"] for r in (await ada.get("/me/replies")).body["data"]] == [nested]
    assert [r["id"] for r in (await ada.get("/me/threads")).body["data"]] == [root]

    assert (await ada.post(f"/{reply}/manage_reply", hide="true")).body == {"success": True}
    assert (await ada.get(f"/{reply}", fields="hide_status")).body["hide_status"] == "HIDDEN"
    assert (await ada.post(f"/{nested}/manage_reply", hide="true")).status == 400  # only top-level replies
    assert (await grace.post(f"/{reply}/manage_reply", hide="true")).error["error_subcode"] == 33
    hidden = await ada.raw("POST", f"/{reply}/manage_reply?access_token={ada.token}", json={"hide": False})
    assert hidden.body == {"success": True}


async def test_reply_approvals(ada: Caller, other: Other) -> None:
    grace = other(ada)
    root = await ada.text("root", enable_reply_approvals="true")
    first, second = [await grace.text(text, reply_to_id=root) for text in ("one", "two")]
    assert (await ada.get(f"/{root}/replies")).body == {"data": []}
    waiting = (await ada.get(f"/{root}/pending_replies", fields="id,reply_approval_status")).body["data"]
    assert waiting == [
        {"id": second, "reply_approval_status": "pending"},
        {"id": first, "reply_approval_status": "pending"},
    ]
    assert (await ada.post(f"/{first}/manage_pending_reply", approve="true")).body == {"success": True}
    assert (await ada.post(f"/{second}/manage_pending_reply", approve="false")).body == {"success": True}
    assert [r["id"] for r in (await ada.get(f"/{root}/replies")).body["data"]] == [first]
    ignored = (await ada.get(f"/{root}/pending_replies", approval_status="ignored")).body["data"]
    assert ignored == [{"id": second}]
    assert (await ada.get(f"/{root}/pending_replies", approval_status="PENDING")).status == 400


async def test_repost_and_quote(ada: Caller, other: Other) -> None:
    grace = other(ada)
    post = await ada.text("original")
    repost = (await grace.post(f"/{post}/repost")).id
    quote = await grace.text("look", quote_post_id=post)
    rows = (await grace.get("/me/threads", fields="id,media_type,reposted_post{id},quoted_post,is_quote_post")).body[
        "data"
    ]
    assert rows == [
        {"id": quote, "media_type": "TEXT_POST", "quoted_post": {"id": post}, "is_quote_post": True},
        {"id": repost, "media_type": "REPOST_FACADE", "reposted_post": {"id": post}, "is_quote_post": False},
    ]
    numbers = (await ada.get(f"/{post}/insights", metric="reposts,quotes,replies")).body["data"]
    assert [row["values"][0]["value"] for row in numbers] == [1, 1, 0]
    assert numbers[2]["id"] == f"{post}/insights/thread_replies/lifetime"
    assert (await ada.get(f"/{post}/insights", metric="clicks")).error["code"] == 100


async def test_ghosts_are_archived_after_a_day(ada: Caller) -> None:
    post = await ada.text("boo", is_ghost_post="true")
    assert (await ada.get("/me/threads")).body == {"data": []}
    fields = "id,ghost_post_status,ghost_post_expiration_timestamp"
    assert (await ada.get("/me/ghost_posts", fields=fields)).body["data"][0]["ghost_post_status"] == "ACTIVE"
    ada.sandbox.control.advance(86_401)
    assert (await ada.get(f"/{post}", fields=fields)).body["ghost_post_status"] == "ARCHIVED"


async def test_user_insights(ada: Caller) -> None:
    await ada.text("hello")
    metrics = "views,likes,followers_count,clicks"
    rows = {row["name"]: row for row in (await ada.get("/me/threads_insights", metric=metrics)).body["data"]}
    assert rows["views"]["values"][-1]["end_time"].endswith("+0000")
    assert rows["likes"]["total_value"] == {"value": 0}
    assert rows["followers_count"]["total_value"] == {"value": 1234}
    assert rows["clicks"]["link_total_values"] == []
    people = await ada.get("/me/threads_insights", metric="follower_demographics", breakdown="country")
    assert people.body["data"][0]["total_value"]["breakdowns"][0]["dimension_keys"] == ["country"]
    bare = await ada.get("/me/threads_insights", metric="followers_count,follower_demographics")
    assert [row["name"] for row in bare.body["data"]] == ["followers_count"], "as in Meta's own collection"
    ada.sandbox.control.options(demographics="refuse")
    refused = await ada.get("/me/threads_insights", metric="follower_demographics")
    assert (refused.status, refused.error["message"]) == (400, "The parameter breakdown is required")
    ada.sandbox.control.account("ada", followers=50)
    few = await ada.get("/me/threads_insights", metric="follower_demographics", breakdown="age")
    assert few.error["message"] == "THREADS_API__FEATURE_NOT_AVAILABLE"


async def test_look_ups_with_advanced_and_standard_access(ada: Caller, other: Other) -> None:
    control = ada.sandbox.control
    grace = other(ada, tester="none")
    named = await grace.text("hello @ada, about #looms")
    own = await ada.text("my looms")
    search = {"q": "looms", "fields": "id"}
    assert [r["id"] for r in (await ada.get("/keyword_search", **search)).body["data"]] == [own, named]
    by_tag = (await ada.get("/keyword_search", q="looms", search_mode="TAG", search_type="RECENT")).body["data"]
    assert by_tag == [{"id": named}]
    assert [r["id"] for r in (await ada.get("/me/mentions")).body["data"]] == [named]
    assert (await ada.get("/profile_lookup", username="grace")).body["username"] == "grace"
    assert (await ada.get("/profile_posts", username="grace")).body["data"] == [{"id": named}]
    recent = (await ada.get("/me", fields="recently_searched_keywords")).body["recently_searched_keywords"]
    assert recent[0]["query"] == "looms"

    control.app(access="standard")
    assert [r["id"] for r in (await ada.get("/keyword_search", **search)).body["data"]] == [own]
    assert (await ada.get("/me/mentions")).body == {"data": []}
    refused = await ada.get("/profile_lookup", username="grace")
    assert refused.error["error_subcode"] == 4279067
    assert (await ada.get("/profile_lookup", username="meta")).body["username"] == "meta"
    places = (await ada.get("/location_search", q="berlin")).body["data"]
    assert [p["name"] for p in places] == ["Menlo Park"]


@pytest.mark.parametrize(
    ("path", "bucket"), [("/location_search", "location_search"), ("/profile_lookup", "profile_lookup")]
)
async def test_look_ups_have_quotas(ada: Caller, path: str, bucket: str) -> None:
    ada.sandbox.control.options(**{f"quota_{bucket}": 1})
    query = {"q": "berlin", "username": "ada"}
    assert (await ada.get(path, **query)).status == 200
    assert (await ada.get(path, **query)).error["code"] == 613


async def test_oembed_needs_no_token(ada: Caller) -> None:
    post = await ada.text("embed me")
    link = (await ada.get(f"/{post}", fields="permalink")).body["permalink"]
    embed = (await ada.raw("GET", f"/v1.0/oembed?url={link}")).body
    assert (embed["type"], embed["version"], embed["provider_name"]) == ("rich", "1.0", "Threads")
    assert f'data-text-post-permalink="{link}"' in embed["html"]
    assert f'id="ig-tp-{link.rpartition("/")[2]}"' in embed["html"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("id,text", ["id", "text"]), ("id, text ,", ["id", "text"]), ("", []), ("children{id,media_url}", ["children"]),
        ("replies.limit(3){id},text", ["replies", "text"]),
    ],
)  # fmt: skip
def test_field_syntax(text: str, names: list[str]) -> None:
    assert [name for name, _ in parse_fields(text)] == names


@pytest.mark.parametrize("text", ["id}", "children{id", "{id}", "a{b}c", "a.limit(3"])
async def test_wrong_field_syntax_is_code_2500(ada: Caller, text: str) -> None:
    assert (await ada.get("/me", fields=text)).error["code"] == 2500


@given(st.text(alphabet="ab{},.() 1", max_size=30))
def test_parsing_fields_ends_in_a_selection_or_a_place(text: str) -> None:
    try:
        place = len(parse_fields(text))
    except FieldSyntaxError as wrong:
        place = wrong.at
    assert 0 <= place <= len(text)


@given(st.integers(0, 10**11))
def test_cursors_read_back(seq: int) -> None:
    assert read_cursor(cursor(seq)) == seq


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode().rstrip("=")


@given(
    st.text() | st.from_regex(r"(QVFIU)?-?[0-9]{1,14}", fullmatch=True).map(encoded) | st.text(max_size=9).map(encoded)
)
def test_any_cursor_is_read_or_refused(text: str) -> None:
    found = read_cursor(text)
    assert found is None or read_cursor(cursor(found)) == found
