"""The Python client against a real server that publishes to the sandbox; the same for the one that is awaited."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import inspect
import itertools
import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_document import api_document
from tests.treadle_client.conftest import Line, Running
from treadle_client import (
    ApiError,
    AsyncTreadle,
    ConnectionFailed,
    NotSettled,
    SignatureError,
    Treadle,
    async_operations,
    operations,
    verify,
)
from treadle_client.calls import Call, Retries, address, prepare

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(server: Running) -> Treadle:
    return Treadle(server.url, server.key, http=httpx2.Client(trust_env=False))


def through(line: Line, server: Running, **how: Any) -> Treadle:
    return Treadle(line.url, server.key, http=httpx2.Client(trust_env=False), **how)


def test_a_post_is_made_waited_for_listed_and_followed(client: Treadle, server: Running) -> None:
    post = client.posts.create(account_id=server.account, text="From the client", metadata={"order": 1})
    done = client.posts.wait(post["id"], timeout_s=120)
    assert done["state"] == "published"
    permalink = done["parts"][0]["permalink"]
    assert permalink is not None
    assert permalink.startswith("https://")
    assert post["id"] in {one["id"] for one in client.posts.iterate(state=["published"], limit=1)}
    changes = [c for c in client.events.stream(after=0, follow=False) if c["subject"] == post["id"]]
    assert changes[-1]["type"] in ("post.published", "post.differs")
    assert client.accounts.get(server.account)["username"] == "ada"
    assert client.posts.list_events(post["id"])["data"]


def test_the_same_awaited(server: Running) -> None:
    async def main() -> None:
        async with AsyncTreadle(server.url, server.key, http=httpx2.AsyncClient(trust_env=False)) as client:
            post = await client.posts.create(account_id=server.account, text="From the awaited client")
            assert (await client.posts.wait(post["id"], timeout_s=120))["state"] == "published"
            found = [one["id"] async for one in client.posts.iterate(state=["published"], limit=1)]
            assert post["id"] in found
            changes = [c["subject"] async for c in client.events.stream(after=0, follow=False)]
            assert post["id"] in changes
            with pytest.raises(ApiError) as refused:
                await client.posts.create(account_id=server.account, text="x" * 501)
            assert refused.value.findings[0]["rule"] == "text_too_long"

    asyncio.run(main())


def test_every_page_is_visited_once(client: Treadle, server: Running) -> None:
    when = "2040-01-01T09:00:00Z"
    made = [
        client.posts.create(account_id=server.account, text=f"page {n}", publish_at=when, labels=["pages"])["id"]
        for n in range(5)
    ]
    seen = [one["id"] for one in client.posts.iterate(label="pages", limit=2, sort="created_at")]
    assert seen == made


def test_a_refusal_says_everything(client: Treadle) -> None:
    with pytest.raises(ApiError) as refused:
        client.posts.get("pst_00000000000000000000000000")
    error = refused.value
    assert (error.status, error.code, error.who, error.retryable) == (404, "not_found", "developer", False)
    assert error.request_id.startswith("req_")
    assert error.problem["request_id"] == error.request_id
    assert error.request_id in str(error)


def test_an_answer_that_never_comes_makes_no_second_post(line: Line, server: Running, client: Treadle) -> None:
    line.faults = ["lost", "lost"]
    post = through(line, server).posts.create(
        account_id=server.account, text="Once", publish_at="2040-01-01T09:00:00Z", labels=["once"]
    )
    assert line.asked == 3
    assert len(set(line.keys)) == 1
    assert line.keys[0]
    assert [one["id"] for one in client.posts.iterate(label="once")] == [post["id"]]


def test_what_cannot_be_repeated_is_not(line: Line, server: Running, client: Treadle) -> None:
    """No second workspace, whatever became of the first request."""
    line.faults = ["lost"]
    calling = through(line, server)
    call = Call("POST", "/v1/workspaces", body={"name": "Lost"})
    with pytest.raises(ConnectionFailed):
        calling.send(call)
    assert line.asked == 1
    assert [one["name"] for one in client.workspaces.list()["data"]].count("Lost") == 1


@pytest.mark.parametrize(("status", "asked"), [(429, 3), (503, 3), (502, 3), (504, 3), (500, 1), (404, 1), (401, 1)])
def test_what_something_between_answers(status: int, asked: int, line: Line, server: Running) -> None:
    line.faults = [status, status]
    calling = through(line, server)
    if asked == 3:
        assert calling.accounts.list()["data"]
    else:
        with pytest.raises(ApiError) as refused:
            calling.accounts.list()
        assert (refused.value.status, refused.value.code) == (status, "")
    assert line.asked == asked


def test_retries_end(line: Line, server: Running) -> None:
    line.faults = [503] * 9
    with pytest.raises(ApiError):
        through(line, server, retries=2).accounts.list()
    assert line.asked == 3


def test_waiting_ends(client: Treadle, server: Running) -> None:
    post = client.posts.create(account_id=server.account, text="Later", publish_at="2040-01-01T09:00:00Z")
    with pytest.raises(NotSettled) as late:
        client.posts.wait(post["id"], timeout_s=0)
    assert late.value.state == "scheduled"
    client.posts.cancel(post["id"])
    assert client.posts.wait(post["id"], timeout_s=0)["state"] == "canceled"


def problem(retryable: bool | None, status: int, headers: dict[str, str] | None = None) -> ApiError:
    return ApiError(status, {} if retryable is None else {"code": "x", "retryable": retryable}, headers or {})


@given(
    retryable=st.booleans(),
    status=st.sampled_from([400, 401, 404, 409, 412, 422, 424, 429, 500, 502, 503, 504]),
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    once=st.booleans(),
    tried=st.integers(1, 9),
    chance=st.floats(0, 1),
)
def test_the_problem_decides_about_retries(
    retryable: bool, status: int, method: str, once: bool, tried: int, chance: float
) -> None:
    call = Call(method, "/v1/x", once=once)
    wait = Retries(4).wait_s(call, tried, problem(retryable, status), chance)
    may = retryable and tried <= 4 and (call.repeatable or status == 429)
    assert (wait is not None) == may
    assert wait is None or 0 <= wait <= 60


@pytest.mark.parametrize(("said", "least"), [("7", 7.0), ("0", 0.0)])
def test_the_server_says_how_long(said: str, least: float) -> None:
    wait = Retries().wait_s(Call("GET", "/"), 1, problem(True, 429, {"retry-after": said}), 0.0)
    assert wait == least
    assert Retries().wait_s(Call("GET", "/"), 1, problem(True, 429, {"retry-after": "3600"}), 0.0) is None


def test_ids_cannot_leave_their_place() -> None:
    assert address("/v1/posts/{post_id}/cancel", "../keys?x=/") == "/v1/posts/..%2Fkeys%3Fx%3D%2F/cancel"
    with pytest.raises(ValueError, match="empty"):
        address("/v1/posts/{post_id}", "")


def test_an_event_is_read_again_by_its_number(client: Treadle) -> None:
    first = next(iter(client.events.stream(after=0, follow=False)))
    assert [client.events.get(given)["id"] for given in (first["id"], str(first["id"]))] == [first["id"]] * 2


BEGINS = b"retry: 2000\nid: 41\n\n: all quiet\n\n"
EVENT = b'id: 42\nevent: post.published\ndata: {"id": 42, "type": "post.published", "subject": "pst_1"}\n\n'


def an_event(number: int, mark: int) -> bytes:
    change = {"id": number, "type": "post.published", "subject": "pst_1"}
    return f"id: {mark}\nevent: post.published\ndata: {json.dumps(change)}\n\n".encode()


def test_an_event_that_was_committed_late_is_not_missed_by_a_stream_that_breaks_off() -> None:
    """43 came while 42 could still come; the stream broke off, and 42 was committed meanwhile."""
    bodies = [an_event(41, 41) + an_event(43, 41), an_event(42, 42) + an_event(43, 43) + an_event(44, 44)]
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params.get("after", ""))
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=bodies[len(asked) - 1])

    client = Treadle("http://x", "key", http=httpx2.Client(transport=httpx2.MockTransport(answer)))
    assert [change["id"] for change in itertools.islice(client.events.stream(after=40), 4)] == [41, 43, 42, 44]
    assert asked == ["40", "41"]


class Breaks:
    """A server whose first stream ends before its first event does; the id of what is cut off counts for nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.params.get("after", ""))
        body = BEGINS + (EVENT if len(self.asked) > 1 else EVENT[:30])
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)


