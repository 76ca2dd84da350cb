"""``treadle sandbox``: one command, one port, clear refusals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from treadle.cli import sandbox
from treadle_sandbox.scenarios import SCENARIOS

COMMAND = [sys.executable, "-m", "treadle", "sandbox"]


def test_it_runs_answers_and_stops(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--json", "--account", "ada", "--scenario", "bytes", "-o", "max_links=2",
         "--processing", "fast", "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        where = json.loads(process.stdout.readline())
        account = where["accounts"][0]
        with urlopen(f"{where['url']}/me?fields=username&access_token={account['access_token']}") as answer:
            assert json.load(answer) == {"username": "ada", "id": account["id"]}
        with urlopen(f"{where['url']}/_sandbox/options") as answer:
            options = json.load(answer)
        assert (options["count"], options["max_links"]) == ("bytes", 2)
        with urlopen(where["page"]) as answer:
            assert b"Threads sandbox" in answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert (tmp_path / "sandbox.json").exists()


def test_a_taken_port_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code = sandbox.run("sandbox", ["--port", str(taken.getsockname()[1])])
    assert code == 1
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--scenario", "flood"], "no scenario 'flood'"),
        (["-o", "count=letters"], "takes one of"),
        (["-o", "cuont=docs"], "Did you mean 'count'"),
        (["-o", "count"], "NAME=VALUE"),
        (["--processing", "eventually"], "'real', 'fast'"),
        (["--account", "a b"], "letters, digits"),
    ],
)
def test_wrong_usage_is_2_with_a_reason(capsys: pytest.CaptureFixture[str], args: list[str], words: str) -> None:
    assert sandbox.run("sandbox", ["--port", "0", *args]) == 2
    assert words in capsys.readouterr().err


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert sandbox.run("sandbox", ["--scenarios", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(SCENARIOS)
    assert sandbox.run("sandbox", ["--scenarios"]) == 0
    assert "outage" in capsys.readouterr().out
