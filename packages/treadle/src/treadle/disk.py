"""Whether a failure means that a disk is full, and how to say so."""

from __future__ import annotations

import errno
from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: BaseException) -> bool:
    """Whether the system refused to write for want of room; a user's quota counts as the disk."""
    return isinstance(error, OSError) and error.errno in FULL


def disk_of(path: Path) -> str:
    """How a person finds the disk that ``path`` is on: the nearest folder that exists, and where it is mounted."""
    while not path.exists() and path != path.parent:
        path = path.parent
    folder = path if path.is_dir() else path.parent
    mount = folder
    while not mount.is_mount() and mount != mount.parent:
        mount = mount.parent
    return f"{folder} (mounted at {mount})"
