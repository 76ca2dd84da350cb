"""What people do on the pages, done with Tab, Enter, Space and arrows alone: the focus is seen and never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.web.browsing import Served, browser_page
from tests.treadle.web.by_keyboard import DRAWN, Keyboard
from tests.treadle.web.sample_data import BAD_VIDEO, add_blocker, add_post
from tests.treadle.web.test_in_the_browser import begin, connect
from treadle.media.samples import picture, wrong_codec_video
from treadle.store import feed
from treadle.store.tables import accounts, api_keys, posts
from treadle_diagnosis import diagnose
from treadle_sandbox.server import Sandbox

pytestmark = pytest.mark.browser
SIZES = {"wide": (1280, "light"), "phone": (390, "dark")}
FILE = "input[type=file]"


@pytest.fixture(params=SIZES)
def keys(
    request: pytest.FixtureRequest,
    chromium_browser: Any,
    sample_server: tuple[Served, dict[str, str]],
    pictures: Path,
) -> Iterator[Keyboard]:
    """A sample workspace, at both widths; a focus that is not seen at any stop fails the test."""
    served, _ = sample_server
    width, scheme = SIZES[request.param]
    with browser_page(
        chromium_browser,
        served,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        timezone_id="Europe/Berlin",
        locale="en-GB",
        reduced_motion="reduce",
    ) as page:
        walk = Keyboard(page, pictures, request.param)
        yield walk
    assert not walk.troubles


def test_a_file_is_chosen_described_and_removed(keys: Keyboard, tmp_path: Path) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to("#part-0-text")
    page.keyboard.type("Cloth.")
    keys.to(FILE)
    keys.choose(picture(tmp_path / "cloth.jpg"))
    keys.announced("cloth.jpg was added.")
    keys.lands_on(FILE)
    page.locator(".media-item .looked").wait_for()
    keys.announced("cloth.jpg: Ready for Threads.")
    keys.to("[name=part-0-media-alt]", back=True)
    page.keyboard.type("Blue cloth")
    keys.picture("file")
    keys.to("button[value^=remove-media]", back=True, press="Enter")
    keys.announced("cloth.jpg was removed.")
    keys.lands_on(FILE)
    assert page.locator(".media-item").count() == 0
    keys.picture("file-removed")


def test_one_of_two_files_is_removed(keys: Keyboard, tmp_path: Path) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to(FILE)
    for name in ("one.jpg", "two.jpg"):
        keys.choose(picture(tmp_path / name))
        keys.announced(f"{name} was added.")
    page.locator(".media-item .looked").nth(1).wait_for()
    keys.to("button[value='media-up:0:1']", back=True, press="Enter")
    keys.announced("two.jpg moved up.")
    keys.lands_on("#part-0-media")
    keys.to("button[value='remove-media:0:0']", press="Space")
    keys.announced("two.jpg was removed.")
    keys.lands_on("#part-0-media")
    assert page.locator(".media-name").all_inner_texts() == ["one.jpg"]


def test_an_upload_is_stopped_and_one_that_breaks_is_told(keys: Keyboard, tmp_path: Path) -> None:
    page = keys.page
    page.goto("/compose")
    page.route("**/compose/upload", lambda route: None)  # it never ends
    keys.to(FILE)
    keys.choose(picture(tmp_path / "cloth.jpg"))
    keys.announced("Uploading cloth.jpg.")
    keys.lands_on(FILE)
    keys.to(".upload button")
    keys.picture("uploading")
    page.keyboard.press("Enter")
    keys.announced("Upload of cloth.jpg canceled.")
    keys.lands_on(FILE)
    page.unroute("**/compose/upload")
    page.route("**/compose/upload", lambda route: route.abort())
    keys.choose(picture(tmp_path / "cloth.jpg"))
    keys.announced("cloth.jpg: The connection was lost. Choose the file again.")
    keys.lands_on(FILE)


def test_a_repair_is_accepted(keys: Keyboard, tmp_path: Path) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to(FILE)
    keys.choose(wrong_codec_video(tmp_path / "loom.mp4"))
    keys.announced("loom.mp4 was added")
    keys.to("[name=part-0-media-alt]", back=True)
    page.keyboard.type("The big loom")
    page.locator(".repair-offer button").wait_for()
    keys.lands_on("[name=part-0-media-alt]")  # what was found did not take the field away
    assert page.locator("[name=part-0-media-alt]").input_value() == "The big loom"
    keys.announced("Repair available")
    keys.to("[data-repair]")
    keys.picture("repair-offered")
    page.keyboard.press("Enter")
    keys.announced("loom.mp4 was repaired")
    keys.lands_on(".compare")
    assert "H.264" in page.locator(".compare").inner_text()
    assert page.locator("[name=part-0-media-alt]").input_value() == "The big loom"
    keys.picture("repaired")
    keys.to(FILE)
    page.keyboard.press("Shift+Tab")
    keys.look()


def test_findings_that_come_anew_leave_the_focus_among_them(keys: Keyboard) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to("[name=part-0-text]")
    page.keyboard.insert_text("x" * 501)
    page.locator("#check .to-fix a").wait_for()
    keys.to("#check .to-fix a")
    page.evaluate("document.activeElement.dataset.old = 'yes'")
    write = (
        "text => { const area = document.querySelector('[name=part-0-text]');"
        " area.value = text; area.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    page.evaluate(write, "x" * 502)
    page.wait_for_function("() => document.querySelector('#check [data-old]') === null")
    keys.lands_on("#check .to-fix a")
    page.evaluate(write, "short enough")  # the link goes
    keys.lands_on("#check")


def test_a_file_that_breaks_a_rule_is_told(keys: Keyboard, tmp_path: Path) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to(FILE)
    wrong = tmp_path / "notes.jpg"
    wrong.write_bytes(b"no picture at all")
    keys.choose(wrong)
    keys.announced("notes.jpg wasn't uploaded")
    keys.lands_on(FILE)


@pytest.mark.parametrize(
    ("day", "answers", "down", "at"),
    [
        ("31102027", ["2:30 AM (first, UTC+02:00)", "2:30 AM (second, UTC+01:00)"], 1, "2027-10-31T02:30+01:00"),
        ("28032027", ["1:30 AM (UTC+01:00)", "3:30 AM (UTC+02:00)"], 1, "2027-03-28T03:30+02:00"),
    ],
    ids=["doubled", "skipped"],
)
def test_a_time_that_a_clock_change_doubles_or_skips_is_chosen(
    keys: Keyboard, sample_server: tuple[Served, dict[str, str]], day: str, answers: list[str], down: int, at: str
) -> None:
    page = keys.page
    page.goto("/compose")
    keys.to("#part-0-text")
    page.keyboard.type("At half past two.")
    keys.to("[name=when]")
    page.keyboard.press("ArrowDown")
    keys.lands_on("[name=when][value=queue]")
    page.keyboard.press("ArrowDown")
    keys.lands_on("[name=when][value=at]")
    keys.to("#at")
    for typed in (day, day[2:4] + day[:2] + day[4:]):  # in which order depends on the language of the browser
        for _ in range(6):
            page.keyboard.press("ArrowLeft")
        page.keyboard.type(typed)
        page.keyboard.press("ArrowRight")
        page.keyboard.type("0230am")
        if page.locator("#at").input_value() == f"{day[4:]}-{day[2:4]}-{day[:2]}T02:30":
            break
    keys.to("#zone")
    page.keyboard.press("Control+A")
    page.keyboard.type("Europe/Berlin")
    page.keyboard.press("Escape")  # the list of zones, where one opened
    page.locator(".which-time").wait_for()
    keys.announced("1 to fix. Date and time: The clocks in Europe/Berlin go")
    keys.lands_on("#zone")
    assert page.locator("#at").get_attribute("aria-invalid") == "true"
    keys.to("[name=meant]")
    assert [text.strip() for text in page.locator(".which-time label").all_inner_texts()] == answers
    page.keyboard.press("Space")
    keys.announced("Ready to publish")
    page.keyboard.press("ArrowDown")
    keys.lands_on("[name=meant]")
    page.wait_for_timeout(700)  # what is found again leaves the choice and the focus alone
    keys.lands_on("[name=meant]:checked")
    keys.picture(f"time-{at[5:7]}")
    keys.to("button[value=send]", press="Enter")
    keys.lands_on("#message")
    keys.announced("Scheduled.")
    with sample_server[0].app.db.read() as conn:
        query = sa.select(posts.c.publish_at).where(posts.c.state == "scheduled").order_by(posts.c.id.desc()).limit(1)
        assert conn.execute(query).scalar_one() == datetime.fromisoformat(at).timestamp()
    page.goto(page.url.replace("/posts/", "/compose?post=").partition("#")[0])
    assert "to fix" not in page.locator(".verdict").inner_text()  # the answer came back with the post


def test_a_check_by_keyboard_ends_at_what_was_found(keys: Keyboard) -> None:
    keys.page.goto("/compose")
    keys.to("#part-0-text")
    keys.page.keyboard.type("Short.")
    keys.to("#check-button", press="Enter")
    keys.lands_on("#check")


def test_posts_are_chosen_and_canceled(keys: Keyboard) -> None:
    page = keys.page
    page.goto("/posts?state=scheduled")
    keys.to("[name=post]", press="Space")
    keys.announced("1 selected:")
    page.keyboard.press("Shift+Tab")
    keys.look()
    keys.to("#pick-all", back=True, press="Space")
    keys.announced("6 selected:")
    keys.to("button[value=cancel]")
    keys.picture("bulk")
    page.keyboard.press("Enter")
    keys.lands_on("#message")
    keys.announced("Cancel: 6 of 6 done.")
    keys.picture("bulk-done")
    page.goto("/posts?state=failed")
    keys.to("button[value=retry]", press="Enter")  # nothing was chosen
    keys.lands_on("#message")
    keys.announced("Select posts first")
    keys.to("[name=post]", press="Space")
    keys.to("button[value=retry]", back=True, press="Enter")
    keys.lands_on("#message")


def test_what_one_cause_holds_is_replaced_from_today(
    keys: Keyboard, sample_server: tuple[Served, dict[str, str]]
) -> None:
    page, (served, ids) = keys.page, sample_server
    now, cause = served.app.now(), diagnose(stage="container_status", http_status=200, body=BAD_VIDEO).to_json()
    media = [{"url": "https://media.example.org/loom.mp4", "type": "video"}]
    with served.app.db.begin() as conn:
        more = {"cause": cause, "cause_pattern": cause["pattern"], "cause_lane": cause["lane"]}
        post = add_post(conn, ids["loom"], "The small loom.", "blocked", now, media=media, **more)
        add_blocker(conn, cause, "post", post, [post], now)
    page.goto("/")
    keys.to("a[href^='/posts/replace']")
    keys.picture("today-replace")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Edit several posts").wait_for()
    keys.to("form.replace-form button", press="Enter")
    keys.lands_on("#message")
    keys.announced("Choose what to replace")
    keys.to("#file_from")
    page.keyboard.press("ArrowDown")
    keys.to("#file_to")
    page.keyboard.type("https://media.example.org/new.mp4")
    keys.to("form.replace-form button", press="Enter")
    keys.lands_on("#message")
    keys.announced("2 of 2 posts changed.")
    keys.picture("replaced")


def test_a_key_is_made_and_revoked(keys: Keyboard, sample_server: tuple[Served, dict[str, str]]) -> None:
    page = keys.page
    page.goto("/keys")
    keys.to("#name")
    page.keyboard.type("The kiosk")
    page.keyboard.press("Enter")
    keys.lands_on("#message")
    keys.announced("Your new API key")
    keys.picture("key-made")
    keys.to("form[action$='/revoke'] button", press="Enter")
    keys.confirm("Revoke this key?", "form[action$='/revoke'] button")
    keys.lands_on("#message")
    keys.announced("Key revoked.")
    keys.picture("key-revoked")
    with sample_server[0].app.db.read() as conn:
        assert len(conn.execute(sa.select(api_keys.c.id).where(api_keys.c.revoked_at.is_not(None))).all()) == 1
    keys.to("form[action$='/revoke'] button")  # the next one


@pytest.mark.parametrize("address", ["/webhooks", "/webhooks/{webhook}"])
def test_a_delivery_is_sent_again(keys: Keyboard, sample_server: tuple[Served, dict[str, str]], address: str) -> None:
    page = keys.page
    page.goto(address.format(**sample_server[1]))
    keys.to(".row form[action$='/redeliver'] button")
    page.keyboard.press("Tab")
    keys.to(".row form[action$='/redeliver'] button")
    row = page.evaluate("document.activeElement.closest('.row').id")
    page.keyboard.press("Enter")
    keys.lands_on(f"#{row} #message")
    keys.announced("It will be sent when you resume the webhook.")
    keys.picture("redelivered")
    keys.to(f"#{row} form[action$='/redeliver'] button")
    # A live piece that is loaded again keeps the word, and the focus on this very row's button.
    page.evaluate("document.querySelector('[data-live]').append(' ')")
    served = sample_server[0]
    with served.app.db.begin() as conn:
        workspace = conn.execute(sa.select(posts.c.workspace_id).limit(1)).scalar_one()
        feed.announce(conn, workspace, "account.connected", "acc_x", {}, now=served.app.now())
    page.wait_for_timeout(1_500)
    assert page.evaluate("document.activeElement.closest('.row')?.id") == row
    assert page.locator(f"#{row} #message").count() == 1


def test_an_account_is_paused_and_stays_in_reach(keys: Keyboard, sample_server: tuple[Served, dict[str, str]]) -> None:
    page, loom = keys.page, sample_server[1]["loom"]
    page.goto("/accounts")
    keys.to(f"#{loom} form[action$='/pause'] button", press="Enter")
    keys.lands_on(f"#{loom} #message")
    keys.announced("Paused. Nothing is published until you resume.")
    keys.picture("account-paused")
    page.wait_for_timeout(800)  # the page was told of the change and loaded its pieces again
    keys.lands_on(f"#{loom} #message")
    keys.to(f"#{loom} form[action$='/resume'] button", press="Enter")
    keys.lands_on(f"#{loom} #message")
    keys.to(f"#menu-{loom} summary", press="Enter")
    keys.to(f"#{loom} form[action$='/disconnect'] button", press="Enter")
    keys.confirm("Disconnect @loom.and.shuttle?", f"#{loom} form[action$='/disconnect'] button")
    keys.lands_on(f"#{loom} #message")
    keys.announced("Disconnected. Its access token was deleted.")


def test_a_question_stays_answerable_when_the_page_changes(
    keys: Keyboard, sample_server: tuple[Served, dict[str, str]]
) -> None:
    page, (served, ids) = keys.page, sample_server
    page.goto("/accounts")
    keys.to(f"#menu-{ids['loom']} summary", press="Enter")
    keys.to(f"#{ids['loom']} form[action$='/disconnect'] button", press="Enter")
    keys.lands_on("dialog[open] button.plain")
    with page.expect_response(re.compile("/accounts$")) as loaded, served.app.db.begin() as conn:
        conn.execute(sa.update(accounts).where(accounts.c.id == ids["loom"]).values(username="loom.renamed"))
        workspace = conn.execute(sa.select(accounts.c.workspace_id).limit(1)).scalar_one()
        feed.announce(conn, workspace, "account.connected", ids["loom"], {}, now=served.app.now())
    loaded.value.finished()
    page.evaluate(DRAWN)
    keys.lands_on("dialog[open] button.plain")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    keys.announced("Disconnected. Its access token was deleted.")


def test_an_account_is_reconnected(chromium_browser: Any, served: Served, threads: Sandbox, pictures: Path) -> None:
    with browser_page(chromium_browser, served, logged_in=False, viewport={"width": 1280, "height": 800}) as page:
        begin(page, served)
        connect(page)
        threads.control.revoke("loom.and.shuttle")
        page.goto("/accounts")
        keys = Keyboard(page, pictures, "reconnect")
        keys.to(".account details.popup summary", press="Enter")
        keys.to("form[action$='/recheck'] button", press="Enter")
        keys.lands_on("#message")
        keys.picture("rechecked")
        keys.to("form[action$='/reconnect'] button", press="Enter")
        page.get_by_role("link", name="Continue to Threads").wait_for()
        keys.to("a.button", press="Enter")
        page.get_by_role("button", name="Continue").press("Enter")  # a window of Threads
        page.wait_for_url(re.compile(r"/accounts\?status=connected"))
        keys.lands_on("#message")
        keys.announced("is connected.")
        keys.picture("reconnected")
    assert not keys.troubles
    with served.app.db.read() as conn:
        assert conn.execute(sa.select(accounts.c.health)).scalars().all() == ["active"]
