"""Requests as they are kept and shown: raw, by source, filtered, as curl, sent again; and the reference."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from html import unescape

import aiohttp
import pytest

from tests.treadle_sandbox.conftest import Caller
from treadle_diagnosis.catalog import load
from treadle_sandbox import provenance, reference
from treadle_sandbox.answers import NAMED
from treadle_sandbox.reading import post_fields
from treadle_threads.options import OPTIONS


async def page(ada: Caller, path: str) -> str:
    answer = await ada.raw("GET", path)
    assert answer.status == 200
    return unescape(str(answer.body))


async def test_a_request_is_kept_as_it_came(ada: Caller) -> None:
    await ada.raw(
        "POST", "/v1.0/me/threads?media_type=TEXT&text=one", json={"text": "two", "alt_text": "three"},
        headers={"Authorization": f"Bearer {ada.token}", "X-Own": "yes"},
    )  # fmt: skip
    kept = ada.sandbox.control.requests()[-1]
    assert kept["target"] == "/v1.0/me/threads?media_type=TEXT&text=one"
    assert kept["body"] == '{"text": "two", "alt_text": "three"}'
    assert kept["sources"] == {"text": "query", "alt_text": "JSON", "media_type": "query"}
    assert ["X-Own", "yes"] in kept["headers"]
    assert kept["answer_headers"]["Content-Type"].startswith("application/json")
    assert ada.token not in str(kept)


@pytest.mark.parametrize("kind", ["form", "multipart"])
async def test_a_form_says_that_it_is_one(ada: Caller, kind: str) -> None:
    import aiohttp

    data = aiohttp.FormData({"media_type": "TEXT", "text": "hello", "access_token": ada.token})
    data._is_multipart = kind == "multipart"
    answer = await ada.raw("POST", "/me/threads", data=data)
    assert answer.status == 200
    kept = ada.sandbox.control.requests()[-1]
    assert kept["sources"]["text"] == kind
    assert "hello" in kept["body"]
    assert ada.token not in kept["body"]


async def test_requests_are_found_by_words(ada: Caller) -> None:
    await ada.text("a green loom")
    await ada.get("/me", fields="nonsense")
    control = ada.sandbox.control
    assert [r["endpoint"] for r in control.requests(text="green loom")] == ["create"]
    assert [r["status"] for r in control.requests(text="failed")] == [500]
    assert control.requests(text="nonexisting failed")
    assert not control.requests(text="no such words")
    assert control.requests(text=ada.token) == [], "a secret is not searched for"
    shown = await page(ada, "/_sandbox?tab=requests&text=nonsense")
    assert "1 of them match" in shown
    assert "green loom" not in shown
    for _ in range(45):
        await ada.get("/me")
    shown = await page(ada, "/_sandbox?tab=requests")
    older = re.search(r'href="([^"]*before=\d+[^"]*)"', shown)
    assert older is not None
    assert "green loom" in await page(ada, older[1])


async def test_requests_are_saved_as_har_without_secrets(ada: Caller) -> None:
    app, control = ada.sandbox.app, ada.sandbox.control
    await ada.post("/me/threads", media_type="TEXT", text="a=b & c")
    ask = f"/oauth/authorize?client_id={app.id}&redirect_uri=https://a.example/cb&scope=threads_basic"
    code = (await ada.raw("GET", f"{ask}&sandbox_account=ada")).headers["Location"].partition("code=")[2][:-2]
    given = {"client_id": app.id, "client_secret": app.secret, "code": code, "redirect_uri": "https://a.example/cb"}
    token = (await ada.raw("POST", "/oauth/access_token", data=given)).body["access_token"]
    bearer = {"Authorization": f"Bearer {ada.token}", "Host": "graph.threads.net"}
    await ada.raw("GET", "/v1.0/me?fields=id", headers=bearer)
    control.fault("list", drop=True)
    with contextlib.suppress(aiohttp.ClientError):
        await ada.get("/me/threads")
    log = control.har()["log"]
    created, consent, exchange, profile, *dropped = log["entries"]
    assert (log["version"], created["request"]["method"], created["response"]["status"]) == ("1.2", "POST", 200)
    assert {"name": "text", "value": "a=b & c"} in created["request"]["postData"]["params"]
    assert created["request"]["url"] == ada.sandbox.url + "/me/threads"
    assert json.loads(created["response"]["content"]["text"])["id"]
    assert {"name": "client_id", "value": app.id} in consent["request"]["queryString"]
    assert profile["request"]["url"] == "https://graph.threads.net/v1.0/me?fields=id"
    assert [e["response"]["status"] for e in dropped] in ([0], [0, 200]), "aiohttp may try again by itself"
    for secret in (ada.token, app.secret, code, token):
        assert secret not in json.dumps(log)
    assert '"access_token": "…"' in exchange["response"]["content"]["text"].replace('":"', '": "')
    assert [e["request"]["method"] for e in control.har(endpoint="create", limit=1)["log"]["entries"]] == ["POST"]
    shown = await page(ada, "/_sandbox?tab=requests&text=create")
    link = re.search(r'href="(/_sandbox/requests.har[^"]*)"', shown)
    assert link is not None
    assert len((await ada.raw("GET", link[1])).body["log"]["entries"]) == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
async def test_the_curl_line_makes_the_same_request(ada: Caller) -> None:
    import asyncio

    await ada.post("/me/threads", media_type="TEXT", text='it\'s "quoted" & 100 %', alt_text="x")
    first = ada.sandbox.control.requests()[-1]
    shown = await page(ada, "/_sandbox?tab=requests")
    found = re.search(r"<summary>As curl</summary><pre>(.*?)</pre>", shown, re.S)
    assert found is not None
    assert ada.token not in found[1]
    env = {**os.environ, "TOKEN": ada.token}
    await asyncio.to_thread(subprocess.run, ["sh", "-c", found[1]], env=env, check=True, capture_output=True)
    again = ada.sandbox.control.requests()[-1]
    assert again["n"] == first["n"] + 1
    assert (again["params"], again["status"], again["body"]) == (first["params"], 200, first["body"])


async def test_a_request_is_sent_again(ada: Caller) -> None:
    ada.sandbox.control.fault("create", "unexpected_error")
    assert (await ada.create(text="twice")).status == 500
    number = ada.sandbox.control.requests()[-1]["n"]
    again = await ada.raw("POST", f"/_sandbox/requests/{number}/replay", json={})
    assert (again.status, again.body["status"]) == (200, 200)
    assert [c["params"]["text"] for c in ada.sandbox.control.containers("ada")] == ["twice"]
    back = await ada.raw("POST", "/_sandbox/ui/requests/replay", data={"n": str(number)})
    assert (back.status, back.headers["Location"]) == (303, "/_sandbox?tab=requests")
    assert len(ada.sandbox.control.containers("ada")) == 2
    assert (await ada.raw("POST", "/_sandbox/requests/99999/replay", json={})).status == 404


async def test_failures_are_searched_by_name_and_code(ada: Caller) -> None:
    shown = await page(ada, "/_sandbox")
    assert '<option value="rate_limit">HTTP 400, code 613/4279002' in shown
    await ada.raw("POST", "/_sandbox/ui/faults", data={"endpoint": "publish", "do": "rate_limit", "times": "1"})
    assert ada.sandbox.control.faults()[-1]["answer"] == {"name": "rate_limit"}


async def test_the_reference_lists_and_finds(ada: Caller) -> None:
    shown = await page(ada, "/_sandbox/reference")
    for name in NAMED:
        assert f'id="{name}"' in shown
    found = await page(ada, "/_sandbox/reference?q=4279002")
    assert 'id="rate_limit"' in found
    assert 'id="text_too_long"' not in found
    assert "https://sandbox.test/bit-rate.mp4" in await page(ada, "/_sandbox/reference?q=INVALID_BIT_RATE")


def test_every_field_and_refusal_is_labelled() -> None:
    labeled = provenance.fields()
    assert set(labeled["Post"]) == set(post_fields(OPTIONS))
    rows = [*reference.answers(), *reference.fields()]
    assert all(row["basis"] in ("documented", "seen", "guessed") and row["source"] for row in rows)


def test_every_pattern_is_provoked_or_says_why_not() -> None:
    rows = reference.patterns()
    assert [row["id"] for row in rows] == [pattern.id for pattern in load().patterns]
    assert all(bool(row["word"]) != bool(row["why"]) for row in rows)


@pytest.mark.parametrize("row", [row for row in reference.patterns() if "pattern." in row["word"]],
                         ids=lambda row: row["id"])  # fmt: skip
async def test_a_patterns_word_gives_an_answer_that_is_diagnosed_as_it(ada: Caller, row: dict[str, str]) -> None:
    answer = await ada.create(text=row["word"])
    example = next(e for p in load().patterns if p.id == row["id"] for e in p.examples
                   if e.body not in (None, "") or e.http_status is not None)  # fmt: skip
    assert answer.status == (example.http_status or 400)
    if isinstance(example.body, dict):
        assert answer.body == example.body
