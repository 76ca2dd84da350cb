"""What a POST does that is sent twice with one ``Idempotency-Key``: one effect and one answer, whatever the route."""

from __future__ import annotations

import asyncio
import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.support.api_document import api_document
from tests.treadle.http.conftest import Site
from treadle.engine.retention import prune
from treadle.http import repeated
from treadle.store.tables import kept_answers

KEY = {"Idempotency-Key": "order-1"}
MAKING: dict[str, dict[str, Any]] = {
    "/v1/webhooks": {"url": "https://hooks.example.com/in"},
    "/v1/workspaces": {"name": "a"},
    "/v1/keys": {"name": "publisher"},
    "/v1/people/invites": {"role": "editor"},
    "/v1/accounts/connect": {},
}


def test_every_post_offers_the_header_but_those_that_store_nothing() -> None:
    for path, item in api_document()["paths"].items():
        names = {p["name"] for p in item.get("post", {}).get("parameters", ())}
        if "post" in item:
            assert ("Idempotency-Key" in names) is (path not in repeated.BY_NATURE), path
        for method in item.keys() - {"post"}:
            assert "Idempotency-Key" not in {p["name"] for p in item[method].get("parameters", ())}


def test_the_description_and_the_page_say_so(site: Site) -> None:
    description = site.client("").get("/openapi.json").json()["info"]["description"]
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    for told in (description, page):
        assert "Every POST takes an `Idempotency-Key`" in " ".join(told.split())


@pytest.mark.parametrize("path", MAKING)
def test_a_second_call_makes_nothing_and_has_the_first_answer(site: Site, path: str) -> None:
    client = site.client()
    first = client.post(path, json=MAKING[path], headers=KEY)
    again = client.post(path, json=MAKING[path], headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    other = client.post(path, json=MAKING[path], headers={"Idempotency-Key": "order-2"})
    assert other.json()["id"] != first.json()["id"]


def test_another_body_is_refused_and_a_refusal_frees_the_key(site: Site) -> None:
    client = site.client()
    assert client.post("/v1/webhooks", json={"url": "nonsense"}, headers=KEY).status_code == 422
    made = client.post("/v1/webhooks", json=MAKING["/v1/webhooks"], headers=KEY)
    assert made.status_code == 201
    reused = client.post("/v1/webhooks", json={"url": "https://hooks.example.com/other"}, headers=KEY)
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    assert client.post("/v1/webhooks", json={"url": "x"}, headers={"Idempotency-Key": ""}).status_code == 422
    # The same JSON in another order is the same body.
    body = '{ "types": [], "url": "https://hooks.example.com/b" }'
    headers = {"Idempotency-Key": "b", "Content-Type": "application/json"}
    first = client.post("/v1/webhooks", content=body, headers=headers).json()
    again = client.post("/v1/webhooks", json={"url": "https://hooks.example.com/b", "types": []}, headers=headers)
    assert again.json() == first


def test_an_answer_belongs_to_the_api_key_and_the_address(site: Site) -> None:
    made = site.client("admin").post("/v1/keys", json={"name": "a"}, headers=KEY).json()
    for scope in ("read", "write"):
        refused = site.client(scope).post("/v1/keys", json={"name": "a"}, headers=KEY)
        assert refused.status_code == 403
        assert made["key"] not in refused.text
    assert site.client("").post("/v1/keys", json={"name": "a"}, headers=KEY).status_code == 401
    other = site.client("other").post("/v1/webhooks", json=MAKING["/v1/webhooks"], headers=KEY)
    mine = site.client("admin").post("/v1/webhooks", json=MAKING["/v1/webhooks"], headers=KEY)
    assert other.json().get("id") != mine.json()["id"]
    client = site.client()
    client.delete(f"/v1/webhooks/{mine.json()['id']}")
    assert client.post(f"/v1/webhooks/{mine.json()['id']}/ping", headers=KEY).status_code == 404


def test_secrets_are_kept_sealed_for_a_day(site: Site) -> None:
    client = site.client()
    secret = client.post("/v1/webhooks", json=MAKING["/v1/webhooks"], headers=KEY).json()["secret"]
    with site.app.db.read() as conn:
        rows = conn.execute(sa.select(kept_answers)).mappings().all()
    assert len(rows) == 1
    assert secret not in str(dict(rows[0]))
    assert secret not in client.get("/v1/export").text
    with site.app.db.begin() as conn:
        conn.execute(sa.update(kept_answers).values(created_at=site.app.now() - 90_000))
    late = client.post("/v1/webhooks", json=MAKING["/v1/webhooks"], headers=KEY)
    assert late.json()["secret"] != secret
    with site.app.db.begin() as conn:
        conn.execute(sa.update(kept_answers).values(created_at=site.app.now() - 90_000))
    asyncio.run(prune(site.app.db, site.app.settings, site.app.now(), lambda ids: None))
    with site.app.db.read() as conn:
        assert conn.execute(sa.select(kept_answers)).first() is None


def test_a_request_under_way_or_broken_off_is_not_done_again(site: Site) -> None:
    client = site.client()
    client.post("/v1/workspaces", json={"name": "a"}, headers=KEY)
    with site.app.db.begin() as conn:
        conn.execute(sa.update(kept_answers).values(status=None, body_enc=None))
    busy = client.post("/v1/workspaces", json={"name": "a"}, headers=KEY)
    assert (busy.status_code, busy.json()["code"], busy.json()["retryable"]) == (409, "idempotency_key_busy", True)
    assert busy.headers["Retry-After"] == "2"
    with site.app.db.begin() as conn:
        conn.execute(sa.update(kept_answers).values(created_at=site.app.now() - 400))
    broken = client.post("/v1/workspaces", json={"name": "a"}, headers=KEY)
    assert (broken.json()["code"], broken.json()["retryable"]) == ("idempotency_key_unfinished", False)
    assert [w["name"] for w in client.get("/v1/workspaces").json()["data"]].count("a") == 1


def test_many_at_once_make_one(site: Site) -> None:
    def make(_: int) -> int:
        return site.client().post("/v1/workspaces", json={"name": "once"}, headers=KEY).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(make, range(8)))
    assert set(codes) <= {201, 409}
    assert 201 in codes
    listed = site.client().get("/v1/workspaces").json()["data"]
    assert [w["name"] for w in listed].count("once") == 1


