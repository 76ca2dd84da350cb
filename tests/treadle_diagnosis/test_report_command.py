"""``treadle-diagnose report``: an answer that is not catalogued as an entry to send."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from treadle_diagnosis.cli import main

ODD = '{"error": {"message": "Flurb happened", "code": 77777, "access_token": "THQVJXsecret123456789"}}'


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["report", *words])
    out, err = capsys.readouterr()
    return int(str(stopped.value.code)), out, err


def test_an_unknown_answer_becomes_an_entry_and_says_how_to_send_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, ODD, "--stage", "create_container", "--http-status", "400")
    assert code == 0
    assert "THQVJXsecret123456789" not in out
    (entry,) = tomllib.loads(out)["pattern"]
    assert entry["match"] == [{"code": [77777], "words": ["flurb happened"]}]
    assert entry["example"][0]["stage"] == "create_container"
    assert entry["example"][0]["http_status"] == 400
    assert "CONTRIBUTING.md" in err


def test_a_known_answer_says_what_it_is_taken_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text('{"error": {"code": 190, "error_subcode": 463}}', "utf-8")
    code, out, err = run(capsys, "--file", str(file))
    assert code == 0
    assert tomllib.loads(out)["pattern"][0]["match"] == [{"code": [190], "subcode": [463]}]
    assert "token_expired" in err


def test_nothing_is_no_report_and_a_missing_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, '{"id": "17900000000000001"}')[0] == 1
    assert run(capsys, "no-such-answer.json")[0] == 2
    assert run(capsys, "--stage", "nowhere", "x")[0] == 2
