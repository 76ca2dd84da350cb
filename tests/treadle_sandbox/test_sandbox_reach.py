"""Clients with Meta's host in their code, run as they are: through TLS, through the proxy, from a browser's page."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Caller, Start
from treadle_sandbox import Sandbox, running
from treadle_sandbox.hosts import ANSWERED
from treadle_sandbox.tls import make_authority

CLIENTS = Path(__file__).parent / "clients"
TRUSTED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@pytest.fixture(scope="module")
def secure() -> Iterator[tuple[Sandbox, str]]:
    with running(tls=True, accounts=[{"username": "ada", "access_token": "pinned"}]) as sandbox:
        yield sandbox, "pinned"


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What the command tells people to export."""
    clean = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    proxy = {"HTTPS_PROXY": sandbox.proxy_url, "https_proxy": sandbox.proxy_url, "NODE_USE_ENV_PROXY": "1"}
    return {**clean, **proxy, **{name: str(sandbox.ca_file) for name in TRUSTED}}


def node() -> str | None:
    """Node as Playwright brings it (24 and later know NODE_USE_ENV_PROXY), else the machine's."""
    try:
        import playwright
    except ImportError:
        return None
    path = Path(playwright.__file__).parent / "driver" / "node"
    return str(path) if path.exists() else None


def java_command(sandbox: Sandbox, folder: Path) -> list[str] | None:
    java, keytool = shutil.which("java"), shutil.which("keytool")
    if java is None or keytool is None or shutil.which("javac") is None:
        return None
    store = folder / "trust.p12"
    subprocess.run(
        [keytool, "-importcert", "-noprompt", "-alias", "sandbox", "-file", str(sandbox.ca_file), "-keystore",
         str(store), "-storepass", "changeit", "-storetype", "PKCS12"], check=True, capture_output=True,
    )  # fmt: skip
    return [java, f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit",
            "-Dhttps.proxyHost=127.0.0.1", f"-Dhttps.proxyPort={sandbox.port}",
            str(CLIENTS / "Reach.java")]  # fmt: skip


def command_of(name: str, sandbox: Sandbox, folder: Path) -> list[str] | None:
    go, curl = shutil.which("go"), shutil.which("curl")
    match name:
        case "urllib" | "requests" | "aiohttp":
            return [sys.executable, str(CLIENTS / f"reach_{name}.py")]
        case "fetch":
            return [found, str(CLIENTS / "reach_fetch.mjs")] if (found := node()) else None
        case "Java":
            return java_command(sandbox, folder)
        case "Go":
            return [go, "run", str(CLIENTS / "reach.go")] if go else None
        case "curl":
            form = "media_type=TEXT&text=from curl&auto_publish_text=true"
            url = "https://graph.threads.net/v1.0/me/threads"
            return [curl, "-sS", url, "-d", form, "-d"] if curl else None
    raise AssertionError(name)


