"""Looking at an address as Meta does: every way a host goes wrong is a finding with its pattern."""

# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.folders import settings_in
from tests.treadle.media.conftest import Host, Recipes
from treadle.media.hosts import REMEMBER_S, HostMemory
from treadle.media.service import MediaService
from treadle_threads.media.fetch import Look, look
from treadle_threads.media.finding import Finding
from treadle_threads.media.guard import Trust
from treadle_threads.media.isobmff import HEAD
from treadle_threads.media.remote import META_AGENT
from treadle_threads.media.robots import RobotsCache
from treadle_threads.net.session import guarded_session


async def seen(url: str, **options: object) -> Look:
    async with guarded_session(Trust.OPERATOR) as session:
        return await look(session, url, robots=RobotsCache(), **options)  # type: ignore[arg-type]


def codes(found: Look, *severities: str) -> set[str]:
    return {item.code for item in found.findings if not severities or item.severity in severities}


async def test_a_good_file_costs_one_request_and_robots(host: Host, good: Path) -> None:
    host.files["/good.mp4"] = good.read_bytes()
    found = await seen(f"{host.url}/good.mp4")
    assert codes(found) == {"url_plain_http"}
    assert found.probe is not None
    assert found.probe.video is not None
    assert [entry[:3] for entry in host.media_requests()] == [("GET", "/good.mp4", META_AGENT)]
    assert found.facts["ranges"]
    assert found.facts["size"] == good.stat().st_size


@pytest.mark.parametrize("first", [True, False])
async def test_a_large_file_costs_two_requests(first: bool, host: Host, film: Recipes) -> None:
    writer = {"movflags": "+faststart"} if first else {}
    path = film(f"long-{first}.mp4", seconds=60.0, still=True, writer=writer, options={"preset": "ultrafast"})
    data = path.read_bytes()
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    data = (
        data[:at]
        + (size + (4 << 20)).to_bytes(4, "big")
        + data[at + 4 :][: size - 4]
        + bytes(4 << 20)
        + data[at + size :]
    )
    host.files["/long.mp4"] = data
    found = await seen(f"{host.url}/long.mp4")
    assert found.probe is not None
    assert found.probe.duration_s == pytest.approx(60, abs=0.1)
    assert len(host.media_requests()) <= 2
    assert host.sent <= HEAD + max(found.probe.index_bytes, 0) * 1.1 + 1024 or not first
    assert (
        found.probe.bytes_read
        <= HEAD + found.probe.index_bytes + (0 if first else len(data) - at - size - (4 << 20)) + 1024
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "refused"), (403, "refused"), (404, "not_found"), (410, "not_found"), (429, "rate_limited"),
     (500, "server_error"), (503, "server_error"), (204, "refused")],
)  # fmt: skip
async def test_statuses(status: int, code: str, host: Host) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    host.special["/x.mp4"] = answer
    found = await seen(f"{host.url}/x.mp4")
    assert codes(found, "error") == {code}
    assert found.probe is None


async def test_a_host_that_turns_away_only_meta_is_a_warning(host: Host, good: Path) -> None:
    async def guard(request: web.Request) -> web.Response:
        if "facebook" in request.headers["User-Agent"]:
            return web.Response(status=403, text="bots, go away")
        return web.Response(body=good.read_bytes(), content_type="video/mp4")

    host.special["/x.mp4"] = guard
    found = await seen(f"{host.url}/x.mp4")
    assert codes(found, "error") == set()
    assert "meta_agent_refused" in codes(found, "remark")
    assert found.probe is not None


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/login", "<html><body><input type='password'></body></html>", "login_page"),
        ("/page", "<!doctype html><html><body>Preview</body></html>", "html"),
        ("/pw", "<html><form><input type=password></form></html>", "login_page"),
    ],
)
async def test_pages_where_a_file_should_be(path: str, body: str, code: str, host: Host) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html")

    async def to_page(request: web.Request) -> web.Response:
        raise web.HTTPFound(path)

    host.special[path] = page
    host.special["/x.mp4"] = to_page
    found = await seen(f"{host.url}/x.mp4")
    assert codes(found, "error") == {code}


