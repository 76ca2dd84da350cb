"""What the commands say of themselves, and that the page about them names every one."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import typer

from treadle.cli import COMMANDS, main

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")


def subcommands(name: str) -> list[str]:
    """The words that may follow a command, without hidden ones; none when it has no commands of its own."""
    app = getattr(import_module(COMMANDS[name][0]), "app", None)
    if not isinstance(app, typer.Typer) or (app.registered_callback is None and len(app.registered_commands) == 1):
        return []
    return [
        c.name or str(c.callback.__name__).replace("_", "-")
        for c in app.registered_commands
        if c.callback is not None and not c.hidden
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_names_every_command(name: str) -> None:
    wanted = [f"{name} {sub}" for sub in subcommands(name)] or [name]
    assert [words for words in wanted if not re.search(rf"`treadle {words}[` ]", PAGE)] == []


def test_there_are_commands_with_commands_of_their_own() -> None:
    assert {"add-alert", "set", "list", "test-alert"} <= set(subcommands("workspace"))
    assert "export" not in subcommands("posts")  # an old place
    assert subcommands("publish") == []


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])  # a show for people
def test_every_command_speaks_json_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    subs = ["build"] if name == "guide" else subcommands(name)
    for words in [[name, sub] for sub in subs] or [[name]]:
        with pytest.raises(SystemExit) as stop:
            main([*words, "--help"])
        said = capsys.readouterr().out
        assert not stop.value.code
        assert "--json" in said, words
