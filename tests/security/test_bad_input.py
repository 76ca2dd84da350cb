"""Malformed forms and addresses are refused; none of them makes the server fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.treadle.web.sample_data import CSRF, SESSION, add_samples, open_session, settings_for
from treadle.accounts import links
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.domain.refusal import Refusal
from treadle.http.server import routers
from treadle.people.keys import create_key
from treadle.site import build
from treadle.store.tables import workspaces
from treadle.web.page_request import SESSION_COOKIE

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def parts(*each: tuple[bytes, bytes, bytes]) -> bytes:
    return b"".join(PART % one for one in each) + b"--b--\r\n"


# name -> (content type, body)
JUNK: dict[str, tuple[str, bytes]] = {
    "empty": (FORM, b""),
    "no type": ("", b"a=1"),
    "21 fields": (FORM, b"a=1&" * 21),
    "5,000 fields": (FORM, b"&".join(b"f%d=1" % n for n in range(5000))),
    "one name 5,000 times": (FORM, b"do=1&" * 5000),
    "only separators": (FORM, b"&=&;=" * 3000),
    "not UTF-8": (FORM, b"text=%ff%fe&\xff\xfe=\xc3\x28&do=\x80"),
    "NUL": (FORM, b"do=%00&id=%00&email=%00&text=a%00b&part-0-text=%00&url=%00&post=%00&signed_request=%00"),
    "lone surrogate": (FORM, b"do=%ed%a0%80&part-0-text=%ed%a0%80&email=%ed%a0%80&said=%ed%a0%80"),
    "bad escapes": (FORM, b"do=%zz&id=%&text=%1&signed_request=%.%"),
    "odd numbers": (FORM, b"parts=99999999999999999999&version=1e999&do=repair:9:9&part=-1&lateness_h=nan&limit=-5"),
    "numbers that are none": (FORM, "parts=²&version=٣&do=up:²&part=³&lateness_h=∞".encode()),
    "odd times": (FORM, b"when=at&at=0000-00-00T99:99&zone=../../etc/passwd&from=25:99&to=x&day=99999-1-1"),
    "odd addresses": (FORM, b"url=http://[&next=//%00&return_url=http://[::1&permalink=http://]&to=http://["),
    "long words": (FORM, b"do=" + b"x" * 50_000 + b"&id=" + b"y" * 5000 + b"&email=" + b"z" * 5000),
    "JSON in a form": (FORM, b'{"a": [1, {"b": null}]}'),
    "multipart without boundary": ("multipart/form-data", b"--b--"),
    "multipart of nothing": (MULTIPART, b""),
    "multipart cut off": (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="do"\r\n\r\nch'),
    "multipart without a name": (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
    "multipart charset": (
        "multipart/form-data; boundary=b; charset=no-such-thing",
        parts((b"do", b"", b"\xff"), (b"text", b"", b"\xff")),
    ),
    "5,000 parts": (MULTIPART, parts(*[(b"f%d" % n, b"", b"1") for n in range(5000)])),
    "50 files": (MULTIPART, parts(*[(b"part-0-file", b'; filename="a%d"' % n, b"x") for n in range(50)])),
    "a file for a field": (MULTIPART, parts((b"do", b'; filename="do"', b"x"), (b"email", b'; filename="e"', b"x"))),
    "odd file name": (MULTIPART, parts((b"part-0-file", b'; filename="\xff/../\\0"', b"GIF89a"), (b"part", b"", b"0"))),
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    opened = open_app(settings_for(tmp_path_factory.mktemp("bad") / "data", "http://testserver"))
    open_session(opened)
    add_samples(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(app: App) -> Iterator[TestClient]:
    with TestClient(
        build(app), base_url="http://127.0.0.1:8700", raise_server_exceptions=False, follow_redirects=False
    ) as made:
        made.cookies.set(SESSION_COOKIE, SESSION)
        yield made


@pytest.fixture(scope="module")
def api_key(app: App) -> str:
    with app.db.begin() as conn:
        return create_key(conn, DEFAULT_WORKSPACE, "test", ["admin"], app.now())[1]


def form_routes() -> list[str]:
    """Every address that takes a form: all POST routes but those of the API, which takes JSON."""
    from treadle.web.router import routes

    pages = [route.path for route in routes() if "POST" in (route.methods or ())]
    others = [
        route.path
        for router in routers()
        for route in router.routes
        if isinstance(route, Route | APIRoute) and "POST" in (route.methods or ()) and not route.path.startswith("/v1/")
    ]
    return sorted({*pages, *others, "/v1/media"})


def test_the_routes_are_found() -> None:
    found = form_routes()
    assert {"/threads/deauthorize", "/threads/delete-data", "/connect/{token}/help", "/compose", "/login"} <= set(found)
    assert len(found) > 25


@pytest.mark.parametrize("path", [path for path in form_routes() if path != "/logout"])
def test_no_form_makes_the_server_fail(client: TestClient, path: str) -> None:
    address = re.sub(r"\{[^}]*\}", "x_00000000000000000000000000", path)
    for name, (kind, body) in JUNK.items():
        for more in ({"X-CSRF-Token": CSRF}, {}):
            headers = {"Content-Type": kind, "Accept": "text/html", **more}
            answer = client.post(address, content=body, headers=headers)
            assert answer.status_code < 500, (path, name, answer.status_code, answer.text[:300])


@pytest.mark.parametrize("path", ["/threads/deauthorize", "/threads/delete-data", "/connect/x/help"])
def test_too_many_fields_are_refused(client: TestClient, path: str) -> None:
    answer = client.post(path, content=b"a=1&" * 200, headers={"Content-Type": FORM})
    assert answer.status_code == 413


@pytest.mark.parametrize("junk", ["%00", "%ff", "%ED%A0%80", "日本", "a" * 5000, "..%2f..", "%0d%0aX-A:b", "{x}"])
def test_no_address_with_a_token_makes_the_server_fail(client: TestClient, junk: str) -> None:
    for start in ("/connect/", "/threads/delete-data/", "/guide/", "/guide/errors/", "/posts/", "/compose?post="):
        for path in (f"{start}{junk}", f"{start}{junk}/go", f"{start}{junk}/help"):
            for method in ("GET", "POST"):
                answer = client.request(method, path, headers={"Accept": "text/html"})
                assert answer.status_code < 500, (method, path, answer.text[:300])


# ---------------------------------------------------------------------------------------------------- return addresses


def make_link(app: App, address: str, *, allowed: str = "https://shop.example/app") -> links.Link | Refusal:
    with app.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options={"return_addresses": [allowed]}))
        return links.create(conn, app.settings, DEFAULT_WORKSPACE, now=app.now(), return_url=address)


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fadmin", "..%2F..%2Fadmin", "%2e%2e%2fadmin", ".%2e/admin", "%252e%252e/admin", "..%252fadmin",
        "..%5cadmin", "..;/admin", "%2e%2e;x=1/admin", "a/%2e./b", "%2e/admin", "a%2f..%2f..", "%25252e%25252e/x",
    ],
)  # fmt: skip
def test_encoded_dot_segments_are_refused(app: App, path: str) -> None:
    assert isinstance(make_link(app, f"https://shop.example/app/{path}"), Refusal)


@pytest.mark.parametrize("path", ["a%2Fb", "..a/b", "a..b", "a.b/.well-known", "x?back=../y", "x?y=%2e%2e%2f#../z"])
def test_what_has_no_dot_segments_is_allowed(app: App, path: str) -> None:
    assert isinstance(make_link(app, f"https://shop.example/app/{path}"), links.Link)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://shop.example/app/日本", "https://shop.example/app/%E6%97%A5%E6%9C%AC"),
        ("https://shop.example/app/ü?q=é#ß", "https://shop.example/app/%C3%BC?q=%C3%A9#%C3%9F"),
        ("https://shop.example/app/%E6%97%A5?a=%20", "https://shop.example/app/%E6%97%A5?a=%20"),
    ],
)
def test_a_return_address_is_kept_as_it_can_be_sent(app: App, address: str, sent: str) -> None:
    assert isinstance(make_link(app, address), links.Link)
    with app.db.read() as conn:
        kept = conn.execute(sa.text("select return_url from connect_links order by created_at desc, id desc")).scalar()
    assert kept is not None
    assert kept.isascii()
    assert links.encoded(kept) == links.encoded(sent)


def test_a_host_outside_latin_is_compared_in_its_encoded_form(app: App) -> None:
    made = make_link(app, "https://xn--wgv71a.example/app", allowed="https://日本.example/")
    assert isinstance(made, links.Link)
    assert isinstance(make_link(app, "https://日本.example.evil.example/", allowed="https://日本.example/"), Refusal)


@pytest.mark.parametrize("address", ["https://shop.example/app/\ud800", "https://shop.example:99999/app", "http://["])
def test_what_cannot_be_sent_is_refused(app: App, address: str) -> None:
    assert isinstance(make_link(app, address), Refusal)


def test_an_older_address_does_not_break_the_last_page(app: App) -> None:
    """Links made before this rule hold addresses as they were sent."""
    from treadle.accounts.pages import ConnectPage
    from treadle.http.from_meta_connect import show

    page = ConnectPage(
        ok=True, title="Connected", happened="It works.", todo=(), return_url="https://shop.example/日本"
    )
    assert show(app, page).headers["refresh"] == "3; url=https://shop.example/%E6%97%A5%E6%9C%AC"


@pytest.mark.parametrize("value", ["NaN", "1e400", "[Infinity]", '{"a": [-1e999]}', '"\\u0000"', '"\\ud800"'])
def test_options_that_cannot_be_kept_are_refused_and_poison_nothing(
    client: TestClient, api_key: str, value: str
) -> None:
    """JSON reads more numbers and characters than a database and an answer can hold."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    body = f'{{"options": {{"mine": {value}}}}}'
    answer = client.patch("/v1/workspaces/wsp_default", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert client.get("/v1/workspaces/wsp_default", headers=headers).status_code == 200
