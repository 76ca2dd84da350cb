"""Running a command's Typer app under the name the person typed."""

from __future__ import annotations

import sys
from contextvars import copy_context

import typer

from treadle.cli._house import say, speaks_json
from treadle.cli._trouble import trouble_of


def run_app(app: typer.Typer, name: str, args: list[str]) -> int:
    """Run ``app`` with ``args``; the exit code is what the command raised with ``typer.Exit(code)``, 0 otherwise.

    Wrong usage exits with 2 and Ctrl-C with 130, which are Typer's own. Trouble with settings, files or the database
    is said in a sentence: 1, or 2 when a setting is wrong; with --json also as an object on standard output. What a
    command function returns is of no account.
    """
    return copy_context().run(_run, app, name, args)


def _run(app: typer.Typer, name: str, args: list[str]) -> int:
    try:
        app(args=args, prog_name=f"treadle {name}", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        if speaks_json():
            word = "wrong_setting" if trouble.code == 2 else "unavailable"
            say({"error": word, "message": str(trouble).replace("\n", " ")})
        sys.stderr.write(f"{trouble}\n")
        return trouble.code
    return 0
