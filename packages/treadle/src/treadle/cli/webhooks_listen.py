"""``treadle webhooks listen``: forward events to a program on this machine while its receiver is being written."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli._invocation import Invocation
from treadle.cli._print import fail, speaks_json

if TYPE_CHECKING:
    from treadle.services.forwarding import Forwarded

KEY = "TREADLE_KEY"


def listen(
    cmd: Invocation,
    to: Annotated[str, typer.Argument(metavar="URL", help="Where your receiver listens: http://localhost:3000/hooks.")],
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this event, or a group such as post.*; repeatable."),
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret to sign with (whsec_...); by default a new one.")
    ] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Begin after this event id, to send events again.")] = None,
    server: Annotated[
        str, typer.Option(metavar="URL", help=f"Follow this server, with an API key from {KEY} or --key-file.")
    ] = "",
    key_file: Annotated[Path | None, typer.Option(help="File with the API key for --server.")] = None,
    count: Annotated[int, typer.Option(min=0, help="Stop after this many events; 0: at Ctrl-C.")] = 0,
) -> None:
    """Forward events to a program on this machine, signed as deliveries are. Until Ctrl-C.

    Prints the secret to verify with on the first line. Nothing is stored or sent again: for that, add a webhook. --json
    prints one object per event.
    """
    from treadle.services import forwarding

    try:
        url = forwarding.target(to)
        secret = forwarding.secret_of(_text_of(secret_file, "secret") if secret_file else None)
        wanted = forwarding.wanted_events(types or ())
        if server:
            key = _text_of(key_file, "key") if key_file else os.environ.get(KEY, "").strip()
            if not key:
                fail(f"No key: set {KEY}, or name a file with --key-file.", code=2)
            there, key = forwarding.server_at(server), forwarding.key_of(key)
            events = forwarding.events_of_server(there, key, wanted, after=after, note=_note)
        else:
            events = forwarding.local_events(cmd.app, cmd.workspace_id, wanted, after=after)
        if speaks_json():
            typer.echo(json.dumps({"secret": secret, "forwards_to": url}))
        else:
            typer.echo(f"Secret: {secret}")
            typer.echo(f"Forwarding to {url}. Ctrl-C stops it.", err=True)
        sys.stdout.flush()

        async def run() -> None:
            done = 0
            async for one in forwarding.forward(events, url, secret):
                _print(one)
                done += 1
                if done == count:
                    return

        asyncio.run(run())
    except forwarding.CannotListen as error:
        fail(str(error), code=2)


def _print(one: Forwarded) -> None:
    if speaks_json():
        typer.echo(json.dumps(one.to_json(), ensure_ascii=False))
    else:
        answer = f"HTTP {one.status} in {one.took_s:g} s" if one.status is not None else one.error
        typer.echo("\t".join((str(one.event["id"]), one.event["type"], one.event["subject"], answer)))
    sys.stdout.flush()


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _text_of(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The {what} file cannot be read: {error}.", code=2)
