"""Every option of Threads has a field in Compose, and a stored post goes through the form unchanged."""

from __future__ import annotations

import html
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.web.sample_data import CSRF, SampleSite, add_post
from treadle.domain.findings import Finding
from treadle.domain.options import TABLE
from treadle.store.rows import body_of
from treadle.store.tables import parts, posts
from treadle.web.draft_options import controls_of, offered, read_metadata, read_options, say_metadata, say_options
from treadle.web.drafts import from_body, place_of
from treadle.web.text_ranges import read_spoilers, read_styles, say_spoilers, say_styles, utf16
from treadle_threads.options import STYLES

letters = st.text("ab c\n×2↵@+🧵é", max_size=24)


@st.composite
def text_with_ranges(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    text = draw(letters)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    ranges = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, draw(st.permutations(ranges))


@given(text_with_ranges())
def test_spoilers_survive_being_said_as_phrases(drawn: tuple[str, list[tuple[int, int]]]) -> None:
    text, ranges = drawn
    stored = [
        {"entity_type": "SPOILER", "offset": utf16(text[:a]), "length": utf16(text[a:b])} for a, b in ranges
    ]  # fmt: skip
    read = read_spoilers(say_spoilers(stored, text), text)
    assert list(read.ranges) == stored
    assert read.lost == ()


@given(text_with_ranges(), st.lists(st.sampled_from(STYLES), min_size=1, max_size=3, unique=True))
def test_styles_survive_being_said_as_phrases(drawn: tuple[str, list[tuple[int, int]]], styles: list[str]) -> None:
    text, ranges = drawn
    stored = [{"offset": a, "length": b - a, "styling_info": styles} for a, b in ranges]
    assert list(read_styles(say_styles(stored, text), text).ranges) == stored


def test_a_phrase_twice_means_its_two_places() -> None:
    read = read_spoilers("he\nhe\nnobody", "he and she")
    assert [(r["offset"], r["length"]) for r in read.ranges] == [(0, 2), (8, 2)]
    assert read.lost == ("nobody",)


def test_every_option_of_the_api_has_a_field(sample: SampleSite) -> None:
    assert {"alt_text"} == TABLE.names - {option.name for option in offered()}, "alt_text is said with each medium"
    page = sample.client.get("/compose").text
    fields = set(re.findall(r'name="part-0-([\w-]+)"', page))
    assert {control for option in offered() for control in controls_of(option)} | {"extra"} <= fields
    assert {'name="metadata"', 'name="labels"', 'name="approval"', 'name="lateness_h"'} <= set(
        re.findall(r'name="(?:metadata|labels|approval|lateness_h)"', page)
    )


FULL: dict[str, Any] = {
    "topic_tag": "looms",
    "reply_control": "followers_only",
    "allowlisted_country_codes": ["DE", "AT"],
    "text_entities": [{"entity_type": "SPOILER", "offset": 4, "length": 5}],
    "text_attachment": {
        "plaintext": "Long words about looms.",
        "link_attachment_url": "https://example.org/looms",
        "text_with_styling_info": [{"offset": 5, "length": 5, "styling_info": ["bold", "italic"]}],
    },
    "location_id": "12345",
    "quote_post_id": "18000000000000001",
    "crossreshare_to_ig": True,
    "crossreshare_to_ig_dark_mode": True,
    "enable_reply_approvals": True,
    "extra": {"alt_language": "de", "brand_new": "a = b"},
}


def shown_form(page: str) -> dict[str, Any]:
    """What a browser without script would send for this page, without pressing a button."""
    form = re.search(r'<form id="compose".*?</form>', page, re.DOTALL)
    assert form is not None
    made: dict[str, Any] = {}
    for tag, body in re.findall(r"<(input\b[^>]*)>()", form[0]) + re.findall(
        r"<(textarea\b[^>]*)>(.*?)</textarea>", form[0], re.DOTALL
    ):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="(\w+)"', tag)
        if (
            not name
            or (kind and kind[1] in ("checkbox", "radio") and " checked" not in tag)
            or (kind and kind[1] == "file")
        ):
            continue
        made.setdefault(name[1], []).append(
            html.unescape(body if tag.startswith("textarea") else value[1] if value else "")
        )
    for name_, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', options) or re.search(r'value="([^"]*)"', options)
        made[name_] = [chosen[1] if chosen else ""]
    return made


@pytest.mark.parametrize(
    "options",
    [FULL, {"gif_attachment": {"gif_id": "abc123XYZ", "provider": "GIPHY"}},
     {"poll_attachment": {"option_a": "yes", "option_b": "no"}, "is_ghost_post": True}],
    ids=["full", "gif", "poll"],
)  # fmt: skip
def test_opening_and_saving_changes_nothing(sample: SampleSite, options: dict[str, Any]) -> None:
    app = sample.app
    metadata = {"order": "17", "customer": {"name": "Mühle", "vip": True}}
    with app.db.begin() as conn:
        post_id = add_post(
            conn, sample.ids["loom"], "See what is hidden", "draft", app.now(), metadata=metadata, labels=["a"]
        )
        body = {"text": "See what is hidden", "options": options}
        conn.execute(sa.update(parts).where(parts.c.post_id == post_id).values(body=body))
    form = shown_form(sample.client.get(f"/compose?post={post_id}").text)
    saved = sample.client.post("/compose", data={**form, "csrf": CSRF, "do": "send"})
    assert saved.status_code == 303, re.findall(r'class="findings".*?</ul>', saved.text, re.DOTALL)
    with app.db.read() as conn:
        row = conn.execute(sa.select(posts).where(posts.c.id == post_id)).mappings().one()
        after = body_of(conn, dict(row))
    assert after["options"] == options
    assert after["metadata"] == metadata
    assert row["version"] == 2


