"""One call discovers a cause, the others do not ask; a repair lets them go by themselves, oldest first."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.shop import Owner, Shop, open_shop, shop_settings
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Done
from treadle.store.tables import accounts, blockers, post_blockers, posts, workspaces
from treadle_sandbox.server import Sandbox

COUNT = 12


def blocked(post: dict[str, Any]) -> bool:
    return post["state"] == "blocked" and bool(post["blocker_ids"])


def calls(shop: Shop, owner: Owner) -> list[dict[str, Any]]:
    """What was asked for this account, without the one read by which a recheck looks."""
    return [request for request in shop.requests(owner) if not request["path"].rstrip("/").endswith("/me")]


def test_a_revoked_token_costs_one_call_and_a_reconnect_sends_all_in_order(shop: Shop) -> None:
    owner = shop.owner()
    shop.control.revoke(owner.username)
    ids = [shop.post(owner, text=f"{n:02}") for n in range(COUNT)]
    with shop.app.db.begin() as conn:
        # Oldest first is by the second in which a post was due.
        for n, post_id in enumerate(ids):
            conn.execute(sa.update(posts).where(posts.c.id == post_id).values(due_at=time.time() - COUNT + n))
    shop.until(ids, blocked)
    refused = [r for r in shop.control.requests() if str(r["params"].get("text", ""))[:2].isdigit()]
    assert len(refused) == 1, "one post asked, the others heeded its answer"
    assert {tuple(shop.read(post_id)["blocker_ids"]) for post_id in ids} == {tuple(shop.read(ids[0])["blocker_ids"])}
    assert shop.read(ids[0])["cause"]["action"] == "reconnect"
    token = shop.control.token(owner.username)["access_token"]
    with shop.app.db.begin() as conn:
        conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=shop.app.vault.seal(token)))
        shop.app.releaser.repaired_for_account(conn, owner.id, by="reconnect", now=time.time())
    shop.published(ids)
    assert [post["text"] for post in shop.live(owner)] == [f"{n:02}" for n in range(COUNT)]


def test_a_post_parked_behind_a_cause_in_the_moment_of_its_repair_goes(shop: Shop) -> None:
    """Another worker closed the blocker and did not see the post that this one was just putting behind it."""
    owner = shop.owner()
    shop.control.revoke(owner.username)
    post_id = shop.post(owner, text="once")
    shop.until([post_id], blocked)
    token = shop.control.token(owner.username)["access_token"]
    with shop.app.db.begin() as conn:
        conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=shop.app.vault.seal(token)))
        gone = {"repaired_at": time.time(), "repaired_by": "reconnect", "open_key": None, "next_check_at": None}
        conn.execute(sa.update(blockers).where(blockers.c.key == owner.id).values(**gone))
    shop.published([post_id])
    assert [post["text"] for post in shop.live(owner)] == ["once"]


def _few_at_once(shop: Shop, most: int) -> None:
    """Let go so many in one transaction; the distance is long compared to how often due posts are looked for."""
    assert shop.app.engine is not None
    for releaser in (shop.app.releaser, shop.app.engine.releaser):
        object.__setattr__(releaser, "at_once", most)
        object.__setattr__(releaser, "spacing_s", 0.2)


@pytest.mark.parametrize("repair", ["reconnect", "recheck", "resume"])
def test_more_posts_than_are_let_go_at_once_all_go_in_order(shop: Shop, repair: str) -> None:
    owner = shop.owner()
    _few_at_once(shop, 3)
    if repair == "resume":
        with shop.app.db.begin() as conn:
            shop.app.posts.pause(conn, DEFAULT_WORKSPACE, account_id=owner.id, paused=True, now=time.time())
    else:
        shop.control.revoke(owner.username)
    ids = [shop.post(owner, text=f"{n:02}") for n in range(COUNT)]
    with shop.app.db.begin() as conn:
        for n, post_id in enumerate(ids):
            conn.execute(sa.update(posts).where(posts.c.id == post_id).values(due_at=time.time() - COUNT + n))
    parked = blocked if repair != "resume" else lambda post: post["state"] == "waiting" and post["next"] is None
    shop.until(ids, parked)
    token = shop.control.token(owner.username)["access_token"]
    behind = shop.read(ids[0])["blocker_ids"]
    with shop.app.db.begin() as conn:
        now = time.time()
        if repair == "resume":
            paused = shop.app.posts.pause(conn, DEFAULT_WORKSPACE, account_id=owner.id, paused=False, now=now)
            assert isinstance(paused, Done)
            assert paused.detail["released"] == ids[:3]
        else:
            sealed = shop.app.vault.seal(token)
            conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=sealed))
        if repair == "reconnect":
            released = shop.app.releaser.repaired_for_account(conn, owner.id, by="reconnect", now=now)
            assert released == ids[:3]
    if repair == "recheck":
        # The job may have found it repaired already.
        assert set(shop.recheck(behind[0]).released) <= set(ids)
    shop.published(ids)
    assert [post["text"] for post in shop.live(owner)] == [f"{n:02}" for n in range(COUNT)]


def test_posts_let_go_in_several_rounds_keep_their_distance(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = shop_settings(sandbox, tmp_path, time_scale=1.0)
    with open_shop(sandbox, settings, worker=False) as closed:
        owners = [closed.owner(), closed.owner()]
        ids = [closed.post(owners[n % 2], text=f"{n}") for n in range(10)]
        now = time.time()
        releaser = dataclasses.replace(closed.app.releaser, at_once=4, spacing_s=2.0)
        rounds: list[list[str]] = []
        with closed.app.db.begin() as conn:
            for n, post_id in enumerate(ids):
                rest = {"state": "blocked", "next_at": None, "due_at": now - 100 + n}
                conn.execute(sa.update(posts).where(posts.c.id == post_id).values(**rest))
            while gone := releaser.free_loose(conn, now=now + len(rounds)):
                rounds.append(gone)
            turns = {row.id: row.next_at for row in conn.execute(sa.select(posts.c.id, posts.c.next_at))}
        assert rounds == [ids[:4], ids[4:8], ids[8:]]
        assert [round(turns[post_id] - now, 3) for post_id in ids] == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8]


def test_two_that_let_go_at_once_take_different_posts(workerless: Shop) -> None:
    """A person's recheck and the job free what hangs behind the same closed cause in the same moment."""
    app, owner = workerless.app, workerless.owner()
    releaser = dataclasses.replace(app.releaser, at_once=3)
    ids = [workerless.post(owner, text=f"{n}") for n in range(6)]
    now = time.time()
    closed = {
        **{"id": "blk_closed", "scope": "account", "key": owner.id, "cause": {}, "action": "reconnect"},
        **{"lane": "meta_token", "pattern": "token_is_invalid", "repaired_by": "recheck"},
    }
    with app.db.begin() as conn:
        conn.execute(sa.insert(blockers).values(**closed, opened_at=now, repaired_at=now))
        for n, post_id in enumerate(ids):
            rest = {"state": "blocked", "next_at": None, "due_at": now - 100 + n}
            conn.execute(sa.update(posts).where(posts.c.id == post_id).values(**rest))
            conn.execute(sa.insert(post_blockers).values(post_id=post_id, blocker_id="blk_closed"))

    def free() -> list[str]:
        with app.db.begin() as conn:
            return releaser.free_behind(conn, ["blk_closed"], by="recheck", now=now)

    with ThreadPoolExecutor(1) as other:
        with app.db.begin() as conn:
            first = releaser.free_behind(conn, ["blk_closed"], by="recheck", now=now)
            second = other.submit(free)
            with suppress(TimeoutError):  # it waits for the first to be stored; long enough to have looked before
                second.result(0.5)
        assert [first, second.result(60)] == [ids[:3], ids[3:]]


