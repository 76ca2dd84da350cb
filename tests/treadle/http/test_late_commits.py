"""What is committed after something with a larger id reaches every stream, once, and at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from tests.support.postgres import Cluster
from tests.treadle.http.conftest import Site, add_samples
from tests.treadle.http.test_api_resources import events_of
from treadle.app import open_app
from treadle.http.stream import lines
from treadle.services import events
from treadle.services.events import Hub, Right
from treadle.settings import Settings
from treadle.store import Connection, feed

pytestmark = pytest.mark.postgres
MANY = 300
WITHIN_S = 120.0  # far more than a look takes, on a slow machine


@pytest.fixture
def site(make_settings: Callable[..., Settings], postgres_cluster: Cluster) -> Iterator[Site]:
    with postgres_cluster.database() as url:
        app = open_app(make_settings(database_url=url))
        yield add_samples(app)
        app.close()


def happen(conn: Connection, site: Site, *subjects: str) -> None:
    for subject in subjects:
        feed.announce(conn, site.workspace, "post.failed", subject, {}, now=site.app.now())


def right(site: Site) -> Right:
    return Right("key_test", site.workspace, lambda conn: True)


async def take(stream: AsyncGenerator[str, None], count: int) -> tuple[list[str], int]:
    """The subjects of so many events, and the id after which a client would begin again."""
    subjects: list[str] = []
    mark = 0
    async with asyncio.timeout(WITHIN_S):
        while len(subjects) < count:
            block = await anext(stream)
            if "data: " in block:
                subjects.append(json.loads(block.split("data: ")[1])["subject"])
                mark = int(block.split("id: ")[1].split("\n")[0])
    return subjects, mark


async def test_a_stream_sends_a_long_transaction_that_commits_last(site: Site) -> None:
    db = site.app.db
    hub = Hub(site.app)
    start = await db.query(feed.newest)
    stream = lines(events.changes(site.app, hub, right(site), start))
    slow = db.engine.connect()
    begun = slow.begin()
    slow.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        happen(slow, site, *(f"slow {n}" for n in range(MANY)))
        await db.run(happen, site, *(f"quick {n}" for n in range(MANY)))
        sent, mark = await take(stream, MANY)
        assert sent == [f"quick {n}" for n in range(MANY)]
        assert mark == start
        begun.commit()
        # Nothing has a larger id than what is known already: it is the late ones that wake the stream.
        sent, _ = await take(stream, MANY)
        assert sent == [f"slow {n}" for n in range(MANY)]
        await db.run(happen, site, "last")
        sent, last = await take(stream, 1)
        assert (sent, last) == (["last"], await db.query(feed.newest))
    finally:
        slow.close()
        await hub.close()
        await stream.aclose()
    # One that was cut off begins at its mark: all it had not seen comes, and some of what it had.
    again = lines(events.changes(site.app, hub := Hub(site.app), right(site), mark, follow=False))
    both = {f"{kind} {n}" for kind in ("quick", "slow") for n in range(MANY)} | {"last"}
    assert {data["subject"] for _, _, data in events_of("".join([block async for block in again]))} == both
    assert hub.listeners == 0
