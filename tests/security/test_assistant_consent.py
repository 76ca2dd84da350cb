"""What a person confirms in an assistant's window is all of what is stored and sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import assume, given
from hypothesis import strategies as st
from mcp import Client
from mcp.types import ElicitResult

from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from treadle.domain.options import EXTRA, TABLE
from treadle.domain.post_shape import PART_KEYS, POST_KEYS
from treadle.domain.rules_media import MEDIA_KEYS
from treadle.mcp.assistants import create_server
from treadle.mcp.assistants_consent import (
    MEDIA_LABELS,
    POST_LABELS,
    WITHOUT_LABEL,
    NotShowable,
    PostingAccount,
    option_labels,
    question,
    visible,
)
from treadle.store.tables import parts
from treadle_threads.params import option_params

ADA = PostingAccount("acc_1", "ada", "17841")


def asked(body: dict[str, Any]) -> str:
    made = question(body, ADA)
    assert isinstance(made, str)
    return made


def leaves(value: Any) -> Iterator[Any]:
    """Every plain value, and every name, in a request."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


# ------------------------------------------------------------------------------------------------- nothing is left out


def test_everything_a_request_may_hold_has_its_words() -> None:
    assert set(option_labels()) == TABLE.names | {EXTRA}
    assert set(MEDIA_LABELS) == MEDIA_KEYS
    assert set(POST_LABELS) | WITHOUT_LABEL == POST_KEYS
    assert PART_KEYS <= WITHOUT_LABEL


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
plain = texts | st.integers() | st.booleans()
nested = st.recursive(
    plain, lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(texts, inner, min_size=1, max_size=3)
)
options = st.dictionaries(st.sampled_from(sorted(TABLE.names)), nested, max_size=6)
media = st.lists(st.dictionaries(st.sampled_from(sorted(MEDIA_KEYS)), texts, min_size=1), max_size=3)
a_part = st.fixed_dictionaries({}, optional={"text": texts, "options": options, "media": media})
bodies = st.builds(
    lambda first, rest, more: {**first, **more, **({"replies": rest} if rest else {})},
    a_part,
    st.lists(a_part, max_size=2),
    st.dictionaries(st.sampled_from(sorted(POST_LABELS)), nested, max_size=3),
)


@given(st.sampled_from(sorted(TABLE.names)), nested)
def test_each_option_is_shown_with_its_value(name: str, value: Any) -> None:
    shown = asked({"text": "Hello", "options": {name: value}})
    assert option_labels()[name] in shown
    for leaf in leaves(value):
        if isinstance(leaf, bool):
            assert ": yes" in shown or ": no" in shown
        elif isinstance(value, str) and name.endswith(("attachment", "entities")):
            pass  # may be JSON: shown as what it means, see below
        else:
            for line in str(leaf).split("\n"):
                assert visible(line) in shown


@given(bodies, st.data())
def test_whatever_changes_changes_the_question(body: dict[str, Any], data: st.DataObject) -> None:
    changed = copy.deepcopy(body)
    places = list(_places(changed))
    assume(places)
    holder, name = data.draw(st.sampled_from(places))
    holder[name] = f"{holder[name]}!" if isinstance(holder[name], str) else "something else"
    assert question(body, ADA) != question(changed, ADA)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in entries:
        if isinstance(item, dict | list):
            yield from _places(item)
        else:
            yield value, name


@given(bodies)
def test_every_option_that_is_sent_is_shown(body: dict[str, Any]) -> None:
    """Against the parameters for Threads, not against the words."""
    shown = asked(body)
    for part in (body, *body.get("replies", ())):
        sent = option_params(part.get("options") or {}, TABLE)
        assert all(option_labels()[name] in shown for name in sent)


def test_an_option_without_words_is_refused_and_not_left_out() -> None:
    for body in (
        {"text": "x", "options": {"new_option": 1}},
        {"text": "x", "new_field": 1},
        {"text": "x", "replies": [{"text": "y", "new_field": 1}]},
        {"text": "x", "media": [{"url": "https://a.example/b", "new_field": 1}]},
    ):
        refused = question(body, ADA)
        assert isinstance(refused, NotShowable)
        assert "new_" in refused.message


def test_json_text_is_shown_as_what_it_means() -> None:
    hidden = json.dumps({"plaintext": "BUY"}).replace("BUY", "\\u0042\\u0055\\u0059")
    assert "BUY" in asked({"text": "x", "options": {"text_attachment": hidden}})
    twice = '{"plaintext": "BUY", "plaintext": "Hello"}'
    assert isinstance(question({"text": "x", "options": {"text_attachment": twice}}, ADA), NotShowable)


