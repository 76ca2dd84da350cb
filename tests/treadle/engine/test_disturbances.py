"""What happens to machines: a database that is away, a full disk, a clock that jumps, a backup that is put back."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.proof import Tally
from tests.treadle.engine.faults import in_vain
from tests.treadle.engine.shop import PATIENCE_S, SETTLE_S, Owner, Shop, open_shop, shop_settings
from treadle.engine import restoring
from treadle.store import Database
from treadle_sandbox.server import Sandbox


def once(shop: Shop, posted: dict[str, Owner], text: str = "once") -> None:
    for post_id, owner in posted.items():
        assert [post["text"] for post in shop.live(owner)] == [text], shop.story(post_id)
        assert in_vain(shop.requests(owner)) == [], shop.story(post_id)


def flow(shop: Shop, count: int) -> dict[str, Owner]:
    owners = [shop.owner() for _ in range(count)]
    return {shop.post(owner, text="once"): owner for owner in owners}


class Outage:
    """Makes every statement of a database fail while it is on: ours, and those of the engine below."""

    def __init__(self, db: Database, error: Callable[[], Exception]) -> None:
        self.on = False
        self.hits = dict.fromkeys((db.engine, db.runs_engine), 0)
        for engine in self.hits:

            @sa.event.listens_for(engine, "before_cursor_execute")
            def fail(*args: Any, engine: sa.Engine = engine) -> None:
                if self.on:
                    self.hits[engine] += 1
                    raise error()


def lost() -> Exception:
    return sa.exc.OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))


def full() -> Exception:
    return sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))


@pytest.mark.parametrize("error", [lost, full], ids=["database lost", "disk full"])
def test_while_the_database_is_away_nothing_is_lost_and_nothing_doubled(shop: Shop, error: Any, tally: Tally) -> None:
    """It goes away at different places of a run and comes back; all calls of the time between are unrecorded."""
    outage = Outage(shop.app.db, error)
    posted: dict[str, Owner] = {}
    for pause in (0.02, 0.06, 0.15, 0.3):
        posted |= flow(shop, 4)
        time.sleep(pause)
        outage.on = True
        time.sleep(0.8)
        outage.on = False
    assert all(outage.hits.values()), "nobody asked the database while it was away"
    tally.add("statements_refused", sum(outage.hits.values()))
    tally.add("posts", len(posted))
    shop.published(list(posted))
    once(shop, posted)


@pytest.fixture
def dated(sandbox: Sandbox, tmp_path: Path) -> Iterator[tuple[Shop, list[float]]]:
    """An installation whose clock can be moved: the second value holds by how many seconds it is off."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path), worker=False) as shop:
        off = [0.0]
        shop.app.now = lambda: time.time() + off[0]
        shop.app.start_worker()
        yield shop, off


@pytest.mark.parametrize("jump", [-7200.0, 7200.0], ids=["back", "ahead"])
def test_a_clock_that_jumps_neither_doubles_nor_holds_for_ever(dated: tuple[Shop, list[float]], jump: float) -> None:
    shop, off = dated
    owners = [shop.owner() for _ in range(6)]
    for owner in owners[:3]:
        shop.control.fault("publish", {"drop": True}, account=owner.username, when="after")
    posted = {shop.post(owner, text="once"): owner for owner in owners}
    time.sleep(0.3)
    off[0] = jump
    posted |= flow(shop, 3)
    shop.published(list(posted))
    for post_id, owner in posted.items():
        assert [post["text"] for post in shop.live(owner)] == ["once"], shop.story(post_id)


def test_after_a_restore_from_backup_nothing_is_sent_on_trust(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup was made while posts waited and while one was checked; all of them went out since."""
    monkeypatch.setattr(restoring, "SLACK_S", 0.5)
    settings = shop_settings(sandbox, tmp_path)
    database, kept = settings.data_dir / "treadle.sqlite", tmp_path / "backup.sqlite"
    with open_shop(sandbox, settings, worker=False) as shop:
        posted = flow(shop, 4)
        pair = shop.owner()
        chain = shop.post(pair, text="one", replies=[{"text": "two"}])
    with open_shop(sandbox, settings) as shop:
        time.sleep(0.25)  # somewhere on the way
        with sqlite3.connect(database) as source, sqlite3.connect(kept) as copy:
            source.backup(copy)
        made = time.time()
        shop.published([*posted, chain])
        note, until = settings.data_dir / restoring.STAMP, time.monotonic() + PATIENCE_S
        # The worker writes it every few seconds.
        while not note.exists() or float(note.read_text()) < made + 2 * restoring.SLACK_S:
            assert time.monotonic() < until
            time.sleep(0.05)
    for name in ("treadle.sqlite", "treadle.sqlite-wal", "treadle.sqlite-shm"):
        (settings.data_dir / name).unlink(missing_ok=True)
    shutil.copy(kept, database)
    with open_shop(sandbox, settings) as shop:
        shop.published([*posted, chain])
        time.sleep(SETTLE_S)
        for post_id, owner in posted.items():
            assert [post["text"] for post in shop.live(owner)] == ["once"], shop.story(post_id)
        assert [post["text"] for post in shop.live(pair)] == ["one", "two"], shop.story(chain)
