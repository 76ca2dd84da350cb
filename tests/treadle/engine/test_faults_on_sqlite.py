"""The fault matrix on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.treadle.engine.matrix import FaultMatrix


@pytest.fixture
def migrated_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'treadle.sqlite'}"


class TestFaultsOnSqlite(FaultMatrix):
    pass
