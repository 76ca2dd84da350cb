"""The crash matrix on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.migrated import postgres_template
from tests.support.postgres import Cluster
from tests.support.proof import Tally
from tests.treadle.engine.crashes import SHARED, Crashes, gallery, host
from tests.treadle.engine.killing import kill_in_traps, write
from tests.treadle.engine.shop import Shop

__all__ = ["gallery", "host"]


@pytest.fixture
def migrated_url(postgres_cluster: Cluster) -> Iterator[str]:
    with postgres_cluster.database(postgres_template(postgres_cluster)) as url:
        yield url


@pytest.mark.postgres
class TestCrashesOnPostgres(Crashes):
    def test_killed_around_a_commit_that_joins_several_posts(self, workerless: Shop, tally: Tally) -> None:
        """Before it, and after it but before anybody is told."""
        kill_in_traps(workerless, SHARED, tally, lambda: [write(workerless) for _ in range(10)])
