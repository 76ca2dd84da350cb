"""``treadle mcp``: Treadle for AI assistants, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail

app = single()
KEY = "TREADLE_KEY"


@command(app, workspace=False, queue_later=True)
def mcp(
    cmd: Invocation,
    key_file: Annotated[
        Path | None, typer.Option(help="File with the API key; by default the environment variable TREADLE_KEY.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm/--no-confirm", help="Ask a person before anything is published.")
    ] = True,
) -> None:
    """Offer check, publish, explain, diagnose and what-needs-me to an AI assistant. --json prints the tools and stops.

    It works with an API key of a workspace ('treadle keys create'). The key is never an argument, because other users
    of this machine can see command lines.
    """
    secret = os.environ.get(KEY, "").strip()
    if key_file is not None:
        try:
            secret = key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            fail(f"The key file cannot be read: {error}.", code=2)
    from treadle.launcher import assistant_tools, run_assistant
    from treadle.observe.logs import configure
    from treadle.people import keys

    app = cmd.app
    configure(app.settings)
    if cmd.json:
        typer.echo(json.dumps(assistant_tools(app, secret, confirm=confirm)))
        return
    with app.db.read() as conn:
        known = keys.who(conn, secret, now=app.now()) if secret else None
    if known is None:
        fail(
            f"The key in {KEY} is not valid." if secret else f"No key: set {KEY}, or name a file with --key-file.",
            "'treadle keys create --scope write' prints one.",
        )
    run_assistant(app, secret, confirm=confirm)
