"""Every rule of Threads has a finding at the right field, and good posts have none."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.posts.test_findings import JSON_VALUES
from treadle.domain.options import TABLE
from treadle.domain.rules import check_post, scopes_needed, scopes_wanted

IMAGE = {"url": "https://example.com/a.jpg"}
VIDEO = {"url": "https://example.com/a.mp4", "type": "video"}


def post(**changes: Any) -> dict[str, Any]:
    return {k: v for k, v in {"account_id": "acc_1", "text": "Hello", **changes}.items() if v is not ...}


def options(**values: Any) -> dict[str, Any]:
    return post(options=values)


def rules(body: Any, severity: str = "error") -> list[tuple[str, str]]:
    return [(f.field, f.rule) for f in check_post(body) if f.severity == severity]


GOOD = [
    post(),
    post(text="x" * 500),
    post(media=[IMAGE]),
    post(text=..., media=[VIDEO]),
    post(media=[{"id": "med_01h", "alt_text": "a" * 1000, "spoiler": True}]),
    post(media=[IMAGE, VIDEO] * 10),
    post(text=None, media=[IMAGE]),
    options(poll_attachment={"option_a": "yes", "option_b": "no", "option_c": "", "option_d": None}),
    options(poll_attachment='{"option_a":"yes","option_b":"no"}'),
    options(gif_attachment={"gif_id": "abc", "provider": "GIPHY"}),
    options(link_attachment="https://example.com/"),
    options(text_attachment={"plaintext": "long " * 2000}),
    options(
        text_attachment={
            "plaintext": "styled text",
            "link_attachment_url": "https://example.com",
            "text_with_styling_info": [{"offset": 0, "length": 6, "styling_info": ["bold", "italic"]}],
        }
    ),
    options(text_entities=[{"entity_type": "spoiler", "offset": "0", "length": "5"}]),
    options(is_ghost_post=True, text_entities=[{"entity_type": "SPOILER", "offset": 1, "length": 2}]),
    options(reply_control="followers_only", enable_reply_approvals=True),
    options(allowlisted_country_codes="US, ca"),
    options(allowlisted_country_codes=["US", "XK"]),
    options(reply_to_id="17978727222117458", quote_post_id="17978727222117459"),
    options(topic_tag="Weaving and looms", location_id="106078429431815"),
    options(crossreshare_to_ig="true", crossreshare_to_ig_dark_mode=True),
    options(reply_to_id=None, quote_post_id=None, topic_tag=None, alt_text="", location_id=""),  # empty is absent
    options(auto_publish_text=False),
    post(media=[IMAGE], options={"is_spoiler_media": True, "alt_text": "a"}),
    post(media=[VIDEO], options={"on_too_long": "trim", "copy_media": True, "quote_post_id": "1"}),
    post(replies=[{"text": "two"}, {"media": [IMAGE]}, {"text": "four", "options": {"topic_tag": "x"}}]),
    post(metadata={"a": {"b": [1, None]}}, labels=["x"], draft=True, approval=True, zone="Europe/Berlin"),
    post(text="see https://a.example https://b.example www.c.example https://a.example"),
]


@pytest.mark.parametrize("body", GOOD, ids=range(len(GOOD)))
def test_good_posts_have_no_findings(body: dict[str, Any]) -> None:
    assert check_post(body) == []


WRONG: list[tuple[Any, str, str]] = [
    ([], "", "wrong_type"),
    (post(account_id=...), "account_id", "required"),
    (post(account_id=7), "account_id", "required"),
    # text
    (post(text=...), "text", "empty"),
    (post(text=" \n"), "text", "empty"),
    (post(text="", media=[]), "text", "empty"),
    (post(text=5), "text", "wrong_type"),
    (post(text="x" * 501), "text", "text_too_long"),
    (post(text="漢" * 501), "text", "text_too_long"),
    (post(text="a\x00b"), "text", "nul_character"),
    (post(text="a\ud83d"), "text", "half_character"),
    (post(text=" ".join(f"https://e.example/{i}" for i in range(6))), "text", "too_many_links"),
    (
        post(text=" ".join(f"www.e{i}.example" for i in range(5)), options={"link_attachment": "https://six.example/"}),
        "text",
        "too_many_links",
    ),
    # media
    (post(media={}), "media", "wrong_type"),
    (post(media=["https://example.com/a.jpg"]), "media[0]", "wrong_type"),
    (post(media=[{}]), "media[0]", "url_or_id"),
    (post(media=[{"url": "https://e.example/a", "id": "med_1"}]), "media[0]", "url_or_id"),
    (post(media=[IMAGE, {"url": "ftp://e.example/a"}]), "media[1].url", "media_url"),
    (post(media=[{"url": "https:///a.jpg"}]), "media[0].url", "media_url"),
    (post(media=[{"url": "/tmp/a.jpg"}]), "media[0].url", "media_url"),
    (post(media=[{"url": "https://e.example/a b.jpg"}]), "media[0].url", "media_url"),
    (post(media=[{"url": "https://e.example:x/"}]), "media[0].url", "media_url"),
    (post(media=[{"url": "data:image/png;base64,AA"}]), "media[0].url", "media_url"),
    (post(media=[{"url": 7}]), "media[0].url", "wrong_type"),
    (post(media=[{"id": "17"}]), "media[0].id", "media_id"),
    (post(media=[{**IMAGE, "type": "gif"}]), "media[0].type", "media_type"),
    (post(media=[{**IMAGE, "type": ["image"]}]), "media[0].type", "media_type"),
    (post(media=[{**IMAGE, "spoiler": "yes"}]), "media[0].spoiler", "wrong_type"),
    (post(media=[{**IMAGE, "alt_text": "x" * 1001}]), "media[0].alt_text", "alt_text_too_long"),
    (post(media=[{**IMAGE, "alt": "x"}]), "media[0].alt", "unknown_media_field"),
    (post(media=[IMAGE] * 21), "media", "too_many_media"),
    # options, one by one
    (post(options=[]), "options", "wrong_type"),
    (options(topic_tags="x"), "options.topic_tags", "unknown_option"),
    (options(**{"a b": 1}), 'options["a b"]', "unknown_option"),
    (options(reply_to_id=""), "options.reply_to_id", "threads_id"),  # a variable that was not set
    (options(quote_post_id=""), "options.quote_post_id", "threads_id"),
    (options(reply_to_id="  "), "options.reply_to_id", "threads_id"),
    (post(replies=[{"text": "b", "options": {"quote_post_id": ""}}]), "replies[0].options.quote_post_id", "threads_id"),
    (options(media_type="TEXT"), "options.media_type", "set_by_treadle"),
    (options(auto_publish_text=True), "options.auto_publish_text", "auto_publish_text"),
    (options(auto_publish_text="true"), "options.auto_publish_text", "auto_publish_text"),
    (options(reply_control="Everyone"), "options.reply_control", "reply_control"),
    (options(is_ghost_post="maybe"), "options.is_ghost_post", "wrong_type"),
    (options(on_too_long="cut"), "options.on_too_long", "on_too_long"),
    (options(topic_tag="a.b"), "options.topic_tag", "topic_tag"),
    (options(topic_tag="a&b"), "options.topic_tag", "topic_tag"),
    (options(topic_tag="x" * 51), "options.topic_tag", "topic_tag"),
    (options(topic_tag="#"), "options.topic_tag", "topic_tag"),
    (options(topic_tag=3), "options.topic_tag", "wrong_type"),
    (options(allowlisted_country_codes="US,UK"), "options.allowlisted_country_codes", "country_code"),
    (options(allowlisted_country_codes=["US", "USA"]), "options.allowlisted_country_codes[1]", "country_code"),
    (options(allowlisted_country_codes=[1]), "options.allowlisted_country_codes[0]", "wrong_type"),
    (options(allowlisted_country_codes={"US": 1}), "options.allowlisted_country_codes", "wrong_type"),
    (options(reply_to_id="https://www.threads.com/@a/post/C1"), "options.reply_to_id", "threads_id"),
    (options(reply_to_id=True), "options.reply_to_id", "threads_id"),
    (options(quote_post_id="C1abc"), "options.quote_post_id", "threads_id"),
    (options(location_id="Berlin"), "options.location_id", "threads_id"),
    (options(link_attachment="example.com"), "options.link_attachment", "link_url"),
    (options(link_attachment=1), "options.link_attachment", "wrong_type"),
    # attachments
    (options(poll_attachment="yes,no"), "options.poll_attachment", "wrong_type"),
    (options(poll_attachment={"options": ["a", "b"]}), "options.poll_attachment", "poll_options"),
    (options(poll_attachment={"options": ["a", "b"]}), "options.poll_attachment.options", "unknown_poll_field"),
    (options(poll_attachment={"option_a": "x"}), "options.poll_attachment", "poll_options"),
    (options(poll_attachment={"option_a": "x", "option_c": "y"}), "options.poll_attachment", "poll_options"),
    (
        options(poll_attachment={"option_a": "x", "option_b": "y" * 26}),
        "options.poll_attachment.option_b",
        "poll_option_too_long",
    ),
    (options(poll_attachment={"option_a": "x", "option_b": 1}), "options.poll_attachment.option_b", "wrong_type"),
    (options(poll_attachment={"option_a": "x", "option_b": " "}), "options.poll_attachment.option_b", "poll_options"),
    (options(gif_attachment={"gif_id": "a", "provider": "TENOR"}), "options.gif_attachment.provider", "gif"),
    (options(gif_attachment={"provider": "GIPHY"}), "options.gif_attachment.gif_id", "gif"),
    (options(gif_attachment="abc"), "options.gif_attachment", "wrong_type"),
    (options(text_attachment={"plaintext": ""}), "options.text_attachment.plaintext", "text_attachment"),
    (options(text_attachment={"plaintext": "x" * 10_001}), "options.text_attachment.plaintext", "text_attachment"),
    (
        options(text_attachment={"plaintext": "x", "text": "y"}),
        "options.text_attachment.text",
        "unknown_text_attachment_field",
    ),
    (
        options(
            text_attachment={
                "plaintext": "abc",
                "text_with_styling_info": [{"offset": 0, "length": 4, "styling_info": ["bold"]}],
            }
        ),
        "options.text_attachment.text_with_styling_info[0]",
        "range",
    ),
    (
        options(
            text_attachment={
                "plaintext": "abc",
                "text_with_styling_info": [{"offset": 0, "length": 1, "styling_info": ["blink"]}],
            }
        ),
        "options.text_attachment.text_with_styling_info[0].styling_info[0]",
        "style",
    ),
    (
        options(
            text_attachment={
                "plaintext": "abcdef",
                "text_with_styling_info": [
                    {"offset": 0, "length": 3, "styling_info": ["bold"]},
                    {"offset": 2, "length": 2, "styling_info": ["bold"]},
                ],
            }
        ),
        "options.text_attachment.text_with_styling_info",
        "range",
    ),
    # spoilers in the text: "Hello" has five units
    (options(text_entities={"offset": 0}), "options.text_entities", "wrong_type"),
    (
        options(text_entities=[{"entity_type": "BOLD", "offset": 0, "length": 1}]),
        "options.text_entities[0].entity_type",
        "text_entities",
    ),
    (
        options(text_entities=[{"entity_type": "SPOILER", "offset": 3, "length": 3}]),
        "options.text_entities[0]",
        "range",
    ),
    (
        options(text_entities=[{"entity_type": "SPOILER", "offset": -1, "length": 3}]),
        "options.text_entities[0].offset",
        "range",
    ),
    (
        options(text_entities=[{"entity_type": "SPOILER", "offset": 0, "length": 0}]),
        "options.text_entities[0].length",
        "range",
    ),
    (
        options(text_entities=[{"entity_type": "SPOILER", "offset": 0, "length": True}]),
        "options.text_entities[0].length",
        "range",
    ),
    (
        post(
            text="x" * 40,
            options={"text_entities": [{"entity_type": "SPOILER", "offset": i, "length": 1} for i in range(11)]},
        ),
        "options.text_entities",
        "text_entities",
    ),
    # together
    (
        post(media=[IMAGE], options={"poll_attachment": {"option_a": "x", "option_b": "y"}}),
        "options.poll_attachment",
        "text_only",
    ),
    (
        post(media=[IMAGE], options={"gif_attachment": {"gif_id": "x", "provider": "GIPHY"}}),
        "options.gif_attachment",
        "text_only",
    ),
    (post(media=[IMAGE], options={"link_attachment": "https://e.example"}), "options.link_attachment", "text_only"),
    (post(media=[IMAGE], options={"text_attachment": {"plaintext": "x"}}), "options.text_attachment", "text_only"),
    (post(media=[IMAGE], options={"is_ghost_post": True}), "options.is_ghost_post", "text_only"),
    (options(is_spoiler_media=True), "options.is_spoiler_media", "needs_media"),
    (options(alt_text="a picture"), "options.alt_text", "needs_media"),
    (post(media=[IMAGE, IMAGE], options={"alt_text": "two"}), "options.alt_text", "alt_text_of_one"),
    (
        options(poll_attachment={"option_a": "x", "option_b": "y"}, text_attachment={"plaintext": "x"}),
        "options.text_attachment",
        "poll_or_text_attachment",
    ),
    (
        options(
            link_attachment="https://e.example",
            text_attachment={"plaintext": "x", "link_attachment_url": "https://f.example"},
        ),
        "options.text_attachment.link_attachment_url",
        "one_link_attachment",
    ),
    (options(is_ghost_post=True, reply_to_id="1"), "options.is_ghost_post", "ghost_reply"),
    (options(is_ghost_post=True, enable_reply_approvals=True), "options.enable_reply_approvals", "ghost_approvals"),
    # further parts
    (post(replies={}), "replies", "wrong_type"),
    (post(replies=["two"]), "replies[0]", "wrong_type"),
    (post(replies=[{}]), "replies[0].text", "empty"),
    (post(replies=[{"text": "x"}, {"text": "x" * 501}]), "replies[1].text", "text_too_long"),
    (post(replies=[{"text": "x", "replies": []}]), "replies[0].replies", "flat_chain"),
    (post(replies=[{"text": "x", "publish_at": "now"}]), "replies[0].publish_at", "belongs_to_post"),
    (
        post(replies=[{"text": "x", "options": {"reply_to_id": "1"}}]),
        "replies[0].options.reply_to_id",
        "chain_reply_to",
    ),
    (
        post(replies=[{"text": "x", "options": {"is_ghost_post": True}}]),
        "replies[0].options.is_ghost_post",
        "ghost_reply",
    ),
    (
        post(replies=[{"text": "x", "options": {"poll_attachment": {"option_a": "x", "option_b": "y" * 26}}}]),
        "replies[0].options.poll_attachment.option_b",
        "poll_option_too_long",
    ),
    (post(replies=[{"text": str(i)} for i in range(100)]), "replies", "too_many_parts"),
    # the rest
    (post(txt="x"), "txt", "unknown_field"),
    (post(topic_tag="x"), "topic_tag", "belongs_to_options"),
    (post(auto_publish_text=True), "auto_publish_text", "belongs_to_options"),
    (post(image_url="https://e.example/a.jpg"), "image_url", "set_by_treadle"),
    (post(metadata=[]), "metadata", "wrong_type"),
    (post(metadata={"a": "x" * 20_000}), "metadata", "metadata_too_large"),
    (post(metadata={"a": "\x00"}), "metadata.a", "nul_character"),
    (post(metadata={"a": float("nan")}), "metadata.a", "number"),
    (post(labels="x"), "labels", "wrong_type"),
    (post(labels=["x", 1]), "labels[1]", "label"),
    (post(labels=["x"] * 51), "labels", "too_many_labels"),
    (post(draft="yes"), "draft", "wrong_type"),
]


@pytest.mark.parametrize(("body", "field", "rule"), WRONG, ids=[f"{field}-{rule}"[:60] for _, field, rule in WRONG])
def test_each_rule_has_its_finding(body: Any, field: str, rule: str) -> None:
    assert (field, rule) in rules(body)


def test_all_findings_come_at_once() -> None:
    body = post(
        account_id=...,
        text="x" * 501,
        media=[{"url": "ftp://e.example/a"}, {}],
        options={"topic_tag": "a.b", "reply_contro": "everyone"},
        replies=[{}, {"text": "fine", "options": {"is_ghost_post": True}}],
        publsh_at="2026-12-01T09:00:00Z",
    )
    assert set(rules(body)) == {
        ("account_id", "required"),
        ("text", "text_too_long"),
        ("media[0].url", "media_url"),
        ("media[1]", "url_or_id"),
        ("options.topic_tag", "topic_tag"),
        ("options.reply_contro", "unknown_option"),
        ("replies[0].text", "empty"),
        ("replies[1].options.is_ghost_post", "ghost_reply"),
        ("publsh_at", "unknown_field"),
    }


def test_names_that_are_nearly_right_are_recognized() -> None:
    said = {f.field: f.message for f in check_post({**options(replyControl="x", alttext="x"), "Text": "x"})}
    assert "Did you mean 'reply_control'" in said["options.replyControl"]
    assert "Did you mean 'alt_text'" in said["options.alttext"]
    assert "Did you mean 'text'" in said["Text"]


WARNED = [
    (post(text="漢" * 400), "text", "text_may_be_too_long"),
    (post(text="🚀" * 126), "text", "text_may_be_too_long"),
    (post(text="https://a.example https://b.example https://c.example https://d.example"), "text", "many_links"),
    (post(text="\u200b"), "text", "unseen"),
    (post(text=" \u3164\u2800\u2060\ufe0f\n"), "text", "unseen"),
    (post(text="root", replies=[{"text": "\u00ad"}]), "replies[0].text", "unseen"),
    (options(topic_tag="#weaving"), "options.topic_tag", "topic_tag_hash"),
    (post(text=..., options={"gif_attachment": {"gif_id": "a", "provider": "GIPHY"}}), "text", "no_text"),
    (post(media=[{**IMAGE, "spoiler": True}, IMAGE]), "media", "spoiler_hides_all"),
    (options(reply_to_id=17978727222117458), "options.reply_to_id", "id_as_number"),
    (
        post(text="🚀 abc", options={"text_entities": [{"entity_type": "SPOILER", "offset": 3, "length": 3}]}),
        "options.text_entities",
        "range_unit_unknown",
    ),
]


@pytest.mark.parametrize(("body", "field", "rule"), WARNED, ids=[rule for _, _, rule in WARNED])
def test_what_may_go_wrong_is_a_warning_and_nothing_more(body: Any, field: str, rule: str) -> None:
    assert rules(body) == []
    assert (field, rule) in rules(body, "warning")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_a_text_is_refused_only_when_every_measure_is_over(text: str) -> None:
    from treadle_threads.text import COUNT_MODES, count_text

    over = all(count_text(text, mode) > 500 for mode in COUNT_MODES)
    assert (("text", "text_too_long") in rules(post(text=text))) == over


NAMES = st.sampled_from(
    sorted({"account_id", "text", "media", "options", "replies", "metadata", "labels", "url", "id"})
)
SHAPES = st.recursive(
    JSON_VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.sampled_from(sorted(TABLE.names)), inner, max_size=6)
        | st.fixed_dictionaries(
            {},
            optional={
                "text": inner,
                "media": st.lists(inner, max_size=3) | inner,
                "options": st.dictionaries(st.sampled_from(sorted(TABLE.names)), inner, max_size=5),
                "replies": st.lists(inner, max_size=3),
            },
        )
    ),
    max_leaves=25,
)
_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def resolve(body: Any, path: str) -> bool:
    """Whether ``path`` leads to a value in ``body``, or to a place right inside one that exists."""
    at, missing = 0, False
    while at < len(path):
        step = _STEP.match(path, at)
        assert step, f"{path!r} is not a path"
        assert not missing, f"{path!r} goes on where nothing is"
        at = step.end()
        name, index, quoted = step.groups()
        key: Any = int(index) if index else (json.loads(quoted) if quoted else name)
        if isinstance(body, str):
            body = json.loads(body)
        if isinstance(body, list) and isinstance(key, int):
            body = body[key]
        elif isinstance(body, dict):
            keys = {str(k)[:100]: k for k in body}
            missing = str(key)[:100] not in keys
            body = None if missing else body[keys[str(key)[:100]]]
        else:
            return False
    return True


@given(SHAPES)
def test_any_json_is_judged_without_raising_and_paths_lead_somewhere(body: Any) -> None:
    for finding in check_post(body):
        assert resolve(body, finding.field), finding
        assert finding.message
        assert finding.way_out
        assert finding.rule
        json.dumps(finding.to_json(), allow_nan=False).encode()


def test_endless_nesting_is_a_finding() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert [rule for _, rule in rules(post(metadata={"a": deep}))] == ["too_deep"]


def test_scopes() -> None:
    assert scopes_needed(post()) == {"threads_basic", "threads_content_publish"}
    chained = post(replies=[{"text": "x", "options": {"location_id": "1", "crossreshare_to_ig": True}}])
    assert scopes_needed(chained) >= {"threads_location_tagging", "threads_share_to_instagram"}
    assert scopes_wanted(chained) == {"threads_read_replies"}
    assert scopes_wanted(post()) == set()
