from __future__ import annotations

import pytest
import sqlalchemy as sa

from treadle.domain.refusal import Refusal
from treadle.people import keys, login
from treadle.people.login import Session
from treadle.store import Database
from treadle.store.tables import api_keys, audit, sessions, users

ONE = "wsp_one"
GOOD = "four words make one"


def make(db: Database, scopes: list[str], ends: float | None = None) -> tuple[str, str]:
    with db.begin() as conn:
        return keys.create_key(conn, ONE, "test", scopes, 1000.0, ends)


def test_a_key_is_stored_as_a_digest(any_db: Database) -> None:
    key_id, secret = make(any_db, ["write"])
    with any_db.read() as conn:
        row = conn.execute(sa.select(api_keys)).one()
    assert secret not in str(row)
    assert row.prefix == secret[:12]
    with any_db.begin() as conn:
        found = keys.who(conn, secret, now=2000.0)
    assert found is not None
    assert (found.id, found.workspace_id) == (key_id, ONE)
    assert [found.may(s) for s in keys.SCOPES] == [True, True, False]


def test_wrong_revoked_and_ended_keys_open_nothing(db: Database) -> None:
    key_id, secret = make(db, ["admin"], ends=5000.0)
    with db.begin() as conn:
        assert keys.who(conn, secret, now=4999.0) is not None
        assert keys.who(conn, secret, now=5000.0) is None
        for wrong in (secret[:-1], secret + "x", "", "trd_", "\ud800", "x" * 10_000, secret.upper()):
            assert keys.who(conn, wrong, now=2000.0) is None
        assert not keys.revoke(conn, "wsp_two", key_id, actor="cli", now=2000.0)
        assert keys.revoke(conn, ONE, key_id, actor="cli", now=2000.0)
        assert not keys.revoke(conn, ONE, key_id, actor="cli", now=2001.0)
        assert keys.who(conn, secret, now=2002.0) is None
        assert conn.execute(sa.select(audit.c.workspace_id, audit.c.action)).all() == [(ONE, "key.revoked")]


def test_the_last_use_is_noted_once_a_minute(db: Database) -> None:
    key_id, _ = make(db, ["read"])
    seen = []
    for now in (2000.0, 2030.0, 2061.0):
        with db.begin() as conn:
            keys.note_use(conn, key_id, now=now)
            seen.append(conn.execute(sa.select(api_keys.c.last_used_at)).scalar())
    assert seen == [2000.0, 2000.0, 2061.0]


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_there_are_three_scopes(db: Database, scopes: list[str]) -> None:
    with db.begin() as conn, pytest.raises(ValueError, match="scopes"):
        keys.create_key(conn, ONE, "", scopes, 0.0)


async def ada(db: Database) -> None:
    assert isinstance(await login.add_user(db, ONE, " Ada@Example.com", GOOD, actor="cli", now=1.0), str)


async def test_a_login_a_session_and_its_end(any_db: Database) -> None:
    assert not await any_db.query(login.anybody)
    await ada(any_db)
    assert await any_db.query(login.anybody)
    made = await login.login(any_db, "ada@example.COM", GOOD, address="203.0.113.7", now=10.0)
    assert isinstance(made, Session)
    with any_db.begin() as conn:
        row = conn.execute(sa.select(sessions)).one()
        assert made.token not in str(row)
        assert GOOD not in str(conn.execute(sa.select(users)).one())
        found = login.session(conn, made.token, now=20.0)
        assert found is not None
        assert found.csrf == made.csrf
        assert login.session(conn, made.token, now=10.0 + login.SESSION_IDLE_S) is None
        login.seen(conn, made.token, now=100.0)
        assert login.session(conn, made.token, now=10.0 + login.SESSION_IDLE_S) is not None
        login.logout(conn, made.token, now=200.0)
        assert login.session(conn, made.token, now=201.0) is None
    assert made.token not in repr(made)


async def test_no_session_lives_for_ever(db: Database) -> None:
    await ada(db)
    made = await login.login(db, "ada@example.com", GOOD, address="a", now=0.0)
    assert isinstance(made, Session)
    now = 0.0
    with db.begin() as conn:
        while login.session(conn, made.token, now=now) is not None:
            login.seen(conn, made.token, now=now)
            now += 86_400.0
    assert now == login.SESSION_MOST_S


async def test_guessing_is_slowed_for_the_right_password_too(db: Database) -> None:
    await ada(db)
    for n in range(login.TRIES_PER_PERSON):
        refused = await login.login(db, "ada@example.com", "wrong", address=f"a{n}", now=float(n))
        assert isinstance(refused, Refusal)
        assert refused.status == 401
    refused = await login.login(db, "ada@example.com", GOOD, address="b", now=50.0)
    assert isinstance(refused, Refusal)
    assert refused.status == 429
    assert isinstance(await login.login(db, "ada@example.com", GOOD, address="b", now=1000.0), Session)


async def test_one_address_cannot_try_everybody(db: Database) -> None:
    with db.begin() as conn:
        for n in range(login.TRIES_PER_ADDRESS):
            assert login._count(conn, (f"mail:{n}", "from:a"), 1.0) == 0
        assert login._count(conn, ("mail:new", "from:a"), 2.0) > 0
        assert login._count(conn, ("mail:new", "from:b"), 2.0) == 0


async def test_nobody_and_a_wrong_password_are_told_alike(db: Database) -> None:
    await ada(db)
    answers = [await login.login(db, who, "wrong one", address="a", now=1.0) for who in ("ada@example.com", "eve@x.y")]
    assert answers[0] == answers[1]


async def test_a_new_password_ends_every_other_session(db: Database) -> None:
    await ada(db)
    first = await login.login(db, "ada@example.com", GOOD, address="a", now=1.0)
    second = await login.login(db, "ada@example.com", GOOD, address="a", now=1.0)
    assert isinstance(first, Session)
    assert isinstance(second, Session)
    changed = await login.set_password(
        db, "ada@example.com", "another good one", actor="cli", now=2.0, keep_session=second.token
    )
    assert changed is True
    with db.read() as conn:
        assert login.session(conn, first.token, now=3.0) is None
        assert login.session(conn, second.token, now=3.0) is not None
    assert isinstance(await login.login(db, "ada@example.com", GOOD, address="a", now=4.0), Refusal)


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("ada", GOOD, "email"),
        ("a b@c", GOOD, "email"),
        ("@c", GOOD, "email"),
        ("ada@c.de", "short", "password"),
        ("ada@c.de", "aaaaaaaaaaaa", "password"),
        ("ada@c.de", "x1y2" * 60, "password"),
    ],
)
async def test_what_cannot_be_a_login(db: Database, email: str, password: str, field: str) -> None:
    refused = await login.add_user(db, ONE, email, password, actor="cli", now=1.0)
    assert isinstance(refused, Refusal)
    assert refused.field == field


async def test_an_address_is_taken_once(db: Database) -> None:
    await ada(db)
    again = await login.add_user(db, "wsp_two", "ADA@example.com", GOOD, actor="cli", now=1.0)
    assert isinstance(again, Refusal)
    assert again.status == 409
