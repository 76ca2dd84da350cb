"""Paths as people write them, made absolute where they are read: another process may have another working directory."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(given: str | Path) -> Path:
    """``given`` from the root, with ``~`` for the home directory; links are kept as they are."""
    return Path(os.path.expanduser(given)).absolute()
