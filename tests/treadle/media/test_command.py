"""``treadle check`` and ``treadle repair`` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.treadle.media.conftest import Recipes
from treadle.cli import run
from treadle.media import probe_file
from treadle_threads.media import validate


def test_check_says_what_is_wrong_and_what_is_done(
    good: Path, film: Recipes, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = film("mp3.mp4", audio_codec="libmp3lame")
    assert run(["check", str(good), str(wrong)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Nothing. It can be published as it is." in shown
    assert "MP3" in shown
    assert "The audio is re-encoded. The video is copied." in shown


def test_check_as_json_and_its_exit_code(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "x.mp4"
    text.write_text("no video")
    assert run(["check", str(good), str(text), "http://127.0.0.1:9/x.mp4", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ok"] for line in lines] == [True, False, False]
    assert lines[1]["findings"][0]["pattern"] == "media_type_not_media"
    assert lines[2]["findings"][0]["code"] == "address_private"


def test_repair_writes_a_file_that_fits(film: Recipes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = film("mp3.mp4", audio_codec="libmp3lame")
    out = tmp_path / "out.mp4"
    assert run(["repair", str(wrong), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["done"]
    assert told["repaired"]
    assert validate(probe_file(out)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    assert run(["repair", str(wrong), "-o", str(out)]) == 2
    assert run(["repair", str(wrong), "-o", str(out), "--force"]) == 0
    assert "re-encoded" in capsys.readouterr().out


def test_repair_copies_what_needs_nothing(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    assert run(["repair", str(good), "-o", str(out)]) == 0
    assert out.read_bytes() == good.read_bytes()


def test_repair_says_why_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mp4"
    text = tmp_path / "x.mp4"
    text.write_text("no video")
    assert run(["repair", str(text), "-o", str(out)]) == 1
    assert "Not repaired." in capsys.readouterr().out
    assert not out.exists()


def test_wrong_usage() -> None:
    assert run(["check"]) == 2
    assert run(["repair", "x.mp4"]) == 2
    assert run(["check", "x.mp4", "--due", "tomorrow"]) == 2