@pytest.mark.parametrize("held_by", ["account", "workspace", "connection"])
def test_a_post_parked_in_the_moment_in_which_its_hold_ends_goes(shop: Shop, held_by: str) -> None:
    """Another worker ended a pause, or connected the account, and did not see the post that was just being parked."""
    owner = shop.owner()
    with shop.app.db.begin() as conn:
        token = conn.execute(sa.select(accounts.c.token_enc).where(accounts.c.id == owner.id)).scalar_one()
        _hold(conn, owner, held_by, token, held=True)
    post_id = shop.post(owner, text="once")
    shop.until([post_id], lambda post: post["state"] in ("waiting", "blocked") and not post["blocker_ids"])
    with shop.app.db.begin() as conn:
        _hold(conn, owner, held_by, token, held=False)
    shop.published([post_id])
    assert [post["text"] for post in shop.live(owner)] == ["once"]


def _hold(conn: sa.Connection, owner: Owner, held_by: str, token: bytes, *, held: bool) -> None:
    """Hold the posts of an account, or end that, as the other worker sees it: without looking at posts."""
    match held_by:
        case "account":
            change = sa.update(accounts).where(accounts.c.id == owner.id).values(paused=held)
        case "workspace":
            change = sa.update(workspaces).where(workspaces.c.id == DEFAULT_WORKSPACE).values(paused=held)
        case _:
            change = sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=None if held else token)
    conn.execute(change)


