"""Failures on demand: before and after the effect, by rule, by call, by chance, by name, by scenario."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.treadle_sandbox.conftest import Answer, Caller, Other, Start
from treadle_sandbox.answers import NAMED, TH, named
from treadle_sandbox.scenarios import SCENARIOS


async def ready(ada: Any) -> str:
    container = (await ada.create(text="hello")).id
    assert (await ada.done(container))["status"] == "FINISHED"
    return container


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "how", [{"drop": True}, {"status": 500, "body": {"error": {"code": 2}}}, {"name": "bad_gateway"}]
)
async def test_a_publish_that_fails_did_or_did_not_happen(ada: Caller, when: str, how: dict[str, Any]) -> None:
    container = await ready(ada)
    ada.sandbox.control.fault("publish", how, when=when)
    if how.get("drop"):
        with pytest.raises(aiohttp.ClientConnectionError):
            await ada.publish(container)
    else:
        assert (await ada.publish(container)).status in (500, 502)
    happened = when == "after"
    assert (await ada.status(container))["status"] == ("PUBLISHED" if happened else "FINISHED")
    assert len(ada.sandbox.control.posts()) == int(happened)
    if not happened:
        assert (await ada.publish(container)).status == 200


async def test_half_an_answer(ada: Caller) -> None:
    container = await ready(ada)
    ada.sandbox.control.fault("publish", truncate=True)
    with pytest.raises(aiohttp.ClientPayloadError):
        await ada.publish(container)
    assert (await ada.status(container))["status"] == "PUBLISHED"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_client_that_gives_up_waiting(ada: Caller, when: str) -> None:
    """The answer is late; the effect happens all the same, sooner or later."""
    container = await ready(ada)
    ada.sandbox.control.fault("publish", delay_s=0.2, when=when)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ada.publish(container)
    assert len(ada.sandbox.control.posts()) == (1 if when == "after" else 0)
    for _ in range(300):
        if ada.sandbox.control.posts():
            break
        await asyncio.sleep(0.01)
    assert (await ada.status(container))["status"] == "PUBLISHED"


async def test_nth_times_and_account(ada: Caller, other: Other) -> None:
    grace = other(ada)
    control = ada.sandbox.control
    control.fault("read", "unexpected_error", nth=2, times=2, account="ada")
    assert [(await ada.get("/me")).status for _ in range(5)] == [200, 500, 500, 200, 200]
    assert (await grace.get("/me")).status == 200
    assert control.faults()[0]["spent"] is True
    control.end_fault()
    control.fault("*", "too_many_calls", times=None)
    answers = [await ada.get("/me"), await ada.create(text="x"), await grace.get("/me/threads")]
    assert [a.status for a in answers] == [429, 429, 429]
    assert answers[0].headers["Retry-After"] == "60"
    control.end_fault()
    assert (await ada.get("/me")).status == 200


async def test_chance_is_repeatable_by_seed(start: Start) -> None:
    async def run() -> list[int]:
        ada = await start(seed=7)
        ada.sandbox.control.fault("read", "unexpected_error", probability=0.5, times=None)
        return [(await ada.get("/me")).status for _ in range(40)]

    first, second = await run(), await run()
    assert first == second
    assert 5 < first.count(500) < 35


async def test_the_first_rule_that_fires_decides_and_all_count(ada: Caller) -> None:
    control = ada.sandbox.control
    control.fault("read", "unexpected_error")
    control.fault("read", "too_many_calls", nth=2)
    assert [(await ada.get("/me")).status for _ in range(3)] == [500, 429, 200]


@pytest.mark.parametrize("endpoint", ["create", "status", "publish", "list", "read", "limit", "token"])
async def test_every_endpoint_has_its_name(ada: Caller, endpoint: str) -> None:
    container = await ready(ada)
    ada.sandbox.control.fault(endpoint, status=418, times=None)
    calls = {
        "create": ada.create(text="x"), "status": ada.get(f"/{container}", fields="status"),
        "publish": ada.publish(container), "list": ada.get("/me/threads"), "read": ada.get("/me"),
        "limit": ada.get("/me/threads_publishing_limit"),
        "token": ada.get("/refresh_access_token", grant_type="th_refresh_token"),
    }  # fmt: skip
    statuses = {name: (await call).status for name, call in calls.items()}
    assert [name for name, status in statuses.items() if status == 418] == [endpoint]


async def test_what_a_container_is_made_to_say(ada: Caller) -> None:
    container = await ready(ada)
    control = ada.sandbox.control
    control.fault("status", {"name": "container_error", "error_message": "INVALID_DURATION"})
    control.fault("status", "container_expired")
    control.fault("status", "container_in_progress")
    assert await ada.status(container) == {"status": "ERROR", "error_message": "INVALID_DURATION", "id": container}
    assert (await ada.status(container))["status"] == "EXPIRED"
    assert (await ada.status(container))["status"] == "IN_PROGRESS"
    assert (await ada.status(container))["status"] == "FINISHED"


@pytest.mark.parametrize(("name", "status"), [("container_lost", "FINISHED"), ("container_stuck", "IN_PROGRESS")])
async def test_what_a_creation_leaves_behind(ada: Caller, name: str, status: str) -> None:
    ada.sandbox.control.fault("create", name)
    container = (await ada.create(text="x")).id
    ada.sandbox.control.advance(3600)
    assert (await ada.status(container))["status"] == status
    assert (await ada.publish(container)).error["error_subcode"] == 4279009
    assert (await ada.publish(await ready(ada))).status == 200


@pytest.mark.parametrize("name", NAMED)
async def test_every_named_answer_is_a_whole_answer(ada: Caller, name: str) -> None:
    ada.sandbox.control.fault("read", name)
    answer = await ada.get("/me", fields="id")
    assert answer.status == NAMED[name].status
    if NAMED[name].raw is None:
        assert answer.error["code"] == NAMED[name].code
        assert answer.error.get("error_subcode") == NAMED[name].subcode
        assert not re.search(r"\{[a-z]+\}", answer.error["message"].replace("{a, b}", ""))
        assert not re.search(r"\{[a-z]+\}", answer.error.get("error_user_msg", ""))
        assert answer.error["fbtrace_id"].startswith("A")
        assert ("error_user_title" in answer.error) is (NAMED[name].words is not None)


def test_th_api_answers_are_short() -> None:
    body = named("permission_missing", "Atrace").body
    assert body == {"error": {"message": "Application does not have permission for this action", "type": TH, "code": 10,
                              "fbtrace_id": "Atrace"}}  # fmt: skip


async def test_a_literal_answer_comes_as_written(ada: Caller) -> None:
    control = ada.sandbox.control
    control.fault("read", status=503, headers={"Retry-After": 7, "X-Thing": "a"}, body="<html>no</html>")
    answer = await ada.get("/me")
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, "<html>no</html>", "7")
    assert answer.headers["Content-Type"].startswith("text/html")
    control.fault("read", status=200, body={"anything": [1]})
    assert (await ada.get("/me")).body == {"anything": [1]}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_every_scenario_starts_and_shows(start: Start, name: str) -> None:
    ada = await start(processing=0)
    before = (await ada.get("/me", fields="id")).status
    assert before == 200
    container = (await ada.create(text="ready")).id
    ada.sandbox.control.scenario(name)
    shown: dict[str, Callable[[Answer], bool]] = {
        "outage": lambda a: a.status == 500, "gateway": lambda a: a.status == 502,
        "revoked": lambda a: a.error["code"] == 190,
        "expired": lambda a: a.error["error_subcode"] == 463, "checkpoint": lambda a: a.error["code"] == 190,
        "restricted": lambda a: a.error["error_subcode"] == 4279013, "no_permission": lambda a: a.error["code"] == 10,
        "development": lambda a: a.error["error_subcode"] == 10, "rate_limited": lambda a: a.error["code"] == 613,
        "app_limit": lambda a: a.headers["Retry-After"] == "420", "publish_races": lambda a: a.error["code"] == 24,
        "spam_block": lambda a: a.error["error_subcode"] == 2207051 and len(ada.sandbox.control.posts()) == 1,
        "published_but_refused": lambda a: a.error["code"] == 10 and len(ada.sandbox.control.posts()) == 1,
    }  # fmt: skip
    if name in shown:
        assert shown[name](await ada.publish(container))
    elif name in ("silence", "lost_answers"):
        with pytest.raises(aiohttp.ClientConnectionError):
            await ada.publish(container)
        assert len(ada.sandbox.control.posts()) == int(name == "lost_answers")
    elif name == "lagging_lists":
        assert (await ada.publish(container)).status == 200
        assert (await ada.get("/me/threads")).body == {"data": []}
    elif name == "bytes":
        assert (await ada.create(text="漢" * 200)).status == 500
    elif name in ("lost_containers", "stuck_containers"):
        assert (await ada.publish((await ada.create(text="x")).id)).error["code"] == 24
    elif name == "standard_access":
        assert (await ada.get("/location_search", q="berlin")).body["data"][0]["name"] == "Menlo Park"
    else:
        assert name in ("flaky", "slow", "media_unreachable")
        assert ada.sandbox.control.faults()


async def test_a_scenario_for_one_account(ada: Caller, other: Other) -> None:
    grace = other(ada)
    ada.sandbox.control.scenario("outage", account="grace")
    assert (await grace.get("/me")).status == 500
    assert (await ada.get("/me")).status == 200


async def test_call_limit_and_usage_headers(start: Start) -> None:
    ada = await start(call_limit=10, usage_headers="all")
    answers = [await ada.get("/me") for _ in range(11)]
    assert [a.status for a in answers] == [200] * 10 + [400]
    assert answers[-1].error["message"] == "Application request limit reached"
    assert '"call_count":50' in answers[4].headers["X-App-Usage"]
    assert "estimated_time_to_regain_access" in answers[4].headers["X-Business-Use-Case-Usage"]
    ada.sandbox.control.advance(86_401)
    assert (await ada.get("/me")).status == 200
    ada.sandbox.control.options(usage_headers="none")
    assert "X-App-Usage" not in (await ada.get("/me")).headers
