"""Every command of every page is run, in the default set-up in a fresh folder, or is in a table that says why not.

``docs/tested-commands.md`` has that table. What is not in it is run; a row without its command fails.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from treadle.media import samples
from treadle.media.samples import VideoRecipe

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "tested-commands.md"
PATTERNS = ("docs/**/*.md", "*.md", "packages/*/README.md", "js/README.md")
PAGES = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern) if path.name != "CHANGELOG.md")
WHOLE = {"docs/api.md": "tests/test_build_on_it.py", "README.md": "tests/test_commands_of_the_pages.py"}
_OPENER = build_opener(ProxyHandler({}))
# Servers are started, and ended after some seconds: that they run until then is what is shown.
RUNS_ON = "timeout --signal=INT 8 {} >>servers.log 2>&1 || test $? -eq 124"
FOLLOW = "treadle events --follow --type post.failed --type post.held --json"
# What stands for something of the reader's own: the same command with what this folder has.
INSTEAD: dict[str, str] = {
    "make demo": "treadle demo --exit",
    "make demo ARGS=--exit": "treadle demo --exit",
    "treadle sandbox": RUNS_ON.format("treadle sandbox --port 0"),
    "threads-sandbox": RUNS_ON.format("threads-sandbox --port 0"),
    "threads-sandbox --tls": RUNS_ON.format("threads-sandbox --tls --port 0"),
    "treadle serve": "mkdir -p second && cd second && " + RUNS_ON.format("treadle serve --port 0") + "; cd ..",
    "treadle serve &": "curl -sf $TREADLE/readyz",
    "treadle accounts add": 'treadle accounts add <<< "$TOKEN"',
    "treadle webhooks ping 7h2m --wait 30": "treadle webhooks ping $(treadle webhooks list | cut -f1 | tail -c5)",
    "treadle restore backup.tar.gz": "mkdir -p there && cd there && treadle restore ../backup.tar.gz; cd ..",
    f"{FOLLOW} | while read -r event; do echo \"$event\"; done": f"timeout 5 {FOLLOW} || test $? -eq 124",
    "treadle check film.mov https://cdn.example/clip.mp4":  # 1: both need a repair
        "treadle check film.mov $SANDBOX/_sandbox/samples/good.mp4 || test $? -eq 1",
}  # fmt: skip


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> list[str]:
    """The command lines of a page's shell blocks, without comments; lines that a backslash continues are one."""
    found = []
    for language, block in re.findall(r"^ *```(sh|console)\n(.*?)^ *```", page.read_text("utf-8"), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if language == "console":
                line = line.removeprefix("$ ") if line.startswith("$ ") else ""
            line = re.sub(r"\s+#\s.*$", "", line).strip()
            if line and not line.startswith("#"):
                found.append(re.sub(r"\s+", " ", line))
    return found


def not_run() -> dict[tuple[str, str], str]:
    """The table: (page, command) and why it is not run."""
    rows = re.findall(r"^\| `([^`]+)` \| `(.+?)` \| (.+) \|$", TABLE.read_text("utf-8"), re.M)
    return {(page, command.replace("\\|", "|")): why for page, command, why in rows}


def plain(command: str) -> str:
    """A command as typed by somebody who has Treadle on the PATH."""
    return re.sub(r"(?:\.venv/bin/)(?=treadle)", "", command)


def lines_to_run(page: Path) -> list[str]:
    left_out = {command for name, command in not_run() if name == name_of(page)}
    return [plain(command) for command in commands(page) if command not in left_out]


def test_the_table_names_only_commands_of_the_pages_and_every_reason() -> None:
    there = {(name_of(page), command) for page in PAGES for command in commands(page)}
    rows = not_run()
    assert len(rows) > 10
    assert set(rows) - there == set()
    assert {row for row, why in rows.items() if len(why) < 10} == set()
    for why in rows.values():
        for test in re.findall(r"`(tests/[\w/.]+)`", why):
            assert (ROOT / test).exists(), test


def test_pages_that_are_run_whole_have_nothing_in_the_table() -> None:
    assert {page for page, _ in not_run()} & {"docs/api.md"} == set()
    assert all((ROOT / test).is_file() for test in WHOLE.values())


@dataclass
class Stage:
    """A folder like a reader's: default settings, a sandbox, a server, a key, an account, and some files."""

    folder: Path
    environment: dict[str, str]

    def run(self, script: str, within_s: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=within_s, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def ask(self, script: str) -> str:
        done = self.run(f"set -eo pipefail\n{script}")
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()


def free_ports(count: int) -> list[int]:
    from tests.test_build_on_it import free_ports as free

    return free(count)


def answered(address: str, body: Any = None) -> bool:
    try:
        with _OPENER.open(Request(address, json.dumps(body).encode() if body is not None else None), timeout=5):
            return True
    except OSError:
        return False


def clean(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TREADLE_", "OTEL_"))}
    programs = Path(sys.executable).parent
    return {**kept, "PATH": f"{programs}{os.pathsep}{kept['PATH']}", "no_proxy": "*", "TMPDIR": str(folder)}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    from PIL import Image

    folder = tmp_path_factory.mktemp("reader")
    small: dict[str, Any] = {"width": 320, "height": 240, "seconds": 1.0, "writer": {}}
    for name, form in (("loom.mp4", "mp4"), ("film.mov", "mov")):
        samples.video(folder / name, VideoRecipe(**small, format=form))
    Image.new("RGB", (640, 480), "teal").save(folder / "loom.jpg")
    error = {"error": {"code": 190, "error_subcode": 463}}
    (folder / "answer.json").write_text(json.dumps(error))
    (folder / "answers.jsonl").write_text(json.dumps(error) + "\n")
    ports = free_ports(2)
    environment = clean(folder) | {
        "TREADLE_THREADS_API_URL": f"http://127.0.0.1:{ports[0]}",
        "TREADLE_THREADS_AUTHORIZE_URL": f"http://127.0.0.1:{ports[0]}/oauth/authorize",
        "TREADLE_THREADS_APP_ID": "1357924680123456",
        "TREADLE_THREADS_APP_SECRET": "sandbox-app-secret",
        "TREADLE_ALLOW_PRIVATE_MEDIA_HOSTS": "true",
        "TREADLE_PORT": str(ports[1]),
        "TREADLE_PUBLIC_URL": f"http://127.0.0.1:{ports[1]}",
        "TREADLE": f"http://127.0.0.1:{ports[1]}",
        "SANDBOX": f"http://127.0.0.1:{ports[0]}",
        "APP": "1357924680123456",
    }
    started = []
    made = Stage(folder, environment)
    try:
        for words in (f"sandbox --port {ports[0]} --processing fast", "serve"):
            with (folder / f"{words.split()[0]}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(["treadle", *words.split()], cwd=folder, env=environment, stdout=log, stderr=log)
                )
        until = time.monotonic() + 120
        while not answered(f"{environment['TREADLE']}/readyz"):
            assert time.monotonic() < until, (folder / "serve.log").read_text()
            time.sleep(0.2)
        environment["KEY"] = made.ask("treadle keys create --name reader --json | jq -r .key")
        token = "curl -s -X POST $SANDBOX/_sandbox/accounts/ada/token -d '{}' | jq -r .access_token"
        environment["TOKEN"] = made.ask(token)
        environment["ACCOUNT"] = made.ask("treadle accounts add --token $TOKEN --json | jq -r .account_id")
        environment["POST"] = made.ask("treadle publish 'A first one' --wait 60 --json | jq -r .id")
        environment["ID"] = made.ask(
            "curl -s $SANDBOX/v1.0/me/threads -d media_type=TEXT -d text=Hello -d access_token=$TOKEN | jq -r .id"
        )
        made.ask("treadle publish 'For somebody else to approve' --approval")
        yield made
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(timeout=120)


def as_here(command: str, stage: Stage) -> str:
    """The command with this folder's ports and ids."""
    here = INSTEAD.get(command, command)
    for name, value in (("8710", stage.environment["SANDBOX"]), ("8700", stage.environment["TREADLE"])):
        here = here.replace(name, value.rpartition(":")[2])
    return here.replace("4f2k", stage.environment["POST"][-4:])


# The page about the sandbox ends with failures on demand, which stay: it comes last.
ONE_BY_ONE = [page for page in PAGES if name_of(page) not in WHOLE and commands(page)]
ONE_BY_ONE.sort(key=lambda page: page.name == "sandbox.md")


@pytest.mark.long
@pytest.mark.parametrize("page", ONE_BY_ONE, ids=name_of)
def test_the_commands_of_a_page_work(page: Path, stage: Stage) -> None:
    """In the order of the page, in one shell: what a command sets is there for those below it."""
    script, wanted = ["set -o pipefail"], lines_to_run(page)
    for number, command in enumerate(wanted):
        here = as_here(command, stage)
        if command.startswith("export "):  # of another set-up: that it can be typed is all there is to see
            here = f"( {here} )"
        script.append(
            f"{here}\ncode=$?; if [ $code -ne 0 ]; then echo '@@ '{shlex.quote(command)}' ended with '$code; fi"
        )
        script.append(f"echo '@@ done {number}'")
    done = stage.run("\n".join(script))
    failed = [line for line in done.stdout.splitlines() if line.startswith("@@ ") and " ended with " in line]
    assert failed == [], f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert done.stdout.count("@@ done ") == len(wanted)


@pytest.mark.long
def test_the_readme_works_from_top_to_bottom(tmp_path: Path) -> None:
    """As a new user types it, in an empty folder, with servers of its own; TypeScript where npm and node are."""
    import shutil

    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```(sh|python|js)\n(.*?)^```", text, re.M | re.S)
    has_node = bool(shutil.which("npm") and shutil.which("node"))
    sandbox, server = free_ports(2)
    samples.video(tmp_path / "film.mp4", VideoRecipe(width=320, height=240, seconds=1.0, writer={}))
    script = ["set -eo pipefail", "trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT"]
    for number, (language, code) in enumerate(blocks):
        script.append(f"echo '--- block {number}'")
        if language == "sh":
            code = re.sub(r"^make demo.*$", "treadle demo --exit", code, flags=re.M)
            script.append(re.sub(r"^export PATH=.*$", "", code, flags=re.M))
        elif language == "js":
            if has_node:
                (tmp_path / "post.mjs").write_text(code)
                (tmp_path / "package.json").write_text('{"private": true}')
                script.append(f"{sys.executable} {ROOT}/tools/build_js.py npm/dist >/dev/null")
                script.append(f"cp {ROOT}/js/package.json {ROOT}/js/README.md {ROOT}/js/conformance.mjs npm/")
                script.append("npm install --silent --offline --no-audit --ignore-scripts ./npm && node post.mjs")
        elif "def test_" in code:
            (tmp_path / "test_readme.py").write_text(code)
            script.append("python -m pytest -q -p no:cacheprovider test_readme.py")
        else:
            (tmp_path / f"block{number}.py").write_text(code)
            script.append(f"python block{number}.py")
    written = "\n".join(script).replace("8710", str(sandbox)).replace("8700", str(server))
    written = written.replace("treadle sandbox ", f"treadle sandbox --port {sandbox} ")
    for file in (*tmp_path.glob("block*.py"), *tmp_path.glob("*.mjs")):
        file.write_text(file.read_text().replace("8700", str(server)))
    environment = clean(tmp_path) | {"TREADLE_PORT": str(server), "TREADLE_PUBLIC_URL": f"http://127.0.0.1:{server}"}
    done = subprocess.run(
        ["bash", "-c", written], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert len(re.findall(r"^published http", done.stdout, re.M)) == (2 if has_node else 1), done.stdout
