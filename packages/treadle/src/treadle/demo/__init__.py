"""``treadle demo``: a Threads, a server and posts in one go; some fail, each is named, the repaired ones go out."""

from __future__ import annotations


def run(name: str, args: list[str]) -> int:
    """Parse and run; 0 when every post ended as it has to."""
    from treadle.cli._typer import run_app
    from treadle.demo.command import app

    return run_app(app, name, args)
