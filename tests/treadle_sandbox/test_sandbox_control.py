"""The control API: what it takes, what it tells, and its clear refusals; in process and over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Caller, Files, Start
from treadle_sandbox import Control, Sandbox
from treadle_sandbox.helper import ControlError


async def control(ada: Any, method: str, path: str, body: Any = None) -> Any:
    how = {} if body is None else {"json": body}
    return await ada.raw(method, f"/_sandbox{path}", **how)


async def test_accounts_by_http(ada: Caller) -> None:
    made = await control(ada, "POST", "/accounts", {"username": "grace.h", "lang": "ko", "followers": 5})
    assert made.status == 201
    assert {"id", "username", "access_token", "expires_at", "scopes"} <= made.body.keys()
    read = await ada.raw("GET", "/me", params={"fields": "id,username", "access_token": made.body["access_token"]})
    assert read.body == {"id": made.body["id"], "username": "grace.h"}
    listed = (await control(ada, "GET", "/accounts")).body["data"]
    assert [a["username"] for a in listed] == ["ada", "grace.h"]
    assert "access_token" not in str(listed)
    assert (await control(ada, "PATCH", "/accounts/grace.h", {"restricted": True})).body["restricted"] is True
    assert (await control(ada, "DELETE", "/accounts/grace.h")).status == 200
    assert (await control(ada, "GET", "/accounts/grace.h")).status == 404
    assert (await control(ada, "POST", "/accounts", {})).body["username"] == "weaver1"


async def test_faults_by_http(ada: Caller) -> None:
    rule = {"endpoint": "publish", "account": None, "nth": None, "probability": 1, "times": 1, "when": "after",
            "answer": {"status": 500, "headers": {}, "body": "x"}}  # fmt: skip
    made = await control(ada, "POST", "/faults", rule)
    assert made.status == 201
    assert set(made.body) == {"id"}
    listed = (await control(ada, "GET", "/faults")).body["data"]
    assert [row["id"] for row in listed] == [made.body["id"]]
    assert rule.items() <= listed[0].items()
    assert (await control(ada, "DELETE", f"/faults/{made.body['id']}")).status == 200
    assert (await control(ada, "DELETE", f"/faults/{made.body['id']}")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "names"),
    [
        ("POST", "/faults", {}, 400, "'answer'"),
        ("POST", "/faults", {"answer": {}}, 400, "'answer'"),
        ("POST", "/faults", {"answer": {"name": "media_not_fond"}}, 400, "media_not_found"),
        ("POST", "/faults", {"endpoint": "publsh", "answer": {"drop": True}}, 400, "'endpoint'"),
        ("POST", "/faults", {"endpoint": "read", "answer": {"drop": 1}}, 400, "'drop'"),
        ("POST", "/faults", {"answer": {"drop": True}, "times": 0}, 400, "'times'"),
        ("POST", "/faults", {"answer": {"drop": True}, "nth": "2"}, 400, "'nth'"),
        ("POST", "/faults", {"answer": {"drop": True}, "probability": 2}, 400, "'probability'"),
        ("POST", "/faults", {"answer": {"drop": True}, "when": "during"}, 400, "'when'"),
        ("POST", "/faults", {"answer": {"drop": True}, "account": "nobody"}, 404, "nobody"),
        ("POST", "/faults", {"answer": {"status": 99}}, 400, "'status'"),
        ("POST", "/faults", {"answer": {"status": 500, "headers": {"A": "b\r\nC: d"}}}, 400, "'headers'"),
        ("POST", "/faults", {"answer": {"delay_s": -1}}, 400, "'delay_s'"),
        ("POST", "/faults", {"endpoint": "read", "answer": {"name": "container_error"}}, 400, "'status'"),
        ("POST", "/faults", {"answer": {"drop": True}, "surprise": 1}, 400, "'surprise'"),
        ("POST", "/accounts", {"username": "a b"}, 400, "'username'"),
        ("POST", "/accounts", {"username": "ADA"}, 409, "ADA"),
        ("POST", "/accounts", {"scopes": ["threads_fly"]}, 400, "threads_fly"),
        ("POST", "/accounts", {"restricted": "yes"}, 400, "'restricted'"),
        ("POST", "/accounts", {"tester": "maybe"}, 400, "'tester'"),
        ("POST", "/accounts", {"usrname": "x"}, 400, "'username'"),
        ("PATCH", "/accounts/nobody", {"private": True}, 404, "nobody"),
        ("POST", "/accounts/ada/explode", {}, 404, "explode"),
        ("POST", "/accounts/ada/token", {"kind": "huge"}, 400, "'kind'"),
        ("POST", "/clock", {}, 400, "advance_s"),
        ("POST", "/clock", {"advance_s": "soon"}, 400, "'advance_s'"),
        ("POST", "/clock", {"set": "tomorrow-ish"}, 400, "'set'"),
        ("POST", "/clock", {"set": 1e20}, 400, "1970"),
        ("POST", "/clock", {"advance_s": -1e10}, 400, "1970"),
        ("POST", "/clock", {"advance_s": 1e300}, 400, "'advance_s'"),
        ("PATCH", "/options", {"fetch_timeout_s": 1e300}, 400, "'fetch_timeout_s'"),
        ("PATCH", "/options", {"processing": -1}, 400, "'processing'"),
        ("POST", "/accounts", {"followers": None}, 400, "'followers'"),
        ("PATCH", "/options", {"count": "letters"}, 400, "'count'"),
        ("PATCH", "/options", {"cuont": "docs"}, 400, "'count'"),
        ("PATCH", "/options", {"processing": {"REEL": 1}}, 400, "REEL"),
        ("PATCH", "/options", {"max_links": True}, 400, "'max_links'"),
        ("PATCH", "/app", {"mode": "test"}, 400, "'mode'"),
        ("POST", "/scenarios", {"name": "flood"}, 404, "outage"),
        ("POST", "/posts", {"account": "ada"}, 400, "'text'"),
        ("POST", "/posts", {"account": "ada", "text": "x", "reply_to_id": "1"}, 404, "reply_to_id"),
        ("GET", "/requests?limit=none", None, 400, "'limit'"),
        ("GET", "/posts?accout=ada", None, 400, "'account'"),
        ("GET", "/nothing", None, 404, "faults"),
        ("PUT", "/faults", {}, 405, "POST"),
        ("POST", "/reset", [1], 400, "object"),
    ],
)  # fmt: skip
async def test_wrong_control_calls_say_what_is_wrong(
    ada: Caller, method: str, path: str, body: Any, status: int, names: str
) -> None:
    answer = await control(ada, method, path, body)
    assert answer.status == status, answer.body
    assert names in answer.body["error"]


async def test_a_body_that_is_not_json_is_told_apart(ada: Caller) -> None:
    answer = await ada.raw("POST", "/_sandbox/faults", data=b"{nope", headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert "not JSON" in answer.body["error"]


async def test_curl_sends_json_as_a_form(ada: Caller) -> None:
    rule = b'{"endpoint": "read", "times": null, "answer": {"drop": true}}'
    made = await ada.raw("POST", "/_sandbox/faults", data=rule,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert made.status == 201
    assert ada.sandbox.control.faults()[0]["times"] is None


async def test_stopping_ends_what_is_under_way(ada: Caller, files: Files) -> None:
    """A film that is still being fetched when the sandbox stops leaves nothing behind."""
    waiting, gate = asyncio.Event(), asyncio.Event()

    async def slow(request: Any) -> Any:
        waiting.set()
        await gate.wait()

    await ada.create(media_type="VIDEO", video_url=files.put("/slow.mp4", slow))
    await waiting.wait()
    await ada.sandbox.stop()
    gate.set()
    assert not ada.sandbox.world.fetcher.background


async def test_pages_of_elsewhere_cannot_drive_it(ada: Caller) -> None:
    answer = await ada.raw("POST", "/_sandbox/reset", json={}, headers={"Origin": "https://evil.example"})
    assert answer.status == 403
    assert ada.sandbox.control.accounts()


async def test_reset_forgets_everything_but_the_start(start: Start) -> None:
    ada = await start(accounts=["first"], scenario="slow", max_links=3)
    control_ = ada.sandbox.control
    control_.end_fault()
    control_.advance(1000)
    control_.options(max_links=4)
    await ada.text("x")
    control_.reset()
    assert [a["username"] for a in control_.accounts()] == ["first"]
    assert [f["note"] for f in control_.faults()] == ["slow"]
    assert control_.posts() == control_.containers() == control_.requests() == []
    assert control_.options()["max_links"] == 3
    assert control_.call("GET", "/clock")["offset_s"] == 0


async def test_requests_are_kept_with_their_answers_and_without_secrets(ada: Caller) -> None:
    await ada.text("hello")
    rows = ada.sandbox.control.requests(endpoint="publish")
    assert len(rows) == 1
    row = rows[0]
    assert (row["method"], row["path"], row["status"], row["account"]) == ("POST", "/me/threads_publish", 200, ada.id)
    assert '"id"' in row["answer"]
    assert ada.token not in str(ada.sandbox.control.requests())
    assert ada.sandbox.control.requests(since=row["n"]) == []
    ada.sandbox.control.clear_requests()
    assert ada.sandbox.control.requests() == []


async def test_the_record_has_an_end(start: Start) -> None:
    ada = await start(record=3)
    for _ in range(5):
        await ada.get("/me")
    assert [r["n"] for r in ada.sandbox.control.requests()] == [3, 4, 5]


async def test_posts_by_hand_do_not_cost_quota(ada: Caller) -> None:
    post = ada.sandbox.control.add_post("ada", text="by hand", age_s=7200)
    assert (await ada.get("/me/threads", fields="id,text")).body["data"] == [{"id": post["id"], "text": "by hand"}]
    assert (await ada.get("/me/threads_publishing_limit")).body["data"] == [{"quota_usage": 0}]
    assert ada.sandbox.control.posts("ada")[0]["published_at"] < ada.sandbox.control.now() - 7000


async def test_the_clock(ada: Caller) -> None:
    control_ = ada.sandbox.control
    frozen = control_.freeze()
    assert control_.now() == frozen
    assert control_.advance(10) == frozen + 10
    set_to = await control(ada, "POST", "/clock", {"set": "2027-01-01T00:00:00+00:00"})
    assert set_to.body["time"] == "2027-01-01T00:00:00+0000"
    control_.freeze(False)
    assert control_.now() >= 1_798_761_600


async def test_a_remote_control_is_the_same(ada: Caller) -> None:
    remote = Control.connect(ada.sandbox.url)

    def drive() -> tuple[str, str]:
        made = remote.add_account("grace")
        with pytest.raises(ControlError, match="nobody"):
            remote.revoke("nobody")
        return made["id"], remote.fault("read", "unexpected_error")

    account_id, fault_id = await asyncio.to_thread(drive)
    assert ada.sandbox.control.account("grace")["id"] == account_id
    assert [f["id"] for f in ada.sandbox.control.faults()] == [fault_id]


async def test_the_same_seed_makes_the_same_world() -> None:
    made = []
    for _ in range(2):
        async with Sandbox(seed=3) as sandbox:
            made.append(sandbox.control.add_account("ada")["access_token"])
    assert made[0] == made[1]


def test_options_are_checked_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="'count' takes one of"):
        Sandbox(count="letters")
    with pytest.raises(ValueError, match="no scenario"):
        Sandbox(scenario="flood")
    with pytest.raises(ValueError, match="An app needs 'secret'"):
        Sandbox(app={"id": "1"})


@pytest.mark.threads_sandbox(quota_posts=7)
def test_the_fixture_is_a_running_sandbox(threads_sandbox: Sandbox) -> None:
    """The plugin's own fixture, from code that is not asynchronous."""
    from urllib.request import urlopen

    ada = threads_sandbox.control.add_account("ada")
    with urlopen(f"{threads_sandbox.url}/me?access_token={ada['access_token']}") as answer:
        assert ada["id"].encode() in answer.read()
    assert threads_sandbox.control.options()["quota_posts"] == 7
    assert threads_sandbox.control.requests()[0]["path"] == "/me"


def test_the_plugin_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, pytest; before = set(sys.modules); import treadle_sandbox.pytest_plugin, treadle_sandbox;"
        "print(sorted({'aiohttp', 'jinja2', 'treadle.media', 'pydantic'} & (set(sys.modules) - before)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


async def test_an_account_is_renamed(ada: Caller) -> None:
    made = (await control(ada, "POST", "/accounts", {"username": "weaver"})).body
    assert (await control(ada, "PATCH", "/accounts/weaver", {"username": "Weaver_2"})).body["username"] == "Weaver_2"
    assert (await control(ada, "GET", "/accounts/weaver_2")).body["id"] == made["id"]
    assert (await control(ada, "PATCH", "/accounts/weaver_2", {"username": "weaver_2"})).status == 200
    assert (await control(ada, "PATCH", "/accounts/weaver_2", {"username": "ada"})).status == 409
    assert (await control(ada, "PATCH", "/accounts/weaver_2", {"username": "a b"})).status == 400
    read = await ada.raw("GET", "/me", params={"fields": "id,username", "access_token": made["access_token"]})
    assert read.body == {"id": made["id"], "username": "weaver_2"}
    assert (await control(ada, "POST", "/accounts", {"username": "weaver"})).status == 201
