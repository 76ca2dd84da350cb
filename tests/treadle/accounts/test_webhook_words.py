"""What a webhook says has the shapes of the API, and a delivery that failed says why in words."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from treadle.domain.times import duration_text, iso, parse_duration
from treadle.notify import webhooks
from treadle.notify.delivering import no_answer
from treadle.store.tables import changes, webhook_deliveries

Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def sent(site: Site, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:  # noqa: F811
    """(the post as the API gives it, the event about it, the webhooks about it)."""
    with site.app.db.begin() as conn:
        webhooks.create(
            conn,
            site.app.vault,
            site.workspace,
            url="https://a.example/hook",
            types=[],
            actor="x",
            now=site.app.now(),
        )
    post = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": "Hello", **body}).json()
    with site.app.db.begin() as conn:
        payload = conn.execute(sa.select(changes.c.payload).where(changes.c.subject == post["id"])).scalars().one()
        webhooks.fan_out(conn, now=site.app.now() + 60)
        told = conn.execute(sa.select(webhook_deliveries.c.payload)).scalars().all()
    return post, dict(payload), [json.loads(text) for text in told]


@pytest.mark.parametrize(
    "body", [{"draft": True}, {"publish_at": "2031-01-01T00:00:00Z"}, {"publish_at": "2020-01-01T00:00:00Z"}, {}]
)
def test_next_and_times_are_those_of_the_api(site: Site, body: dict[str, Any]) -> None:  # noqa: F811
    post, event, told = sent(site, body)
    assert event["next"] == post["next"]
    assert Z.fullmatch(post["created_at"])
    assert [one["type"] for one in told] == (["post.held"] if post["state"] == "held" else [])
    for one in told:
        assert one["data"]["next"] is None
        assert Z.fullmatch(one["timestamp"])


@pytest.mark.parametrize(
    ("given_", "text"), [("PT24H", "PT24H"), ("P1DT30M", "PT24H30M"), (90, "PT1M30S"), (0, "PT0S")]
)
def test_lateness_is_given_back_as_a_duration_too(site: Site, given_: Any, text: str) -> None:  # noqa: F811
    post, _, _ = sent(site, {"max_lateness": given_})
    assert post["max_lateness_iso"] == text
    assert post["max_lateness"] == parse_duration(given_)  # version 1 of the API keeps the number


@given(st.floats(0, 3e8).map(lambda seconds: round(seconds, 6)))
def test_a_duration_reads_back_as_the_same_length(seconds: float) -> None:
    assert parse_duration(duration_text(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.floats(0, 4e9))
def test_every_time_ends_in_z(at: float) -> None:
    assert Z.fullmatch(iso(at) or "")


KEY = ConnectionKey("a.example", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "Connect call failed")), "refused"),
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name or service not known")), "name was not found"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("bad")), "TLS"),
        (aiohttp.ServerDisconnectedError(), "closed before an answer"),
        (aiohttp.ClientOSError(113, "No route to host"), "cannot be reached"),
        (ValueError("odd"), "No connection: odd (ValueError)."),
    ],
)
def test_why_there_was_no_answer_is_said_in_words(error: Exception, words: str) -> None:
    said = no_answer(error)
    assert words in said
    assert said.endswith(".")
    assert "Errno" not in said or words == "TLS"


async def test_a_real_refusal_is_said_whole() -> None:
    with socket.socket() as listener:  # bound and not listening
        listener.bind(("127.0.0.1", 0))
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError) as met:
                await session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert no_answer(met.value) == "The connection was refused. Nothing is listening at this address and port."
    await asyncio.sleep(0)
