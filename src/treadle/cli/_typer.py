"""Running a command's Typer app under the name the person typed."""

from __future__ import annotations

import typer


def run_app(app: typer.Typer, name: str, args: list[str]) -> int:
    """Run ``app`` with ``args``; the exit code is what the command raised with ``typer.Exit(code)``, 0 otherwise.

    Wrong usage exits with 2, which is Typer's own. What a command function returns is of no account.
    """
    try:
        app(args=args, prog_name=f"treadle {name}", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0