async def test_redirects_are_followed_and_told(host: Host, good: Path) -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("/good.mp4")

    host.files["/good.mp4"] = good.read_bytes()
    host.special["/x.mp4"] = away
    found = await seen(f"{host.url}/x.mp4")
    assert "redirects" in codes(found, "remark")
    assert found.facts["final_url"].endswith("/good.mp4")


@pytest.mark.parametrize(
    ("target", "code"),
    [("/x.mp4", "too_many_redirects"), ("file:///etc/passwd", "url_scheme"), ("gopher://127.0.0.1/", "url_scheme")],
)
async def test_redirects_that_lead_nowhere(target: str, code: str, host: Host) -> None:
    async def away(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    host.special["/x.mp4"] = away
    assert codes(await seen(f"{host.url}/x.mp4"), "error") == {code}


async def test_a_redirect_into_the_private_network_is_refused(host: Host) -> None:
    """The first host is public as far as the rules go; its redirect names this machine by a literal address."""
    asked: list[str] = []

    async def away(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": f"http://localhost:{port}/secret.mp4"})

    from treadle_threads.media import guard

    port = int(host.url.rpartition(":")[2])
    real = guard.is_public

    def lenient(address: object) -> bool:  # as if the first connection went to a public host
        return not asked or real(address)  # type: ignore[arg-type]

    host.special["/x.mp4"] = away
    host.files["/secret.mp4"] = b"secret"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "is_public", lenient)
        async with guarded_session() as session:
            found = await look(session, f"http://127.0.0.1:{port}/x.mp4")
    assert asked == ["/x.mp4"]
    assert codes(found, "error") == {"address_private"}
    assert all(entry[1] != "/secret.mp4" for entry in host.asked)


async def test_robots_that_keep_meta_out(host: Host, good: Path) -> None:
    host.files["/good.mp4"] = good.read_bytes()
    host.files["/robots.txt"] = b"User-agent: facebookexternalhit\nDisallow: /\n"
    assert "robots" in codes(await seen(f"{host.url}/good.mp4"), "repair")
    host.files["/robots.txt"] = b"User-agent: *\nDisallow: /private/\n"
    assert "robots" not in codes(await seen(f"{host.url}/good.mp4"))


async def test_a_wrong_type_is_told(host: Host, good: Path) -> None:
    host.files["/x"] = good.read_bytes()
    host.types["/x"] = "image/jpeg"
    assert "content_type" in codes(await seen(f"{host.url}/x"), "repair")


async def test_a_host_without_ranges_and_the_index_last(host: Host, film: Recipes) -> None:
    data = film("last.mp4", writer={}).read_bytes()
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    big = (
        data[:at]
        + (size + (8 << 20)).to_bytes(4, "big")
        + data[at + 4 : at + size]
        + bytes(8 << 20)
        + data[at + size :]
    )
    host.files["/last.mp4"] = big
    host.ranges = False
    found = await seen(f"{host.url}/last.mp4")
    assert found.probe is not None
    assert not found.probe.complete
    assert found.probe.bytes_read <= 128 * 1024
    assert "no_ranges" in codes(found, "repair")
    assert "not_looked_at_whole" in codes(found) | {item.code for item in _rules(found)}


def _rules(found: Look) -> list[Finding]:
    from treadle_threads.media import validate

    assert found.probe is not None
    return list(validate(found.probe))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("x.mp4", "url_scheme"), ("/home/me/x.mp4", "url_scheme"), ("ftp://h.example/x.mp4", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"), ("data:video/mp4;base64,AAAA", "url_scheme"), ("https://", "url_invalid"),
        ("https://me:pw@h.example/x.mp4", "url_credentials"), ("https://h.example:99999/x.mp4", "url_invalid"),
        ("javascript:alert(1)", "url_scheme"), ("https://h ost.example/x.mp4", "url_invalid"), ("", "url_scheme"),
    ],
)  # fmt: skip
async def test_addresses_that_are_none(address: str, code: str) -> None:
    found = await seen(address)
    assert codes(found, "error") == {code}


