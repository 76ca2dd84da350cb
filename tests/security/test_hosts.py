"""Requests that name another host than this server's are refused, whoever sends them and from wherever."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from tests.security.sites import Answer, ask, by_wire, listening, opened
from treadle.hosts import Authority, authority_of, hosts_of, is_loopback, read_authority, same_origin
from treadle.settings import Settings

PUBLIC = "https://threads.example.com"
HERE = [
    "threads.example.com",
    "threads.example.com:443",
    "threads.example.com:8700",
    "THREADS.Example.COM",
    "threads.example.com.",
    "localhost",
    "LocalHost:8700",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.9.8.7",
    "[::1]",
    "[::1]:8700",
    "[0:0:0:0:0:0:0:1]",
    "treadle:8700",  # of TREADLE_ALLOWED_HOSTS
    "[fd00::7]:8700",
]
ELSEWHERE = [
    "evil.example",
    "evil.example:8700",
    "threads.example.com.evil.example",
    "evilthreads.example.com",
    "threads.example.com..",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "evil.example@localhost",
    "threads.example.com:80@evil.example",
    "localhost:8700, evil.example",
    "localhost evil.example",
    "localhost/evil.example",
    "localhost#",
    "localhost:port",
    "localhost:99999",
    "localhost:-1",
    "192.168.1.7",
    "10.0.0.1:8700",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::]",
    "[fe80::1%25lo]",
    "[::1",
    "::1",
    "[::1]evil",
    "[127.0.0.1]",
    "",
    " ",
    ":8700",
    "\xe9vil",
    "ⓛocalhost".encode().decode("latin-1"),
    "a" * 400,
]
# Pages, API, metrics, media, what Meta calls, files, and an address that leads nowhere.
ADDRESSES = [
    "/",
    "/login",
    "/setup",
    "/guide",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/problems",
    "/static/pages.css",
    "/live",
    "/v1/posts",
    "/v1/events",
    "/media/med_x/y.jpg",
    "/threads/webhook",
    "/threads/callback",
    "/connect/x",
    "/nowhere",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("hosts")
    with opened(folder, public_url=PUBLIC, allowed_hosts="treadle, fd00::7") as (_, made):
        yield made


@pytest.mark.parametrize("host", HERE)
def test_its_own_names_are_answered(site: FastAPI, host: str) -> None:
    assert ask(site, headers=[("Host", host)]).status == 200


@pytest.mark.parametrize("host", ELSEWHERE)
def test_every_other_name_is_refused(site: FastAPI, host: str) -> None:
    refused(ask(site, headers=[("Host", host)]))


def refused(answer: Answer) -> None:
    assert answer.status == 421
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["code"] == "wrong_host"
    assert "TREADLE_ALLOWED_HOSTS" in said["detail"]


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_no_address_is_left_out(site: FastAPI, path: str, method: str) -> None:
    answer = ask(site, path, [("Host", "evil.example"), ("X-Forwarded-Host", "threads.example.com")], method)
    assert answer.status == 421


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Host", "localhost"), ("Host", "localhost")],
        [("Host", "localhost"), ("Host", "evil.example")],
        [("Host", "evil.example"), ("X-Forwarded-Host", "localhost"), ("Forwarded", "host=localhost")],
    ],
)
def test_one_host_is_named_once_and_no_other_header_replaces_it(site: FastAPI, headers: list[tuple[str, str]]) -> None:
    assert ask(site, headers=headers).status == 421


@pytest.mark.parametrize("path", ["http://evil.example/healthz", "http://localhost/healthz", "evil.example:443", "*"])
def test_it_is_no_proxy(site: FastAPI, path: str) -> None:
    assert ask(site, path, [("Host", "localhost")]).status == 421


def test_without_a_public_address_only_this_machine_is_answered(tmp_path: Path) -> None:
    """As in a container without settings: whoever comes by another name learns which setting is missing."""
    with opened(tmp_path / "data", host="0.0.0.0") as (_, made):
        assert ask(made, headers=[("Host", "127.0.0.1:8700")]).status == 200
        refused(ask(made, headers=[("Host", "192.168.1.7:8700")]))
        refused(ask(made, headers=[("Host", "my-server.lan")]))


def test_over_the_wire(site: FastAPI) -> None:
    with listening(site) as port:

        def status(*lines: str) -> int:
            answer = by_wire(port, "".join(f"{line}\r\n" for line in (*lines, "Connection: close", "")).encode())
            return int(answer.split(b" ", 2)[1])

        assert status("GET /healthz HTTP/1.1", f"Host: 127.0.0.1:{port}") == 200
        assert status("GET /healthz HTTP/1.1", "Host: evil.example") == 421
        assert status("GET /healthz HTTP/1.0") == 421
        assert status("GET /healthz HTTP/1.1") == 400
        assert status("GET /healthz HTTP/1.1", "Host: localhost", "Host: evil.example") == 400
        assert status("GET http://evil.example/healthz HTTP/1.1", "Host: localhost") == 421
        assert status("GET /setup HTTP/1.1", "Host: evil.example", "Origin: http://evil.example") == 421
        assert status("SLURP /healthz HTTP/1.1", "Host: localhost") == 501


@pytest.mark.parametrize("entry", ["http://x.example", "a b", "*", "x.example/y", "u@x.example", "1.2.3"])
def test_a_setting_that_names_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        Settings(allowed_hosts=f"good.example,{entry}")


@given(
    st.text(max_size=40)
    | st.from_regex(r"(?i)\[?[a-z0-9:._-]{1,20}\]?\.?(:[0-9]{1,6})?", fullmatch=True)
    | st.from_regex(r"([a-z0-9]{1,8}\.){0,3}[A-Za-z]{1,8}[@/\\#?% ]?(:[0-9]{1,5})?", fullmatch=True)
)
def test_whatever_is_read_is_one_host_in_one_spelling(text: str) -> None:
    found = read_authority(text)
    if found is not None:
        shown = f"[{found.host}]" if ":" in found.host else found.host
        assert read_authority(shown if found.port is None else f"{shown}:{found.port}") == found
        assert not set(found.host) & set("@/\\#?% \t,")


@given(st.ip_addresses(), st.none() | st.integers(1, 65_535))
def test_addresses_are_read_as_the_library_reads_them(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None
) -> None:
    shown = (f"[{address.exploded}]" if address.version == 6 else str(address)) + (f":{port}" if port else "")
    assert read_authority(shown) == Authority(str(address), port)
    assert is_loopback(str(address)) == address.is_loopback
    assert hosts_of(PUBLIC, "").allow([shown]) == address.is_loopback


ORIGINS = [
    ("http://127.0.0.1:8700", "127.0.0.1:8700", True),
    ("HTTP://LOCALHOST:8700", "localhost.:8700", True),
    ("https://threads.example.com", "127.0.0.1:8700", True),  # through a proxy that names itself
    ("https://threads.example.com:443", "threads.example.com", True),
    ("http://localhost", "localhost:80", True),
    ("http://localhost:3000", "localhost:8700", False),  # another program on this machine
    ("http://threads.example.com.evil.example", "threads.example.com", False),
    ("http://localhost@evil.example", "localhost", False),
    ("https://threads.example.com@evil.example", "localhost", False),
    ("http://evil.example", "localhost", False),
    ("http://[", "localhost", False),
    ("http://[::1", "[::1]", False),
    ("http://", "localhost", False),
    ("localhost", "localhost", False),
    ("file://", "localhost", False),
    ("null", "localhost", False),
    ("http://localhost:x", "localhost", False),
    ("http://localhost/path", "localhost", False),
]


@pytest.mark.parametrize(("origin", "host", "ours"), ORIGINS)
def test_an_origin_is_compared_with_the_checked_host(origin: str, host: str, ours: bool) -> None:
    assert same_origin(origin, host, PUBLIC) is ours


@pytest.mark.parametrize("origin", [origin for origin, _, ours in ORIGINS if not ours])
def test_a_form_from_elsewhere_is_refused_and_nothing_breaks(site: FastAPI, origin: str) -> None:
    headers = [
        ("Host", "localhost:8700"),
        ("Origin", origin),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", "0"),
    ]
    assert ask(site, "/login", headers, "POST").status == 403


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_origin_breaks_it(origin: str, host: str) -> None:
    for text in (origin, f"http://{origin}", f"https://[{origin}]"):
        same_origin(text, host, PUBLIC)
        authority_of(text)
