"""Setup: the checklist that leads to the first published post, with live checks, on Home and on a page of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tests.support.folders import settings_in
from tests.treadle.web.browsing import Served, axe_script, browser_page, serious_faults
from tests.treadle.web.sample_data import CSRF, SampleSite, add_post
from tests.treadle.web.test_in_the_browser import begin, through_the_window
from tests.treadle.web.test_roles import become, somebody
from treadle.app import DEFAULT_WORKSPACE
from treadle.people import audit
from treadle.services import setup_guide
from treadle.services.doctor import Line
from treadle.services.setup_guide import SetupFacts, Step, StepId
from treadle.settings import THREADS_API, THREADS_AUTHORIZE, Settings
from treadle.store.tables import posts

WELL = [
    Line(name, "fine", f"{name} is fine.")
    for name in ("Public address", "Reachable", "Encryption keys", "Threads app", "Id and secret",
                 "Authorization window", "Media address", "Media repairs", "Alert recipients", "Worker")
]  # fmt: skip
ALL = SetupFacts(accounts=1, recipients=1, alerted=True, published=1)


def real(folder: Path, **more: Any) -> Settings:
    """Settings for the real Threads."""
    app = {"threads_app_id": "1234567890123456", "threads_app_secret": SecretStr("0123456789abcdef" * 2)}
    urls = {"threads_api_url": THREADS_API, "threads_authorize_url": THREADS_AUTHORIZE}
    return settings_in(folder, **{"public_url": "https://threads.example.com", **urls, **app, **more})


def by_id(made: list[Step]) -> dict[str, Step]:
    return {step.id: step for step in made}


def replaced(name: str, verdict: Any) -> list[Line]:
    return [Line(name, verdict, "Found.", "Do it.", "wrong_app_id") if line.name == name else line for line in WELL]


def test_all_is_done(tmp_path: Path) -> None:
    made = setup_guide.steps(real(tmp_path), WELL, ALL)
    assert [step.id for step in made] == [
        "address", "key", "app", "redirect", "account", "media", "repair", "alerts", "post"
    ]  # fmt: skip
    assert {step.state for step in made} == {"done"}
    assert setup_guide.following(made) is None
    assert not any(step.todo for step in made)


@pytest.mark.parametrize(
    ("line", "step"),
    [("Public address", "address"), ("Reachable", "address"), ("Encryption keys", "key"), ("Id and secret", "app"),
     ("Threads app", "app"), ("Authorization window", "redirect"), ("Media address", "media"),
     ("Media repairs", "repair")],
)  # fmt: skip
@pytest.mark.parametrize(("verdict", "state"), [("broken", "wrong"), ("look", "todo"), ("unknown", "unknown")])
def test_each_line_decides_its_step(tmp_path: Path, line: str, step: StepId, verdict: str, state: str) -> None:
    made = setup_guide.steps(real(tmp_path), replaced(line, verdict), ALL)
    found = by_id(made)[step]
    assert (found.state, found.found, found.todo, found.pattern) == (state, "Found.", "Do it.", "wrong_app_id")
    assert [one.id for one in made if one.state != "done"] == [step]
    assert setup_guide.following(made) == found


def test_what_was_not_checked_is_not_called_done(tmp_path: Path) -> None:
    made = by_id(setup_guide.steps(real(tmp_path), [], SetupFacts()))
    assert {made[name].state for name in ("address", "key", "app", "redirect", "media", "repair")} == {"unknown"}
    assert {made[name].state for name in ("account", "alerts", "post")} == {"todo"}


def test_a_sandbox_needs_no_public_address(tmp_path: Path) -> None:
    local = settings_in(
        tmp_path, threads_api_url="http://127.0.0.1:8710", threads_authorize_url="http://127.0.0.1:8710/oauth/authorize",
        threads_app_id="1357924680123456", threads_app_secret=SecretStr("sandbox-app-secret"),
    )  # fmt: skip
    lines = replaced("Public address", "look")
    made = by_id(setup_guide.steps(local, lines, ALL))
    assert made["address"].state == "done"
    assert "sandbox" in made["address"].found
    # Its secret need not look like one of Meta's.
    odd = [Line("Threads app", "look", "Odd.") if line.name == "Threads app" else line for line in WELL]
    assert by_id(setup_guide.steps(local, odd, ALL))["app"].state == "done"
    assert by_id(setup_guide.steps(real(tmp_path / "real"), odd, ALL))["app"].state == "todo"


def test_alerts_are_optional_and_come_last(tmp_path: Path) -> None:
    made = setup_guide.steps(real(tmp_path), WELL, SetupFacts(accounts=1))
    following = setup_guide.following(made)
    assert following is not None
    assert following.id == "post"
    after = setup_guide.following(setup_guide.steps(real(tmp_path), WELL, SetupFacts(accounts=1, published=3)))
    assert after is not None
    assert after.id == "alerts"


def test_every_field_of_meta_says_where_it_is(tmp_path: Path) -> None:
    fields = setup_guide.meta_fields(real(tmp_path))
    values = {field.name: field.value for field in fields}
    assert values["Redirect Callback URLs"] == "https://threads.example.com/threads/callback"
    assert {"Uninstall Callback URL", "Delete Callback URL", "Permissions", "Webhooks, Verify token"} <= values.keys()
    assert all("›" in field.where and field.help.endswith(".") for field in fields)
    assert all(bool(field.value) != bool(field.setting) for field in fields)
    bare = setup_guide.meta_fields(real(tmp_path / "bare", threads_app_id="", threads_app_secret=SecretStr("")))
    assert "Webhooks, Verify token" not in {field.name for field in bare}


def test_a_test_of_the_alerts_counts_until_recipients_change(sample: SampleSite) -> None:
    def note(at: float, **detail: Any) -> bool:
        with sample.app.db.begin() as conn:
            audit.note(conn, DEFAULT_WORKSPACE, "x", "workspace.alerts", DEFAULT_WORKSPACE, detail, now=at)
        with sample.app.db.read() as conn:
            return setup_guide.progress(conn, sample.app.vault, DEFAULT_WORKSPACE).alerted

    assert not note(1.0, did="add")
    assert not note(2.0, did="test", delivered=0)
    assert note(3.0, did="test", delivered=1)
    assert note(4.0, did="quiet")
    assert not note(5.0, did="add")


def unpublish_everything(sample: SampleSite) -> None:
    with sample.app.db.begin() as conn:
        conn.execute(sa.delete(posts).where(posts.c.state == "published"))


def test_home_shows_it_until_the_first_post_is_published(sample: SampleSite) -> None:
    assert "Set up Treadle" not in sample.client.get("/").text
    unpublish_everything(sample)
    home = sample.client.get("/").text
    assert "Set up Treadle" in home
    assert "/setup#step-post" in home
    # It can be found again.
    assert 'href="/setup"' in sample.client.get("/accounts").text
    with sample.app.db.begin() as conn:
        add_post(conn, sample.ids["loom"], "The first.", "published", sample.app.now(), published_at=sample.app.now())
    assert "Set up Treadle" not in sample.client.get("/").text


@pytest.mark.parametrize("role", ["viewer", "author", "editor"])
def test_who_cannot_set_up_is_not_asked_to(sample: SampleSite, role: Any) -> None:
    unpublish_everything(sample)
    become(sample, role)
    assert "Set up Treadle" not in sample.client.get("/").text
    page = sample.client.get("/setup").text
    assert "App ID and secret" not in page
    assert "/accounts/connect" not in page
    assert 'action="/setup"' not in page


def test_the_checks_of_one_workspace_are_not_shown_to_another(sample: SampleSite) -> None:
    sample.site.state.web.checked[DEFAULT_WORKSPACE] = {"Reachable": Line("Reachable", "fine", "Seen by us.")}
    viewer = somebody(sample, "ivo@example.org", "viewer", "ivo")
    assert "Seen by us." not in viewer.get("/setup").text


def test_without_script_the_checks_are_a_button(sample: SampleSite) -> None:
    before = sample.client.get("/setup").text
    assert "Not checked" in before
    after = sample.client.post("/setup", data={"csrf": CSRF}).text
    assert "A tiny file was repaired." in after
    assert "Checked with Meta" in after
    # Home and the next look at the page know what was found.
    assert "A tiny file was repaired." in sample.client.get("/setup").text


@pytest.fixture
def page(chromium_browser: Any, served: Served) -> Iterator[Any]:
    with browser_page(chromium_browser, served, logged_in=False, locale="en-US") as made:
        yield made


def step(page: Any, name: str) -> Any:
    return page.locator(f"#step-{name}")


@pytest.mark.browser
def test_the_first_user_is_led_to_the_first_post(page: Any, served: Served) -> None:
    axe = axe_script()
    begin(page, served)
    # It is what the first user sees; the live checks come without being asked for.
    page.get_by_text("Checked with Meta, the internet and a test repair just now.").wait_for()
    for name in ("address", "key", "app", "redirect", "media", "repair"):
        assert "Done" in step(page, name).inner_text(), step(page, name).inner_text()
    assert step(page, "account").get_attribute("aria-current") == "step"
    assert not serious_faults(page, axe)
    page.goto("/")
    page.get_by_role("heading", name="Set up Treadle").wait_for()
    page.get_by_text("6 of 9 done").wait_for()
    assert not serious_faults(page, axe)
    page.get_by_role("button", name="Connect account").click()
    through_the_window(page)
    page.goto("/")
    page.get_by_role("link", name="Write your first post").click()
    page.get_by_label("Text", exact=True).fill("The first one.")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.locator("#post-state .state", has_text="Published").wait_for()
    page.goto("/")
    page.get_by_role("heading", name="Needs attention").wait_for()
    assert page.get_by_role("heading", name="Set up Treadle").count() == 0
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Setup", exact=True).click()
    page.get_by_text(re.compile("8 of 9 done")).wait_for()


@pytest.mark.browser
def test_a_wrong_secret_is_told_with_its_page(page: Any, served: Served, threads: Any) -> None:
    threads.control.app(secret="f" * 32)
    begin(page, served)
    page.get_by_text("Checked with Meta").wait_for()
    wrong = step(page, "app")
    assert "Fix this" in wrong.inner_text()
    assert wrong.get_attribute("aria-current") == "step"
    wrong.get_by_text("Threads app secret").first.wait_for()
    wrong.get_by_role("link", name="Why?").click()
    page.get_by_role("heading", level=1).wait_for()
    assert "/guide/errors/" in page.url
    page.get_by_role("link", name="Setup").first.click()
    page.get_by_role("heading", name="Setup", exact=True).wait_for()