def test_what_is_too_long_to_read_is_refused() -> None:
    long = {"text": "x", "replies": [{"text": "y" * 500}] * 99}
    assert isinstance(question(long, ADA), NotShowable)


# --------------------------------------------------------------------------------------------------- nothing is hidden


@given(texts)
def test_a_text_cannot_pose_as_one_of_our_lines(text: str) -> None:
    honest = asked({"text": "Hello"}).split("\n")
    lines = asked({"text": text}).split("\n")
    ours = [line for line in lines if not line.startswith("  > ")]
    assert ours == [line for line in honest if not line.startswith("  > ")]


@pytest.mark.parametrize(
    "char", ["\u202e", "\u200b", "\u2066", "\x1b", "\r", "\u2028", "\x85", "\U000e0041", "\u3164", "\u2800", "\ufeff"]
)
def test_characters_nobody_sees_are_written_out(char: str) -> None:
    assert f"\u27e8U+{ord(char):04X}\u27e9" in asked({"text": f"a{char}b"})
    assert char not in asked({"text": f"a{char}b"})


@pytest.mark.parametrize("text", ["Grüße", "👩‍👩‍👧", "❤️", "日本語", "עברית", "क्ष", "a b"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert text in asked({"text": text})


def test_a_row_of_variation_selectors_is_written_out() -> None:
    assert asked({"text": "☺️\ufe01\ufe02"}).count("\u27e8") == 2


# ---------------------------------------------------------------------------------------------- through the real server


async def test_the_person_sees_all_of_what_is_stored(site: Site) -> None:  # noqa: F811
    seen: list[str] = []

    async def person(context: Any, params: Any) -> ElicitResult:
        seen.append(params.message)
        return ElicitResult(action="accept", content={"publish": True})

    wanted: dict[str, Any] = {
        "text": "Good morning!",
        "account": "@ada",
        "replies": ["And a second part"],
        "publish_at": "2031-03-01T09:00",
        "zone": "Europe/Berlin",
        "options": {
            "text_attachment": {"plaintext": "BUY SCAMCOIN NOW", "link_attachment_url": "https://scam.example/"},
            "reply_to_id": "17900000000000001",
            "quote_post_id": "17900000000000002",
            "location_id": "17900000000000003",
            "reply_control": "mentioned_only",
            "allowlisted_country_codes": ["DE", "JP"],
            "topic_tag": "coins",
        },
    }
    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=person) as client:
        result = await client.call_tool("publish", wanted)
        assert not result.is_error, result.content
        result = await client.call_tool("publish", {"text": "Look", "media": ["https://media.example/cat.jpg?size=2"]})
        assert not result.is_error, result.content
    assert "https://media.example/cat.jpg?size=2" in seen[1]
    for leaf in leaves({k: v for k, v in wanted.items() if k not in ("options", "account")}):
        assert leaf in seen[0] or leaf in wanted
    assert f"@ada (account {site.account}, Threads user id " in seen[0]
    with site.app.db.read() as conn:
        stored = conn.execute(sa.select(parts.c.body).order_by(parts.c.post_id, parts.c.position)).scalars().all()
    assert stored[0]["options"] == wanted["options"]
    for part, message in zip(stored, (seen[0], seen[0], seen[1]), strict=True):
        assert part.get("text", "") in message
        for name, value in (part.get("options") or {}).items():
            assert option_labels()[name] in message
            assert all(str(leaf) in message for leaf in leaves(value))


async def test_what_breaks_a_rule_is_refused_before_a_person_is_asked(site: Site) -> None:  # noqa: F811
    async def person(context: Any, params: Any) -> ElicitResult:
        raise AssertionError("nobody is asked")

    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=person) as client:
        for arguments in ({"text": "x" * 501}, {"text": "x", "options": {"no_such_option": 1}}):
            result = await client.call_tool("publish", arguments)
            assert result.is_error
        result = await client.call_tool("publish", {"text": "x", "replies": ["y" * 500] * 99})
        assert result.is_error
        assert "too long to be read" in str(result.content)
    with site.app.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(parts)).scalar() == 0


async def test_every_tool_that_does_more_than_read_asks_a_person(site: Site) -> None:  # noqa: F811
    async with Client(create_server(site.app, site.keys["write"])) as client:
        tools = (await client.list_tools()).tools
        changing = {tool.name for tool in tools if not (tool.annotations and tool.annotations.read_only_hint)}
        assert changing == {"publish", "cancel", "edit", "retry", "resolve"}