def test_a_file_that_is_refused_is_looked_at_again_and_kept_by_nobody(site: Site) -> None:
    client, headers = site.client(), {**KEY, "Content-Type": "image/png"}
    for _ in range(2):
        answer = client.post("/v1/media", content=b"\x89PNG not really", headers=headers)
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (422, False)
    assert client.get("/v1/media").json()["data"] == []
    assert client.post("/v1/media", content=_picture("red"), headers=headers).status_code == 201


def test_an_act_on_a_post_has_one_effect_however_often_it_is_sent(site: Site) -> None:
    client = site.client("write")
    body = {"account_id": site.account, "text": "x", "draft": True}
    post = client.post("/v1/posts", json=body).json()["id"]
    assert [client.post(f"/v1/posts/{post}/confirm").status_code for _ in range(2)] == [200, 409]
    assert [client.post(f"/v1/posts/{post}/retry").status_code for _ in range(2)] == [409, 409]
    answers = [client.post(f"/v1/posts/{post}/cancel", headers=KEY) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert client.get(f"/v1/posts/{post}").json()["state"] == "canceled"
    comments = [client.post(f"/v1/posts/{post}/comments", json={"text": "a"}, headers=KEY).json() for _ in range(2)]
    assert [len(found["data"]) for found in comments] == [1, 1]


def _picture(color: str) -> bytes:
    """Pictures of one size, whatever their color."""
    made = io.BytesIO()
    Image.new("RGB", (400, 400), color).save(made, "PNG")
    return made.getvalue().ljust(4_000, b"\0")


def _form(boundary: str, content: bytes) -> dict[str, Any]:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = f'multipart/form-data; profile="boundary=none"; boundary="{boundary}"'
    return {"content": body, "headers": {**KEY, "Content-Type": kind}}


def _raw(kind: str, content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {**KEY, **({"Content-Type": kind} if kind else {})}}


@pytest.mark.parametrize(
    ("first", "again", "other"),
    [
        pytest.param(*(_raw("image/png", _picture(c)) for c in ("red", "red", "blue")), id="as it is"),
        pytest.param(*(_raw("", _picture(c)) for c in ("red", "red", "blue")), id="of no stated kind"),
        pytest.param(
            _form("aaaa", _picture("red")), _form("bbbb", _picture("red")), _form("cccc", _picture("blue")), id="form"
        ),
    ],
)
def test_a_file_is_told_from_another_of_the_same_length(
    site: Site, first: dict[str, Any], again: dict[str, Any], other: dict[str, Any]
) -> None:
    client = site.client()
    made = client.post("/v1/media", **first)
    assert made.status_code == 201, made.text
    repeated_ = client.post("/v1/media", **again)
    assert (repeated_.json()["id"], repeated_.headers["Idempotency-Replayed"]) == (made.json()["id"], "true")
    assert len(first["content"]) == len(other["content"])
    refused = client.post("/v1/media", **other)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    assert len(client.get("/v1/media").json()["data"]) == 1


@given(content=st.binary(max_size=60), boundary=st.binary(min_size=1, max_size=3), cuts=st.lists(st.integers(0, 60)))
def test_a_file_has_one_digest_however_it_arrives(content: bytes, boundary: bytes, cuts: list[int]) -> None:
    async def digest_of(chunks: list[bytes], bound: bytes) -> str:
        messages = [{"type": "http.request", "body": c, "more_body": i < len(chunks) - 1} for i, c in enumerate(chunks)]

        async def receive() -> Any:
            return messages.pop(0)

        body = repeated._Streamed("about", receive, bound)
        await body.read_all()
        return body.digest

    at = sorted({0, *(cut for cut in cuts if cut < len(content)), len(content)})
    pieces = [content[a:b] for a, b in itertools.pairwise(at)] or [b""]
    whole = asyncio.run(digest_of([content], boundary))
    assert asyncio.run(digest_of(pieces, boundary)) == whole
    assert asyncio.run(digest_of([content + b"\0\0\0\1"], boundary)) != whole
