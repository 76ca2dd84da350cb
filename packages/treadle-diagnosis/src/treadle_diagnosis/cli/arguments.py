"""argparse with the help style of the other commands, and the nearest name for a misspelled one."""

from __future__ import annotations

import argparse

from treadle_diagnosis.cli.show import columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Options are written in full; a misspelled one ends the command with 2, and names the nearest."""

    def __init__(self, prog: str, **given: Any) -> None:
        super().__init__(prog, add_help=False, allow_abbrev=False, formatter_class=_Formatter, **given)
        self._positionals.title, self._optionals.title = "Arguments", "Options"
        self.add_argument("--help", "-h", action="help", help="Show this message and exit.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, unknown = super().parse_known_args(args, namespace)
        wrong = next((word for word in unknown if word.startswith("-") and word != "-"), None)
        if wrong is not None:
            self.error(f"no such option: {wrong.partition('=')[0]}" + _nearest(wrong, self._option_string_actions))
        return found, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.format_usage()}Try '{self.prog} --help' for help.\n\nError: {message}\n")


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(columns(), 100) - 2)  # without it, the formatter imports shutil each time

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        if prefix == "":  # only the name, for commands of the command
            super().add_usage("%(prog)s", (), (), "")
            return
        if usage is not argparse.SUPPRESS:
            names = [self._format_args(a, a.metavar or a.dest.upper()) for a in actions if not a.option_strings]
            usage = " ".join(["%(prog)s [OPTIONS]", *names])
        super().add_usage(usage, (), (), "Usage: ")


def _nearest(wrong: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wrong.partition("=")[0], known, 1)
    return f". Did you mean '{near[0]}'?" if near else ""
