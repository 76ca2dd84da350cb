"""Not sent, lost, refused or fine: what each kind of failure on the wire is told as."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.treadle_threads.conftest import Wire, answer, raw
from treadle_threads import Lost, NotSent, Ok, Refused, ThreadsClient

TOKEN = "THsecret-token-1234567890/+&="


def client(url: str, **more: Any) -> ThreadsClient:
    return ThreadsClient(TOKEN, base_url=url, **{"timeout_s": 5.0, **more})


async def test_a_publish_is_a_form_with_the_token_in_the_body_alone(wire: Wire) -> None:
    async with client(wire.url) as threads:
        result = await threads.publish("42")
    assert isinstance(result, Ok)
    assert result.value.id == "1"
    head, _, body = wire.requests[0].partition("\r\n\r\n")
    assert head.startswith("POST /v1.0/me/threads_publish HTTP/1.1")
    assert "application/x-www-form-urlencoded" in head
    assert "TH" not in head.replace("HTTP", "")
    assert body == "creation_id=42&access_token=THsecret-token-1234567890%2F%2B%26%3D"
    assert dict(result.call.params) == {"creation_id": "42"}


async def test_a_read_has_no_body_and_its_call_shows_no_token(wire: Wire) -> None:
    async with client(wire.url) as threads:
        result = await threads.media("7", fields="id,permalink")
    assert isinstance(result, Ok)
    assert wire.requests[0].startswith("GET /v1.0/7?fields=id%2Cpermalink&access_token=")
    assert dict(result.call.params) == {"fields": "id,permalink"}


async def test_nothing_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with client(url) as threads:
            for result in (await threads.publish("1"), await threads.me()):
                assert isinstance(result, NotSent)
                assert result.kind == "connect"


async def test_a_name_that_does_not_exist() -> None:
    async with client("http://no-such-host.invalid") as threads:
        for result in (await threads.publish("1"), await threads.me()):
            assert isinstance(result, NotSent)
            assert result.kind == "dns"


async def test_no_tls_on_the_other_side(wire: Wire) -> None:
    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    wire.play = play
    async with client(wire.url.replace("http:", "https:")) as threads:
        for result in (await threads.publish("1"), await threads.me()):
            assert isinstance(result, NotSent)
            assert result.kind in ("tls", "connect")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "reset"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id":', "truncated"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"', "truncated"),
        (b"BLAH blah blah\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None),
    ],
)
async def test_half_an_answer_is_lost_and_never_sent_twice(wire: Wire, data: bytes, kind: str | None) -> None:
    wire.play = raw(data)
    async with client(wire.url) as threads:
        result = await threads.publish("1")
    assert isinstance(result, Lost)
    assert kind is None or result.kind == kind
    assert len(wire.requests) == 1
    assert TOKEN not in result.detail


async def test_nothing_is_repeated_on_a_connection_that_broke(wire: Wire) -> None:
    wire.play = raw(b"")
    async with client(wire.url) as threads:
        for result in (await threads.me(), await threads.delete("1"), await threads.publish("1")):
            assert isinstance(result, Lost)
    assert len(wire.requests) == 3


async def test_no_answer_in_time_is_lost(wire: Wire) -> None:
    forever = asyncio.Event()

    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.read(reader)
        await forever.wait()

    wire.play = play
    async with client(wire.url, timeout_s=0.3) as threads:
        for result in (await threads.publish("1"), await threads.me()):
            assert isinstance(result, Lost)
            assert result.kind == "timeout"
    forever.set()


async def test_an_endless_answer_is_cut(wire: Wire) -> None:
    wire.play = answer(b'{"id":"' + b"9" * 2_000_000 + b'"}')
    async with client(wire.url) as threads:
        result = await threads.publish("1")
    assert isinstance(result, Lost)
    assert result.kind == "truncated"
    assert result.answer is not None
    assert result.answer.status == 200
    assert len(result.answer.body) <= 2000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"error":{"code":190}}', "400 Bad Request"),
        (b'{"error":{"code":190}}', "200 OK"),
        (b'{"success":true}', "200 OK"),
        (b'{"id":""}', "200 OK"),
        (b'{"id":true}', "200 OK"),
        (b'{"id":null}', "200 OK"),
        (b"[]", "200 OK"),
        (b'"1"', "200 OK"),
        (b"", "200 OK"),
        (b"<html>502</html>", "502 Bad Gateway"),
        (b'{"id":"1"}', "500 Internal Server Error"),
        (b'{"id":' + b"9" * 6000 + b"}", "200 OK"),
        (b"[" * 100_000, "200 OK"),
    ],
)
async def test_an_answer_without_what_was_asked_for_is_a_refusal(wire: Wire, body: bytes, status: str) -> None:
    wire.play = answer(body, status)
    async with client(wire.url) as threads:
        result = await threads.publish("1")
    assert isinstance(result, Refused)
    assert result.answer.status == int(status[:3])


async def test_ids_are_text_and_big_ones_stay_exact(wire: Wire) -> None:
    wire.play = answer(b'{"id":28983614471241199, "other": 9007199254740993, "odd": NaN}')
    async with client(wire.url) as threads:
        result = await threads.create_container({"media_type": "TEXT"})
    assert isinstance(result, Ok)
    assert result.value == "28983614471241199"
    assert result.answer.body["other"] == 9007199254740993
    assert result.answer.body["odd"] is None


async def test_a_redirect_is_not_followed(wire: Wire) -> None:
    wire.play = answer(b"", "307 Temporary Redirect", f"Location: {wire.url}/elsewhere\r\n")
    async with client(wire.url) as threads:
        result = await threads.publish("1")
    assert isinstance(result, Refused)
    assert len(wire.requests) == 1


async def test_only_headers_worth_keeping_are_kept(wire: Wire) -> None:
    wire.play = answer(b'{"id":"1"}', headers="Retry-After: 7\r\nX-FB-Trace-ID: abc\r\nSet-Cookie: a=b\r\nX-Odd: 1\r\n")
    async with client(wire.url) as threads:
        result = await threads.publish("1")
    assert isinstance(result, Ok)
    assert dict(result.answer.headers) == {
        "content-type": "application/json",
        "retry-after": "7",
        "x-fb-trace-id": "abc",
    }


async def test_a_guard_that_says_no_leaves_nothing_on_the_wire(wire: Wire) -> None:
    async with client(wire.url) as threads:
        result = await threads.publish("1", guard=lambda: False)
        assert isinstance(result, NotSent)
        assert result.kind == "guard"
        assert isinstance(await threads.publish("2"), Ok)
    assert [r.rpartition("\r\n")[2][:13] for r in wire.requests] == ["creation_id=2"]


async def test_the_guard_is_asked_after_the_connection_is_there(wire: Wire) -> None:
    seen: list[int] = []

    def guard() -> bool:
        seen.append(wire.connections)
        return True

    arrived = asyncio.Event()
    inner = answer(b'{"id":"1"}')

    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await inner(wire, reader, writer)

    wire.play = play
    async with client(wire.url) as threads:
        assert isinstance(await threads.me(), Ok)
        assert arrived.is_set()
        assert isinstance(await threads.publish("1", guard=guard), Ok)
    assert seen == [1]


async def test_a_connection_that_died_before_the_write_is_replaced_and_the_post_goes_once(wire: Wire) -> None:
    """The server hangs up between our look at the pool and the write: nothing was written, so it may be done again."""
    async with client(wire.url) as threads:
        assert isinstance(await threads.me(), Ok)
        session = threads._shared.get()
        kills = 0

        def guard() -> bool:
            nonlocal kills
            connector = session.connector
            assert connector is not None
            for proto in list(connector._acquired):
                if kills == 0 and proto.transport is not None:
                    proto.transport.close()
            kills += 1
            return True

        result = await threads.publish("5", guard=guard)
    assert isinstance(result, Ok)
    assert kills == 2
    assert sum("creation_id=5" in r for r in wire.requests) == 1


async def test_many_at_once(wire: Wire) -> None:
    async with client(wire.url, timeout_s=60.0) as threads:
        results = await asyncio.gather(*(threads.with_token(f"t{n}").publish(str(n)) for n in range(300)))
    assert all(isinstance(r, Ok) for r in results)
    bodies = sorted(r.rpartition("\r\n")[2] for r in wire.requests)
    assert bodies == sorted(f"creation_id={n}&access_token=t{n}" for n in range(300))


@pytest.mark.parametrize("odd", ["../me", "a/b", "a?b=c", "#", "", "..", "ü\r\nX: y"])
async def test_an_odd_id_cannot_leave_its_place_in_the_path(wire: Wire, odd: str) -> None:
    async with client(wire.url) as threads:
        await threads.media(odd)
    path = wire.requests[0].split(" ")[1].partition("?")[0]
    assert path.startswith("/v1.0/")
    assert path.count("/") == 2


async def test_a_closed_session_is_an_answer_too(wire: Wire) -> None:
    import aiohttp

    session = aiohttp.ClientSession()
    await session.close()
    result = await ThreadsClient(TOKEN, base_url=wire.url, session=session).publish("1")
    assert isinstance(result, NotSent)


async def test_being_canceled_is_not_swallowed(wire: Wire) -> None:
    arrived, forever = asyncio.Event(), asyncio.Event()

    async def play(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.read(reader)
        arrived.set()
        await forever.wait()

    wire.play = play
    async with client(wire.url) as threads:
        task = asyncio.create_task(threads.publish("1"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    forever.set()


def test_the_token_shows_nowhere() -> None:
    assert TOKEN not in repr(ThreadsClient(TOKEN))
