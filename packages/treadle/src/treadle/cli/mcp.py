"""``treadle mcp``: Treadle for assistants, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from treadle.cli._house import fail, house

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
KEY = "TREADLE_KEY"


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.command()
def mcp(
    key_file: Annotated[
        Path | None, typer.Option(help="File that holds the key; else the environment variable TREADLE_KEY.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm/--no-confirm", help="Ask a person before anything is published.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tools as JSON and stop.")] = False,
) -> None:
    """Offer check, publish, explain, diagnose and what-needs-me to an assistant.

    Works with a key of a workspace ('treadle keys create'), never given as an argument, where others could read it.
    """
    import asyncio

    secret = os.environ.get(KEY, "").strip()
    if key_file is not None:
        try:
            secret = key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            fail(f"The key file cannot be read: {error}.", code=2)
    with house() as app:
        from treadle.mcp.assistants import create_server
        from treadle.observe.logs import configure
        from treadle.people import keys

        configure(app.settings)
        if as_json:
            import json

            tools = asyncio.run(create_server(app, secret, confirm=confirm).list_tools())
            typer.echo(json.dumps([tool.model_dump(mode="json", exclude_none=True) for tool in tools]))
            return
        with app.db.read() as conn:
            known = keys.who(conn, secret, now=app.now()) if secret else None
        if known is None:
            fail(
                f"The key in {KEY} is not valid." if secret else f"No key: set {KEY}, or name a file with --key-file.",
                "'treadle keys create --scope write' prints one.",
            )
        create_server(app, secret, confirm=confirm).run("stdio")
