"""Every entry for text has a bound, and says so in one sentence instead of cutting in silence."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from treadle.accounts import connect
from treadle_diagnosis.cli import diagnose as command
from treadle_diagnosis.guide import render
from treadle_diagnosis.limits import INPUT_BYTES, LINE_BYTES, PASTE_CHARS, TOO_LONG

ANSWER = '{"error":{"message":"x","code":190,"error_subcode":463}}'


def test_the_guide_takes_so_much_and_says_so_beyond() -> None:
    fits = render("/guide/diagnose", {"error": ANSWER.ljust(PASTE_CHARS)})
    assert fits is not None
    assert fits.status == 200
    assert "expired" in fits.body
    long = render("/guide/diagnose", {"error": ANSWER.ljust(PASTE_CHARS + 1)})
    assert long is not None
    assert long.status == 413
    assert TOO_LONG in long.body


def test_the_help_of_a_connect_link_says_so_too() -> None:
    assert connect.explain(ANSWER.ljust(PASTE_CHARS)).status != 413
    page = connect.explain(ANSWER.ljust(PASTE_CHARS + 1))
    assert page.status == 413
    assert page.happened == TOO_LONG


class Endless(io.RawIOBase):
    """More than anybody should read."""

    def __init__(self, unit: bytes) -> None:
        self.unit = unit
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview, /) -> int:  # type: ignore[override]
        assert self.taken < INPUT_BYTES + 10_000_000, "read without end"
        piece = (self.unit * (len(into) // len(self.unit) + 1))[: len(into)]
        into[:] = piece
        self.taken += len(piece)
        return len(piece)


def test_the_command_reads_no_more_than_its_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = Endless(b"HTTP 500 \n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(endless)))
    assert command.run("treadle diagnose", ["--json", "-"]) == 0
    assert f"Only the first {INPUT_BYTES:,} bytes were read." in capsys.readouterr().err
    assert endless.taken < INPUT_BYTES + 100_000


def test_a_long_line_is_cut_and_the_next_one_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answers.jsonl"
    exact = ANSWER.encode().ljust(LINE_BYTES) + b"\n"
    file.write_bytes(b"x" * (3 * LINE_BYTES + 5) + b"\n" + exact + ANSWER.encode())
    assert command.run("treadle diagnose", ["--jsonl", str(file)]) == 0
    said = capsys.readouterr()
    assert said.err == f"Only the first {LINE_BYTES:,} bytes of line 1 were read.\n"
    assert said.out.count("\n") == 3
    assert said.out.count('"token_expired"') == 2
