"""Some of the fault matrix on every run; the whole of it is in ``test_faults_on_sqlite.py`` and its sister."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

from tests.support.proof import Tally
from tests.treadle.engine.faults import Heard, in_vain
from tests.treadle.engine.matrix import ALONE, LIMIT, PAIRS, covering, run, sample
from tests.treadle.engine.shop import SETTLE_S, Shop

TEXTS, CHAINS = ([case for case in ALONE if case.kind == kind] for kind in ("text", "chain"))
FEW = 12


def test_some_faults_alone(shop: Shop, tally: Tally) -> None:
    run(shop, [*sample(TEXTS, FEW, tally), *sample(CHAINS, FEW, tally), *sample(LIMIT, 2, tally)], tally)


def test_some_publish_faults_with_a_fault_of_a_following_read(lite: Shop, tally: Tally) -> None:
    run(lite, sample(PAIRS, 2 * FEW, tally), tally)


def test_some_faults_at_several_endpoints_together(lite: Shop, tally: Tally) -> None:
    run(lite, sample(covering(), 2 * FEW, tally), tally)


def test_a_publish_that_works_later_than_the_settle_time_is_out_once(shop: Shop) -> None:
    """The settle time is a promise about Threads; where it is broken, a container can still be published only once."""
    owners = [shop.owner() for _ in range(5)]
    for place, owner in enumerate(owners):
        shop.control.fault("publish", {"delay_s": SETTLE_S * (0.9 + 0.2 * place)}, account=owner.username)
    ids = [shop.post(owner, text="late") for owner in owners]
    shop.published(ids)
    for post_id, owner in zip(ids, owners, strict=True):
        assert [post["text"] for post in shop.live(owner)] == ["late"], shop.story(post_id)
        assert shop.read(post_id)["parts"][0]["threads_id"] == shop.live(owner)[0]["id"]


def test_two_equal_posts_on_purpose_are_two_posts(shop: Shop) -> None:
    """Both lose their answers, and the lists lag behind: each must find its own."""
    for when, lag in product(("before", "after"), (0.0, 1.5)):
        owner = shop.owner(list_lag_s=lag)
        shop.control.fault("publish", {"drop": True}, account=owner.username, times=2, when=when)
        ids = [shop.post(owner, text="Again!", replies=[{"text": "And again!"}]) for _ in range(2)]
        shop.published(ids)
        live = shop.live(owner)
        assert sorted(post["text"] for post in live) == ["Again!", "Again!", "And again!", "And again!"]
        named = [part["threads_id"] for post_id in ids for part in shop.read(post_id)["parts"]]
        assert sorted(named) == sorted(post["id"] for post in live), "\n".join(map(shop.story, ids))
        by_id = {post["id"]: post for post in live}
        for post_id in ids:
            first, second = shop.read(post_id)["parts"]
            assert by_id[second["threads_id"]]["reply_to"] == first["threads_id"]


def test_what_a_worker_could_not_write_down_is_not_held_against_the_next() -> None:
    """A lease ran out while Threads refused the token: whoever takes over has not heard of it."""

    def request(at: float, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        whole = {"dropped": False, "truncated": False, "elapsed_ms": 1.0, "status": 400 if "error" in body else 200}
        endpoint = {"threads": "create", "threads_publish": "publish"}.get(path.rsplit("/", 1)[-1], "status")
        asked = {"at": at, "endpoint": endpoint, "method": method, "path": path, "params": {"creation_id": "17"}}
        return {**whole, **asked, "answer": json.dumps(body)}

    def event(stage: str, path: str, body: dict[str, Any] | None, method: str = "GET") -> dict[str, Any]:
        told = {"request": {"method": method, "path": path}, "answer": {"body": body}} if body is not None else {}
        return {"stage": stage, "outcome": "ok", "request": None, "answer": None, **told}

    dead = {"error": {"code": 190}}
    log = [
        request(1.0, "POST", "/v1.0/me/threads", {"id": "17"}),
        request(2.0, "GET", "/v1.0/17", {"status": "FINISHED"}),
        request(3.0, "POST", "/v1.0/me/threads_publish", dead),
        request(4.0, "GET", "/v1.0/17", {"status": "FINISHED"}),
    ]
    made = event("create_container", "/me/threads", {"id": "17"}, "POST")
    interrupted, written = event("publish", "", None), event("publish", "/me/threads_publish", dead, "POST")
    assert in_vain(log, Heard.of([made, interrupted])) == []
    assert in_vain(log, Heard.of([made, written])) == ["status was asked after the token was refused"]
    assert in_vain(log) == ["status was asked after the token was refused"]
    again = [*log[:2], request(3.0, "POST", "/v1.0/me/threads", {"id": "18"})]
    assert in_vain(again, Heard.of([interrupted])) == []
    assert in_vain(again, Heard.of([made])) == ["{'id': '18'} was made although 17 was there"]
