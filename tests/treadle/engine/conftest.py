"""Fixtures of the durable run's tests: a sandbox, and an installation with a worker on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.simulated import Simulation, simulated
from tests.treadle.engine.shop import Shop, open_shop, shop_settings
from treadle_sandbox.server import Sandbox
from treadle_sandbox.threaded import running


def matrix_size(normal: int, long: int) -> int:
    """How many cases of a matrix to run: ``TREADLE_MATRIX`` says how many, ``long`` the full size."""
    asked = os.environ.get("TREADLE_MATRIX", "")
    if asked == "long":
        return long
    return int(asked) if asked.isdigit() else normal


@pytest.fixture
def sim(tmp_path: Path, migrated_url: str) -> Iterator[Simulation]:
    """The real engine on a clock that is moved, on each database."""
    with simulated(tmp_path / "data", migrated_url) as made:
        yield made


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(seed=1, record=100_000) as server:
        yield server


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, migrated_url: str) -> Iterator[Shop]:
    """An installation with a running worker, once on SQLite and once on PostgreSQL."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path, migrated_url)) as opened:
        yield opened


@pytest.fixture
def lite(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    """An installation with a running worker on SQLite."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path)) as opened:
        yield opened


@pytest.fixture
def workerless(sandbox: Sandbox, tmp_path: Path, migrated_url: str) -> Iterator[Shop]:
    """An installation without a worker: posts are accepted and read here, workers are other processes."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path, migrated_url), worker=False) as opened:
        yield opened
