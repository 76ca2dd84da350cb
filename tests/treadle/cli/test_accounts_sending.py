"""``treadle accounts``: permissions to ask for, pausing, the quota, and a Threads that nobody answers for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.store.tables import accounts, connect_links
from treadle_sandbox.server import Sandbox
from treadle_sandbox.threaded import running


def asked_for(site: Site, link_id: str) -> list[str]:
    with site.app.db.read() as conn:
        query = sa.select(connect_links.c.scopes).where(connect_links.c.id == link_id)
        return list(conn.execute(query).scalar_one())


def test_a_link_asks_for_the_permissions_chosen(treadle: Terminal, at_home: Site) -> None:
    chosen = treadle.json("accounts", "connect", "--scope", "threads_content_publish", "--scope", "threads_delete")
    assert asked_for(at_home, chosen["id"]) == ["threads_basic", "threads_content_publish", "threads_delete"]
    usual = treadle.json("accounts", "connect")
    assert asked_for(at_home, usual["id"]) == [
        "threads_basic", "threads_content_publish", "threads_read_replies", "threads_manage_replies",
    ]  # fmt: skip
    again = treadle.json("accounts", "reconnect", "ada", "--scope", "threads_delete")
    assert asked_for(at_home, again["id"]) == ["threads_basic", "threads_delete"]
    wrong = treadle("accounts", "connect", "--scope", "threads_everything")
    assert (wrong.code, wrong.out, "threads_everything" in wrong.err) == (1, "", True)


def test_an_account_is_paused_and_goes_on(treadle: Terminal, at_home: Site) -> None:
    create(at_home, "waits")
    assert treadle.json("accounts", "pause", "@ada")["paused"] is True
    with at_home.app.db.read() as conn:
        paused = dict(conn.execute(sa.select(accounts.c.username, accounts.c.paused)).all())  # type: ignore[arg-type]
    assert paused == {"ada": True, "eve": False}
    assert "resumed" in treadle("accounts", "resume", "ada").out
    assert treadle.json("accounts", "list")["data"][0]["paused"] is False
    nobody = treadle("accounts", "pause", "eve")  # of another workspace
    assert (nobody.code, "no account" in nobody.err) == (1, True)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running(processing="fast") as made:
        monkeypatch.setenv("TREADLE_THREADS_API_URL", made.url)
        monkeypatch.setenv("TREADLE_TIME_SCALE", "0.01")
        yield made


def test_the_quota_is_asked_of_threads(treadle: Terminal, at_home: Site, sandbox: Sandbox) -> None:
    bea = sandbox.control.add_account("bea")
    treadle.json("accounts", "add", types=bea["access_token"])
    found = treadle.json("accounts", "quota", "bea")
    assert (found["live"], found["posts"]["used"], found["posts"]["here"]) == (True, 0, 0)
    table = [line.split("\t") for line in treadle("accounts", "quota", "bea").out.splitlines()]
    assert [row[0] for row in table] == ["posts", "replies"]
    assert int(table[0][2]) == found["posts"]["total"]
    assert treadle.json("accounts", "quota", "bea", "--here")["live"] is False
    sandbox.control.revoke("bea")
    refused = treadle.json("accounts", "quota", "bea", code=1)
    assert refused["cause"]["lane"] == "meta_token"
    assert (refused["error"], refused["cause"]["title"] in refused["message"]) == ("threads_refused", True)


def test_a_threads_that_nobody_answers_for(treadle: Terminal, at_home: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("TREADLE_THREADS_API_URL", url)
        monkeypatch.setenv("TREADLE_TIME_SCALE", "0.01")
        said = treadle("accounts", "add", types="THAAsomething" + "x" * 40)
        cause = treadle.json("accounts", "add", code=1, types="THAAsomething" + "x" * 40)["cause"]
        quota = treadle("accounts", "quota", "ada")
    assert said.code == 1
    assert f"{url} (TREADLE_THREADS_API_URL)" in said.out
    assert cause["pattern"] == "meta_unreachable"
    assert "Treadle won't retry" in cause["next_step"]
    assert (quota.code, "not retried automatically" in quota.err) == (1, True)
