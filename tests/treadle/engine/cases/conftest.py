"""A simulation on SQLite: these stories do not depend on the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.simulated import Simulation, simulated


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulation]:
    with simulated(tmp_path / "data", f"sqlite:///{tmp_path / 'treadle.sqlite'}") as made:
        yield made
