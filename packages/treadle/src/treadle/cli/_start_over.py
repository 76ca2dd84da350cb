"""What ``treadle keys start-over`` does: set broken key files aside and give up what only the lost keys decrypt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.cli._invocation import ACTOR
from treadle.cli._print import fail

if TYPE_CHECKING:
    from treadle.services.starting_over import GivenUp
    from treadle.settings import Settings


def start_over(settings: Settings) -> GivenUp:
    """Make usable keys where none are, and remove what they cannot open."""
    from treadle.media.hosting import DiskStore
    from treadle.private import KeyFileError
    from treadle.services.starting_over import give_up
    from treadle.store import migrate, open_database
    from treadle.vault import KEY_FILE, VaultError, open_vault

    database = open_database(settings)
    try:
        if not migrate.current(database):
            fail("The database is not up to date.", "Run 'treadle migrate' first.")
        files = DiskStore(Path(settings.data_dir) / "media", settings.public_url)
        try:
            files.check()
        except KeyFileError:
            _set_aside(files.key_file)
            files.start_over()
        try:
            with database.read() as conn:
                open_vault(settings, conn)
        except VaultError:
            if settings.secret_keys.get_secret_value():
                raise  # nothing on this disk is to blame
            _set_aside(settings.data_dir / KEY_FILE)
        vault = open_vault(settings)
        with database.begin() as conn:
            return give_up(conn, vault, actor=ACTOR, now=time.time())
    finally:
        database.close()


def _set_aside(path: Path) -> None:

    if path.exists():
        path.rename(path.with_name(f"{path.name}.damaged-{time.time():.0f}"))
