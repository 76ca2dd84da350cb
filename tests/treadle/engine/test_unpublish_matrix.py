"""Every failure of a deletion, before and after its effect: what is said to be off is off, and asking again ends it."""

from __future__ import annotations

import asyncio
from itertools import product

from tests.support.proof import Tally
from tests.treadle.engine.faults import FAULTS, UNCLEAR, Fault
from tests.treadle.engine.shop import Shop
from treadle.app import DEFAULT_WORKSPACE
from treadle.services.unpublishing import Unpublished, unpublish

CASES = [Fault("delete", name, when) for name, when in product(FAULTS, ("before", "after"))]


def test_every_failure_of_a_deletion(shop: Shop, tally: Tally) -> None:
    owners = [shop.owner() for _ in CASES]
    ids = [shop.post(owner, text="one", replies=[{"text": "two"}]) for owner in owners]
    shop.published(ids)
    for fault, owner, post_id in zip(CASES, owners, ids, strict=True):
        fault.arm(shop.control, owner.username)
        first = take_off(shop, post_id)
        story = f"{fault.id}\n{shop.story(post_id)}"
        [rule] = [rule for rule in shop.control.faults() if rule["account"] == owner.threads_id]
        assert rule["fired"] == 1, story
        tally.add("faults")
        live = {post["id"] for post in shop.live(owner)}
        assert not live & set(first.deleted), f"said to be off, and is not: {story}"
        assert first.cause is not None or not live, story
        said = [event["decision"] for event in shop.timeline(post_id) if event["what"].startswith("Delete part")]
        if first.cause is not None and fault.name in UNCLEAR:
            assert said[-1].startswith("We don't know yet whether it was deleted"), story
        if first.cause is not None:
            assert shop.read(post_id)["state"] == "published", story
            again = take_off(shop, post_id)
            assert again.cause is None, story
        assert shop.live(owner) == [], story
        assert shop.read(post_id)["state"] == "canceled", story
        tally.add("posts")
    tally.expect(faults=len(CASES), posts=len(CASES))


def take_off(shop: Shop, post_id: str) -> Unpublished:
    done = asyncio.run(unpublish(shop.app, DEFAULT_WORKSPACE, post_id, actor="test"))
    assert isinstance(done, Unpublished), done
    return done


def test_without_the_permission_to_delete_the_address_is_named(lite: Shop) -> None:
    owner = lite.owner()
    post_id = lite.post(owner, text="one")
    lite.published([post_id])
    message = "Application does not have permission for this action"
    error = {"message": message, "type": "THApiException", "code": 10, "is_transient": False}
    lite.control.fault("delete", {"status": 500, "body": {"error": error}}, times=1)
    cause = take_off(lite, post_id).cause
    assert cause is not None
    assert lite.read(post_id)["parts"][0]["permalink"] in cause.next_step
    assert "threads_delete" in cause.next_step
    assert lite.read(post_id)["state"] == "published"
