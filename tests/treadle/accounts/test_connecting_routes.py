"""The routes: nobody gets in where they do not belong, and connecting works in a browser from end to end."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.accounts import from_meta, links
from treadle.app import App, open_app
from treadle.http import create_api
from treadle.people.keys import create_key
from treadle.store.tables import accounts, workspaces
from treadle_sandbox import Sandbox
from treadle_sandbox.webhooks import payload_json, signature, signed_request

ONE = "wsp_default"
OPEN = ("/v1/diagnose", "/v1/patterns")  # need no key


@pytest.fixture
def server(tmp_path: Path, threads_sandbox: Sandbox) -> Iterator[TestClient]:
    """A server whose Threads is a sandbox, without a worker."""
    control = threads_sandbox.control
    control.add_account("ada")
    registered = threads_sandbox.app
    settings = settings_in(
        tmp_path,
        threads_api_url=threads_sandbox.url,
        threads_authorize_url=threads_sandbox.authorize_url,
        threads_app_id=registered.id,
        threads_app_secret=registered.secret,
        public_url="http://treadle.test",
    )
    app = open_app(settings)
    with app.db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id="wsp_other", name="Other", created_at=2e9, options={}))
    with TestClient(create_api(app), base_url="http://treadle.test", raise_server_exceptions=False) as client:
        yield client
    app.close()


def app_of(server: TestClient) -> App:
    return server.app.state.treadle  # type: ignore[attr-defined,no-any-return]


def key(server: TestClient, scope: str, workspace: str = ONE) -> dict[str, str]:
    app = app_of(server)
    with app.db.begin() as conn:
        _, secret = create_key(conn, workspace, scope, [scope], app.now())
    return {"Authorization": f"Bearer {secret}"}


def templates(server: TestClient) -> list[tuple[str, str]]:
    """(method, path) of every route under /v1 that wants a key."""
    paths = server.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        if path.startswith("/v1/") and not path.startswith(OPEN)
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    ]


def routes(server: TestClient) -> list[tuple[str, str]]:
    """The same with ids filled in that are well-formed and exist nowhere."""
    return [(method, re.sub(r"\{\w+\}", "x_00000000000000000000000000", path)) for method, path in templates(server)]


def test_every_route_wants_a_key_that_is_right(server: TestClient) -> None:
    tried = routes(server)
    assert len(tried) > 40
    wrong = [{}, {"Authorization": "Bearer trd_wrong"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}]
    for method, path in tried:
        for headers in wrong:
            answer = server.request(method, path, headers=headers)
            assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_read_key_changes_nothing(server: TestClient) -> None:
    reader = key(server, "read")
    looks = {"/v1/preflight"}  # judges, and stores nothing
    changing = [(method, path) for method, path in routes(server) if method != "GET" and path not in looks]
    assert len(changing) > 20
    for method, path in changing:
        answer = server.request(method, path, headers=reader, json={})
        assert answer.status_code == 403, (method, path, answer.status_code)
        assert answer.json()["code"] == "scope_too_small"


def test_a_write_key_manages_neither_keys_nor_webhooks(server: TestClient) -> None:
    writer = key(server, "write")
    for method, path in (
        ("GET", "/v1/keys"), ("POST", "/v1/keys"), ("POST", "/v1/webhooks"),
        ("DELETE", "/v1/webhooks/whk_00000000000000000000000000"), ("POST", "/v1/workspaces"),
    ):  # fmt: skip
        assert server.request(method, path, headers=writer, json={}).status_code == 403, path


def test_ids_of_another_workspace_are_not_there(server: TestClient, threads_sandbox: Sandbox) -> None:
    mine, theirs = key(server, "admin"), key(server, "admin", "wsp_other")
    token = threads_sandbox.control.token("ada")["access_token"]
    account = server.post("/v1/accounts", headers=mine, json={"token": token}).json()["id"]
    hook = server.post("/v1/webhooks", headers=mine, json={"url": "https://a.example/"}).json()["id"]
    post = server.post(
        "/v1/posts", headers=mine, json={"account_id": account, "text": "x", "publish_at": "2031-01-01T00:00:00Z"}
    )
    assert post.status_code == 201, post.text
    post_id = post.json()["id"]
    key_id = server.get("/v1/keys", headers=mine).json()["data"][0]["id"]
    ids = {"account_id": account, "webhook_id": hook, "post_id": post_id, "key_id": key_id}
    tried = 0
    for method, template in templates(server):
        names = re.findall(r"\{(\w+)\}", template)
        if not names or not set(names) <= ids.keys():
            continue
        path = template.format(**ids)
        answer = server.request(method, path, headers=theirs, json={} if method != "GET" else None)
        assert answer.status_code in (404, 422), (method, path, answer.status_code, answer.text)
        tried += 1
    assert tried > 15
    assert server.get(f"/v1/accounts/{account}", headers=mine).status_code == 200
    assert server.get(f"/v1/webhooks/{hook}", headers=mine).json()["state"] == "active"
    assert server.get(f"/v1/posts/{post_id}", headers=mine).json()["state"] == "scheduled"


def test_webhooks_from_making_to_removing(server: TestClient) -> None:
    admin = key(server, "admin")
    made = server.post("/v1/webhooks", headers=admin, json={"url": "https://a.example/hook", "types": ["post.failed"]})
    assert made.status_code == 201
    hook = made.json()
    assert hook["secret"].startswith("whsec_")
    url = f"/v1/webhooks/{hook['id']}"
    assert "secret" not in server.get(url, headers=admin).json()
    assert server.patch(url, headers=admin, json={"paused": True}).json()["state"] == "paused"
    assert server.patch(url, headers=admin, json={"paused": False, "types": []}).json()["state"] == "active"
    assert server.post(f"{url}/secret", headers=admin).json()["secret"] != hook["secret"]
    queued = server.post(f"{url}/ping", headers=admin).json()["delivery_id"]
    listed = server.get(f"{url}/deliveries", headers=admin).json()["data"]
    assert [d["id"] for d in listed] == [queued]
    assert server.post(f"{url}/deliveries/{queued}/redeliver", headers=admin).status_code == 202
    assert "post.held" in [e["type"] for e in server.get("/v1/webhooks/events", headers=admin).json()["data"]]
    assert server.delete(url, headers=admin).status_code == 204
    assert server.get(url, headers=admin).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://a.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://a.example/", "types": ["nope"]}, "types"),
        ({"url": "https://a.example/", "types": [1]}, "types[0]"),
        ({"url": 7}, "url"),
        ({"url": "https://a.example/", "extra": 1}, "extra"),
    ],
)
def test_a_wrong_webhook_names_its_field(server: TestClient, body: dict[str, Any], field: str) -> None:
    answer = server.post("/v1/webhooks", headers=key(server, "admin"), json=body)
    assert answer.status_code == 422
    assert field in [finding["field"] for finding in answer.json()["findings"]]


# ------------------------------------------------------------------------------------------------- in a browser


def link(server: TestClient, **more: Any) -> str:
    app = app_of(server)
    with app.db.begin() as conn:
        made = links.create(conn, app.settings, ONE, now=app.now(), **more)
    assert isinstance(made, links.Link)
    return made.url.removeprefix("http://treadle.test")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def meta_window(where: str) -> str:
    """Says yes in Meta's window; the path the browser is sent back to."""
    with pytest.raises(HTTPError) as answer:
        urllib.request.build_opener(_Stay).open(f"{where}&sandbox_account=ada")
    assert answer.value.code == 302
    return str(answer.value.headers["Location"]).removeprefix("http://treadle.test")


