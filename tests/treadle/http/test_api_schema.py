"""The API against its own document: schemathesis sends what the document allows and what it does not.

No answer may be a 5xx, and none may have a status, a type or a shape that the document does not name.
"""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.pytest import _test_builder
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.api_document import api_document
from tests.support.folders import settings_in
from tests.support.postgres import Cluster
from tests.treadle.http.conftest import Site, add_samples
from treadle import diagnose
from treadle.app import open_app
from treadle.engine.lease import Lease
from treadle.http.examples import POST_EXAMPLE, POST_IN_EXAMPLE
from treadle.settings import Settings
from treadle.store.tables import posts

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
QUIET = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}
few = settings(max_examples=4, phases=[Phase.explicit, Phase.generate], **QUIET)  # type: ignore[arg-type]
some = settings(max_examples=25, **QUIET)  # type: ignore[arg-type]
many = settings(max_examples=120, **QUIET)  # type: ignore[arg-type]


def used(settings_: Settings) -> Iterator[Site]:
    """One site for all calls: that they meet each other's leavings is part of the test."""
    app = open_app(settings_)
    made = add_samples(app)
    client = made.client("write")
    for n in range(3):
        body = {"account_id": made.account, "text": f"post {n}", "publish_at": f"2040-01-0{n + 1}T00:00:00Z"}
        assert client.post("/v1/posts", json=body).status_code == 201
    Lease(app.db, seconds=3600.0).take()  # as if a worker were there
    yield made
    app.close()


# Nothing answers at that address: what would ask Threads meets a refused connection.
NOBODY = {"threads_api_url": "http://127.0.0.1:9", "time_scale": 0.001}


@pytest.fixture(scope="module")
def used_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from used(settings_in(tmp_path_factory.mktemp("schema"), **NOBODY))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster) -> Iterator[Site]:
    with postgres_cluster.database() as url:
        folder = tmp_path_factory.mktemp("schema")
        yield from used(settings_in(folder, database_url=url, **NOBODY))  # type: ignore[arg-type]


# The stream of changes never ends; it has tests of its own.
schema = schemathesis.openapi.from_dict(api_document()).exclude(path="/v1/events")


def _built_when_it_runs(build: Callable[..., Any]) -> Callable[..., Any]:
    """schemathesis makes every example of every call while pytest collects, in each process and for each test that is
    left out: longer than all else that is collected. This has a test made when it is run."""

    def built_later(*, test_func: Callable[..., Any], **how: Any) -> Callable[..., Any]:
        @functools.wraps(test_func)
        def test(**fixtures: Any) -> None:
            made = build(test_func=test_func, **how)
            try:
                made(**fixtures)
            finally:
                test.__dict__.update(made.__dict__)  # schemathesis reads there what it could not try

        for name in [name for name in vars(test) if name.startswith("_hypothesis_")]:
            delattr(test, name)  # what is made has them
        parameters = inspect.signature(test_func).parameters.values()
        test.__signature__ = inspect.Signature([one for one in parameters if one.name != "case"])  # type: ignore[attr-defined]
        return test

    return built_later


_test_builder.build_operation_test = _built_when_it_runs(_test_builder.build_operation_test)


@schemathesis.serializer("video/mp4")
def _film(_: Any, value: Any) -> bytes:
    """A body that is a file: whatever was made up, as bytes."""
    return value if isinstance(value, bytes) else str(value).encode()


def call(case: Any, site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.keys['admin']}"}
    answer = case.call_and_validate(
        base_url="http://127.0.0.1:8700", app=site.api, headers=headers, checks=CHECKS, timeout=60
    )
    named = case.operation.definition.raw["responses"].get(str(answer.status_code), {}).get("x-codes")
    if named is not None:
        assert answer.json()["code"] in named, (case.operation.label, answer.text)


@schema.parametrize()
@few
def test_every_answer_is_one_the_document_names(case: Any, used_site: Site) -> None:
    call(case, used_site)


@pytest.mark.long
@schema.parametrize()
@many
def test_every_answer_is_one_the_document_names_at_length(case: Any, used_site: Site) -> None:
    call(case, used_site)


@pytest.mark.long
@pytest.mark.postgres
@schema.parametrize()
@some
def test_every_answer_is_one_the_document_names_on_postgres(case: Any, site_on_postgres: Site) -> None:
    call(case, site_on_postgres)