@pytest.mark.parametrize("name", ["urllib", "requests", "aiohttp", "fetch", "curl", "Java", "Go"])
def test_an_unmodified_client_posts_through_the_proxy(name: str, secure: tuple[Sandbox, str], tmp_path: Path) -> None:
    sandbox, token = secure
    command = command_of(name, sandbox, tmp_path)
    if command is None:
        pytest.skip(f"{name} is not on this machine")
    last = f"access_token={token}" if name == "curl" else token
    done = subprocess.run([*command, last], env=environment(sandbox), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    made = json.loads(done.stdout)["id"]
    assert sandbox.control.call("GET", f"/posts/{made}")["text"] == f"from {name}"
    path = sandbox.control.requests(endpoint="create")[-1]["path"]
    assert path == "/v1.0/me/threads"


def over_tls(sandbox: Sandbox, host: str) -> http.client.HTTPSConnection:
    """A connection to the port itself that believes to speak to ``host``, as an entry in /etc/hosts has it."""
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    connection = http.client.HTTPSConnection(host, sandbox.port, context=context, timeout=120)
    connection._create_connection = lambda address, *rest: __import__("socket").create_connection(  # type: ignore[attr-defined]
        (sandbox.host, address[1]), 20
    )
    return connection


@pytest.mark.parametrize("host", [*ANSWERED, "127.0.0.1", "localhost"])
def test_each_host_is_answered_over_tls_on_the_same_port(host: str, secure: tuple[Sandbox, str]) -> None:
    sandbox, token = secure
    connection = over_tls(sandbox, host)
    path = "/good.jpg" if host == "sandbox.test" else f"/v1.0/me?fields=username&access_token={token}"
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200
    assert body[:2] == b"\xff\xd8" if host == "sandbox.test" else json.loads(body)["username"] == "ada"
    connection.close()


def test_the_authority_vouches_for_nobody_else(secure: tuple[Sandbox, str]) -> None:
    sandbox, _ = secure
    with pytest.raises(ssl.SSLCertVerificationError):
        over_tls(sandbox, "example.com").request("GET", "/")
    first, second = make_authority()[0], make_authority()[0]
    assert first != second, "each run has its own"
    assert sandbox.ca_file is not None
    assert b"PRIVATE" not in sandbox.ca_file.read_bytes()


@pytest.mark.parametrize("target", ["example.com:443", "graph.facebook.com:443", "graph.threads.net.example.com:443",
                                    "169.254.169.254:80", "[2001:db8::1]:443"])  # fmt: skip
def test_the_proxy_refuses_the_rest(target: str, secure: tuple[Sandbox, str]) -> None:
    sandbox, _ = secure
    connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=120)
    connection.request("CONNECT", target)
    answer = connection.getresponse()
    assert answer.status == 403
    assert b"graph.threads.net" in answer.read()
    plain = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=120)
    plain.putrequest("GET", f"http://{target}/x", skip_host=True)
    plain.putheader("Host", target)
    plain.endheaders()
    assert plain.getresponse().status == 403


def test_a_plain_call_through_the_proxy_is_answered(secure: tuple[Sandbox, str]) -> None:
    sandbox, token = secure
    connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=120)
    connection.request("GET", f"http://graph.threads.net/v1.0/me?fields=username&access_token={token}")
    assert json.load(connection.getresponse())["username"] == "ada"


def test_a_lost_answer_is_lost_over_tls_too(secure: tuple[Sandbox, str]) -> None:
    sandbox, token = secure
    connection = over_tls(sandbox, "graph.threads.net")
    form = f"media_type=TEXT&text=%23sandbox:create_lost&auto_publish_text=true&access_token={token}"
    connection.request("POST", "/v1.0/me/threads", form, {"Content-Type": "application/x-www-form-urlencoded"})
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    assert sandbox.control.posts("ada")[-1]["text"] == "#sandbox:create_lost"


def test_a_broken_first_line_is_refused_and_the_port_lives_on(secure: tuple[Sandbox, str]) -> None:
    import socket

    sandbox, token = secure
    for unfinished in (b"CON", b"CONNECT \r\n\r\n"):
        with socket.create_connection((sandbox.host, sandbox.port), 20) as raw:
            raw.sendall(unfinished)
    for junk, said in (
        (b"\x16\x03\x01\x00\x05hello", b""),
        (b"CONNECT x\r\n" + b"a" * 20_000, b"HTTP/1.1 431 "),
        (b"\x00", b"HTTP/1.0 400 "),
    ):
        with socket.create_connection((sandbox.host, sandbox.port), 20) as raw:
            raw.sendall(junk)
            assert raw.recv(13, socket.MSG_WAITALL) == said
    test_a_plain_call_through_the_proxy_is_answered((sandbox, token))


def test_a_large_post_and_answer_pass_the_tunnel(secure: tuple[Sandbox, str]) -> None:
    sandbox, _ = secure
    connection = over_tls(sandbox, "sandbox.test")
    connection.request("GET", "/too-large.jpg")
    assert len(connection.getresponse().read()) == 8_388_609


