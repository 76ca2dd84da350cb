"""Bringing a database up to date: our tables by Alembic, the run's tables by DBOS.

Safe to run again, and by several processes at once.
"""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from treadle.store.database import Database

_LOCK = 0x7EAD1E  # Postgres advisory lock: two servers starting together migrate one after the other


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def versions(database: Database) -> tuple[str | None, str | None]:
    """(revision the database is at, newest revision this release knows)."""
    with database.read() as conn:
        at = MigrationContext.configure(conn).get_current_revision()
    return at, ScriptDirectory.from_config(_config()).get_current_head()


def versions_if_readable(database: Database) -> tuple[str | None, str | None]:
    """The same, or two times ``None`` for a database that cannot be read."""
    try:
        return versions(database)
    except sa.exc.SQLAlchemyError:
        return None, None


def knows(revision: str) -> bool:
    """Whether this release has the revision; a newer release's it has not."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def current(database: Database) -> bool:
    """Whether nothing is left to migrate: our tables are at the newest revision, and DBOS's exist."""
    at, newest = versions(database)
    if at is None or at != newest:
        return False
    schema = None if database.is_sqlite else "dbos"
    return sa.inspect(database.engine).has_table("workflow_status", schema=schema)


def upgrade(database: Database) -> None:
    """Migrate everything to the newest revision."""
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
