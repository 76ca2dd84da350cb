"""Every publish option, from the one table: held to its limits, sent, described, offered, shown, taken and read back.

Nothing here names an option but where it says so. The recipe "Add a publish option" in CONTRIBUTING relies on it: an
entry in the table is tested by its being there. ``CONSUMERS`` are all places that use the table; for each of them and
each option, the same check fails when the place is given a table without the option.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest

from tests.support.option_samples import IMAGE, TEXT, at_limit, beyond, in_a_wrong_place, part_with, post_with
from treadle.accounts import needs
from treadle.domain import changes, options, params, post_shape, rules_options
from treadle.domain.findings import ParameterName, finding
from treadle.domain.options import TABLE
from treadle.domain.rules import check_post, scopes_needed
from treadle.domain.rules_media import MEDIA_KEYS
from treadle.domain.run_state import PartView
from treadle.mcp import assistants_consent
from treadle.web import draft_options, field_words, preview
from treadle.web.drafts import DraftPart, place_of
from treadle.web.templating import environment
from treadle_sandbox import create, feed, reading
from treadle_sandbox.answers import Reply
from treadle_sandbox.fields import parse_fields
from treadle_sandbox.model import Post
from treadle_sandbox.options import DEFAULTS
from treadle_sandbox.publish import put_out
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World
from treadle_threads.client import ThreadsClient
from treadle_threads.options import (
    EVERY,
    OPTIONS,
    PARAMETERS,
    STRUCTURED,
    TEXT_ONLY,
    WITH_MEDIA,
    Address,
    Choice,
    Countries,
    Gif,
    Id,
    Kind,
    LongText,
    MediaType,
    Option,
    OptionTable,
    Poll,
    Source,
    Spoilers,
    Switch,
    Text,
    agrees,
    in_words,
    limits_of,
    returned_as,
    schema_of,
)
from treadle_threads.params import container_params, option_params
from treadle_threads.results import Ok

API_PAGE = Path(__file__).parent.parent / "docs" / "api.md"


def errors(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(f.field, f.rule, f.pattern) for f in check_post(body) if f.severity == "error"]


# ------------------------------------------------------------------------------------------------------- the checks


def accepted_at_its_limit(option: Option) -> None:
    assert errors(post_with(option, at_limit(option))) == []


def refused_beyond_it(option: Option) -> None:
    for value in beyond(option):
        found = errors(post_with(option, value))
        here = [entry for entry in found if entry[0].startswith(f"options.{option.name}")]
        assert here, value
        assert all(rule not in ("unknown_option", "belongs_to_options") for _, rule, _ in here)
    wrong = in_a_wrong_place(option)
    if wrong is not None and option.sent:
        found = errors(wrong)
        assert found, "it stands where it cannot"
        assert all("unknown" not in rule and field.endswith(option.name) for field, rule, _ in found)


def excluded_by_what_excludes_it(option: Option) -> None:
    for other, clash in option.not_with.items():
        both = {option.name: at_limit(option), other: at_limit(TABLE[other])}
        assert clash.rule in [rule for _, rule, _ in errors({**post_with(option, None), "options": both})]


def a_slip_names_it(option: Option) -> None:
    slips = [option.name[:-1], option.name.replace("_", "-").title()]
    slips += [option.reads] if option.read_from == "media" and option.reads and option.returned != "same" else []
    for slip in slips:
        said = [f.message for f in check_post(post_with(option, None) | {"options": {slip: at_limit(option)}})]
        assert any(f"'{option.name}'" in message for message in said), slip


def named_by_its_permission(option: Option) -> None:
    given = {option.name: at_limit(option)}
    assert option.scope in needs.of_part(given)
    assert option.scope_source is not None
    guessed = option.scope_source.basis == "guessed"
    assert (option.scope in scopes_needed({"options": given})) is not guessed


def sent_to_threads(option: Option) -> None:
    value = at_limit(option)
    part = part_with(option, value)
    kind = "IMAGE" if part.get("media") else "TEXT"
    media = [{"kind": "image", "url": IMAGE["url"]}] if kind == "IMAGE" else None
    values: dict[str, Any] = {f.name: None for f in fields(PartView)}
    view = PartView(**{**values, "kind": kind, "body": part, "media_urls": media, "children": [], "position": 0})
    sent = params.container_params(view, value if option.name == "reply_to_id" else None)[option.name]
    if isinstance(option.kind, STRUCTURED):
        assert json.loads(sent) == value
    elif isinstance(option.kind, Countries):
        assert sent == ",".join(value)
    else:
        assert sent == ("true" if isinstance(option.kind, Switch) else value)


def described_in_the_api(option: Option) -> None:
    described = post_shape.options_model(vars(post_shape)["TABLE"]).model_json_schema()["properties"][option.name]
    assert described == schema_of(option)
    assert option.about in described["description"]
    assert jsonschema_rs.is_valid(described, at_limit(option))
    assert not jsonschema_rs.is_valid(described, beyond(option)[0])


def form_of(part: DraftPart, n: int = 0) -> str:
    return environment().get_template("compose_options.html").render(
        part=part, n=n, name=f"part-{n}", o=part.options, typed=part.typed, beside={},
        option_groups=draft_options.field_groups(),
    )  # fmt: skip


def filled(page: str) -> dict[str, str]:
    """What a browser would send for these fields."""
    made: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            made[name[1]] = html.unescape(value[1]) if value else ""
    for name_, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        made[name_] = html.unescape(text)
    for name_, choices in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected', choices) or re.search(r'value="([^"]*)"', choices)
        made[name_] = html.unescape(chosen[1]) if chosen else ""
    return made


def offered_in_the_form_and_back(option: Option) -> None:
    stored = draft_options.normal({option.name: at_limit(option)})
    typed = draft_options.say_options(stored, TEXT)
    part = DraftPart(TEXT, (), stored, typed)
    page = form_of(part)
    assert all(f'name="part-0-{control}"' in page for control in draft_options.controls_of(option))
    assert html.escape(option.label) in page
    form = filled(page)
    assert part.kept == form.get("part-0-kept", "") == "", "it is carried along, and has no field"
    assert draft_options.read_options(lambda name: form.get(name, ""), "part-0", TEXT).options == stored
    assert option.noun in draft_options.summary(stored)


def findings_lead_to_its_field(option: Option) -> None:
    path = f"options.{option.name}"
    assert field_words.label_of(path, 1) == option.label
    said = field_words.in_words(finding(path, "needs_media", name=ParameterName(option.name)))
    assert said["way_out"] == f"Leave out “{option.label}”, or add an image or a video."
    control = field_words.control_of(path)
    if option.name in MEDIA_KEYS:
        assert control == "part-0-media"
        return
    assert f'id="{control}"' in form_of(DraftPart(TEXT))
    assert control == f"part-0-{draft_options.controls_of(option)[0]}"
    assert place_of(path) == (0, option.name)


def shown_in_the_preview(option: Option) -> None:
    shown = preview.options_shown({option.name: at_limit(option)})
    assert shown != preview.options_shown({})
    words = [shown.tag, shown.notes, *shown.above, *(card.line for card in shown.cards)]
    if not isinstance(option.kind, STRUCTURED):
        assert in_words(option, at_limit(option)).lower() in " ".join(words).lower()
    # In the templates too, on the page of a post and in the form.
    template = environment().from_string('{% from "parts.html" import hung_on %}{{ hung_on(shown) }}')
    if shown.cards or shown.notes:
        assert re.sub(r"<[^>]+>|\s", "", template.render(shown=shown))


def named_in_the_timeline(option: Option) -> None:
    post = {"account_id": "a", "publish_at": 1.0, "max_lateness": 1.0, "labels": [], "metadata": {}}
    before, after = part_with(option, None), part_with(option, at_limit(option))
    assert changes.what_changed({**post, "parts": [before]}, {**post, "parts": [after]}) == [option.noun]


def asked_about_by_an_assistant(option: Option) -> None:
    target = assistants_consent.PostingAccount("acc_1", "ada", "17841")
    question = assistants_consent.question(post_with(option, at_limit(option)), target)
    assert isinstance(question, str)
    assert option.label in question


@dataclass
class Stage:
    """A sandbox's world without its server: an account that may do everything, and a post to answer or quote."""

    world: World
    call: Call
    root: Post


