"""Accounts, blockers, media, keys, workspaces, export and causes over HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from tests.treadle.http.conftest import Site, add_samples
from treadle import diagnose
from treadle.app import open_app
from treadle.services.events import Hub
from treadle.settings import Settings
from treadle.store.blockers import open_blocker
from treadle.store.exporting import EXPORTED, INSIDE_OTHERS
from treadle.store.tables import (
    accounts,
    alerts,
    api_keys,
    comments,
    connect_links,
    idempotency,
    imports,
    login_links,
    members,
    metadata,
    post_blockers,
    posts,
    queues,
    unknown_answers,
    users,
)
from treadle_sandbox.server import Sandbox

REVOKED = {
    "error": {"message": "Error validating access token", "type": "OAuthException", "code": 190, "error_subcode": 460}
}


@pytest.fixture
def live(data_dir: Path, threads_sandbox: Sandbox) -> Iterator[Site]:
    """A site whose Threads is the sandbox; no worker runs."""
    app = open_app(
        Settings(
            threads_api_url=threads_sandbox.url,
            threads_authorize_url=threads_sandbox.authorize_url,
            threads_app_id="1234567890",
            threads_app_secret="a-secret-for-the-sandbox",
            allow_private_media_hosts=True,
            time_scale=0.01,
        )
    )
    yield add_samples(app)
    app.close()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (30, 60, 90)).save(out, "JPEG")
    return out.getvalue()


# ---------------------------------------------------------------- accounts


def test_an_account_comes_by_token_and_is_looked_at(live: Site, threads_sandbox: Sandbox) -> None:
    mia = threads_sandbox.control.add_account("mia")
    client = live.client("write")
    made = client.post("/v1/accounts", json={"token": mia["access_token"]})
    assert made.status_code == 201, made.text
    account = made.json()
    assert (account["username"], account["health"], account["connected"]) == ("mia", "active", True)
    assert mia["access_token"] not in made.text
    path = made.headers["location"]
    assert client.get(path).json()["reconnect_would"] == {"sends": [], "holds": []}
    assert client.post(f"{path}/recheck").json()["health"] == "active"
    quota = client.get(f"{path}/quota").json()
    assert (quota["posts"]["used"], quota["posts"]["total"], quota["live"]) == (0, 250, True)
    assert client.get(f"{path}/quota", params={"live": "false"}).json()["live"] is False
    assert client.patch(path, json={"paused": True}).json()["paused"] is True
    assert client.patch(path, json={"paused": "yes"}).status_code == 422
    link = client.post(f"{path}/reconnect")
    assert link.status_code == 201
    assert "/connect/" in link.json()["url"]
    threads_sandbox.control.revoke("mia")
    dead = client.post(f"{path}/recheck").json()
    assert dead["health"] == "reconnect"
    assert dead["cause"]["action"] == "reconnect"
    refused = client.get(f"{path}/quota")
    assert (refused.status_code, refused.json()["code"]) == (424, "threads_refused")
    assert "/guide/errors/" in refused.json()["type"]
    assert client.delete(path).status_code == 204
    assert client.post(f"{path}/recheck").status_code == 409


def test_a_token_that_is_none_is_a_problem_with_a_guide_page(live: Site) -> None:
    answer = live.client("write").post("/v1/accounts", json={"token": "not a token"})
    assert answer.status_code == 424
    assert answer.json()["cause"]["pattern"]
    assert "/guide/errors/" in answer.json()["type"]
    assert live.client("write").post("/v1/accounts", json={"token": " "}).status_code == 422


def test_a_connect_link_needs_an_allowed_return_address(live: Site) -> None:
    client = live.client("admin")
    no = client.post("/v1/accounts/connect", json={"return_url": "https://app.example/back"})
    assert no.json()["findings"][0]["field"] == "return_url"
    client.patch(f"/v1/workspaces/{live.workspace}", json={"options": {"return_addresses": ["https://app.example"]}})
    yes = client.post("/v1/accounts/connect", json={"return_url": "https://app.example/back"})
    assert yes.status_code == 201
    assert client.post("/v1/accounts/connect").status_code == 201
    assert client.post("/v1/accounts/connect", json={"scopes": ["everything"]}).status_code == 422


# ---------------------------------------------------------------- blockers


def block(site: Site, account_id: str, text: str = "waits") -> tuple[str, str]:
    """A post behind a blocker of its account: (post, blocker)."""
    post = site.client("write").post("/v1/posts", json={"account_id": account_id, "text": text}).json()
    now = site.app.now()
    with site.app.db.begin() as conn:
        blocker = open_blocker(
            conn, diagnose(REVOKED), scope="account", key=account_id, workspace_id=site.workspace, now=now
        )
        conn.execute(sa.update(posts).where(posts.c.id == post["id"]).values(state="blocked", next_at=None))
        conn.execute(sa.insert(post_blockers).values(post_id=post["id"], blocker_id=blocker))
    return post["id"], blocker


def test_a_recheck_says_first_what_it_will_send(live: Site, threads_sandbox: Sandbox) -> None:
    mia = threads_sandbox.control.add_account("mia")
    account = live.client("write").post("/v1/accounts", json={"token": mia["access_token"]}).json()["id"]
    post, blocker = block(live, account)
    client, path = live.client("write"), f"/v1/blockers/{blocker}"
    [listed] = client.get("/v1/blockers").json()["data"]
    assert (listed["id"], listed["posts_waiting"]) == (blocker, 1)
    assert client.get(path).json()["would"] == {"sends": [post], "holds": []}
    shown = client.post(f"{path}/recheck", json={"preview": True}).json()
    assert (shown["verdict"], shown["sends"]) == (None, [post])
    assert client.get(f"/v1/posts/{post}").json()["state"] == "blocked"
    threads_sandbox.control.revoke("mia")
    assert client.post(f"{path}/recheck").json()["verdict"] == "still"
    with live.app.db.begin() as conn:
        fresh = live.app.vault.seal(threads_sandbox.control.token("mia")["access_token"])
        conn.execute(sa.update(accounts).where(accounts.c.id == account).values(token_enc=fresh))
    done = client.post(f"{path}/recheck").json()
    assert (done["verdict"], done["released"]) == ("repaired", [post])
    assert client.post(f"{path}/recheck").json()["code"] == "is_repaired"
    assert client.get("/v1/blockers").json()["data"] == []
    assert len(client.get("/v1/blockers", params={"repaired": "true"}).json()["data"]) == 1


def test_causes_come_in_pages(any_site: Site) -> None:
    site, ids = any_site, list[str]()
    for n in range(5):
        with site.app.db.begin() as conn:
            made = open_blocker(
                conn, diagnose(REVOKED), scope="account", key=f"acc_{n}", workspace_id=site.workspace, now=1000.0 + n
            )
        ids.insert(0, made)
    client, after, seen = site.client("read"), None, []
    for _ in range(3):
        page = client.get("/v1/blockers", params={"limit": 2, **({"after": after} if after else {})}).json()
        seen.append([blocker["id"] for blocker in page["data"]])
        after = page["next"]
    assert (seen, after) == ([ids[:2], ids[2:4], ids[4:]], None)
    assert client.get("/v1/blockers", params={"after": "nonsense"}).status_code == 422


def test_a_cause_of_everybody_takes_an_admin_key(site: Site) -> None:
    with site.app.db.begin() as conn:
        blocker = open_blocker(
            conn, diagnose(REVOKED), scope="app", key="1234567890", workspace_id=site.workspace, now=site.app.now()
        )
    assert site.client("read").get(f"/v1/blockers/{blocker}").status_code == 200
    refused = site.client("write").post(f"/v1/blockers/{blocker}/recheck")
    assert (refused.status_code, refused.json()["needs"]) == (403, "admin")


# ---------------------------------------------------------------- media


def test_files_come_in_three_ways_and_are_used(live: Site) -> None:
    client = live.client("write")
    form = client.post("/v1/media", files={"file": ("loom.jpg", picture(), "image/jpeg")})
    assert form.status_code == 201, form.text
    raw = client.post("/v1/media?filename=raw.jpg", content=picture(), headers={"Content-Type": "image/jpeg"})
    assert (raw.status_code, raw.json()["kind"], raw.json()["ok"]) == (201, "image", True)
    page = client.get("/v1/media", params={"limit": 1}).json()
    assert [item["id"] for item in page["data"]] == [raw.json()["id"]]
    second = client.get("/v1/media", params={"limit": 1, "after": page["next"]}).json()
    assert [item["id"] for item in second["data"]] == [form.json()["id"]]
    file_id = form.json()["id"]
    body = {"account_id": live.account, "text": "x", "media": [{"id": file_id}]}
    looked = client.post("/v1/preflight", json=body).json()
    assert (looked["ok"], looked["media"][0]["kind"]) == (True, "image")
    post = client.post("/v1/posts", json=body)
    assert post.status_code == 201
    used = client.delete(f"/v1/media/{file_id}")
    assert (used.status_code, used.json()["post_id"]) == (409, post.json()["id"])
    client.post(f"/v1/posts/{post.json()['id']}/cancel")
    assert client.delete(f"/v1/media/{file_id}").status_code == 204
    assert client.get(f"/v1/media/{file_id}").status_code == 404


def test_preflight_says_that_a_file_of_ours_cannot_be_fetched_as_the_server_is_set_up(
    live: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public address is this machine's, and Threads is the real one."""
    client = live.client("write")
    kept = client.post("/v1/media", files={"file": ("loom.jpg", picture(), "image/jpeg")}).json()["id"]
    body = {"account_id": live.account, "text": "x", "media": [{"id": kept}]}
    sound = client.post("/v1/preflight", json=body).json()
    assert sound["ok"] is True
    (own,) = sound["media"]
    real = {"threads_api_url": "https://graph.threads.net", "allow_private_media_hosts": False}
    monkeypatch.setattr(live.app, "settings", live.app.settings.model_copy(update=real))
    looked = client.post("/v1/preflight", json=body).json()
    assert looked["ok"] is False
    (medium,) = looked["media"]
    first = medium["findings"][0]
    assert (first["pattern"], first["severity"], first["who"]) == ("public_url_unreachable", "error", "operator")
    assert "TREADLE_PUBLIC_URL" in first["message"]
    assert "Nothing is known to be wrong with the file" in first["way_out"]
    assert medium == {**own, "findings": [first, *own["findings"]]}  # the file's own verdict and plan
    unlooked = client.post("/v1/preflight", params={"media": False}, json=body).json()
    assert unlooked["ok"] is False
    (said,) = unlooked["findings"]
    assert {name: said[name] for name in ("field", "rule", "severity", "message", "way_out", "pattern")} == {
        "field": "media[0]",
        **{name: first[name] for name in ("rule", "severity", "message", "way_out", "pattern")},
    }
    plain = client.post("/v1/preflight", json={"account_id": live.account, "text": "x"}).json()
    assert plain["ok"] is True


