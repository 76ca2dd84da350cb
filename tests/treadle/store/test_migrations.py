"""The migrations make exactly the tables that the code speaks of, on both databases."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from treadle.store import Database, migrate
from treadle.store.migrate import current, knows, newest, upgrade, versions
from treadle.store.tables import metadata


def ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """DBOS keeps tables beside ours; on SQLite in the same schema."""
    table = thing if kind == "table" else getattr(thing, "table", None)
    return table is None or table.name in metadata.tables


def test_migrating_makes_the_tables_of_the_code(database_url: str) -> None:
    db = Database(database_url)
    assert not current(db)
    upgrade(db)
    assert current(db)
    with db.read() as conn:
        context = MigrationContext.configure(conn, opts={"include_object": ours})
        assert compare_metadata(context, metadata) == []
    upgrade(db)  # again: nothing left to do, nothing broken
    with db.read() as conn:
        assert versions(db) == (MigrationContext.configure(conn).get_current_revision(), newest())
    db.close()


def test_the_revisions_are_those_that_alembic_reads() -> None:
    """A server reads them from the scripts without Alembic."""
    scripts = ScriptDirectory.from_config(migrate._config())
    assert scripts.get_heads() == [newest()]
    assert {script.revision: script.down_revision for script in scripts.walk_revisions()} == migrate._revisions()
    assert knows("0001")
    assert not knows("of_a_newer_release")


def test_a_database_without_tables_is_at_no_revision(database_url: str) -> None:
    db = Database(database_url)
    assert versions(db) == (None, newest())
    db.close()