def stage(**params: Any) -> Stage:
    world = World(DEFAULTS)
    account = world.add_account("ada", geo_gating=True)
    call = Call("POST", "/me/threads", ["me", "threads"], params)
    call.account, call.node, call.now = account, "me", world.now()
    call.token = world.issue_token(account)
    first = create.make_container(world, call, create.Draft("TEXT", {"text": "root"}))
    return Stage(world, call, put_out(world, account, first, call.now))


def value_in_the_sandbox(option: Option, here: Stage) -> Any:
    return here.root.id if isinstance(option.kind, Id) and option.kind.post else at_limit(option)


def published_in_the_sandbox(option: Option) -> tuple[Stage, Post, Any]:
    """The stage, the post with the option, and its value. The option's own table is not what is being judged here."""
    here = stage()
    value = value_in_the_sandbox(option, here)
    url = "" if "TEXT" in option.applies_to else IMAGE["url"]
    wire = option_params({option.name: value}, OptionTable(option))
    here.call.params = {**container_params("IMAGE" if url else "TEXT", text=TEXT, url=url), **wire}
    made = create.draft(here.world, here.call)
    assert not isinstance(made, Reply), made.body
    container = create.make_container(here.world, here.call, made)
    return here, put_out(here.world, here.call.account, container, here.call.now), value


