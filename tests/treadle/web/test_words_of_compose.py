"""Compose calls its fields by their labels, leads to each that is to fix, and shows what Threads would take."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.domain.findings import finding
from treadle.domain.options import TABLE
from treadle.domain.rules import check_post
from treadle.store.tables import posts
from treadle.web.drafts import DraftPart
from treadle.web.field_words import control_of, in_words, label_of, labels
from treadle.web.preview import shown_parts

IDS = {"link_attachment": "no link", "quote_post_id": "abc", "location_id": "abc", "reply_to_id": "abc"}
WRONG: list[dict[str, Any]] = [
    {"text": "y" * 600},
    {"text": "a", "options": IDS},
    {"text": "a", "media": [{"url": "not an address"}, {"id": "nothing"}]},
    {"text": "a", "options": {"poll_attachment": {"option_a": "one"}}},
    {"text": "a", "options": {"poll_attachment": {"option_a": "one", "option_c": "y" * 30}}},
    {"text": "a", "options": {"gif_attachment": {"provider": "TENOR"}}},
    {"text": "a", "options": {"text_attachment": {"plaintext": "", "link_attachment_url": "no"}}},
    {"text": "a", "options": {"text_attachment": {"plaintext": "y" * 10_001}, "link_attachment": "https://a.example"}},
    {"text": "a", "options": {"text_attachment": {"plaintext": "y", "link_attachment_url": "https://a.example"},
                              "link_attachment": "https://b.example", "poll_attachment": {"option_a": "y"}}},
    {"text": "a", "options": {"is_spoiler_media": True, "is_ghost_post": True, "reply_to_id": "1",
                              "enable_reply_approvals": True, "reply_control": "nobody", "on_too_long": "burn"}},
    {"text": "a", "media": [{"url": "https://a.example/x.jpg", "alt_text": "y" * 1001}],
     "options": dict.fromkeys(("poll_attachment", "gif_attachment", "link_attachment", "text_attachment"), "x")},
    {"text": "a", "options": {"allowlisted_country_codes": ["Germany"], "topic_tag": "a.b"}, "max_lateness": "PTxH"},
    {"text": "a", "replies": [{"text": "", "options": {"is_ghost_post": True, "reply_to_id": "1"}}]},
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG)
def test_no_finding_speaks_of_parameters_or_requests(body: dict[str, Any]) -> None:
    found = check_post({"account_id": "acc_1", **body})
    assert found
    for one in found:
        said = in_words(one)
        spoken = f"{said['message']} {said['way_out']}"
        assert not re.search(r"[a-z]_[a-z]|/v1/|\boptions\.|\{\"", spoken), spoken
        assert one.message, "the API's own answer is left alone"


def test_a_missing_permission_is_said_in_words() -> None:
    said = in_words(finding("account_id", "scope_missing", scope="threads_location_tagging"))["message"]
    assert said == "The account did not grant permission to tag places, which this post needs."


def test_every_option_has_a_label() -> None:
    assert TABLE.names - labels().keys() == set()


def test_the_fields_that_findings_lead_to_are_on_the_page(sample: SampleSite) -> None:
    form = {"csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-1-url": "https://a.example/b.jpg"}
    page = sample.client.post("/compose", data={**form, "do": "add-part"}).text
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    paths = [f"options.{name}" for name in TABLE.names - {"alt_text"}] + [
        "text", "media", "media[0].url", "options", "options.unheard_of", "publish_at", "zone", "max_lateness",
        "labels", "metadata", "approval", "account_id", "options.poll_attachment.option_d",
        "options.text_attachment.text_with_styling_info[0].styling_info", "options.text_attachment.link_attachment_url",
    ]  # fmt: skip
    for path in [*paths, *(f"replies[0].{path}" for path in paths if path.startswith(("options", "text", "media")))]:
        assert control_of(path) in ids, path


def test_what_is_to_fix_leads_to_its_field_without_script(sample: SampleSite) -> None:
    form = {
        "csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-0-text": "fine", "part-1-text": "See",
        "part-1-poll-option_a": "only one", "part-0-link_attachment": "no link", "metadata": "{broken", "do": "send",
    }  # fmt: skip
    answer = sample.client.post("/compose", data=form)
    assert answer.status_code == 422
    listed = re.search(r'<ul class="to-fix">(.*?)</ul>', answer.text, re.DOTALL)
    assert listed is not None
    ways = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', listed[1])
    assert set(ways) == {
        ("part-0-link_attachment", "Part 1, Link shown as a card"), ("part-1-poll-option_a", "Part 2, Poll"),
        ("metadata", "Metadata"),
    }  # fmt: skip
    assert "3 to fix" in answer.text
    preview = answer.text.split('class="thread"')[1]
    assert 'class="poll"' not in preview
    assert "link-card" not in preview
    assert "Not shown because Threads won't accept it: Poll." in html.unescape(preview)


def test_the_preview_leaves_out_what_threads_would_not_take() -> None:
    poll = {"option_a": "a"}
    media = ({"url": "https://a.example/1.jpg"}, {"url": "nowhere", "filename": "cloth.jpg"}, {"id": "med_1"})
    parts = [DraftPart("x", (), {"poll_attachment": poll, "topic_tag": "looms"}), DraftPart("y", media)]
    first, second = shown_parts(
        parts, ["options.poll_attachment", "text", "replies[0].media[1].url", "account_id"], [(1, 2)]
    )
    assert (first.options, first.left_out, first.refused) == ({"topic_tag": "looms"}, ("Poll",), True)
    assert second.media == media[:1]
    assert second.left_out == ("cloth.jpg", "a file")
    assert not second.refused


def test_a_longer_text_alone_is_previewed(sample: SampleSite) -> None:
    form = {"csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-long_text": "Warp and weft."}
    piece = sample.client.post("/compose/check", data=form).text
    assert "long-card" in piece
    assert "Warp and weft." in piece


def test_a_file_that_was_refused_stays_to_fix_while_one_types(sample: SampleSite) -> None:
    form = {
        "csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-text": "See",
        "part-0-media-url": "https://a.example/b.mp4", "part-0-media-id": "", "part-0-media-refused": "1",
    }  # fmt: skip
    piece = sample.client.post("/compose/check", data=form).text
    assert "1 to fix" in piece
    assert 'href="#part-0-media"' in piece
    assert "<video" not in piece


def test_folded_parts_and_the_place_where_one_goes_on(sample: SampleSite) -> None:
    form = {
        "csrf": CSRF, "parts": "2", "account_id": sample.ids["loom"], "part-0-text": "one", "part-1-text": "two",
        "part-0-gif_provider": "GIPHY", "part-1-gif_provider": "GIPHY", "part-1-topic_tag": "looms",
    }  # fmt: skip

    def after(do: str) -> str:
        return sample.client.post("/compose", data={**form, "do": do}).text

    grown = after("add-part")
    assert re.search(r'<textarea id="part-2-text"[^>]* autofocus', grown)
    opened = {box: bool(re.search(rf'<details class="options" id="{box}" open', grown)) for box in (
        "part-0-options", "part-1-options", "part-0-files", "part-2-options")}  # fmt: skip
    assert opened == {
        "part-0-options": False, "part-1-options": True, "part-0-files": False, "part-2-options": False
    }  # fmt: skip
    assert re.search(r'<textarea id="part-0-text"[^>]* autofocus', after("up:1"))
    assert re.search(r'<textarea id="part-0-text"[^>]* autofocus', after("remove-part:1"))
    assert re.search(r'<textarea id="part-1-text"[^>]* autofocus', after("down:0"))


@pytest.mark.parametrize(
    ("path", "parts", "label"),
    [("options.poll_attachment", 1, "Poll"), ("replies[0].text", 3, "Part 2, Text"), ("publish_at", 3, "Date and time"),
     ("media[2].url", 2, "Part 1, Images and videos")],
)  # fmt: skip
def test_a_field_is_called_as_on_the_page(path: str, parts: int, label: str) -> None:
    assert label_of(path, parts) == label


def test_options_that_exclude_each_other_are_said_in_the_words_of_the_page() -> None:
    clashes = [
        clash
        for option in TABLE.values()
        for clash in (*option.not_with.values(), option.not_further, option.not_on_reply)
        if clash is not None
    ]
    assert clashes
    for clash in clashes:
        said = in_words(finding("x", "clash", rule=clash.rule, message=clash.message, way_out=clash.way_out))
        assert not re.search(r"[a-z]_[a-z]", f"{said['message']} {said['way_out']}"), clash.rule


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"when": "at", "at": "2040-01-01T09:00"}, "scheduled"),
        ({"when": "now", "do": "draft"}, "draft"),
        ({"when": "at", "at": "2040-01-01T09:00", "approval": "yes"}, "approval"),
    ],
)
def test_what_is_said_of_a_new_post_is_what_became_of_it(
    change: dict[str, str], state: str, sample: SampleSite
) -> None:
    form = {
        "csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-text": "When?", "do": "send",
        "zone": "Europe/Berlin", "lateness_h": "24", **change,
    }  # fmt: skip
    sent = sample.client.post("/compose", data=form)
    assert sent.status_code == 303, sent.text
    page = sample.client.get(sent.headers["location"]).text
    with sample.app.db.read() as conn:
        stored = conn.execute(sa.select(posts.c.state).order_by(posts.c.created_at.desc()).limit(1)).scalar_one()
    assert stored == state or (state, stored) == ("approval", "draft")
    said = {"scheduled": "Scheduled.", "draft": "Draft saved.",
            "approval": "Waiting for approval."}  # fmt: skip
    assert said[state] in page
    for other in said.keys() - {state}:
        assert said[other] not in page
