"""Clients that send or read slowly, or too many at once, take nothing from the others."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.security.test_files_and_keys import admin_key, jpeg
from tests.support.folders import settings_in
from tests.treadle.cli.ready import serving
from tests.treadle.cli.servers import PATIENCE_S, environment
from treadle.http import connection
from treadle.store import feed

HEAD_S, BODY_S = 1.0, 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, str, Path]]:
    """Host, port, an admin key and the folder of a server with short limits."""
    data = tmp_path_factory.mktemp("slow")
    key = admin_key(settings_in(data))
    env = environment(data, TREADLE_REQUEST_HEAD_TIMEOUT=str(HEAD_S), TREADLE_REQUEST_BODY_TIMEOUT=str(BODY_S))
    with serving("serve", "--port", "0", "--no-worker", env=env) as (_, said):
        host, port = said["url"].removeprefix("http://").split(":")
        yield host, int(port), key, data


def connect(server: tuple[str, int, str, Path]) -> socket.socket:
    return socket.create_connection(server[:2], timeout=PATIENCE_S)


def everything(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    found = b""
    try:
        while piece := client.recv(65_536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def test_a_connection_that_says_nothing_is_closed(server: Any) -> None:
    with connect(server) as client:
        assert everything(client) == b""


def test_half_a_head_is_answered_and_closed(server: Any) -> None:
    with connect(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        assert everything(client).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_gets_no_more_time(server: Any) -> None:
    with connect(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        client.settimeout(HEAD_S / 8)
        found = b""
        for number in range(200):
            try:
                client.sendall(b"X-%d: y\r\n" % number)
                found += client.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            break
        else:
            raise AssertionError("it went on for ever")
        assert found.startswith(b"HTTP/1.1 408 ")


def test_the_next_head_of_a_kept_connection_has_the_same_limit(server: Any) -> None:
    with connect(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /hea")
        assert b"HTTP/1.1 408 " in everything(client)


def post(path: str, key: str, length: int, kind: str = "application/json") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


def test_a_body_that_does_not_come_is_answered_and_closed(server: Any) -> None:
    with connect(server) as client:
        client.sendall(post("/v1/posts", server[2], 1000) + b'{"text":')
        assert everything(client).startswith(b"HTTP/1.1 408 ")


def test_a_body_after_an_early_answer_is_not_waited_for(server: Any) -> None:
    with connect(server) as client:
        client.sendall(b"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        assert everything(client).startswith(b"HTTP/1.1 4")


def test_an_upload_that_makes_progress_is_not_cut(server: Any) -> None:
    """It takes several times the limit, and each portion earns the time of the next."""
    picture = jpeg()
    with connect(server) as client:
        client.sendall(post("/v1/media?filename=a.jpg", server[2], len(picture), "image/jpeg"))
        began = time.monotonic()
        portion = len(picture) // 10 + 1
        assert portion / connection.SLOWEST_BODY > 2 * BODY_S / 4
        for at in range(0, len(picture), portion):
            client.sendall(picture[at : at + portion])
            time.sleep(BODY_S / 4)
        assert time.monotonic() - began > 2 * BODY_S
        assert everything(client).startswith(b"HTTP/1.1 201 ")


def test_a_live_stream_is_not_cut(server: Any) -> None:
    from treadle.app import DEFAULT_WORKSPACE, open_app

    asked = urllib.request.Request(
        f"http://{server[0]}:{server[1]}/v1/events", headers={"Authorization": f"Bearer {server[2]}"}
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as stream:
        time.sleep(2 * max(HEAD_S, BODY_S))
        app = open_app(settings_in(server[3]))
        with app.db.begin() as conn:
            feed.announce(conn, DEFAULT_WORKSPACE, "account.first", "acc_x", {}, now=app.now())
        app.close()
        assert any(line.strip() == b"event: account.first" for line in stream)


def test_many_half_requests_shut_nobody_out_and_fill_no_log(tmp_path: Path) -> None:
    """As many files as the system allows are held by strangers; the limit is far away, so only the ceiling helps."""
    most, wanted = 96, 240
    errors = tmp_path / "stderr"
    env = environment(tmp_path / "data", TREADLE_REQUEST_HEAD_TIMEOUT="600")
    with ExitStack() as stack:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"ulimit -n {most}; exec {sys.executable} -m treadle serve --port 0 --json"],
            env=env, cwd=env["PWD"], stdout=subprocess.PIPE, stderr=stack.enter_context(errors.open("wb")), text=True,
        )  # fmt: skip
        stack.callback(process.communicate)
        stack.callback(process.kill)
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        host, port = url.removeprefix("http://").split(":")
        for _ in range(wanted):
            client = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(5):
            with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:
                assert answer.status == 200
    assert errors.stat().st_size < 20_000
    assert "Traceback" not in errors.read_text(encoding="utf-8")


def test_the_ceiling_follows_what_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))

    def most(asked: int, soft: int, hard: int) -> int:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        return connection.ceiling(asked)

    endless = resource.RLIM_INFINITY
    assert most(2000, 96, 96) == 32
    assert most(2000, 1024, 4096) == 1365
    assert set_to == [(4096, 4096)]
    assert most(40_000, 1024, endless) == 21_845
    assert most(7, endless, endless) == 7
