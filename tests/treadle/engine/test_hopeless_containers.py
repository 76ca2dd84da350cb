"""Containers that never come to anything: a few are made, and then a person is told."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.host import hosting
from tests.treadle.engine.shop import Shop
from treadle.domain import waiting


def creates(shop: Shop) -> int:
    return len([request for request in shop.control.requests() if request["endpoint"] == "create"])


def test_containers_that_always_expire_are_not_made_without_end(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("status", {"status": 200, "body": {"status": "EXPIRED", "id": "1"}}, times=None)
    post_id = lite.post(owner, text="once")
    lite.until([post_id], lambda post: post["state"] == "blocked")
    assert lite.read(post_id)["cause"]["pattern"] == "container_expired"
    assert creates(lite) == 3
    assert lite.live(owner) == []


def test_children_that_all_expire_are_one_cause(lite: Shop, tmp_path: Path) -> None:
    owner = lite.owner()
    lite.control.fault("status", {"status": 200, "body": {"status": "EXPIRED", "id": "1"}}, times=3)
    with hosting(tmp_path / "host") as host:
        post_id = lite.post(owner, text="once", media=[{"url": f"{host.url}/{n}.jpg"} for n in (1, 2, 3)])
        lite.published([post_id])
    assert creates(lite) == 3 + 3 + 1
    assert lite.live(owner)[0]["media_type"] == "CAROUSEL_ALBUM"


def test_one_that_expired_young_is_made_again(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("status", {"status": 200, "body": {"status": "EXPIRED", "id": "1"}}, times=1)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    assert creates(lite) == 2
    assert len(lite.live(owner)) == 1


def test_containers_that_are_never_finished_are_not_polled_without_end(lite: Shop) -> None:
    owner = lite.owner()
    fault = lite.control.fault("status", {"status": 200, "body": {"status": "IN_PROGRESS", "id": "1"}}, times=None)
    with mock.patch.dict(waiting.GIVE_UP_S, TEXT=0.1):
        post_id = lite.post(owner, text="once")
        lite.until([post_id], lambda post: post["state"] == "blocked")
    assert lite.read(post_id)["cause"]["pattern"] == "media_processing"
    assert creates(lite) == 2
    lite.control.end_fault(fault)
    lite.act("retry", post_id)
    lite.published([post_id])
    assert len(lite.live(owner)) == 1


def test_what_was_met_before_a_container_was_made_does_not_count_against_it(lite: Shop) -> None:
    """Not found right after it was made is lag: the same container is tried again, however hard it was to make."""
    owner = lite.owner()
    lite.control.fault("create", FAULTS["drop"], times=5)
    lite.control.fault("publish", FAULTS["missing_24"], times=1)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    sent = [r["params"]["creation_id"] for r in lite.control.requests() if r["endpoint"] == "publish"]
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_reading_a_container_is_not_given_up_for_metas_own_fault(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("status", FAULTS["500_code_1"], times=7)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    assert len(lite.live(owner)) == 1


@pytest.mark.parametrize("body", ["<html><body><h1>403 Forbidden</h1></body></html>", "Forbidden", ""])
@pytest.mark.parametrize("endpoint", ["create", "status", "list", "read", "publish"])
def test_a_403_that_is_not_threads_own_blocks_nobody(lite: Shop, endpoint: str, body: str) -> None:
    owner = lite.owner()
    lite.control.fault(endpoint, {"status": 403, "body": body}, times=2 if endpoint == "create" else 1)
    first, second = lite.post(owner, text="first"), lite.post(owner, text="second")
    lite.published([first, second])
    assert sorted(post["text"] for post in lite.live(owner)) == ["first", "second"]
    met = {(event["diagnosis"] or {}).get("lane") for post_id in (first, second) for event in lite.timeline(post_id)}
    assert "permission_app_review" not in met


def test_ids_may_be_long(shop: Shop) -> None:
    owner, container, media = shop.owner(), "1" * 128, "2" * 128
    shop.control.fault("create", {"status": 200, "body": {"id": container}}, times=None)
    shop.control.fault("status", {"status": 200, "body": {"id": container, "status": "FINISHED"}}, times=None)
    shop.control.fault("publish", {"status": 200, "body": {"id": media}}, times=None)
    post_id = shop.post(owner, text="once")
    shop.published([post_id])
    part = shop.read(post_id)["parts"][0]
    assert (part["container_id"], part["threads_id"]) == (container, media)


def test_a_create_that_names_nothing_missing_is_put_down_to_the_account(shop: Shop, tmp_path: Path) -> None:
    """A dead token has been answered as if a post were missing: the account is asked before anything is blamed."""
    owner = shop.owner()
    shop.control.fault("create", FAULTS["missing_24"], times=None)
    shop.control.expire(owner.username)
    with hosting(tmp_path / "host") as host:
        one = shop.post(owner, text="plain")
        shop.until([one], lambda post: post["state"] == "blocked")
        several = shop.post(owner, text="", media=[{"url": f"{host.url}/{n}.jpg"} for n in (1, 2)])
        shop.until([several], lambda post: post["state"] == "blocked")
    cause = shop.read(one)["cause"]
    assert (cause["pattern"], cause["action"]) == ("token_expired", "reconnect")
    assert {blocker["scope"] for blocker in shop.blockers(shop.read(one))} == {"account"}
    assert shop.read(several)["blocker_ids"] == shop.read(one)["blocker_ids"]
    assert shop.live(owner) == []


@pytest.mark.parametrize("where", ["create", "*"])
def test_an_account_that_is_not_found_itself_has_to_be_connected_again(lite: Shop, where: str) -> None:
    owner = lite.owner()
    lite.control.fault(where, FAULTS["missing_24"], times=None)
    if where == "create":
        lite.control.fault("read", FAULTS["missing_24"], times=None)
    post_id = lite.post(owner, text="plain")
    lite.until([post_id], lambda post: post["state"] == "blocked")
    cause = lite.read(post_id)["cause"]
    assert (cause["pattern"], cause["action"]) == ("token_dead_code_100", "reconnect")


def test_a_post_that_replies_to_nothing_is_never_told_of_a_reply(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("create", FAULTS["missing_24"], times=6)
    post_id = lite.post(owner, text="plain")
    lite.published([post_id])
    met = {(event["diagnosis"] or {}).get("pattern") for event in lite.timeline(post_id)}
    assert met == {None, "container_not_found"}
    assert len(lite.live(owner)) == 1
