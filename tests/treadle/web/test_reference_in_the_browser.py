"""The reference of the API at /docs, and its copy in the documentation, as somebody with a key uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, browser_page
from treadle.app import DEFAULT_WORKSPACE
from treadle.http.reference import static_site
from treadle.http.server import describe
from treadle.people.keys import create_key

pytestmark = pytest.mark.browser
BLOCK = ".opblock"


def call(page: Any, path: str) -> Any:
    """The call of this path that is shown."""
    return page.locator(BLOCK, has=page.locator(f'.opblock-summary-path[data-path="{path}"]'))


def test_a_call_is_found_and_tried_with_a_key(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]
) -> None:
    served, _ = sample_server
    with served.app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "reference", ["read"], served.app.now())
    with browser_page(chromium_browser, served, logged_in=False) as page:
        page.goto("/docs")
        call(page, "/v1/preflight").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("accounts.list")
        page.get_by_text("1 of ").wait_for()
        call(page, "/v1/preflight").wait_for(state="detached")
        listed = call(page, "/v1/accounts")
        listed.locator(".opblock-summary-control").click()
        listed.get_by_role("button", name="Try it out").click()
        listed.get_by_role("button", name="Execute").click()
        answer = listed.locator(".live-responses-table")
        answer.get_by_text("key_missing").first.wait_for()
        page.get_by_role("button", name="Authorize", exact=True).click()
        page.locator(".auth-container input").fill(secret)
        page.locator(".auth-btn-wrapper .authorize").click()
        page.locator(".auth-btn-wrapper .btn-done").click()
        listed.get_by_role("button", name="Execute").click()
        answer.get_by_text("threads_user_id").first.wait_for()
        page.get_by_label("Search calls").fill("nothing_is_named_so")
        page.get_by_text("No call has all of these words.").wait_for()
        listed.wait_for(state="detached")
        assert page.locator(f"{BLOCK}:visible").count() == 0
        assert page.evaluate("Object.keys(localStorage).length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_the_colors_of_the_pages(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]], scheme: str
) -> None:
    served, _ = sample_server
    with browser_page(chromium_browser, served, logged_in=False, color_scheme=scheme) as page:
        page.goto("/docs")
        call(page, "/v1/preflight").wait_for()
        colors = page.evaluate(
            """() => {
              const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
              const rgb = (color) => { const at = document.createElement("i"); at.style.color = color;
                document.body.append(at); const found = getComputedStyle(at).color; at.remove(); return found; };
              const of = (selector, what) => getComputedStyle(document.querySelector(selector))[what];
              return [
                [of("body", "backgroundColor"), rgb(token("--bg"))],
                [of(".opblock", "backgroundColor"), rgb(token("--surface"))],
                [of(".opblock-tag", "color"), rgb(token("--text"))],
                [of(".btn.authorize", "backgroundColor"), rgb(token("--accent"))],
              ];
            }"""
        )
        assert [shown for shown, _ in colors] == [token for _, token in colors]


def test_the_copy_in_the_documentation_is_searched_without_a_server(chromium_browser: Any, tmp_path: Path) -> None:
    for name, content in static_site(describe()).items():
        (tmp_path / name).write_bytes(content)
    page = chromium_browser.new_page()
    try:
        page.set_default_timeout(20_000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "index.html").as_uri())
        call(page, "/v1/preflight").wait_for()
        page.get_by_label("Search calls").fill("preflight")
        found = call(page, "/v1/preflight")
        found.locator(".opblock-summary-control").click()
        found.get_by_text("Example Value").first.wait_for()
        assert found.get_by_role("button", name="Try it out").count() == 0
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    finally:
        page.close()
