"""``tools/bootstrap.py``: uv from any package index, held to its sum, without pip or venv."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from treadle_sandbox.tls import make_authority, write_certificate

ROOT = Path(__file__).resolve().parents[2]
LOGIN = "Basic " + base64.b64encode(b"me:pa ss").decode()
UV = "#!/bin/sh\necho a stand-in for uv\n"


class Index:
    """A package index that wants a login, and redirects its files to a host that must not see that."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = self.headers.get("Authorization")
                index.asked.append((self.path, said))
                if self.path.startswith("/elsewhere/"):
                    body, status = index.pages[self.path], 200
                elif said != LOGIN:
                    body, status = b"", 401
                elif self.path.startswith("/files/"):
                    self.send_response(302)
                    self.send_header(
                        "Location", self.path.replace("/files/", f"http://localhost:{index.port}/elsewhere/")
                    )
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                else:
                    body, status = index.pages.get(self.path, b""), 200
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port

    @property
    def url(self) -> str:
        return f"http://me:pa%20ss@127.0.0.1:{self.port}/simple"


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index()
    threading.Thread(target=index.server.serve_forever, daemon=True).start()
    yield index
    index.server.shutdown()
    index.server.server_close()


@pytest.fixture
def checkout(tmp_path: Path, index: Index) -> Path:
    """The set-up alone in a folder, its pins those of wheels that the index serves."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "bootstrap.py").write_bytes((ROOT / "tools" / "bootstrap.py").read_bytes())
    pins, links = [], []
    for line in (ROOT / "tools" / "uv-wheels.sha256").read_text().splitlines():
        name = line.split()[1]
        version = name.split("-")[1]
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as wheel:
            wheel.writestr(f"uv-{version}.data/scripts/uv", UV)
        index.pages[f"/elsewhere/{name}"] = made.getvalue()
        pins.append(f"{hashlib.sha256(made.getvalue()).hexdigest()}  {name}\n")
        links.append(f'<a href="../../files/{name}#sha256=0&amp;x">{name}</a>')
    (tmp_path / "tools" / "uv-wheels.sha256").write_text("".join(pins))
    index.pages["/simple/uv/"] = "\n".join(links).encode()
    return tmp_path


def run(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """As on a bare Debian: an interpreter that finds no package at all, thus neither pip nor venv's ensurepip."""
    code = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('pip', 'venv', 'ensurepip', 'setuptools'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "sys.argv = sys.argv[1:]\n"
        "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, "-I", "-S", "-c", code, str(checkout / "tools" / "bootstrap.py"), *words]
    env = {"PIP_CONFIG_FILE": os.devnull, "no_proxy": "*", **env}
    return subprocess.run(command, env={**kept, **env}, capture_output=True, text=True, timeout=60, cwd=checkout)


@pytest.mark.parametrize("how", ["variable", "file"])
def test_uv_comes_from_the_index_named_for_pip(checkout: Path, index: Index, how: str) -> None:
    (checkout / "pip.conf").write_text(f"[global]\nindex-url = {index.url}/\n")
    env = {"PIP_INDEX_URL": index.url} if how == "variable" else {"PIP_CONFIG_FILE": str(checkout / "pip.conf")}
    done = run(checkout, "--print-uv", **env)
    assert done.returncode == 0, done.stderr
    program = Path(done.stdout.strip())
    assert program.read_text() == UV
    assert os.access(program, os.X_OK)
    assert program.is_relative_to(checkout / ".tools")
    assert [said for path, said in index.asked if path.startswith("/elsewhere/")] == [None]
    asked = len(index.asked)
    assert run(checkout, "--print-uv", **env).stdout.strip() == str(program)
    assert len(index.asked) == asked, "fetched again"


def test_another_file_than_the_pinned_one_is_refused(checkout: Path, index: Index) -> None:
    for path in [path for path in index.pages if path.startswith("/elsewhere/")]:
        index.pages[path] += b" "
    done = run(checkout, "--print-uv", PIP_INDEX_URL=index.url)
    assert done.returncode == 1
    assert "sha256" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((checkout / ".tools").rglob("uv"))


def test_an_index_without_uv_and_one_that_refuses_are_explained(checkout: Path, index: Index) -> None:
    wrong = index.url.replace("pa%20ss", "secret1")
    done = run(checkout, "--print-uv", PIP_INDEX_URL=wrong)
    assert (done.returncode, "401" in done.stderr, "secret1" in done.stderr) == (1, True, False)
    index.pages["/simple/uv/"] = b"<html>nothing</html>"
    done = run(checkout, "--print-uv", PIP_INDEX_URL=index.url)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_uv_of_ones_own(checkout: Path, index: Index) -> None:
    done = run(checkout, "--print-uv", UV="/opt/uv", PIP_INDEX_URL=index.url)
    assert done.stdout.strip() == "/opt/uv"
    assert not index.asked


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_an_index_behind_an_authority_of_ones_own(checkout: Path, index: Index, name: str) -> None:
    authority, context = make_authority()
    index.server.socket = context.wrap_socket(index.server.socket, server_side=True)
    url = index.url.replace("http:", "https:")
    for path in [path for path in index.pages if path.startswith("/elsewhere/")]:
        index.pages[f"/simple/files/{path.removeprefix('/elsewhere/')}"] = index.pages[path]
    index.pages["/simple/uv/"] = index.pages["/simple/uv/"].replace(b"../../files/", b"../files/")
    refused = run(checkout, "--print-uv", PIP_INDEX_URL=url)
    assert (refused.returncode, "certificate" in refused.stderr) == (1, True)
    done = run(checkout, "--print-uv", PIP_INDEX_URL=url, **{name: str(write_certificate(authority, checkout))})
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_text() == UV


def test_wrong_usage_prints_the_usage(checkout: Path) -> None:
    done = run(checkout, "--devv")
    assert done.returncode == 1
    assert "--print-uv" in done.stderr
