"""Requests have a rate for each key and each address, and say what is left of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.http.rate_limits import RateLimits, network
from treadle.people.keys import create_key
from treadle.site import build

PER_KEY, PER_ADDRESS = 8, 5


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = open_app(settings_in(tmp_path, requests_per_key=PER_KEY, requests_per_address=PER_ADDRESS))
    yield app
    app.close()


def client(site: object, address: str, key: str = "") -> TestClient:
    made = TestClient(site, base_url="http://127.0.0.1:8700", client=(address, 1), raise_server_exceptions=False)  # type: ignore[arg-type]
    if key:
        made.headers["Authorization"] = f"Bearer {key}"
    return made


def key_of(app: App) -> str:
    with app.db.begin() as conn:
        return create_key(conn, DEFAULT_WORKSPACE, "test", ["read"], app.now())[1]


def test_a_key_has_a_rate_of_its_own_and_is_told_what_is_left(app: App) -> None:
    site, one, other = build(app), key_of(app), key_of(app)
    asked = client(site, "203.0.113.1", one)
    asked.get("/v1/posts")  # the first counts for the address: nobody knows the key yet
    left = []
    for _ in range(PER_KEY):
        answer = asked.get("/v1/posts")
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == f'"key";q={PER_KEY};w=60'
        shown = re.fullmatch(r'"key";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
        assert shown is not None
        assert 1 <= int(shown[2]) <= 60
        left.append(int(shown[1]))
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
    refused = asked.get("/v1/posts")
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (refused.json()["code"], refused.json()["limit"]) == ("too_many_requests", PER_KEY)
    assert client(site, "203.0.113.1", other).get("/v1/posts").status_code == 200


def test_an_address_without_a_key_has_a_rate_and_takes_nothing_from_a_key(app: App) -> None:
    site, key = build(app), key_of(app)
    good = client(site, "203.0.113.1", key)
    assert good.get("/v1/posts").status_code == 200
    stranger = client(site, "203.0.113.1")
    codes = [stranger.post("/guide/diagnose", data={"error": "x"}).status_code for _ in range(PER_ADDRESS + 3)]
    assert codes[-3:] == [429] * 3
    assert good.get("/v1/posts").status_code == 200
    assert client(site, "203.0.113.2").get("/guide").status_code != 429


@pytest.mark.parametrize("path", ["/v1/posts", "/v1/nowhere"])
def test_wrong_keys_count_for_the_address_however_many_there_are(app: App, path: str) -> None:
    site = build(app)
    codes = [client(site, "203.0.113.1", f"tk_{n}").get(path).status_code for n in range(PER_ADDRESS + 3)]
    assert codes[-3:] == [429] * 3


def test_a_revoked_key_counts_for_the_address_again() -> None:
    limits = RateLimits(100, 2)
    limits.learn("a", True)
    assert all(limits.admit("a", "203.0.113.1").allowed for _ in range(10))
    limits.learn("a", False)
    assert [limits.admit("a", "203.0.113.1").allowed for _ in range(4)] == [True, True, False, False]


def test_probes_and_files_are_never_refused(app: App) -> None:
    asked = client(build(app), "203.0.113.1")
    for path in ("/healthz", "/readyz", "/media/med_x/y.jpg"):
        assert 429 not in {asked.get(path).status_code for _ in range(PER_ADDRESS + 3)}, path


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_one_customers_ipv6_addresses_are_one(address: IPv6Address, own_part: int, bit: int) -> None:
    assume(int(address) >> 64)  # the first /64 holds the addresses that stand for one of IPv4
    customer = int(address) >> 64
    neighbour, stranger = IPv6Address(customer << 64 | own_part), IPv6Address((customer ^ 1 << bit) << 64 | own_part)
    assert network(str(neighbour)) == network(str(address))
    assert network(str(stranger)) != network(str(address))
    assert network("2001:db8::1") == network("2001:db8::ffff:1")
    assert network("2001:db8::1") != network("2001:db8:0:1::1")
    assert network("::ffff:203.0.113.1") == network("203.0.113.1")
    assert network("not an address") == "unknown"
