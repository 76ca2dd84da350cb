"""The reference of the API at /docs, and its copy in the documentation, as somebody with a key uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.api_document import api_document
from tests.treadle.web.browsing import Served, browser_page
from treadle.app import DEFAULT_WORKSPACE
from treadle.http.reference import static_site
from treadle.people.keys import create_key

pytestmark = pytest.mark.browser
BLOCK = ".opblock"
PATIENCE_MS = 180_000  # Swagger UI is a large script, and its first drawing takes a slow machine long
COLORS = """() => {
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const rgb = (color) => {
    const probe = document.createElement("i");
    probe.style.color = color;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const shown = (selector, what) => getComputedStyle(document.querySelector(selector))[what];
  return [
    [shown("body", "backgroundColor"), rgb(token("--bg"))],
    [shown(".opblock", "backgroundColor"), rgb(token("--surface"))],
    [shown(".opblock-tag", "color"), rgb(token("--text"))],
    [shown(".btn.authorize", "backgroundColor"), rgb(token("--accent"))],
  ];
}"""


def call(page: Any, path: str) -> Any:
    """The call of this path that is shown."""
    return page.locator(BLOCK, has=page.locator(f'.opblock-summary-path[data-path="{path}"]'))


def test_a_call_is_found_and_tried_in_the_colors_of_the_pages(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]
) -> None:
    served, _ = sample_server
    with served.app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "reference", ["read"], served.app.now())
    with browser_page(chromium_browser, served, logged_in=False, reduced_motion="reduce") as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/docs", wait_until="commit")
        call(page, "/v1/preflight").wait_for()
        colors = {}
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(
                "dark => document.documentElement.matches('.dark-mode') === dark", arg=scheme == "dark"
            )
            colors[scheme] = [shown for shown, _ in page.evaluate(COLORS)]
            assert colors[scheme] == [token for _, token in page.evaluate(COLORS)]
        assert colors["light"] != colors["dark"]
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


def test_the_copy_in_the_documentation_is_searched_without_a_server(chromium_browser: Any, tmp_path: Path) -> None:
    for name, content in static_site(api_document()).items():
        (tmp_path / name).write_bytes(content)
    page = chromium_browser.new_page()
    try:
        page.set_default_timeout(PATIENCE_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tmp_path / "index.html").as_uri(), wait_until="commit")
        call(page, "/v1/preflight").wait_for()
        page.get_by_label("Search calls").fill("preflight")
        found = call(page, "/v1/preflight")
        found.locator(".opblock-summary-control").click()
        found.get_by_text("Example Value").first.wait_for()
        assert found.get_by_role("button", name="Try it out").count() == 0
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    finally:
        page.close()
