"""The crash matrix on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.migrated import postgres_template
from tests.support.postgres import Cluster
from tests.treadle.engine.crashes import Crashes, gallery, host

__all__ = ["gallery", "host"]


@pytest.fixture
def migrated_url(postgres_cluster: Cluster) -> Iterator[str]:
    with postgres_cluster.database(postgres_template(postgres_cluster)) as url:
        yield url


@pytest.mark.postgres
class TestCrashesOnPostgres(Crashes):
    pass