async def test_pages_of_other_origins_are_answered_unless_switched_off(start: Start) -> None:
    ada = await start()
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type"}  # fmt: skip
    first = await ada.raw("OPTIONS", "/v1.0/me/threads", headers=asked)
    assert (first.status, first.headers["Access-Control-Allow-Origin"]) == (200, "*")
    read = await ada.raw("GET", f"/me?access_token={ada.token}", headers={"Origin": "https://app.example"})
    assert read.headers["Access-Control-Allow-Origin"] == "*"
    own = await ada.raw("GET", "/_sandbox/options", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in own.headers, "the control API is nobody else's"
    ada.sandbox.control.options(cors="off")
    first = await ada.raw("OPTIONS", "/v1.0/me/threads", headers=asked)
    assert "Access-Control-Allow-Origin" not in first.headers
    assert "Access-Control-Allow-Origin" not in (await _read(ada)).headers


async def _read(ada: Caller) -> Any:
    return await ada.raw("GET", f"/me?access_token={ada.token}", headers={"Origin": "https://app.example"})


def test_without_tls_connect_is_refused_in_words() -> None:
    with running() as sandbox:
        connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=120)
        connection.request("CONNECT", "graph.threads.net:443")
        answer = connection.getresponse()
        assert (answer.status, b"--tls" in answer.read()) == (501, True)


@pytest.mark.parametrize("host", ["graph.threads.net", "127.0.0.1", "localhost"])
def test_addresses_in_answers_are_those_that_the_client_used(secure: tuple[Sandbox, str], host: str) -> None:
    sandbox, token = secure
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))

    def ask(method: str, path: str, *, plain: bool = False, named: str = host) -> dict[str, Any]:
        if plain:
            line = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=120)
        elif named in ANSWERED:
            line = http.client.HTTPSConnection("127.0.0.1", sandbox.port, timeout=120, context=context)
            line.set_tunnel(named, 443)
        else:
            line = http.client.HTTPSConnection(named, sandbox.port, timeout=120, context=context)
        line.request(method, path, headers={"Host": named} if plain else {})
        found: dict[str, Any] = json.loads(line.getresponse().read())
        line.close()
        return found

    film = "media_type=VIDEO&video_url=https://sandbox.test/good.mp4"
    made = ask("POST", f"/v1.0/me/threads?{film}&access_token={token}")["id"]
    while ask("GET", f"/v1.0/{made}?fields=status&access_token={token}")["status"] == "IN_PROGRESS":
        sandbox.control.advance(1)
    post = ask("POST", f"/v1.0/me/threads_publish?creation_id={made}&access_token={token}")["id"]
    fields = f"/v1.0/{post}?fields=media_url,thumbnail_url,profile_picture_url&access_token={token}"
    here = f"https://{host}" if host in ANSWERED else f"https://{host}:{sandbox.port}"
    read = ask("GET", fields)
    assert {name: read[name].startswith(f"{here}/_sandbox/") for name in read if name != "id"} == {
        "media_url": True, "thumbnail_url": True, "profile_picture_url": True
    }  # fmt: skip
    profile = ask("GET", f"/v1.0/me?fields=threads_profile_picture_url&access_token={token}")
    assert profile["threads_profile_picture_url"].startswith(f"{here}/_sandbox/")
    # Without TLS Meta's hosts are the real ones, and names that are not this machine's are nobody's.
    for named in ("graph.threads.net", "elsewhere.example"):
        assert ask("GET", fields, plain=True, named=named)["media_url"].startswith(f"{sandbox.url}/_sandbox/")


@pytest.mark.parametrize("given", ["x", "ftp://x", "https://", "https://a b", "https://x/?q", "//x"])
def test_a_public_address_is_one(given: str) -> None:
    with pytest.raises(ValueError, match="http or https address"):
        Sandbox(public_url=given)
