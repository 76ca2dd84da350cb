"""What FastAPI leaves out of the API document or loses from it: words, units and examples of every field.

Examples of a field come from its model, from :mod:`treadle.http.field_docs`, or from the fields below it; those of an
answer or a body that brings none are put together from the fields of its schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from treadle.http.examples import TIME
from treadle.http.field_docs import EXAMPLES, MODELS, PARAMETER_EXAMPLES, PARAMETERS, RAW, UNITS, WORDS

_REF: Final = "#/components/schemas/"
_DEPTH: Final = 4  # how far examples are put together from those of fields
_METHODS: Final = ("get", "put", "post", "delete", "patch")


def complete(made: dict[str, Any], given: Mapping[tuple[str, str], Mapping[tuple[str, str], Any]]) -> None:
    """Complete a document. ``given``: by path and method, the examples of bodies (``""``) and answers (their status)
    as the routes have them: FastAPI takes every null out of them."""
    schemas: dict[str, Any] = made["components"]["schemas"]
    for name, schema in schemas.items():
        if words := MODELS.get(name):
            schema.setdefault("description", words)
        for field, content in schema.get("properties", {}).items():
            describe_field(name, field, content, answer=not name.endswith(("In", "Patch", "Filter")))
    examples = _Examples(schemas)
    for name, schema in schemas.items():
        for field, content in schema.get("properties", {}).items():
            if not content.keys() & {"example", "examples"}:
                with suppress(LookupError):  # a test names it
                    content["examples"] = [examples.of_field(name, field, content, _DEPTH)]
    for path, item in made["paths"].items():
        for method, operation in ((m, item[m]) for m in _METHODS if m in item):
            known = given.get((path, method), {})
            for parameter in operation.get("parameters", ()):
                describe_parameter(operation["operationId"], parameter)
            for status, kind, content in _contents(operation):
                if (status, kind) in known:
                    content["example"] = known[status, kind]
                if kind.endswith("/json") and "schema" in content:
                    with suppress(LookupError):
                        content["example"] = examples.whole(content.get("example"), content["schema"])
                elif kind not in ("application/problem+json", "application/x-ndjson") and "example" not in content:
                    content["example"] = RAW.get(kind, "")


def describe_parameter(operation: str, parameter: dict[str, Any]) -> None:
    """Words and an example for a parameter that has none."""
    name, schema = parameter["name"], parameter["schema"]
    own = f"{operation}.{name}"
    if words := PARAMETERS.get(own) or PARAMETERS.get(name):
        parameter.setdefault("description", words)
    if not (parameter.keys() | schema.keys()) & {"example", "examples"}:
        example = PARAMETER_EXAMPLES.get(own, PARAMETER_EXAMPLES.get(name))
        if example is None and schema.get("type") == "boolean":
            example = not schema.get("default", False)
        if example is not None:
            parameter["example"] = example


def describe_field(model: str, field: str, content: dict[str, Any], *, answer: bool) -> None:
    """Words for a field that has none, and the format of a point in time."""
    words = content.get("description") or WORDS.get(f"{model}.{field}") or WORDS.get(field)
    text = {"string"} & {one.get("type") for one in (content, *content.get("anyOf", ()))}
    if words and answer and text and is_time(field):
        if "ISO 8601" not in words:
            words = f"{words} {UNITS}"
        for one in (content, *content.get("anyOf", ())):
            if one.get("type") == "string":
                one["format"] = "date-time"
    if words:
        content["description"] = words


def is_time(field: str) -> bool:
    """Whether a field of an answer with this name is a point in time."""
    return field.endswith(("_at", "_until")) or field in ("at", "timestamp", "next_free")


def _contents(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "", kind, content
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            yield status, kind, content


class _Examples:
    """Examples of schemas, put together from those of their fields."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self.schemas = schemas

    def whole(self, given: Any, schema: Mapping[str, Any]) -> Any:
        """``given`` with the fields that an answer always has, where it leaves them out."""
        if given is None:
            return self.of(schema, _DEPTH)
        return self._filled(given, schema, _DEPTH)

    def _filled(self, given: Any, schema: Mapping[str, Any], depth: int) -> Any:
        if "$ref" in schema:
            model = schema["$ref"].removeprefix(_REF)
            schema = self.schemas[model]
            if not isinstance(given, dict):
                return given
            required = set(schema.get("required", ()))
            fields = {
                field: self._filled(given[field], content, depth - 1)
                if field in given
                else self.of_field(model, field, content, depth - 1)
                for field, content in schema.get("properties", {}).items()
                if field in given or field in required
            }
            return {**fields, **{name: value for name, value in given.items() if name not in fields}}
        if isinstance(given, list):
            return [self._filled(one, schema.get("items", {}), depth) for one in given]
        for choice in schema.get("anyOf", ()):
            target = self.schemas[choice["$ref"].removeprefix(_REF)] if "$ref" in choice else choice
            if target.get("type") == ("object" if isinstance(given, dict) else "") and given:
                return self._filled(given, choice, depth)
        return given

    def of_field(self, model: str, field: str, schema: Mapping[str, Any], depth: int) -> Any:
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if f"{model}.{field}" in EXAMPLES:
            return EXAMPLES[f"{model}.{field}"]
        holds_models = _REF in str(schema)
        if field in EXAMPLES and not holds_models:
            return EXAMPLES[field]
        if is_time(field) and not holds_models:
            return TIME
        return self.of(schema, depth)

    def of(self, schema: Mapping[str, Any], depth: int) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_REF)
            return self._object(name, self.schemas[name], depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for choice in schema.get("anyOf") or schema.get("oneOf") or ():
            if choice.get("type") != "null":
                return self.of(choice, depth)
        match schema.get("type"):
            case "array":
                # Below the depth an array is empty and a field that may be left out or null is: examples end somewhere.
                return [self.of(schema.get("items", {}), depth - 1)] if depth > 0 else []
            case "object":
                return {}
            case "boolean":
                return True
        raise LookupError(f"no example for {schema!r}")

    def _object(self, name: str, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        made: dict[str, Any] = {}
        for field, content in schema.get("properties", {}).items():
            nullable = any(one.get("type") == "null" for one in content.get("anyOf", ()))
            if depth <= 1 and _REF in str(content):
                if nullable and field in required:
                    made[field] = None
                if nullable or field not in required:
                    continue
            made[field] = self.of_field(name, field, content, depth - 1)
        return made
