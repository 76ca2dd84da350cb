"""Secrets at rest: sealed with the newest key, opened with any key that is still kept.

Keys come from ``TREADLE_SECRET_KEYS`` (newest first) or from a key file beside the database, made on first start with
rights for its owner alone. A running server notices a rotated key file by itself. No key is made while the database
holds what another key sealed: such a vault is *lost*, and neither seals nor opens anything.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from treadle import private
from treadle.settings import Settings
from treadle.store import Connection, sealed_columns, workspaces

KEY_FILE = "secret.keys"
SEALED_OPTIONS = frozenset({"alert_urls_enc"})  # options of a workspace that hold base64 of sealed text
KEPT_KEYS = 2  # the newest, and the one before it: what a running server sealed in the last moment stays readable


RESTORE = "Restore it from your backup"
START_OVER = "if it is lost for good, run 'treadle keys start-over' and connect every account again"


class VaultError(private.KeyFileError):
    """A secret cannot be opened, or the keys cannot be read; the message says what to do.

    Raised rather than answered with an empty token: that would look to Meta like a dead one.
    """


class Vault:
    """``seal`` and ``open``; safe to use from several threads."""

    def __init__(self, keys: list[str], *, path: Path | None = None, lost: str = "") -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._keys = keys
        self.lost = lost
        """Why nothing can be sealed or opened, and the way out; empty when the keys fit what the database holds."""
        if lost:
            return
        self._fernet = _fernet(keys, path)
        if path is not None:
            self._stamp = _stamp(path)

    @property
    def path(self) -> Path | None:
        """The key file; ``None`` when the keys come from the environment."""
        return self._path

    @property
    def key_count(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Vault({self._path or 'keys from the environment'})"

    def seal(self, text: str) -> bytes:
        self._follow()
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text of what was sealed; raises :class:`VaultError` when no key fits."""
        self._follow()
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            where = f"the key file {self._path}" if self._path else "TREADLE_SECRET_KEYS"
            raise VaultError(
                f"A stored secret was sealed with a key that is not in {where}. Put the old key back behind the new "
                "one, or reconnect the account."
            ) from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret under the newest key."""
        self._follow()
        try:
            return self._fernet.rotate(bytes(sealed))
        except InvalidToken:
            self.open(sealed)  # raises with the words for people
            raise

    def check(self) -> None:
        """Raise :class:`VaultError` when the keys are lost: nothing that needs secrets may start then."""
        if self.lost:
            raise VaultError(self.lost)

    def _follow(self) -> None:
        """Read the key file again when another process has changed it."""
        self.check()
        if self._path is None:
            return
        stamp = _stamp(self._path)
        if stamp is None or stamp == self._stamp:
            return
        with self._lock:
            self._keys = _read(self._path)
            self._fernet = _fernet(self._keys, self._path)
            self._stamp = stamp

    def add_key(self) -> None:
        """Put a new key in front; the older ones stay until :meth:`drop_old_keys`."""
        self._write([Fernet.generate_key().decode(), *self._keys])

    def drop_old_keys(self) -> int:
        """Forget all but the newest two keys; returns how many went. Only after everything was sealed again."""
        dropped = max(0, len(self._keys) - KEPT_KEYS)
        if dropped:
            self._write(self._keys[:KEPT_KEYS])
        return dropped

    def _write(self, keys: list[str]) -> None:
        self.check()
        if self._path is None:
            raise VaultError(
                "The keys come from TREADLE_SECRET_KEYS: put the new key in front of the old ones there, restart, and "
                "run 'treadle keys rotate' again."
            )
        with self._lock:
            private.replace_secret(self._path, _lines(keys))
            self._keys, self._fernet, self._stamp = keys, _fernet(keys, self._path), _stamp(self._path)


def open_vault(settings: Settings, conn: Connection | None = None) -> Vault:
    """The vault of these settings; makes the key file on first start.

    ``conn``: a migrated database that may hold sealed secrets. The vault is lost when the keys open none of them.
    """
    given = [key.strip() for key in settings.secret_keys.get_secret_value().split(",") if key.strip()]
    if given:
        return _fitting(Vault(given), conn)
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        if conn is not None and next(_sealed(conn), None) is not None:
            return Vault([], path=path, lost=_missing(path))
        private.make_directory(path.parent)
        private.create_secret(path, _lines([Fernet.generate_key().decode()]))
    private.clear_leftovers(path)
    private.tighten(path)
    return _fitting(Vault(_read(path), path=path), conn)


def _missing(path: Path) -> str:
    return (
        f"The key file {path} is missing, and the database holds secrets that only its key opens. {RESTORE}, or set "
        f"TREADLE_SECRET_KEYS to the keys; {START_OVER}."
    )


def _fitting(vault: Vault, conn: Connection | None) -> Vault:
    """This vault, or a lost one when secrets are stored and not one of them can be opened."""
    if conn is None:
        return vault
    seen = False
    for sealed in _sealed(conn):
        seen = True
        try:
            vault.open(sealed)
        except VaultError:
            continue
        return vault
    if not seen:
        return vault
    where = f"The key file {vault.path} holds" if vault.path else "TREADLE_SECRET_KEYS names"
    lost = f"{where} no key that opens the secrets in the database. Put the right key back; {START_OVER}."
    return Vault([], path=vault.path, lost=lost)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What :func:`rotate` did: secrets sealed again, keys dropped, and secrets that no key opens (table.column)."""

    resealed: int
    dropped: int
    unreadable: tuple[str, ...] = ()


