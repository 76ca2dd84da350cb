"""A post that is out is published, whatever happens afterwards to its account, its id or its address."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.host import hosting
from tests.treadle.engine.shop import Owner, Shop
from treadle.engine import addresses, quota, rechecking
from treadle.engine.calling import understood
from treadle.store.tables import accounts, blockers
from treadle_threads.results import Answer, Call, Lost, Refused

DEAD = {
    "status": 401,
    "body": {
        "error": {
            "message": "Error validating access token: The session has been invalidated because the user changed their"
            " password",
            "type": "OAuthException",
            "code": 190,
            "error_subcode": 460,
        }
    },
}


def read_addresses(shop: Shop) -> None:
    engine = shop.app.engine
    assert engine is not None
    asyncio.run_coroutine_threadsafe(addresses.read_missing(engine.context), engine.loop).result(timeout=120)


def reads(shop: Shop, owner: Owner) -> list[dict[str, Any]]:
    return [r for r in shop.requests(owner) if r["endpoint"] == "read"]


def test_a_token_that_dies_before_the_address_is_read_leaves_a_published_post(lite: Shop) -> None:
    owner = lite.owner()
    fault = lite.control.fault("read", DEAD, times=None)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    post = lite.read(post_id)
    assert [part["state"] for part in post["parts"]] == ["published"]
    assert all(part["permalink"] is None for part in post["parts"])
    assert post["cause"] is None
    assert len(reads(lite, owner)) == 1, "what is shown of it is not asked with a refused token"
    next_id = lite.post(owner, text="next")
    lite.until([next_id], lambda found: found["state"] == "blocked")
    assert lite.read(next_id)["cause"]["pattern"] == "password_changed"
    assert [live["text"] for live in lite.live(owner)] == ["once"]
    before = len(lite.requests(owner))
    read_addresses(lite)
    assert len(lite.requests(owner)) == before, "nothing is read while the token is known to be dead"
    lite.control.end_fault(fault)
    with lite.app.db.begin() as conn:
        lite.app.releaser.repaired_for_account(conn, owner.id, by="reconnect", now=time.time())
    lite.published([next_id])
    read_addresses(lite)
    assert all(part["permalink"] for part in lite.read(post_id)["parts"]), lite.story(post_id)


def test_an_address_that_stays_away_is_not_asked_for_without_end(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("read", FAULTS["500_code_2"], times=None)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    for _ in range(3):
        read_addresses(lite)
    first = len(reads(lite, owner))
    read_addresses(lite)
    assert len(reads(lite, owner)) <= first + 1
    assert lite.read(post_id)["state"] == "published"


def test_what_a_read_for_an_address_says_of_the_app_holds_the_app(lite: Shop) -> None:
    gone = {"message": "Error validating application. Application has been deleted.", "type": "OAuthException"}
    owner = lite.owner(app_id="app_1")
    lite.control.fault("read", FAULTS["500_code_2"], times=4)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    assert lite.read(post_id)["parts"][0]["permalink"] is None
    lite.control.fault("*", {"status": 400, "body": {"error": {**gone, "code": 190}}}, account=owner.username)
    read_addresses(lite)
    with lite.app.db.read() as conn:
        opened = conn.execute(sa.select(blockers.c.scope, blockers.c.key, blockers.c.pattern)).all()
    assert [tuple(row) for row in opened] == [("app", "app_1", "app_deactivated")], lite.story(post_id)
    assert lite.read(post_id)["state"] == "published"


def test_a_dead_token_is_not_looked_at_again_by_itself(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.fault("*", DEAD, times=None)
    post_id = lite.post(owner, text="once")
    lite.until([post_id], lambda post: post["state"] == "blocked")
    before = len(lite.control.requests())
    engine = lite.app.engine
    assert engine is not None
    blocker = lite.read(post_id)["blocker_ids"][0]
    work = rechecking.recheck(engine.context, engine.releaser, blocker, asked=False)
    found = asyncio.run_coroutine_threadsafe(work, engine.loop).result(timeout=120)
    assert found.verdict == "still"
    assert len(lite.control.requests()) == before
    lite.recheck(blocker)
    assert len(lite.control.requests()) == before + 1, "a person who asks is believed"


def test_an_empty_or_cut_off_answer_is_no_refusal(lite: Shop) -> None:
    owner = lite.owner()
    for endpoint, body in (("create", ""), ("status", '{"id": "178'), ("list", ""), ("create", {}), ("read", {})):
        lite.control.fault(endpoint, {"status": 200, "body": body}, times=1)
    post_id = lite.post(owner, text="once")
    lite.published([post_id])
    assert [post["text"] for post in lite.live(owner)] == ["once"]


def test_what_an_answer_of_200_means() -> None:
    call = Call("GET", "/1")

    def kind(body: Any, status: int = 200) -> type:
        return type(understood(Refused(Answer(status, {}, body), call)))

    assert kind(None) is kind({}) is kind({"id": None}) is kind('{"id"') is kind([1]) is Lost
    assert kind({"error": {"code": 1}}) is kind({"status": "ERROR"}) is kind("<html>") is kind(None, 404) is Refused


def test_headers_that_say_the_limit_is_reached_stop_the_next_call(lite: Shop) -> None:
    owner, other = lite.owner(app_id="shared"), lite.owner(app_id="shared")
    elsewhere = lite.owner()
    limit = {"X-App-Usage": '{"call_count":100,"total_time":5,"total_cputime":5}'}
    lite.control.fault("create", {"status": 200, "headers": limit, "body": {"id": "17900000000000001"}}, times=1)
    first = lite.post(owner, text="first")
    lite.until([first], lambda post: post["state"] == "waiting")
    post = lite.read(first)
    assert post["next"]["at"] is not None
    second, third = lite.post(other, text="second"), lite.post(elsewhere, text="third")
    lite.until([second], lambda post: post["state"] == "waiting")
    lite.published([third])
    assert lite.requests(other) == []
    with lite.app.db.read() as conn:
        until = conn.execute(sa.select(accounts.c.quota_until).where(accounts.c.id == other.id)).scalar()
    assert until is not None
    assert until > time.time() + 3000


def test_a_raised_limit_is_noticed_before_the_next_slot(lite: Shop) -> None:
    lite.control.options(quota_posts=2)
    owner = lite.owner()
    ids = [lite.post(owner, text=f"{n}") for n in range(4)]
    lite.until(ids, lambda post: post["state"] in ("published", "waiting"))
    waiting = next(post for post in map(lite.read, ids) if post["state"] == "waiting")
    assert waiting["cause"]["lane"] == "rate_limit"
    assert waiting["parts"][0]["state"] != "publishing"
    lite.control.options(quota_posts=250)
    lite.published(ids)
    assert len(lite.live(owner)) == 4


def test_a_limit_higher_than_the_usual_one_is_read_before_a_post_with_media_waits_for_it(
    lite: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first step is done by another queue than the one that sends: the reading must not wait for that."""
    monkeypatch.setattr(quota, "TOTALS", {"posts": 1, "replies": 1000})
    owner = lite.owner()
    lite.published([lite.post(owner, text="the first")])
    with hosting(tmp_path) as host:
        ids = [lite.post(owner, text=f"{n}", media=[{"url": f"{host.url}/1.jpg"}]) for n in range(2)]
        lite.published(ids)
    limits = [call for call in lite.requests(owner) if "threads_publishing_limit" in call["path"]]
    assert len(limits) == 1
