"""A request's body is read by the model that documents it, and everything wrong with it is named at once."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_document import api_document
from tests.support.sources import SOURCES
from tests.treadle.http.conftest import Site
from tests.treadle.posts.test_findings import JSON_VALUES
from treadle.domain import shapes
from treadle.domain.post_shape import PatchIn, PostIn
from treadle.domain.sentences import SENTENCES
from treadle.http import bodies

SHAPES = sorted(
    {one for _, one in inspect.getmembers(bodies, inspect.isclass) if issubclass(one, shapes.Shape)} - {shapes.Shape},
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.__name__)
@given(data=st.data())
def test_any_json_is_read_or_refused_in_words(shape: type[shapes.Shape], data: st.DataObject) -> None:
    names = st.sampled_from(sorted(shapes.names_of(shape)))
    body = data.draw(JSON_VALUES | st.dictionaries(names | st.just("nonsense"), JSON_VALUES, max_size=5))
    made = shapes.read(shape, body)
    for finding in made if isinstance(made, tuple) else ():
        assert finding.message
        assert finding.way_out
        assert finding.code in SENTENCES
    assert made


@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one.__name__)
def test_a_misspelled_field_is_told_the_nearest(shape: type[shapes.Shape]) -> None:
    if issubclass(shape, bodies.Swap):
        pytest.skip("it is whole or it is no pair")
    names = [name for name in shapes.names_of(shape) if len(name) > 2]
    if not names:
        pytest.skip("its names are too short to be near to anything")
    for name in names:
        body = {f"{name}s": "x"} if f"{name}s" not in shapes.names_of(shape) else {f"{name}_": "x"}
        found = [f for f in shapes.problems(shape, body) if f.field in body]
        assert [f.rule for f in found] == ["unknown_media_field" if shape.__name__ == "MediaIn" else "unknown_field"]
        assert f"'{name}'" in found[0].message + found[0].way_out


@pytest.mark.parametrize(
    ("method", "path", "body", "found"),
    [
        ("POST", "/v1/keys", {"nam": "x", "scopes": "write", "expires_at": 7}, {
            "nam": "There is no field 'nam'. Did you mean 'name'?",
            "scopes": "This is text; it must be a list of scopes.",
            "expires_at": "This is a number; it must be text.",
        }),
        ("POST", "/v1/webhooks", {"urls": "x", "types": [1]}, {
            "url": "The URL is missing.",
            "urls": "There is no field 'urls'. Did you mean 'url'?",
            "types[0]": "This is a number; it must be a word.",
        }),
        ("PATCH", "/v1/accounts/acc_none", {"paused": "yes", "x": None}, {
            "paused": "This is text; it must be true or false.",
            "x": "There is no field 'x'.",
        }),
        ("POST", "/v1/posts", {"text": 5, "zome": "x", "labels": {}, "zone": 1}, {
            "account_id": "The account that publishes this is missing.",
            "text": "This is a number; it must be text.",
            "zome": "There is no field 'zome'. Did you mean 'zone'?",
            "labels": "This is an object; it must be a list of words.",
            "zone": "This is a number; it must be the name of a time zone such as Europe/Berlin.",
        }),
        ("POST", "/v1/posts/actions", {"action": "replace", "ids": [1], "limit": 0, "filter": {"stat": 1}}, {
            "ids[0]": "This is not the id of a post.",
            "limit": "A request takes 1 to 500 posts.",
            "filter.stat": "There is no field 'stat'. Did you mean 'state'?",
            "replace": "There is nothing here to replace.",
            "ids": "The posts are selected in two ways.",
        }),
        ("POST", "/v1/posts/bulk", {}, {"posts": "The posts are missing."}),
        ("POST", "/v1/accounts/connect", {"scopes": "x", "expires_in_s": "1"}, {
            "scopes": "This is text; it must be a list of words.",
            "expires_in_s": "This is text; it must be a number.",
        }),
        ("POST", "/v1/workspaces", {"name": "  "}, {"name": "A workspace name must have 1 to 200 characters."}),
        ("POST", "/v1/media", {"url": "x\x00"}, {"url": "This is not the URL of a file."}),
        ("POST", "/v1/webhooks", [], {"": "This is a list; it must be an object."}),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_body_comes_at_once(
    site: Site, method: str, path: str, body: Any, found: dict[str, str]
) -> None:
    answer = site.client("admin").request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    assert {f["field"]: f["message"] for f in answer.json()["findings"]} == found


def test_a_change_names_what_is_wrong_with_it_once(site: Site) -> None:
    client = site.client()
    made = client.post("/v1/posts", json={"account_id": site.account, "text": "x", "draft": True}).json()
    answer = client.patch(f"/v1/posts/{made['id']}", json={"lables": ["a"], "text": 1, "draft": False})
    assert [(f["field"], f["rule"]) for f in answer.json()["findings"]] == [
        ("text", "wrong_type"), ("lables", "unknown_field"), ("draft", "unknown_field")
    ]  # fmt: skip


def test_the_document_shows_the_models_that_read() -> None:
    named = api_document()["components"]["schemas"]
    for shape in (PostIn, PatchIn, bodies.BulkPostIn, bodies.ActionsIn, bodies.WebhookIn):
        assert named[shape.__name__]["properties"].keys() == shapes.names_of(shape).keys()
        assert named[shape.__name__]["additionalProperties"] is False


def test_no_route_judges_the_shape_of_a_body_itself() -> None:
    """What comes of ``read_json`` goes to a model, or to a use case that reads it with one."""
    whole = {"posts.py", "preflight.py", "causes.py", "many_posts.py", "reading.py"}
    callers = {
        path.name
        for path in (SOURCES["treadle"] / "http").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "read_json"
    }
    assert callers
    assert callers <= whole, "read it with reading.take"
