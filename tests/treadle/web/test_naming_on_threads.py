"""A post named by its URL that Treadle did not publish: looked up on Threads, here the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from tests.treadle.web.sample_data import CSRF, SESSION, open_session
from tests.treadle.web.test_after_publishing import out
from treadle.app import App, open_app
from treadle.site import build
from treadle.store.tables import accounts, parts
from treadle.web.page_request import SESSION_COOKIE
from treadle_sandbox.server import Sandbox


@pytest.fixture
def known(threads: Sandbox, tmp_path: Path) -> Iterator[tuple[App, TestClient, str]]:
    """A server, somebody who is logged in, and an account whose token works on the sandbox."""
    settings = settings_in(
        tmp_path / "data", public_url="http://testserver", threads_api_url=threads.url,
        threads_authorize_url=threads.authorize_url, threads_app_id=threads.app.id,
        threads_app_secret=threads.app.secret,  # type: ignore[arg-type]
    )  # fmt: skip
    app = open_app(settings)
    open_session(app)
    account, _, _ = out(app, threads)
    with TestClient(build(app), cookies={SESSION_COOKIE: SESSION}, follow_redirects=False) as client:
        yield app, client, account
    app.close()


def draft(client: TestClient, account: str, **fields: str) -> Any:
    form = {"csrf": CSRF, "parts": "1", "account_id": account, "do": "draft", "part-0-text": "To that", **fields}
    return client.post("/compose", data=form)


@pytest.mark.parametrize("name", ["quote_post_id", "reply_to_id"])
def test_a_post_of_the_account_is_found_by_its_url(
    known: tuple[App, TestClient, str], threads: Sandbox, name: str
) -> None:
    app, client, account = known
    made = threads.control.add_post("loom.and.shuttle", text="Written by hand", age_s=7200.0)
    # As people copy it: the other domain, and what an app appends.
    url = str(made["permalink"]).replace("threads.net", "threads.com") + "?xmt=AQF0abc"
    answer = draft(client, account, **{f"part-0-{name}": url})
    assert answer.status_code == 303, answer.text
    stored = sa.select(parts.c.body).where(parts.c.post_id == answer.headers["location"].removeprefix("/posts/"))
    with app.db.read() as conn:
        assert conn.execute(stored).scalar_one()["options"] == {name: str(made["id"])}


def test_a_reply_of_the_account_is_found_by_its_url(known: tuple[App, TestClient, str], threads: Sandbox) -> None:
    app, client, account = known
    threads.control.add_account("fan")
    asked = str(threads.control.add_post("fan", text="How long?", age_s=7200.0)["id"])
    reply = threads.control.add_post("loom.and.shuttle", text="Nine days.", reply_to_id=asked, age_s=3600.0)
    answer = draft(client, account, **{"part-0-reply_to_id": str(reply["permalink"])})
    assert answer.status_code == 303, answer.text
    stored = sa.select(parts.c.body).where(parts.c.post_id == answer.headers["location"].removeprefix("/posts/"))
    with app.db.read() as conn:
        assert conn.execute(stored).scalar_one()["options"] == {"reply_to_id": str(reply["id"])}


def test_a_post_of_somebody_else_is_not_found_and_says_what_to_use_instead(
    known: tuple[App, TestClient, str], threads: Sandbox
) -> None:
    _, client, account = known
    threads.control.add_account("fan")
    made = threads.control.add_post("fan", text="Mine", age_s=3600.0)
    answer = draft(client, account, **{"part-0-quote_post_id": str(made["permalink"])})
    assert answer.status_code == 422
    assert "only among those of @loom.and.shuttle" in answer.text
    assert "Use the post&#39;s id." in answer.text
    assert str(made["permalink"]) in answer.text


def test_an_account_whose_token_is_gone_says_so(known: tuple[App, TestClient, str], threads: Sandbox) -> None:
    app, client, account = known
    made = threads.control.add_post("loom.and.shuttle", text="Written by hand", age_s=3600.0)
    with app.db.begin() as conn:
        conn.execute(sa.update(accounts).where(accounts.c.id == account).values(token_enc=None))
    answer = draft(client, account, **{"part-0-quote_post_id": str(made["permalink"])})
    assert answer.status_code == 422
    assert "no longer works" in answer.text
