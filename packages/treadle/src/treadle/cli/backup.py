"""``treadle backup`` and ``treadle restore``: the whole installation, while it works, and back."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle.cli._print import fail, print_json
from treadle.domain.times import iso
from treadle_diagnosis.paths import absolute

backup_app, restore_app = single(), single()


@command(backup_app, workspace=False)
def backup(
    cmd: Invocation,
    target: Annotated[
        str, typer.Argument(metavar="FOLDER|FILE", help="A new folder, or a new file that ends in .tar or .tar.gz.")
    ],
    keys: Annotated[bool, typer.Option("--keys/--no-keys", help="Include the encryption keys.")] = True,
    media: Annotated[bool, typer.Option("--media/--no-media", help="Include the media files.")] = True,
) -> None:
    """Back up database, keys and files while the server runs. A backup contains secrets: keep it private.

    With PostgreSQL the database is written by pg_dump.
    """
    from treadle.services.backup import BackupRefused, back_up
    from treadle.settings import Settings
    from treadle.store.copying import DatabaseNotCopied

    try:
        made = back_up(Settings(), absolute(target), keys=keys, media=media, now=time.time())
    except BackupRefused as refused:
        fail(str(refused.args[0]), refused.todo)
    except DatabaseNotCopied as failed:
        fail(str(failed))
    if cmd.json:
        held = {"keys": made.manifest.keys, "media": made.manifest.media, "files": len(made.manifest.files)}
        print_json({"backup": str(made.place), "size": made.size, "made_at": iso(made.manifest.made_at), **held,
                    "left_out": list(made.left_out)})  # fmt: skip
        return
    typer.echo(f"Backed up to {made.place}: {len(made.manifest.files)} files, {made.size / 1e6:.1f} MB.")
    for line in made.left_out:
        typer.echo(f"Not in it: {line}.", err=True)
    if made.manifest.keys:
        typer.echo("It holds the keys: whoever reads it can publish for every account.", err=True)


@command(restore_app, workspace=False)
def restore(
    cmd: Invocation,
    source: Annotated[str, typer.Argument(metavar="FOLDER|FILE", help="What 'treadle backup' made.")],
) -> None:
    """Restore a backup into an empty data directory. It is verified first, and nothing is overwritten.

    Stop the old server for good first. Unfinished posts are looked for on Threads before they are published.
    """
    from treadle.services.backup import BackupRefused
    from treadle.services.backup import restore as put_back
    from treadle.settings import Settings
    from treadle.store.copying import DatabaseNotCopied

    settings = Settings()
    try:
        done = put_back(settings, absolute(source))
    except BackupRefused as refused:
        fail(f"Nothing was restored. {refused.args[0]}", refused.todo)
    except DatabaseNotCopied as failed:
        fail(f"The restore failed. {failed}")
    if cmd.json:
        print_json({"restored": str(settings.data_dir), "made_at": iso(done.made_at), "files": done.files,
             "parts_to_look_for": done.parts, "unreadable_secrets": done.sealed})  # fmt: skip
    else:
        typer.echo(f"Restored to {settings.data_dir}, as it was at {iso(done.made_at)}: {done.files} files.")
        typer.echo(f"{done.parts} unsent parts of posts are looked for on Threads before they are sent.")
    if done.sealed:
        typer.echo(
            f"{done.sealed} stored secrets cannot be opened: put the key file back as {settings.data_dir}/secret.keys, "
            "or set TREADLE_SECRET_KEYS, before the server is started.",
            err=True,
        )
