"""Where sources disagree or something was seen: the default and its switch, each shown on the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Caller, Files, MakeVideo, Other
from treadle_sandbox.answers import EXAMPLES, NAMED, named
from treadle_sandbox.clock import session_time
from treadle_sandbox.words import WORDS


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (moment(2026, 11, 29, 19, 30, 2), "Sunday, 29-Nov-26 11:30:02 PST"),
        (moment(2026, 7, 1, 19, 0, 0), "Wednesday, 01-Jul-26 12:00:00 PDT"),
        (moment(2026, 3, 8, 9, 59, 59), "Sunday, 08-Mar-26 01:59:59 PST"),
        (moment(2026, 3, 8, 10, 0, 0), "Sunday, 08-Mar-26 03:00:00 PDT"),
    ],
)
def test_an_expired_session_names_pacific_time_of_its_season(at: float, said: str) -> None:
    assert session_time(at) == said


@pytest.mark.parametrize("name", NAMED)
def test_a_blank_nobody_fills_raises(name: str) -> None:
    texts = [NAMED[name].message, *(WORDS[NAMED[name].words or ""]["en"] if NAMED[name].words else ())]
    blanks = {field for text in texts for _, field, _, _ in Formatter().parse(text) if field}
    if blanks and NAMED[name].raw is None:
        with pytest.raises(KeyError):
            named(name, "A" + "x" * 22)
    named(name, "A" + "x" * 22, **EXAMPLES)


@pytest.mark.parametrize("path", ["/page.html", "/empty.jpg", "/gone.jpg"])
async def test_a_refused_picture_names_its_address(ada: Caller, files: Files, path: str) -> None:
    files.put("/page.html", b"<html><p>no picture</p></html>")
    files.put("/empty.jpg", b"")
    answer = await ada.create(media_type="IMAGE", image_url=files.url + path)
    assert answer.error["error_subcode"] == 2207052
    said = re.match(r"The media could not be fetched from this URI: (\S+)\. \w+", answer.error["error_user_msg"])
    assert said is not None
    assert said[1] == files.url + path


async def test_a_failure_on_demand_takes_its_parts_from_the_call(ada: Caller) -> None:
    ada.sandbox.control.fault("create", "media_fetch_failed")
    answer = await ada.create(media_type="IMAGE", image_url="https://sandbox.test/good.jpg")
    assert "https://sandbox.test/good.jpg" in answer.error["error_user_msg"]
    ada.sandbox.control.fault("create", "carousel_children")
    answer = await ada.create(media_type="CAROUSEL", children="11,22")
    assert "11, 22" in answer.error["error_user_msg"]


async def test_text_entities_are_read_as_data_or_as_a_list(ada: Caller) -> None:
    spoiler = '[{"entity_type":"SPOILER","offset":0,"length":2}]'
    post = await ada.text("a spoiler", text_entities=spoiler)
    rows = [{"entity_type": "SPOILER", "offset": 0, "length": 2}]
    assert (await ada.get(f"/{post}", fields="text_entities")).body["text_entities"] == {"data": rows}
    ada.sandbox.control.options(text_entities="list")
    assert (await ada.get(f"/{post}", fields="text_entities")).body["text_entities"] == rows


async def test_account_insights_have_neighbors_and_pacific_days(ada: Caller) -> None:
    ada.sandbox.control.call("POST", "/clock", {"set": "2026-07-01T18:00:00Z"})
    ada.token = ada.sandbox.control.token("ada")["access_token"]
    answer = (await ada.get("/me/threads_insights", metric="views,likes")).object
    assert [v["end_time"] for v in answer["data"][0]["values"]] == ["2026-07-01T07:00:00+0000",
                                                                     "2026-07-02T07:00:00+0000"]  # fmt: skip
    assert answer["data"][0]["description"] == "The number of times your profile was viewed."
    assert set(answer["paging"]) == {"previous", "next"}
    earlier = await ada.raw("GET", answer["paging"]["previous"].removeprefix(ada.sandbox.url))
    assert earlier.status == 200
    assert earlier.body["data"][0]["values"][-1]["end_time"] <= "2026-07-01T07:00:00+0000"


async def test_days_of_insights_follow_the_clocks_of_california(ada: Caller) -> None:
    start, end = int(moment(2026, 10, 31, 8)), int(moment(2026, 11, 4))
    answer = (await ada.get("/me/threads_insights", metric="views", since=start, until=end)).object
    assert [v["end_time"][:13] for v in answer["data"][0]["values"]] == [
        "2026-11-01T07", "2026-11-02T08", "2026-11-03T08", "2026-11-04T08",
    ]  # fmt: skip


async def test_a_wrong_app_id_is_not_an_absent_one(ada: Caller) -> None:
    ask = "/oauth/authorize?redirect_uri=https://a.example/cb&scope=threads_basic&response_type=code"
    assert (await ada.raw("GET", ask)).body["error_code"] == 4476002
    wrong = await ada.raw("GET", f"{ask}&client_id=123456")
    assert wrong.body["error_code"] == 1349026
    assert wrong.body["error_message"].startswith("No application data was given: ")


async def test_more_than_a_hundred_is_refused_or_capped(ada: Caller) -> None:
    assert (await ada.get("/me/threads", limit=101)).status == 400
    ada.sandbox.control.options(limit_over_100="cap")
    assert (await ada.get("/me/threads", limit=101)).status == 200
    assert (await ada.get("/me/threads", limit=0)).status == 400


async def test_the_next_page_can_be_followed_as_it_stands(ada: Caller) -> None:
    ada.sandbox.control.options(paging="next")
    for number in range(3):
        await ada.text(f"post {number}")
    first = (await ada.get("/me/threads", fields="text", limit=2)).object
    rest = await ada.raw("GET", first["paging"]["next"].removeprefix(ada.sandbox.url))
    assert [row["text"] for row in rest.body["data"]] == ["post 0"]


async def test_only_testers_may_ask_about_tokens_of_a_live_app(ada: Caller, other: Other) -> None:
    grace = other(ada, "grace", tester="none")
    assert (await grace.get("/debug_token", input_token=grace.token)).status == 400
    assert (await ada.get("/debug_token", input_token=grace.token)).body["data"]["is_valid"] is True
    ada.sandbox.control.options(debug_token_open=True)
    assert (await grace.get("/debug_token", input_token=grace.token)).status == 200


async def test_a_publish_can_be_refused_after_its_effect(ada: Caller) -> None:
    ada.sandbox.control.options(publish_refuses_after_effect=1, status_lag_s=30)
    container = (await ada.create(text="live all the same")).id
    await ada.done(container)
    refused = await ada.publish(container)
    assert refused.error["error_subcode"] == 4279009
    assert [post["text"] for post in ada.sandbox.control.posts("ada")] == ["live all the same"]
    assert (await ada.status(container))["status"] == "FINISHED", "the status lags behind"
    ada.sandbox.control.advance(31)
    assert (await ada.status(container))["status"] == "PUBLISHED"
    assert (await ada.publish((await ada.create(text="the next one")).id)).status == 200


async def test_a_container_may_not_be_readable_at_first(ada: Caller) -> None:
    ada.sandbox.control.options(container_lag_s=5)
    container = (await ada.create(text="soon")).id
    assert (await ada.get(f"/{container}", fields="status")).error["error_subcode"] == 4279009
    ada.sandbox.control.advance(6)
    assert (await ada.status(container))["status"] == "FINISHED"


async def test_a_token_in_the_query_of_a_reply_may_be_answered_with_nothing(ada: Caller) -> None:
    root = await ada.text("root")
    ada.sandbox.control.options(reply_token_in_query="empty_500")
    asked = f"/me/threads?media_type=TEXT&text=a&reply_to_id={root}"
    answer = await ada.raw("POST", f"{asked}&access_token={ada.token}")
    assert (answer.status, answer.body) == (500, "")
    assert (await ada.raw("POST", asked, data={"access_token": ada.token})).status == 200


async def test_a_deletion_may_say_false(ada: Caller) -> None:
    post = await ada.text("away")
    ada.sandbox.control.options(delete_says_false=True)
    answer = await ada.call("DELETE", f"/{post}")
    assert (answer.status, answer.body) == (200, {"success": False})
    assert (await ada.get(f"/{post}", fields="id")).status == 400


async def test_an_unknown_field_is_refused_of_an_empty_list_too(ada: Caller) -> None:
    for edge in ("threads", "replies", "ghost_posts"):
        answer = await ada.get(f"/me/{edge}", fields="id,nonsense")
        assert (answer.status, answer.error["message"]) == (500, "Tried accessing nonexisting field (nonsense)")
        assert (await ada.get(f"/me/{edge}", fields="id,text")).body == {"data": []}


async def test_reads_by_id_may_fail_while_writes_and_lists_work(ada: Caller) -> None:
    post = await ada.text("here")
    ada.sandbox.control.options(object_reads="authorization_error")
    container = (await ada.create(text="there")).id
    for node in (post, container):
        error = (await ada.get(f"/{node}", fields="id")).error
        assert (error["message"], error["code"], error["error_subcode"]) == ("Authorization Error", 100, 33)
    assert (await ada.publish(container)).status == 200
    assert [row["text"] for row in (await ada.get("/me/threads", fields="text")).body["data"]] == ["there", "here"]
    assert (await ada.get("/me", fields="username")).status == 200


@pytest.mark.parametrize("host", ["www.threads.net", "threads.net"])
async def test_the_old_window_may_lose_the_parameters(ada: Caller, host: str) -> None:
    app = ada.sandbox.app.id
    ask = f"/oauth/authorize?client_id={app}&redirect_uri=https://a.example/cb&scope=threads_basic&response_type=code"
    assert (await ada.raw("GET", ask, headers={"Host": host})).status == 200
    ada.sandbox.control.options(threads_net_window="drops_query")
    moved = await ada.raw("GET", ask, headers={"Host": host})
    new = host.replace(".net", ".com")
    assert (moved.status, moved.headers["Location"]) == (302, f"https://{new}/oauth/authorize")
    assert (await ada.raw("GET", ask, headers={"Host": new})).status == 200


@pytest.mark.parametrize(("wait", "detached"), [(0, True), (31, False)])
async def test_a_video_reply_published_early_may_lose_its_parent(
    ada: Caller, files: Files, make_video: MakeVideo, wait: int, detached: bool
) -> None:
    root = await ada.text("root")
    ada.sandbox.control.options(detach_early_video_reply_s=30, processing=0)
    film = files.put("/v.mp4", make_video())
    container = (await ada.create(media_type="VIDEO", video_url=film, reply_to_id=root)).id
    await ada.sandbox.world.fetcher.background.finish()
    ada.sandbox.control.advance(wait)
    post = (await ada.publish(container)).id
    read: dict[str, Any] = (await ada.get(f"/{post}", fields="is_reply,media_url,thumbnail_url")).object
    assert read["is_reply"] is not detached
    assert read["thumbnail_url"] != read["media_url"]
    still = await ada.session.get(read["thumbnail_url"])
    assert (still.status, still.content_type) == (200, "image/jpeg")


async def test_media_on_trust_are_read_back_at_their_own_address(ada: Caller) -> None:
    ada.sandbox.control.options(fetch_media=False)
    url = "https://cdn.example.com/picture.jpg"
    container = (await ada.create(media_type="IMAGE", image_url=url)).id
    await ada.done(container)
    post = (await ada.publish(container)).id
    assert (await ada.get(f"/{post}", fields="media_url")).body["media_url"] == url


@pytest.mark.parametrize(
    ("switch", "differs"),
    [({"drop_item": True}, "children"), ({"cut_text": 3}, "text"), ({"story_share_failed": True}, "story"),
     ({"detach_reply": "all"}, "reply")],
)  # fmt: skip
async def test_what_is_live_may_differ_from_what_was_asked(ada: Caller, switch: dict[str, Any], differs: str) -> None:
    ada.sandbox.control.options(processing=0)
    root = await ada.text("the root of it")

    async def publish_one() -> dict[str, Any]:
        item = {"media_type": "IMAGE", "image_url": "https://sandbox.test/good.jpg", "is_carousel_item": "true"}
        items = [(await ada.create(**item)).id for _ in range(3)]
        made = (await ada.create(media_type="CAROUSEL", children=",".join(items), text="whole text", reply_to_id=root,
                                 crossreshare_to_ig="true")).id  # fmt: skip
        answer = await ada.publish(made)
        read = (await ada.get(f"/{answer.id}", fields="text,children,is_reply")).object
        return {"children": len(read["children"]["data"]), "text": read["text"], "reply": read["is_reply"],
                "story": answer.body["crossreshare_to_ig_status"]}  # fmt: skip

    asked = await publish_one()
    ada.sandbox.control.options(**switch)
    live = await publish_one()
    assert {name for name in asked if asked[name] != live[name]} == {differs}
