"""Keep a database of a release, with posts in every state, for the tests of later releases.

    .venv/bin/python tools/keep_release.py TREADLE FOLDER

TREADLE is the program of that release (``/path/to/its/.venv/bin/treadle``). Its sandbox and its server run as a person
would run them, posts are brought into every state by faults, the server is killed in the middle of its work, and
FOLDER gets ``treadle.sql.gz`` (the SQLite database as SQL), ``sandbox.json.gz`` (Threads as it was then),
``secret.keys`` and ``kept.json`` (when, by which version, and which text is in which state).
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

PEOPLE = ("ada", "ben", "cyd", "dot", "eve", "fay", "gus", "hal", "ivy", "jon", "kim")
DROP: dict[str, Any] = {"drop": True}
HANGING: dict[str, Any] = {"delay_s": 900}
LIMITED: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "3600"}, "body": "Too many requests"}
UNKNOWN: dict[str, Any] = {"status": 400, "body": {"error": {"code": 98765, "message": "Nobody knows this"}}}
_OPENER = build_opener(ProxyHandler({}))


def call(base: str, method: str, path: str, body: Any = None, key: str = "") -> Any:
    """One JSON request; what came back. Raises ``RuntimeError`` with the answer for anything but success."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with _OPENER.open(Request(base + path, data, headers, method=method), timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:500]!r}") from error


