"""After publishing, on the pages: figures, replies, hiding and answering them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from tests.treadle.web.browsing import Served, axe_script, browser_page, free_socket, serious_faults, serving
from tests.treadle.web.sample_data import CSRF, SESSION, add_account, add_post, open_session
from treadle.app import App
from treadle.store.tables import accounts, connect_links, members, parts, posts, workspaces
from treadle.web.page_request import SESSION_COOKIE
from treadle_sandbox.server import Sandbox

HOUR_S = 3600.0


def out(app: App, threads: Sandbox) -> tuple[str, str, str]:
    """An account, a post of it that was published an hour ago, and its id on Threads."""
    made = next(one for one in threads.control.accounts() if one["username"] == "loom.and.shuttle")
    token = threads.control.token("loom.and.shuttle")["access_token"]
    live = str(threads.control.add_post("loom.and.shuttle", text="The big loom", age_s=HOUR_S)["id"])
    now = time.time()
    with app.db.begin() as conn:
        account = add_account(conn, "loom.and.shuttle", now)
        facts = {"threads_user_id": str(made["id"]), "token_enc": app.vault.seal(token), "scopes": []}
        conn.execute(sa.update(accounts).where(accounts.c.id == account).values(**facts))
        known = {"threads_id": live, "published_at": now - HOUR_S, "state": "published"}
        post = add_post(conn, account, "The big loom", "published", now, part=known, published_at=now - HOUR_S)
        conn.execute(sa.update(parts).where(parts.c.post_id == post).values(threads_user_id=str(made["id"])))
    return account, post, live


@pytest.fixture
def with_post(threads: Sandbox, tmp_path: Path) -> Iterator[tuple[Served, str, str, str]]:
    listener = free_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = settings_in(tmp_path / "data", public_url=url, threads_api_url=threads.url,
                           threads_authorize_url=threads.authorize_url, threads_app_id=threads.app.id,
                           threads_app_secret=threads.app.secret)  # type: ignore[arg-type]  # fmt: skip
    with serving(settings, listener, worker=False) as served:
        open_session(served.app)
        yield (served, *out(served.app, threads))


def client_of(served: Served) -> TestClient:
    return TestClient(served.site, served.url, cookies={SESSION_COOKIE: SESSION}, follow_redirects=False)


def test_figures_are_asked_for_and_a_missing_permission_is_said_with_a_way_out(
    with_post: tuple[Served, str, str, str], threads: Sandbox
) -> None:
    served, account, post, live = with_post
    client = client_of(served)
    assert "Threads has not been asked yet" in client.get(f"/posts/{post}").text
    threads.control.call("PATCH", f"/posts/{live}", {"likes": 12, "views": 3410})
    assert client.post(f"/posts/{post}/insights", data={"csrf": CSRF}).status_code == 303
    page = client.get(f"/posts/{post}").text
    assert ("3,410" in page, "Updated <time" in page) == (True, True)
    with served.app.db.begin() as conn:
        conn.execute(sa.update(accounts).values(scopes=["threads_basic", "threads_delete"]))
    page = client.get(f"/posts/{post}").text
    assert "has not granted the permission to read insights" in page
    answer = client.post(f"/accounts/{account}/reconnect", data={"csrf": CSRF, "scope": "threads_manage_insights"})
    assert "/connect/" in answer.headers["location"]
    with served.app.db.read() as conn:
        asked = conn.execute(sa.select(connect_links.c.scopes)).scalar_one()
    assert {"threads_delete", "threads_manage_insights", "threads_content_publish"} <= set(asked)


def test_an_answer_to_a_reply_is_one_ordinary_post(with_post: tuple[Served, str, str, str], threads: Sandbox) -> None:
    served, _, post, live = with_post
    threads.control.add_account("fan")
    reply = str(threads.control.add_post("fan", text="Lovely <b>", reply_to_id=live)["id"])
    client = client_of(served)
    page = client.get(f"/posts/{post}/replies").text
    assert "Lovely &lt;b&gt;" in page
    [once] = set(re.findall(r'name="once" value="([^"]+)"', page))
    form = {"csrf": CSRF, "reply_to": reply, "once": once, "text": "Thank you"}
    first = client.post(f"/posts/{post}/replies", data=form)
    again = client.post(f"/posts/{post}/replies", data=form)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    refused = client.post(f"/posts/{post}/replies", data={**form, "once": "other", "text": "x" * 501})
    assert refused.status_code == 422
    assert "x" * 501 in refused.text
    nowhere = client.post(f"/posts/{post}/replies", data={**form, "once": "nowhere", "reply_to": " "})
    assert nowhere.headers["location"].startswith(f"/posts/{post}/replies")
    with served.app.db.read() as conn:
        bodies = list(conn.execute(sa.select(parts.c.body).where(parts.c.post_id != post)).scalars())
    assert [(body["text"], body["options"]["reply_to_id"]) for body in bodies] == [("Thank you", reply)]
    # Whoever may not publish asks for approval; nobody of another workspace sees any of it.
    with served.app.db.begin() as conn:
        conn.execute(sa.update(members).values(role="author"))
    waits = client.post(f"/posts/{post}/replies", data={**form, "once": "third", "text": "Me too"})
    with served.app.db.begin() as conn:
        row = conn.execute(
            sa.select(posts.c.state, posts.c.approval).where(posts.c.id == waits.headers["location"][7:])
        )
        assert tuple(row.one()) == ("draft", "pending")
        conn.execute(sa.insert(workspaces).values(id="wsp_other", name="Other", created_at=0.0, options={}))
        conn.execute(sa.update(posts).values(workspace_id="wsp_other"))
    for method, path in (
        ("GET", "replies"),
        ("POST", "replies"),
        ("POST", "insights"),
        ("POST", f"replies/{reply}/hide"),
    ):
        answer = client.request(method, f"/posts/{post}/{path}", data={"csrf": CSRF} if method == "POST" else None)
        assert answer.status_code in (403, 404), path


@pytest.mark.browser
def test_replies_are_read_hidden_and_answered(
    chromium_browser: Any, with_post: tuple[Served, str, str, str], threads: Sandbox, pictures: Path
) -> None:
    served, _, post, live = with_post
    threads.control.add_account("fan")
    threads.control.add_post("fan", text="How long did it take?", reply_to_id=live)
    threads.control.call("PATCH", f"/posts/{live}", {"likes": 12, "views": 3410})
    size = {"width": 375, "height": 800}
    with browser_page(chromium_browser, served, viewport=size, reduced_motion="reduce") as page:
        page.goto(f"/posts/{post}")
        page.get_by_role("button", name="Refresh insights").click()
        page.get_by_text("3,410").wait_for()
        assert not serious_faults(page, axe_script())
        page.screenshot(path=pictures / "insights.png", full_page=True)
        page.get_by_role("link", name="Replies", exact=True).click()
        page.get_by_role("button", name="Hide").click()
        page.get_by_role("button", name="Unhide").wait_for()
        page.get_by_text("Reply to @fan", exact=True).click()
        page.get_by_label("Your reply to @fan").fill("Nine days.")
        assert not serious_faults(page, axe_script())
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0
        page.screenshot(path=pictures / "replies.png", full_page=True)
        page.get_by_role("button", name="Publish reply").click()
        page.get_by_text("Your reply is being published.").wait_for()
