"""``treadle migrate``: update the database schema."""

from __future__ import annotations

from typing import Annotated

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import print_json

app = single()


@command(app, workspace=False)
def migrate(
    cmd: Invocation,
    check: Annotated[
        bool, typer.Option("--check", help="Only report whether it is needed: exit code 1 if so.")
    ] = False,
) -> None:
    """Update the database schema. Safe to run again; 'treadle serve' does it too."""
    from treadle.settings import Settings
    from treadle.store import migrate as migrations
    from treadle.store import open_database

    database = open_database(Settings())
    try:
        before, newest = migrations.versions(database)
        needed = not migrations.current(database)
        if needed and not check:
            migrations.upgrade(database)
        after, _ = migrations.versions(database)
    finally:
        database.close()
    if cmd.json:
        print_json({"before": before, "now": after, "newest": newest, "needed": needed, "done": needed and not check})
    elif check:
        typer.echo("A migration is needed: run 'treadle migrate'." if needed else "The database is up to date.")
    else:
        typer.echo(f"Migrated from {before or 'nothing'} to {after}." if needed else "The database is up to date.")
    if check and needed:
        raise typer.Exit(1)
