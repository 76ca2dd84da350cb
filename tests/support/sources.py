"""Where the product's source is: four packages of one workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ROOT / "packages"
# Distribution -> the folder of its import package.
SOURCES: Final = {path.name: path / "src" / path.name.replace("-", "_") for path in sorted(PACKAGES.iterdir())}


def modules(folder: Path | None = None) -> list[Path]:
    """Every Python file of the product, or of one folder of it."""
    folders = SOURCES.values() if folder is None else [folder]
    return sorted(path for root in folders for path in root.rglob("*.py") if "__pycache__" not in path.parts)


def place_of(path: Path) -> str:
    """``treadle/engine/run.py`` for the file of that module."""
    source = next(root.parent for root in SOURCES.values() if path.is_relative_to(root))
    return path.relative_to(source).as_posix()


def name_of(path: Path) -> str:
    """``treadle.engine.run`` for the file of that module."""
    parts = Path(place_of(path)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
