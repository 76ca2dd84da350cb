"""What a POST that is sent twice does: only those that make posts take an ``Idempotency-Key``."""

from __future__ import annotations

from pathlib import Path

from tests.treadle.http.conftest import Site

KEY = {"Idempotency-Key": "order-1"}


def test_only_what_makes_posts_offers_the_header(site: Site) -> None:
    paths = site.client("").get("/openapi.json").json()["paths"]
    offering = {
        path
        for path, item in paths.items()
        for operation in item.values()
        if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ()))
    }
    assert offering == {"/v1/posts", "/v1/posts/bulk"}


def test_the_description_and_the_page_say_so(site: Site) -> None:
    description = site.client("").get("/openapi.json").json()["info"]["description"]
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    for told in (description, page):
        plain = " ".join(told.split())
        assert "Only `POST /v1/posts` and `POST /v1/posts/bulk` take an `Idempotency-Key`" in plain


def test_an_act_on_a_post_has_one_effect_however_often_it_is_sent(site: Site) -> None:
    client = site.client("write")
    body = {"account_id": site.account, "text": "x", "draft": True}
    post = client.post("/v1/posts", json=body).json()["id"]
    assert [client.post(f"/v1/posts/{post}/confirm", headers=KEY).status_code for _ in range(2)] == [200, 409]
    assert [client.post(f"/v1/posts/{post}/retry", headers=KEY).status_code for _ in range(2)] == [409, 409]
    for _ in range(2):
        client.post(f"/v1/posts/{post}/cancel", headers=KEY)
        assert client.get(f"/v1/posts/{post}").json()["state"] == "canceled"


def test_what_makes_something_else_makes_another_one(site: Site) -> None:
    client = site.client()
    for path, body in (("/v1/webhooks", {"url": "https://hooks.example.com/in"}), ("/v1/workspaces", {"name": "a"})):
        ids = {client.post(path, json=body, headers=KEY).json()["id"] for _ in range(2)}
        assert len(ids) == 2
