"""What follows once it is proven that an unclear publish never went out."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.interrupter import Interrupter
from tests.treadle.engine.shop import PATIENCE_S, Owner, Shop
from tests.treadle.engine.worker import Worker, kill_first, workers
from treadle.engine.checking import SENDS
from treadle.store.tables import accounts, parts

EXPIRED = {"status": 200, "body": {"status": "EXPIRED", "id": "17900000000000001"}}
LIMITED = {"status": 429, "headers": {"Retry-After": "1"}, "body": "Too many requests"}


def publishes(shop: Shop, owner: Owner) -> list[dict[str, Any]]:
    return [request for request in shop.requests(owner) if request["endpoint"] == "publish"]


def test_an_expired_container_is_made_anew(shop: Shop) -> None:
    owner = shop.owner()
    shop.control.fault("publish", FAULTS["500_code_2"], times=1)
    post_id = shop.post(owner, text="once")
    shop.until([post_id], lambda post: post["state"] == "checking")
    shop.control.fault("status", EXPIRED, times=1)
    shop.published([post_id])
    assert [post["text"] for post in shop.live(owner)] == ["once"]
    sent = publishes(shop, owner)
    assert len({request["params"]["creation_id"] for request in sent}) == 2, "a second container was published"


def test_a_limit_met_long_ago_holds_nobody_up(shop: Shop) -> None:
    """The answer to the second send is a limit, and after an unclear send nothing is clear: it is looked up. Meanwhile
    the account waits as long as the answer asked for, and no longer."""
    owner = shop.owner()
    shop.control.fault("publish", FAULTS["500_code_2"], times=1)
    shop.control.fault("publish", LIMITED, times=1)
    post_id = shop.post(owner, text="once")
    shop.until([post_id], lambda post: len(publishes(shop, owner)) == 2 and post["state"] == "checking")
    with shop.app.db.read() as conn:
        until = conn.execute(sa.select(accounts.c.quota_until).where(accounts.c.id == owner.id)).scalar()
    assert until is not None, "the others of the account heed the limit"
    assert until < time.time() + 5
    next_id = shop.post(owner, text="next")
    shop.published([post_id, next_id])
    assert sorted(post["text"] for post in shop.live(owner)) == ["next", "once"]
    assert len(publishes(shop, owner)) == 4


def test_a_send_cut_off_by_a_crash_costs_nothing_of_the_budget(workerless: Shop) -> None:
    interrupter, owner = Interrupter(workerless.sandbox), workerless.owner()
    post_id = workerless.post(owner, text="once")
    with workerless.app.db.begin() as conn:
        # So many sends are spent already that one more that counts, and one that fails, would be the end.
        conn.execute(sa.update(parts).where(parts.c.post_id == post_id).values(sends=SENDS - 2))
    workerless.control.fault("publish", FAULTS["500_code_2"], times=1)
    with workers() as started:
        interrupter.plan(1, "before", kill_first(started), token=owner.token, edge="threads_publish")
        started.append(Worker(workerless.app.settings))
        assert interrupter.done.wait(PATIENCE_S), workerless.story(post_id)
        started[0].kill()
        started.append(Worker(workerless.app.settings))
        workerless.published([post_id])
    assert workerless.read(post_id)["parts"][0]["sends"] == SENDS
    assert [post["text"] for post in workerless.live(owner)] == ["once"]
