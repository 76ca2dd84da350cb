"""What of a part goes over the wire."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from treadle.domain.params import child_params, container_params
from treadle.domain.run_state import PartView


def part(kind: str = "TEXT", media_urls: list[dict[str, Any]] | None = None, **body: Any) -> PartView:
    values: dict[str, Any] = {f.name: None for f in fields(PartView)}
    values |= {"kind": kind, "body": body, "media_urls": media_urls, "children": [], "position": 0}
    return PartView(**values)


def test_options_are_threads_parameters() -> None:
    sent = container_params(
        part(
            text="Hi",
            options={
                "topic_tag": "#weaving",
                "allowlisted_country_codes": "us, CA",
                "enable_reply_approvals": True,
                "poll_attachment": {"option_a": "é", "option_b": "b", "option_c": "", "option_d": None},
                "text_entities": [{"entity_type": "SPOILER", "offset": 0, "length": 1}],
                "quote_post_id": "",
                "location_id": None,
                "on_too_long": "trim",
                "copy_media": True,
                "auto_publish_text": False,
            },
        ),
        "17",
    )
    assert json.loads(sent.pop("poll_attachment")) == {"option_a": "é", "option_b": "b"}
    assert json.loads(sent.pop("text_entities")) == [{"entity_type": "SPOILER", "offset": 0, "length": 1}]
    assert sent == {
        "media_type": "TEXT",
        "text": "Hi",
        "topic_tag": "weaving",
        "allowlisted_country_codes": "US,CA",
        "enable_reply_approvals": "true",
        "reply_to_id": "17",
    }


def test_a_spoiler_on_a_medium_hides_the_post_s_media() -> None:
    url = [{"url": "https://e.example/a.jpg", "kind": "IMAGE", "alt_text": "a"}]
    sent = container_params(part("IMAGE", url, media=[{"url": "https://e.example/a.jpg", "spoiler": True}]), None)
    assert sent == {
        "media_type": "IMAGE",
        "image_url": "https://e.example/a.jpg",
        "alt_text": "a",
        "is_spoiler_media": "true",
    }


def test_children_of_a_carousel_carry_their_file_and_alternative_text_only() -> None:
    urls = [{"url": "u1", "kind": "image", "alt_text": "one"}, {"url": "u2", "kind": "video"}]
    several = part("CAROUSEL", urls, text="Hi", options={"topic_tag": "x"})
    assert child_params(several, 0) == {
        "media_type": "IMAGE",
        "image_url": "u1",
        "alt_text": "one",
        "is_carousel_item": "true",
    }
    assert child_params(several, 1) == {"media_type": "VIDEO", "video_url": "u2", "is_carousel_item": "true"}