def until(ready: Callable[[], bool], what: str, within_s: float = 90.0) -> None:
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {within_s:g} s: {what}")
        time.sleep(0.3)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Scene:
    """A sandbox and a server of the release, and the posts by their text."""

    def __init__(self, program: str, home: Path) -> None:
        self.program, self.home = program, home
        ports = free_port(), free_port()
        self.threads, self.server = (f"http://127.0.0.1:{port}" for port in ports)
        ours = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
        self.environment = ours | {
            "TREADLE_DATA_DIR": str(home / "treadle-data"),
            "TREADLE_THREADS_API_URL": self.threads,
            "TREADLE_THREADS_AUTHORIZE_URL": f"{self.threads}/oauth/authorize",
            "TREADLE_THREADS_APP_ID": "1234567890",
            "TREADLE_THREADS_APP_SECRET": "a-secret-for-the-sandbox",
            "TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS": "1",
            "TREADLE_PORT": str(ports[1]),
            "TREADLE_PUBLIC_URL": self.server,
        }
        people = [word for name in PEOPLE for word in ("--account", name)]
        self.sandbox = self.start("sandbox", "--port", str(ports[0]), "--processing", "fast", "--data-dir",
                                  str(home / "sandbox"), "-o", "fetch_media=false", *people)  # fmt: skip
        until(lambda: self._answers(f"{self.threads}/_sandbox/accounts"), "the sandbox answers")
        self.worker = self.start("serve")
        until(lambda: self._answers(f"{self.server}/readyz"), "the server is ready")
        self.key = json.loads(self.run("keys", "create", "--name", "kept", "--json"))["key"]
        self.accounts: dict[str, str] = {}
        self.posts: dict[str, str] = {}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.home / f"{words[0]}.log").open("wb")
        return subprocess.Popen([self.program, *words], env=self.environment, cwd=self.home, stdout=log, stderr=log)

    def run(self, *words: str, given: str = "") -> str:
        done = subprocess.run([self.program, *words], env=self.environment, cwd=self.home, input=given,
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"treadle {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _answers(self, address: str) -> bool:
        try:
            with _OPENER.open(address, timeout=5):
                return True
        except OSError:
            return False

    def connect(self, name: str) -> None:
        token = call(self.threads, "POST", f"/_sandbox/accounts/{name}/token", {})["access_token"]
        self.accounts[name] = json.loads(self.run("accounts", "add", "--token", token, "--json"))["account_id"]

    def fault(self, account: str, endpoint: str, answer: dict[str, Any], **more: Any) -> None:
        body = {"endpoint": endpoint, "account": account, "answer": answer, **more}
        call(self.threads, "POST", "/_sandbox/faults", body)

    def post(self, account: str, text: str, **more: Any) -> str:
        body = {"account_id": self.accounts[account], "text": text, **more}
        self.posts[text] = call(self.server, "POST", "/v1/posts", body, self.key)["id"]
        return self.posts[text]

    def read(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = call(self.server, "GET", f"/v1/posts/{self.posts[text]}", None, self.key)
        return found

    def is_in(self, text: str, *states: str) -> None:
        """Wait until the post of this text is in one of these states."""
        try:
            until(lambda: self.read(text)["state"] in states, text)
        except RuntimeError as late:
            raise RuntimeError(f"{text!r} is {self.read(text)['state']}, not {' or '.join(states)}") from late

    def part_is_in(self, text: str, number: int, state: str) -> None:
        try:
            until(lambda: bool(self.read(text)["parts"][number]["state"] == state), text, 30.0)
        except RuntimeError as late:
            raise RuntimeError(f"part {number} of {json.dumps(self.read(text), indent=1)} is not {state}") from late


def play(scene: Scene) -> None:
    """Bring posts into every state, and let the worker be in the middle of some."""
    for name in PEOPLE:
        scene.connect(name)
    later = {"publish_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))}
    scene.post("ada", "published text")
    scene.post("ada", "published chain", replies=[{"text": "its second part"}, {"text": "its third part"}])
    picture = {"url": f"{scene.threads}/nowhere.jpg", "alt_text": "A loom"}
    scene.post("ada", "draft", draft=True)
    scene.post("ada", "draft with a picture", draft=True, media=[picture])
    scene.post("ada", "scheduled", **later)
    scene.post("ada", "scheduled chain", **later, replies=[{"text": "scheduled second part"}])
    scene.post("ada", "to be approved", approval=True)
    scene.post(
        "ada", "held, too late", publish_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86_400))
    )
    scene.post("ada", "canceled", **later)
    call(scene.server, "POST", f"/v1/posts/{scene.posts['canceled']}/cancel", {}, scene.key)
    for text in ("published text", "published chain"):
        scene.is_in(text, "published")
    scene.is_in("held, too late", "held")

    call(scene.threads, "POST", "/_sandbox/accounts/ben/revoke", {})
    scene.post("ben", "blocked by a revoked token")
    scene.is_in("blocked by a revoked token", "blocked")
    scene.post("ben", "blocked behind it")
    scene.is_in("blocked behind it", "blocked")

    scene.fault("cyd", "create", LIMITED, times=None)
    scene.post("cyd", "waits for a limit")
    scene.is_in("waits for a limit", "waiting")

    scene.fault("ivy", "create", UNKNOWN)
    scene.post("ivy", "failed")
    scene.is_in("failed", "failed")

    # Lost answers: one post is live, the other is not, and the lists cannot be read for now.
    for name, when in (("eve", "after"), ("fay", "before")):
        scene.fault(name, "publish", DROP, when=when)
        scene.fault(name, "list", {"name": "service_unavailable"}, times=None)
        scene.fault(name, "status", {"name": "service_unavailable"}, times=None, nth=2)
        text = "live, and nobody knows" if when == "after" else "not live, and nobody knows"
        scene.post(name, text)
        scene.is_in(text, "checking", "publishing")

    scene.fault("gus", "create", {"name": "unknown_error"}, times=None)
    scene.post("gus", "retrying")
    scene.is_in("retrying", "retrying")

    # A chain whose first part is out, and calls of which the worker will not live to see the answer.
    scene.fault("hal", "publish", HANGING, nth=2)
    scene.post("hal", "chain, first part out", replies=[{"text": "second part under way"}, {"text": "third part"}])
    scene.part_is_in("chain, first part out", 1, "publishing")
    scene.fault("dot", "create", HANGING)
    scene.post("dot", "killed while its container was made")
    scene.fault("jon", "publish", HANGING)
    scene.post("jon", "killed before it was published")
    scene.fault("kim", "publish", HANGING, when="after")
    scene.post("kim", "killed after it was published")
    until(lambda: scene.read("killed while its container was made")["stage"] == "create_container", "it is made")
    for text in ("killed before it was published", "killed after it was published"):
        scene.part_is_in(text, 0, "publishing")
    until(lambda: bool(call(scene.threads, "GET", "/_sandbox/posts?account=kim")["data"]), "kim's post is live")


def keep(program: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="keep-release-") as made:
        home = Path(made)
        (home / "treadle-data").mkdir(mode=0o700)
        scene = Scene(program, home)
        try:
            play(scene)
            states = {text: scene.read(text) for text in scene.posts}
            live = call(scene.threads, "GET", "/_sandbox/posts?limit=200")["data"]
        finally:
            scene.worker.kill()
            scene.worker.wait()
            time.sleep(1.5)  # the sandbox writes its state twice a second
            scene.sandbox.kill()
            scene.sandbox.wait()
        folder.mkdir(parents=True, exist_ok=True)
        data = home / "treadle-data"
        with closing(sqlite3.connect(data / "treadle.sqlite")) as conn:
            lines = "\n".join(conn.iterdump())
        (folder / "treadle.sql.gz").write_bytes(gzip.compress(f"{lines}\n".encode(), mtime=0))
        state = (home / "sandbox" / "sandbox.json").read_bytes()
        (folder / "sandbox.json.gz").write_bytes(gzip.compress(state, mtime=0))
        shutil.copyfile(data / "secret.keys", folder / "secret.keys")
        kept = {
            "version": scene.run("--version").split()[-1],
            "made_at": time.time(),
            "posts": {text: {"id": post["id"], "state": post["state"],
                             "parts": [{"text": part["text"], "state": part["state"]} for part in post["parts"]]}
                      for text, post in states.items()},
            "live": sorted(post["text"] for post in live),
        }  # fmt: skip
        (folder / "kept.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        print(json.dumps({text: post["state"] for text, post in states.items()}, indent=1), kept["live"])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    keep(sys.argv[1], Path(sys.argv[2]).resolve())
