"""Databases that earlier releases left, with posts in every state (``tools/keep_release.py`` made them)."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from treadle.store import Database
from treadle.store import migrate as migrations

FOLDER = Path(__file__).resolve().parents[1] / "releases"
WINDOW_S = 400 * 86_400.0  # a number so near to the moment of keeping is a time
# DBOS's own tables that hold work; the others say which of its migrations and executors there were.
RUNS = ("workflow_status", "workflow_input", "workflow_output")


@dataclass(frozen=True)
class Released:
    """What one release left. ``kept`` names its posts by their text."""

    folder: Path

    @cached_property
    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "kept.json").read_text("utf-8"))
        return found

    @property
    def made_at(self) -> float:
        return float(self.kept["made_at"])

    def later(self, value: Any, by: float) -> Any:
        """``value`` with every time in it moved by so many seconds."""
        if isinstance(value, float) and abs(value - self.made_at) < WINDOW_S:
            return value + by
        if isinstance(value, dict):
            return {key: self.later(one, by) for key, one in value.items()}
        if isinstance(value, list):
            return [self.later(one, by) for one in value]
        return value

    def put_sandbox(self, folder: Path, *, by: float) -> None:
        """Threads as it was, for ``Sandbox(data_dir=...)``."""
        folder.mkdir(parents=True, exist_ok=True)
        state = json.loads(gzip.decompress((self.folder / "sandbox.json.gz").read_bytes()))
        (folder / "sandbox.json").write_text(json.dumps(self.later(state, by)), "utf-8")

    def put_keys(self, data: Path) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(self.folder / "secret.keys", data / "secret.keys")
        (data / "secret.keys").chmod(0o600)

    def put_sqlite(self, file: Path, *, by: float = 0.0) -> None:
        """The database, every time in it moved by ``by`` seconds."""
        with closing(sqlite3.connect(file)) as conn:
            conn.executescript(gzip.decompress((self.folder / "treadle.sql.gz").read_bytes()).decode("utf-8"))
            conn.execute("PRAGMA journal_mode = WAL")
            for (table,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                columns = conn.execute(f'PRAGMA table_info("{table}")').fetchall()
                for _, name, kind, *_rest in columns if by else ():
                    if kind.upper() in ("FLOAT", "DOUBLE", "DOUBLE PRECISION"):
                        conn.execute(
                            f'UPDATE "{table}" SET "{name}" = "{name}" + ? WHERE abs("{name}" - ?) < ?',
                            (by, self.made_at, WINDOW_S),
                        )
                    elif kind.upper() in ("INTEGER", "BIGINT"):  # DBOS counts milliseconds
                        conn.execute(
                            f'UPDATE "{table}" SET "{name}" = "{name}" + ? WHERE abs("{name}" - ?) < ?',
                            (int(by * 1000), int(self.made_at * 1000), int(WINDOW_S * 1000)),
                        )
                    elif kind.upper() == "JSON":
                        rows = conn.execute(
                            f'SELECT rowid, "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL'
                        ).fetchall()
                        moved = [(json.dumps(self.later(json.loads(text), by)), row) for row, text in rows]
                        conn.executemany(f'UPDATE "{table}" SET "{name}" = ? WHERE rowid = ?', moved)
            conn.commit()

    def put_postgres(self, url: str, scratch: Path, *, by: float = 0.0) -> None:
        """The same content in PostgreSQL: the tables of that release by its migrations, then its rows."""
        from dbos import DBOS

        file = scratch / "content.sqlite"
        self.put_sqlite(file, by=by)
        source, target = Database(f"sqlite:///{file}"), Database(url)
        try:
            at, _ = migrations.versions(source)
            assert at is not None
            config: Config = migrations._config()
            with target.begin() as conn:
                config.attributes["connection"] = conn
                command.upgrade(config, at)
            DBOS.migrate(system_database_url=target.url.render_as_string(hide_password=False))
            with source.read() as old, target.begin() as new:
                ours = sa.MetaData()
                ours.reflect(new)
                for table in ours.sorted_tables:
                    if table.name != "alembic_version":
                        _copy(old, new, table, table.name)
                theirs = sa.MetaData(schema="dbos")
                theirs.reflect(new, only=RUNS)
                for name in RUNS:
                    _copy(old, new, theirs.tables[f"dbos.{name}"], name)
        finally:
            source.close()
            target.close()

    def put(self, url: str, scratch: Path, *, by: float = 0.0) -> None:
        if url.startswith("sqlite"):
            file = Path(url.removeprefix("sqlite:///"))
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.put_sqlite(file, by=by)
        else:
            self.put_postgres(url, scratch, by=by)


def _copy(old: sa.Connection, new: sa.Connection, table: sa.Table, name: str) -> None:
    """Rows of the SQLite table ``name``, as PostgreSQL types them."""
    rows = []
    for row in old.execute(sa.text(f'SELECT * FROM "{name}"')).mappings():
        values = {column.name: row[column.name] for column in table.columns if column.name in row}
        for column in table.columns:
            value = values.get(column.name)
            if value is None:
                values.pop(column.name, None) if column.nullable or column.server_default is not None else None
            elif isinstance(column.type, sa.Boolean):
                values[column.name] = bool(value)
            elif isinstance(column.type, sa.JSON):
                values[column.name] = json.loads(value)
        rows.append(values)
    for values in rows:
        new.execute(sa.insert(table).values(values))
    for column in table.columns:
        if column.primary_key and column.autoincrement is True:
            sequence = f"pg_get_serial_sequence('{table.fullname}', '{column.name}')"
            newest = f"(SELECT coalesce(max({column.name}), 0) + 1 FROM {table.fullname})"
            new.execute(sa.text(f"SELECT setval({sequence}, {newest}, false)"))


def released() -> list[Released]:
    return [Released(folder) for folder in sorted(FOLDER.iterdir()) if (folder / "kept.json").is_file()]
