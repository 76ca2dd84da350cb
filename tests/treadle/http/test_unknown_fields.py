"""A name that nobody reads is refused with the nearest one, in every body of the API and in the settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.treadle.cli.ready import treadle as in_a_process
from tests.treadle.cli.servers import environment
from tests.treadle.http.conftest import Site
from treadle.settings import Settings

# What Meta answered, as it is; and what says in a good answer everything that is wrong with a post.
TAKES_ANYTHING = {"/v1/diagnose", "/v1/preflight"}


def operations(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything under /v1 that changes something."""
    document = site.client().get("/openapi.json").json()
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/") and method in ("post", "put", "patch", "delete")
    ]


def fields_of(site: Site, operation: dict[str, Any]) -> list[str]:
    schema = operation["requestBody"]["content"].get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        document = site.client().get("/openapi.json").json()
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return sorted(schema.get("properties") or ())


def test_every_body_refuses_a_name_that_it_does_not_know(site: Site) -> None:
    client, seen = site.client("admin"), 0
    for method, path, operation in operations(site):
        if path in TAKES_ANYTHING:
            continue
        address = path.replace("{account_id}", site.account).replace("{workspace_id}", site.workspace)
        if "requestBody" in operation:
            names = fields_of(site, operation)
            assert names, (method, path)
            meant = max(names, key=len)
            wrong = meant[:-1] + meant[-1] * 2
        else:
            wrong, meant = "confirmed", ""
        answer = client.request(method.upper(), address, json={wrong: None if not meant else "x"})
        if answer.status_code == 404:  # a body that is looked at only once its post is there
            continue
        seen += 1
        assert answer.status_code == 422, (method, path, answer.text)
        said = answer.json()["findings"]
        assert any(wrong in f["field"] for f in said), (method, path, said)
        if meant:
            assert any(f"'{meant}'" in f["message"] + f["way_out"] for f in said), (method, path, said)
    assert seen >= 20


@pytest.mark.parametrize("body", [b"", b"{}", b" { } ", b"null"])
def test_an_empty_body_is_taken_where_none_is_read(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = site.client("admin").post(f"/v1/accounts/{site.account}/recheck", content=body, headers=headers)
    assert answer.status_code != 422, answer.text


def test_a_post_is_not_changed_by_a_misspelled_field(site: Site) -> None:
    client = site.client("write")
    made = client.post("/v1/posts", json={"account_id": site.account, "text": "a", "draft": True}).json()
    answer = client.patch(f"/v1/posts/{made['id']}", json={"txt": "b"})
    assert answer.status_code == 422
    assert "'text'" in answer.json()["findings"][0]["message"]
    assert client.get(f"/v1/posts/{made['id']}").json()["parts"][0]["text"] == "a"


def test_a_filter_that_is_misspelled_names_the_right_one(site: Site) -> None:
    answer = site.client().get("/v1/posts", params={"acount_id": site.account})
    assert answer.status_code == 422
    assert "'account_id'" in answer.json()["findings"][0]["message"]


@pytest.mark.parametrize(
    ("line", "meant"), [('data_dri = "x"', "data_dir"), ('Public-URL = "x"', "public_url"), ("unheard = 1", "")]
)
def test_the_settings_file_refuses_a_name_that_is_no_setting(line: str, meant: str, fresh_folder: Path) -> None:
    (fresh_folder / "treadle.toml").write_text(line + "\n")
    with pytest.raises(ValidationError) as stop:
        Settings()
    assert line.partition(" ")[0] in str(stop.value)
    assert meant in str(stop.value)
    done = in_a_process("accounts", "list", env=environment(fresh_folder))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert meant in done.stderr


@pytest.mark.parametrize(
    ("sent", "field", "meant"),
    [
        ({"timezone": "Europe/Berlin"}, "timezone", "zone"),
        ({"TimeZone": "Europe/Berlin"}, "TimeZone", "zone"),
        ({"media": [{"uri": "https://a.example/a.jpg"}]}, "media[0].uri", "url"),
        ({"caption": "hello"}, "caption", "text"),
        ({"parts": [{"text": "one"}, {"text": "two"}]}, "parts", "replies"),
        ({"scheduled_at": "2040-01-01T00:00:00Z"}, "scheduled_at", "publish_at"),
    ],
)
def test_what_others_call_a_field_is_refused_with_its_name_here(
    site: Site, sent: dict[str, Any], field: str, meant: str
) -> None:
    answer = site.client("write").post("/v1/posts", json={"account_id": site.account, **sent})
    assert answer.status_code == 422
    said = [f for f in answer.json()["findings"] if f["field"] == field]
    assert any(f"'{meant}'" in f["message"] + f["way_out"] for f in said), answer.json()["findings"]
