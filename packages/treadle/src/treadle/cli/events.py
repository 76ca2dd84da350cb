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
    from treadle.store.feed import ChangeRow

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
    from treadle_diagnosis.cli.pipe import reader_gone

    wanted = tuple(types or ())
    if wrong := unknown_type(wanted):
        raise typer.BadParameter(wrong, param_hint="--type")
    app, workspace_id = cmd.app, cmd.workspace_id
    start = after
    if start is None:
        start, last = _last(app, workspace_id, lines, wanted)
        for row in last:
            _print_event(row)
    for row in _since(app, workspace_id, start, wanted, follow=follow):
        _print_event(row)
        if reader_gone():
            return


def _last(app: App, workspace_id: str, lines: int, wanted: tuple[str, ...]) -> tuple[int, list[ChangeRow]]:
    """The newest id, and the last events up to it."""
    from treadle.store.feed import newest

    with app.db.read() as conn:
        end = newest(conn)
    kept: deque[ChangeRow] = deque(maxlen=lines)
    kept.extend(row for row in _since(app, workspace_id, 0, wanted, follow=False) if row["id"] <= end)
    return end, list(kept)


def _since(app: App, workspace_id: str, after: int, wanted: tuple[str, ...], *, follow: bool) -> Iterator[ChangeRow]:
    """Events after an id, and with ``follow`` those to come."""
    from treadle.services.events import is_wanted, with_post_now
    from treadle.store.feed import since

    # On Postgres a smaller id may be committed after a larger one: look a little further back, and print nothing twice.
    overlap = app.db.late_ids
    start, printed = after, deque[int](maxlen=2 * PAGE)
    while True:
        with app.db.read() as conn:
            rows = [
                with_post_now(conn, row) for row in since(conn, workspace_id, max(start, after - overlap), limit=PAGE)
            ]
        fresh = [row for row in rows if row["id"] not in printed]
        for row in fresh:
            after = max(after, row["id"])
            printed.append(row["id"])
            if is_wanted(row, wanted):
                yield row
        if len(rows) >= PAGE and fresh:
            continue
        if not follow:
            return
        time.sleep(POLL_S)


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
