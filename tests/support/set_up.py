"""uv as the project's set-up finds it, for tests that make environments of their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def uv_and_environment() -> tuple[Path, dict[str, str]]:
    """uv's path (on PATH, or a copy under .tools), and the environment with the same index and certificates."""
    spec = importlib.util.spec_from_file_location("treadle_bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    return bootstrap.provide_uv(), bootstrap.environment()
