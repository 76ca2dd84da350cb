from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from treadle_threads.limits import retry_after, usage
from treadle_threads.options import OPTIONS, PARAMETERS, STEERS_THE_CALL
from treadle_threads.params import container_params, extra_params


def test_what_is_absent_is_not_sent() -> None:
    assert container_params("TEXT", text="hi") == {"media_type": "TEXT", "text": "hi"}
    image = container_params("IMAGE", url="https://a.example/1.jpg", carousel_item=True, options={"alt_text": "a"})
    assert image == {
        "media_type": "IMAGE",
        "image_url": "https://a.example/1.jpg",
        "is_carousel_item": "true",
        "alt_text": "a",
    }
    assert container_params("CAROUSEL", children=["1", "2"], text="t", options={"topic_tag": ""}) == {
        "media_type": "CAROUSEL",
        "children": "1,2",
        "text": "t",
    }


def test_objects_are_json_in_a_text() -> None:
    params = container_params(
        "TEXT",
        text="x",
        options={
            "poll_attachment": {"option_a": "ja", "option_b": "näh", "option_c": ""},
            "text_entities": [{"entity_type": "SPOILER", "offset": 0, "length": 1}],
            "text_attachment": {
                "plaintext": "long",
                "text_with_styling_info": [{"offset": 0, "length": 2, "styling_info": ["bold", "italic"]}],
            },
            "gif_attachment": {"gif_id": "g1", "provider": "GIPHY"},
            "allowlisted_country_codes": ["US", "CA"],
            "enable_reply_approvals": False,
        },
        extra={"brand_new": "1"},
    )
    assert json.loads(params["poll_attachment"]) == {"option_a": "ja", "option_b": "näh"}
    assert json.loads(params["text_entities"]) == [{"entity_type": "SPOILER", "offset": 0, "length": 1}]
    assert json.loads(params["text_attachment"])["text_with_styling_info"][0]["styling_info"] == ["bold", "italic"]
    assert json.loads(params["gif_attachment"]) == {"gif_id": "g1", "provider": "GIPHY"}
    assert params["allowlisted_country_codes"] == "US,CA"
    assert params["enable_reply_approvals"] == "false"
    assert params["brand_new"] == "1"


NAMES = st.sampled_from(sorted({*PARAMETERS, *OPTIONS, *STEERS_THE_CALL}))
SPELLINGS = st.sampled_from([str, str.upper, str.title, lambda n: f" {n}", lambda n: f"{n}[]", lambda n: f"{n}[0]"])


@given(NAMES, SPELLINGS, st.text(max_size=5))
def test_what_the_sender_sets_never_passes_as_extra(name: str, spelt: Callable[[str], str], value: str) -> None:
    made = container_params("TEXT", text="hi", extra={spelt(name): value, "brand_new": value})
    assert made == {"media_type": "TEXT", "text": "hi", "brand_new": value}


@given(st.one_of(st.text(), st.booleans(), st.integers(), st.dictionaries(st.text(), st.text()), st.lists(st.text())))
def test_extra_values_are_passed_as_they_are(value: object) -> None:
    sent = extra_params({"brand_new": value})["brand_new"]
    assert sent == value if isinstance(value, str) else json.loads(sent) == value


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


ODD = st.floats() | st.integers() | st.none() | st.booleans() | st.text(max_size=5) | st.floats().map(str)
FIELDS = ["call_count", "total_time", "total_cputime", "acc_id_util_pct", "estimated_time_to_regain_access"]
ROWS = st.dictionaries(st.sampled_from(FIELDS), ODD, min_size=1)
ODD_JSON = (ROWS | st.lists(ROWS, max_size=2).map(lambda rows: {"17": rows}) | ODD).map(json.dumps)


@given(
    st.dictionaries(
        st.sampled_from(["x-app-usage", "x-business-use-case-usage", "x-ad-account-usage", "retry-after"]),
        st.text() | ODD_JSON,
    )
)
def test_odd_headers_are_no_trouble(headers: dict[str, str]) -> None:
    seen = usage(headers, now=1e9)
    assert seen.wait_s is None or seen.wait_s >= 0
    assert seen.busiest is None or 0 <= seen.busiest < float("inf")


@given(st.one_of(st.floats(), st.integers()).map(str))
def test_retry_after_is_never_negative_nor_endless(text: str) -> None:
    assert (found := retry_after(text, now=0.0)) is None or 0 <= found <= 86_400
