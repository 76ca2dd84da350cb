"""A Treadle server as a process, a sandbox it publishes to, and a line between client and server that can be cut."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.treadle.cli.ready import serving, treadle
from tests.treadle.cli.servers import environment
from treadle.sandbox import running


@dataclass
class Running:
    """``key`` may do everything; ``account`` is connected."""

    url: str
    key: str
    account: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("client")
    with running(processing="fast") as sandbox:
        token = sandbox.control.add_account("ada")["access_token"]
        env = environment(
            folder,
            TREADLE_THREADS_API_URL=sandbox.url,
            TREADLE_THREADS_APP_ID=sandbox.app.id,
            TREADLE_THREADS_APP_SECRET=sandbox.app.secret,
            TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS="1",
            no_proxy="*",
        )
        with serving("serve", "--port", "0", env=env) as (_, said):
            key = json.loads(
                treadle("keys", "create", "--name", "client", "--scope", "admin", "--json", env=env).stdout
            )["key"]
            account = json.loads(treadle("accounts", "add", "--token", token, "--json", env=env).stdout)["account_id"]
            yield Running(said["url"], key, account)


@dataclass
class Line:
    """Between client and server. Each entry of ``faults`` is used up by one request: ``lost`` (the server did it, and
    its answer never comes), a status (the server is not asked), or ``None`` (it passes)."""

    url: str
    faults: list[str | int | None] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)  # the Idempotency-Key of each request
    asked: int = 0


@pytest.fixture
def line(server: Running) -> Iterator[Line]:
    host = server.url.removeprefix("http://")

    class Between(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            made.asked += 1
            made.keys.append(self.headers.get("Idempotency-Key"))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = made.faults.pop(0) if made.faults else None
            if isinstance(fault, int):
                self.send_response(fault)
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(b"<html>not Treadle</html>")
                return
            onward = http.client.HTTPConnection(host, timeout=60)
            given = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            onward.request(self.command, self.path, body, {**given, "Host": host})
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            if fault == "lost":
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _pass

        def log_message(self, format: str, *args: object) -> None:
            pass

    between = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    made = Line(f"http://127.0.0.1:{between.server_port}")
    thread = threading.Thread(target=between.serve_forever, daemon=True)
    thread.start()
    yield made
    between.shutdown()
    thread.join()
    between.server_close()


@pytest.fixture(scope="session")
def built_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package as it is built."""
    from tools.build_js import build

    folder = tmp_path_factory.mktemp("npm")
    build(folder)
    return folder