def test_too_late_for_sending_unasked_waits_for_a_yes(lite: Shop) -> None:
    owner = lite.owner()
    lite.control.account(owner.username, restricted=True)
    late = lite.post(owner, text="late")
    fine = lite.post(owner, text="fine")
    lite.until([late, fine], blocked)
    with lite.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == late).values(due_at=time.time() - 2 * 86_400))
    lite.control.account(owner.username, restricted=False)
    lite.recheck(lite.read(fine)["blocker_ids"][0])
    lite.published([fine])
    lite.until([late], lambda post: post["state"] == "held")
    assert [post["text"] for post in lite.live(owner)] == ["fine"]
    lite.act("confirm", late)
    lite.published([late])
    assert [post["text"] for post in lite.live(owner)] == ["fine", "late"]


def test_posts_beyond_the_quota_wait_until_a_known_time_and_are_not_tried(lite: Shop) -> None:
    lite.control.options(quota_posts=3)
    owner = lite.owner()
    ids = [lite.post(owner, text=f"{n}") for n in range(6)]
    lite.until(ids, lambda post: post["state"] in ("published", "waiting"))
    time.sleep(1.0)
    states = [lite.read(post_id)["state"] for post_id in ids]
    assert states.count("published") == 3
    for post_id in ids:
        post = lite.read(post_id)
        assert post["state"] == "published" or (post["next"]["at"] and post["next"]["what"]), lite.story(post_id)
    tried = [r for r in lite.requests(owner) if r["endpoint"] == "publish"]
    assert len(tried) == 4, "three posts and the one that met the limit"
    assert len(lite.live(owner)) == 3


@pytest.fixture
def careful(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shop]:
    """An installation whose breaker hears."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path), deaf=False) as opened:
        yield opened


def test_an_outage_is_probed_by_one_post_and_then_all_go(careful: Shop) -> None:
    outage = careful.control.fault("create", FAULTS["500_code_2"], times=None)
    posted = {careful.post(owner, text="once"): owner for owner in [careful.owner() for _ in range(30)]}
    careful.until(posted, lambda post: post["state"] == "waiting" and bool(post["blocker_ids"]))
    before = len(careful.control.requests(endpoint="create"))
    time.sleep(2.0)
    during = len(careful.control.requests(endpoint="create")) - before
    assert during <= 4, f"{during} requests while it was known that Threads is down"
    careful.control.end_fault(outage)
    careful.published(list(posted))
    for post_id, owner in posted.items():
        assert len(careful.live(owner)) == 1, careful.story(post_id)


def test_a_pause_holds_and_its_end_lets_go(lite: Shop) -> None:
    owner = lite.owner()
    with lite.app.db.begin() as conn:
        lite.app.posts.pause(conn, DEFAULT_WORKSPACE, account_id=owner.id, paused=True, now=time.time())
    post_id = lite.post(owner, text="paused")
    lite.until([post_id], lambda post: post["state"] == "waiting" and post["next"] is None)
    assert calls(lite, owner) == []
    with lite.app.db.begin() as conn:
        lite.app.posts.pause(conn, DEFAULT_WORKSPACE, account_id=owner.id, paused=False, now=time.time())
    lite.published([post_id])
