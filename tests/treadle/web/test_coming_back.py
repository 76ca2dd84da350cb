"""Connecting from the pages, and back to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.support.migrated import migrated_sqlite
from tests.treadle.web.browsing import Served, browser_page
from tests.treadle.web.sample_data import CSRF, SESSION, SampleSite, add_samples, open_session, settings_for
from treadle.app import open_app
from treadle.site import build
from treadle.store.tables import accounts, connect_links, workspaces
from treadle.web.page_request import MESSAGE_COOKIE, SESSION_COOKIE, UNDO_COOKIE
from treadle_sandbox.server import Sandbox


@pytest.mark.parametrize("options", [{}, {"return_addresses": ["https://shop.example/app"]}])
def test_a_link_made_on_the_page_returns_there_and_a_shared_one_does_not(
    sample: SampleSite, options: dict[str, Any]
) -> None:
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options=options))
    sample.client.post(f"/accounts/{sample.ids['mill']}/reconnect", data={"csrf": CSRF})
    sample.client.post("/accounts/connect", data={"csrf": CSRF, "share": "yes"})
    with sample.app.db.read() as conn:
        made = conn.execute(sa.select(connect_links.c.return_url).order_by(connect_links.c.id)).scalars().all()
    assert sorted(made, key=str) == [None, "http://testserver/accounts"]


def test_who_comes_back_is_told_what_is_stored(sample: SampleSite) -> None:
    loom, mill = sample.ids["loom"], sample.ids["mill"]
    well = sample.client.get(f"/accounts?status=connected&account_id={loom}").text
    assert "@loom.and.shuttle is connected." in well
    ill = sample.client.get(f"/accounts?status=connected&account_id={mill}").text
    assert "@old.mill.cafe is connected, but needs attention" in ill
    assert "No account was connected" in sample.client.get("/accounts?status=failed&reason=x").text
    nobody = sample.client.get("/accounts?status=connected&account_id=acc_none").text
    assert 'role="status"' not in nobody


def test_the_pages_of_connecting_have_the_frame_of_the_others(sample: SampleSite) -> None:
    made = sample.client.post("/accounts/connect", data={"csrf": CSRF})
    sample.client.cookies.clear()
    for address in (
        made.headers["location"].removeprefix("http://testserver"),
        "/threads/callback?error=x",
        "/connect/x",
    ):
        answer = sample.client.get(address)
        assert '<p class="brand"><img src="/static/mark.svg"' in answer.text
        assert 'href="/static/pages.css"' in answer.text
        assert answer.text.count("<h1") == 1
        assert "img-src 'self'" in answer.headers["content-security-policy"]


@pytest.fixture
def page(chromium_browser: Any, served: Served) -> Iterator[Any]:
    open_session(served.app)
    with browser_page(chromium_browser, served, timezone_id="Europe/Berlin") as made:
        yield made


def through_the_window(page: Any) -> None:
    page.get_by_role("link", name="Continue to Threads").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/threads/callback"))


@pytest.mark.browser
def test_reconnecting_from_today_leads_back_and_the_blocker_goes(page: Any, served: Served, threads: Sandbox) -> None:
    with served.app.db.begin() as conn:  # a list that does not name this server
        conn.execute(sa.update(workspaces).values(options={"return_addresses": ["https://shop.example/app"]}))
    page.goto("/accounts")
    page.get_by_role("button", name="Connect account").click()
    through_the_window(page)
    page.wait_for_url(re.compile(r"/accounts\?status=connected"))  # by itself
    page.get_by_role("status").get_by_text("@loom.and.shuttle is connected.").wait_for()
    threads.control.revoke("loom.and.shuttle")
    page.goto("/compose")
    page.get_by_label("Text").first.fill("Held up by a dead token.")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#post-state .state", has_text="Blocked").wait_for()
    page.goto("/")
    page.locator("article.need").get_by_role("button", name="Reconnect").click()
    through_the_window(page)
    page.get_by_role("link", name="Go to your accounts").click()
    page.wait_for_url(re.compile(r"/accounts\?status=connected"))
    page.get_by_role("link", name="Home").click()
    page.locator("#home .row", has_text="Held up by a dead token.").locator(".state", has_text="Published").wait_for()
    assert page.locator("article.need").count() == 0
    with served.app.db.read() as conn:
        assert conn.execute(sa.select(accounts.c.health)).scalars().all() == ["active"]


@pytest.mark.parametrize("public_url", ["https://testserver", "http://testserver"])
def test_behind_tls_every_cookie_is_for_tls_alone(tmp_path: Path, public_url: str) -> None:
    settings = settings_for(tmp_path / "data", public_url)
    migrated_sqlite(settings.resolved_database_url)
    app = open_app(settings)
    try:
        open_session(app)
        ids = add_samples(app)
        cookies = {SESSION_COOKIE: SESSION}
        with TestClient(build(app), base_url=public_url, cookies=cookies, follow_redirects=False) as client:
            canceled = client.post(f"/posts/{ids['scheduled0']}/cancel", data={"csrf": CSRF})
    finally:
        app.close()
    set_ = canceled.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in set_} >= {MESSAGE_COOKIE, UNDO_COOKIE}
    assert {"; secure" in cookie.lower() for cookie in set_} == {public_url.startswith("https")}
