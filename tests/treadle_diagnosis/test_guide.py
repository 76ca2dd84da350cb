"""The guide: every page renders, every link leads somewhere, the box answers."""

from __future__ import annotations

import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from treadle_diagnosis.catalog import load
from treadle_diagnosis.guide import Page, prose, render
from treadle_diagnosis.guide.site import CATEGORY_ICONS, places
from treadle_diagnosis.guide.static import build


class _Links(HTMLParser):
    """Collects addresses, and minds that every element is closed in order."""

    VOID = frozenset(["meta", "link", "input", "br", "img", "hr"])

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.targets += [value for key in ("href", "src", "action") if (value := fields.get(key))]
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.inline += [key for key, _ in attrs if key == "style" or key.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def _page(path: str, form: dict[str, str] | None = None) -> Page:
    page = render(path, form)
    assert page is not None, path
    return page


def _links(html: str) -> _Links:
    parser = _Links()
    parser.feed(html)
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def static_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guide")
    build(directory, base_url="https://example.org/guide")
    return directory


def test_every_page_of_the_server_renders_and_links_to_pages_that_exist() -> None:
    seen: dict[str, bool] = {}
    for place in places():
        page = _page(f"/guide/{place}" if place else "/guide")
        assert page.status == 200
        found = _links(page.body)
        assert len(found.ids) == len(set(found.ids)), place
        assert found.inline == [], f"{place} has inline style or script, which the content policy forbids"
        for target in found.targets:
            if target.startswith("#"):
                assert target[1:] in found.ids, f"{place} links to {target}"
            elif target.startswith("/"):
                path = target.split("#")[0]
                if path not in seen:
                    seen[path] = render(path) is not None
                assert seen[path], f"{place} links to {target}"
            else:
                assert target.startswith("https://"), f"{place} links to {target}"


def test_every_file_of_the_static_copy_links_to_files_that_exist(static_copy: Path) -> None:
    files = {str(p.relative_to(static_copy)) for p in static_copy.rglob("*") if p.is_file()}
    for name in sorted(files):
        if not name.endswith(".html"):
            continue
        found = _links((static_copy / name).read_text("utf-8"))
        for target in found.targets:
            if target.startswith("https://"):
                continue
            if target.startswith("#"):
                assert target[1:] in found.ids, f"{name} links to {target}"
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target.split("#")[0]))
            assert path in files, f"{name} links to {target}"


def test_every_page_has_a_twin_in_json_and_a_title_and_description_of_its_own(static_copy: Path) -> None:
    titles: dict[str, str] = {}
    for path in static_copy.rglob("*.html"):
        if path.parent.name.lstrip("-").isdigit():  # the short address of a number, which leads on
            continue
        html = path.read_text("utf-8")
        assert json.loads(path.with_suffix(".json").read_text("utf-8"))
        title = re.search(r"<title>(.+?)</title>", html)
        description = re.search(r'name="description" content="(.+?)"', html, re.S)
        assert title
        assert description
        assert len(description.group(1)) > 30
        assert titles.setdefault(title.group(1), str(path)) == str(path), title.group(1)
    assert len(titles) > len(load().patterns)


def test_a_pattern_page_says_everything_about_its_pattern() -> None:
    for pattern in load():
        html = _page(pattern.guide).body
        for heading in ("What to do", "What Treadle does", "How to see that it is repaired", "What it looks like"):
            assert heading in html
        twin = json.loads(_page(pattern.guide + ".json").body)
        assert twin["id"] == pattern.id
        assert twin["examples"]


def test_the_index_counts_patterns_and_categories_and_names_the_date() -> None:
    catalog = load()
    html = _page("/guide").body
    assert f"{len(catalog)} patterns in {len(catalog.categories)} categories" in html
    assert catalog.checked in html


def test_every_category_has_an_icon_and_every_pattern_a_way_on() -> None:
    assert {category.slug for category in load().categories} == set(CATEGORY_ICONS)
    areas = _page("/guide").body.partition('class="areas"')[2].partition("</ul>")[0]
    assert areas.count("<svg ") == len(load().categories)
    assert len(set(re.findall(r"<svg.*?</svg>", areas, re.DOTALL))) == len(CATEGORY_ICONS)  # no two look alike
    assert 'Did this help? If not, <a href="/guide/unknown">' in _page("/guide/errors/token_expired").body


def test_prose_links_only_to_what_is_there() -> None:
    catalog = load()
    slugs = {"category": {c.slug for c in catalog.categories}, "page": {p.slug for p in prose.pages()}}
    assert len(prose.pages()) >= 7
    for page in prose.pages():
        for kind, name in page.links():
            known = {p.id for p in catalog} if kind == "pattern" else slugs[kind]
            assert name in known, f"{page.slug} links to {kind}:{name}"


def test_search_works_without_script() -> None:
    html = _page("/guide/search?q=4279009").body
    assert "container_not_found" in html
    assert "token_expired" not in html
    assert "Nothing found" in _page("/guide/search?q=zzzzzz").body


def test_the_box_answers_on_the_page_and_removes_the_token() -> None:
    pasted = (
        '{"error":{"message":"Session has expired","code":190,"error_subcode":463}} access_token=THQVJXsecret123456789'
    )
    page = _page("/guide/diagnose", {"error": pasted})
    assert page.status == 200
    assert "The token has expired" in page.body
    assert "/guide/errors/token_expired" in page.body
    unknown = _page("/guide/diagnose", {"error": "odd thing happened access_token=THQVJXsecret123456789"})
    assert "Not catalogued yet" in unknown.body
    assert "A report, ready to send" in unknown.body
    for shown in (page.body, unknown.body):
        assert "THQVJXsecret123456789" not in shown


@pytest.mark.parametrize("pasted", ["", "   \n", "\x00\x01\x02\x03\x00\x00\x00\x07" * 20])
def test_an_empty_or_binary_paste_is_answered_with_what_to_paste(pasted: str) -> None:
    page = _page("/guide/diagnose", {"error": pasted})
    assert page.status == 422
    assert "Nothing to diagnose" in page.body


def test_pasted_markup_is_shown_as_text() -> None:
    page = _page("/guide/diagnose", {"error": "<script>alert(1)</script> weird"})
    assert "<script>alert" not in page.body


@pytest.mark.parametrize("path", ["/guide/nope", "/guide/errors/nope", "/guide/errors/../x", "/guide/assets/nope.css"])
def test_there_is_no_page_where_none_is(path: str) -> None:
    made = render(path)
    assert made is None or made.status == 404


def test_canonical_addresses_are_written_when_the_public_address_is_known(static_copy: Path) -> None:
    html = (static_copy / "errors" / "token_expired.html").read_text("utf-8")
    assert '<link rel="canonical" href="https://example.org/guide/errors/token_expired.html">' in html
