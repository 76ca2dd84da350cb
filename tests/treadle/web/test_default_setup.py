"""docs/start.md as written, in a fresh folder with no settings but its own: every kind of video gets published."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import ROOT
from treadle.media import probe_file, samples
from treadle.media.samples import VideoRecipe
from treadle_threads.media import validate

PAGE = ROOT / "docs" / "start.md"
PATIENCE_S = 180.0  # a busy machine may take long; nothing is judged by it
SMALL: dict[str, Any] = {"width": 320, "height": 240, "seconds": 1.0}
FAST = {"preset": "ultrafast", "crf": "35", "bf": "2"}
# An index at the end, and three containers that Threads does not take or that hold it in another place.
FILMS = {
    "last.mp4": VideoRecipe(**SMALL, writer={}, options=FAST),
    "film.webm": VideoRecipe(
        **SMALL, format="webm", codec="libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"},
        audio_codec="libopus", writer={},
    ),
    "film.mkv": VideoRecipe(**SMALL, format="matroska", writer={}, options=FAST),
    "film.mov": VideoRecipe(**SMALL, format="mov", writer={}, options=FAST),
}  # fmt: skip


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def the_block(*words: str) -> str:
    found = [block for block in blocks() if all(word in block for word in words)]
    assert len(found) == 1, f"{PAGE.name} has {len(found)} blocks with {words}"
    return found[0]


def free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def another() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def clean() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "OTEL_"))}
    return {**kept, "no_proxy": "*", "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def typed(script: str, folder: Path, log: Path) -> Iterator[None]:
    """A script in a shell of its own, as pasted into a terminal; ended with all that it started."""
    with log.open("wb") as out:
        shell = subprocess.Popen(
            ["bash", "-ec", script], cwd=folder, env=clean(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
            try:
                shell.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()


def said(log: Path, pattern: str) -> str:
    """What the pattern's group is in a log, as soon as it is there."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        text = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(pattern, text):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no {pattern} in: {text[-3000:]}")


