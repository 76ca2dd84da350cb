"""Whole copies of the database, made while it is used: SQLite's own backup, and PostgreSQL's programs."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from treadle import private
from treadle.store.database import Database
from treadle.store.tables import metadata
from treadle.store.trouble import FULL, sqlite_reason


class DatabaseNotCopied(Exception):
    """The database could not be copied or put back. The message says why, and what to run instead."""


def copy_sqlite(source: Path, target: Path) -> None:
    """Write the database as it is at one moment to ``target``, a file for its owner alone. Writers are not held up.

    Raises :class:`OSError` that names the file which cannot be read or written.
    """
    private.make_file(target)
    try:
        _copy_pages(source, target)
    except sqlite3.OperationalError as error:
        for file in (target, source):
            if sqlite_reason(str(error), file.parent) == FULL:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from error
        raise OSError(errno.EIO, str(error), str(source)) from error
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _copy_pages(source: Path, target: Path) -> None:
    address = f"{source.as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # all pages in one step, inside one read
        copy.execute("PRAGMA journal_mode = DELETE")


def fold_log(path: Path) -> None:
    """Put what is in the ``-wal`` file beside a SQLite database that nobody uses into it, so that it is one file."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")


def damage_of(path: Path) -> str | None:
    """What is wrong with a SQLite file, in SQLite's words; ``None``: nothing."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as conn:
            result = str(conn.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if result == "ok" else result


def is_empty(db: Database) -> bool:
    """Whether none of Treadle's tables is there."""
    return not set(sa.inspect(db.engine).get_table_names()) & set(metadata.tables)


def dump_postgres(address: str, target: Path) -> None:
    """Write the database to ``target`` with ``pg_dump``, in its own format."""
    private.make_file(target)
    _run("pg_dump", address, "--format=custom", "--no-owner", "--file", file=target)


def load_postgres(address: str, source: Path) -> None:
    """Put a dump back into an empty database with ``pg_restore``, whole or not at all."""
    _run("pg_restore", address, "--no-owner", "--exit-on-error", "--single-transaction", file=source)


def _run(program: str, address: str, *args: str, file: Path) -> None:
    """Run ``program`` on the database, with the path ``file`` at the end. The password goes by the environment."""
    url = sa.make_url(address)
    plain = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    command = [program, f"--dbname={plain.render_as_string()}", *args]
    shown = shlex.join([*command, file.name])
    if (found := shutil.which(program)) is None:
        raise DatabaseNotCopied(f"{program} is not installed here. Run this where PostgreSQL's programs are: {shown}")
    env = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    done = subprocess.run([found, *command[1:], str(file)], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise DatabaseNotCopied(f"{program} failed: {lines[-1] if lines else done.returncode}. It was run as: {shown}")
