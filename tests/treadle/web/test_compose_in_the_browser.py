"""The form of Compose in a real browser: marking phrases, findings beside their fields, room at every width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, axe_script, browser_page, serious_faults

pytestmark = pytest.mark.browser
TEXT = "The cat dies. The cat lives. The end."
SIZES = {"wide": 1280, "tablet": 768, "phone": 375}
SELECT = "([id, begin, end]) => document.getElementById(id).setSelectionRange(begin, end)"
OPEN_ALL = "document.querySelectorAll('#compose details').forEach(box => { box.open = true; })"


@pytest.fixture
def page(chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]) -> Iterator[Any]:
    """An empty form; script errors and refusals of the content policy fail the test."""
    served, _ = sample_server
    with browser_page(chromium_browser, served, reduced_motion="reduce") as made:
        made.goto("/compose")
        yield made


def choose(page: Any, field: str, begin: int, end: int) -> None:
    page.evaluate(SELECT, [field, begin, end])


def test_what_is_selected_becomes_a_spoiler(page: Any) -> None:
    page.locator("#part-0-text").fill(TEXT)
    page.locator("#part-0-options > summary").click()
    hide = page.get_by_role("button", name="Hide the selected text")
    second = TEXT.rindex("The cat")
    choose(page, "part-0-text", second, second + len("The cat"))
    hide.click()
    choose(page, "part-0-text", TEXT.index("dies"), TEXT.index("dies") + 4)
    hide.click()
    hide.click()  # said once is enough
    assert page.locator("#part-0-spoilers").input_value().split("\n") == ["The cat ×2", "dies"]
    page.locator("#check .thread-text .spoiler").nth(1).wait_for()
    assert page.locator("#check .thread-text .spoiler").all_inner_texts() == ["dies", "The cat"]


def test_what_is_selected_in_the_longer_text_is_formatted(page: Any) -> None:
    page.locator("#part-0-text").fill("More below.")
    page.locator("#part-0-options > summary").click()
    page.locator("#part-0-longer > summary").click()
    page.locator("#part-0-long_text").fill("Warp and weft make cloth.")
    for style in ("Bold", "Italic"):
        choose(page, "part-0-long_text", 0, len("Warp"))
        page.get_by_role("button", name=style, exact=True).click()
    assert page.locator("#part-0-long_styles").input_value() == "italic bold: Warp"
    page.locator("#check .style-bold.style-italic", has_text="Warp").wait_for()


def test_a_finding_stands_beside_its_field_and_goes_when_it_is_repaired(page: Any) -> None:
    page.locator("#part-0-text").fill("Which warp?")
    page.locator("#part-0-options > summary").click()
    field = page.locator("#part-0-countries")
    field.fill("Germany")
    findings = page.locator("#part-0-allowlisted_country_codes-findings li")
    findings.first.wait_for()
    assert field.get_attribute("aria-invalid") == "true"
    assert findings.first.inner_text().strip()
    # Closed by hand, it opens by itself when something in it stops the post.
    page.locator("#part-0-options > summary").click()
    page.locator("#part-0-text").fill("Which warp is it?")
    page.locator("#part-0-options[open]").wait_for()
    field.fill("DE")
    findings.first.wait_for(state="detached")
    assert field.get_attribute("aria-invalid") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_with_everything_open_it_fits_and_can_be_used_by_everybody(
    page: Any, size: str, scheme: str, pictures: Path
) -> None:
    axe = axe_script()
    page.set_viewport_size({"width": SIZES[size], "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(OPEN_ALL)
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.screenshot(path=pictures / f"compose-options-{size}-{scheme}.png", full_page=True)
    assert over <= 0, f"{over} px wider than the window"
    assert serious_faults(page, axe) == []


@pytest.mark.parametrize("size", SIZES)
def test_a_longer_text_alone_is_shown_and_can_be_used_by_everybody(page: Any, size: str, pictures: Path) -> None:
    axe = axe_script()
    page.set_viewport_size({"width": SIZES[size], "height": 800})
    page.locator("#part-0-options > summary").click()
    page.locator("#part-0-longer > summary").click()
    page.locator("#part-0-long_text").fill("Warp and weft make cloth. " * 60)
    assert page.locator("#part-0-long-count").inner_text() == "1560 of 10000"
    if SIZES[size] < 1024:  # where the window has no room for it beside the text
        page.get_by_text("Preview", exact=True).first.click()
        assert not page.locator("#part-0-text").is_visible()
    page.locator("#check .long-card").wait_for()
    page.screenshot(path=pictures / f"compose-longer-{size}.png", full_page=True)
    assert serious_faults(page, axe) == []


@pytest.mark.parametrize("size", SIZES)
def test_a_chain_counts_each_part_and_is_mended_by_keyboard(page: Any, size: str) -> None:
    page.set_viewport_size({"width": SIZES[size], "height": 800})
    page.get_by_role("button", name="Add to thread").press("Enter")
    page.locator("#part-1-text:focus").wait_for()
    page.locator("#part-0-text").fill("The first part.")
    page.locator("#part-1-text").focus()
    page.keyboard.insert_text("x" * 497 + "🧵")
    assert page.locator("#part-1-count").inner_text() == "501 of 500"  # an emoji counts as its four bytes
    page.locator("#part-1-options > summary").press("Enter")
    page.locator("#part-1-link_attachment").fill("no link")
    way = page.locator(".to-fix a", has_text="Part 2, Link shown as a card")
    way.wait_for()
    box = page.get_by_role("button", name="Publish", exact=True).bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 800 - box["height"], "Publish is in the window wherever one is"
    page.locator("#part-1-options > summary").press("Enter")
    way.press("Enter")
    page.locator("#part-1-link_attachment:focus").wait_for()