@dataclass
class Started:
    """What somebody has who followed the page: a folder, and two terminals that run a sandbox and a server."""

    folder: Path
    exports: str
    sandbox: str
    server: str
    link: str
    account: str = ""

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", f"{self.exports}\n{command}"], cwd=self.folder, env=clean(), capture_output=True, text=True,
            timeout=PATIENCE_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def json(self, command: str) -> Any:
        done = self.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("fresh")
    (folder / ".venv").symlink_to(sys.prefix)
    for name, recipe in FILMS.items():
        samples.video(folder / name, recipe)
    sandbox, serve = the_block("treadle sandbox"), the_block("treadle serve")
    exports = "\n".join(line for line in serve.splitlines() if line.startswith("export "))
    with (Path(tempfile.gettempdir()) / "treadle-start-page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of this test on one machine must not want the page's ports at once
        ports = {8710: 8710, 8700: 8700}
        if not free(8710):
            ports[8710] = another()
            sandbox = sandbox.replace("treadle sandbox", f"treadle sandbox --port {ports[8710]}")
        if not free(8700):
            ports[8700] = another()
            more = f"export TREADLE_PORT={ports[8700]} TREADLE_PUBLIC_URL=http://127.0.0.1:{ports[8700]}"
            exports, serve = f"{exports}\n{more}", f"{more}\n{serve}"
        exports, serve = (text.replace("8710", str(ports[8710])) for text in (exports, serve))
        with (
            typed(sandbox, folder, folder / "sandbox.log"),
            contextlib.ExitStack() as servers,
        ):
            said(folder / "sandbox.log", r"(Stop it with Ctrl-C)")
            printed = (folder / "sandbox.log").read_text(encoding="utf-8")
            for setting in re.findall(r"export (\S+=\S+)", exports.split("export TREADLE_PORT")[0]):
                assert setting in printed, f"the page exports {setting}; the sandbox printed: {printed}"
            servers.enter_context(typed(serve, folder, folder / "server.log"))
            link = said(folder / "server.log", r"(http://127\.0\.0\.1:\d+/setup\?token=\S+)")
            yield Started(folder, exports, f"http://127.0.0.1:{ports[8710]}", f"http://127.0.0.1:{ports[8700]}", link)


@pytest.fixture(scope="module")
def connected(started: Started) -> Started:
    request = urllib.request.Request(f"{started.sandbox}/_sandbox/accounts/ada/token", b"{}", method="POST")
    with urllib.request.urlopen(request) as answer:
        token = json.load(answer)["access_token"]
    added = started.json(f".venv/bin/treadle accounts add --token {shlex.quote(token)} --json")
    return replace(started, account=added["account_id"])


def settled(posts: dict[str, str], started: Started) -> dict[str, Any]:
    """The posts (by id) once each of them is published, or has stopped."""
    until = time.monotonic() + PATIENCE_S
    while True:
        rows = {row["id"]: row for row in started.json(".venv/bin/treadle posts list --json")["data"]}
        seen = {name: rows[post] for name, post in posts.items()}
        if all(post["state"] in ("published", "failed", "blocked", "held") for post in seen.values()):
            return seen
        assert time.monotonic() < until, seen
        time.sleep(1.0)


def all_published(posts: dict[str, str], started: Started) -> None:
    for name, post in settled(posts, started).items():
        assert post["state"] == "published", (name, post.get("cause"), started.log())


def test_the_data_lies_in_the_fresh_folder_and_doctor_can_repair(connected: Started) -> None:
    assert (connected.folder / "treadle-data" / "treadle.sqlite").is_file()
    report = json.loads(connected.run(".venv/bin/treadle doctor --json").stdout)
    lines = {line["name"]: line["verdict"] for line in report["lines"]}
    assert lines["Media repairs"] == "fine"
    assert (lines["Worker"], lines["Database"]) == ("fine", "fine")


def test_what_the_page_says_of_errors(started: Started) -> None:
    done = started.run(the_block("treadle diagnose"))
    assert done.returncode == 0
    assert "token_expired" in done.stdout


@pytest.mark.parametrize("name", FILMS)
def test_relative_paths_on_the_command_line(name: str, started: Started) -> None:
    (started.folder / "out").mkdir(exist_ok=True)
    source, target = (f"./{name}", f"out/{name}.mp4") if name.startswith("film.m") else (name, f"fixed-{name}.mp4")
    done = started.run(f".venv/bin/treadle repair {source} -o {target}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [f for f in validate(probe_file(started.folder / target)) if f.severity != "remark"] == []


def test_the_command_line_publishes_every_kind(connected: Started) -> None:
    posts = {}
    for name in FILMS:
        made = connected.json(f".venv/bin/treadle publish 'By command: {name}' --media {name} --json")
        posts[name] = made["id"]
    kept = connected.json(".venv/bin/treadle media add film.webm --json")
    repaired = connected.run(f".venv/bin/treadle media repair {kept['id']}")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    all_published(posts, connected)


@pytest.mark.skipif(not shutil.which("curl"), reason="it calls the API with curl")
def test_the_api_publishes_every_kind(connected: Started) -> None:
    key = connected.json(".venv/bin/treadle keys create --name films --json")["key"]
    posts = {}
    call = f"curl -sS -H 'Authorization: Bearer {key}' {connected.server}"
    for name in FILMS:
        kept = connected.json(f"{call}/v1/media -F file=@{name}")
        assert kept.get("ok"), kept
        body = json.dumps({"account_id": connected.account, "text": f"By API: {name}", "media": [{"id": kept["id"]}]})
        sent = connected.json(f"{call}/v1/posts -H 'Content-Type: application/json' -d {shlex.quote(body)}")
        posts[name] = sent["id"]
    all_published(posts, connected)


@pytest.mark.browser
@pytest.mark.long
def test_the_page_publishes_every_kind(chromium_browser: Any, started: Started) -> None:
    context = chromium_browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    try:
        page.goto(started.link)
        page.get_by_label("Email").fill("mara@example.org")
        page.get_by_label("Password").fill("seven shuttles in a row")
        page.get_by_role("button", name="Create user").click()
        page.get_by_role("heading", name="Setup", exact=True).wait_for()
        page.get_by_text("A tiny file was repaired").first.wait_for()
        page.goto(f"{started.server}/accounts")
        page.get_by_role("button", name="Connect account").click()
        page.get_by_role("link", name="Continue to Threads").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(re.compile(r"/accounts\b"))
        for name in FILMS:
            page.goto(f"{started.server}/compose")
            page.get_by_label("Text", exact=True).fill(f"By page: {name}")
            page.get_by_label("Upload images or videos").set_input_files(started.folder / name)
            page.locator(".media-item").first.wait_for()
            page.get_by_role("button", name="Publish", exact=True).click()
            state = page.locator("#post-state .state")
            state.filter(has_text=re.compile("Published|Needs a repair|Failed")).first.wait_for()
            assert "Published" in state.first.inner_text(), (name, page.locator("main").inner_text(), started.log())
    finally:
        context.close()