def test_connecting_in_a_browser(server: TestClient) -> None:
    path = link(server)
    landing = server.get(path)
    assert landing.status_code == 200
    assert "Continue to Threads" in landing.text
    assert "script" not in landing.text
    assert "frame-ancestors 'none'" in landing.headers["content-security-policy"]
    assert landing.headers["referrer-policy"] == "no-referrer"
    cookie = landing.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    where = server.get(f"{path}/go", follow_redirects=False)
    assert where.status_code == 303
    done = server.get(meta_window(where.headers["location"]))
    assert done.status_code == 200, done.text
    assert "@ada is connected" in done.text
    assert server.get(path).status_code == 410


def test_without_the_cookie_nothing_is_connected(server: TestClient) -> None:
    path = link(server)
    server.get(path)
    where = server.get(f"{path}/go", follow_redirects=False).headers["location"]
    server.cookies.clear()
    back = server.get(meta_window(where))
    assert back.status_code == 400
    with app_of(server).db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(accounts)).scalar() == 0


def test_what_a_person_pastes_is_explained_and_never_shown_as_code(server: TestClient) -> None:
    path = link(server)
    said = '{"error_message": "The user has not accepted the invite to test the app", "error_code": 1349245}'
    page = server.post(f"{path}/help", data={"said": said})
    assert "invite" in page.text.lower()
    page = server.post(f"{path}/help", data={"said": "<script>alert(1)</script>"})
    assert "<script>" not in page.text


