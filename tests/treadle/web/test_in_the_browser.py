"""The pages as a person uses them, in a real browser, against the real server and a sandbox of Threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, browser_page
from treadle.media.samples import picture, wrong_codec_video
from treadle_sandbox.server import Sandbox

pytestmark = pytest.mark.browser
PASSWORD = "seven shuttles in a row"


@pytest.fixture
def page(chromium_browser: Any, served: Served) -> Iterator[Any]:
    """A page whose script errors fail the test."""
    options = {"timezone_id": "Europe/Berlin", "locale": "en-GB"}
    with browser_page(chromium_browser, served, logged_in=False, **options) as made:
        yield made


def begin(page: Any, served: Served) -> None:
    """The first user of a new server, with the address that it printed."""
    page.goto(f"/setup?token={served.site.state.first_token}")
    page.get_by_label("Email").fill("mara@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create user").click()
    page.get_by_role("heading", name="Setup", exact=True).wait_for()


def connect(page: Any) -> None:
    """Through the sandbox's authorization window and back."""
    page.goto("/accounts")
    page.get_by_role("button", name="Connect account").click()
    through_the_window(page)


def through_the_window(page: Any) -> None:
    page.get_by_role("link", name="Continue to Threads").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile(r"/accounts\b"))
    page.get_by_text("Connected", exact=True).wait_for()


def test_a_wrong_video_is_found_repaired_and_published(
    page: Any, served: Served, threads: Sandbox, tmp_path: Path, pictures: Path
) -> None:
    begin(page, served)
    connect(page)
    page.get_by_role("link", name="New post").click()
    page.get_by_label("Text", exact=True).fill("The big loom, two seconds of it.")
    video = wrong_codec_video(tmp_path / "loom.mp4")
    page.get_by_label("Upload images or videos").set_input_files(video)
    page.locator(".media-item .findings li").first.wait_for()
    assert "MPEG4" in page.locator(".media-item .findings").inner_text()
    page.screenshot(path=pictures / "compose-finding.png", full_page=True)
    page.get_by_role("button", name="Repair file").click()
    page.locator(".compare").wait_for()
    row = page.locator(".compare tr", has=page.get_by_role("rowheader", name="Picture")).inner_text()
    assert "H.264" in row
    assert "MPEG4" in row
    page.screenshot(path=pictures / "compose-repaired.png", full_page=True)
    assert page.get_by_label("Text", exact=True).input_value() == "The big loom, two seconds of it."
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#post-state .state", has_text="Published").wait_for()
    assert page.locator(".waterfall .lane-name").count() >= 3
    page.wait_for_function("document.querySelector('.thread video').readyState >= 1")
    found = page.locator("details.raw", has=page.locator("summary", has_text="Details")).first
    found.locator("summary").click()
    assert '"h264"' in found.locator("pre").inner_text()
    page.screenshot(path=pictures / "post-real.png", full_page=True)
    page.goto(f"{threads.url}/_sandbox")
    page.get_by_text("The big loom, two seconds of it.").wait_for()
    [live] = threads.control.posts("loom.and.shuttle")
    assert live["text"] == "The big loom, two seconds of it."


def test_a_revoked_account_blocks_and_reconnecting_lets_its_posts_go(
    page: Any, served: Served, threads: Sandbox
) -> None:
    begin(page, served)
    connect(page)
    threads.control.revoke("loom.and.shuttle")
    page.goto("/compose")
    page.get_by_label("Text", exact=True).fill("Held up by a dead token.")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#post-state .state", has_text="Blocked").wait_for()
    raw = page.locator("details.raw", has=page.locator("summary", has_text="Raw answer")).last
    assert '"code": 190' in raw.locator("pre").first.inner_text()
    page.goto("/")
    need = page.locator("article.need", has=page.get_by_role("button", name="Reconnect")).first
    assert "1 post is waiting" in need.inner_text()
    assert "Publishes 1 post" in need.inner_text()
    need.get_by_role("button", name="Reconnect").click()
    through_the_window(page)
    page.goto("/")
    # Its row has its state, or its views and likes once those were read.
    lately = page.locator("section[aria-labelledby=published] .row", has_text="Held up by a dead token.")
    lately.wait_for()
    assert page.get_by_role("button", name="Reconnect").count() == 0
    assert [post["text"] for post in threads.control.posts("loom.and.shuttle")] == ["Held up by a dead token."]


