"""Writing, planning and undoing as people do it: a queue, a calendar one drags on, a thread made of a long text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.browsing import Served, axe_script, browser_page, serious_faults
from treadle.media.samples import picture
from treadle.store.tables import parts, posts

pytestmark = pytest.mark.browser
PASTE = """([bytes, name, kind]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: kind }));
  const area = document.getElementById("part-0-text");
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def page(chromium_browser: Any, sample_server: tuple[Served, dict[str, str]]) -> Iterator[Any]:
    served, _ = sample_server
    options: dict[str, Any] = {
        "viewport": {"width": 1440, "height": 1000},
        "reduced_motion": "reduce",
        "timezone_id": "Europe/Berlin",
    }
    with browser_page(chromium_browser, served, **options) as made:
        yield made


def rows(served: Served, *columns: Any, **where: Any) -> list[Any]:
    with served.app.db.read() as conn:
        query = sa.select(*columns).where(*(posts.c[name] == value for name, value in where.items()))
        return list(conn.execute(query.order_by(posts.c.created_at)))


def test_a_queue_is_set_up_filled_and_changed(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, ids = sample_server
    page.goto(f"/queue?account={ids['dye']}")
    page.get_by_role("button", name="Weekdays at 9 AM and 5 PM").click()
    page.get_by_text("Slots saved.").wait_for()
    page.locator(".slot", has=page.locator('[value="mon 17:00"]')).click()
    page.get_by_role("button", name="Save slots").click()
    page.get_by_text("Slots saved.").wait_for()
    assert page.locator('[name="slot"]:checked').count() == 9
    first = page.locator(".queue-free time").first.inner_text()
    for text in ("The first of two.", "The second of two."):
        page.get_by_role("link", name="Add to queue").click()
        page.locator("#part-0-text").fill(text)
        page.get_by_role("button", name="Add to queue").click()
        page.wait_for_url("**/posts/pst_*")
        page.goto(f"/queue?account={ids['dye']}")
    assert page.locator(".queue-post .row-text").all_inner_texts() == ["The first of two.", "The second of two."]
    assert page.locator(".queue-post time").first.inner_text() == first
    assert not serious_faults(page, axe_script())
    page.locator(".queue-post .popup summary").first.click()
    page.get_by_role("button", name="Move later").first.click()
    page.get_by_text("Moved to").wait_for()
    assert page.locator(".queue-post .row-text").all_inner_texts() == ["The second of two.", "The first of two."]
    page.keyboard.press("Control+z")
    page.get_by_text("Undone for 2 posts.").wait_for()
    assert page.locator(".queue-post .row-text").all_inner_texts() == ["The first of two.", "The second of two."]
    page.get_by_role("button", name="Pause queue").click()
    page.get_by_text("Queue paused. 2 posts are waiting.").wait_for()
    assert {row.account_id for row in rows(served, posts.c.account_id, state="scheduled")} >= {ids["dye"]}


def test_a_post_is_dragged_to_another_time_and_back(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, ids = sample_server
    due = sa.select(posts.c.due_at).where(posts.c.id == ids["scheduled0"])

    def at() -> float:
        with served.app.db.read() as conn:
            return float(conn.execute(due).scalar_one())

    before = at()
    page.goto("/calendar?view=month&day=2031-05-01")
    assert page.locator(".calendar .post-card").count() == 0
    page.goto(f"/calendar?view=list&account={ids['loom']}")
    assert page.locator(f'.agenda [data-drag="{ids["scheduled0"]}"]').count() == 1
    page.set_viewport_size({"width": 1440, "height": 2600})  # all of the week: nothing scrolls while it is dragged
    page.goto("/calendar")
    card, target = page.locator(f'.week [data-drag="{ids["scheduled0"]}"]'), page.locator(".week td[data-drop]").last
    wanted = float(target.get_attribute("data-drop"))
    card.drag_to(target)
    page.locator("[data-toast]", has_text="Moved to").wait_for()
    assert at() == wanted
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    page.wait_for_load_state()  # the page is there before its script listens
    assert at() == pytest.approx(before)
    # The same without a pointer.
    page.locator(f'.week [data-drag="{ids["scheduled0"]}"] a').press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("[data-toast]", has_text="Moved to").wait_for()
    assert at() != before
    assert not serious_faults(page, axe_script())


def test_a_long_text_becomes_a_thread_for_two_accounts(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, ids = sample_server
    before = {row.id for row in rows(served, posts.c.id)}
    page.goto("/compose")
    page.locator("#part-0-text").fill("This is a sentence of a long text. " * 20)
    page.get_by_role("button", name="Split and number").click()
    page.locator("#part-1-text").wait_for()
    texts = [area.input_value() for area in page.locator("textarea[data-count]").all()]
    assert [text[-3:] for text in texts] == ["1/2", "2/2"]
    assert all(text[:-5].endswith("text.") for text in texts)
    page.locator(".pill", has_text="loom.and.shuttle").click()
    page.get_by_text("Next slot").click()
    page.get_by_text("This account has no free slot.").wait_for()
    page.get_by_text("Pick a time").click()
    page.locator("#at").fill("2020-01-01T09:00")
    page.locator("#at-findings").get_by_text("This time is in the past. Pick a later one.").wait_for()
    page.get_by_role("button", name="Schedule").click()
    page.locator(".to-fix", has_text="This time is in the past.").wait_for()
    assert {row.id for row in rows(served, posts.c.id)} == before
    page.locator("#at").fill("2040-01-02T09:00")
    assert not serious_faults(page, axe_script())
    page.keyboard.press("Control+Enter")
    page.get_by_text("2 posts scheduled, one for each account.").wait_for()
    made = [row for row in rows(served, posts.c.id, posts.c.account_id, state="scheduled") if row.id not in before]
    assert {row.account_id for row in made} == {ids["dye"], ids["loom"]}
    with served.app.db.read() as conn:
        for row in made:
            kept = conn.execute(sa.select(parts.c.body).where(parts.c.post_id == row.id).order_by(parts.c.position))
            assert [body["text"] for body in kept.scalars()] == texts


def test_each_of_two_accounts_gets_a_text_of_its_own(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, ids = sample_server
    before = {row.id for row in rows(served, posts.c.id)}
    page.goto("/compose")
    adjust = page.get_by_role("button", name="Adjust each")
    assert not adjust.is_visible()  # one account has nothing to adjust
    page.locator("#part-0-text").fill("For both.")
    page.locator(".pill", has_text="loom.and.shuttle").click()
    adjust.click()
    loom = page.locator(f"#tab-{ids['loom']}")
    loom.click()
    page.locator(f"#tab-{ids['loom']}[aria-pressed=true]").wait_for()
    page.locator("#part-0-text").fill("For the weavers.")
    page.locator("#check .thread-who", has_text="loom.and.shuttle").wait_for()  # the preview follows the tab
    loom.locator(".dot:not([hidden])").wait_for()
    assert not serious_faults(page, axe_script())
    # An account that is chosen on top gets a tab, too.
    page.locator("#kept", has_text="Saved").wait_for()
    page.locator(".pill", has_text="old.mill.cafe").click()
    page.locator(f"#tab-{ids['mill']}").wait_for()
    assert page.locator("#part-0-text").input_value() == "For the weavers."
    page.locator(".pill", has_text="old.mill.cafe").click()
    page.locator(f"#tab-{ids['mill']}").wait_for(state="detached")
    page.get_by_text("Pick a time").click()
    page.locator("#at").fill("2040-01-02T09:00")
    page.get_by_role("button", name="Schedule").click()
    page.get_by_text("2 posts scheduled, one for each account.").wait_for()
    made = {row.id: row.account_id for row in rows(served, posts.c.id, posts.c.account_id) if row.id not in before}
    with served.app.db.read() as conn:
        said = conn.execute(sa.select(parts.c.post_id, parts.c.body).where(parts.c.post_id.in_(list(made)))).all()
    texts = {made[post_id]: body["text"] for post_id, body in said}
    assert texts == {ids["dye"]: "For both.", ids["loom"]: "For the weavers."}


def test_files_are_pasted_put_in_order_and_asked_to_be_described(page: Any, tmp_path: Path) -> None:
    page.goto("/compose")
    for name in ("one.jpg", "two.jpg"):
        file = picture(tmp_path / name)
        page.evaluate(PASTE, [list(file.read_bytes()), name, "image/jpeg"])
        page.locator(".media-name", has_text=name).wait_for()
    page.locator("#check", has_text="2 files have no alt text.").wait_for()
    page.get_by_label("Alt text").first.press("Alt+ArrowRight")
    assert page.locator(".media-name").all_inner_texts() == ["two.jpg", "one.jpg"]
    page.get_by_label("Alt text").first.fill("A loom.")
    page.locator("#check", has_text="1 file has no alt text.").wait_for()
    page.locator("[data-emoji] summary").click()
    page.locator("[data-emoji] .popup-box button").first.click()
    assert page.locator("#part-0-text").input_value() == "😀"
    page.locator("#kept", has_text="Saved").wait_for()


def test_what_was_deleted_comes_back(page: Any, sample_server: tuple[Served, dict[str, str]]) -> None:
    served, ids = sample_server
    page.goto(f"/posts/{ids['draft']}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("[data-toast]").wait_for()
    assert rows(served, posts.c.id, id=ids["draft"]) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone.").wait_for()
    page.goto(f"/posts/{ids['draft']}")
    page.get_by_role("heading", name="An idea, not finished").wait_for()
