"""Play the known classes of attack against a server of one's own, and say what held.

Usage: python tools/attack.py [--only WORD]. Starts `treadle serve` with its default settings in a temporary folder, on
a loopback port, and speaks to nothing else. Ends within two minutes; the exit code is 1 when anything did not hold.

A class is a function in `CLASSES` that yields (what was tried, whether it held, what came back).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TREADLE = Path(sys.executable).with_name("treadle")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SLOW_HEAD_S = 30  # so long a connection may take to say what it wants
HEARTBEAT_S = 25  # within this a stream must have looked at its key again
Tried = Iterator[tuple[str, bool, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Target:
    """The server: its port, its folder, a key that may do everything, and a listener it must never reach."""

    port: int
    folder: Path
    key: str
    first_token: str
    hits: list[str]
    trap: int

    def ask(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> Answer:
        """One request; status 0 when no answer came."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read(), time.monotonic() - began)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, {}, str(error).encode(), time.monotonic() - began)
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return self.ask(method, path, b"" if body is None else json.dumps(body), **headers)

    def form(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        return self.ask("POST", path, urlencode(fields), **FORM, **headers)

    def raw(self, data: bytes, wait_s: float = 5.0) -> bytes:
        """What comes back within ``wait_s`` for bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait_s) as plug:
            try:
                plug.sendall(data)
                return plug.recv(65_536)
            except OSError:
                return b""

    def alive(self) -> bool:
        answer = self.ask("GET", "/healthz")
        return answer.status == 200 and answer.seconds < 5


CLASSES: dict[str, Callable[[Target], Tried]] = {}


def named(name: str) -> Callable[[Callable[[Target], Tried]], Callable[[Target], Tried]]:
    def keep(played: Callable[[Target], Tried]) -> Callable[[Target], Tried]:
        CLASSES[name] = played
        return played

    return keep


@named("linear time")
def linear_time(target: Target) -> Tried:
    for unit in ("TH-", "a-", "/", '{"error":', '\\"', "<script", "[", "+", "\n", "🇩🇪", "?a=", "&#", "'", "code="):
        text = (unit * 60_000)[: 60_000 // len(unit.encode()) * len(unit)]
        for path, field in (("/guide/diagnose", "error"), ("/connect/nobody/help", "said")):
            answer = target.form(path, {field: text})
            held = 0 < answer.status < 500 and answer.seconds < 2
            yield f"60 KB of {unit!r} to {path}", held, f"{answer.status} in {answer.seconds:.2f} s"
        plain = {"Authorization": f"Bearer {target.key}", "Content_Type": "text/plain"}
        answer = target.ask("POST", "/v1/diagnose", text, **plain)
        held = 0 < answer.status < 500 and answer.seconds < 2
        yield f"60 KB of {unit!r} to /v1/diagnose", held, f"{answer.status} in {answer.seconds:.2f} s"


@named("unknown hosts")
def unknown_hosts(target: Target) -> Tried:
    evil = f"evil.example:{target.port}"
    for path in ("/", "/setup", "/login", "/metrics"):
        answer = target.ask("GET", path, Host=evil)
        yield f"GET {path} as {evil}", answer.status == 421, str(answer.status)
    for host in ("127.0.0.1.evil.example", "localhost.evil.example", "[::1].evil.example", "evil.example@127.0.0.1"):
        answer = target.ask("GET", "/setup", Host=host)
        yield f"GET /setup as {host}", answer.status in (400, 421), str(answer.status)
    answer = target.ask("GET", "/login", Host=f"localhost:{target.port}")
    yield "localhost is still served", answer.status in (200, 303), str(answer.status)


@named("methods and metric labels")
def labels(target: Target) -> Tried:
    answer = target.ask("GET", "/metrics")
    yield "/metrics needs a key", answer.status == 401, str(answer.status)
    answer = target.api("GET", "/metrics")
    yield "/metrics answers to a key", answer.status == 200, str(answer.status)
    before = len(answer.body)
    statuses = {target.ask(f"JUNK{number}{'X' * 2_000}", "/v1/posts").status for number in range(60)}
    yield "60 invented methods are refused", statuses <= {400, 405, 501}, str(sorted(statuses))
    for number in range(60):
        target.ask("GET", f"/invented/{number}/{'y' * 200}")
    grown = len(target.api("GET", "/metrics").body) - before
    yield "/metrics stays small", grown < 20_000, f"{grown:+,} bytes"


@named("giant heads and bodies")
def giants(target: Target) -> Tried:
    head = target.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n")
    yield "a head of 1 MB", b" 4" in head[:13] or head == b"", repr(head[:30])
    lines = b"".join(b"X%d: a\r\n" % number for number in range(20_000))
    head = target.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")
    yield "20,000 headers", b" 4" in head[:13] or head == b"", repr(head[:30])
    for path, field in (("/guide/diagnose", "error"), ("/login", "email"), ("/connect/nobody/help", "said")):
        answer = target.form(path, {field: "x" * 8_000_000})
        yield f"8 MB to {path}", answer.status in (0, 403, 413), str(answer.status)
    answer = target.api("POST", "/v1/posts", {"text": "x" * 8_000_000})
    yield "8 MB to /v1/posts", answer.status in (0, 413), str(answer.status)
    answer = target.ask("POST", "/v1/posts", "[" * 200_000, Authorization=f"Bearer {target.key}")
    yield "JSON 200,000 deep", 400 <= answer.status < 500, str(answer.status)
    yield "the server is well", target.alive(), ""


@named("slow heads")
def slow_heads(target: Target) -> Tried:
    plugs = []
    for _ in range(100):
        plug = socket.create_connection(("127.0.0.1", target.port), timeout=5)
        plug.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        plugs.append(plug)
    yield "others are served meanwhile", target.alive(), ""
    ended = time.monotonic() + SLOW_HEAD_S
    open_ = plugs
    while open_ and time.monotonic() < ended:
        time.sleep(1)
        open_ = [plug for plug in open_ if not _closed(plug)]
    for plug in plugs:
        plug.close()
    yield f"half heads are ended within {SLOW_HEAD_S} s", not open_, f"{len(open_)} of 100 are still held"


def _closed(plug: socket.socket) -> bool:
    plug.setblocking(False)
    try:
        plug.recv(4096)  # an answer that refuses, or the end
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _inside(port: int) -> list[str]:
    return [
        f"http://127.0.0.1:{port}/x.mp4", f"http://localhost:{port}/x.mp4", f"http://2130706433:{port}/x.mp4",
        f"http://0x7f000001:{port}/x.mp4", f"http://0177.0.0.1:{port}/x.mp4", f"http://[::ffff:127.0.0.1]:{port}/x.mp4",
        f"http://[::1]:{port}/x.mp4", f"http://0.0.0.0:{port}/x.mp4", f"http://127.1:{port}/x.mp4",
        f"http://a@127.0.0.1:{port}/x.mp4", f"http://１２７.0.0.1:{port}/x.mp4",
    ]  # fmt: skip


@named("requests to the inside")
def inside(target: Target) -> Tried:
    target.hits.clear()
    for url in _inside(target.trap):
        answer = target.api("POST", "/v1/media", {"url": url})
        yield f"a file at {url}", 400 <= answer.status < 500, str(answer.status)
    for url in _inside(target.trap):
        answer = target.api("POST", "/v1/webhooks", {"url": url.replace("http:", "https:"), "types": ["post.live"]})
        yield f"a webhook to {url}", 400 <= answer.status < 500, str(answer.status)
    workspace = target.api("GET", "/v1/workspaces").json()
    own = (workspace.get("items") or workspace.get("data") or workspace.get("workspaces") or [{}])[0].get("id", "")
    discord = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
    for between in (",", " ", "\t", "\n"):
        url = f"{discord}{between}json://127.0.0.1:{target.trap}/x"
        answer = target.api("PATCH", f"/v1/workspaces/{own}", {"alert_urls": [url]})
        yield f"an alert target with {between!r} in it", 400 <= answer.status < 500, str(answer.status)
        target.api("PATCH", f"/v1/workspaces/{own}", {"alert_urls": []})  # nothing is ever sent to it
    for url in (f"json://127.0.0.1:{target.trap}/x", f"xml://localhost:{target.trap}", "syslog://127.0.0.1"):
        answer = target.api("PATCH", f"/v1/workspaces/{own}", {"alert_urls": [url]})
        yield f"an alert target {url}", 400 <= answer.status < 500, str(answer.status)
    time.sleep(1)
    yield "nothing arrived inside", not target.hits, str(target.hits[:3])


@named("forged forms")
def forged(target: Target) -> Tried:
    for path in ("/login", "/logout", "/setup/first", "/me"):
        answer = target.form(path, {"email": "a@example.org", "password": "x" * 12})
        yield f"POST {path} without a token", answer.status in (303, 403, 413), str(answer.status)
    page = target.ask("GET", "/login")
    cookie, token = _csrf(page)
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
        fields = {"csrf": token, "email": "a@example.org", "password": "x"}
        answer = target.form("/login", fields, Cookie=cookie, **headers)
        yield f"POST /login with {headers}", answer.status in (303, 403), str(answer.status)


def _csrf(page: Answer) -> tuple[str, str]:
    cookie = page.headers.get("set-cookie", "").partition(";")[0]
    found = re.search(rb'name="csrf" value="([^"]*)"', page.body)
    return cookie, found[1].decode() if found else ""


@named("malformed Origin")
def origins(target: Target) -> Tried:
    for origin in ("http://[", "http://[::1", "//", "http://\x01", "x" * 5_000, "http://a:b:c", "http://a:99999999"):
        answer = target.form("/login", {"email": "a"}, Origin=origin)
        yield f"Origin {origin[:30]!r}", 0 < answer.status < 500, str(answer.status)


@named("malformed forms")
def malformed(target: Target) -> Tried:
    for path in ("/connect/nobody/help", "/threads/deauthorize", "/threads/delete-data", "/threads/webhook"):
        answer = target.ask("POST", path, "a=1&" * 2_000, **FORM)
        yield f"2,000 fields to {path}", 0 < answer.status < 500 or answer.status == 503, str(answer.status)


@named("first user")
def first_user(target: Target) -> Tried:
    cookie, token = _csrf(target.ask("GET", "/setup"))
    fields = {"csrf": token, "password": "a long pass phrase of mine"}
    target.form("/setup/first", {**fields, "email": "stranger@example.org"}, Cookie=cookie)
    yield "nobody without the printed token", _users(target) == 0, f"{_users(target)} users"
    cookie, fields["csrf"] = _csrf(target.ask("GET", f"/setup?token={target.first_token}"))

    def make(number: int) -> int:
        sent = {**fields, "email": f"u{number}@example.org", "token": target.first_token}
        return target.form("/setup/first", sent, Cookie=cookie).status

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(6)))
    yield "one of six at once", _users(target) == 1, f"{_users(target)} users"


def _users(target: Target) -> int:
    with sqlite3.connect(f"file:{target.folder}/treadle-data/treadle.sqlite?mode=ro", uri=True) as conn:
        return int(conn.execute("SELECT count(*) FROM users").fetchone()[0])


@named("revoked keys")
def revoked(target: Target) -> Tried:
    made = target.api("POST", "/v1/keys", {"name": "stream", "scopes": ["read"]}).json()
    plug = socket.create_connection(("127.0.0.1", target.port), timeout=40)
    with plug:
        head = f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {made['key']}\r\n\r\n"
        plug.sendall(head.encode())
        first = plug.recv(65_536)
        yield "the stream opens", b" 200 " in first[:20], repr(first[:20])
        gone = target.api("DELETE", f"/v1/keys/{made['id']}")
        yield "the key is revoked", gone.status == 204, str(gone.status)
        yield "it is refused", target.ask("GET", "/v1/posts", Authorization=f"Bearer {made['key']}").status == 401, ""
        ended = False
        until = time.monotonic() + HEARTBEAT_S
        while not ended and time.monotonic() < until:
            plug.settimeout(max(0.1, until - time.monotonic()))
            try:
                piece = plug.recv(65_536)
                ended = piece == b"" or b"\r\n0\r\n\r\n" in b"\r\n" + piece
            except OSError:
                break
        yield "its stream ends within a heartbeat", ended, ""


@named("path escapes")
def escapes(target: Target) -> Tried:
    marks = (b"root:", b"PRIVATE", b"treadle.sqlite")
    for path in (
        "/../../../../etc/passwd", "/static/../../../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/guide/assets/../../settings.py", "/guide/assets/..%2f..%2fsettings.py", "/media/..%2f..%2fsecret.keys",
        "/media/%2e%2e/secret.keys", "/static/..%5c..%5csecret.keys", "/guide/%00", "//etc/passwd",
    ):  # fmt: skip
        answer = target.ask("GET", path)
        held = 0 < answer.status < 500 and not any(mark in answer.body for mark in marks)
        yield f"GET {path}", held, str(answer.status)


class _Trap(BaseHTTPRequestHandler):
    """Notes whatever reaches it."""

    hits: list[str] = []  # noqa: RUF012 - one trap for the whole run

    def _took(self) -> None:
        self.hits.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = _took

    def log_message(self, *_: Any) -> None:
        return


def _free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


@contextmanager
def served() -> Iterator[Target]:
    """A server with nothing set but its port, and a listener that stands for what is inside."""
    with tempfile.TemporaryDirectory(prefix="treadle-attack-") as name:
        folder, port = Path(name), _free_port()
        env = {"PATH": os.environ.get("PATH", ""), "HOME": name}
        command = [str(TREADLE), "keys", "create", "--scope", "admin"]
        key = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout.split()[0]
        trap = HTTPServer(("127.0.0.1", 0), _Trap)
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        log = folder / "log.txt"
        with log.open("wb") as out:
            command = [str(TREADLE), "serve", "--port", str(port), "--stop-within", "2"]
            server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            target = Target(port, folder, key, "", _Trap.hits, trap.server_address[1])
            until = time.monotonic() + 40
            while not target.alive():
                if server.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"The server did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.2)
            found = re.search(r"token=([\w-]+)", log.read_text())
            target.first_token = found[1] if found else ""
            yield target
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            trap.shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only the classes whose name holds this word")
    only = parser.parse_args().only
    out, broken, count = sys.stdout, 0, 0
    with served() as target:
        for name, played in CLASSES.items():
            if only not in name:
                continue
            began, told, fell = time.monotonic(), 0, []
            try:
                for what, held, said in played(target):
                    told += 1
                    if not held:
                        fell.append(f"  did not hold: {what}{f' ({said})' if said else ''}")
            except Exception as error:
                fell.append(f"  could not be played: {type(error).__name__}: {error}")
            count, broken = count + told, broken + len(fell)
            word = "held" if not fell else "DID NOT HOLD"
            out.write(f"{name}: {word} ({told - len(fell)} of {told}, {time.monotonic() - began:.1f} s)\n")
            out.write("".join(f"{line}\n" for line in fell))
            out.flush()
    out.write(f"{count} attacks, {broken} did not hold.\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
