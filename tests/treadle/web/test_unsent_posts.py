"""What is written in Compose survives leaving the page, and a calendar of a phone shows days to write for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, browser_page
from tests.treadle.web.sample_data import SESSION
from treadle.web.page_request import SESSION_COOKIE

pytestmark = pytest.mark.browser
TEXT = "A post that nobody sent yet."


@pytest.fixture
def page(chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]) -> Iterator[Any]:
    served, _ = sample_server
    with browser_page(chromium_browser, served, reduced_motion="reduce") as made:
        yield made


def write(page: Any, text: str = TEXT) -> None:
    page.locator("#part-0-text").fill(text)


def kept(page: Any) -> int:
    return int(page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('treadle-unsent:')).length"))


def accept_and_note(page: Any, asked: list[str]) -> None:
    """Leave wherever the browser asks; ``asked`` takes the kinds of its questions."""

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)


def test_leaving_asks_and_coming_back_restores(page: Any) -> None:
    asked: list[str] = []
    accept_and_note(page, asked)
    page.goto("/compose")
    page.locator("#part-0-text").click()
    write(page)
    page.get_by_role("link", name="Posts", exact=True).click()
    page.wait_for_url("**/posts")
    assert asked == ["beforeunload"]
    page.goto("/compose")
    page.get_by_text("We restored your unsaved changes.").wait_for()
    assert page.locator("#part-0-text").input_value() == TEXT
    page.locator("[data-discard]").click()
    page.wait_for_url("**/compose")
    assert page.locator("#part-0-text").input_value() == ""
    assert kept(page) == 0
    assert asked == ["beforeunload"]


def test_parts_and_options_are_restored_too(page: Any) -> None:
    page.goto("/compose")
    page.locator("#part-0-text").fill(TEXT)
    page.get_by_role("button", name="Add to thread").click()
    page.locator("#part-1-text").fill("The second part")
    page.locator("#labels").evaluate(
        "field => { field.value = 'a, b'; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    page.goto("/posts")
    page.goto("/compose")
    page.get_by_text("We restored your unsaved changes.").wait_for()
    assert page.locator("#part-1-text").input_value() == "The second part"
    assert page.locator("#labels").input_value() == "a, b"


def test_a_post_that_was_taken_is_not_kept(page: Any) -> None:
    page.goto("/compose")
    write(page)
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/posts/pst_*")
    assert kept(page) == 0
    page.goto("/compose")
    assert page.locator("#part-0-text").input_value() == ""


def test_a_post_that_was_refused_stays_kept(page: Any) -> None:
    page.goto("/compose")
    write(page, "x" * 600)
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#check .to-fix").wait_for()
    page.goto("/posts")
    assert kept(page) == 1


def test_each_post_has_its_own(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    _, ids = sample_server
    page.goto(f"/compose?post={ids['draft']}")
    write(page, "Changed and not saved")
    page.goto("/compose")
    assert page.locator("#part-0-text").input_value() == ""
    page.goto(f"/compose?post={ids['draft']}")
    page.get_by_text("We restored your unsaved changes.").wait_for()
    assert page.locator("#part-0-text").input_value() == "Changed and not saved"


def test_a_form_opened_for_something_else_only_offers_it(page: Any) -> None:
    page.goto("/compose")
    write(page)
    page.goto("/compose?at=2031-05-05T10:00")
    assert page.locator("#at").input_value() == "2031-05-05T10:00"
    page.get_by_role("button", name="Restore").click()
    page.get_by_text("We restored your unsaved changes.").wait_for()
    assert page.locator("#part-0-text").input_value() == TEXT


def test_a_form_nobody_wrote_in_is_left_without_a_question(page: Any) -> None:
    asked: list[str] = []
    accept_and_note(page, asked)
    page.goto("/compose")
    page.locator("#part-0-text").click()
    page.get_by_role("link", name="Posts", exact=True).click()
    page.wait_for_url("**/posts")
    assert not asked
    assert kept(page) == 0


# ------------------------------------------------------------------------------------------------------------- times


def test_choosing_a_time_begins_with_a_good_one(page: Any) -> None:
    page.goto("/compose")
    page.locator("#part-0-text").fill(TEXT)
    with page.expect_response("**/compose/check"):
        page.get_by_label("Pick a time").check()
    assert page.locator("#at").input_value().endswith(":00")
    assert page.locator("#at-findings li").count() == 0
    with page.expect_response("**/compose/check"):
        page.locator("#at").fill("")
    page.locator("#at-findings").get_by_text("Choose a date and time.").wait_for()
    assert page.locator("#at[aria-invalid]").count() == 0
    with page.expect_response("**/compose/check"):
        page.locator("#at").fill("2020-01-01T09:00")
    page.locator("#at-findings").get_by_text("This time is in the past. Pick a later one.").wait_for()


# ---------------------------------------------------------------------------------------------------------- calendar


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_calendar_of_a_phone_offers_every_day(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]], scheme: str, pictures: Path
) -> None:
    served, _ = sample_server
    options: dict[str, Any] = {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    with browser_page(chromium_browser, served, **options) as page:
        page.goto("/calendar?month=2031-05")  # nothing is scheduled then
        assert page.locator(".calendar .day-add:visible").count() == 31
        box = page.locator(".day-add").nth(5).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=pictures / f"calendar-phone-{scheme}.png")
        page.locator(".day-add:visible").nth(4).click()
        page.wait_for_url("**/compose?at=2031-05-0*")
        page.goto("/calendar")
        assert page.locator(".agenda .day-add:visible").count() >= 1


@pytest.mark.parametrize("edited", [False, True])
def test_who_logs_in_again_is_back_at_what_they_wrote(
    page: Any, sample_server: tuple[Served, dict[str, str]], edited: bool
) -> None:
    served, ids = sample_server
    address = f"/compose?post={ids['draft']}" if edited else "/compose"
    page.goto(address)
    write(page)
    # This page answers a button: it has the address of the form, not the one that was opened.
    page.get_by_role("button", name="Add to thread").click()
    page.locator("#part-1-text").fill("The second part")
    page.context.clear_cookies()
    page.get_by_role("button", name="Add to thread").click()
    page.wait_for_url(lambda url: "/login?next=" in url)
    # Whoever logs in goes where this page leads somebody who is logged in.
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": SESSION, "url": served.url}])
    page.reload()
    page.wait_for_url(lambda url: "/login" not in url)
    page.get_by_text("We restored your unsaved changes.").wait_for()
    assert page.locator("#part-0-text").input_value() == TEXT
    assert page.locator("#part-1-text").input_value() == "The second part"
    assert page.url == f"{served.url}{address}"
