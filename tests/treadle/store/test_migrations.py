"""The migrations make exactly the tables that the code speaks of, on both databases."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from treadle.store import Database
from treadle.store.migrate import current, upgrade, versions
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
    at, newest = versions(db)
    assert at == newest
    db.close()
