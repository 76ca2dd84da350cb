"""The Typer side of the command line: the program that loads its commands late, and groups that list by default."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from contextvars import copy_context
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from treadle.cli import COMMANDS
from treadle.cli._print import print_json, speaks_json
from treadle.cli._trouble import trouble_of
from treadle.domain.plain_errors import plain_error
from treadle.starting import nothing_collected

# How help pages name a value of a type, where an option does not say it better.
METAVARS: dict[Any, str] = {str: "TEXT", list[str]: "TEXT", int: "N", float: "NUMBER", Path: "FILE"}
EPILOG = (
    "'treadle COMMAND --help' shows the options of a command. Exit codes: 0 done, 1 refused or failed, 2 wrong usage "
    "or a wrong setting, 130 stopped with Ctrl-C. A reader that closes the pipe early changes none of them."
)


class Program(TyperGroup):
    """``treadle``: lists its commands without importing them, and imports the one that is run."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself for the name of one; the nearest names for what is none."""
        name, command, rest = super().resolve_command(ctx, args)
        with nothing_collected():
            return name, command and load(str(name)), rest  # no command: the shell completes after a misspelled one

    def invoke(self, ctx: Any) -> Any:
        """A wrong value is told in our words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            wrong.message = plain_error(wrong.message)
            raise


class ListingGroup(TyperGroup):
    """A group that runs its command ``list`` when no other is named. Options before the name count for the command."""

    default = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.resilient_parsing or any(word in ctx.help_option_names for word in args[:1]):
            return super().parse_args(ctx, args)
        parser = self.commands[self.default].make_parser(ctx)
        parser.allow_interspersed_args = False
        rest = parser.parse_args(list(args))[1]
        before = args[: len(args) - len(rest)]
        return super().parse_args(ctx, [*(rest[:1] or [self.default]), *before, *rest[1:]])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names of commands, and the options of the one that runs when none is named."""
        own = super().shell_complete(ctx, incomplete)
        known = {item.value for item in own}
        default = self.commands[self.default].shell_complete(ctx, incomplete)
        return [*own, *(item for item in default if item.value not in known)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.commands[self.default].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class ShowingGroup(ListingGroup):
    """The same for a group of one thing, which it shows."""

    default = "show"


def group(about: str, cls: type[TyperGroup] = ListingGroup) -> typer.Typer:
    """A command with commands of its own."""
    made = typer.Typer(cls=cls, help=about, rich_markup_mode=None, add_completion=False)
    made.callback()(lambda: None)
    return made


def single() -> typer.Typer:
    """A command without commands of its own."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)


class WholeProgram(TyperCommand):
    """A command that is a program on its own, such as ``diagnose``, as the shell's completion sees it."""

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Its options and commands, read from its own help; after ``explain`` the ids of the patterns."""
        item = type(super().shell_complete(ctx, "--")[0])
        found = self._offered([])
        if typed := [word for word in ctx.args if word in found and not word.startswith("-")]:
            found = self._offered(typed[:1])
        elif self.name == "explain" and not incomplete.startswith("-"):
            from treadle_diagnosis.catalog import load as catalog

            found += [pattern.id for pattern in catalog()]
        return [item(word) for word in found if word.startswith(incomplete)]

    def _offered(self, words: list[str]) -> list[str]:
        """Options and commands that the help of ``words`` names."""
        module, function = COMMANDS[str(self.name)].place.split(":")
        help_text = io.StringIO()
        with contextlib.redirect_stdout(help_text), contextlib.suppress(SystemExit):
            getattr(import_module(module), function)(self.name, [*words, "--help"])
        options = re.findall(r"(?<![\w-])--[a-z][\w-]*", help_text.getvalue())
        return list(dict.fromkeys([*options, *re.findall(r"^    ([a-z][\w-]*)(?=  |$)", help_text.getvalue(), re.M)]))


def load(name: str) -> TyperGroup | TyperCommand:
    """Import a command and make it ready to run. A whole program, such as ``diagnose``, is shown by its name only."""
    if COMMANDS[name].is_program:
        return WholeProgram(name, help=COMMANDS[name].help)
    module, app = COMMANDS[name].place.split(":")
    command = typer.main.get_command(getattr(import_module(module), app))
    assert isinstance(command, TyperGroup | TyperCommand)
    for each in (command, *(command.commands.values() if isinstance(command, TyperGroup) else ())):
        for param in each.params:
            if param.metavar is None and isinstance(param, TyperOption):
                param.metavar = METAVARS.get(param.type_descriptor.annotation)
    return command


def run_program(args: list[str]) -> int:
    """Run ``treadle`` with ``args``; the exit code is what the command raised with ``typer.Exit(code)``, 0 otherwise.

    Wrong usage exits with 2 and Ctrl-C with 130, which are Typer's own. Trouble with settings, files or the database
    is printed as a sentence: 1, or 2 when a setting is wrong; with --json also as an object on standard output.
    """
    if args[:1] == ["help"]:
        args = [*args[1:], "--help"]
    return copy_context().run(_run, args or ["--help"])


def _run(args: list[str]) -> int:
    if os.environ.get("_TREADLE_COMPLETE") == "complete_bash" and not (
        "COMP_WORDS" in os.environ and os.environ.get("COMP_CWORD", "").isdecimal()
    ):
        sys.stderr.write("_TREADLE_COMPLETE is for the shell: bash sets COMP_WORDS and COMP_CWORD beside it.\n")
        return 1
    app = typer.Typer(cls=Program, rich_markup_mode=None, epilog=EPILOG)
    app.callback(help="Publish to Threads exactly once, and find out why when it fails.")(lambda: None)
    try:
        typer.main.get_command(app).main(args=args, prog_name="treadle", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        if speaks_json():
            word = "wrong_setting" if trouble.code == 2 else "unavailable"
            print_json({"error": word, "message": str(trouble).replace("\n", " ")})
        sys.stderr.write(f"{trouble}\n")
        return trouble.code
    return 0
