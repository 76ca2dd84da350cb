"""``treadle migrate``: bring the database up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from treadle.cli._house import Json, say

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


def run(name: str, args: list[str]) -> int | None:
    from treadle.cli._typer import run_app

    return run_app(app, name, args)


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether it is needed: exit code 1 if so.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the database up to date. Safe to run again; `treadle serve` does it too."""
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
    if as_json:
        say({"before": before, "now": after, "newest": newest, "needed": needed, "done": needed and not check})
    elif check:
        typer.echo("A migration is needed: run 'treadle migrate'." if needed else "The database is up to date.")
    else:
        typer.echo(f"Migrated from {before or 'nothing'} to {after}." if needed else "The database is up to date.")
    if check and needed:
        raise typer.Exit(1)
