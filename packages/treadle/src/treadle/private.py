"""Files for the user that Treadle runs as, and for nobody else, whatever the umask.

Directories are made with 0700 and files with 0600. A file that holds a key or a secret is written aside, synced and
given its name only when it is whole, so that no crash and no full disk leaves half of one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

DIRECTORY, FILE = 0o700, 0o600
OTHERS = 0o077
ATTEMPTS = 5

_umask_of_the_user: int | None = None


class KeyFileError(Exception):
    """A key file is missing, unreadable or damaged. The message names the file and the way out."""


def restrict_process() -> None:
    """From now on this process, and every process that it starts, makes files for its own user alone."""
    global _umask_of_the_user
    before = os.umask(OTHERS)
    if _umask_of_the_user is None:
        _umask_of_the_user = before


def share(path: Path) -> None:
    """Give a file that a person asked for by name the permissions their umask gives to any new file."""
    umask = _umask_of_the_user
    if umask is None:
        umask = os.umask(OTHERS)
        os.umask(umask)
    path.chmod(0o666 & ~umask)


def make_directory(path: Path) -> None:
    """Make ``path`` and the directories above it that are missing; one that is there already is left as it is."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            folder.mkdir(DIRECTORY)
    if not path.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(path))


def create(path: Path) -> BinaryIO:
    """Open a file of ordinary content for writing, as ``open(path, "wb")`` does."""
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, FILE))


def make_file(path: Path) -> None:
    """Make an empty file unless there is one, so that whoever fills it cannot choose wider permissions."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE))


def create_secret(path: Path, content: bytes) -> None:
    """Make the file whole or not at all. If it is there already, or another process is first, that file stays."""
    for _ in range(ATTEMPTS):
        with _aside(path, content) as made:
            try:
                os.link(made, path)
            except FileExistsError:
                return
            except FileNotFoundError:  # somebody took it for a leftover before it was locked
                continue
            except OSError:  # a file system without hard links
                if path.exists():
                    return
                os.replace(made, path)
            _sync_directory(path.parent)
            return
    raise OSError(5, "another process keeps removing what is written beside it", str(path))


def replace_secret(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file: at every moment, the old content or the new is there, whole."""
    for _ in range(ATTEMPTS):
        with _aside(path, content) as made:
            try:
                os.replace(made, path)
            except FileNotFoundError:
                continue
            _sync_directory(path.parent)
            return
    raise OSError(5, "another process keeps removing what is written beside it", str(path))


def write_note(path: Path, text: str) -> None:
    """Replace a file that can be lost but not be half there. Unlike a secret it is not synced."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with create(made) as file:
        file.write(text.encode())
    os.replace(made, path)


def clear_leftovers(path: Path) -> None:
    """Remove what processes that died while they wrote the secret ``path`` left beside it."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its writer lives
                left.unlink()
            finally:
                os.close(handle)


@contextmanager
def _aside(path: Path, content: bytes) -> Iterator[Path]:
    """The content in a synced file beside ``path``, locked for as long as it has this name."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
    try:
        with suppress(OSError):  # a file system without locks keeps no leftovers apart; that costs a retry at most
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
        yield made
    finally:
        made.unlink(missing_ok=True)
        os.close(handle)


def _sync_directory(path: Path) -> None:
    with suppress(OSError):  # not every file system can
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def tighten(path: Path) -> bool:
    """Take everybody else's permissions on ``path``; false when others keep some. What is not there is tight."""
    try:
        facts = path.lstat()
        if stat.S_ISLNK(facts.st_mode) or not facts.st_mode & OTHERS:
            return True
        path.chmod(stat.S_IMODE(facts.st_mode) & ~OTHERS)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def tighten_tree(root: Path) -> None:
    """:func:`tighten` on ``root`` and all it holds; a root that others use too, such as ``/tmp``, keeps its own."""
    if not is_shared(root):
        tighten(root)
    for path in _below(root):
        tighten(path)


def open_to_others(root: Path) -> list[Path]:
    """What others have permissions on: ``root`` and everything below it."""
    wide = []
    for path in (root, *_below(root)):
        with suppress(OSError):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & OTHERS:
                wide.append(path)
    return wide


def is_shared(folder: Path) -> bool:
    """Whether a directory is plainly not Treadle's own, so that closing it would lock others out of it."""
    try:
        facts = folder.stat()
    except OSError:
        return False
    above_home = folder.resolve() in Path(os.path.expanduser("~")).resolve().parents
    return bool(facts.st_mode & stat.S_ISVTX) or facts.st_uid != os.geteuid() or above_home


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))
