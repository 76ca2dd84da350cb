"""``treadle posts import``: posts from a CSV file; ``confirm-import`` releases them; ``csv`` writes the same shape."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from treadle.cli._invocation import ACTOR, Invocation
from treadle.cli._print import fail, fail_findings, print_json, print_result, table, when

WORDS = {"new": "new", "already_here": "already here", "live": "on Threads already", "refused": "refused"}


def import_posts(
    cmd: Invocation,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file in UTF-8; '-' reads standard input.")],
    account: Annotated[
        str, typer.Option("--account", "-a", metavar="ACCOUNT", help="For rows without an account: id or username.")
    ] = "",
    zone: Annotated[str, typer.Option("--zone", help="Time zone of times without one.")] = "UTC",
    dates: Annotated[str, typer.Option("--dates", help="Order of dates with slashes: mdy or dmy.")] = "ymd",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what each row would become.")] = False,
    not_elsewhere: Annotated[
        bool, typer.Option("--not-elsewhere", help="The posts are scheduled nowhere else: do not hold them.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="A name for this import.")] = "",
) -> None:
    """Import posts from a CSV file. They are held until 'treadle posts confirm-import' says that they are paused in the
    other scheduler. The same file twice adds nothing. Exit code 1 if any row was refused."""
    from treadle.domain.answers import Rejected
    from treadle.domain.csv_posts import DATE_ORDERS, decoded
    from treadle.services.importing import ImportWish, run

    if dates not in DATE_ORDERS:
        raise typer.BadParameter("ymd, mdy or dmy", param_hint="--dates")
    try:
        text = decoded(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        fail(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.")
    if text is None:
        fail(f"{file} is not in UTF-8.", "Export it again as UTF-8.")
    app = cmd.app
    account_id = cmd.account(account)["id"] if account else ""
    wanted = ImportWish(text, {}, account_id, zone, DATE_ORDERS[dates], not not_elsewhere, name)
    report = asyncio.run(run(app, cmd.workspace_id, wanted, actor=ACTOR, dry_run=dry_run))
    if isinstance(report, Rejected):
        fail_findings(report.findings)
    if cmd.json:
        print_json(report.model_dump(by_alias=True))
    else:
        table(
            ("Row", "", "When", "Text"),
            [
                (
                    row.row,
                    WORDS[row.verdict],
                    when(row.publish_at),
                    " ".join(one.message for one in row.findings) if row.verdict == "refused" else row.text[:60],
                )
                for row in report.data
            ],
        )
        if report.not_compared:
            typer.echo(f"Not compared with Threads: {', '.join(report.not_compared)}.", err=True)
        if report.import_ is not None and report.import_.held:
            typer.echo(
                f"Held. Once they are paused elsewhere: 'treadle posts confirm-import {report.import_.id}'.", err=True
            )
    if report.counts.get("refused"):
        raise typer.Exit(1)


def confirm_import(
    cmd: Invocation, import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Id of the import (imp_...).")]
) -> None:
    """Confirm that the posts of an import are paused in the other scheduler: they are scheduled here."""
    from treadle.domain.answers import Done
    from treadle.services.importing import confirm

    app = cmd.app
    with app.db.begin() as conn:
        done = confirm(conn, app, cmd.workspace_id, import_id, actor=ACTOR)
    if not isinstance(done, Done):
        fail(getattr(done, "message", f"There is no import {import_id} in this workspace."), error="not_found")
    released, held = done.detail["released"], done.detail["held"]
    print_result({"import": import_id, **done.detail}, f"{released} scheduled, {held} held because they are late.")


def export_csv(cmd: Invocation) -> None:
    """Write the workspace's posts as CSV, in the shape that 'treadle posts import' reads."""
    from treadle.services.importing import csv_of

    with cmd.app.db.read() as conn:
        for line in csv_of(conn, cmd.workspace_id):
            sys.stdout.write(line.replace("\r\n", "\n"))
