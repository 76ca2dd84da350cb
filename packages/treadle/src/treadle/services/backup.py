"""A backup of the whole installation while it works, and putting one back.

A backup is a folder, or an archive of it: the database as it was at one moment, the keys, the kept files, and
``manifest.json`` with the digest of each. What was published after that moment looks unsent in it, so a restore marks
every post that is not finished: it is looked for on Threads before it is sent.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ValidationError

from treadle import __version__, private
from treadle.engine import restoring
from treadle.settings import Settings
from treadle.store import Database, copying, migrate, open_database
from treadle.store.database import database_file
from treadle.vault import KEY_FILE, open_vault, unreadable

MANIFEST: Final = "manifest.json"
SQLITE, DUMP = "treadle.sqlite", "treadle.pgdump"
ADDRESS_KEY: Final = "media/address.key"
STAGE: Final = ".treadle-backup-"
ARCHIVES: Final = (".tar", ".tar.gz", ".tgz")


class BackupRefused(Exception):
    """Nothing was written. ``args``: why, and what to do."""

    @property
    def todo(self) -> str:
        return str(self.args[1]) if len(self.args) > 1 else ""


class Manifest(BaseModel):
    """What a backup holds. ``files``: the SHA-256 of each, by its path in the backup."""

    version: str
    made_at: float
    database: str
    revision: str | None
    keys: bool
    media: bool
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """``left_out`` says what is not in it and why."""

    place: Path
    size: int
    manifest: Manifest
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """``parts``: how many are looked for on Threads before they are sent. ``sealed``: secrets that no key opens."""

    made_at: float
    parts: int
    files: int
    sealed: int


def back_up(settings: Settings, target: Path, *, keys: bool, media: bool, now: float) -> BackedUp:
    """Write a backup to ``target``, which must not be there yet: a folder, or an archive when its name ends like one.

    The database is copied first and stays in use. Everything is written aside and gets its name when it is whole.
    """
    if target.exists() or target.is_symlink():
        raise BackupRefused(f"{target} is there already.", "Name a new folder, or a new file that ends in .tar.gz.")
    file = database_file(settings)
    if file is not None and not file.is_file():
        raise BackupRefused(f"There is no database {file} to back up.", "Run it where 'treadle serve' runs.")
    left_out = []
    private.make_directory(target.parent)
    with _aside(target.parent) as stage:
        if file is not None:
            copying.copy_sqlite(file, stage / SQLITE)
        else:
            copying.dump_postgres(settings.resolved_database_url, stage / DUMP)
        wanted = {KEY_FILE: settings.data_dir / KEY_FILE, ADDRESS_KEY: settings.data_dir / ADDRESS_KEY}
        if settings.secret_keys.get_secret_value():
            del wanted[KEY_FILE]
            left_out.append("TREADLE_SECRET_KEYS: the keys are in your settings; keep them apart")
        if not keys:
            wanted = {}
            left_out.append("keys: without them no token in it can be used; keep them apart")
        files = dict(_media(settings.data_dir)) if media else {}
        if not media:
            left_out.append("files of media")
        elif settings.media_store_url:
            left_out.append("files of media: they are in the bucket")
        for name, source in {**wanted, **files}.items():
            with suppress(FileNotFoundError):  # removed since it was listed, or never made
                _copy(source, stage / name)
        manifest = Manifest(
            version=__version__,
            made_at=now,
            database="postgresql" if file is None else "sqlite",
            revision=_revision(settings),
            keys=(stage / KEY_FILE).exists(),
            media=media,
            files={name: _digest(stage / name) for name in _names(stage)},
        )
        private.replace_secret(stage / MANIFEST, manifest.model_dump_json(indent=2).encode())
        if target.name.endswith(ARCHIVES):
            size = _archive(stage, target)
        else:
            size = sum((stage / name).stat().st_size for name in _names(stage))
            stage.rename(target)
    return BackedUp(target, size, manifest, tuple(left_out))


def restore(settings: Settings, source: Path) -> Restored:
    """Put a backup back where nothing is yet. It is verified first; what is there already is never overwritten."""
    file = database_file(settings)
    data = settings.data_dir
    _refuse_what_is_there(data, file)
    is_new = not data.exists()
    private.make_directory(data)
    try:
        return _restore(settings, source, data, file)
    except BaseException:
        if is_new:
            with suppress(OSError):  # something was put back: it stays for whoever looks why
                data.rmdir()
        raise


def _restore(settings: Settings, source: Path, data: Path, file: Path | None) -> Restored:
    with _opened(source, data) as place:
        manifest = _verified(place, source)
        kind = "postgresql" if file is None else "sqlite"
        if manifest.database != kind:
            todo = "Set TREADLE_DATABASE_URL to the same kind of database as the backup."
            names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
            held = names.get(manifest.database, manifest.database)
            raise BackupRefused(f"This backup holds {held}, but the settings name {names[kind]}.", todo)
        for name in manifest.files:
            there = data / name
            if name not in (SQLITE, DUMP) and there.exists() and _digest(there) != manifest.files[name]:
                raise BackupRefused(
                    f"{there} already exists and differs from the one in the backup.", "Move it away first."
                )
        if file is not None:
            private.make_directory(file.parent)
            with _aside(file.parent) as stage:
                _copy(place / SQLITE, stage / SQLITE)
                parts = _distrusted(Database(f"sqlite:///{stage / SQLITE}"), manifest)
                count = _put_files(place, data, manifest)
                copying.fold_log(stage / SQLITE)
                _give_name(stage / SQLITE, file)
        else:
            _load(settings, place / DUMP)
            parts = _distrusted(open_database(settings), manifest)
            count = _put_files(place, data, manifest)
    return Restored(manifest.made_at, parts, count, _sealed(settings))


# ------------------------------------------------------------------------------------------------------- making


def _media(data: Path) -> Iterator[tuple[str, Path]]:
    """Kept files and the notes beside them, by their path in the data directory."""
    for path in sorted((data / "media" / "files").glob("*/*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(data).as_posix(), path


def _revision(settings: Settings) -> str | None:
    database = open_database(settings)
    try:
        return migrate.versions(database)[0]
    finally:
        database.close()


def _archive(stage: Path, target: Path) -> int:
    made = target.parent / f"{stage.name}.archive"
    try:
        mode: Literal["w", "w:gz"] = "w" if target.suffix == ".tar" else "w:gz"
        with private.create(made) as out, tarfile.open(fileobj=out, mode=mode) as tar:
            for name in _names(stage):
                tar.add(stage / name, name)
        _give_name(made, target)
        return target.stat().st_size
    finally:
        made.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------------------- putting back


def _why(error: Exception) -> str:
    """In one line: tarfile lists every method that it tried."""
    if isinstance(error, tarfile.ReadError) and "could not be opened" in str(error):
        return "it is not a tar archive"
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def _refuse_what_is_there(data: Path, file: Path | None) -> None:
    todo = "Restore into an empty data directory, or move the existing data away first."
    for path in (Path(f"{file}{suffix}") for suffix in ("", "-wal", "-shm")) if file is not None else ():
        if path.exists():
            raise BackupRefused(f"A database already exists: {path}.", todo)
    if any(_media(data)):
        raise BackupRefused(f"Media files already exist in {data / 'media'}.", todo)


@contextmanager
def _opened(source: Path, beside: Path) -> Iterator[Path]:
    """The folder of a backup; an archive is unpacked beside the data directory for as long as it is read."""
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        todo = "Name the folder or the archive that 'treadle backup' made."
        raise BackupRefused(f"There is no backup {source}.", todo)
    with _aside(beside) as stage:
        try:
            with tarfile.open(source) as tar:
                tar.extractall(stage, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise
            raise BackupRefused(
                f"{source} cannot be unpacked: {_why(error)}.",
                "Use another backup, made by 'treadle backup'.",
            ) from error
        yield stage


def _verified(place: Path, source: Path) -> Manifest:
    """The manifest, when every file is as it was written and this release can read the database."""
    other = "Take another backup: this one is not whole."
    try:
        manifest = Manifest.model_validate_json((place / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupRefused(f"{source} is not a backup made by 'treadle backup': it has no {MANIFEST}.") from None
    except ValidationError:
        raise BackupRefused(f"The {MANIFEST} of {source} cannot be read.", other) from None
    for name, digest in manifest.files.items():
        path = place / name
        inside = path.resolve().is_relative_to(place.resolve()) and not path.is_symlink()
        if not inside or not path.is_file() or _digest(path) != digest:
            raise BackupRefused(f"{name} in {source} is missing or was changed.", other)
    needed = SQLITE if manifest.database == "sqlite" else DUMP
    if needed not in manifest.files:
        raise BackupRefused(f"{source} holds no database.", other)
    if needed == SQLITE and (damage := copying.damage_of(place / SQLITE)) is not None:
        raise BackupRefused(f"The database in {source} is damaged: {damage}.", other)
    if manifest.revision is not None and not migrate.knows(manifest.revision):
        raise BackupRefused(
            f"This backup was made by a newer release ({manifest.version}); this one is {__version__}.",
            "Install that release, or a later one.",
        )
    return manifest


def _distrusted(database: Database, manifest: Manifest) -> int:
    """Bring the database up to date, mark whatever may have been published since, close it; how many parts."""
    try:
        migrate.upgrade(database)
        since = manifest.made_at - restoring.SLACK_S
        with database.begin() as conn:
            # Every post that is not finished: it may have been given an earlier time since.
            return restoring.distrust(conn, since, math.inf)
    finally:
        database.close()


def _load(settings: Settings, dump: Path) -> None:
    database: Database = open_database(settings)
    try:
        empty = copying.is_empty(database)
    finally:
        database.close()
    if not empty:
        todo = "Create an empty one, and name it in TREADLE_DATABASE_URL."
        raise BackupRefused("The PostgreSQL database is not empty.", todo)
    copying.load_postgres(settings.resolved_database_url, dump)


def _put_files(place: Path, data: Path, manifest: Manifest) -> int:
    names = [name for name in manifest.files if name not in (SQLITE, DUMP)]
    for name in names:
        if not (data / name).exists():
            _copy(place / name, data / name)
    return len(names)


def _sealed(settings: Settings) -> int:
    """How many stored secrets no key opens."""
    database = open_database(settings)
    try:
        with database.read() as conn:
            return len(unreadable(conn, open_vault(settings, conn)))
    finally:
        database.close()


# ------------------------------------------------------------------------------------------------------------ files


@contextmanager
def _aside(parent: Path) -> Iterator[Path]:
    """A folder of its own for what is not whole yet, removed in the end unless it was renamed."""
    made = Path(tempfile.mkdtemp(prefix=STAGE, dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _give_name(made: Path, target: Path) -> None:
    """Never over something that is there, also when it came this moment."""
    try:
        os.link(made, target)
    except FileExistsError:
        raise BackupRefused(f"{target} is there already.", "Look who made it, and begin again.") from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise BackupRefused(f"{target} is there already.", "Look who made it, and begin again.") from None
        made.rename(target)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as found:
        private.make_directory(target.parent)
        with private.create(target) as made:
            shutil.copyfileobj(found, made, 1 << 20)


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
