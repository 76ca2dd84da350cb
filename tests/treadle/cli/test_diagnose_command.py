"""``treadle diagnose`` and ``treadle explain`` as people call them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from treadle_diagnosis.cli.diagnose import run as diagnose
from treadle_diagnosis.cli.explain import run as explain
from treadle_diagnosis.cli.guide import run as guide

ANSWER = '{"error":{"message":"Session has expired","type":"OAuthException","code":190,"error_subcode":463}}'


class _Stdin(io.TextIOWrapper):
    def __init__(self, data: bytes, tty: bool = False) -> None:
        super().__init__(io.BytesIO(data))
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


def test_an_argument_is_diagnosed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("diagnose", [ANSWER]) == 0
    out = capsys.readouterr().out
    for word in ("The token has expired", "Reconnect", "token_expired", "What to do", "Try again?", "treadle explain"):
        assert word in out


def test_json_has_the_fixed_shape(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("diagnose", [ANSWER, "--json"]) == 0
    d = json.loads(capsys.readouterr().out)
    wanted = "id pattern title category lane action retry who confidence what_happened next_step treadle_does guide"
    assert {*wanted.split(), "matched", "raw"} <= set(d)
    assert d["guide"] == "/guide/errors/token_expired"
    assert d["raw"]["error"]["error_subcode"] == 463


def test_a_file_and_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "error.json"
    path.write_text(ANSWER)
    for args in (["--file", str(path), "--json"], [str(path), "--json"]):
        assert diagnose("diagnose", args) == 0
        assert json.loads(capsys.readouterr().out)["pattern"] == "token_expired"
    for args in (["-", "--json"], ["--json"]):
        monkeypatch.setattr(sys, "stdin", _Stdin(ANSWER.encode()))
        assert diagnose("diagnose", args) == 0
        assert json.loads(capsys.readouterr().out)["pattern"] == "token_expired"


def test_stage_status_and_context_sharpen(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["code 24 subcode 4279009", "--stage", "publish", "--context", "container_status=EXPIRED", "--json"]
    assert diagnose("diagnose", args) == 0
    assert json.loads(capsys.readouterr().out)["pattern"] == "container_expired"
    assert diagnose("diagnose", ["", "--http-status", "429", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pattern"] == "http_too_many_requests"


def test_lines_in_lines_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "a", "stage": "publish", "http_status": 400, "headers": None, "body": json.loads(ANSWER)},
        {"id": "b", "stage": "publish", "body": "Request timed out after 30000ms", "context": {}},
        {"id": 3, "surface": "threads", "stage": "read", "body": ""},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([*map(json.dumps, rows), "", "just text (#4) Application request limit reached"]) + "\n")
    assert diagnose("diagnose", ["--jsonl", str(path)]) == 0
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [d["id"] for d in out] == ["a", "b", 3, None]
    assert [d["pattern"] for d in out] == [
        "token_expired", "outcome_unknown", "nothing_to_diagnose", "app_request_limit",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"   \n", b"\x00\x01\x02\x03\x04\x05\x06\x07" * 50])
def test_nothing_to_diagnose_is_exit_code_1(
    data: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(data))
    assert diagnose("diagnose", []) == 1
    assert "Nothing to diagnose" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["--stage", "nowhere", "x"], ["--surface", "mars", "x"], ["--odd"], ["a", "b"]])
def test_wrong_usage_is_exit_code_2(args: list[str]) -> None:
    assert diagnose("diagnose", args) == 2


def test_a_missing_file_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("diagnose", ["--file", "/nowhere/at/all"]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert diagnose("diagnose", ["--jsonl", "/nowhere/at/all"]) == 1


@pytest.mark.parametrize(
    "name", ["answer.json", "answers.jsonl", "./answer", "logs/today.log", "/nowhere/answer", "A.TXT"]
)
def test_a_word_that_names_a_file_that_is_not_there_is_no_error_to_diagnose(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for options in ([], ["--json"]):
        assert diagnose("diagnose", [name, *options]) == 2
        said = capsys.readouterr()
        assert f"there is no file {name}" in said.err
        assert said.out == ""


@pytest.mark.parametrize(
    "text",
    ["190", "190/463", "OAuthException", "codec", "graph.threads.net", "https://example.org/a.json", "ECONNRESET",
     "cannot read a.json", "error_subcode=2207006", '{"file": "a.json"}'],
)  # fmt: skip
def test_other_words_are_errors_as_they_came(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert diagnose("diagnose", [text, "--json"]) in (0, 1)
    assert "there is no file" not in capsys.readouterr().err


def test_an_unknown_answer_comes_with_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("diagnose", ["the cat ate the container access_token=THQabcdefghijklmnop1234567890"]) == 0
    out = capsys.readouterr().out
    assert "Not catalogued yet" in out
    assert "Shape:" in out
    assert "THQabcdefghijklmnop" not in out
    assert diagnose("diagnose", [ANSWER, "--report"]) == 0
    assert "token_expired" in capsys.readouterr().out


def test_explain_prints_a_page_by_id_or_phrase(capsys: pytest.CaptureFixture[str]) -> None:
    for args in (["duration_exceed"], ["duration", "exceed"], ["Duration Exceed"]):
        assert explain("explain", args) == 0
        out = capsys.readouterr().out
        assert "INVALID_DURATION" in out
        assert "References" in out
    assert explain("explain", ["duration_exceed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["public_name"] == "duration exceed"


def test_explain_lists_all_and_helps_with_typing_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain("explain", []) == 0
    assert "container_not_found" in capsys.readouterr().out
    assert explain("explain", ["--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) > 100
    assert explain("explain", ["token_expird"]) == 1
    assert "token_expired" in capsys.readouterr().err
    assert explain("explain", ["4279009"]) == 1
    assert "container_not_found" in capsys.readouterr().err


def test_the_guide_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guide("guide", ["build", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"] > 150
    assert (tmp_path / "out" / "errors" / "token_expired.html").exists()
    (tmp_path / "file").write_text("")
    assert guide("guide", ["build", str(tmp_path / "file")]) == 1
    assert guide("guide", []) == 2


def test_diagnosing_loads_nothing_heavy() -> None:
    """People wait for this command: it must not pay for the server, the database or the page templates."""
    script = (
        "import sys; from treadle.cli import main\n"
        "try: main(['diagnose', 'code 190 subcode 463', '--json'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'fastapi', 'typer', 'rich', 'sqlalchemy', 'pydantic', 'aiohttp', 'jinja2', 'dbos', 'tomllib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert json.loads(done.stdout)["pattern"] == "token_expired"


def test_a_folder_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("diagnose", [str(tmp_path)]) == 2
    assert f"{tmp_path} is a folder" in capsys.readouterr().err


def test_without_standard_input_there_is_nothing_to_diagnose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    for args in ([], ["-"], ["--jsonl", "-"]):
        assert diagnose("diagnose", args) == 1
        assert "Nothing to diagnose" in capsys.readouterr().err


def test_of_a_huge_file_the_end_is_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "worker.log"
    path.write_text("INFO fine\n" * 300_000 + ANSWER)
    assert diagnose("diagnose", [str(path), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["pattern"] == "token_expired"
    assert "Only the first and the last 1,000,000 bytes were read." in said.err
