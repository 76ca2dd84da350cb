"""`make attack`: what it plays, what it prints, and that it fails when something does not hold."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "attack.py"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The program's names; its server is replaced, and it is given no arguments."""
    monkeypatch.setattr(sys, "argv", ["attack.py"])
    main: Any = runpy.run_path(str(TOOL))["main"]
    names: dict[str, Any] = main.__globals__

    @contextmanager
    def nobody() -> Iterator[None]:
        yield None

    monkeypatch.setitem(names, "served", nobody)
    return names


@pytest.mark.parametrize(("held", "code"), [(True, 0), (False, 1)])
def test_it_fails_when_something_does_not_hold(
    tool: dict[str, Any], capsys: pytest.CaptureFixture[str], held: bool, code: int
) -> None:
    tool["CLASSES"].clear()
    tool["CLASSES"]["doors"] = lambda _: iter([("the front door", True, ""), ("the back door", held, "open")])
    assert tool["main"]() == code
    said = capsys.readouterr().out
    assert ("did not hold: the back door (open)" in said) is not held
    assert "2 attacks" in said


def test_a_class_that_cannot_be_played_is_a_failure(tool: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: object) -> Iterator[tuple[str, bool, str]]:
        yield "one", True, ""
        raise OSError("gone")

    tool["CLASSES"].clear()
    tool["CLASSES"]["doors"] = broken
    assert tool["main"]() == 1
    assert "could not be played: OSError: gone" in capsys.readouterr().out


def test_hard_texts_do_not_stop_a_running_server() -> None:
    """Through the forms and the API of a real server with its default settings."""
    done = subprocess.run(
        [sys.executable, str(TOOL), "--only", "linear time"], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "linear time: held (42 of 42" in done.stdout
