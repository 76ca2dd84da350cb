"""Several accounts in Compose, each with a post of its own: the form, without script; and what is stored."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.store.tables import parts, posts
from treadle.web.draft_options import is_typed, offered, read_options
from treadle.web.drafts import Draft, DraftPart, read_own, say_own
from treadle_threads.options import Poll, Switch

Fields = list[tuple[str, str]]
TAG = re.compile(r"<(input|textarea|button|option|select)\b([^>]*)>(?:([^<]*)</textarea>)?")


def fields_of(page: str) -> Fields:
    """What a browser without script would send of the form Compose: every field, no button."""
    form = page[page.index('<form id="compose"') :].partition("</form>")[0]
    form = re.sub(r"<template.*?</template>", "", form, flags=re.DOTALL)
    found: Fields = []
    for kind, attributes, text in TAG.findall(form):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        type_, name = named.get("type", ""), named.get("name", "")
        if kind == "input" and name and type_ != "file":
            if type_ not in ("checkbox", "radio") or re.search(r"\bchecked\b", attributes):
                found.append((name, html.unescape(named.get("value", ""))))
        elif kind == "textarea" and name:
            found.append((name, html.unescape(text)))
    return found


def press(sample: SampleSite, page: str, do: str, **changes: str | list[str]) -> Any:
    """Press a button of the form with some fields rewritten."""
    sent: dict[str, list[str]] = {}
    for name, value in fields_of(page):
        if name not in changes:
            sent.setdefault(name, []).append(value)
    sent |= {name: [value] if isinstance(value, str) else value for name, value in changes.items()}
    return sample.client.post("/compose", data={**sent, "do": [do]})


def field(page: str, name: str) -> str:
    [value] = [value for key, value in fields_of(page) if key == name]
    return value


def both(sample: SampleSite) -> list[str]:
    return [sample.ids["dye"], sample.ids["loom"]]


def adjusting(sample: SampleSite) -> str:
    """The form with a text for two accounts, each with its own copy."""
    page = sample.client.get("/compose").text
    changes: dict[str, Any] = {"account_id": both(sample), "part-0-text": "For both.", "part-0-topic_tag": "weaving"}
    return str(press(sample, page, "adjust", **changes).text)


def stored(sample: SampleSite, ids: set[str]) -> dict[str, dict[str, Any]]:
    """Account -> what its new post says."""
    query = sa.select(posts.c.id, posts.c.account_id, parts.c.body).join(parts, parts.c.post_id == posts.c.id)
    with sample.app.db.read() as conn:
        return {row.account_id: row.body for row in conn.execute(query) if row.id not in ids}


def known(sample: SampleSite) -> set[str]:
    with sample.app.db.read() as conn:
        return set(conn.execute(sa.select(posts.c.id)).scalars())


def test_each_account_publishes_what_was_written_for_it(sample: SampleSite) -> None:
    dye, loom = both(sample)
    before = known(sample)
    page = adjusting(sample)
    assert re.findall(r'id="tab-([^"]+)"', page) == [dye, loom]
    page = press(sample, page, f"tab:{loom}", **{"part-0-text": "For the dyers."}).text
    assert field(page, "part-0-text") == "For both."  # a copy of what all began with
    assert field(page, "part-0-topic_tag") == "weaving"
    page = press(sample, page, f"tab:{dye}", **{"part-0-text": "For the weavers.", "part-0-topic_tag": "looms"}).text
    assert field(page, "part-0-text") == "For the dyers."
    sent = press(sample, page, "send", when="at", at="2040-01-01T09:00")
    assert sent.status_code == 303, sent.text
    made = stored(sample, before)
    assert made[dye]["text"] == "For the dyers."
    assert made[loom]["text"] == "For the weavers."
    assert {account: body["options"]["topic_tag"] for account, body in made.items()} == {dye: "weaving", loom: "looms"}


def test_parts_added_for_one_account_are_only_in_its_thread(sample: SampleSite) -> None:
    dye, loom = both(sample)
    before = known(sample)
    page = press(sample, adjusting(sample), "add-part").text
    page = press(sample, page, f"tab:{loom}", **{"part-1-text": "And more."}).text
    assert field(page, "parts") == "1"
    assert press(sample, page, "draft").status_code == 303
    query = sa.select(posts.c.account_id, sa.func.count()).join(parts, parts.c.post_id == posts.c.id)
    with sample.app.db.read() as conn:
        found = conn.execute(query.where(posts.c.id.not_in(before)).group_by(posts.c.account_id)).all()
    counts = {row[0]: row[1] for row in found}
    assert counts == {dye: 2, loom: 1}


def test_what_is_wrong_with_one_is_shown_in_its_own_post_and_none_is_made(sample: SampleSite) -> None:
    dye, loom = both(sample)
    before = known(sample)
    page = press(sample, adjusting(sample), f"tab:{loom}").text
    page = press(sample, page, f"tab:{dye}", **{"part-0-text": "x" * 600}).text
    assert "@loom.and.shuttle</button>: The text has 600 characters" in page
    answer = press(sample, page, "send", when="at", at="2040-01-01T09:00")
    assert answer.status_code == 422
    assert field(answer.text, "tab") == loom
    assert field(answer.text, "part-0-text") == "x" * 600
    assert known(sample) == before


def test_the_same_for_all_again_can_be_undone(sample: SampleSite) -> None:
    dye, loom = both(sample)
    page = press(sample, adjusting(sample), f"tab:{loom}", **{"part-0-text": "For the dyers."}).text
    page = press(sample, page, "same", **{"part-0-text": "For the weavers."}).text
    assert "All accounts now publish the same post as @loom.and.shuttle." in page
    assert "account-tab" not in page
    assert field(page, "part-0-text") == "For the weavers."
    page = press(sample, page, f"adjust-again:{loom}").text
    assert field(page, "part-0-text") == "For the weavers."
    assert field(press(sample, page, f"tab:{dye}").text, "part-0-text") == "For the dyers."


def test_an_account_that_is_taken_out_and_chosen_again_keeps_its_post(sample: SampleSite) -> None:
    dye, loom = both(sample)
    page = press(sample, adjusting(sample), f"tab:{loom}").text
    page = press(sample, page, "check", **{"part-0-text": "For the weavers."}).text
    page = press(sample, page, "check", account_id=dye).text
    assert field(page, "part-0-text") == "For both."
    page = press(sample, page, f"tab:{loom}", account_id=[dye, loom]).text
    assert field(page, "part-0-text") == "For the weavers."


def test_one_account_is_not_adjusted(sample: SampleSite) -> None:
    page = sample.client.get("/compose").text
    answer = press(sample, page, "adjust", account_id=sample.ids["loom"], **{"part-0-text": "One."}).text
    assert "Choose at least two accounts first." in answer
    assert "account-tab" not in answer


@pytest.mark.parametrize(
    "nonsense",
    ["", "{", "[]", "5", '{"account": 5}', '{"parts": ["x"]}', "[" * 100_000, '{"account": ["LOOM"], "parts": [null]}',
     '{"account": ["LOOM"], "part-0-text": ["\\ud800 \\u0000"], "part-0-kept": ["[1]"], "part-0-media-id": [{}]}'],
)  # fmt: skip
def test_nonsense_in_the_fields_of_the_others_is_no_error(sample: SampleSite, nonsense: str) -> None:
    loom = sample.ids["loom"]
    changes = {"own": nonsense.replace("LOOM", loom)}
    for do in ("check", f"tab:{loom}", "same", f"adjust-again:{loom}"):
        answer = press(sample, adjusting(sample), do, **changes, **{"own-before": changes["own"]})
        assert answer.status_code == 200, (do, answer.text)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)
words = st.text("abc 1🧵é", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def part(draw: st.DrawFn) -> DraftPart:
    """A part as a form gives it."""
    filled = {}
    for option in offered():
        if isinstance(option.kind, Switch):
            filled[option.field] = draw(st.sampled_from(["", "1"]))
        elif isinstance(option.kind, Poll):
            filled |= {f"{option.field}-{name}": draw(words) for name in option.kind.names[:2]}
        elif not is_typed(option.kind):
            filled[option.field] = draw(st.just("") | words)
    text = draw(texts)
    read = read_options(lambda name: filled.get(name.removeprefix("p-"), ""), "p", text)
    media = draw(
        st.lists(
            st.fixed_dictionaries(
                {"id": words}, optional={"alt_text": words, "filename": words, "type": words, "spoiler": st.just(True)}
            ),
            max_size=3,
        )
    )
    return DraftPart(text, tuple(media), read.options, read.typed)


@given(st.lists(part(), min_size=1, max_size=3), words)
def test_a_post_goes_through_the_field_of_the_others_unchanged(made: list[DraftPart], account: str) -> None:
    kept = read_own([say_own(account, made)])
    assert kept == {account: tuple(made)}
    assert json.loads(say_own(account, made))["account"] == [account]


def test_each_account_has_one_post_and_the_rest_is_shared() -> None:
    draft = Draft(account_id="a", also=("b",), parts=(DraftPart("both"),), labels="x").adjusted().turned("b")
    draft = draft.with_part(0, DraftPart("b's"))
    assert [draft.of(one).parts[0].text for one in draft.accounts] == ["both", "b's"]
    assert {draft.of(one).labels for one in draft.accounts} == {"x"}
    assert draft.of("b").also == ()


def test_the_preview_shows_the_profile_one_chooses(sample: SampleSite) -> None:
    loom, dye = sample.ids["loom"], sample.ids["dye"]
    form = {"csrf": CSRF, "parts": "1", "account_id": [loom, dye], "part-0-text": "The same for both"}

    def shown(**more: str) -> tuple[str, list[str]]:
        text = sample.client.post("/compose/check", data={**form, **more}).text
        offered = re.findall(r'name="preview-as" value="([^"]+)"( checked)?', text)
        assert {one for one, _ in offered} == {loom, dye}
        [name] = re.findall(r'class="thread-who"><strong>([^<]+)<', text)
        return name, [one for one, checked in offered if checked]

    assert shown() == ("loom.and.shuttle", [loom])
    assert shown(**{"preview-as": dye}) == ("dye.house", [dye])
    # Whoever does not publish it is not shown.
    assert shown(**{"preview-as": sample.ids["mill"]}) == ("loom.and.shuttle", [loom])
    one = sample.client.post("/compose/check", data={**form, "account_id": loom}).text
    assert "preview-as" not in one