@pytest.mark.parametrize("content", [b"", b"this is no picture"])
def test_what_is_no_picture_is_refused_in_words(live: Site, content: bytes) -> None:
    answer = live.client("write").post("/v1/media", files={"file": ("x.jpg", content)})
    assert answer.status_code == 422, answer.text
    assert answer.json()["findings"][0]["message"]
    assert live.client().get("/v1/media").json()["data"] == []


def test_forms_without_a_file_are_refused(live: Site) -> None:
    client = live.client("write")
    assert client.post("/v1/media", data={"file": "text"}, files={"other": b"x"}).status_code == 422
    broken = client.post("/v1/media", content=b"--x\r\n", headers={"Content-Type": "multipart/form-data"})
    assert broken.status_code == 422
    assert client.post("/v1/media", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post("/v1/media", json={"url": "file:///etc/passwd"}).status_code == 422


def test_a_repair_is_begun_watched_and_taken(live: Site) -> None:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (30, 60, 90)).save(out, "WEBP")
    with live.client("write") as client:
        made = client.post("/v1/media", files={"file": ("loom.webp", out.getvalue())}).json()
        assert made["report"]["plan"]["kind"] == "image"
        path = f"/v1/media/{made['id']}"
        begun = client.post(f"{path}/repair", json={})
        assert (begun.status_code, begun.json()["job"]["state"]) == (202, "running")
        while (seen := client.get(path).json())["job"]["state"] == "running":
            pass
        assert seen["job"]["state"] == "done", seen["job"]
        fixed = client.get(f"/v1/media/{seen['prepared']['id']}").json()
        assert (fixed["content_type"], fixed["ok"]) == ("image/jpeg", True)
        assert client.post(f"{path}/repair", json={"on_too_long": "cut"}).status_code == 422
        assert client.delete(f"{path}/repair").status_code == 409