ODD = (
    "/connect/nope",
    "/connect/nope/go",
    "/threads/callback",
    "/threads/callback?code=x&state=y",
    "/threads/callback?error=%00%ff",
    "/connect/" + "x" * 3000,
)


@pytest.mark.parametrize("path", ODD)
def test_odd_addresses_end_on_a_page(server: TestClient, path: str) -> None:
    answer = server.get(path, follow_redirects=False)
    assert 400 <= answer.status_code < 500
    assert "<h1>" in answer.text


# ------------------------------------------------------------------------------------------------------ from Meta


def test_deauthorize_and_deletion(server: TestClient, threads_sandbox: Sandbox) -> None:
    token = threads_sandbox.control.token("ada")["access_token"]
    made = server.post("/v1/accounts", headers=key(server, "admin"), json={"token": token}).json()
    secret = threads_sandbox.app.secret
    facts = {"algorithm": "HMAC-SHA256", "issued_at": 4_000_000_000, "user_id": made["threads_user_id"]}
    form = {"signed_request": signed_request(secret, facts)}
    for _ in range(2):
        assert server.post("/threads/deauthorize", data=form).status_code == 200
    shown = server.get(f"/v1/accounts/{made['id']}", headers=key(server, "read")).json()
    assert shown["health"] == "reconnect"
    answers = [server.post("/threads/delete-data", data=form).json() for _ in range(2)]
    assert answers[0] == answers[1]
    status = server.get(answers[0]["url"].removeprefix("http://treadle.test"))
    assert "was deleted" in status.text
    assert answers[0]["confirmation_code"] in answers[0]["url"]
    for bad in ({}, {"signed_request": "x.y"}, {"signed_request": signed_request("wrong", facts)}):
        answer = server.post("/threads/deauthorize", data=bad)
        assert answer.status_code in (400, 403)
        assert answer.headers["content-type"] == "application/problem+json"
    assert server.get("/threads/delete-data/made-up").status_code == 404


def test_metas_webhook(server: TestClient, threads_sandbox: Sandbox) -> None:
    secret = app_of(server).settings.threads_app_secret
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": from_meta.verify_token(secret)}
    assert server.get("/threads/webhook", params=query).text == "1158201444"
    assert server.get("/threads/webhook", params={**query, "hub.verify_token": "no"}).status_code == 403
    body = payload_json({"topic": "interaction", "values": {"value": {"id": "1"}, "field": "publish"}})
    headers = {"X-Hub-Signature-256": signature(threads_sandbox.app.secret, body)}
    assert server.post("/threads/webhook", content=body, headers=headers).json() == {"ok": True, "new": True}
    assert server.post("/threads/webhook", content=body, headers=headers).json() == {"ok": True, "new": False}
    assert server.post("/threads/webhook", content=body).status_code == 403
    assert server.post("/threads/webhook", content=b"x" * 300_000).status_code == 413
