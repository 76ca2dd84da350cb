"""``treadle export``: everything a workspace owns, as a stream of JSON lines without secrets."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from treadle import private
from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail, print_json
from treadle_diagnosis.paths import absolute

if TYPE_CHECKING:
    from treadle.app import App

app = single()
SHOWN_EVERY = 100  # lines


@command(app, reads=True)
def export(
    cmd: Invocation,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="File to write; standard output by default.")
    ] = "-",
) -> None:
    """Export everything the workspace owns, one JSON object per line, without secrets. The last line has type "end".

    A file appears when it is complete, or not at all. --json reports how many lines it has; on standard output the
    lines themselves are JSON already.
    """
    app, workspace_id = cmd.app, cmd.workspace_id
    if out == "-":
        asyncio.run(_write(app, workspace_id, sys.stdout, piped=True))
        return
    try:
        with _whole(absolute(out)) as target:
            count = asyncio.run(_write(app, workspace_id, target))
    except OSError as error:
        fail(f"{out} cannot be written: {(error.strerror or str(error)).lower()}.", "Name another file with --out.")
    if cmd.json:
        print_json({"file": out, "lines": count})
    else:
        typer.echo(f"{count} lines written to {out}.", err=True)


async def _write(app: App, workspace_id: str, target: TextIO, *, piped: bool = False) -> int:
    """Write as it is read, so that memory stays flat; how many lines. Stops when the reader of a pipe has left."""
    from treadle.services.export import export_lines
    from treadle_diagnosis.cli.pipe import reader_gone

    count = 0
    with _progress(quiet=piped and sys.stdout.isatty()) as show:
        async for line in export_lines(app, workspace_id):
            target.write(line.to_text())
            count += 1
            if piped and reader_gone():
                break
            if count % SHOWN_EVERY == 0:
                show(count)
    return count


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that gets its name when it is complete. What is not a plain file (a pipe, a device) is written as is."""
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as target:
            yield target
        return
    unready = path.with_name(path.name + ".part")
    try:
        with unready.open("w", encoding="utf-8") as target:
            private.share(unready)
            yield target
            target.flush()
            os.fsync(target.fileno())
        unready.replace(path)
    finally:
        unready.unlink(missing_ok=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Shows the progress on a terminal."""
    from rich.console import Console

    shown = Console(stderr=True).status("Exporting") if sys.stderr.isatty() and not quiet else nullcontext()
    with shown as status:

        def show(count: int) -> None:

            if status is not None:
                status.update(f"Exporting: {count} lines")

        yield show
