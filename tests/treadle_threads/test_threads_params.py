from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from treadle_threads.limits import retry_after, usage
from treadle_threads.params import ContainerParams, Gif, Poll, Spoiler, Style, TextAttachment


def test_what_is_absent_is_not_sent() -> None:
    assert ContainerParams.text_post("hi").to_params() == {"media_type": "TEXT", "text": "hi"}
    assert ContainerParams.image("https://a.example/1.jpg", carousel_item=True, alt_text="a").to_params() == {
        "media_type": "IMAGE",
        "image_url": "https://a.example/1.jpg",
        "is_carousel_item": "true",
        "alt_text": "a",
    }
    assert ContainerParams.carousel(["1", "2"], text="t").to_params() == {
        "media_type": "CAROUSEL",
        "children": "1,2",
        "text": "t",
    }


def test_objects_are_json_in_a_text() -> None:
    params = ContainerParams.text_post(
        "x",
        poll_attachment=Poll(("ja", "näh")),
        text_entities=(Spoiler(0, 1),),
        text_attachment=TextAttachment("long", styles=(Style(0, 2, ("bold", "italic")),)),
        gif_attachment=Gif("g1"),
        allowlisted_country_codes=("US", "CA"),
        enable_reply_approvals=False,
        more={"brand_new": "1"},
    ).to_params()
    assert json.loads(params["poll_attachment"]) == {"option_a": "ja", "option_b": "näh"}
    assert json.loads(params["text_entities"]) == [{"entity_type": "SPOILER", "offset": 0, "length": 1}]
    assert json.loads(params["text_attachment"])["text_with_styling_info"][0]["styling_info"] == ["bold", "italic"]
    assert json.loads(params["gif_attachment"]) == {"gif_id": "g1", "provider": "GIPHY"}
    assert params["allowlisted_country_codes"] == "US,CA"
    assert params["enable_reply_approvals"] == "false"
    assert params["brand_new"] == "1"


def test_usage_headers() -> None:
    seen = usage(
        {
            "X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":95}',
            "x-business-use-case-usage": '{"17":[{"call_count":3,"estimated_time_to_regain_access":7}]}',
            "Retry-After": "Sun, 22 Nov 2026 17:00:10 GMT",
        },
        now=1795366800.0,
    )
    assert (seen.busiest, seen.app, seen.regain_s, seen.retry_after_s) == (95.0, 95.0, 420.0, 10.0)
    assert seen.wait_s == 420.0
    assert usage({}, now=0.0).wait_s is None


@given(st.dictionaries(st.sampled_from(["x-app-usage", "x-business-use-case-usage", "retry-after"]), st.text()))
def test_odd_headers_are_no_trouble(headers: dict[str, str]) -> None:
    seen = usage(headers, now=1e9)
    assert seen.wait_s is None or seen.wait_s >= 0


@given(st.one_of(st.floats(), st.integers()).map(str))
def test_retry_after_is_never_negative_nor_endless(text: str) -> None:
    assert (found := retry_after(text, now=0.0)) is None or 0 <= found <= 86_400
