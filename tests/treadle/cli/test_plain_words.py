"""What a wrong call is told: one clear sentence, in our words, and nothing is made by who only reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from treadle.cli._groups import run_program
from treadle.domain.plain_errors import plain_error

READING = [
    ["accounts"], ["blockers"], ["keys"], ["media"], ["people"], ["posts", "list"], ["queue"], ["unknown"],
    ["webhooks"],
    ["workspace"], ["workspace", "show"], ["events"], ["export"], ["people", "audit"],
]  # fmt: skip


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_who_only_reads_makes_no_data_directory(
    fresh_folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(words) == 0
    assert f"There is no Treadle data in {fresh_folder / 'treadle-data'}." in capsys.readouterr().err
    assert not (fresh_folder / "treadle-data").exists()


def test_the_doctor_leaves_nothing_behind(fresh_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["doctor", "--offline"]) == 1  # there is no database yet
    assert not (fresh_folder / "treadle-data").exists()
    said = capsys.readouterr().out
    assert str(fresh_folder / "treadle-data") in said
    assert "treadle-nothing" not in said
    unfolded = " ".join(said.split())
    assert f"GB free for {fresh_folder / 'treadle-data'}." in unfolded
    assert f"{fresh_folder / 'treadle-data'} is not there yet." in unfolded
    assert "readable by its owner" not in said  # there is no key file yet


def test_with_json_the_answer_is_json_alone(fresh_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_program(["people", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"data": []}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["people", "remove", "x"], 1, "There is no person 'x' in this workspace.\n'treadle people list' shows who"),
        (["people", "password-link", "x"], 1, "There is no person 'x' in this workspace."),
        (["check", "/nope"], 1, "There is no file /nope."),
        (["check", "/"], 1, "/ is a folder. Name the files in it."),
        (["repair", "/nope", "-o", "x.mp4"], 1, "There is no file /nope."),
        (["posts", "list", "--limit", "x"], 2, "Enter a whole number"),
        (["posts", "list", "--limit", "0"], 2, "Enter 1 or more"),
        (["posts", "list", "--limit", "999"], 2, "Enter 200 or less"),
        (["restore", "none.tar"], 1, "Nothing was restored. There is no backup"),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    fresh_folder: Path, words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_program(words) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Input should" not in said


def test_a_failed_restore_leaves_nothing(fresh_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fresh_folder / "no.tar.gz").write_bytes(b"not an archive")
    (fresh_folder / "folder").mkdir()
    for source, why in (("no.tar.gz", "it is not a tar archive"), ("folder", "is not a backup made by")):
        assert run_program(["restore", source]) == 1
        assert why in capsys.readouterr().err
        assert not (fresh_folder / "treadle-data").exists()
    (fresh_folder / "treadle-data").mkdir()
    assert run_program(["restore", "folder"]) == 1
    assert (fresh_folder / "treadle-data").exists()  # it was there before


def test_a_wrong_setting_is_told_in_our_words(
    fresh_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TREADLE_PORT", "eighty")
    assert run_program(["accounts"]) == 2
    assert "The setting TREADLE_PORT is wrong: Enter a whole number." in capsys.readouterr().err


class Everything(BaseModel):
    whole: Annotated[int, Field(ge=1, le=9)] = 1
    part: Annotated[float, Field(gt=0, lt=9)] = 1.0
    yes: bool = True
    word: Annotated[str, Field(min_length=2, max_length=4)] = "abc"
    many: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]


@given(st.dictionaries(st.sampled_from(list(Everything.model_fields)), st.one_of(
    st.none(), st.integers(-99, 99), st.floats(), st.text(max_size=9), st.lists(st.integers(), max_size=4)
)))  # fmt: skip
def test_nothing_of_pydantic_is_left(values: dict[str, Any]) -> None:
    try:
        Everything.model_validate(values)
    except ValidationError as wrong:
        for error in wrong.errors():
            said = plain_error(error["msg"])
            assert "should" not in said, (error["msg"], said)
            assert "nput" not in said
            assert said[0].isupper()
