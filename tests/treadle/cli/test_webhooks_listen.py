"""``treadle webhooks listen``: events go on to a program on this machine, signed as real deliveries are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from tests.treadle.cli import ready, servers
from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from treadle.notify.webhooks import create, fan_out
from treadle.services import forwarding
from treadle.store import feed
from treadle.store.tables import webhook_deliveries


class Receiver(BaseHTTPRequestHandler):
    got: list[tuple[bytes, dict[str, str]]] = []  # noqa: RUF012 -- one server in a test

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).got.append((body, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(503 if b"post.failed" in body else 204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks"
        server.shutdown()


def happen(site: Site, *types: str) -> str:
    body = {"account_id": site.account, "text": "x", "metadata": {"order": "4711"}}
    post = site.client("write").post("/v1/posts", json=body).json()["id"]
    with site.app.db.begin() as conn:
        for type_ in types:
            said = {"post_id": post, "account_id": site.account, "state": type_.partition(".")[2], "pattern": None}
            feed.announce(conn, site.workspace, type_, post, said, now=site.app.now())
    return str(post)


def test_events_arrive_as_real_deliveries_do(treadle: Terminal, at_home: Site, receiver: str) -> None:
    with at_home.app.db.begin() as conn:
        create(conn, at_home.app.vault, at_home.workspace, url="https://x.example/in", actor="cli", now=1.0)
    post = happen(at_home, "post.published", "post.failed")
    with at_home.app.db.begin() as conn:
        fan_out(conn, now=at_home.app.now())
        real = list(conn.execute(sa.select(webhook_deliveries.c.payload)).scalars())
    done = treadle("webhooks", "listen", receiver, "--after", "0", "--count", "2")
    assert done.code == 0, done.err
    first, *lines = done.out.splitlines()
    secret = first.removeprefix("Secret: ")
    assert [line.split("\t")[1:3] for line in lines] == [["post.published", post], ["post.failed", post]]
    assert "HTTP 204" in lines[0]
    assert "HTTP 503" in lines[1]
    for body, headers in Receiver.got:
        Webhook(secret).verify(body, headers)
        assert headers["webhook-id"].startswith("dlv_")
    assert [json.loads(body) for body, _ in Receiver.got] == [json.loads(text) for text in sorted(real, reverse=True)]


def test_a_secret_of_ones_own_and_only_some_types(
    treadle: Terminal, at_home: Site, receiver: str, tmp_path: Path
) -> None:
    happen(at_home, "post.published", "post.failed")
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    listen = ("webhooks", "listen", receiver, "--after", "0", "--count", "1", "--type", "post.failed")
    done = treadle(*listen, "--secret-file", str(tmp_path / "secret"), "--json")
    head, event = [json.loads(line) for line in done.out.splitlines()]
    assert head["secret"] == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert (event["type"], event["status"], event["error"]) == ("post.failed", 503, "")
    Webhook(head["secret"]).verify(*Receiver.got[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["http://example.com/hooks"], "this machine only"),
        (["http://10.0.0.1/"], "this machine only"),
        (["http://localhost.example.com/"], "this machine only"),
        (["ftp://localhost/"], "http or https"),
        (["http://localhost:99999/"], "no address"),
        (["http://localhost:1/", "--type", "post.faild"], "post.failed"),
        (["http://localhost:1/", "--server", "http://127.0.0.1:1"], "TREADLE_KEY"),
        (["http://localhost:1/", "--secret-file", "nowhere"], "cannot be read"),
        (["http://localhost:1/", "--secret-file", "/dev/null"], "is empty"),
    ],
)
def test_what_cannot_be_is_refused(treadle: Terminal, at_home: Site, given: list[str], words: str) -> None:
    done = treadle("webhooks", "listen", *given, "--count", "1")
    assert done.code == 2
    assert words in " ".join(done.err.split())


def test_nobody_listens(treadle: Terminal, at_home: Site) -> None:
    happen(at_home, "post.published")
    done = treadle("webhooks", "listen", "localhost:1", "--after", "0", "--count", "1")
    assert (done.code, "refused" in done.out) == (0, True)


def test_the_events_of_another_server(tmp_path: Path, receiver: str) -> None:
    with ready.serving("serve", "--port", "0", env=servers.environment(tmp_path / "there")) as (_, said):
        there = servers.environment(tmp_path / "there")
        key = json.loads(ready.treadle("keys", "create", "--json", env=there).stdout)["key"]
        here = servers.environment(tmp_path / "here", TREADLE_KEY=key)
        wrong = servers.environment(tmp_path / "here", TREADLE_KEY="trd_wrong")
        listen = ("webhooks", "listen", receiver, "--server", said["url"], "--count", "1", "--after", "0")
        refused = ready.treadle(*listen, env=wrong)
        assert refused.returncode == 2
        assert "HTTP 401" in refused.stderr
        _announce(tmp_path / "there")
        done = ready.treadle(*listen, env=here)
    assert done.returncode == 0, done.stderr
    Webhook(done.stdout.splitlines()[0].removeprefix("Secret: ")).verify(*Receiver.got[0])


def _announce(folder: Path) -> None:
    from tests.support.folders import settings_in
    from treadle.app import DEFAULT_WORKSPACE, open_app

    app = open_app(settings_in(folder))
    with app.db.begin() as conn:
        feed.announce(conn, DEFAULT_WORKSPACE, "account.disconnected", "acc_1", {"account_id": "acc_1"}, now=app.now())
    app.close()


@pytest.mark.parametrize(
    ("key", "server", "words"),
    [
        ("a\nb", "http://127.0.0.1:1", "characters that no key has"),
        ("☃", "http://127.0.0.1:1", "characters that no key has"),
        ("trd_x", "http://[bad", "no address of a server"),
        ("trd_x", "ftp://127.0.0.1", "no address of a server"),
        ("trd_x", "http://127.0.0.1:1", "Nothing is listening"),
    ],
)
def test_a_server_that_cannot_be_followed_is_told_at_once(
    treadle: Terminal, at_home: Site, monkeypatch: pytest.MonkeyPatch, key: str, server: str, words: str
) -> None:
    monkeypatch.setenv("TREADLE_KEY", key)
    done = treadle("webhooks", "listen", "http://localhost:1/", "--server", server, "--after", "0", "--count", "1")
    assert (done.code, words in " ".join(done.err.split())) == (2, True), done.err


class Breaking(BaseHTTPRequestHandler):
    """A server whose first stream breaks off before its first event."""

    asked: list[str] = []  # noqa: RUF012 -- one server in a test

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"retry: 2000\nid: 41\n\n")
        if len(self.asked) > 1:
            junk = b"data: not json\n\ndata: {}\n\n"
            event = {"id": 42, "type": "post.published", "subject": "pst_1", "at": None, "timestamp": None, "data": {}}
            self.wfile.write(junk + b"data: " + json.dumps(event).encode() + b"\n\n")

    def log_message(self, *args: object) -> None:
        pass


def test_a_stream_that_breaks_off_before_its_first_event_loses_none(
    treadle: Terminal, at_home: Site, receiver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Breaking.asked = []
    monkeypatch.setattr(forwarding, "AGAIN_S", 0.0)
    monkeypatch.setenv("TREADLE_KEY", "trd_x")
    with ThreadingHTTPServer(("127.0.0.1", 0), Breaking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = f"http://127.0.0.1:{server.server_address[1]}"
        done = treadle("webhooks", "listen", receiver, "--server", there, "--count", "1")
        server.shutdown()
    assert done.code == 0, done.err
    assert Breaking.asked == ["/v1/events", "/v1/events?after=41"]
    assert json.loads(Receiver.got[0][0])["id"] == 42
