"""``treadle webhooks``: from making one to removing it, and what came back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from tests.treadle.cli import ready, servers
from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from treadle.notify import webhooks as hooks
from treadle.store.tables import audit, webhooks

URL = "https://shop.example/hooks"


def test_a_webhook_from_making_to_removing(treadle: Terminal, at_home: Site) -> None:
    assert "No webhooks yet" in treadle("webhooks").err
    made = treadle.json("webhooks", "add", URL, "--type", "post.failed", "--type", "post.held")
    assert made["secret"].startswith("whsec_")
    assert (made["types"], made["state"]) == (["post.failed", "post.held"], "active")
    id_ = made["id"]
    listed = treadle("webhooks", "list")
    assert (listed.code, listed.out) == (0, f"{id_}\tWorks\tpost.failed, post.held\t{URL}\n")
    shown = treadle.json("webhooks", "show", id_[-6:])
    assert (shown["url"], shown["deliveries"], shown["next"]) == (URL, [], None)
    assert made["secret"] not in json.dumps([shown, treadle.json("webhooks")])
    assert treadle.json("webhooks", "change", id_, "--everything")["types"] == []
    assert treadle.json("webhooks", "change", id_, "--url", URL + "/2")["url"] == URL + "/2"
    assert treadle.json("webhooks", "pause", id_)["state"] == "paused"
    assert treadle.json("webhooks", "resume", id_)["state"] == "active"
    renewed = treadle("webhooks", "secret", id_)
    assert renewed.out.splitlines()[0].startswith("whsec_")
    assert len(renewed.out.splitlines()) == 1
    assert renewed.out.strip() != made["secret"]
    assert "two" in treadle("webhooks", "show", id_).out
    assert treadle.json("webhooks", "remove", id_) == {"removed": id_}
    assert treadle.json("webhooks", "show", id_, code=1)["error"] == "not_found"
    with at_home.app.db.read() as conn:
        noted = set(conn.execute(sa.select(audit.c.action).where(audit.c.actor == "cli")).scalars())
    assert {f"webhook.{did}" for did in ("created", "changed", "secret_rotated", "removed")} <= noted


def test_what_was_sent_is_listed_page_by_page(treadle: Terminal, at_home: Site) -> None:
    id_ = treadle.json("webhooks", "add", URL)["id"]
    sent = [treadle.json("webhooks", "ping", id_)["delivery_id"] for _ in range(3)]
    first = treadle.json("webhooks", "show", id_, "--limit", "2")
    rest = treadle.json("webhooks", "show", id_, "--limit", "2", "--after", first["next"])
    assert sorted(d["id"] for page in (first, rest) for d in page["deliveries"]) == sorted(sent)
    assert (len(rest["deliveries"]), rest["next"]) == (1, None)
    told = treadle("webhooks", "ping", id_, "--wait", "30")  # nobody works: there is nothing to wait for
    assert (told.code, "No worker is running" in told.err) == (1, True)
    treadle("webhooks", "pause", id_)
    again = treadle("webhooks", "redeliver", sent[0])
    assert (again.code, "is paused" in again.err) == (0, True)
    assert treadle.json("webhooks", "redeliver", "dlv_" + "0" * 26, code=1)["error"] == "not_found"


def test_the_largest_page_has_one_after_it(treadle: Terminal, at_home: Site) -> None:
    id_ = treadle.json("webhooks", "add", URL)["id"]
    with at_home.app.db.begin() as conn:
        for _ in range(201):
            hooks.ping(conn, at_home.workspace, id_, now=at_home.app.now())
    first = treadle.json("webhooks", "show", id_, "--limit", "200")
    assert (len(first["deliveries"]), first["next"]) == (200, first["deliveries"][-1]["id"])
    by_api = at_home.client("read").get(f"/v1/webhooks/{id_}/deliveries", params={"limit": 200}).json()
    assert by_api == {"data": first["deliveries"], "next": first["next"]}


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (("add", "http://shop.example"), 1, "https"),
        (("add", "https://10.0.0.1/hook"), 1, "private network"),
        (("add", "https://a:b@shop.example"), 1, "username or password"),
        (("add", URL, "--type", "post.lost"), 1, "post.lost"),
        (("show", "whk_" + "0" * 26), 1, "no such webhook"),
        (("show", "zz"), 2, "whk_"),
        (("show", "zzzz"), 1, "No webhook ends in"),
        (("change", "whk_" + "0" * 26), 2, "nothing to change"),
        (("remove", "whk_" + "0" * 26), 1, "no such webhook"),
        (("ping", "whk_" + "0" * 26), 1, "webhook"),
        (("list", "--workspace", "wsp_none"), 2, "wsp_none"),
    ],
)
def test_what_cannot_be_is_said(treadle: Terminal, at_home: Site, args: tuple[str, ...], code: int, word: str) -> None:
    done = treadle("webhooks", *args)
    assert (done.code, done.out) == (code, "")
    assert word in done.err
    with at_home.app.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(webhooks)).scalar() == 0


def test_a_webhook_of_another_workspace_is_not_there(treadle: Terminal, at_home: Site) -> None:
    theirs = treadle.json("webhooks", "add", URL, "--workspace", at_home.other_workspace)["id"]
    assert treadle.json("webhooks") == {"data": []}
    for command in ("show", "pause", "resume", "secret", "ping", "remove"):
        assert treadle.json("webhooks", command, theirs, code=1)["error"] == "not_found"
    assert [h["id"] for h in treadle.json("webhooks", "--workspace", at_home.other_workspace)["data"]] == [theirs]


class Receiver(BaseHTTPRequestHandler):
    taken: list[tuple[dict[str, str], str]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def receiver() -> Iterator[tuple[type[Receiver], str]]:
    handler = type("One", (Receiver,), {"taken": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.long
def test_a_test_arrives_and_is_sent_again(
    tmp_path: Path, receiver: tuple[type[Receiver], str], treadle: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, url = receiver
    env = servers.environment(tmp_path, TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS="1", TREADLE_TIME_SCALE="0.1")
    monkeypatch.chdir(tmp_path)  # where the server keeps its data, by default
    for name, value in env.items():
        if name.startswith("TREADLE_"):
            monkeypatch.setenv(name, value)
    with ready.serving("serve", "--port", "0", env=env):
        made = treadle.json("webhooks", "add", url)
        sent = treadle.json("webhooks", "ping", made["id"], "--wait", "120")
        assert (sent["state"], sent["history"][-1]["status"]) == ("delivered", 204)
        headers, body = handler.taken[0]
        assert Webhook(made["secret"]).verify(body, headers)["type"] == "webhook.ping"
        handler.status = 500
        failed = treadle("webhooks", "redeliver", sent["id"], "--wait", "120")
        assert (failed.code, "HTTP 500" in failed.out) == (1, True)
        assert handler.taken[1][0]["webhook-id"] == sent["id"]
        shown = treadle("webhooks", "show", made["id"]).out
        assert "HTTP 500" in shown
        assert "Does not answer" in shown
