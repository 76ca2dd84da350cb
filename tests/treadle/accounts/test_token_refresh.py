"""Tokens that stay alive: when they are refreshed, that nobody does it twice, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.treadle.accounts.conftest import ServiceMaker, change_types, row_of
from treadle.accounts import connect, health, refresh
from treadle.accounts.reading import Checked, check, read_quiet_accounts, recheck
from treadle.accounts.service import Accounts
from treadle.accounts.storing import Stored, disconnect
from treadle.accounts.timing import DAY_S, first_refresh, next_try
from treadle.domain.refusal import Refusal
from treadle.store import Database, tokens
from treadle.store.tables import accounts, blockers
from treadle_sandbox import Sandbox

ONE = "wsp_one"


async def add(service: Accounts, sandbox: Sandbox, name: str = "ada", **facts: Any) -> str:
    token = SecretStr(sandbox.control.token(name, **facts)["access_token"])
    stored = await connect.add_token(service, ONE, token, actor="cli")
    assert isinstance(stored, Stored), stored
    return stored.account_id


def fault(sandbox: Sandbox, **answer: Any) -> None:
    sandbox.control.call(
        "POST", "/faults", {"endpoint": "token", "times": 1, "when": answer.pop("when", "before"), "answer": answer}
    )


def refreshes(sandbox: Sandbox) -> int:
    return sum("refresh_access_token" in str(r["path"]) for r in sandbox.control.call("GET", "/requests")["data"])


async def test_a_token_is_refreshed_long_before_its_end(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    before = row_of(service, account)
    assert await refresh.refresh_due(service) == []
    sandbox.control.advance(25 * DAY_S)
    done = await refresh.refresh_due(service)
    assert [d.outcome for d in done] == ["refreshed"]
    after = row_of(service, account)
    assert after.token_expires_at > before.token_expires_at + 20 * DAY_S
    assert service.vault.open(after.token_enc) != service.vault.open(before.token_enc)
    assert after.token_previous_enc is None
    assert after.refresh_lease_token is None
    assert await refresh.refresh_due(service) == []


async def test_an_account_lives_for_a_year_untouched(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    for _ in range(73):
        sandbox.control.advance(5 * DAY_S)
        await refresh.refresh_due(service)
        await read_quiet_accounts(service)
    assert row_of(service, account).health == "active"
    checked = await check(service, account)
    assert checked is not None
    assert checked.diagnosis is None
    assert 10 <= refreshes(sandbox) <= 20


async def test_an_outage_of_weeks_is_sat_out(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(25 * DAY_S)
    sandbox.control.call(
        "POST",
        "/faults",
        {"endpoint": "token", "times": 12, "when": "before", "answer": {"status": 500, "body": {"error": {"code": 2}}}},
    )
    outcomes = []
    for _ in range(13):
        outcomes += [d.outcome for d in await refresh.refresh_due(service)]
        sandbox.control.advance(2 * DAY_S)
    assert outcomes[:12] == ["later"] * 12
    assert outcomes[12:] == ["refreshed"]
    row = row_of(service, account)
    assert row.health == "active"
    assert "account.needs_reconnect" not in change_types(service)


@pytest.mark.parametrize(
    "answer",
    [
        {"drop": True},
        {"status": 429, "body": {"error": {"code": 4, "message": "Application request limit reached"}}},
        {"status": 400, "body": {"error": {"code": 613, "error_subcode": 4279002}}},
        {"status": 502, "body": "<html>Bad Gateway</html>"},
        {"status": 400, "body": {"error": {"code": 987654, "message": "Never seen before"}}},
        {"status": 200, "body": {}},
        {"status": 401, "body": "Unauthorized"},
    ],
)
async def test_nothing_but_a_verdict_on_the_token_makes_it_dead(
    service: Accounts, sandbox: Sandbox, answer: dict[str, Any]
) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(25 * DAY_S)
    fault(sandbox, **answer)
    done = await refresh.refresh_due(service)
    assert [d.outcome for d in done] == ["later"]
    row = row_of(service, account)
    assert row.health == "active"
    assert row.token_enc is not None
    assert row.refresh_next_at > service.now()


async def test_a_revoked_token_is_said_once_and_holds_the_account(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(25 * DAY_S)
    sandbox.control.revoke("ada")
    done = await refresh.refresh_due(service)
    assert [d.outcome for d in done] == ["dead"]
    row = row_of(service, account)
    assert row.health == "reconnect"
    assert row.refresh_next_at is None
    assert change_types(service).count("account.needs_reconnect") == 1
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.key, blockers.c.lane)).all() == [(account, "meta_token")]
    sandbox.control.advance(30 * DAY_S)
    assert await refresh.refresh_due(service) == []
    assert await read_quiet_accounts(service) == []


async def test_an_answer_lost_after_the_refresh_leaves_the_old_token_at_work(
    service: Accounts, sandbox: Sandbox
) -> None:
    account = await add(service, sandbox)
    before = row_of(service, account)
    sandbox.control.advance(25 * DAY_S)
    fault(sandbox, when="after", drop=True)
    assert [d.outcome for d in await refresh.refresh_due(service)] == ["later"]
    assert row_of(service, account).token_enc == before.token_enc
    sandbox.control.advance(DAY_S)
    assert [d.outcome for d in await refresh.refresh_due(service)] == ["refreshed"]


async def test_a_new_token_that_does_not_work_is_given_back(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    before = row_of(service, account)
    sandbox.control.advance(25 * DAY_S)
    fault(sandbox, status=200, body={"access_token": "THbroken", "token_type": "bearer", "expires_in": 5184000})
    assert [d.outcome for d in await refresh.refresh_due(service)] == ["later"]
    row = row_of(service, account)
    assert row.token_enc == before.token_enc
    assert row.health == "active"


async def test_never_two_at_once(make_service: ServiceMaker, any_db: Database, sandbox: Sandbox) -> None:
    first, second = make_service(any_db), make_service(any_db)
    ids = [await add(first, sandbox, name) for name in ("ada", "bob")]
    sandbox.control.advance(25 * DAY_S)
    before = refreshes(sandbox)
    rounds = await asyncio.gather(*(refresh.refresh_due(h) for h in (first, second, first, second)))
    outcomes = [d.outcome for one in rounds for d in one]
    assert outcomes.count("refreshed") == 2
    assert set(outcomes) <= {"refreshed", "skipped"}
    assert refreshes(sandbox) - before == 2
    assert all(row_of(first, i).refresh_lease_token is None for i in ids)


async def test_a_dead_workers_lease_ends(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(25 * DAY_S)
    with service.db.begin() as conn:
        assert tokens.lease(conn, account, "dead", now=service.now(), until=service.now() + refresh.LEASE_S) is not None
    assert await refresh.refresh_due(service) == []
    sandbox.control.advance(refresh.LEASE_S + 1)
    assert [d.outcome for d in await refresh.refresh_due(service)] == ["refreshed"]


async def test_a_person_who_connects_meanwhile_wins(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(25 * DAY_S)
    with service.db.begin() as conn:
        row = tokens.lease(conn, account, "slow", now=service.now(), until=service.now() + refresh.LEASE_S)
    assert row is not None
    again = await add(service, sandbox)
    assert again == account
    mine = row_of(service, account).token_enc
    from treadle_threads.oauth import Token

    with service.db.begin() as conn:
        assert not refresh._stored(conn, service, row, "slow", Token(SecretStr("THlate"), 100.0))
    assert row_of(service, account).token_enc == mine


async def test_an_end_in_sight_is_said_in_time(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    sandbox.control.advance(54 * DAY_S)
    sandbox.control.call(
        "POST",
        "/faults",
        {"endpoint": "token", "times": 1, "when": "before", "answer": {"status": 500, "body": {"error": {"code": 2}}}},
    )
    await refresh.refresh_due(service)
    row = row_of(service, account)
    assert row.health == "expiring"
    assert row.health_cause["ends_at"] == row.token_expires_at
    sandbox.control.advance(DAY_S)
    await refresh.refresh_due(service)
    assert row_of(service, account).health == "active"
    assert [t for t in change_types(service) if t != "account.connected"] == ["account.expiring", "account.recovered"]


async def test_a_read_finds_what_no_post_met(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    assert await read_quiet_accounts(service) == []
    sandbox.control.advance(DAY_S + 1)
    sandbox.control.account("ada", checkpoint=True)
    assert await read_quiet_accounts(service) == [account]
    assert row_of(service, account).health == "checkpoint"
    sandbox.control.account("ada", checkpoint=False)
    checked = await recheck(service, ONE, account)
    assert isinstance(checked, Checked)
    assert (checked.health, checked.diagnosis) == ("active", None)
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.repaired_by)).scalars().all() == ["recheck"]


async def test_recheck_is_for_ones_own_accounts(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    for workspace, account_id in (("wsp_two", account), (ONE, "acc_none")):
        refusal = await recheck(service, workspace, account_id)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 404
    with service.db.begin() as conn:
        assert not disconnect(conn, "wsp_two", account, actor="cli", now=1.0)
        assert disconnect(conn, ONE, account, actor="cli", now=1.0)
        assert not disconnect(conn, ONE, account, actor="cli", now=2.0)
    refusal = await recheck(service, ONE, account)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 409
    with service.db.read() as conn:
        assert conn.execute(sa.select(accounts.c.token_enc)).scalar() is None


TIMES = st.floats(0, 4e9)


@given(issued=TIMES, life=st.floats(1, 1e8), age=st.floats(0, 1e8), random01=st.floats(0, 1, exclude_max=True))
def test_a_refresh_is_never_before_it_is_allowed_nor_after_the_end(
    issued: float, life: float, age: float, random01: float
) -> None:
    now = issued + min(age, life)
    at = first_refresh(issued, issued + life, now, random01)
    assert at >= now
    if life > 2 * DAY_S:
        assert at >= issued + DAY_S - 1e-3
        if age <= life / 3:
            assert at <= issued + life / 2 + 3600 + DAY_S


@given(st.integers(0, 1000), st.floats(0, 1, exclude_max=True), st.floats(0, 1e9))
def test_a_retry_grows_and_comes_before_the_end(attempts: int, random01: float, left: float) -> None:
    at = next_try(attempts, 1e9, expires_at=1e9 + left, random01=random01)
    assert 1e9 < at <= 1e9 + 6 * 3600
    if left > 7200:
        assert at < 1e9 + left


def test_every_health_has_its_words() -> None:
    assert set(health.WORDS) == set(health.Health.__args__)  # type: ignore[attr-defined]
