"""``treadle migrate``: update the database schema."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail, print_json

app = single()


@command(app, workspace=False)
def migrate(
    cmd: Invocation,
    check: Annotated[
        bool, typer.Option("--check", help="Only report whether it is needed: exit code 1 if so.")
    ] = False,
    backup: Annotated[bool, typer.Option("--backup/--no-backup", help="Back up database and keys first.")] = True,
) -> None:
    """Update the database schema, after a backup. Safe to run again; 'treadle serve' does it too.

    The backup is a folder in 'backups' of the data directory, for 'treadle restore'. A new database needs none.
    """
    from treadle.services.backup import BackupRefused
    from treadle.services.migrating import back_up_before
    from treadle.settings import Settings
    from treadle.store import migrate as migrations
    from treadle.store import open_database
    from treadle.store.copying import DatabaseNotCopied

    settings = Settings()
    database = open_database(settings)
    kept = None
    try:
        before, newest = migrations.versions(database)
        needed = not migrations.current(database)
        if needed and not check:
            if backup:
                kept = back_up_before(settings, database, now=time.time())
            migrations.upgrade(database)
        after, _ = migrations.versions(database)
    except BackupRefused as refused:
        fail(str(refused.args[0]), refused.todo)
    except DatabaseNotCopied as failed:
        fail(f"Nothing was migrated, because no backup could be made. {failed}",
             "Make one by other means, then run 'treadle migrate --no-backup'.")  # fmt: skip
    finally:
        database.close()
    if cmd.json:
        print_json({"before": before, "now": after, "newest": newest, "needed": needed, "done": needed and not check,
                    "backup": str(kept) if kept else None})  # fmt: skip
    elif check:
        typer.echo("A migration is needed: run 'treadle migrate'." if needed else "The database is up to date.")
    else:
        typer.echo(f"Migrated from {before or 'nothing'} to {after}." if needed else "The database is up to date.")
        if kept is not None:
            typer.echo(f"Backed up before that to {kept}.")
    if check and needed:
        raise typer.Exit(1)
