from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

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