def taken_by_the_sandbox(option: Option) -> None:
    _, post, _ = published_in_the_sandbox(option)
    assert option.name in post.params
    here = stage()
    for value in beyond(option):
        if isinstance(value, dict) and "options" in value:
            continue  # a poll of a wrong shape was published as plain text (seen)
        if isinstance(option.kind, Switch):
            continue  # what is no truth value counts as absent
        if isinstance(option.kind, Choice) and value.lower() in option.kind.values:
            continue  # Threads reads choices in any case
        here.call.params = {
            **container_params("IMAGE" if "TEXT" not in option.applies_to else "TEXT", text=TEXT, url=IMAGE["url"]),
            option.name: value if isinstance(value, str) else json.dumps(value),
        }
        assert isinstance(create.draft(here.world, here.call), Reply), value


def read_back_from_the_sandbox(option: Option) -> None:
    here, post, value = published_in_the_sandbox(option)
    if option.read_from == "answer":
        container = here.world.tables.containers[post.container_id or ""]
        live = create.crossreshare(here.world, container)
    else:
        live = reading.view(here.world, here.call, post, parse_fields(",".join(option.read_as)))
    wanted = returned_as(option, value)
    shown: Any = live[option.reads]
    if isinstance(shown, dict) and shown.keys() == {"data"}:  # as Threads wraps some lists
        shown = shown["data"]
    assert shown == wanted if option.returned != "status" else shown
    assert agrees(option, value, live[option.reads]) is (None if option.compare == "none" else True)


def shown_on_the_sandbox_page(option: Option) -> None:
    here, post, value = published_in_the_sandbox(option)
    shown = feed.facts(here.world, None, {"post": post.id})["posts"][0]
    bare = feed.facts(here.world, None, {"post": here.root.id})["posts"][0]
    if option.name == "reply_to_id":
        assert shown["parent"]["id"] == value
    else:
        assert (shown["options"], shown["parts"]) != (bare["options"], [(shown["text"], False)])


def row_of(option: Option) -> str:
    since = option.since.partition(";")[0]
    return f"| `{option.name}` | {option.about} {limits_of(option)} | {since} | {option.source.basis} |"


def listed_in_the_api_page(option: Option) -> None:
    page = API_PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| [\d-]* \| (?:documented|seen|guessed) \|$", page, re.M)
    assert row_of(option) in page.splitlines(), f"docs/api.md wants this row, in the table's order:\n{row_of(option)}"
    # Of the table as it is now; one whose row is missing is told above, alone.
    known = [name for name in globals()["TABLE"] if name in rows]
    assert rows == known, "docs/api.md lists options in another order than the table, or that are not in it"


# ----------------------------------------------------------------------------------------------------- the consumers


def everything(option: Option) -> bool:
    return True


def for_threads(option: Option) -> bool:
    return option.sent


def in_the_form(option: Option) -> bool:
    return option.name not in MEDIA_KEYS


@dataclass(frozen=True)
class Consumer:
    """A place that uses the table: the module whose ``table`` it reads, and the check that holds it."""

    module: ModuleType
    table: str
    check: Callable[[Option], None]
    of: Callable[[Option], bool] = everything


