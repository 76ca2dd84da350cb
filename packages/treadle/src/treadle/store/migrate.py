"""Bringing a database up to date: our tables by Alembic, the run's tables by DBOS.

Safe to run again, and by several processes at once. Alembic takes 7 MB: it is imported only to migrate, and not by a
server that finds its database up to date.
"""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from treadle.store import probe
from treadle.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x7EAD1E  # Postgres advisory lock: two servers starting together migrate one after the other
_SCRIPTS = Path(__file__).parent / "migrations"
_REVISION = re.compile(r'^(down_)?revision\b.*= *"(\w+)"', re.MULTILINE)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config


@functools.cache
def _revisions() -> dict[str, str | None]:
    """Every revision this release knows, with the one before it, as Alembic's scripts name them."""
    found: dict[str, str | None] = {}
    for script in sorted((_SCRIPTS / "versions").glob("*.py")):
        named = dict(_REVISION.findall(script.read_text("utf-8")))
        if "" in named:
            found[named[""]] = named.get("down_")
    return found


def newest() -> str:
    """The newest revision this release knows."""
    (last,) = _revisions().keys() - _revisions().values()
    return last


def versions(database: Database) -> tuple[str | None, str]:
    """(revision the database is at, newest revision this release knows)."""
    with database.read() as conn:
        at = probe.version(conn) if sa.inspect(conn).has_table("alembic_version") else None
    return at, newest()


def versions_if_readable(database: Database) -> tuple[str | None, str | None]:
    """The same, or two times ``None`` for a database that cannot be read."""
    try:
        return versions(database)
    except sa.exc.SQLAlchemyError:
        return None, None


def knows(revision: str) -> bool:
    """Whether this release has the revision; a newer release's it has not."""
    return revision in _revisions()


def current(database: Database) -> bool:
    """Whether nothing is left to migrate: our tables are at the newest revision, and DBOS's exist."""
    at, newest = versions(database)
    if at is None or at != newest:
        return False
    schema = None if database.is_sqlite else "dbos"
    return sa.inspect(database.engine).has_table("workflow_status", schema=schema)


def upgrade(database: Database) -> None:
    """Migrate everything to the newest revision."""
    from alembic import command
    from dbos import DBOS

    config = _config()
    with database.begin() as conn:
        if not database.is_sqlite:
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
    logging.getLogger("dbos").setLevel(logging.WARNING)
    url = database.url.render_as_string(hide_password=False)
    DBOS.migrate(system_database_url=url)
