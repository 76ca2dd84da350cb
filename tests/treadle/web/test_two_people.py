"""Two people in one workspace at the same time, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, browser_page
from tests.treadle.web.sample_data import CSRF
from treadle.app import DEFAULT_WORKSPACE
from treadle.people.digests import digest
from treadle.store import users
from treadle.store.users import UserRow
from treadle.web.page_request import SESSION_COOKIE

pytestmark = pytest.mark.browser
IVO = "a-second-session-of-the-tests"


@pytest.fixture
def two(chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]) -> Iterator[tuple[Any, Any]]:
    """Mara, who owns the workspace, and Ivo, an editor."""
    served, _ = sample_server
    now = served.app.now()
    with served.app.db.begin() as conn:
        row = UserRow("usr_ivo", DEFAULT_WORKSPACE, "ivo@example.org", "-", "UTC", now)
        users.insert(conn, row, "editor")
        users.insert_session(conn, token_hash=digest(IVO), user_id=row.id, csrf=CSRF, now=now, expires_at=now + 9_999)
    with ExitStack() as closing:
        mara = closing.enter_context(browser_page(chromium_browser, served))
        ivo = closing.enter_context(browser_page(chromium_browser, served, logged_in=False))
        ivo.context.add_cookies([{"name": SESSION_COOKIE, "value": IVO, "url": served.url}])
        yield mara, ivo


def text_of(page: Any) -> Any:
    return page.get_by_label("Text", exact=True).first


def test_two_people_work_on_one_post(two: tuple[Any, Any], sample_server: tuple[Served, dict[str, str]]) -> None:
    mara, ivo = two
    post = sample_server[1]["scheduled5"]
    # Both have it open for editing; Mara is first.
    for page in two:
        page.goto(f"/compose?post={post}")
    text_of(mara).fill("Mara's version.")
    text_of(ivo).fill("Ivo's version.")
    mara.get_by_role("button", name="Save", exact=True).click()
    mara.get_by_role("heading", name="Mara's version.").wait_for()
    # Ivo is told, and loses nothing.
    ivo.get_by_role("button", name="Save", exact=True).click()
    ivo.get_by_text("Someone else changed this post while you were editing.").first.wait_for()
    assert text_of(ivo).input_value() == "Ivo's version."
    # He decides for his own; Mara sees it without loading the page again.
    ivo.get_by_role("button", name="Save", exact=True).click()
    ivo.get_by_role("heading", name="Ivo's version.").wait_for()
    mara.get_by_role("heading", name="Ivo's version.").wait_for()
    timeline = mara.locator("#post-timeline").inner_text()
    assert "mara@example.org" in timeline
    assert "ivo@example.org" in timeline
    # What one cancels is canceled for the other, who can still take it back.
    ivo.get_by_role("button", name="Cancel", exact=True).click()
    mara.locator("#post-state .state", has_text="Canceled").wait_for()
    ivo.get_by_role("button", name="Undo").click()
    mara.locator("#post-state .state", has_text="Scheduled").wait_for()


def test_each_sees_what_their_role_allows(two: tuple[Any, Any]) -> None:
    mara, ivo = two
    for page in two:
        page.goto("/accounts")
    assert mara.get_by_role("button", name="Connect account").count() == 1
    assert ivo.get_by_role("button", name="Connect account").count() == 0
    assert ivo.get_by_role("link", name="API keys").count() == 0
