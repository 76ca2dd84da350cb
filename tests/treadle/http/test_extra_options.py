"""Parameters that no table knows, over HTTP: they pass, and every answer says that nobody checked them."""

from __future__ import annotations

import pytest

from tests.treadle.http.conftest import Site, data_dir, fresh_database, site  # noqa: F401
from treadle.domain.options import TABLE, extra_of


def test_they_are_said_to_be_unchecked_and_kept_as_they_are(site: Site) -> None:  # noqa: F811
    client = site.client("write")
    options = {"extra": {"alt_language": "de", "layout": {"columns": [1, 2]}}}
    body = {"account_id": site.account, "text": "Hello", "options": options, "publish_at": "2031-01-01T00:00:00Z"}
    ahead = client.post("/v1/preflight", json=body).json()
    assert ahead["ok"]
    unchecked = [("options.extra.alt_language", "not_checked"), ("options.extra.layout", "not_checked")]
    assert [(f["field"], f["rule"]) for f in ahead["findings"] if f["rule"] == "not_checked"] == unchecked
    made = client.post("/v1/posts", json=body)
    assert made.status_code == 201
    assert unchecked == [(f["field"], f["rule"]) for f in made.json()["warnings"] if f["rule"] == "not_checked"]
    stored = client.get(f"/v1/posts/{made.json()['id']}").json()
    assert extra_of(stored["parts"][0]["options"]) == options["extra"]


@pytest.mark.parametrize("name", ["creation_id", "media_type", "text", "access_token", "reply_to_id", "CHILDREN[0]"])
def test_what_treadle_sets_is_refused_there(site: Site, name: str) -> None:  # noqa: F811
    body = {"account_id": site.account, "text": "Hello", "options": {"extra": {name: "1"}}}
    refused = site.client("write").post("/v1/posts", json=body)
    assert refused.status_code == 422
    assert [f["severity"] for f in refused.json()["findings"]] == ["error"]


def test_the_document_describes_every_option(site: Site) -> None:  # noqa: F811
    schemas = site.client("").get("/openapi.json").json()["components"]["schemas"]
    assert set(schemas["PostOptions"]["properties"]) == TABLE.names | {"extra"}
    assert {"$ref": "#/components/schemas/PostOptions"} in schemas["PostIn"]["properties"]["options"]["anyOf"]
