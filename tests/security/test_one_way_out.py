"""One guarded way out: the hook that watches every test sees what goes past the guard, and the product does not."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.support.egress import sitecustomize
from tests.support.egress.watching import unguarded
from tests.support.sources import SOURCES, modules, place_of
from treadle.settings import Settings
from treadle_threads.media.guard import AddressRefused, GuardedSocket, Trust, guarded_connection
from treadle_threads.net import plain
from treadle_threads.net.session import guarded_session

PACKAGE = SOURCES["treadle"]


def as_product(tmp_path: Path, code: str) -> object:
    """``code``'s ``go`` as if its file were the product's."""
    space: dict[str, object] = {}
    exec(compile(code, str(PACKAGE / "net" / "imagined.py"), "exec"), space)
    return space["go"]


@pytest.fixture
def listener() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.settimeout(0)
    return made


@pytest.mark.parametrize(
    "code",
    [
        "import socket\ndef go(port): socket.create_connection(('127.0.0.1', port))",
        "import socket\ndef go(port): socket.socket().connect(('127.0.0.1', port))",
        "import socket\ndef go(port): socket.socket().connect_ex(('127.0.0.1', port))",
        "import socket\ndef go(port): socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
        "import socket\ndef go(port): socket.socket(socket.AF_UNIX).connect('/nowhere')",
        "import urllib.request\ndef go(port): urllib.request.urlopen(f'http://127.0.0.1:{port}/')",
        "import http.client\ndef go(port): http.client.HTTPConnection('127.0.0.1', port).request('GET', '/')",
        "import smtplib\ndef go(port): smtplib.SMTP('127.0.0.1', port)",
        "import asyncio\nasync def ask(port): await asyncio.open_connection('127.0.0.1', port)\n"
        "def go(port): asyncio.run(ask(port))",
        "import asyncio, aiohttp\nasync def ask(port):\n async with aiohttp.ClientSession() as s: await s.get(f'http://127.0.0.1:{port}/')\n"
        "def go(port): asyncio.run(ask(port))",
        "import threading, urllib.request\ndef go(port):\n"
        " t = threading.Thread(target=urllib.request.urlopen, args=(f'http://127.0.0.1:{port}',))\n"
        " t.start(); t.join()\n"
        " raise RuntimeError('in a thread')",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore::ResourceWarning")
def test_the_hook_stops_what_does_not_come_from_the_guard(tmp_path: Path, listener: socket.socket, code: str) -> None:
    go = as_product(tmp_path, code)
    with pytest.raises((RuntimeError, OSError, aiohttp.ClientError)):
        go(listener.getsockname()[1])  # type: ignore[operator]
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert len(unguarded()) == 1


def test_the_hook_watches_processes_that_tests_start(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    code = (
        f"import socket; code = compile('import socket; socket.create_connection((\"127.0.0.1\", {port}))', "
        f"{str(PACKAGE / 'imagined.py')!r}, 'exec'); exec(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Unguarded" in done.stderr
    assert len(unguarded()) == 1
    assert os.environ[sitecustomize.RECORD]


async def test_the_guards_own_connections_pass() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.path_qs)

    app = web.Application()
    app.router.add_get("/{rest:.*}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with guarded_session(Trust.OPERATOR) as session, session.get(f"http://localhost:{port}/a?b=c") as answer:
        assert await answer.text() == "/a?b=c"
    import asyncio

    def ask() -> tuple[int, bytes]:
        return plain.request("GET", f"http://127.0.0.1:{port}/x?y=z", trust=Trust.OPERATOR)

    assert await asyncio.to_thread(ask) == (200, b"/x?y=z")
    await runner.cleanup()
    assert unguarded() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "::1", "169.254.169.254"])
def test_without_a_loop_strangers_reach_no_private_address(host: str, listener: socket.socket) -> None:
    with pytest.raises(AddressRefused):
        guarded_connection(host, listener.getsockname()[1], 1.0, Trust.STRANGER)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_socket_itself_refuses(listener: socket.socket) -> None:
    """Whatever found the address, and whoever checked it before."""
    made = GuardedSocket(socket.AF_INET, socket.SOCK_STREAM)
    with made, pytest.raises(AddressRefused):
        made.connect(listener.getsockname())
    with GuardedSocket(socket.AF_INET, socket.SOCK_STREAM) as other, pytest.raises(AddressRefused):
        other.connect_ex(listener.getsockname())


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(ConnectionRefusedError):
        plain.request("GET", "http://127.0.0.2:9/", trust=Trust.OPERATOR, timeout_s=2.0)
    with pytest.raises(BlockingIOError):
        listener.accept()


# --------------------------------------------------------------- what the hook cannot see: read from the source itself

OPENERS = {
    "aiohttp.ClientSession", "aiohttp.TCPConnector", "aiohttp.UnixConnector", "urllib.request", "http.client",
    "smtplib", "requests", "httpx", "socket.create_connection", "asyncio.open_connection", "ftplib", "telnetlib",
    "imaplib", "poplib", "websockets", "apprise", "obstore",
}  # fmt: skip
MAY = {
    "treadle/observe/tracing_session.py": {"requests"},  # its adapter sends through treadle_threads.net
    "treadle_threads/net/session.py": {"aiohttp.ClientSession", "aiohttp.TCPConnector"},
    "treadle_threads/net/plain.py": {"http.client"},
    "treadle/notify/alert_mail.py": {"smtplib"},
    "treadle/media/hosting.py": {"obstore"},
}


def opened_in(path: Path) -> set[str]:
    """What a file uses that opens connections; annotations are no use."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.ClassDef):
            found |= {ast.unparse(base) for base in node.bases}
    return {opener for opener in OPENERS if any(f"{name}.".startswith(f"{opener}.") for name in found)}


def test_no_file_opens_connections_of_its_own() -> None:
    found = {place_of(path): opened for path in modules() if (opened := opened_in(path))}
    assert found == MAY


def test_object_storage_is_reached_by_the_operators_setting_alone() -> None:
    """obstore has sockets of its own (Rust): who gives it an address is held here instead."""
    makers = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("BucketStore", "from_url"):
                makers.append((place_of(path), ast.unparse(node.func), ast.unparse(node.args[0])))
    assert sorted(makers) == [
        ("treadle/media/hosting.py", "from_url", "where"),
        ("treadle/media/service.py", "BucketStore", "settings.media_store_url"),
    ]
    assert "media_store_url" in Settings.model_fields


@pytest.mark.parametrize("endpoint", ["ftp://a", "http://a:b@127.0.0.1", "nonsense", "http://[", "http://a%20b\\c"])
def test_an_endpoint_of_object_storage_is_read_by_the_guard(endpoint: str) -> None:
    from urllib.parse import quote

    from treadle.media.hosting import BucketStore

    with pytest.raises(ValueError, match="TREADLE_MEDIA_STORE_URL"):
        BucketStore(f"s3://bucket/x?endpoint={quote(endpoint, safe='')}&region=eu")
