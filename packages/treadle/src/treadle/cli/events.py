"""``treadle events``: what happened, and what happens from now on, one line per event."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import speaks_json

if TYPE_CHECKING:
    from treadle.app import App
    from treadle.store.feed import ChangeRow, FeedReader

app = single()
POLL_S = 0.5
PAGE = 200


@command(app, reads=True)
def events(
    cmd: Invocation,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new events until Ctrl-C.")] = False,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this type, such as post.failed or post.*; repeatable."),
    ] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Only events after this id.")] = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Without --after: how many of the last events.")
    ] = 20,
) -> None:
    """Show what happened, oldest first. Events are kept for 14 days.

    --json prints one object per line, as the API returns it.
    """
    from treadle.services.events import unknown_type
    from treadle.store.feed import FeedReader
    from treadle_diagnosis.cli.pipe import reader_gone

    wanted = tuple(types or ())
    if wrong := unknown_type(wanted):
        raise typer.BadParameter(wrong, param_hint="--type")
    reader = FeedReader(cmd.workspace_id, after or 0)
    if after is None:
        for row in deque(_there(cmd.app, reader, wanted), maxlen=lines):
            _print_event(row)
    while True:
        for row in _there(cmd.app, reader, wanted):
            _print_event(row)
            if reader_gone():
                return
        if not follow:
            return
        time.sleep(POLL_S)


def _there(app: App, reader: FeedReader, wanted: tuple[str, ...]) -> Iterator[ChangeRow]:
    """The events that came since the last call, until there are no more."""
    from treadle.services.events import is_wanted, with_post_now

    more = True
    while more:
        with app.db.read() as conn:
            rows = [with_post_now(conn, row) for row in reader.read(conn, limit=PAGE, now=app.now())]
        yield from (row for row in rows if is_wanted(row, wanted))
        more = len(rows) >= PAGE


def _print_event(row: ChangeRow) -> None:
    import json
    from datetime import datetime

    from treadle.services.events import change_out

    if speaks_json():
        typer.echo(json.dumps(change_out(row).to_json(), ensure_ascii=False))
    else:
        at = datetime.fromtimestamp(row["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        typer.echo("\t".join((at, row["type"], row["subject"], _about(row["payload"] or {}))).rstrip())
    sys.stdout.flush()


def _about(payload: Mapping[str, Any]) -> str:
    """The one thing to know: whose it is, why, or what happens next."""
    who = f"@{payload['username']}" if payload.get("username") else ""
    what = payload.get("why") or payload.get("pattern") or (payload.get("next") or {}).get("what") or ""
    return f"{who} {what}".strip()