def test_a_stream_that_breaks_off_before_its_first_event_loses_none() -> None:
    breaks = Breaks()
    client = Treadle("http://x", "key", http=httpx2.Client(transport=httpx2.MockTransport(breaks)))
    assert next(client.events.stream())["id"] == 42
    assert breaks.asked == ["", "41"]


async def test_an_awaited_stream_loses_none_either() -> None:
    breaks = Breaks()
    client = AsyncTreadle("http://x", "key", http=httpx2.AsyncClient(transport=httpx2.MockTransport(breaks)))
    assert (await anext(client.events.stream()))["id"] == 42
    assert breaks.asked == ["", "41"]


@pytest.mark.parametrize("wrong", ["secret\nkey", "secrét", "sec\0ret"])
def test_what_no_header_can_hold_is_refused_without_being_shown(wrong: str) -> None:
    for make in (Treadle, AsyncTreadle):
        with pytest.raises(ValueError, match="characters that no key has") as refused:
            make("http://127.0.0.1:1", wrong)
        assert "sec" not in str(refused.value)
    for key in (wrong, "", " "):
        with pytest.raises(ValueError, match="printable ASCII"):
            prepare(Call("POST", "/v1/posts", once=True, key=key))
    given = [prepare(Call("POST", "/v1/posts", once=True)).headers["Idempotency-Key"] for _ in range(2)]
    assert given[0] != given[1]