HERE = __import__("sys").modules[__name__]
CONSUMERS: dict[str, Consumer] = {
    "rules: values": Consumer(rules_options, "TABLE", accepted_at_its_limit),
    "rules: limits": Consumer(rules_options, "TABLE", refused_beyond_it),
    "rules: together": Consumer(
        rules_options, "TABLE", excluded_by_what_excludes_it, lambda option: bool(option.not_with)
    ),
    "rules: slips": Consumer(rules_options, "TABLE", a_slip_names_it),
    "permissions": Consumer(options, "TABLE", named_by_its_permission, lambda option: bool(option.scope)),
    "wire form": Consumer(params, "TABLE", sent_to_threads, for_threads),
    "API description": Consumer(post_shape, "TABLE", described_in_the_api),
    "compose form": Consumer(draft_options, "TABLE", offered_in_the_form_and_back, in_the_form),
    "labels of findings": Consumer(field_words, "TABLE", findings_lead_to_its_field),
    "preview": Consumer(preview, "TABLE", shown_in_the_preview),
    "timeline": Consumer(changes, "TABLE", named_in_the_timeline),
    "assistant's question": Consumer(assistants_consent, "TABLE", asked_about_by_an_assistant),
    "sandbox: create": Consumer(create, "OPTIONS", taken_by_the_sandbox, for_threads),
    "sandbox: read-back": Consumer(
        reading, "OPTIONS", read_back_from_the_sandbox,
        lambda option: bool(option.read_as) and option.read_from == "media",
    ),
    "sandbox: answer": Consumer(
        create, "OPTIONS", read_back_from_the_sandbox, lambda option: option.read_from == "answer"
    ),
    "sandbox: page": Consumer(
        feed, "OPTIONS", shown_on_the_sandbox_page, lambda option: option.sent and option.name != "reply_to_id"
    ),
    "docs/api.md": Consumer(HERE, "TABLE", listed_in_the_api_page),
}  # fmt: skip


def uses() -> Iterator[Any]:
    for place, consumer in CONSUMERS.items():
        for option in TABLE.values():
            if consumer.of(option):
                yield pytest.param(consumer, option, id=f"{place}-{option.name}")


@pytest.mark.parametrize(("consumer", "option"), list(uses()))
def test_the_option_is_used(consumer: Consumer, option: Option) -> None:
    consumer.check(option)


@pytest.mark.parametrize(("consumer", "option"), list(uses()))
def test_a_use_that_is_removed_is_noticed(consumer: Consumer, option: Option, monkeypatch: pytest.MonkeyPatch) -> None:
    table: OptionTable = getattr(consumer.module, consumer.table)
    monkeypatch.setattr(consumer.module, consumer.table, table.without(option.name))
    with pytest.raises((AssertionError, LookupError, reading.UnknownField)):
        consumer.check(option)