async def test_nothing_listens(host: Host) -> None:
    assert codes(await seen("http://127.0.0.1:9/x.mp4"), "error") == {"unreachable"}


async def test_an_unknown_name(host: Host) -> None:
    found = await seen("https://no-such-host.invalid/x.mp4")
    assert codes(found, "error") == {"name_not_found"}


async def test_a_bad_certificate(tmp_path: Path, good: Path) -> None:
    context = _self_signed(tmp_path)

    async def serve(request: web.Request) -> web.FileResponse:
        return web.FileResponse(good)

    app = web.Application()
    app.router.add_get("/x.mp4", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        found = await seen(f"https://127.0.0.1:{runner.addresses[0][1]}/x.mp4")
    finally:
        await runner.cleanup()
    assert codes(found, "error") == {"tls"}


def _self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elsewhere.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_broken_transfer_is_told(host: Host, good: Path) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "500000", "Content-Type": "video/mp4"})
        await answer.prepare(request)
        await answer.write(good.read_bytes()[:20_000])
        assert request.transport is not None
        request.transport.abort()
        return answer

    host.special["/x.mp4"] = broken
    assert codes(await seen(f"{host.url}/x.mp4"), "error") & {"unreachable", "cut_short"}


async def test_a_silent_host_times_out(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    import aiohttp

    from treadle_threads.media import fetch

    waiting = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await waiting.wait()
        return web.Response()

    host.special["/x.mp4"] = silent
    monkeypatch.setattr(fetch, "LOOK_TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    found = await seen(f"{host.url}/x.mp4")
    waiting.set()
    assert codes(found, "error") == {"timeout"}


async def test_an_address_that_ends_before_the_post_is_due(host: Host, good: Path) -> None:
    host.files["/good.mp4"] = good.read_bytes()
    now = datetime.now(UTC)
    signed = f"{host.url}/good.mp4?X-Amz-Date={now:%Y%m%dT%H%M%SZ}&X-Amz-Expires=3600&X-Amz-Signature=secret"
    assert "expires" not in codes(await seen(signed))
    found = await seen(signed, due_at=now + timedelta(hours=2))
    assert [(item.severity, item.fix) for item in found.findings if item.code == "expires"] == [("repair", "copy")]
    assert "secret" not in str(found.facts)


async def test_an_expired_address_is_called_expired(host: Host) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="application/xml")

    host.special["/x.mp4"] = refuse
    found = await seen(f"{host.url}/x.mp4?X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-Signature=s")
    assert "expired" in codes(found, "error")


async def test_hosts_that_failed_are_remembered_within_the_workspace(tmp_path: Path) -> None:
    made = MediaService(settings_in(tmp_path, allow_private_media_hosts=True))
    try:
        first = await made.check("http://127.0.0.1:9/a.mp4", workspace="one")
        assert "host_failed_lately" not in {item.code for item in first.findings}
        again = await made.check("http://127.0.0.1:9/b.mp4", workspace="one")
        assert "host_failed_lately" in {item.code for item in again.findings}
        other = await made.check("http://127.0.0.1:9/b.mp4", workspace="two")
        assert "host_failed_lately" not in {item.code for item in other.findings}
    finally:
        await made.close()


def test_a_hosts_failure_is_forgotten_in_time_or_when_it_answers() -> None:
    clock = [0.0]
    memory = HostMemory(lambda: clock[0])
    memory.failed("w", "h", "timeout")
    memory.failed("w", "h", "not_found")  # about one file, not about the host
    noted = memory.recent("w", "h")
    assert noted is not None
    assert (noted.code, noted.times) == ("timeout", 1)
    clock[0] = REMEMBER_S + 1
    assert memory.recent("w", "h") is None
    memory.failed("w", "h", "tls")
    memory.answered("w", "h")
    assert memory.recent("w", "h") is None
