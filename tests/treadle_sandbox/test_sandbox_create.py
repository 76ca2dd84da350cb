"""Creating containers: every documented parameter and limit, and the wire form of each refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.treadle_sandbox.conftest import Caller, Other, Start


def signature(answer: Any) -> tuple[int, Any, Any, str]:
    error = answer.error
    return answer.status, error["code"], error.get("error_subcode"), error["type"]


async def test_text_over_500_is_http_500(ada: Caller) -> None:
    answer = await ada.create(text="x" * 501)
    assert signature(answer) == (500, 100, None, "THApiException")
    assert answer.error["message"] == "Param text must be at most 500 characters long."
    assert len(answer.error["fbtrace_id"]) == 23
    assert (await ada.create(text="x" * 500)).status == 200
    ada.sandbox.control.options(param_error_status=400)
    assert (await ada.create(text="x" * 501)).status == 400


@pytest.mark.parametrize(
    ("count", "text", "fits"),
    [
        ("docs", "漢" * 401, True),
        ("bytes", "漢" * 401, False),
        ("docs", "🚀" * 125, True),
        ("docs", "🚀" * 126, False),
        ("codepoints", "🚀" * 500, True),
        ("utf16", "🚀" * 251, False),
        ("docs", "x" * 495 + "’’’", True),
        ("bytes", "x" * 495 + "’’’", False),
    ],
)
async def test_the_count_has_a_switch(ada: Caller, count: str, text: str, fits: bool) -> None:
    ada.sandbox.control.options(count=count)
    assert ((await ada.create(text=text)).status == 200) is fits


@pytest.mark.parametrize(
    ("params", "status", "code", "words"),
    [
        ({}, 400, 100, "The parameter text is required"),
        ({"media_type": ""}, 400, 100, "The parameter media_type is required"),
        ({"media_type": "REELS", "text": "x"}, 400, 100, "Param media_type must be one of"),
        ({"media_type": "IMAGE"}, 400, 100, "The parameter image_url is required"),
        ({"media_type": "IMAGE", "image_url": "not a url"}, 400, 100, "Param image_url is not a valid URI."),
        ({"media_type": "VIDEO", "video_url": "ftp://x/y"}, 400, 100, "Param video_url is not a valid URI."),
        ({"media_type": "CAROUSEL"}, 400, 100, "The parameter children is required"),
        ({"media_type": "CAROUSEL", "children": "1"}, 400, 100, "Param children is not valid"),
        ({"text": "x", "reply_to_id": "1"}, 500, 100, "Param reply_to_id is not a valid threads_media ID"),
        ({"text": "x", "quote_post_id": "1"}, 500, 100, "Param quote_post_id is not a valid threads_media ID"),
        ({"text": "x", "reply_control": "nobody"}, 400, 100, "Param reply_control must be one of"),
        ({"text": "x", "topic_tag": "a.b"}, 400, 100, "Param topic_tag is not valid"),
        ({"text": "x", "topic_tag": "a" * 51}, 500, 100, "Param topic_tag must be at most 50"),
        ({"text": "x", "link_attachment": "nope"}, 400, 100, "Param link_attachment is not a valid URI."),
        ({"text": " ".join(f"https://a.example/{n}" for n in range(6))}, 400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED"),
        ({"text": "x", "allowlisted_country_codes": "US"}, 400, 100, "THREADS_API__FEATURE_NOT_AVAILABLE"),
        ({"text": "x", "poll_attachment": '{"option_a":"a"}'}, 400, 100, "Param poll_attachment is not valid"),
        ({"text": "x", "poll_attachment": json.dumps({"option_a": "a", "option_b": "b" * 26})}, 500, 100,
         "Param poll_attachment must be at most 25"),
        ({"text": "x", "gif_attachment": '{"gif_id":"1","provider":"TENOR"}'}, 400, 100, "Param gif_attachment is"),
        ({"text": "x", "text_attachment": '{"plaintext":"' + "y" * 10_001 + '"}'}, 500, 100,
         "Param plaintext must be at most 10000"),
        ({"text": "x", "text_entities": '[{"entity_type":"SPOILER","offset":0,"length":2}]'}, 400, 100,
         "Param text_entities"),
        ({"text": "x", "is_ghost_post": "true", "enable_reply_approvals": "true"}, 400, 100, "Param is_ghost_post"),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_refused_as_threads_does(
    ada: Caller, params: dict[str, str], status: int, code: int, words: str
) -> None:
    answer = await ada.create(**params)
    assert answer.status == status
    assert answer.error["code"] == code
    assert answer.error["message"].startswith(words)
    assert ada.sandbox.control.containers() == []


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"text": "x", "reply_control": "FOLLOWERS_ONLY"}, {"reply_control": "followers_only"}),
        ({"media_type": "text", "text": "x"}, {"text": "x"}),
        ({"text": "#loom x"}, {"topic_tag": "loom"}),
        ({"text": "#loom x", "topic_tag": "#other"}, {"topic_tag": "other"}),
        ({"text": "x", "poll_attachment": '{"option_a":"a","option_b":"b","option_c":"","option_d":""}'},
         {"poll_attachment": {"option_a": "a", "option_b": "b"}}),
        ({"text": "x", "gif_attachment": '{"gif_id":"g1","provider":"giphy"}'},
         {"gif_attachment": {"gif_id": "g1", "provider": "GIPHY"}}),
        ({"text": "a🚀b", "text_entities": '[{"entity_type":"spoiler","offset":"1","length":"2","text":"🚀"}]'},
         {"text_entities": [{"entity_type": "SPOILER", "offset": 1, "length": 2}]}),
        ({"text": "x", "text_attachment": json.dumps({"plaintext": "long", "text_with_styling_info": [
            {"offset": 0, "length": 2, "styling_info": ["bold"]}]})}, {"text": "x"}),
        ({"text": "x", "is_ghost_post": "1"}, {"is_ghost_post": True}),
        ({"text": "x", "enable_reply_approvals": "true"}, {"enable_reply_approvals": True}),
        ({"text": "x", "crossreshare_to_ig_dark_mode": "true"}, {"crossreshare_to_ig_dark_mode": True}),
        ({"text": "https://a.example " * 6}, {"text": "https://a.example " * 6}),
    ],
)  # fmt: skip
async def test_a_good_parameter_is_kept(ada: Caller, params: dict[str, str], kept: dict[str, Any]) -> None:
    answer = await ada.create(**params)
    assert answer.status == 200, answer.body
    stored = ada.sandbox.control.containers()[0]["params"]
    assert kept.items() <= stored.items()


async def test_a_poll_of_a_wrong_shape_is_published_as_plain_text(ada: Caller) -> None:
    await ada.create(text="x", poll_attachment='{"options":["a","b"]}')
    assert ada.sandbox.control.containers()[0]["params"] == {"text": "x"}


async def test_countries_need_the_right_account(ada: Caller, other: Other) -> None:
    grace = other(ada, geo_gating=True)
    assert (await grace.create(text="x", allowlisted_country_codes="us,CA")).status == 200
    wrong = await grace.create(text="x", allowlisted_country_codes="USA")
    assert wrong.error["message"] == "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES"


async def test_a_media_type_left_out_is_told_by_the_url(start: Start) -> None:
    ada = await start(fetch_media=False)
    answer = await ada.create(media_type="", image_url="https://cdn.example.com/a.jpg", is_carousel_item="true")
    assert answer.status == 200
    assert ada.sandbox.control.containers()[0]["media_type"] == "IMAGE"


@pytest.mark.parametrize("fault", ["unfinished", "not an item", "unknown", "twice", "somebody else's"])
async def test_carousel_children_must_be_finished_items(start: Start, other: Other, fault: str) -> None:
    ada = await start(fetch_media=False, processing=60)
    grace = other(ada)
    image = {"media_type": "IMAGE", "image_url": "https://cdn.example.com/a.jpg"}
    good = (await ada.create(**image, is_carousel_item="true")).id
    wrong = {
        "unfinished": good,
        "not an item": (await ada.create(**image)).id,
        "unknown": "17900000000999999",
        "twice": good,
        "somebody else's": (await grace.create(**image, is_carousel_item="true")).id,
    }[fault]
    if fault != "unfinished":
        ada.sandbox.control.advance(61)
    answer = await ada.create(media_type="CAROUSEL", children=f"{good},{wrong}")
    assert signature(answer) == (400, 100, 4279004, "OAuthException")
    assert answer.error["error_user_title"] == "Invalid Carousel Children"
    assert wrong in answer.error["error_user_msg"]


@pytest.mark.parametrize("count", [1, 2, 20, 21])
async def test_a_carousel_has_2_to_20_children(start: Start, count: int) -> None:
    ada = await start(fetch_media=False, processing=0)
    image = {"media_type": "IMAGE", "image_url": "https://cdn.example.com/a.jpg", "is_carousel_item": "true"}
    ids = [(await ada.create(**image)).id for _ in range(count)]
    assert ((await ada.create(media_type="CAROUSEL", children=",".join(ids))).status == 200) is (2 <= count <= 20)


async def test_user_words_come_in_the_account_s_language(ada: Caller, other: Other) -> None:
    grace = other(ada, lang="vi_VN")
    english, vietnamese = await ada.publish("1"), await grace.publish("1")
    assert english.error["error_user_title"] == "Media Not Found"
    assert vietnamese.error["error_user_title"] == "Không tìm thấy file phương tiện"
    assert english.error["message"] == vietnamese.error["message"] == "The requested resource does not exist"


async def test_another_user_s_path_is_not_found(ada: Caller, other: Other) -> None:
    grace = other(ada)
    answer = await ada.post(f"/{grace.id}/threads", media_type="TEXT", text="x")
    assert signature(answer) == (400, 24, 4279009, "OAuthException")


async def test_replies_need_a_target_one_may_answer(ada: Caller, other: Other) -> None:
    grace = other(ada)
    post = await ada.text("root")
    assert (await grace.create(text="hello", reply_to_id=post)).status == 200
    ada.sandbox.control.account("grace", scopes=["threads_basic", "threads_content_publish"])
    assert signature(await grace.create(text="hello", reply_to_id=post)) == (500, 10, None, "THApiException")
    assert (await ada.create(text="own", reply_to_id=post)).status == 200
    await ada.call("DELETE", f"/{post}")
    assert signature(await ada.create(text="own", reply_to_id=post)) == (400, 24, 4279009, "OAuthException")


async def test_a_parent_may_be_unknown_for_a_moment(start: Start) -> None:
    ada = await start(publish_lag_s=5)
    post = await ada.text("root")
    assert (await ada.create(text="reply", reply_to_id=post)).error["error_subcode"] == 4279009
    ada.sandbox.control.advance(6)
    assert (await ada.create(text="reply", reply_to_id=post)).status == 200


async def test_auto_publish_gives_the_post_itself(ada: Caller) -> None:
    answer = await ada.create(text="at once", auto_publish_text="true")
    assert (await ada.get(f"/{answer.id}", fields="text")).body == {"text": "at once", "id": answer.id}
    assert ada.sandbox.control.containers() == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(
        st.sampled_from(
            ["media_type", "text", "children", "reply_to_id", "poll_attachment", "text_entities", "text_attachment",
             "gif_attachment", "allowlisted_country_codes", "topic_tag", "link_attachment", "image_url",
             "is_ghost_post", "is_carousel_item"]
        ),
        st.one_of(st.text(max_size=40), st.sampled_from(["TEXT", "CAROUSEL", "[]", "{}", "[1]", '[{"offset":{}}]',
                  "true", '{"plaintext":"x","text_with_styling_info":[1]}', '{"option_a":{},"option_b":[]}', "1e999"])),
    )
)  # fmt: skip
def test_no_parameters_break_the_sandbox(params: dict[str, str]) -> None:
    """Whatever comes: a container or a refusal, never a failure of the sandbox itself."""
    from treadle_sandbox.answers import Reply
    from treadle_sandbox.create import draft
    from treadle_sandbox.options import DEFAULTS
    from treadle_sandbox.wire import Call
    from treadle_sandbox.world import World

    world = World(DEFAULTS)
    call = Call("POST", "/me/threads", ["me", "threads"], params)
    call.account = world.add_account("ada", geo_gating=True)
    call.token = world.issue_token(call.account)
    call.node = "me"
    made = draft(world, call)
    if isinstance(made, Reply):
        assert made.status in (400, 500)
        assert made.body["error"]["message"]