KINDS: tuple[Kind, ...] = (
    Switch(), Choice({"warm": "Warm", "cold": "Cold"}, default="warm"), Text(35),
    Text(12, least=1, without="/", mark="~"), Id("a loom", "Look it up."), Address(), Countries(),
    Poll(("option_a", "option_b", "option_c"), most=9), Gif(("TENOR2",)), Spoilers(3), LongText(77),
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("applies_to", [EVERY, TEXT_ONLY, WITH_MEDIA], ids=["every", "text", "media"])
def test_a_new_option_is_one_entry(
    kind: Kind, applies_to: frozenset[MediaType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the fields that every entry has, and nothing else said anywhere, it works in every place."""
    choices = f"{{{','.join(kind.names)}}}" if isinstance(kind, Poll) else ""  # without them Threads returns two
    new = Option(
        name="loom_setting", kind=kind, label="How the loom is set", noun="loom setting", about="How it is set.",
        group="elsewhere", source=Source("guessed", "nobody"), applies_to=applies_to,
        read_as=(f"loom_setting{choices}",), compare="equal", scope="threads_delete",
        scope_source=Source("documented", "nobody"),
    )  # fmt: skip
    for module, table in {(c.module, c.table) for c in CONSUMERS.values() if c.module is not HERE}:
        monkeypatch.setattr(module, table, getattr(module, table).plus(new))
    for place, consumer in CONSUMERS.items():
        if consumer.of(new) and consumer.module is not HERE:
            try:
                consumer.check(new)
            except Exception as wrong:
                raise AssertionError(f"{place}: {wrong}") from wrong


def test_who_reads_the_table_is_a_consumer() -> None:
    """A module that begins to read the table is listed above, or here with its reason."""
    from tests.support.sources import SOURCES

    others = {
        "treadle_threads.options", "treadle_threads.params", "treadle.domain.options",  # the table and its encoder
        "treadle.domain.live_equals",  # what is compared with what is live: tests/treadle/engine/test_live_equals.py
        "treadle.domain.blame",  # which permissions an option needs: tests/treadle/engine/test_options_first.py
        "treadle.domain.rules",  # which names are options, and what stands for a text: held by the rules' own tests
        "treadle.domain.rules_media",  # the one option that a medium has too
        "treadle_sandbox.provenance",  # labels each field that is read: tests/treadle_sandbox/test_sandbox_requests.py
    }  # fmt: skip
    known = {consumer.module.__name__ for consumer in CONSUMERS.values()} | others
    found = set()
    for package in ("treadle", "treadle-threads", "treadle-sandbox"):
        root = SOURCES[package]
        for path in root.rglob("*.py"):
            if re.search(r"^from treadle\w*(\.domain)?\.options import [^#]*?\b(TABLE|OPTIONS)\b",
                         path.read_text(encoding="utf-8"), re.M | re.DOTALL):  # fmt: skip
                found.add(".".join((root.name, *path.relative_to(root).with_suffix("").parts)))
    assert found - known == set()


# --------------------------------------------------------------------------------------------------- the table itself


def test_the_table_names_what_is_there() -> None:
    from treadle_diagnosis.catalog import load
    from treadle_sandbox.model import ALL_SCOPES

    patterns = {pattern.id for pattern in load().patterns} | {""}
    for option in TABLE.values():
        assert option.pattern in patterns
        assert {clash.pattern for clash in option.not_with.values()} <= patterns
        assert option.not_with.keys() <= TABLE.names
        assert option.scope in (*ALL_SCOPES, "")
        assert bool(option.scope) is (option.scope_source is not None)
        assert option.compare == "none" or option.read_as, "nothing returns it"
        assert option.about.endswith(".")
    assert not PARAMETERS.keys() & TABLE.names
    assert rules_options.SET_BY_TREADLE.keys() == PARAMETERS.keys()


def test_what_is_compared_is_told_from_something_else() -> None:
    for option in OPTIONS.values():
        if option.compare == "none":
            continue
        other = {"id": "2"} if option.returned == "id" else "FAILED" if option.returned == "outcome" else "other"
        if option.returned == "status":
            other = ""
        if isinstance(option.kind, Poll):  # what is no poll at all cannot be compared with one
            assert agrees(option, at_limit(option), other) is None
            other = {"option_a": "other"}
        assert agrees(option, at_limit(option), other) is False, option.name
        assert agrees(option, at_limit(option), None) is None, option.name


@pytest.mark.parametrize(
    ("name", "asked", "live", "same"),
    [
        ("text", "One  two\nthree ", "One two three", True),
        ("text", "Cafe\u0301", "Café", True),
        ("text", "One two three", "One two", False),
        ("text", "One two three", "", False),
        ("text", "One two three", None, None),
        ("text", "One #two", "One two", None),
        ("media_type", "CAROUSEL", "CAROUSEL_ALBUM", True),
        ("media_type", "TEXT", "IMAGE", False),
        ("children", ["IMAGE", "VIDEO"], {"data": [{"id": "1"}, {"id": "2", "media_type": "VIDEO"}]}, True),
        (
            "children",
            ["IMAGE", "VIDEO"],
            [{"id": "1", "media_type": "VIDEO"}, {"id": "2", "media_type": "IMAGE"}],
            False,
        ),
        ("children", ["IMAGE", "VIDEO"], {"data": [{"id": "1"}]}, False),
        ("access_token", "x", "y", None),
    ],
)
def test_text_type_and_items_are_held_against_what_is_live(name: str, asked: Any, live: Any, same: bool | None) -> None:
    assert agrees(PARAMETERS[name], asked, live) is same


@pytest.mark.parametrize(
    ("name", "asked", "live"),
    [("topic_tag", "#weaving ", "weaving"), ("topic_tag", "weaving", "#weaving"), ("alt_text", "a  loom\n", "a loom"),
     ("poll_attachment", {"option_a": "yes ", "option_b": "no", "option_c": ""},
      {"option_a": "yes", "option_b": "no"})],
)  # fmt: skip
def test_what_threads_tidies_is_no_difference(name: str, asked: Any, live: Any) -> None:
    assert agrees(OPTIONS[name], asked, live) is True


async def test_a_client_publishes_every_option_and_reads_it_back(threads_sandbox: Any) -> None:
    control = threads_sandbox.control
    token = control.add_account("ada", geo_gating=True)["access_token"]
    async with ThreadsClient(token, base_url=threads_sandbox.url) as client:

        async def publish(params: dict[str, str]) -> tuple[str, dict[str, Any]]:
            made = await client.create_container(params)
            assert isinstance(made, Ok), made
            control.advance(120)
            out = await client.publish(made.value)
            assert isinstance(out, Ok), out
            control.advance(120)
            answers = [answer.answer.body for answer in (made, out)]
            return out.value.id, {k: v for answer in answers if isinstance(answer, dict) for k, v in answer.items()}

        root, _ = await publish(container_params("TEXT", text="root"))
        for option in OPTIONS.values():
            if "TEXT" not in option.applies_to:
                continue  # a picture wants a file host: played without a server above
            value = root if isinstance(option.kind, Id) and option.kind.post else at_limit(option)
            post, answers = await publish(container_params("TEXT", text=TEXT, options={option.name: value}))
            if not option.read_as:
                continue
            live = answers
            if option.read_from == "media":
                read = await client.call("GET", f"/{post}", {"fields": ",".join(option.read_as)}, dict)
                assert isinstance(read, Ok), (option.name, read)
                live = read.value
            assert live[option.reads], option.name
            assert agrees(option, value, live[option.reads]) is not False, option.name


# -------------------------------------------------------------------------------------------------------------- extra


def extra(**values: Any) -> dict[str, Any]:
    return {"account_id": "acc_1", "text": "Hello", "options": {"extra": values}}


def test_what_no_table_knows_passes_and_is_said_to_be_unchecked() -> None:
    body = extra(alt_language="de", brand_new=True)
    found = check_post(body)
    assert [(f.field, f.rule, f.severity) for f in found] == [
        ("options.extra.alt_language", "not_checked", "warning"),
        ("options.extra.brand_new", "not_checked", "warning"),
    ]
    assert all("not checked" in f.message for f in found)
    assert preview.options_shown(body["options"]).unchecked == ("alt_language = de", "brand_new = True")
    values: dict[str, Any] = {f.name: None for f in fields(PartView)}
    view = PartView(**{**values, "kind": "TEXT", "body": body, "children": [], "position": 0})
    assert params.container_params(view, None) == {
        "media_type": "TEXT", "text": "Hello", "alt_language": "de", "brand_new": "true"
    }  # fmt: skip
    question = assistants_consent.question(body, assistants_consent.PostingAccount("acc_1", "ada", "17841"))
    assert isinstance(question, str)
    assert "not checked" in question
    assert "alt_language" in question


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str, str.upper, str.title, lambda name: f" {name}", lambda name: f"{name}[]", lambda name: f"{name}[0]"
)  # fmt: skip


@pytest.mark.parametrize("name", sorted({*PARAMETERS, *TABLE, "auto_publish_text", "method", "suppress_http_code"}))
def test_what_treadle_sets_or_checks_never_passes_as_extra(name: str) -> None:
    for spelt in SPELLINGS:
        found = check_post(extra(**{spelt(name): "1"}))
        assert [f.severity for f in found] == ["error"], spelt(name)
        assert spelt(name) not in option_params({"extra": {spelt(name): "1"}}, TABLE)


def test_extra_parameters_go_through_the_form() -> None:
    stored = {"extra": {"alt_language": "de", "brand_new": {"a": [1, True]}}}
    part = DraftPart(TEXT, (), stored, draft_options.say_options(stored, TEXT))
    page = form_of(part)
    assert "not checked" in page
    form = filled(page)
    assert draft_options.read_options(lambda name: form.get(name, ""), "part-0", TEXT).options == stored
    broken = draft_options.troubles({"extra": "no value"}, TEXT, "options.")
    assert [(f.field, place_of(f.field), field_words.control_of(f.field)) for f in broken] == [
        ("options.extra", (0, "extra"), "part-0-extra")
    ]


@pytest.mark.parametrize("value", ["alt_language=de", ["alt_language"], {f"name_{n}": "x" for n in range(21)}])
def test_extra_of_a_wrong_shape_is_refused(value: Any) -> None:
    found = check_post({"account_id": "acc_1", "text": "Hello", "options": {"extra": value}})
    assert [(f.field, f.severity) for f in found] == [("options.extra", "error")]


def test_a_name_nobody_knows_is_refused_with_the_way_through() -> None:
    (found,) = check_post({"account_id": "acc_1", "text": "Hello", "options": {"zzzzzz": "de"}})
    assert (found.rule, found.severity) == ("unknown_option", "error")
    assert "options.extra.zzzzzz" in found.way_out
