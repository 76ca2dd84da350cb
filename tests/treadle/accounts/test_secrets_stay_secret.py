"""After a full run, everything the app wrote or answered is searched for every secret that was used."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import sqlalchemy as sa
import structlog
from starlette.testclient import TestClient

from tests.support.folders import settings_in
from treadle.accounts import links
from treadle.app import open_app
from treadle.http import create_api
from treadle.notify import alert_kinds, alerts
from treadle.people import login
from treadle.people.keys import create_key
from treadle.vault import KEY_FILE, rotate
from treadle_sandbox import Sandbox
from treadle_threads.media.guard import Trust

PASSWORD = "correct horse 7 battery"
ALERT = "alert-JHMHI8qBe7bk2ZwO5U711o3dV_js"
FINAL = {"published", "failed", "blocked", "canceled"}
OPENED = ("/", "/posts", "/accounts", "/blockers", "/login", "/settings", "/metrics", "/readyz", "/openapi.json")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """Whatever any library logs, at the lowest level, in one file."""
    path = tmp_path / "all.log"
    handler, root = logging.FileHandler(path), logging.getLogger()
    handler.setLevel(logging.DEBUG)
    for client in ("httpx", "httpx2"):  # the test's own browser, not the app
        logging.getLogger(client).setLevel(logging.WARNING)
    # Another test may have quietened libraries, as a command does.
    known = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    levels = {each: each.level for each in (root, *known) if each.name not in ("httpx", "httpx2")}
    for each in levels:
        each.setLevel(logging.DEBUG if each is root else logging.NOTSET)
    structlog.reset_defaults()
    root.addHandler(handler)
    yield path
    root.removeHandler(handler)
    for each, level in levels.items():
        each.setLevel(level)
    handler.close()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def wait_for(client: TestClient, headers: dict[str, str], ids: list[str], within_s: float = 60.0) -> dict[str, str]:
    end = time.monotonic() + within_s
    while True:
        states = {i: client.get(f"/v1/posts/{i}", headers=headers).json()["state"] for i in ids}
        if set(states.values()) <= FINAL or time.monotonic() > end:
            return states
        time.sleep(0.05)


def spellings(secret: str) -> set[bytes]:
    """A secret as it might stand somewhere: bare, in an address, in JSON, in base 64 from its start."""
    forms = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return {form.encode() for form in forms} | {b64encode(secret.encode())[: len(secret) // 3 * 4]}


@pytest.mark.long
def test_nothing_secret_is_written_or_answered(
    tmp_path: Path,
    threads_sandbox: Sandbox,
    log_file: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    control, data = threads_sandbox.control, tmp_path / "treadle-data"
    control.add_account("ada")
    control.add_account("bob")
    settings = settings_in(
        tmp_path, threads_api_url=threads_sandbox.url, threads_authorize_url=threads_sandbox.authorize_url,
        threads_app_id=threads_sandbox.app.id, threads_app_secret=threads_sandbox.app.secret,
        public_url="http://treadle.test", allow_private_media_hosts=True, time_scale=0.02, log_level="debug",
    )  # fmt: skip
    app = open_app(settings)
    secrets: dict[str, str] = {"app secret": threads_sandbox.app.secret, "password": PASSWORD, "alert target": ALERT}
    # The receiver is on this machine, where only the operator's targets may be.
    monkeypatch.setattr(alerts, "parse", lambda text, trust: alert_kinds.parse(text, Trust.OPERATOR))
    said: list[tuple[str, str]] = []
    with app.db.begin() as conn:
        _, secrets["key"] = create_key(conn, "wsp_default", "all", ["admin"], app.now())
        made = links.create(conn, settings, "wsp_default", now=app.now())
        assert isinstance(made, links.Link)
        secrets["link"] = made.url.rsplit("/", 1)[1]
        target = f"json://{urlsplit(threads_sandbox.url).netloc}/{ALERT}"
        assert alerts.set_urls(conn, app.vault, "wsp_default", [target]) is None
    admin = {"Authorization": f"Bearer {secrets['key']}"}
    app.start_worker()
    try:
        with TestClient(create_api(app), base_url="http://treadle.test", raise_server_exceptions=False) as client:
            # Two accounts: one through the window, one by token.
            assert client.get(f"/connect/{secrets['link']}").status_code == 200
            window = client.get(f"/connect/{secrets['link']}/go", follow_redirects=False).headers["location"]
            with pytest.raises(HTTPError) as sent_back:
                urllib.request.build_opener(_Stay).open(f"{window}&sandbox_account=ada")
            back = str(sent_back.value.headers["Location"])
            secrets["code"] = parse_qs(urlsplit(back).query)["code"][0]
            said.append(("callback", client.get(back.removeprefix("http://treadle.test")).text))
            secrets["given token"] = control.token("bob")["access_token"]
            added = client.post("/v1/accounts", headers=admin, json={"token": secrets["given token"]})
            said.append(("add", added.text))
            hook = client.post("/v1/webhooks", headers=admin, json={"url": f"{threads_sandbox.url}/nowhere"}).json()
            secrets["webhook secret"] = hook["secret"]
            with app.db.read() as conn:
                for number, sealed in enumerate(conn.execute(sa.text("SELECT token_enc FROM accounts")).scalars()):
                    secrets[f"stored token {number}"] = app.vault.open(sealed)
            # Posts that go out, that fail at every stage, that meet a dead token.
            accounts = client.get("/v1/accounts", headers=admin).json()["data"]
            by_name = {account["username"]: account["id"] for account in accounts}
            ids: list[str] = []
            for endpoint, answer in (
                (None, None),
                ("create", {"status": 400, "body": {"error": {"code": 987, "message": secrets["given token"]}}}),
                ("publish", {"drop": True}),
                ("create", {"status": 500, "body": f"<html>token={secrets['given token']}</html>"}),
            ):
                if endpoint:
                    control.call("POST", "/faults", {"endpoint": endpoint, "answer": answer})
                body = {"account_id": by_name["bob"], "text": f"post {endpoint} {len(ids)}"}
                ids.append(client.post("/v1/posts", headers=admin, json=body).json()["id"])
                wait_for(client, admin, ids[-1:])
            control.revoke("ada")
            body = {"account_id": by_name["ada"], "text": "with a dead token"}
            ids.append(client.post("/v1/posts", headers=admin, json=body).json()["id"])
            states = wait_for(client, admin, ids)
            assert states[ids[0]] == "published"
            assert states[ids[-1]] == "blocked"
            said.append(("recheck", client.post(f"/v1/accounts/{by_name['ada']}/recheck", headers=admin).text))
            wrong = client.post("/v1/accounts", headers=admin, json={"token": secrets["given token"][:-4] + "XXXX"})
            said.append(("wrong token", wrong.text.replace(secrets["given token"][:-4] + "XXXX", "")))
            # Somebody logs in.
            now, who = app.now(), "ada@example.com"
            asyncio.run(login.add_user(app.db, "wsp_default", who, PASSWORD, actor="cli", now=now))
            entered = asyncio.run(login.login(app.db, who, PASSWORD, address="a", now=now))
            assert isinstance(entered, login.Session)
            secrets["session"] = entered.token
            client.cookies.set("treadle_session", entered.token)
            # Everything that can be read is read.
            paths = [*OPENED, "/v1/accounts", "/v1/posts", "/v1/blockers", "/v1/webhooks", "/v1/keys", "/v1/workspaces"]
            paths += (
                [f"/v1/posts/{i}" for i in ids] + [f"/v1/posts/{i}/events" for i in ids] + [f"/posts/{i}" for i in ids]
            )
            paths += [f"/v1/accounts/{i}" for i in by_name.values()] + [f"/v1/webhooks/{hook['id']}/deliveries"]
            for path in paths:
                page = client.get(path, headers=admin)
                said.append((path, page.text + str(page.headers)))
            with app.db.begin() as conn:
                rotate(conn, app.vault)
    finally:
        app.close()
    with sqlite3.connect(data / "treadle.sqlite") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # The oldest pages of the database may hold what was deleted since: the file is searched as it is.
    written = {str(path): path.read_bytes() for path in data.rglob("*") if path.is_file() and path.name != KEY_FILE}
    written[str(log_file)] = log_file.read_bytes()
    captured = capfd.readouterr()
    written["output"] = (captured.out + captured.err).encode()
    written["arguments"] = b"\0".join(Path(f"/proc/{os.getpid()}/cmdline").read_bytes().split(b"\0"))
    written.update({f"answer of {where}": text.encode() for where, text in said})
    assert len(written["output"]) + len(written[str(log_file)]) > 1000, "the logs were searched, so there must be some"
    found = [
        f"{name} in {where}"
        for name, secret in secrets.items()
        for form in spellings(secret)
        for where, content in written.items()
        if form in content
    ]
    # The landing page and the callback are the link's own pages: they lead back to it.
    assert [hit for hit in found if hit != "link in answer of callback"] == []
