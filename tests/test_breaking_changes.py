"""The check against the last released document finds breaks that are planted, and takes what breaks nobody."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from tools.breaking_changes import Comparison, bare, judged, meant, newest

from tests.support.api_document import api_document

NOW = api_document()
Change = Callable[[dict[str, Any]], Any]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def post(document: dict[str, Any], path: str = "/v1/posts", method: str = "post") -> dict[str, Any]:
    return document["paths"][path][method]


def parameter(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in post(document, method="get")["parameters"] if one["name"] == name)


def no_parameter(document: dict[str, Any], name: str) -> None:
    post(document, method="get")["parameters"].remove(parameter(document, name))


BREAKS: dict[str, tuple[Change, str]] = {
    "address": (lambda d: d["paths"].pop("/v1/export"), "GET /v1/export: is gone"),
    "method": (lambda d: d["paths"]["/v1/posts/{post_id}"].pop("delete"), "DELETE /v1/posts/{post_id}: is gone"),
    "status": (lambda d: post(d)["responses"].pop("201"), "POST /v1/posts: answers 201 no more"),
    "header": (lambda d: post(d)["responses"]["201"]["headers"].pop("Location"), "the header Location is gone"),
    "content": (lambda d: post(d, "/v1/diagnose")["requestBody"]["content"].pop("text/plain"), "text/plain is gone"),
    "event": (lambda d: d["webhooks"].pop("post.held"), "event post.held: is gone"),
    "parameter": (lambda d: no_parameter(d, "label"), "the parameter label (query) is gone"),
    "required parameter": (lambda d: parameter(d, "label").update(required=True), "parameter label became required"),
    "parameter's limit": (lambda d: parameter(d, "limit")["schema"].update(maximum=100), "maximum is 100 now, was 200"),
    "field of an answer": (lambda d: schema(d, "PostOut")["properties"].pop("due_at"), ".due_at: is gone"),
    "field deep inside": (lambda d: schema(d, "RetryOut")["properties"].pop("after_s"), ".retry.after_s: is gone"),
    "field that may be missing": (lambda d: schema(d, "PostOut")["required"].remove("state"), ".state: may be missing"),
    "null": (lambda d: schema(d, "PostOut")["properties"]["text"].update(type=["string", "null"]), "can be null now"),
    "type": (lambda d: schema(d, "PostOut")["properties"]["version"].update(type="string"), "can be string now"),
    "field of a request": (lambda d: schema(d, "PostIn")["properties"].pop("labels"), "body.labels: is gone"),
    "required field": (lambda d: schema(d, "WebhookIn")["required"].append("types"), "body.types: became required"),
    "new required field": (
        lambda d: (schema(d, "KeyIn")["properties"].update(why={"type": "string"}),
                   schema(d, "KeyIn").update(required=["why"])),
        "body.why: is new and required",
    ),
    "value": (
        lambda d: schema(d, "ActionsIn")["properties"]["action"].update(enum=["retry", "edit"]),
        "does not take cancel",
    ),
    "length": (lambda d: schema(d, "WebhookIn")["properties"]["url"].update(maxLength=10), "maxLength is 10 now"),
    "items": (lambda d: schema(d, "BulkIn")["properties"]["posts"].update(maxItems=5), "maxItems is 5 now, was 500"),
    "event's field": (lambda d: schema(d, "BlockerEventData")["properties"].pop("scope"), "data.scope: is gone"),
    "key": (lambda d: post(d, "/healthz", "get").update(security=[{"key": []}]), "GET /healthz: takes a key now"),
}  # fmt: skip
FINE: dict[str, Change] = {
    "nothing": lambda d: None,
    "new address": lambda d: d["paths"].update({"/v1/new": {"get": {"responses": {}}}}),
    "new field of an answer": lambda d: schema(d, "PostOut")["properties"].update(new={"type": "string"}),
    "new optional field": lambda d: schema(d, "PostIn")["properties"].update(new={"type": "string"}),
    "new event": lambda d: d["webhooks"].update({"post.new": d["webhooks"]["post.held"]}),
    "wider limit": lambda d: parameter(d, "limit")["schema"].update(maximum=500),
    "words": lambda d: d["info"].update(description="Other words."),
    "other name of an id": lambda d: d["paths"].update({"/v1/media/{id}": d["paths"].pop("/v1/media/{media_id}")}),
    "another refusal": lambda d: post(d)["responses"].update({"418": {"description": "x"}}),
    "answer that is always there": lambda d: schema(d, "ProblemOut")["required"].append("request_id"),
}


def breaks(change: Change) -> list[str]:
    changed = copy.deepcopy(NOW)
    change(changed)
    return list(Comparison(NOW, changed).breaks())


@pytest.mark.parametrize("name", BREAKS)
def test_a_planted_break_is_found(name: str) -> None:
    change, words = BREAKS[name]
    found = breaks(change)
    assert any(words in one for one in found), found


@pytest.mark.parametrize("name", FINE)
def test_what_breaks_nobody_is_taken(name: str) -> None:
    assert breaks(FINE[name]) == []


def test_the_api_fits_the_last_release() -> None:
    old = json.loads(newest().read_text("utf-8"))
    assert judged(Comparison(old, NOW).breaks(), meant()) == []
    assert all(meant().values()), "each has its reason"


def test_a_break_that_was_meant_is_named_and_a_useless_line_is_refused() -> None:
    found = ["GET /a, 200.data[].b: is gone", "GET /a: is gone"]
    assert judged(found, {"GET /a, 200.data[].*: is gone": "why"}) == ["GET /a: is gone"]
    assert "no break: GET /c" in judged([], {"GET /c": "why"})[0]


def test_words_are_no_part_of_what_is_kept() -> None:
    kept = bare(NOW)
    assert list(Comparison(NOW, kept).breaks()) == list(Comparison(kept, NOW).breaks()) == []
    assert len(json.dumps(kept)) < len(json.dumps(NOW)) / 2