def test_the_examples_are_answers_of_this_server(site: Site) -> None:
    """The example of a post in the document has the fields a post has, and the example request is taken."""
    body = {**POST_IN_EXAMPLE, "account_id": site.account, "publish_at": "2040-12-01T09:00:00"}
    made = site.client("write").post("/v1/posts", json=body).json()
    assert made.keys() - {"warnings"} == POST_EXAMPLE.keys()
    assert made["parts"][0].keys() == POST_EXAMPLE["parts"][0].keys()
    same = ("state", "text", "zone", "publish_at_asked", "metadata", "labels", "username")
    assert {k: made[k] for k in same} == {
        **{k: POST_EXAMPLE[k] for k in same},
        "publish_at_asked": "2040-12-01T09:00:00",
    }


def test_every_route_is_described() -> None:
    described = api_document()["paths"]
    assert described.keys() >= {"/v1/posts", "/v1/posts/{post_id}", "/v1/accounts", "/v1/media"}
    for path, item in described.items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert any(status.startswith("2") for status in operation["responses"]), (method, path)
            if path.startswith("/v1/"):
                assert {"401", "403", "422"} <= operation["responses"].keys(), (method, path)
                assert operation["security"], (method, path)


def undocumented(value: Any, schema: dict[str, Any], named: dict[str, Any], path: str = "") -> list[str]:
    """Fields of an answer that its schema does not name."""
    if "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    kinds: dict[type, str] = {dict: "object", list: "array"}
    for choice in schema.get("anyOf", []):
        target = named[choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        if target.get("type") == kinds.get(type(value)):
            schema = target
    if isinstance(value, list):
        return [f for item in value for f in undocumented(item, schema.get("items", {}), named, f"{path}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    found = [f"{path}.{name}" for name in value.keys() - known.keys()]
    for name in value.keys() & known.keys():
        found += undocumented(value[name], known[name], named, f"{path}.{name}")
    return found


def test_answers_about_posts_and_files_have_no_field_that_the_document_lacks(site: Site) -> None:
    client, body = site.client("write"), {"account_id": site.account, "text": "documented"}
    bad = {**body, "text": "x" * 501, "zome": "here"}
    picture = io.BytesIO()
    Image.new("RGB", (400, 400)).save(picture, "JPEG")
    file: dict[str, Any] = {"content": picture.getvalue(), "headers": {"Content-Type": "image/jpeg"}}
    kept = client.post("/v1/media", **file).json()
    past = {**body, "publish_at": "2020-01-01T00:00:00Z", "media": [{"id": kept["id"]}], "replies": [{"text": "more"}]}
    post = client.post("/v1/posts", json=past).json()
    assert post["warnings"]
    cause = diagnose({"error": {"code": 190, "message": "expired"}}, http_status=401).to_json()
    with site.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == post["id"]).values(cause=cause))
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/v1/media", "/v1/media", file),
        ("GET", "/v1/media", "/v1/media", {}),
        ("GET", "/v1/media/{media_id}", f"/v1/media/{kept['id']}", {}),
        ("POST", "/v1/posts", "/v1/posts", {"json": past}),
        ("POST", "/v1/posts", "/v1/posts", {"json": bad}),
        ("GET", "/v1/posts", "/v1/posts", {}),
        ("GET", "/v1/posts/{post_id}", f"/v1/posts/{post['id']}", {}),
        ("PATCH", "/v1/posts/{post_id}", f"/v1/posts/{post['id']}", {"json": {"labels": ["a"]}}),
        ("GET", "/v1/posts/{post_id}/events", f"/v1/posts/{post['id']}/events", {}),
        ("GET", "/v1/posts/{post_id}/errors-verbose", f"/v1/posts/{post['id']}/errors-verbose", {}),
        ("POST", "/v1/preflight", "/v1/preflight", {"json": past}),
        ("POST", "/v1/preflight", "/v1/preflight", {"json": bad}),
        ("POST", "/v1/posts/bulk", "/v1/posts/bulk", {"json": {"posts": [body, bad]}}),
        ("POST", "/v1/posts/actions", "/v1/posts/actions", {"json": {"action": "cancel", "ids": [post["id"]]}}),
        ("POST", "/v1/posts/{post_id}/cancel", f"/v1/posts/{post['id']}/cancel", {}),
    ]
    document = site.api.openapi()
    named = document["components"]["schemas"]
    for method, route, address, sent in calls:
        answer = client.request(method, address, **sent)
        content = document["paths"][route][method.lower()]["responses"][str(answer.status_code)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        assert undocumented(answer.json(), content[kind]["schema"], named) == [], (method, route, answer.status_code)
