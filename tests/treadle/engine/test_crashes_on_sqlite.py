"""The crash matrix on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.proof import Tally
from tests.treadle.engine.crashes import GROUPS, Crashes, gallery, host
from tests.treadle.engine.killing import kill_in_traps, write
from tests.treadle.engine.shop import Shop

__all__ = ["gallery", "host"]


@pytest.fixture
def migrated_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'treadle.sqlite'}"


class TestCrashesOnSqlite(Crashes):
    def test_killed_during_a_commit_that_joins_several_posts(self, workerless: Shop, tally: Tally) -> None:
        """Before it, between its pieces, after it and before anybody is told."""
        kill_in_traps(workerless, GROUPS, tally, lambda: [write(workerless) for _ in range(10)])
