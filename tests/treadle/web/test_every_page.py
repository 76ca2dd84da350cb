"""Every page at phone and desktop width, light and dark: nothing overflows, axe-core finds nothing serious."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.treadle.web.browsing import Served, axe_script, browser_page, serious_faults

pytestmark = pytest.mark.browser
PAGES = {
    "home": "/",
    "posts": "/posts",
    "posts-searched": "/posts?q=loom&state=published&sort=-published_at",
    "posts-of-a-day": "/posts?day=2026-11-30&sort=due_at",
    "replace": "/posts/replace?post={scheduled0}&post={video}",
    "post-published": "/posts/{published}",
    "post-blocked": "/posts/{blocked}",
    "post-chain": "/posts/{chain}",
    "post-checking": "/posts/{checking}",
    "post-failed": "/posts/{failed}",
    "post-held": "/posts/{held}",
    "post-draft": "/posts/{draft}",
    "posts-none": "/posts?q=no-post-says-this",
    "compose": "/compose",
    "compose-edit": "/compose?post={chain}",
    "calendar": "/calendar",
    "calendar-month": "/calendar?view=month",
    "calendar-list": "/calendar?view=list",
    "queue": "/queue?account={loom}",
    "components": "/components",
    "replies": "/posts/{published}/replies",
    "library": "/library",
    "accounts": "/accounts",
    "causes": "/causes",
    "insights": "/insights",
    "unknown": "/unknown",
    "webhooks": "/webhooks",
    "webhook": "/webhooks/{webhook}",
    "alerts": "/alerts",
    "keys": "/keys",
    "people": "/people",
    "audit": "/audit",
    "import": "/import",
    "error": "/no-such-page",
    "setup": "/setup",
    "me": "/me",
    "missing": "/posts/pst_none",
    "guide": "/guide",
    "guide-pattern": "/guide/errors/media_host_down",
}
SIZES = {"wide": (1280, "light"), "dark": (1280, "dark"), "phone": (375, "light"), "phone-dark": (375, "dark")}


@pytest.fixture(params=SIZES)
def sized(
    request: pytest.FixtureRequest, chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]
) -> Iterator[tuple[str, Any, dict[str, str]]]:
    served, ids = sample_server
    width, scheme = SIZES[request.param]
    with browser_page(
        chromium_browser,
        served,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    ) as page:
        yield request.param, page, ids


def test_every_page_fits_and_can_be_used_by_everybody(
    sized: tuple[str, Any, dict[str, str]], asked_pictures: Path | None
) -> None:
    size, page, ids = sized
    axe = axe_script()
    wrong: list[str] = []
    for name, address in PAGES.items():
        answer = page.goto(address.format(**ids))
        if answer.status != (404 if name in ("error", "missing") else 200):
            wrong.append(f"{name}: {answer.status}")
        # Only what the wide pages cannot hold: a phone that has to be pushed sideways.
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wrong.append(f"{name} ({size}): {over} px wider than the window")
        wrong += [f"{name} ({size}): {fault}" for fault in serious_faults(page, axe)]
        if asked_pictures:
            page.screenshot(path=asked_pictures / f"{name}-{size}.png", full_page=True)
    assert not wrong, "\n".join(wrong)


def test_the_log_in_and_the_first_page(
    chromium_browser: Any, sample_server: tuple[Served, dict[str, str]], served: Served, pictures: Path
) -> None:
    axe = axe_script()
    page = chromium_browser.new_page()
    first = f"{served.url}/setup?token={served.site.state.first_token}"
    for name, address in (("login", f"{sample_server[0].url}/login"), ("first", first)):
        page.goto(address)
        assert page.get_by_role("heading", level=1).inner_text() == {"login": "Log in"}.get(
            name, "Create the first user"
        )
        assert not serious_faults(page, axe)
        page.screenshot(path=pictures / f"{name}.png")
    page.close()


def test_a_page_can_be_walked_by_keyboard(sized: tuple[str, Any, dict[str, str]]) -> None:
    size, page, _ = sized
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.closest('main') !== null")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert first
    assert outline == "solid", size