def test_the_state_of_a_post_changes_while_it_is_looked_at(page: Any, served: Served, threads: Sandbox) -> None:
    begin(page, served)
    connect(page)
    threads.control.fault("status", delay_s=1.5, times=2)
    page.goto("/compose")
    page.get_by_label("Text", exact=True).fill("Watch me go.")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#post-state").wait_for()
    page.evaluate("window.stillTheSamePage = true")
    page.locator("#post-state .state", has_text="Published").wait_for()
    assert page.evaluate("window.stillTheSamePage") is True


def test_everything_works_without_script(
    chromium_browser: Any, served: Served, threads: Sandbox, tmp_path: Path
) -> None:
    with browser_page(chromium_browser, served, logged_in=False, java_script_enabled=False) as page:
        begin(page, served)
        connect(page)
        page.goto("/compose")
        page.get_by_label("Text", exact=True).fill("First part, without script.")
        page.get_by_label("Upload images or videos").set_input_files(picture(tmp_path / "cloth.jpg"))
        page.get_by_role("button", name="Add to thread").click()
        assert "cloth.jpg" in page.locator(".media-item").inner_text()
        page.locator("#part-1-text").fill("Second part.")
        page.get_by_role("button", name="Check", exact=True).click()
        assert page.locator("#part-1-text").input_value() == "Second part."
        assert "Ready to publish" in page.locator(".verdict").inner_text()
        page.get_by_role("button", name="Publish", exact=True).click()
        for _ in range(60):
            if page.locator("#post-state .state", has_text="Published").count():
                break
            page.wait_for_timeout(500)
            page.reload()
        assert page.locator("#post-state .state", has_text="Published").count() == 1
        texts = [post["text"] for post in threads.control.posts("loom.and.shuttle")]
        assert texts == ["First part, without script.", "Second part."]
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="Log in").wait_for()


def test_findings_come_as_one_types(page: Any, served: Served) -> None:
    begin(page, served)
    connect(page)
    page.goto("/compose")
    page.get_by_label("Text", exact=True).fill("x" * 501)
    page.locator("#part-0-text-findings li").first.wait_for()
    assert page.locator("#part-0-text-count, #part-0-count").first.inner_text().startswith("501")
    assert "to fix" in page.locator(".verdict").inner_text()
    page.get_by_label("Text", exact=True).fill("Short enough.")
    page.locator(".verdict", has_text="Ready to publish").wait_for()
    assert page.locator("#part-0-text-findings li").count() == 0
    page.get_by_label("Pick a time").check()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Date and time").fill("2027-03-28T02:30")
    page.locator("[id$=-findings]", has_text="doesn't exist").wait_for()


TEXTS = (
    "plain ascii",
    "Grüße aus Köln, drei Zeilen\n\nund noch eine",
    "an emoji 🧵 and a family 👨‍👩‍👧‍👦",
    "flags 🇩🇪🇫🇷 keycaps 1️⃣#️⃣ skin 👍🏽",
    "汉字とかな한글",
    "heart ❤ and heart ❤️, check ✔ and ✔️",
    "combining é ñ and zalgo ẑ̴̧",
    "©®™ are pictures only when asked: ©️",
)


def test_the_count_in_the_browser_is_that_of_the_server(page: Any, served: Served) -> None:
    begin(page, served)
    connect(page)
    page.goto("/compose")
    here = [page.evaluate("text => window.treadleCount(text)", text) for text in TEXTS]
    there = page.evaluate(
        """async texts => {
          const body = new FormData();
          texts.forEach(text => body.append("text", text));
          const csrf = document.getElementById("compose").elements.csrf.value;
          const answer = await fetch("/compose/count", {method: "POST", body, headers: {"X-CSRF-Token": csrf}});
          return (await answer.json()).counts;
        }""",
        list(TEXTS),
    )
    assert here == there


def test_the_guide_explains_a_pasted_answer(page: Any, served: Served) -> None:
    page.goto("/guide")
    box = page.locator("form.ask textarea").first
    box.fill('{"error": {"message": "Error validating access token", "code": 190, "error_subcode": 460}}')
    box.locator("xpath=ancestor::form").get_by_role("button").first.click()
    page.locator(".answer").first.wait_for()
    assert "password" in page.locator(".answer").first.inner_text().lower()
