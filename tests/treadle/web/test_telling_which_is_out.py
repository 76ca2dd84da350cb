"""A person's word on a post in doubt: its address as Threads shows it, looked up in the account's list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.treadle.web.sample_data import CSRF, SESSION, add_account, add_post, open_session, settings_for
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.people.keys import create_key
from treadle.services.naming import code_of
from treadle.site import build
from treadle.store.tables import parts, posts
from treadle.web.page_request import SESSION_COOKIE
from treadle_sandbox.server import Sandbox

TEXT = "Nobody knows whether this one went out."


@dataclass(slots=True)
class Doubt:
    """A post whose publish got no answer, beside a Threads that nobody but the page asks."""

    app: App
    client: TestClient
    post_id: str

    def say(self, live: str) -> str:
        """The page after giving an address."""
        here = f"/posts/{self.post_id}"
        answer = self.client.post(f"{here}/resolve", data={"csrf": CSRF, "live": live}, follow_redirects=True)
        assert answer.status_code == 200
        return answer.text

    def part(self) -> Any:
        with self.app.db.read() as conn:
            return conn.execute(sa.select(parts).where(parts.c.post_id == self.post_id)).one()

    def state(self) -> str:
        with self.app.db.read() as conn:
            return str(conn.execute(sa.select(posts.c.state).where(posts.c.id == self.post_id)).scalar_one())


@pytest.fixture
def doubt(threads: Sandbox, tmp_path: Path) -> Iterator[Doubt]:
    app = open_app(settings_for(tmp_path / "data", "http://testserver", threads_api_url=threads.url))
    open_session(app)
    [profile] = threads.control.accounts()
    threads.control.account(profile["username"], list_lag_s=0)
    now = app.now()
    with app.db.begin() as conn:
        sealed = app.vault.seal(threads.control.token(profile["username"])["access_token"])
        account = add_account(conn, profile["username"], now, token_enc=sealed, threads_user_id=profile["id"])
        sent = {
            "intent": "sent",
            "sends": 1,
            "unclear": True,
            "state": "checking",
            "container_id": "179",
            "intent_first_at": now - 60,
        }
        post_id = add_post(conn, account, TEXT, "checking", now, part=sent, stage="verify")
    with TestClient(build(app), cookies={SESSION_COOKIE: SESSION}, follow_redirects=False) as client:
        yield Doubt(app, client, post_id)
    app.close()


def test_an_address_settles_it(doubt: Doubt, threads: Sandbox) -> None:
    assert "It's published. Its URL on Threads" in doubt.say("")
    live = threads.control.add_post("loom.and.shuttle", text=TEXT)
    threads.control.add_post("loom.and.shuttle", text="Another one.")
    shown = str(live["permalink"])
    doubt.say(f"{shown}?xmt=shared#top")
    part = doubt.part()
    assert (part.threads_id, part.permalink, part.state) == (live["id"], shown, "published")
    assert doubt.state() == "publishing"  # its run ends it


def test_programs_may_send_the_address_too(doubt: Doubt, threads: Sandbox) -> None:
    with doubt.app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "test", ["write"], doubt.app.now())
    live = threads.control.add_post("loom.and.shuttle", text=TEXT)

    def resolve(permalink: str) -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        return doubt.client.post(f"/v1/posts/{doubt.post_id}/resolve", json={"permalink": permalink}, headers=headers)

    for wrong, status, code in (
        ("it is out", 422, "not_an_address"),
        ("https://www.threads.com/@a/post/DAbcDefGhIj", 409, "not_listed"),
    ):
        refused = resolve(wrong)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert resolve(live["permalink"]).status_code == 200
    assert doubt.part().threads_id == live["id"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("", "Enter the URL of the post on Threads"),
        ("it is out, I saw it", "This is not the URL of a post."),
        ("https://www.threads.com/@loom.and.shuttle", "This is not the URL of a post."),
        ("https://www.threads.com/@somebody.else/post/DAbcDefGhIj", "with this URL."),
    ],
)
def test_what_settles_nothing_changes_nothing(doubt: Doubt, said: str, answer: str) -> None:
    assert answer in doubt.say(said)
    assert doubt.state() == "checking"
    assert doubt.part().threads_id is None


def test_threads_that_does_not_answer_is_told(doubt: Doubt, threads: Sandbox) -> None:
    threads.control.revoke("loom.and.shuttle")
    text = doubt.say("https://www.threads.com/@loom.and.shuttle/post/DAbcDefGhIj")
    assert "look it up on Threads." in text
    assert doubt.state() == "checking"


def test_an_id_is_taken_as_well(doubt: Doubt) -> None:
    doubt.say(" 18000000000000777 ")
    assert doubt.part().threads_id == "18000000000000777"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://www.threads.com/@a.b/post/DAb_c-Def12", "DAb_c-Def12"),
        ("https://www.threads.net/@a/post/DAbcDef/?x=1", "DAbcDef"),
        ("threads.net/t/DAbcDef", "DAbcDef"),
        ("https://www.threads.net/@a/post/DAbcDef/media", "DAbcDef"),
        ("https://[broken/post/DAbcDef", None),
        ("https://www.threads.net/@post", None),
        ("", None),
    ],
)
def test_addresses_as_people_copy_them(address: str, code: str | None) -> None:
    assert code_of(address) == code
