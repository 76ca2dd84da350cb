"""What the commands say of themselves, and that the page about them names every one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup

from tests.treadle.cli.conftest import Terminal
from tests.treadle.cli.ready import treadle as in_a_process
from tests.treadle.cli.servers import environment
from tests.treadle.cli.servers import treadle as from_the_start
from treadle.cli import COMMANDS, main
from treadle.cli._groups import load

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")


def subcommands(name: str) -> list[str]:
    """The words that may follow a command, without hidden ones; none when it has no commands of its own."""
    command = load(name)
    if not isinstance(command, TyperGroup):
        return []
    return [word for word, each in command.commands.items() if not each.hidden]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_names_every_command(name: str) -> None:
    wanted = [f"{name} {sub}" for sub in subcommands(name)] or [name]
    assert [words for words in wanted if not re.search(rf"`treadle {words}[` ]", PAGE)] == []


def test_there_are_commands_with_commands_of_their_own() -> None:
    assert {"add-alert", "set", "list", "test-alert"} <= set(subcommands("workspace"))
    assert "export" not in subcommands("posts")  # an old place
    assert subcommands("publish") == []


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert not stop.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])  # a show for people
def test_every_command_speaks_json_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    subs = ["build"] if name == "guide" else subcommands(name)
    for words in [[name, sub] for sub in subs] or [[name]]:
        assert "--json" in help_of(capsys, *words), words


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_one_style_and_tells_flags_from_options_with_values(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in [[name, sub] for sub in subcommands(name)] or [[name]]:
        shown = help_of(capsys, *words)
        assert shown.lower().startswith(f"usage: treadle {' '.join(words)} ".lower().rstrip())
        assert not re.search("[╭│╰]", shown), words
        options = re.findall(r"^  (?:-\w, )?(--[\w-]+)(?:, -\w)?( \S+)?(?:  |$)", shown, re.M)
        assert ("--help", "") in options, words
        for option, value in options:
            assert not value or value == " /" or value.isupper(), (words, option)
        assert not re.search(r"(?m)^  --json \S", shown.partition("ptions:")[2]), words
        assert "<str>" not in shown.partition("Options:")[2], words


def test_the_list_of_commands_imports_none_of_them() -> None:
    script = (
        "import sys; from treadle.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "heavy = {'fastapi', 'rich', 'sqlalchemy', 'pydantic', 'aiohttp', 'jinja2', 'dbos', 'treadle.cli.posts'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("pots",), "posts"), (("worksapce", "show"), "workspace"), (("posts", "lst"), "list"),
        (("posts", "lst", "--json"), "list"), (("posts", "--workspace", "wsp_x", "lst"), "list"),
        (("keys", "revok", "abcd"), "revoke"), (("publish", "--acount", "ada"), "--account"),
        (("posts", "--jsn"), "--json"), (("webhooks", "add", "--tpye", "x", "y"), "--type"),
        (("diagnose", "--stge", "publish", "x"), "--stage"), (("diagnose", "--surfce=threads", "x"), "--surface"),
        (("explain", "--jsn", "token_expired"), "--json"), (("guide", "biuld", "x"), "build"),
        (("guide", "build", "--base-ur", "x", "y"), "--base-url"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_misspelled_is_answered_with_the_nearest(
    treadle: Terminal, words: tuple[str, ...], near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = treadle(*words)
    assert (done.code, done.out) == (2, "")
    assert near in done.err.partition("Error:")[2]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("treadle po", {"posts"}), ("treadle posts l", {"list"}), ("treadle posts --sta", {"--state"}),
        ("treadle publish --acc", {"--account"}), ("treadle posts list --lab", {"--label"}),
        ("treadle people inv", {"invite"}), ("treadle diagnose --stag", {"--stage"}),
        ("treadle explain token_expir", {"token_expired"}), ("treadle sandbox --auto", {"--auto-consent"}),
        ("treadle guide b", {"build"}), ("treadle guide build --base", {"--base-url"}), ("treadle pots x", set()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_names_and_options(tmp_path: Path, shell: str, typed: str, offered: set[str]) -> None:
    asked = {
        "bash": {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": typed},
        "fish": {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = in_a_process(env=environment(tmp_path, _TREADLE_COMPLETE=f"complete_{shell}", **asked))
    if shell == "zsh":  # a call of _arguments with ("name":"help" ...), or _files when there is nothing
        inside = re.search(r"\(\((.*)\)\)", done.stdout, re.S)
        found = set(re.findall(r'^\s*"([^"]+)"', inside[1], re.M)) if inside else set()
    else:
        found = {line.partition("\t")[0] for line in done.stdout.split("\n") if line}
    assert found == offered, done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_that_reads_the_script_completes(tmp_path: Path, shell: str) -> None:
    """The script of each shell is that shell's own; where the shell is here, it is read and used by it."""
    script = from_the_start(env=environment(tmp_path, _TREADLE_COMPLETE=f"source_{shell}")).stdout
    assert f"complete_{shell}" in script
    if shutil.which(shell) is None:
        return
    (tmp_path / "script").write_text(script)
    use = {
        "bash": "source ./script; COMP_WORDS=(treadle po) COMP_CWORD=1; _treadle_completion treadle; echo $COMPREPLY",
        "zsh": "autoload -U compinit && compinit -u && source ./script && echo $_comps[treadle]",
        "fish": "source ./script; complete --do-complete 'treadle po'",
    }[shell]
    env = environment(tmp_path) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([shell, "-c", use], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    wanted = "_treadle_completion" if shell == "zsh" else "posts"
    assert done.stdout.split()[:1] == [wanted], done.stdout + done.stderr


def test_help_is_a_word_too(treadle: Terminal) -> None:
    assert treadle("help") == treadle("--help") == treadle()
    assert treadle("help", "keys", "create").out == treadle("keys", "create", "--help").out


def test_options_before_the_word_are_those_of_the_command(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert in_a_process("posts", "--limit", "3", "--json", "list", env=env).stdout.startswith('{"data": []')
    refused = in_a_process("posts", "--limit", "3", "show", "pst_" + "0" * 26, env=env)
    assert (refused.returncode, "No such option: --limit" in refused.stderr) == (2, True)


@pytest.mark.parametrize("asked", [{}, {"COMP_WORDS": "treadle po"}, {"COMP_WORDS": "treadle po", "COMP_CWORD": "x"}])
def test_completion_that_is_no_shells_is_a_sentence(tmp_path: Path, asked: dict[str, str]) -> None:
    done = in_a_process(env=environment(tmp_path, _TREADLE_COMPLETE="complete_bash", **asked))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "COMP_WORDS" in done.stderr
