"""Choosing posts in the list, in a browser: all of a page, how many, and what is asked before they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.browsing import Served, browser_page
from treadle.store.tables import posts

pytestmark = pytest.mark.browser


@pytest.fixture
def listed(chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]) -> Iterator[Any]:
    """The scheduled posts, in a browser."""
    served, _ = sample_server
    with browser_page(chromium_browser, served) as page:
        page.goto("/posts?state=scheduled")
        yield page


def canceled(served: Served) -> int:
    with served.app.db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).where(posts.c.state == "canceled")).scalar_one())


def test_a_whole_page_is_chosen_and_counted(listed: Any) -> None:
    listed.get_by_label("Select all on this page").check()
    listed.locator("#picked", has_text="6 selected:").wait_for()
    listed.locator(".pick input").first.uncheck()
    listed.locator("#picked", has_text="5 selected:").wait_for()
    assert listed.get_by_label("Select all on this page").evaluate("box => box.indeterminate") is True


def test_stopping_many_can_be_undone(listed: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, _ = sample_server
    for box in listed.locator(".pick input").all()[:2]:
        box.check()
    listed.get_by_role("button", name="Cancel").click()
    listed.get_by_text("Cancel: 2 of 2 done.").wait_for()
    assert canceled(served) == 2
    assert listed.locator(".row").count() == 4  # the filter stands
    listed.get_by_role("button", name="Undo").click()
    listed.get_by_text("Undone for 2 posts.").wait_for()
    assert canceled(served) == 0
    assert listed.locator(".row").count() == 6
