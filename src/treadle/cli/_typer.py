"""Running a command's Typer app under the name the person typed."""

from __future__ import annotations

import typer


def run_app(app: typer.Typer, name: str, args: list[str]) -> int:
    """Run ``app`` with ``args``; wrong usage exits with 2 (Typer's own), everything else with the code returned."""
    try:
        result = app(args=args, prog_name=f"treadle {name}", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return result if isinstance(result, int) else 0
