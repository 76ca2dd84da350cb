"""A form is read with bounds, and its files only after its token: nobody fills the disk with what is then refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.security.sites import browser, csrf_of, opened, person
from treadle.app import App
from treadle.web import forms

EDGE = "edge"
PIECE = b"x" * 65_536
PIECES = 2_000  # 131 MB, if anybody reads them


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data") as (app, site):
        person(app)
        yield app, site


def field(name: str, value: str) -> bytes:
    return f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(name: str = "file") -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"; filename="a.mp4"\r\n'
    return f"{head}Content-Type: video/mp4\r\n\r\n".encode()


async def send_slowly(
    site: FastAPI, path: str, cookies: str, begin: bytes, kind: str, more: tuple[tuple[str, str], ...] = ()
) -> tuple[int, int]:
    """Status, and how many of the pieces were taken before it."""
    taken, status = 0, 0
    headers = (("host", "localhost"), ("cookie", cookies), ("content-type", kind), *more)

    async def receive() -> dict[str, Any]:
        nonlocal taken, begin
        if begin:
            body, begin = begin, b""
            return {"type": "http.request", "body": body, "more_body": True}
        taken += 1
        return {"type": "http.request", "body": PIECE, "more_body": taken < PIECES}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8700),
    }  # fmt: skip
    await site(scope, receive, send)
    return status, taken


MULTIPART = f"multipart/form-data; boundary={EDGE}"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/logout", "/me", "/keys", "/compose", "/compose/upload", "/posts/replace"])
def test_files_without_the_token_are_not_read(served: tuple[App, FastAPI], path: str) -> None:
    _, site = served
    session = browser(site).cookies["treadle_session"]
    for begin in (file(), field("csrf", "guessed") + file(), field("x", "y") + file()):
        status, taken = asyncio.run(send_slowly(site, path, f"treadle_session={session}", begin, MULTIPART))
        assert status in (400, 403)
        assert taken == 0


def test_a_wrong_header_is_enough_to_stop(served: tuple[App, FastAPI]) -> None:
    _, site = served
    session = browser(site).cookies["treadle_session"]
    cookie, wrong = f"treadle_session={session}", (("x-csrf-token", "guessed"),)
    for kind in (MULTIPART, URLENCODED, "text/plain"):
        assert asyncio.run(send_slowly(site, "/compose/upload", cookie, file(), kind, wrong)) == (403, 0)


@pytest.mark.parametrize("kind", [MULTIPART, URLENCODED])
@pytest.mark.parametrize(("path", "known"), [("/me", True), ("/compose", True), ("/login", False)])
def test_fields_have_a_bound_whoever_sends_them(served: tuple[App, FastAPI], kind: str, path: str, known: bool) -> None:
    _, site = served
    client = browser(site)
    csrf, cookie = csrf_of(client, "/me"), f"treadle_session={client.cookies['treadle_session']}"
    if not known:
        csrf, cookie = "seen", "treadle_first=seen"
    start = field("csrf", csrf) if kind == MULTIPART else f"csrf={csrf}&".encode()
    many = (field("a", "x") if kind == MULTIPART else b"a=x&") + (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="b"\r\n\r\n'.encode() if kind == MULTIPART else b"b="
    )
    status, taken = asyncio.run(send_slowly(site, path, cookie, start + many, kind))
    assert status in (400, 413)
    assert taken * len(PIECE) <= forms.FIELDS_MOST + len(PIECE)


def test_a_length_that_is_too_large_is_refused_at_once(served: tuple[App, FastAPI]) -> None:
    _, site = served
    client = browser(site)
    cookie = f"treadle_session={client.cookies['treadle_session']}"
    for path, most in (("/logout", forms.FIELDS_MOST), ("/compose", forms.FILES_MOST)):
        told = (("content-length", str(most + 1)),)
        assert asyncio.run(send_slowly(site, path, cookie, b"", MULTIPART, told)) == (413, 0)
    told = (("content-length", "9" * 400),)
    assert asyncio.run(send_slowly(site, "/login", "", b"", URLENCODED, told)) == (413, 0)


def test_a_file_after_the_token_is_read(served: tuple[App, FastAPI]) -> None:
    _, site = served
    client = browser(site)
    csrf = csrf_of(client, "/me")
    sent = {"csrf": csrf, "part": "0"}
    answer = client.post("/compose/upload", data=sent, files={"file": ("a.txt", b"no media", "text/plain")})
    assert answer.status_code in (200, 422)
    by_header = client.post(
        "/compose/upload", files={"file": ("a.txt", b"no media", "text/plain")}, headers={"X-CSRF-Token": csrf}
    )
    assert by_header.status_code == answer.status_code


def test_pages_put_the_token_before_their_files() -> None:
    """A form without script is read in its order."""
    from importlib import resources

    with_files = 0
    for template in (resources.files("treadle.web") / "templates").iterdir():
        text = template.read_text(encoding="utf-8")
        for form in text.split("<form")[1:]:
            inside = form.partition("</form>")[0]
            if 'enctype="multipart/form-data"' in inside:
                token = max(inside.find("csrf_field(csrf)"), inside.find('name="csrf"'))
                files = inside.find('type="file"')
                assert token >= 0, template.name
                assert files < 0 or token < files, template.name
                with_files += files >= 0
    assert with_files, "no form with files was looked at"
