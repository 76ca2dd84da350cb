"""An account whose stored token no key opens: a cause with a next step, and no call to Threads."""

from __future__ import annotations

import asyncio
import time

import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.treadle.engine.shop import Owner, Shop
from treadle.accounts.unreadable import CheckedTokens, check_stored_tokens
from treadle.app import DEFAULT_WORKSPACE
from treadle.services.unpublishing import Unpublished, unpublish
from treadle.store.tables import accounts, blockers, changes
from treadle.vault import Vault

LATER_S = 7 * 86_400.0


def seal_with_another_key(shop: Shop, owner: Owner) -> tuple[bytes, bytes]:
    """Store the token under a key that the server does not have; the readable and the unreadable form."""
    other = Vault([Fernet.generate_key().decode()]).seal(owner.token)
    with shop.app.db.begin() as conn:
        row = conn.execute(sa.select(accounts.c.token_enc).where(accounts.c.id == owner.id)).one()
        conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=other))
    return row.token_enc, other


def account_of(shop: Shop, owner: Owner) -> sa.Row[tuple[object, ...]]:
    with shop.app.db.read() as conn:
        return conn.execute(sa.select(accounts).where(accounts.c.id == owner.id)).one()


def held(shop: Shop, owner: Owner) -> bool:
    with shop.app.db.read() as conn:
        query = sa.select(blockers.c.id).where(blockers.c.key == owner.id, blockers.c.repaired_at.is_(None))
        return conn.execute(query).first() is not None


def check(shop: Shop) -> CheckedTokens:
    """Run the background job."""
    engine = shop.app.engine
    assert engine is not None
    assert engine.context.accounts is not None
    work = check_stored_tokens(engine.context.accounts)
    return asyncio.run_coroutine_threadsafe(work, engine.loop).result(timeout=120)


def test_posts_are_blocked_with_the_cause_and_the_next_step(shop: Shop) -> None:
    owner, other = shop.owner(), shop.owner()
    seal_with_another_key(shop, owner)
    ids = [shop.post(owner, text="first"), shop.post(owner, text="second")]
    untouched = shop.post(other, text="of another account")
    shop.until(ids, lambda post: post["state"] == "blocked" and bool(post["blocker_ids"]))
    shop.published([untouched])
    for post_id in ids:
        cause = shop.read(post_id)["cause"]
        assert (cause["pattern"], cause["action"], cause["who"]) == ("token_unreadable", "reconnect", "owner")
        assert "Reconnect the account" in cause["next_step"]
    row = account_of(shop, owner)
    assert row.health == "reconnect"
    with shop.app.db.read() as conn:
        opened = conn.execute(sa.select(blockers).where(blockers.c.key == owner.id)).mappings().all()
        announced = conn.execute(sa.select(changes.c.type).where(changes.c.subject == owner.id)).scalars().all()
    assert [(b["scope"], b["pattern"], b["action"]) for b in opened] == [("account", "token_unreadable", "reconnect")]
    assert "account.needs_reconnect" in announced
    assert shop.requests(owner) == []


def test_connecting_again_publishes_what_waited(shop: Shop) -> None:
    owner = shop.owner()
    seal_with_another_key(shop, owner)
    post_id = shop.post(owner, text="waits for its owner")
    shop.until([post_id], lambda post: post["state"] == "blocked")
    asked = shop.recheck(shop.read(post_id)["blocker_ids"][0])
    assert asked.verdict == "still"
    assert "Reconnect the account" in asked.message
    with shop.app.db.begin() as conn:
        fresh = shop.app.vault.seal(shop.control.token(owner.username)["access_token"])
        conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=fresh))
        shop.app.releaser.repaired_for_account(conn, owner.id, by="reconnect", now=time.time())
    shop.published([post_id])


def test_an_account_without_due_posts_is_named_and_recovers_when_the_key_is_back(shop: Shop) -> None:
    owner = shop.owner()
    readable, _ = seal_with_another_key(shop, owner)
    later = shop.post(
        owner, text="next week", publish_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LATER_S))
    )
    assert check(shop) == CheckedTokens(held=(owner.id,))
    assert check(shop) == CheckedTokens()
    assert held(shop, owner)
    assert account_of(shop, owner).health == "reconnect"
    now = shop.post(owner, text="now")
    shop.until([now], lambda post: post["state"] == "blocked")
    with shop.app.db.begin() as conn:
        conn.execute(sa.update(accounts).where(accounts.c.id == owner.id).values(token_enc=readable))
    assert check(shop) == CheckedTokens(readable_again=(owner.id,))
    shop.published([now])
    assert account_of(shop, owner).health == "active"
    assert not held(shop, owner)
    assert shop.read(later)["state"] == "scheduled"


def test_what_a_person_asks_for_says_why_it_cannot_be_done(shop: Shop) -> None:
    owner = shop.owner()
    post_id = shop.post(owner, text="is live")
    shop.published([post_id])
    seal_with_another_key(shop, owner)
    done = asyncio.run(unpublish(shop.app, DEFAULT_WORKSPACE, post_id, actor="test"))
    assert isinstance(done, Unpublished)
    assert done.cause is not None
    assert done.cause.pattern == "token_unreadable"
    assert done.deleted == []