def rotate(conn: Connection, vault: Vault, *, new_key: bool = True) -> Rotation:
    """Seal every secret in the database under a new key (or, with keys from the environment, under the newest).

    Rows are compared and set, so a token that is replaced meanwhile stays replaced. Nothing unreadable is dropped.
    """
    if new_key and vault.path is not None:
        vault.add_key()
    resealed, unreadable = 0, []
    for column in sealed_columns.columns():
        for row in sealed_columns.rows(conn, column):
            try:
                fresh = vault.reseal(row.sealed)
            except (VaultError, InvalidToken):
                unreadable.append(str(column))
                continue
            resealed += sealed_columns.replace(conn, column, row, fresh)
    for workspace_id, options in workspaces.options_of_all(conn).items():
        fresh_options = dict(options)
        for name in SEALED_OPTIONS & fresh_options.keys():
            try:
                fresh_options[name] = base64.b64encode(vault.reseal(base64.b64decode(fresh_options[name]))).decode()
            except (VaultError, InvalidToken, ValueError):
                unreadable.append(f"workspaces.options.{name}")
                continue
            resealed += 1
        if fresh_options != options:
            workspaces.set_options(conn, workspace_id, fresh_options)
    dropped = 0 if unreadable or vault.path is None else vault.drop_old_keys()
    return Rotation(resealed, dropped, tuple(unreadable))


def unreadable(conn: Connection, vault: Vault) -> list[str]:
    """Columns (``table.column``) with a secret that no key opens, once for each such secret."""
    found = []
    for column in sealed_columns.columns():
        for sealed in sealed_columns.values(conn, column):
            try:
                vault.open(sealed)
            except VaultError:
                found.append(str(column))
    return found


def _sealed(conn: Connection) -> Iterator[bytes]:
    """Every sealed secret in the database. The first of each column comes first: that is all a good key needs."""
    columns = sealed_columns.columns()
    for column in columns:
        first = sealed_columns.first(conn, column)
        if first is not None:
            yield first
    for options in workspaces.options_of_all(conn).values():
        for name in SEALED_OPTIONS & options.keys():
            try:
                yield base64.b64decode(options[name])
            except ValueError:
                yield b""
    for column in columns:
        yield from sealed_columns.values(conn, column)


def _fernet(keys: list[str], path: Path | None = None) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        if path is not None:
            raise VaultError(
                f"The key file {path} is damaged: a line is no key, or only part of one. {RESTORE}; {START_OVER}."
            ) from None
        raise VaultError(
            "A key in TREADLE_SECRET_KEYS is not a Fernet key: 32 bytes in URL-safe base64. 'treadle keys new-secret' "
            "prints one."
        ) from None


def _reason(error: OSError | UnicodeError) -> str:
    return (error.strerror or "it cannot be opened").lower() if isinstance(error, OSError) else "it is not plain text"


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeError) as error:
        raise VaultError(
            f"The key file {path} cannot be read: {_reason(error)}. Let this user read it, or restore it."
        ) from None
    if not lines:
        raise VaultError(
            f"The key file {path} is empty, and no stored token opens without it. {RESTORE}; {START_OVER}."
        )
    return lines


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino


def _lines(keys: list[str]) -> bytes:
    return ("\n".join(keys) + "\n").encode("ascii")
