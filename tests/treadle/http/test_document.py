"""The API's document as a product: words, units and examples of everything, and codes that are true of each route."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from tools.breaking_changes import bare

from tests.support.api_document import api_document
from tests.treadle.http.conftest import Site
from treadle.http import completing, field_docs
from treadle.http.reference import static_site
from treadle.notify.webhooks import EVENTS
from treadle.services.refusals import KINDS

DOCUMENT = api_document()
COMPONENTS = {"schemas": bare(DOCUMENT["components"]["schemas"], named=True)}
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()
}
# What a number can be of: a unit, a count, or a place.
UNIT = re.compile(
    r"\b(seconds?|bytes|hz|bits|pixels?|degrees|how (many|often)|number|http status|positions?|place|hours|days?|count"
    r"|frames a second|0 to|1 to|one more|share|retries|counts|from [01]|tracks|requests|preview|20[01]|rolling|window"
    r"|exif|level|posts that|at most)\b|^0 for|h unless set",
    re.IGNORECASE,
)


def fields(schemas: dict[str, Any] = SCHEMAS) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in schemas.items():
        for field, content in schema.get("properties", {}).items():
            yield f"{name}.{field}", content


def kinds(content: dict[str, Any]) -> set[Any]:
    return {one.get("type") for one in (content, *content.get("anyOf", ()))}


def misfit(schema: dict[str, Any], example: Any) -> str:
    """Why an example does not fit its schema; empty: it does."""
    whole = {"allOf": [schema], **({"components": COMPONENTS} if "$ref" in json.dumps(schema) else {})}
    try:
        jsonschema_rs.validator_for(whole, validate_formats=True).validate(example)
    except jsonschema_rs.ValidationError as error:
        return str(error).splitlines()[0]
    return ""


def test_every_field_is_described() -> None:
    assert [name for name, content in fields() if not content.get("description", "").strip()] == []
    assert [name for name, schema in SCHEMAS.items() if not schema.get("description", "").strip()] == []


def test_every_number_has_its_unit_and_every_time_its_format() -> None:
    numbers = {name: c["description"] for name, c in fields() if kinds(c) & {"number", "integer"}}
    assert {name: words for name, words in numbers.items() if not UNIT.search(words)} == {}
    times = {n: c["description"] for n, c in fields() if "string" in kinds(c) and completing.is_time(n.split(".")[1])}
    assert {name: words for name, words in times.items() if "ISO 8601" not in words} == {}
    assert len(numbers) > 100
    assert len(times) > 60


def test_every_field_has_an_example_that_fits() -> None:
    without = [name for name, content in fields() if not content.keys() & {"example", "examples"}]
    wrong = {
        name: why
        for name, content in fields()
        for example in content.get("examples", [content.get("example")])
        if (why := misfit(content, example))
    }
    assert (without, wrong) == ([], {})


def test_every_parameter_has_words_and_an_example_that_fits() -> None:
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            where, schema = (name, parameter["name"]), parameter["schema"]
            assert parameter.get("description"), where
            examples = [parameter["example"]] if "example" in parameter else schema["examples"]
            assert [misfit(schema, one) for one in examples] == [""] * len(examples), where


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_words_and_examples_that_fit(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    contents = {("body", kind): c for kind, c in operation.get("requestBody", {}).get("content", {}).items()}
    for status, answer in operation["responses"].items():
        contents |= {(status, kind): content for kind, content in answer.get("content", {}).items()}
    for where, content in contents.items():
        assert "example" in content, where
        if where[1].endswith("json"):
            assert misfit(content["schema"], content["example"]) == "", where


def test_every_event_of_webhooks_has_a_payload_that_fits() -> None:
    assert DOCUMENT["webhooks"].keys() == EVENTS.keys()
    for name, item in DOCUMENT["webhooks"].items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["type"] == name
        assert misfit(content["schema"], content["example"]) == "", name


def test_no_words_here_are_of_no_use() -> None:
    known = {name for name, _ in fields()} | {name.split(".")[1] for name, _ in fields()}
    assert [key for key in (*field_docs.WORDS, *field_docs.EXAMPLES) if key not in known] == []
    assert [name for name in field_docs.MODELS if name not in SCHEMAS] == []
    parameters = {
        one
        for name, o in OPERATIONS.items()
        for p in o.get("parameters", ())
        for one in (p["name"], f"{name}.{p['name']}")
    }
    assert [key for key in (*field_docs.PARAMETERS, *field_docs.PARAMETER_EXAMPLES) if key not in parameters] == []


def test_a_field_without_words_or_example_is_found() -> None:
    """The tests above can fail: a model that brings neither stays without."""
    made = {
        "components": {"schemas": {"NewOut": {"properties": {"surprise": {"type": "string"}}}}},
        "paths": {},
    }
    completing.complete(made, {})
    assert made["components"]["schemas"]["NewOut"]["properties"]["surprise"] == {"type": "string"}


def test_codes_say_who_acts_and_whether_to_retry() -> None:
    named = set()
    for name, operation in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            for code, said in answer.get("x-codes", {}).items():
                kind = KINDS[code]
                assert said == {"title": kind.title, "x-retryable": kind.retryable, "x-who": kind.who}, (name, code)
                assert status == str(kind.status) or code == "threads_refused", (name, code)
                named.add(code)
    # These come before there is a route, or are said of posts by people's roles, on the pages alone.
    elsewhere = {"method_not_allowed", "wrong_host", "not_implemented", "not_canceled", "nothing_to_undo"}
    elsewhere |= {"role_too_small", "own_post"}
    # These are of one post of many, in an answer that is good.
    elsewhere |= {"nothing_to_replace"}
    assert KINDS.keys() - named == elsewhere


def test_a_route_names_its_own_codes_only() -> None:
    assert set(OPERATIONS["posts.cancel"]["responses"]["409"]["x-codes"]) >= {"too_late"}
    assert "import_waits" not in OPERATIONS["posts.cancel"]["responses"]["409"]["x-codes"]
    assert set(OPERATIONS["posts.list"]["responses"]["401"]["x-codes"]) == {"key_missing", "key_wrong"}
    assert set(OPERATIONS["posts.list"]["responses"]["429"]["x-codes"]) == {"too_many_requests"}
    assert set(OPERATIONS["events.stream"]["responses"]["429"]["x-codes"]) == {"too_many_requests", "busy"}


def test_the_server_serves_this_document(site: Site) -> None:
    assert site.client("").get("/openapi.json").json() == DOCUMENT


def test_the_reference_brings_its_own_files(site: Site) -> None:
    client = site.client("")
    page = client.get("/docs")
    assert "'unsafe" not in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert len(named) == 4
    for address in [*named, "/docs/tokens.css", "/docs/swagger-ui.css"]:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript" if address.endswith(".js") else "text/css")
    assert client.get("/docs/other.css").json()["code"] == "not_found"
    assert all(path in page.text for path in DOCUMENT["paths"])  # also without script


def test_the_copy_of_the_reference_is_whole() -> None:
    files = static_site(DOCUMENT)
    page = files["index.html"].decode()
    named = re.findall(r'(?:src|href)="([\w.-]+)"', page)
    assert set(named) == {"reference.css", "document.js", "swagger-ui.js", "reference.js", "openapi.json"}
    assert {*named, "tokens.css", "swagger-ui.css"} <= set(files)
    assert json.loads(files["openapi.json"]) == DOCUMENT