def test_a_part_that_is_out_keeps_its_options_when_the_rest_is_edited(sample: SampleSite) -> None:
    app = sample.app
    with app.db.begin() as conn:
        post_id = add_post(conn, sample.ids["loom"], "Out already", "failed", app.now(), replies=("Not yet",))
        first = sa.and_(parts.c.post_id == post_id, parts.c.position == 0)
        body = {"text": "Out already", "options": {"topic_tag": "looms", "reply_control": "everyone"}}
        conn.execute(sa.update(parts).where(first).values(body=body, published_at=app.now(), state="published"))
    form = shown_form(sample.client.get(f"/compose?post={post_id}").text)
    saved = sample.client.post("/compose", data={**form, "part-1-text": "Now", "csrf": CSRF, "do": "send"})
    assert saved.status_code == 303, saved.text
    with app.db.read() as conn:
        assert conn.execute(sa.select(parts.c.body).where(first)).scalar() == body
        second = sa.and_(parts.c.post_id == post_id, parts.c.position == 1)
        assert conn.execute(sa.select(parts.c.body).where(second)).scalar() == {"text": "Now"}


def test_findings_stand_beside_their_fields(sample: SampleSite) -> None:
    form = {
        "csrf": CSRF, "parts": "1", "account_id": sample.ids["loom"], "part-0-text": "See", "do": "send",
        "part-0-spoilers": "not there", "part-0-poll-option_a": "only one", "part-0-quote_post_id": "abc",
        "part-0-countries": "XX", "metadata": "{broken", "part-0-long_styles": "loud: See",
    }  # fmt: skip
    page = sample.client.post("/compose", data=form)
    assert page.status_code == 422
    for place, said in {
        "part-0-text_entities": "“not there” is not in the text.",
        "part-0-poll_attachment": "A poll has 2 to 4 options",
        "part-0-quote_post_id": "not the id of a post",
        "part-0-allowlisted_country_codes": "not a two-letter country code",
        "metadata": "This is not JSON",
        "part-0-text_attachment": "does not begin with a style",
    }.items():
        found = re.search(rf'<div id="{place}-findings"[^>]*>(.*?)</div>', page.text, re.DOTALL)
        assert found is not None, place
        assert said in html.unescape(found[1]), place
    assert "{broken" in page.text
    assert "not there</textarea>" in page.text


@pytest.mark.parametrize(
    "given_id",
    ["l0MYt5jPR6QX5pnqM", "https://giphy.com/gifs/cat-loom-l0MYt5jPR6QX5pnqM",
     "https://media.giphy.com/media/l0MYt5jPR6QX5pnqM/giphy.gif", "https://giphy.com/embed/l0MYt5jPR6QX5pnqM"],
)  # fmt: skip
def test_a_gif_is_known_by_its_address(given_id: str) -> None:
    fields = {"p-gif": given_id}
    options = read_options(lambda name: fields.get(name, ""), "p", "").options
    assert options == {"gif_attachment": {"gif_id": "l0MYt5jPR6QX5pnqM", "provider": "GIPHY"}}
    assert say_options(options, "")["gif"] == "l0MYt5jPR6QX5pnqM"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_metadata_survive_the_field(metadata: dict[str, Any]) -> None:
    assert read_metadata(say_metadata(metadata)) == metadata


@pytest.mark.parametrize("text", ["{", "no value", "= nothing", "{]"])
def test_metadata_nobody_can_read_are_said(text: str) -> None:
    assert isinstance(read_metadata(text), Finding)


def test_an_alternative_text_of_the_post_becomes_that_of_its_medium() -> None:
    body = {"account_id": "acc_1", "media": [{"url": "https://a.example/x.jpg"}], "options": {"alt_text": "A loom"}}
    again = from_body(body, ZoneInfo("UTC"), at=None, lateness_s=None).to_body()
    assert again["media"] == [{"url": "https://a.example/x.jpg", "alt_text": "A loom"}]
    assert "options" not in again


@pytest.mark.parametrize(
    ("path", "place"),
    [("options.poll_attachment.option_a", (0, "poll_attachment")), ("replies[1].options.topic_tag", (2, "topic_tag")),
     ("replies[0].media[3].url", (1, "text")), ("publish_at", (None, "at")), ("metadata", (None, "metadata")),
     ("options", (0, "text")), ("options.allowlisted_country_codes[1]", (0, "allowlisted_country_codes"))],
)  # fmt: skip
def test_a_finding_knows_its_field(path: str, place: tuple[int | None, str]) -> None:
    assert place_of(path) == place
