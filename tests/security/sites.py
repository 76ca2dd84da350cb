"""A whole site over a database, and requests to it as bytes: no client that puts things in order first."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.people import login
from treadle.site import build

PASSWORD = "seven shuttles in a row"
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[tuple[App, FastAPI]]:
    app = open_app(settings_in(folder, **settings))
    try:
        yield app, build(app)
    finally:
        app.close()


def ask(site: FastAPI, path: str = "/healthz", headers: Headers = (), method: str = "GET", body: bytes = b"") -> Answer:
    """One request with exactly these headers."""
    return asyncio.run(asking(site, path, headers, method, body))


async def asking(site: FastAPI, path: str, headers: Headers, method: str = "GET", body: bytes = b"") -> Answer:
    raw_path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": raw_path,
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8700),
    }
    status, found, pieces = 0, {}, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            found.update({name.decode(): value.decode("latin-1") for name, value in message["headers"]})
        else:
            pieces.append(message.get("body", b""))

    await site(scope, receive, send)
    return Answer(status, found, b"".join(pieces))


def person(app: App, email: str = "mara@example.org", workspace: str = DEFAULT_WORKSPACE) -> str:
    """Somebody who can log in with :data:`PASSWORD`; their id."""
    made = asyncio.run(login.add_user(app.db, workspace, email, PASSWORD, actor="cli", now=app.now()))
    assert isinstance(made, str), made
    return made


def browser(site: FastAPI, email: str = "mara@example.org", password: str = PASSWORD) -> TestClient:
    """A client that logged in."""
    client = TestClient(site, base_url="http://127.0.0.1:8700", follow_redirects=False)
    answer = client.post("/login", data={"csrf": csrf_of(client, "/login"), "email": email, "password": password})
    assert answer.status_code == 303, answer.text
    return client


def csrf_of(client: TestClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found, path
    return found.group(1)


@contextmanager
def listening(site: FastAPI) -> Iterator[int]:
    """The site on a port of this machine, served as ``treadle serve`` does it."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    server = uvicorn.Server(
        uvicorn.Config(site, log_level="critical", access_log=False, timeout_graceful_shutdown=1, server_header=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [made]}, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started
    try:
        yield made.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def by_wire(port: int, request: bytes) -> bytes:
    """What comes back for these bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as made:
        made.sendall(request)
        made.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := made.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)
