"""What stands in the way of Meta's fetcher although a browser gets the file: found first, and helped by a copy."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.treadle.media.conftest import Host
from treadle.media.report import Prepared
from treadle.media.samples import picture
from treadle.media.service import MediaService
from treadle_threads.media.fetch import Look, look
from treadle_threads.media.guard import Trust
from treadle_threads.media.robots import Robots, RobotsCache, judged
from treadle_threads.net.session import dead_family, guarded_session

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def seen(url: str, resolver: AbstractResolver | None = None) -> Look:
    async with guarded_session(Trust.INSIDE, resolver=resolver) as session:
        return await look(session, url, robots=RobotsCache())


def severity(found: Look, code: str) -> str | None:
    return next((item.severity for item in found.findings if item.code == code), None)


def answers(status: int, text: str = "", **headers: str) -> Answering:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return handler


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return picture(tmp_path / "a.png", size=(640, 480))


@pytest.mark.parametrize(
    ("status", "text", "severe"),
    [
        (404, "nothing here", None),
        (410, "gone", None),
        (401, "who are you", "remark"),
        (405, "not that way", "remark"),
        (429, "slowly", "remark"),
        (500, "broken", "repair"),
        (503, "down", "repair"),
        (200, "<!doctype html><html><input type=password></html>", "repair"),
        (200, "User-agent: *\nDisallow: /private/\n", None),
        (200, "\ufeffUser-agent: *\nDisallow: /\n", "repair"),
        (204, "", None),
    ],
)
async def test_each_answer_for_robots_txt_means_what_rfc_9309_says(
    status: int, text: str, severe: str | None, host: Host, image: Path
) -> None:
    host.files["/a.png"], host.types["/a.png"] = image.read_bytes(), "image/png"
    host.special["/robots.txt"] = answers(status, text)
    assert severity(await seen(f"{host.url}/a.png"), "robots") == severe


async def test_a_login_in_place_of_robots_txt_tells_nothing(host: Host, image: Path) -> None:
    host.files["/a.png"], host.types["/a.png"] = image.read_bytes(), "image/png"
    host.special["/robots.txt"] = answers(302, Location="/login")
    host.special["/login"] = answers(200, "<html><body>Log in</body></html>")
    assert severity(await seen(f"{host.url}/a.png"), "robots") == "repair"


async def test_redirects_of_robots_txt_without_an_end_are_no_rules(host: Host, image: Path) -> None:
    host.files["/a.png"], host.types["/a.png"] = image.read_bytes(), "image/png"
    host.special["/robots.txt"] = answers(302, Location="/robots.txt")
    assert severity(await seen(f"{host.url}/a.png"), "robots") == "remark"


def test_no_answer_closes_a_site_as_a_failure_does() -> None:
    assert (
        Robots("failed").verdict("https://a.example/x") == judged(500, b"").verdict("https://a.example/x") == "failed"
    )


async def test_a_failing_robots_txt_is_asked_for_again_within_a_minute(
    host: Host, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.files["/a.png"], host.types["/a.png"] = image.read_bytes(), "image/png"
    host.special["/robots.txt"] = answers(500)
    kept, now = RobotsCache(), [1000.0]
    monkeypatch.setattr("treadle_threads.media.robots.time.monotonic", lambda: now[0])
    async with guarded_session(Trust.INSIDE) as session:
        first = await look(session, f"{host.url}/a.png", robots=kept)
        del host.special["/robots.txt"]
        again = await look(session, f"{host.url}/a.png", robots=kept)
        now[0] += 61
        later = await look(session, f"{host.url}/a.png", robots=kept)
    assert [severity(found, "robots") for found in (first, again, later)] == ["repair", "repair", None]


@pytest.mark.parametrize(
    ("said", "severe"),
    [
        ("binary/octet-stream", "repair"),
        ("application/octet-stream", "repair"),
        ("text/plain", "repair"),
        ("video/mp4", "repair"),
        ("", "repair"),
        ("image/png", None),
        ("image/jpeg", None),
    ],
)
async def test_the_bytes_decide_what_a_file_is_and_an_odd_type_is_copied(
    said: str, severe: str | None, host: Host, image: Path
) -> None:
    host.files["/abc123"], host.types["/abc123"] = image.read_bytes(), said
    found = await seen(f"{host.url}/abc123")
    assert severity(found, "content_type") == severe
    assert severity(found, "ending") == "remark"


async def test_the_copy_of_a_file_without_ending_or_type_has_both(
    host: Host, image: Path, service: MediaService
) -> None:
    host.files["/abc123"], host.types["/abc123"] = image.read_bytes(), "binary/octet-stream"
    made = await service.prepare(f"{host.url}/abc123")
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.url is not None
    assert made.url.endswith(".png")
    assert made.stored.content_type == "image/png"
    assert Path(made.stored.path).read_bytes() == image.read_bytes()


async def test_a_host_without_ranges_gets_its_films_copied_and_small_pictures_not(
    host: Host, image: Path, good: Path
) -> None:
    host.ranges = False
    host.files.update({"/a.png": image.read_bytes(), "/good.mp4": good.read_bytes()})
    host.types["/a.png"] = "image/png"
    assert severity(await seen(f"{host.url}/good.mp4"), "no_ranges") == "repair"
    assert severity(await seen(f"{host.url}/a.png"), "no_ranges") == "remark"


async def test_a_file_of_untold_length_is_copied(host: Host, image: Path, service: MediaService) -> None:
    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(image.read_bytes())
        return response

    host.special["/a.png"] = chunked
    assert severity(await seen(f"{host.url}/a.png"), "no_length") == "repair"
    made = await service.prepare(f"{host.url}/a.png")
    assert isinstance(made, Prepared)
    assert made.stored is not None
    assert made.stored.size == image.stat().st_size


class Names(AbstractResolver):
    """Answers one name with these addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        kinds = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in self.addresses}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in kinds.items()
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        pass


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as made:
            made.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_an_address_family_that_leads_nowhere_is_found(host: Host, image: Path) -> None:
    host.files["/a.png"], host.types["/a.png"] = image.read_bytes(), "image/png"
    port = host.url.rpartition(":")[2]
    both = await seen(f"http://media.site:{port}/a.png", Names("127.0.0.1", "::1"))
    assert [item.got for item in both.findings if item.code == "address_family"] == ["IPv6"]
    assert severity(both, "address_family") == "repair"
    one = await seen(f"http://media.site:{port}/a.png", Names("127.0.0.1"))
    assert severity(one, "address_family") is None


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "dead"),
    [
        (["answers"], ["dead"], "IPv6"),
        (["dead"], ["answers"], "IPv4"),
        (["dead", "answers"], ["answers"], None),
        (["answers"], ["unknown"], None),  # this machine has no way there
        (["answers"], ["dead", "unknown"], None),
        (["dead"], ["dead"], None),
        (["answers"], [], None),
    ],
)
def test_only_a_family_that_is_dead_beside_a_living_one_is_named(
    ipv4: list[str], ipv6: list[str], dead: str | None
) -> None:
    assert dead_family({"IPv4": ipv4, "IPv6": ipv6}) == dead  # type: ignore[dict-item]
