"""``threads-sandbox`` and ``treadle sandbox``: one program, one port, clear refusals."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from treadle.cli import main as treadle
from treadle_sandbox import cli as sandbox
from treadle_sandbox.scenarios import SCENARIOS

COMMANDS = {
    "threads-sandbox": [str(Path(sys.executable).with_name("threads-sandbox"))],
    "python -m treadle_sandbox": [sys.executable, "-m", "treadle_sandbox"],
    "treadle sandbox": [sys.executable, "-m", "treadle", "sandbox"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_runs_answers_and_stops(name: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMANDS[name], "--port", "0", "--json", "--account", "ada", "--scenario", "bytes", "-o", "max_links=2",
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
    assert process.wait(180) == 0
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
        (["--port", "65536"], "0 to 65535"),
        (["--port", "-1"], "0 to 65535"),
        (["--nothing"], "--nothing"),
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


def test_the_app_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_THREADS_APP_ID", "123")
    monkeypatch.setenv("TREADLE_THREADS_APP_SECRET", "shh")
    made = sandbox._made(sandbox.parser("x").parse_args([]))
    assert (made.app.id, made.app.secret) == ("123", "shh")
    made = sandbox._made(sandbox.parser("x").parse_args(["--app-id", "456"]))
    assert made.app.id == "456"


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert sandbox.run("sandbox", ["--port", "0", "--data-dir", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "name"), [(lambda args: treadle(["sandbox", *args]), "treadle sandbox"), (sandbox.main, "threads-sandbox")]
)
def test_each_name_speaks_of_itself(run: Any, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for args, code in ((["--help"], 0), (["--nothing"], 2)):
        with pytest.raises(SystemExit) as stop:
            run(args)
        assert stop.value.code == code
        said = capsys.readouterr()
        assert f"Usage: {name} [" in said.out + said.err


def test_an_account_can_be_pinned(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["--account", "ada:17841400000000001:my:token", "--account", "grace::other", "--account", "mary"]
    made = sandbox._made(sandbox.parser("x").parse_args(args))
    accounts = {a.username: a.id for a in made.world.tables.accounts.values()}
    assert accounts["ada"] == "17841400000000001"
    assert list(accounts) == ["ada", "grace", "mary"]
    assert {"my:token", "other"} <= set(made.world.tables.tokens)
    assert sandbox.run("sandbox", ["--port", "0", "--account", "ada:x"]) == 2
    assert "digits" in capsys.readouterr().err


def test_the_first_answer_loads_nothing_that_can_wait(tmp_path: Path) -> None:
    """Seconds depend on the machine; what is loaded does not."""
    with (tmp_path / "loaded").open("w") as loaded:
        command = [sys.executable, "-X", "importtime", "-m", "treadle_sandbox", "--port", "0", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=loaded, text=True)
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            with urlopen(f"{where['url']}/me?access_token={where['accounts'][0]['access_token']}") as answer:
                assert answer.status == 200
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 0
    names = {line.rpartition("|")[2].strip() for line in (tmp_path / "loaded").read_text().splitlines()}
    assert "aiohttp" in names
    heavy = {"jinja2", "cryptography", "PIL", "av", "fastapi", "sqlalchemy", "pydantic", "pytest", "protego"}
    assert not heavy & names
