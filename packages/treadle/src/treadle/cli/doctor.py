"""``treadle doctor``: the setup, line by line: fine, or what to fix."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli._groups import single
from treadle.cli._invocation import Invocation, command
from treadle_diagnosis.cli.show import bold, field, write

if TYPE_CHECKING:
    from treadle.settings import Settings
    from treadle.store import Database
    from treadle.vault import Vault

app = single()
_MARKS = {"fine": "fine", "look": "look", "broken": "BROKEN", "unknown": "?"}


def _nothing(*_: object, **__: object) -> None:
    """Checking enqueues nothing."""


def _vault(settings: Settings, database: Database) -> Vault:
    """The vault as it is: checking creates no key, and an older database cannot be read for secrets."""
    from treadle.store import migrate
    from treadle.vault import KEY_FILE, Vault, open_vault

    at, newest = migrate.versions_if_readable(database)
    if at == newest and at is not None:
        with database.read() as conn:
            return open_vault(settings, conn)
    path = settings.data_dir / KEY_FILE
    if at is not None and not settings.secret_keys.get_secret_value() and not path.exists():
        return Vault([], path=path, lost=f"There is no key file {path}.")
    return open_vault(settings)


@command(app, workspace=False)
def doctor(
    cmd: Invocation,
    offline: Annotated[bool, typer.Option("--offline", help="Check only this machine, without the network.")] = False,
) -> None:
    """Check database, disk, keys, worker, URLs, Meta app, accounts, media repairs. Exit code 1 if one is broken."""
    from treadle.accounts.service import Accounts
    from treadle.listening import as_served
    from treadle.media.selftest import failing_repair
    from treadle.services import cage_line
    from treadle.services.doctor import Line, examine, repairs, unmade, worst
    from treadle.settings import Settings
    from treadle.store import open_database
    from treadle.store.blockers import open_blocker
    from treadle.store.release import Releaser
    from treadle.vault import VaultError
    from treadle_threads import ThreadsClient
    from treadle_threads.transport import open_session

    settings = as_served(Settings())
    meant = settings.data_dir
    if not settings.database_url and not meant.exists():
        # Looking for what is not there must not make it: an empty directory is looked at in its place.
        folder = cmd.closing.enter_context(TemporaryDirectory(prefix="treadle-nothing-"))
        settings = settings.model_copy(update={"data_dir": Path(folder)})
    # Not through the app: that would migrate the database, and a doctor only reads.
    database = open_database(settings)

    async def run_checks() -> list[Line]:

        async with (
            open_session() as session,
            ThreadsClient(base_url=settings.threads_api_url, timeout_s=settings.threads_timeout) as client,
        ):
            accounts = Accounts(
                settings=settings,
                db=database,
                vault=_vault(settings, database),
                client=client,
                repairs=Releaser(_nothing),
                block=open_blocker,
            )
            lines = await examine(accounts, session, network=not offline, more=await cage_line.lines(settings))
            return [*lines, repairs(await failing_repair(settings))]

    try:
        lines = asyncio.run(run_checks())
    except VaultError as error:
        lines = [Line("Encryption keys", "broken", str(error), "Restore the key file, or correct TREADLE_SECRET_KEYS.")]
    finally:
        database.close()
    if settings.data_dir != meant:
        named = str(settings.data_dir)
        lines = [
            replace(line, found=line.found.replace(named, str(meant)), todo=line.todo.replace(named, str(meant)))
            for line in lines
            if line.name not in ("Disk", "Encryption keys", "Files")  # these looked at the stand-in
        ]
        lines[1:1] = unmade(meant)
    verdict = worst(lines)
    if cmd.json:
        body = {"verdict": verdict, "lines": [line.to_json() for line in lines]}
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    else:
        for line in lines:
            write(bold(f"{_MARKS[line.verdict]:<8}{line.name}"), field("", line.found), field("  to do", line.todo))
    raise typer.Exit(1 if verdict == "broken" else 0)
