"""``treadle accounts``, ``keys`` and ``doctor`` as a person runs them."""

from __future__ import annotations

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from treadle.cli import accounts, doctor, keys, run
from treadle.vault import KEY_FILE
from treadle_sandbox import Sandbox


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, threads_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and a sandbox for Threads."""
    monkeypatch.chdir(tmp_path)
    threads_sandbox.control.add_account("ada")
    app = threads_sandbox.app
    for name, value in (
        ("THREADS_API_URL", threads_sandbox.url),
        ("THREADS_AUTHORIZE_URL", threads_sandbox.authorize_url), ("THREADS_APP_ID", app.id),
        ("THREADS_APP_SECRET", app.secret), ("PUBLIC_URL", "https://treadle.example"), ("TIME_SCALE", "0.01"),
    ):  # fmt: skip
        monkeypatch.setenv(f"TREADLE_{name}", value)


class Terminal:
    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch

    def __call__(self, module: Any, *args: str, types: str = "") -> tuple[int, str, str]:
        """(exit code, output, errors) of one command; ``types`` is its standard input."""
        self.monkeypatch.setattr("sys.stdin", StringIO(types))
        name = module.__name__.rsplit(".", 1)[1]
        code = run([name, *args])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def json(self, module: Any, *args: str, types: str = "") -> Any:
        return json.loads(self(module, *args, "--json", types=types)[1])


@pytest.fixture
def treadle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def test_an_account_from_adding_to_disconnecting(treadle: Terminal, threads_sandbox: Sandbox) -> None:
    token = threads_sandbox.control.token("ada")["access_token"]
    made = treadle.json(accounts, "add", types=token + "\n")
    assert (made["ok"], made["username"], made["outcome"]) == (True, "ada", "new")
    assert treadle.json(accounts, "add", "--token", token)["outcome"] == "reconnected"
    assert [row["health"] for row in treadle.json(accounts, "list")["data"]] == ["active"]
    assert treadle.json(accounts, "show", "@ada")["reconnect_would"] == {"sends": [], "holds": []}
    assert treadle.json(accounts, "reconnect", "ada")["url"].startswith("https://treadle.example/connect/")
    assert treadle.json(accounts, "connect")["id"].startswith("lnk_")
    early = treadle.json(accounts, "refresh", "ada")  # a token of less than a day; nothing but JSON is on the output
    assert (early["outcome"], early["error"]) == ("later", "threads_refused")
    threads_sandbox.control.advance(90_000)
    assert treadle.json(accounts, "refresh", "ada")["outcome"] == "refreshed"
    threads_sandbox.control.revoke("ada")
    code, said, _ = treadle(accounts, "recheck", "ada")
    assert code == 1
    assert "reconnect" in said
    assert treadle(accounts, "disconnect", "ada")[0] == 0
    code, _, error = treadle(accounts, "recheck", "ada")
    assert (code, "not connected" in error) == (1, True)


def test_no_command_prints_a_token(treadle: Terminal, threads_sandbox: Sandbox) -> None:
    token = threads_sandbox.control.token("ada")["access_token"]
    said = [treadle(accounts, "add", types=token)]
    said += [treadle(accounts, *args) for args in (("list",), ("list", "--json"), ("show", "ada"), ("recheck", "ada"))]
    said += [treadle(doctor), treadle(doctor, "--json")]
    assert token not in str(said)
    assert threads_sandbox.app.secret not in str(said)


@pytest.mark.parametrize("token", ["", "nonsense", "EAAGm0PX4ZCpsBAKZC"])
def test_a_wrong_token_is_explained(treadle: Terminal, token: str) -> None:
    code, said, _ = treadle(accounts, "add", types=token + "\n")
    assert code == 1
    assert "What to do" in said
    assert "treadle explain" in said


@pytest.mark.parametrize("token", ["", " ", '""', "\n"])
def test_no_token_is_said_without_asking_threads(treadle: Terminal, threads_sandbox: Sandbox, token: str) -> None:
    code, said, _ = treadle(accounts, "add", "--token", token)
    assert (code, "No token was given" in said) == (1, True)
    assert threads_sandbox.control.requests() == []


def test_a_token_of_an_hour_without_an_app_is_said(
    treadle: Terminal, threads_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = threads_sandbox.control.token("ada", kind="short")["access_token"]
    monkeypatch.delenv("TREADLE_THREADS_APP_ID")
    monkeypatch.delenv("TREADLE_THREADS_APP_SECRET")
    code, said, _ = treadle(accounts, "add", "--token", token)
    assert code == 0
    assert "short-lived" in said
    assert "TREADLE_THREADS_APP_SECRET" in said
    assert treadle.json(accounts, "add", "--token", token)["short_lived"] is True
    assert treadle.json(accounts, "show", "@ada")["health"] == "expiring"
    lasting = threads_sandbox.control.token("ada")["access_token"]
    assert treadle.json(accounts, "add", "--token", lasting)["short_lived"] is False
    assert treadle.json(accounts, "show", "@ada")["health"] == "active"


@pytest.mark.parametrize(
    ("module", "args", "code", "word"),
    [
        (accounts, ("show", "@nobody"), 1, "not_found"),
        (accounts, ("add", "--token", "x", "--account", "nobody"), 1, "not_found"),
        (accounts, ("list", "--workspace", "wsp_none"), 2, "not_found"),
        (accounts, ("connect", "--return-url", "https://a.example"), 1, "invalid_request"),
        (keys, ("revoke", "key_none"), 1, "not_found"),
        (keys, ("revoke", "key_" + "0" * 26), 1, "not_found"),
        (keys, ("create", "--scope", "root"), 2, "invalid_request"),
        (keys, ("create", "--name", "x" * 201), 2, "invalid_request"),
        (keys, ("user", "ada@example.com", "--zone", "Berlin"), 2, "invalid_request"),
        (keys, ("user", "ada"), 1, "invalid_request"),
    ],
)
def test_what_is_refused_is_said_in_two_lines_or_as_json(
    treadle: Terminal, module: Any, args: tuple[str, ...], code: int, word: str
) -> None:
    treadle(keys, "create")  # what only reads makes no data
    ended, said, error = treadle(module, *args)
    assert (ended, said) == (code, "")
    assert 1 <= len(error.strip().splitlines()) <= 2
    ended, said, no_words = treadle(module, *args, "--json")
    refused = json.loads(said)
    assert (ended, no_words, refused["error"]) == (code, "", word)
    assert refused["message"] == " ".join(error.split())


def test_a_key_stands_alone_on_its_line(treadle: Terminal) -> None:
    code, said, _ = treadle(keys, "create", "--scope", "read", "--name", "reader", "--days", "30")
    assert code == 0
    assert said.startswith("trd_")
    assert len(said.splitlines()) == 1
    listed = treadle.json(keys, "list")["data"]
    assert [(row["name"], row["scopes"]) for row in listed] == [("reader", ["read"])]
    assert said.strip() not in str(listed)
    assert treadle(keys, "list")[1].split("\t")[:4] == [listed[0]["id"], "reader", "read", "active"]
    assert treadle.json(keys, "revoke", listed[0]["id"][-8:]) == {"revoked": listed[0]["id"]}
    assert treadle(keys)[1].split("\t")[3] == "revoked"
    made = treadle.json(keys, "create", "--days", "1")
    assert (made["key"][:12], made["scopes"], made["revoked_at"]) == (made["prefix"], ["write"], None)
    assert made["expires_at"].endswith("Z")


def test_rotating_the_encryption_key(treadle: Terminal, threads_sandbox: Sandbox, tmp_path: Path) -> None:
    treadle(accounts, "add", types=threads_sandbox.control.token("ada")["access_token"])
    before = (tmp_path / "treadle-data" / KEY_FILE).read_text()
    assert treadle.json(keys, "rotate") == {"resealed": 1, "keys_dropped": 0, "unreadable": []}
    after = (tmp_path / "treadle-data" / KEY_FILE).read_text()
    assert after != before
    assert before.strip() in after
    assert stat.S_IMODE((tmp_path / "treadle-data" / KEY_FILE).stat().st_mode) == 0o600
    assert treadle.json(accounts, "recheck", "ada")["health"] == "active"


def test_a_person_who_may_log_in(treadle: Terminal) -> None:
    assert treadle(keys, "user", "ada@example.com", types="four good words here\n")[0] == 0
    assert (
        treadle.json(keys, "user", "ada@example.com", types="other good words here\n")["outcome"] == "password changed"
    )
    code, _, error = treadle(keys, "user", "ada@example.com", types="short\n")
    assert (code, "too short" in error) == (1, True)


def test_the_doctor_before_and_after(treadle: Terminal) -> None:
    code, said, _ = treadle(doctor, "--offline")
    assert code == 1
    assert "treadle migrate" in said
    treadle(keys, "create")
    report = treadle.json(doctor)
    verdicts = {line["name"]: line["verdict"] for line in report["lines"]}
    assert verdicts["Database"] == verdicts["Id and secret"] == verdicts["Authorization window"] == "fine"
    wanting = [line for line in report["lines"] if line["verdict"] in ("look", "broken")]
    assert wanting
    assert all(line["todo"] for line in wanting)