def test_preflight_says_what_stands_in_the_way(live: Site) -> None:
    client = live.client("read")
    with live.app.db.begin() as conn:
        values = {"health": "reconnect", "health_cause": diagnose(REVOKED).to_json(), "scopes": ["threads_basic"]}
        conn.execute(sa.update(accounts).where(accounts.c.id == live.account).values(**values))
    found = client.post("/v1/preflight", json={"account_id": live.account, "text": "x" * 501}).json()
    assert found["ok"] is False
    assert {f["rule"] for f in found["findings"]} == {"text_too_long", "account_health", "scope_missing"}
    assert found["scopes"]["missing"] == ["threads_content_publish"]
    assert client.post("/v1/preflight", json=[]).json()["ok"] is False


# ---------------------------------------------------------------- causes


def test_diagnose_takes_what_people_have(site: Site) -> None:
    client = site.client("read")
    found = client.post(
        "/v1/diagnose", json={"id": "7", "stage": "publish", "http_status": 400, "body": REVOKED}
    ).json()
    assert (found["id"], found["action"]) == ("7", "reconnect")
    assert client.post("/v1/diagnose", json=REVOKED).json()["pattern"] == found["pattern"]
    pasted = client.post("/v1/diagnose", content=json.dumps(REVOKED), headers={"Content-Type": "text/plain"})
    assert pasted.json()["pattern"] == found["pattern"]
    for nothing in (b"{}", b'""', b"null", b"[]"):
        answer = client.post("/v1/diagnose", content=nothing, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, nothing
        assert answer.json()["diagnosis"]["pattern"] == "nothing_to_diagnose"


def test_diagnose_refuses_facts_that_nobody_knows(site: Site) -> None:
    client = site.client("read")

    def findings(context: object, **more: object) -> list[tuple[str, str]]:
        answer = client.post("/v1/diagnose", json={"body": REVOKED, "context": context, **more})
        assert answer.status_code in (200, 422)
        return [(one["field"], one["rule"]) for one in answer.json().get("findings", [])]

    assert findings({"unclear_befor": True, "me_ok": "yes", "media_kind": "video"}) == [
        ("context.unclear_befor", "unknown_field"),
        ("context.me_ok", "unknown_value"),
    ]
    assert findings([1]) == [("context", "unknown_value")]
    assert findings({"unclear_before": True, "container_age_s": 90000}) == []
    assert findings({"request": "7"}, level="error") == []  # another program's record: diagnosed as it came


def test_the_catalogue(site: Site) -> None:
    client = site.client("read")
    everything = client.get("/v1/patterns").json()["data"]
    assert len(everything) > 50
    fetch = client.get("/v1/patterns", params={"lane": "media_fetch"}).json()["data"]
    assert fetch
    assert {p["lane"] for p in fetch} == {"media_fetch"}
    one = client.get("/v1/patterns/session has been invalidated").json()
    assert one["what_happened"]
    assert one["examples"]
    assert client.get("/v1/patterns/nope").status_code == 404
    assert client.get("/v1/patterns", params={"lane": "nope"}).status_code == 422


def test_unknown_answers_are_those_of_the_own_posts(site: Site) -> None:
    post = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": "x"}).json()["id"]
    row = {"count": 3, "first_at": 1.0, "last_at": 2.0, "sample": {"body": "?"}}
    with site.app.db.begin() as conn:
        conn.execute(sa.insert(unknown_answers).values(shape="mine", post_id=post, **row))
        conn.execute(sa.insert(unknown_answers).values(shape="nobody's", post_id=None, **row))
    data = site.client("read").get("/v1/unknown-answers").json()["data"]
    assert [(entry["shape"], entry["count"]) for entry in data] == [("mine", 3)]
    assert site.client("other").get("/v1/unknown-answers").json()["data"] == []


# ---------------------------------------------------------------- workspace


def test_keys_are_shown_once_and_end_at_once(site: Site) -> None:
    admin = site.client("admin")
    made = admin.post("/v1/keys", json={"name": "ci", "scopes": ["read"], "expires_at": "2040-01-01T00:00:00Z"})
    assert made.status_code == 201
    secret, key_id = made.json()["key"], made.json()["id"]
    new = site.client("")
    new.headers["Authorization"] = f"Bearer {secret}"
    assert new.get("/v1/posts").status_code == 200
    assert new.post("/v1/posts", json={}).json()["needs"] == "write"
    listed = admin.get("/v1/keys")
    assert secret not in listed.text
    assert {key["name"] for key in listed.json()["data"]} >= {"ci", "admin"}
    assert admin.delete(f"/v1/keys/{key_id}").status_code == 204
    assert new.get("/v1/posts").json()["code"] == "key_wrong"
    own = next(key["id"] for key in listed.json()["data"] if key["name"] == "admin")
    assert admin.delete(f"/v1/keys/{own}").status_code == 409
    wishes: list[dict[str, object]] = [{"scopes": []}, {"scopes": ["root"]}, {"x": 1}]
    for wrong in (*wishes, {"expires_at": "2001-01-01"}, {"expires_at": "soon"}):
        assert admin.post("/v1/keys", json=wrong).status_code == 422


def test_workspaces_are_made_by_the_operator_alone(any_site: Site) -> None:
    site = any_site
    made = site.client("admin").post("/v1/workspaces", json={"name": "Customer"})
    assert made.status_code == 201
    tenant = site.client("")
    tenant.headers["Authorization"] = f"Bearer {made.json()['key']}"
    assert [w["id"] for w in tenant.get("/v1/workspaces").json()["data"]] == [made.json()["id"]]
    assert tenant.post("/v1/workspaces", json={"name": "More"}).json()["code"] == "house_only"
    assert tenant.get(f"/v1/workspaces/{site.workspace}").status_code == 404
    assert tenant.patch(f"/v1/workspaces/{site.workspace}", json={"paused": True}).status_code == 404
    assert len(site.client("admin").get("/v1/workspaces").json()["data"]) == 3
    assert site.client("write").post("/v1/workspaces", json={"name": "x"}).status_code == 403


def test_a_pause_and_options(site: Site) -> None:
    path = f"/v1/workspaces/{site.workspace}"
    client = site.client("admin")
    assert client.patch(path, json={"paused": True, "name": "Renamed"}).json()["paused"] is True
    hours, back = {"from": "22:00", "to": "07:00"}, ["https://a.example"]
    kept = client.patch(path, json={"options": {"quiet_hours": hours, "return_addresses": back}}).json()
    assert (kept["name"], kept["options"]) == ("Renamed", {"quiet_hours": hours, "return_addresses": back})
    left = client.patch(path, json={"options": {"quiet_hours": None, "b": None}}).json()
    assert left["options"] == {"return_addresses": back}
    for wrong in (
        {"options": {"x": "\x00"}},
        {"name": " "},
        {"paused": 1},
        {"nothing": 1},
        {"options": {"x": "y" * 20_000}},
    ):
        assert client.patch(path, json=wrong).status_code == 422, wrong
    bad = client.patch(path, content=b'{"options": {"x": "\\ud800"}}', headers={"Content-Type": "application/json"})
    assert bad.status_code == 422


def test_export_holds_everything_and_no_secret(site: Site) -> None:
    client = site.client("write")
    ids = [client.post("/v1/posts", json={"account_id": site.account, "text": f"p{n}"}).json()["id"] for n in range(5)]
    client.post(
        "/v1/posts", json={"account_id": site.account, "text": "x", "publish_at": "2040-01-01T00:00", "zone": "UTC"}
    )
    eve = site.client("other").post("/v1/posts", json={"account_id": site.other_account, "text": "eve's"})
    assert eve.status_code == 201
    assert site.client("read").get("/v1/export").status_code == 403
    answer = site.client("admin").get("/v1/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    exported = [line["data"]["id"] for line in lines if line["type"] == "post"]
    assert set(ids) <= set(exported)
    assert len(exported) == 6
    assert all(line["data"]["events"] for line in lines if line["type"] == "post")
    assert lines[-1] == {"type": "end", "data": {"complete": True}}
    assert {"workspace", "account", "post", "key", "change"} <= {line["type"] for line in lines}
    with site.app.db.read() as conn:
        hashes = list(conn.execute(sa.select(api_keys.c.key_hash)).scalars())
    for secret in ("THAAada", site.other_account, "eve's", *site.keys.values(), *hashes):
        assert secret not in answer.text


def test_every_table_of_a_workspace_is_exported_or_left_out_with_a_reason() -> None:
    owned = {name for name, table in metadata.tables.items() if "workspace_id" in table.c}
    assert owned == EXPORTED | set(INSIDE_OTHERS)
    assert not EXPORTED & set(INSIDE_OTHERS)
    assert all(INSIDE_OTHERS.values())


def test_export_holds_links_alerts_and_idempotency_keys(site: Site) -> None:
    with site.app.db.begin() as conn:
        theirs = conn.execute(
            sa.select(accounts.c.workspace_id).where(accounts.c.id == site.other_account)
        ).scalar_one()
        mine = conn.execute(sa.select(accounts.c.workspace_id).where(accounts.c.id == site.account)).scalar_one()
        for workspace, n in ((mine, "mine"), (theirs, "theirs")):
            conn.execute(
                connect_links.insert().values(
                    id=f"lnk_{n}", workspace_id=workspace, state_hash=f"digest-{n}", created_at=1.0, expires_at=2.0
                )
            )
            conn.execute(
                alerts.insert().values(workspace_id=workspace, kind="blocker", key=f"alert-{n}", raised_at=1.0)
            )
            # More than one page of keys, so that going on after the last of a page is used.
            conn.execute(
                idempotency.insert(),
                [
                    {"workspace_id": workspace, "key": f"{n}-{i:03}", "body_hash": f"digest-{n}", "status": 201}
                    | {"post_ids": [], "created_at": 1.0}
                    for i in range(205)
                ],
            )
    answer = site.client("admin").get("/v1/export")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    def of(kind: str) -> list[dict[str, Any]]:
        return [line["data"] for line in lines if line["type"] == kind]

    assert [link["id"] for link in of("connect_link")] == ["lnk_mine"]
    assert [alert["key"] for alert in of("alert")] == ["alert-mine"]
    assert [key["key"] for key in of("idempotency_key")] == [f"mine-{i:03}" for i in range(205)]
    assert "digest-" not in answer.text
    assert "theirs" not in answer.text


def test_export_holds_people_queues_imports_and_comments_and_of_one_workspace_only(site: Site) -> None:
    post = site.client("write").post("/v1/posts", json={"account_id": site.account, "text": "p"}).json()["id"]
    eve = site.client("other").post("/v1/posts", json={"account_id": site.other_account, "text": "e"}).json()["id"]
    both = ((site.workspace, site.account, post, "mine"), (site.other_workspace, site.other_account, eve, "theirs"))
    with site.app.db.begin() as conn:
        for workspace, account, of_post, n in both:
            made = {"workspace_id": workspace, "created_at": 1.0}
            user = {"id": f"usr_{n}", "email": f"{n}@a.example", "password_hash": f"digest-{n}", "zone": "UTC", **made}
            conn.execute(users.insert().values(**user))
            conn.execute(members.insert().values(user_id=f"usr_{n}", role="owner", **made))
            link = {"id": f"inv_{n}", "kind": "invite", "token_hash": f"digest-{n}", "created_by": "cli", **made}
            conn.execute(login_links.insert().values(expires_at=2.0, **link))
            queue = {"account_id": account, "workspace_id": workspace, "zone": "UTC", "slots": [[0, 540]]}
            conn.execute(queues.insert().values(updated_at=1.0, **queue))
            conn.execute(imports.insert().values(id=f"imp_{n}", name=n, held=True, created_by="cli", **made))
            said = {"workspace_id": workspace, "post_id": of_post, "author": f"usr_{n}", "text": f"note {n}"}
            conn.execute(comments.insert().values(at=1.0, **said))
        # Somebody who began in the other workspace, and is a member of both.
        guest = {"id": "usr_guest", "email": "guest@a.example", "password_hash": "digest-guest", "zone": "UTC"}
        conn.execute(users.insert().values(workspace_id=site.other_workspace, created_at=1.0, **guest))
        for workspace in (site.workspace, site.other_workspace):
            values = {"user_id": "usr_guest", "workspace_id": workspace, "role": "viewer", "created_at": 1.0}
            conn.execute(members.insert().values(**values))
    answer = site.client("admin").get("/v1/export")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    def of(kind: str, name: str) -> list[Any]:
        return [line["data"][name] for line in lines if line["type"] == kind]

    assert {"usr_mine", "usr_guest"} <= set(of("member", "user_id"))
    assert sorted(of("member", "user_id")) == sorted(of("user", "id"))
    assert {"mine@a.example", "guest@a.example"} <= set(of("user", "email"))
    assert of("login_link", "id") == ["inv_mine"]
    assert of("queue", "account_id") == [site.account]
    assert of("queue", "slots") == [[[0, 540]]]
    assert of("import", "id") == ["imp_mine"]
    assert of("comment", "text") == ["note mine"]
    assert "digest-" not in answer.text
    assert "theirs" not in answer.text


# ---------------------------------------------------------------- one workspace never sees another's


def test_ids_of_another_workspace_are_not_found(site: Site) -> None:
    mine = site.client("write")
    post = mine.post("/v1/posts", json={"account_id": site.account, "text": "mine"}).json()["id"]
    _, blocker = block(site, site.account)
    other = site.client("other")
    one, mine_too = f"/v1/posts/{post}", f"/v1/accounts/{site.account}"
    asked = [
        ("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/retry"), ("POST", f"{one}/cancel"),
        ("POST", f"{one}/confirm"), ("POST", f"{one}/unpublish"), ("GET", f"{one}/events"),
        ("GET", f"{one}/insights"), ("POST", f"{one}/insights"), ("GET", f"{one}/replies"),
        ("POST", f"{one}/replies/1/hide"), ("POST", f"{one}/replies/1/show"),
        ("GET", f"{one}/errors-verbose"), ("GET", mine_too), ("PATCH", mine_too), ("DELETE", mine_too),
        ("POST", f"{mine_too}/recheck"), ("POST", f"{mine_too}/reconnect"), ("GET", f"{mine_too}/quota"),
        ("GET", f"/v1/blockers/{blocker}"), ("POST", f"/v1/blockers/{blocker}/recheck"),
        ("GET", f"/v1/workspaces/{site.workspace}"),
    ]  # fmt: skip
    for method, path in asked:
        body: dict[str, Any] | None = {"paused": True} if path.startswith("/v1/accounts") else {"text": "theirs"}
        body = {} if method == "POST" else body
        answer = other.request(method, path, json=body if method in ("PATCH", "POST") else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    assert other.get("/v1/posts").json()["data"] == []
    assert other.get("/v1/blockers").json()["data"] == []
    stolen = other.post("/v1/posts", json={"account_id": site.account, "text": "theirs"})
    assert stolen.json()["findings"][0]["rule"] == "known_account"
    assert mine.get(f"/v1/posts/{post}").json()["state"] == "publishing"


@pytest.mark.parametrize("scope", ["", "read"])
def test_every_route_wants_a_key_and_writing_wants_more(site: Site, scope: str) -> None:
    client = site.client(scope)
    for path, item in site.api.openapi()["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method in item:
            if scope and (method == "get" or path in ("/v1/preflight", "/v1/diagnose")):
                continue
            url = path.replace("{", "").replace("}", "")
            answer = client.request(method.upper(), url)
            expected = 403 if scope else 401
            assert answer.status_code == expected, (method, path, answer.text)
    wrong = site.client("")
    for value in ("Bearer trd_wrong", "Bearer", "Basic abc", "Bearer " + "x" * 5000, "bearer \u00e9"):
        answer = wrong.get("/v1/posts", headers={b"Authorization": value.encode("latin-1")})
        assert answer.status_code == 401, value
        assert answer.headers["www-authenticate"].startswith("Bearer")


# ---------------------------------------------------------------- live changes


def events_of(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    found = []
    for block_ in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block_.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_changes_are_told_from_where_one_stopped(any_site: Site) -> None:
    site = any_site
    client = site.client("write")
    first = client.post("/v1/posts", json={"account_id": site.account, "text": "one"}).json()["id"]
    site.client("other").post("/v1/posts", json={"account_id": site.other_account, "text": "eve's"})
    seen = events_of(client.get("/v1/events?follow=false&after=0").text)
    assert [(name, data["subject"]) for _, name, data in seen] == [("post.publishing", first)]
    client.post(f"/v1/posts/{first}/cancel")
    more = events_of(client.get("/v1/events?follow=false", headers={"Last-Event-ID": str(seen[-1][0])}).text)
    assert [name for _, name, _ in more] == ["post.canceled"]
    none = client.get("/v1/events?follow=false&after=0&types=account.*").text
    assert events_of(none) == []
    assert client.get("/v1/events", headers={"Last-Event-ID": "x"}).status_code == 422
    assert client.get("/v1/events?after=-1").status_code == 422
    nope = client.get("/v1/events?follow=false&types=post.publishd")
    assert nope.status_code == 422
    assert "Did you mean 'post.published'?" in nope.json()["findings"][0]["message"]
    words = client.get("/v1/posts?limit=x").text + client.get("/v1/events?follow=perhaps").text
    assert "Input should" not in words


async def test_a_quiet_stream_keeps_its_line_open(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.http import stream
    from treadle.services import events

    assert events.HEARTBEAT_S == 15.0  # what docs and the description of the route say
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.01)
    hub = Hub(site.app)
    right = events.Right("key_test", site.workspace, lambda conn: True)
    told = stream.lines(events.changes(site.app, hub, right, 0))
    assert [await anext(told) for _ in range(3)] == ["retry: 2000\n\n", *[": all quiet\n\n"] * 2]
    await hub.close()
    await told.aclose()
    assert hub.listeners == 0


async def test_a_listener_hears_of_a_change_and_of_the_end(site: Site) -> None:
    from treadle.http.stream import lines
    from treadle.services.events import Right, changes

    hub = Hub(site.app)
    right = Right("key_test", site.workspace, lambda conn: True)
    stream = lines(changes(site.app, hub, right, 0))
    assert await anext(stream) == "retry: 2000\n\n"
    await site.app.db.run(
        lambda conn: site.app.posts.create(
            conn, site.workspace, {"account_id": site.account, "text": "x"}, now=site.app.now(), actor="test"
        )
    )
    assert "event: post.publishing" in await anext(stream)
    await hub.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert hub.listeners == 0


def test_alert_targets_are_taken_and_never_shown(site: Site) -> None:
    client, path = site.client("admin"), f"/v1/workspaces/{site.workspace}"
    target = "slack://TokenA12345/TokenB12345/TokenC12345abcdefghijklm"
    made = client.patch(path, json={"alert_urls": [target], "options": {"quiet_hours": None}})
    assert made.status_code == 200, made.text
    assert "alert_urls_enc" not in made.text
    assert "TokenA12345" not in made.text + client.get(path).text
    for body in (
        {"alert_urls": ["file:///etc/passwd"]},
        {"alert_urls": [7]},
        {"options": {"alert_urls_enc": "x"}},
        {"options": {"quiet_hours": {"from": "noon"}}},
    ):
        refused = client.patch(path, json=body)
        assert refused.status_code == 422, (body, refused.text)
        assert refused.json()["findings"]
