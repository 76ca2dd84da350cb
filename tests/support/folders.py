"""Default settings in a fresh folder, as a person has them who set nothing: everything lies in ``treadle-data``."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from typing import Any

from treadle.settings import Settings

DATA = "treadle-data"


def settings_in(folder: Path, **given: Any) -> Settings:
    """The settings of a process whose working directory is ``folder``, which is made if it is missing.

    Paths become absolute where they are read, so the working directory is left again at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with chdir(folder):
        return Settings(**given)
