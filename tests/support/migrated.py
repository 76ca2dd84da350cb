"""Databases that are migrated already: copies of one that was migrated, which takes longer than most tests.

Tests of migrations start from an empty one (fixture ``database_url``), and so does every test of a process.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import sqlite3
import tempfile
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.support.postgres import Cluster
from treadle.store import Database, migrate
from treadle.store.database import sqlite_file

TEMPLATE = "treadle_migrated"
_LOCK = 716_001


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()


@functools.cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="treadle-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "treadle.sqlite"
    _migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return file


def migrated_sqlite(url: str) -> None:
    """Put a migrated database there, where the address is that of a SQLite file that is not there yet."""
    file = sqlite_file(sa.make_url(url))
    if file is not None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_sqlite_template(), file)


def postgres_template(cluster: Cluster) -> str:
    """The name of the cluster's migrated database, made by whoever of the cluster's users asks first."""
    with psycopg.connect(cluster.url, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))  # held until the connection ends
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone() is None:
            url = cluster.create_database()
            _migrate(url)
            conn.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" RENAME TO {TEMPLATE}'.encode())
    return TEMPLATE