def test_both_clients_have_the_same_operations() -> None:
    members = inspect.getmembers(operations, inspect.isclass)
    groups = [(name, one) for name, one in members if name.endswith("Operations") and name != "Operations"]
    assert groups
    for name, one in groups:
        other = getattr(async_operations, f"Async{name}")
        methods = [member for member in inspect.getmembers(one, inspect.isfunction) if member[0] != "__init__"]
        assert methods, name
        for method, function in methods:
            assert inspect.signature(function).parameters == inspect.signature(getattr(other, method)).parameters


def test_every_resource_of_the_document_is_reached(client: Treadle) -> None:
    names = [operation["operationId"] for item in api_document()["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    types_of_script = (ROOT / "js" / "client" / "client.d.ts").read_text("utf-8")
    for name in names:
        resource, _, method = name.partition(".")
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
        if resource != "operating" and name not in ("workspaces.export", "posts.export_csv"):
            assert callable(getattr(getattr(client, resource), method)), name
            assert f"  readonly {resource}: " in types_of_script


def signed(secret: bytes, body: bytes, at: int) -> dict[str, str]:
    mac = hmac.digest(secret, b"msg_1." + str(at).encode() + b"." + body, hashlib.sha256)
    value = base64.b64encode(mac).decode()
    return {"Webhook-Id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA v1,{value}"}


@given(body=st.dictionaries(st.text(), st.text()), secret=st.binary(min_size=24, max_size=64), at=st.integers(0, 2**32))
def test_a_signature_holds_for_its_bytes_and_its_time(body: dict[str, str], secret: bytes, at: int) -> None:
    text, shown = json.dumps(body).encode(), "whsec_" + base64.b64encode(secret).decode()
    headers = signed(secret, text, at)
    both = ["whsec_" + base64.b64encode(b"x" * 24).decode(), shown]
    assert dict(verify(text, headers, shown, now=at + 299)) == body
    assert dict(verify(text, headers, both, now=at)) == body
    other = "whsec_" + base64.b64encode(secret + b"1").decode()
    wrong: list[tuple[bytes, dict[str, str], str, int]] = [
        (text + b" ", headers, shown, at),
        (text, {**headers, "Webhook-Id": "msg_2"}, shown, at),
        (text, headers, shown, at + 301),
        (text, headers, shown, at - 301),
        (text, headers, other, at),
        (text, {}, shown, at),
    ]
    for sent, with_headers, secret_of, now in wrong:
        with pytest.raises(SignatureError):
            verify(sent, with_headers, secret_of, now=now)


def test_it_verifies_what_the_library_of_the_standard_signs() -> None:
    from datetime import UTC, datetime

    from standardwebhooks import Webhook

    secret, body = "whsec_" + base64.b64encode(b"k" * 32).decode(), '{"type": "post.published", "data": {}}'
    at = datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    assert verify(body, headers, secret)["type"] == "post.published"


def test_what_is_made_of_the_document_is_up_to_date() -> None:
    from tools.build_clients import files, formatted

    for path, text in files().items():
        assert path.read_text("utf-8") == formatted(path, text), f"run tools/build_clients.py: {path.name}"
