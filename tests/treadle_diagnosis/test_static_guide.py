"""The guide as files: what it is made of, and what it does in a browser without sending anything."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markupsafe import escape

from tests.treadle.web.browsing import axe_script, serious_faults
from treadle_diagnosis import UNKNOWN, diagnose
from treadle_diagnosis.catalog import load
from treadle_diagnosis.contribution import contribution
from treadle_diagnosis.guide import render
from treadle_diagnosis.guide.site import numbers, with_code
from treadle_diagnosis.guide.static import CHANGES, build

ADDRESS = "https://example.org/guide"
SENT = "Nothing is sent"
NOT_FOUND = '{"error":{"message":"The requested resource does not exist","code":24,"error_subcode":4279009}}'
ODD = 'odd thing happened {"error":{"message":"Flurb","code":77777}} access_token=THQVJXsecret123456789'


def colorless(html: str) -> str:
    """A page without the spans that color its code."""
    return re.sub(r'<span class="code-\w+">([^<]*)</span>', r"\1", html)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("static")
    build(directory, base_url=ADDRESS)
    return directory


def text(copy: Path, name: str) -> str:
    return (copy / name).read_text("utf-8")


def test_every_code_leads_to_its_pattern_or_to_the_choice(copy: Path) -> None:
    assert {190, 24, 4279009} <= set(numbers())
    for number in numbers():
        html = text(copy, f"errors/{number}/index.html")
        found = with_code(number)
        for pattern in found:
            assert f'href="../{pattern.id}.html"' in html
        assert ('http-equiv="refresh"' in html) == (len(found) == 1)


@pytest.mark.parametrize("number", [-1, -2, -3])
def test_a_code_below_zero_has_an_address_of_its_own(copy: Path, number: int) -> None:
    assert number in numbers()
    served = render(f"/guide/errors/{number}")
    assert served is not None
    for pattern in with_code(number):
        assert f"{pattern.id}.html" in text(copy, f"errors/{number}/index.html")
        assert served.location.endswith(pattern.id) or f"/guide/errors/{pattern.id}" in served.body


def test_a_short_address_names_where_it_leads_as_the_canonical_one(copy: Path, tmp_path: Path) -> None:
    single = next(number for number in numbers() if len(with_code(number)) == 1)
    there = with_code(single)[0].id
    assert f'<link rel="canonical" href="{ADDRESS}/errors/{there}.html">' in text(copy, f"errors/{single}/index.html")
    build(tmp_path)
    assert f'<link rel="canonical" href="../{there}.html">' in text(tmp_path, f"errors/{single}/index.html")


def test_a_next_step_that_is_a_call_is_shown_as_code_in_three_languages(copy: Path) -> None:
    catalog = load()
    assert {p.sample for p in catalog if p.sample} == set(catalog.samples)
    for pattern in catalog:
        html = text(copy, f"errors/{pattern.id}.html")
        shown = re.findall(r'data-sample="(\w+)"', html)
        assert shown == (["curl", "python", "typescript"] if pattern.sample else [])
        if pattern.sample:
            assert str(escape(catalog.samples[pattern.sample].typescript.strip())) in colorless(html)
    for sample in catalog.samples.values():
        compile(sample.python, sample.key, "exec")


def test_the_sitemap_names_every_page_once_and_the_feed_its_patterns(copy: Path) -> None:
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "a": "http://www.w3.org/2005/Atom"}
    urls = [
        node.text or "" for node in ElementTree.fromstring(text(copy, "sitemap.xml")).iterfind("s:url/s:loc", space)
    ]
    assert len(urls) == len(set(urls)) > len(load())
    for url in urls:
        assert (copy / (url.removeprefix(f"{ADDRESS}/") or "index.html")).is_file()
    entries = ElementTree.fromstring(text(copy, "feed.xml")).findall("a:entry", space)
    assert entries
    assert all((entry.findtext("a:id", "", space)).startswith(f"{ADDRESS}/errors/") for entry in entries)
    assert f"Sitemap: {ADDRESS}/sitemap.xml" in text(copy, "robots.txt")


def test_the_feed_tells_what_changed_since_the_copy_that_was_there(tmp_path: Path) -> None:
    build(tmp_path, base_url=ADDRESS, today=date(2031, 1, 2))
    first = json.loads(text(tmp_path, CHANGES))
    assert first["token_expired"]["since"] == load().get("token_expired").checked  # type: ignore[union-attr]
    first["token_expired"]["digest"] = "as it was"
    del first["container_expired"]
    (tmp_path / CHANGES).write_text(json.dumps(first), "utf-8")
    build(tmp_path, base_url=ADDRESS, today=date(2031, 2, 3))
    second = json.loads(text(tmp_path, CHANGES))
    changed = {name for name, noted in second.items() if noted["since"] == "2031-02-03"}
    assert changed == {"token_expired", "container_expired"}
    newest = re.findall(r"<entry>.*?errors/(\w+)\.html", text(tmp_path, "feed.xml"))[:2]
    assert set(newest) == changed


def test_without_an_address_nothing_names_one(tmp_path: Path) -> None:
    written = build(tmp_path)
    assert not {"sitemap.xml", "feed.xml", "robots.txt"} & set(written)
    assert 'rel="canonical"' not in text(tmp_path, "index.html")
    assert "feed.xml" not in text(tmp_path, "index.html")


def test_only_pages_without_a_server_say_that_nothing_is_sent(copy: Path) -> None:
    assert SENT in text(copy, "index.html")
    for path in ("/guide", "/guide/diagnose", "/guide/errors/190"):
        page = render(path)
        assert page is not None
        assert SENT not in page.body


def test_the_page_of_codes_compares_the_platforms(copy: Path) -> None:
    rows = {row["code"]: row for row in json.loads(text(copy, "codes.json"))["codes"]}
    assert rows[4]["threads"] != rows[4]["facebook"]
    assert 'href="errors/app_request_limit.html"' in text(copy, "codes.html")
    served = render("/guide/codes")
    assert served is not None
    assert "/guide/errors/app_request_limit" in served.body


@pytest.mark.parametrize(
    "given", [ODD, "flurb '''\x07", {"error": {"message": "Flurb's", "code": 77777, "x": "'''"}}, b"odd"]
)
def test_a_contribution_is_toml_without_secrets(given: Any) -> None:
    assert diagnose(given).pattern == UNKNOWN
    written = contribution(given)
    assert "THQVJXsecret123456789" not in written
    (entry,) = tomllib.loads(written)["pattern"]
    (example,) = entry["example"]
    assert example["surface"] == "threads"
    if isinstance(given, dict):
        assert json.loads(example["json"]) == given
        assert entry["match"][0]["code"] == [77777]


class OpenedGuide:
    """A page of the copy, opened from disk, and every request it made."""

    def __init__(self, page: Any, copy: Path) -> None:
        self.page, self.copy = page, copy
        self.requests: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)

    def open(self, name: str) -> None:
        self.page.goto(f"file://{self.copy}/{name}")

    def paste(self, pasted: str, **circumstances: str) -> None:
        self.page.fill("#error", pasted)
        for name, value in circumstances.items():
            self.page.select_option(f"#{name}", value)
        self.page.locator("form[data-local] button").click()

    def shown(self, name: str) -> str:
        return str(self.page.locator(f"[data-show={name}]").inner_text())


@pytest.fixture
def opened(chromium_browser: Any, copy: Path) -> Iterator[OpenedGuide]:
    context = chromium_browser.new_context(viewport={"width": 1280, "height": 900})
    opened = OpenedGuide(context.new_page(), copy)
    yield opened
    context.close()
    assert opened.troubles == []
    assert [url for url in opened.requests if not url.startswith("file://")] == []


@pytest.mark.browser
def test_a_paste_is_diagnosed_in_the_browser_and_nothing_is_asked_for(opened: OpenedGuide) -> None:
    opened.open("index.html")
    before = len(opened.requests)
    opened.paste(NOT_FOUND)
    expected = diagnose(NOT_FOUND)
    assert opened.shown("title") == expected.title
    assert opened.shown("step") == expected.next_step.replace("`", "")
    opened.paste('{"error":{"code":2,"message":"x"}}', stage="publish")
    assert opened.shown("action") == "Check before retrying"
    assert len(opened.requests) == before
    opened.page.locator("[data-show=page]").click()
    opened.page.wait_for_url("**/errors/outcome_unknown.html")


@pytest.mark.browser
def test_an_unknown_answer_becomes_a_contribution_without_its_token(opened: OpenedGuide) -> None:
    opened.open("diagnose.html")
    opened.paste(ODD)
    written = opened.page.locator("[data-show=report]").text_content()
    assert written == contribution(ODD)
    opened.paste("<img src=x onerror=alert(1)> flurb")
    assert opened.page.locator("[data-answer] img").count() == 0
    opened.paste("   ")
    assert opened.shown("title") == "Nothing to diagnose"


@pytest.mark.browser
def test_search_finds_codes_and_words_without_a_server(opened: OpenedGuide) -> None:
    opened.open("search.html?q=4279009")
    page = opened.page
    assert page.locator("[data-find]:visible").count() == len([p for p in load() if p in with_code(4279009)])
    page.fill("#q", "token expired")
    assert page.locator("[data-find]:visible a").first.inner_text()
    page.fill("#q", "zzzz")
    assert page.locator("[data-count]").inner_text() == "0 found"


@pytest.mark.browser
def test_a_short_address_leads_on_and_facts_have_an_age(opened: OpenedGuide) -> None:
    single = next(number for number in numbers() if len(with_code(number)) == 1)
    opened.open(f"errors/{single}/index.html")
    opened.page.wait_for_url(f"**/errors/{with_code(single)[0].id}.html")
    assert re.search(r"\d{4}-\d\d-\d\d \((?:today|\d+ \w+ ago)\)", opened.page.locator("time").last.inner_text())


@pytest.mark.browser
def test_the_colors_chosen_last_as_long_as_they_are_not_changed(opened: OpenedGuide) -> None:
    page = opened.page
    page.emulate_media(color_scheme="light")

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    opened.open("index.html")
    light = paper()
    page.emulate_media(color_scheme="dark")
    dark = paper()
    assert dark != light
    page.locator("[data-theme-button]").click()
    assert paper() == light
    opened.open("errors/container_not_found.html")
    assert paper() == light
    page.locator("[data-theme-button]").click()
    page.emulate_media(color_scheme="light")
    assert paper() == dark
    page.locator("[data-theme-button]").click()
    page.reload()
    assert paper() == light


@pytest.mark.browser
def test_the_language_chosen_is_shown_on_the_next_page_and_its_code_is_copied(opened: OpenedGuide) -> None:
    page, samples = opened.page, load().samples
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.open("errors/container_not_found.html")
    assert page.locator("[data-sample]:visible").count() == 1
    page.locator("[role=tab]:visible", has_text="curl").press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Python"
    opened.open("errors/container_expired.html")
    shown = page.locator("[data-sample]:visible")
    assert shown.get_attribute("data-sample") == "python"
    shown.locator("[data-copy]").click()
    shown.locator("[data-copied]", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == samples["create_container"].python.strip()
    page.locator("[data-copy-link]").click()
    page.locator(".aside [data-copied]", has_text="Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{ADDRESS}/errors/container_expired.html"


@pytest.mark.browser
def test_without_a_script_every_sample_is_there_and_no_button_that_does_nothing(
    chromium_browser: Any, copy: Path
) -> None:
    context = chromium_browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{copy}/errors/container_not_found.html")
    assert page.locator("[data-sample]:visible").count() == 3
    assert page.locator("button:visible").count() == 0
    context.close()


@pytest.mark.browser
def test_a_slash_goes_to_the_search_unless_something_is_written(opened: OpenedGuide) -> None:
    opened.open("errors/container_not_found.html")
    opened.page.keyboard.press("/")
    assert opened.page.evaluate("document.activeElement.name") == "q"
    opened.page.keyboard.type("a/b")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_url("**/search.html?q=a%2Fb")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_axe_finds_nothing_serious(chromium_browser: Any, copy: Path, width: int, scheme: str) -> None:
    context = chromium_browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = OpenedGuide(context.new_page(), copy)
    wrong: list[str] = []
    names = ("index.html", "diagnose.html", "codes.html", "errors/container_not_found.html", "errors/190/index.html")
    for name in names:
        opened.open(name)
        if opened.page.locator("form[data-local]").count():
            opened.paste(ODD if name == "diagnose.html" else NOT_FOUND)
        if opened.page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{name} is wider than {width}")
        wrong += [f"{name}: {fault}" for fault in serious_faults(opened.page, axe_script())]
    context.close()  # axe reads style sheets by itself, which the page's policy refuses: no word on troubles here
    assert not wrong


def test_code_is_colored_and_reads_the_same() -> None:
    from html import unescape

    from treadle_diagnosis.guide.highlight import highlight

    text = '{"code": 24, "message": "a <b> \\" & c", "ok": false}  # ask first\nfor delay in (2, 3): pass'
    shown = str(highlight(text))
    assert unescape(re.sub(r"</?span[^>]*>", "", shown)) == text
    for kind, piece in (("key", "&#34;code&#34;"), ("number", "24"), ("word", "false"), ("word", "for"),
                        ("note", "# ask first")):  # fmt: skip
        assert f'<span class="code-{kind}">{piece}</span>' in shown
    assert "<b>" not in shown
    assert highlight("x" * 30_000) == "x" * 30_000
