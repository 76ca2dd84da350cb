"""One database of each kind for all of these tests; each works in a transaction that is undone at its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postgres import Cluster
from treadle.store import Connection, Database, migrate


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        yield from _opened(f"sqlite:///{tmp_path_factory.mktemp('store') / 'treadle.sqlite'}")
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.database() as url:
        yield from _opened(url)


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        migrate.upgrade(database)
        yield database
    finally:
        database.close()


@pytest.fixture
def conn(migrated: Database) -> Iterator[Connection]:
    with migrated.engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()
