"""``treadle doctor``: the set-up, line by line: fine, or what to do."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli._typer import run_app
from treadle_diagnosis.cli.show import bold, field, write

if TYPE_CHECKING:
    from treadle.settings import Settings
    from treadle.store import Database
    from treadle.vault import Vault

app = typer.Typer(
    add_completion=False, pretty_exceptions_show_locals=False, help="Check the set-up and say what to do."
)
_MARKS = {"fine": "fine", "look": "look", "broken": "BROKEN", "unknown": "?"}


def run(name: str, args: list[str]) -> int:
    return run_app(app, name, args)


def _nothing(*_: object, **__: object) -> None:
    """Nothing is enqueued by looking."""


def _vault(settings: Settings, database: Database) -> Vault:
    """The vault as it is: looking makes no key beside secrets, and an older database cannot be asked for them."""
    import sqlalchemy as sa

    from treadle.store import migrate
    from treadle.vault import KEY_FILE, Vault, open_vault

    try:
        at, newest = migrate.versions(database)
    except sa.exc.SQLAlchemyError:
        at = newest = None
    if at == newest and at is not None:
        with database.read() as conn:
            return open_vault(settings, conn)
    path = settings.data_dir / KEY_FILE
    if at is not None and not settings.secret_keys.get_secret_value() and not path.exists():
        return Vault([], path=path, lost=f"There is no key file {path}.")
    return open_vault(settings)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody: only what this machine knows.")] = False,
) -> None:
    """Check database, disk, keys, worker, addresses, the Meta app, every account; repair a tiny file. 1: broken."""
    from treadle.accounts.service import Accounts
    from treadle.media.selftest import failing_repair
    from treadle.services import cage_line
    from treadle.services.doctor import Line, examine, repairs, worst
    from treadle.settings import Settings
    from treadle.store import open_database
    from treadle.store.blockers import open_blocker
    from treadle.store.release import Releaser
    from treadle.vault import VaultError
    from treadle_threads import ThreadsClient
    from treadle_threads.transport import open_session

    settings = Settings()
    # Not through the app: that would bring the database up to date, and a doctor only looks.
    database = open_database(settings)

    async def look() -> list[Line]:
        async with (
            open_session() as session,
            ThreadsClient(base_url=settings.threads_api_url, timeout_s=settings.threads_timeout) as client,
        ):
            house = Accounts(
                settings=settings,
                db=database,
                vault=_vault(settings, database),
                client=client,
                repairs=Releaser(_nothing),
                block=open_blocker,
            )
            lines = await examine(house, session, network=not offline, more=await cage_line.lines(settings))
            return [*lines, repairs(await failing_repair(settings))]

    try:
        lines = asyncio.run(look())
    except VaultError as error:
        lines = [Line("Encryption keys", "broken", str(error), "Restore the key file, or correct TREADLE_SECRET_KEYS.")]
    finally:
        database.close()
    verdict = worst(lines)
    if as_json:
        body = {"verdict": verdict, "lines": [line.to_json() for line in lines]}
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    else:
        for line in lines:
            write(bold(f"{_MARKS[line.verdict]:<8}{line.name}"), field("", line.found), field("  to do", line.todo))
    raise typer.Exit(1 if verdict == "broken" else 0)
