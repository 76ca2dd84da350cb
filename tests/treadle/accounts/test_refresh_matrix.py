"""Every failure of a refresh, before and after its effect: the account goes on by itself, or says that it cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.treadle.accounts.conftest import ServiceMaker, row_of
from tests.treadle.accounts.test_token_refresh import add, refreshes
from tests.treadle.engine.faults import FAULTS
from tests.treadle.engine.shop import TIMEOUT_S
from treadle.accounts import refresh
from treadle.accounts.reading import check
from treadle.accounts.timing import DAY_S
from treadle.store import Database
from treadle_sandbox import Sandbox

DEAD = frozenset({"token_190"})  # what says that this token will not work again
# Over when a publish works, which a read cannot tell.
SAID = {"400_code_10": "limited", "spam_4_2207051": "restricted"}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_every_failure_of_a_refresh(
    any_db: Database, make_service: ServiceMaker, sandbox: Sandbox, when: str
) -> None:
    service = make_service(any_db)
    service.client = service.client.__class__(base_url=sandbox.url, timeout_s=TIMEOUT_S)
    played = 0
    for name, answer in FAULTS.items():
        account = await add(service, sandbox, "ada")
        sandbox.control.advance(25 * DAY_S)
        before = refreshes(sandbox)
        rule: dict[str, Any] = {"endpoint": "token", "times": 1, "when": when, "answer": answer}
        fault_id = sandbox.control.call("POST", "/faults", rule)["id"]
        [first] = await refresh.refresh_due(service)
        rules = sandbox.control.call("GET", "/faults")["data"]
        assert [rule["fired"] for rule in rules if rule["id"] == fault_id] == [1], name
        played += 1
        for _ in range(14):
            sandbox.control.advance(DAY_S)
            await refresh.refresh_due(service)
        row, wanted = row_of(service, account), before + (1 if name in DEAD else 2)
        for _ in range(100):  # a slow one is written down when it has been answered
            if refreshes(sandbox) >= wanted:
                break
            await asyncio.sleep(0.05)
        assert refreshes(sandbox) == wanted, f"{name}: a dead token is not tried again, any other once more"
        if name in DEAD:
            assert first.outcome == "dead", name
            assert row.health != "active", name
        else:
            assert first.outcome == "later", name
            assert row.health == SAID.get(name, "active"), name
            checked = await check(service, account)
            assert checked is not None, name
            assert checked.diagnosis is None, name
    assert played == len(FAULTS)
    await service.client.close()
