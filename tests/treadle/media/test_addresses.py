"""No connection is made to an address that is not public, however it is written and wherever it comes from."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.media.conftest import Host
from treadle_threads.media.fetch import look
from treadle_threads.media.guard import (
    AddressRefused,
    GuardedResolver,
    Trust,
    guarded_connection,
    is_public,
    read_address,
    refused_address,
)
from treadle_threads.net.session import guarded_session


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "31.13.24.1", "2a03:2880::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "fec0::1", "100::1", "localhost", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_when_it_is_mapped(address: Any) -> None:
    assert is_public(f"::ffff:{address}") == is_public(address)
    assert is_public(f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}") == is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://127.1:{port}/", "http://2130706433:{port}/",
        "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/", "http://①②⑦.⓪.⓪.①:{port}/", "http://127。0。0。1:{port}/", "http://0:{port}/",
        "http://0.0.0.0:{port}/", "http://[::]:{port}/", "http://LOCALHOST:{port}/", "http://127.0.0.1.:{port}/",
    ],
)  # fmt: skip
async def test_odd_spellings_of_this_machine_reach_nothing(url: str, host: Host) -> None:
    port = host.url.rpartition(":")[2]
    async with guarded_session() as session:
        with pytest.raises((aiohttp.ClientError, ValueError, OSError)):
            await session.get(url.format(port=port))
    assert host.asked == []


class _Answers(AbstractResolver):
    """A name server under a stranger's control."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


async def test_a_name_with_one_private_address_is_refused_whole(host: Host) -> None:
    port = host.url.rpartition(":")[2]
    async with guarded_session(resolver=_Answers("8.8.8.8", "127.0.0.1")) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://innocent.example:{port}/")
    refused = refused_address(caught.value)
    assert refused is not None
    assert refused.address == "127.0.0.1"
    assert host.asked == []


async def test_the_socket_is_guarded_even_when_the_resolver_is_not(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trusting(self: GuardedResolver, name: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return await self._inner.resolve(name, port, family)

    monkeypatch.setattr(GuardedResolver, "resolve", trusting)
    port = host.url.rpartition(":")[2]
    async with guarded_session(resolver=_Answers("127.0.0.1")) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://rebound.example:{port}/")
    assert isinstance(refused_address(caught.value), AddressRefused)
    assert host.asked == []


async def test_no_proxy_from_the_environment_is_used(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", host.url)
    monkeypatch.setenv("HTTP_PROXY", host.url)
    async with guarded_session(resolver=_Answers("127.0.0.1")) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get("http://somewhere.example/")
    assert host.asked == []


async def test_a_private_address_is_a_finding(host: Host) -> None:
    async with guarded_session() as session:
        seen = await look(session, f"{host.url}/x.mp4")
    assert [item.code for item in seen.findings if item.severity == "error"] == ["address_private"]
    assert host.asked == []


async def test_the_rules_can_be_lifted_for_the_sandbox(host: Host) -> None:
    host.files["/x"] = b"here"
    async with guarded_session(Trust.OPERATOR) as session, session.get(f"{host.url}/x") as answer:
        assert await answer.read() == b"here"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"])
def test_allowing_private_hosts_does_not_open_the_addresses_of_clouds(address: str) -> None:
    """They hand out a machine's own credentials, and nobody keeps media or receivers there."""
    inside = Trust.of_media(True)
    assert not inside.allows(address)
    host = f"[{address}]" if ":" in address else address
    assert isinstance(read_address(f"http://{host}/latest", inside), str)
    with pytest.raises(AddressRefused):
        guarded_connection(address, 80, 1.0, inside)


def test_allowing_private_hosts_opens_this_machine_and_its_networks() -> None:
    inside = Trust.of_media(True)
    assert all(inside.allows(address) for address in ("127.0.0.1", "10.1.2.3", "::1", "1.1.1.1"))
    assert not isinstance(read_address("http://localhost:8080/hook", inside), str)
