"""Compare the API's document with the last released one, and name every change that breaks a client.

    .venv/bin/python tools/breaking_changes.py                     # against the newest of tools/released/
    .venv/bin/python tools/breaking_changes.py OLD.json NEW.json
    .venv/bin/python tools/breaking_changes.py --keep              # keep the present document as that of its version

A release keeps its document in tools/released/ (``--keep``). Breaking is: an address, method, parameter, field of a
request or answer, status of success, content type, event or value of a list that is gone; a type that changed; a
parameter or field of a request that became required; a limit of a request that became tighter; a field of an answer
that may now be missing or null. Breaks that were meant are in tools/released/meant.txt, each with its reason.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from treadle.http.server import describe

RELEASED = Path(__file__).with_name("released")
MEANT = RELEASED / "meant.txt"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
# Limits of a request: those below must not fall, those above must not rise.
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


class Comparison:
    """What of ``new`` breaks a client that was written for ``old``."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self.old, self.new = old, new

    def breaks(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            for method in METHODS:
                if method in item:
                    where, there = f"{method.upper()} {path}", self._same_path(path).get(method)
                    if there is None:
                        yield f"{where}: is gone"
                    else:
                        yield from self._operation(where, item[method], there)
        for name, item in self.old.get("webhooks", {}).items():
            if name not in self.new.get("webhooks", {}):
                yield f"event {name}: is gone"
                continue
            old, new = (one["post"]["requestBody"]["content"]["application/json"]["schema"] for one in
                        (item, self.new["webhooks"][name]))  # fmt: skip
            yield from self._schema(f"event {name}", old, new, sent=False)

    def _same_path(self, path: str) -> Mapping[str, Any]:
        """The item of an address; what its parts are called does not matter."""
        plain = re.sub(r"{[^}]*}", "{}", path)
        return next((item for name, item in self.new["paths"].items() if re.sub(r"{[^}]*}", "{}", name) == plain), {})

    def _operation(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        yield from self._parameters(where, old, new)
        before, after = old.get("requestBody", {}), new.get("requestBody", {})
        if after.get("required") and not before.get("required"):
            yield f"{where}: its body became required"
        yield from self._contents(f"{where}, body", before.get("content", {}), after.get("content", {}), sent=True)
        for status, answer in old["responses"].items():
            if status.startswith("2") and status not in new["responses"]:
                yield f"{where}: answers {status} no more"
            elif status.startswith("2"):
                there = new["responses"][status]
                yield from self._contents(
                    f"{where}, {status}", answer.get("content", {}), there.get("content", {}), sent=False
                )
                lost = answer.get("headers", {}).keys() - there.get("headers", {}).keys()
                yield from (f"{where}, {status}: the header {name} is gone" for name in sorted(lost))
        if new.get("security") and not old.get("security"):
            yield f"{where}: takes a key now"

    def _parameters(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        def named(operation: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
            known = operation.get("parameters", ())
            return {(one["in"], one["name"].lower()): one for one in known if one["in"] != "path"}

        before, after = named(old), named(new)
        for (place, name), one in before.items():
            if (place, name) not in after:
                yield f"{where}: the parameter {name} ({place}) is gone"
            else:
                there = after[place, name]
                if there.get("required") and not one.get("required"):
                    yield f"{where}: the parameter {name} became required"
                yield from self._schema(f"{where}, parameter {name}", one["schema"], there["schema"], sent=True)
        for (place, name), one in after.items():
            if (place, name) not in before and one.get("required"):
                yield f"{where}: the new parameter {name} ({place}) is required"

    def _contents(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], *, sent: bool) -> Iterator[str]:
        for kind, content in old.items():
            if kind not in new:
                yield f"{where}: {kind} is gone"
            elif kind.endswith("/json") and "schema" in content:
                yield from self._schema(where, content["schema"], new[kind].get("schema", {}), sent=sent)

    def _schema(
        self,
        where: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        sent: bool,
        seen: frozenset[str] = frozenset(),
    ) -> Iterator[str]:
        """``sent``: a client sends it, so it must not become narrower; else a client reads it: not wider."""
        mark = json.dumps([old, new], sort_keys=True) if "$ref" in old else ""
        if mark in seen:
            return
        seen = seen | {mark} if mark else seen
        old, new = self._whole(self.old, old), self._whole(self.new, new)
        before, after = _types(old), _types(new)
        if before and after:
            if sent and (lost := before - after - ({"integer"} if "number" in after else set())):
                yield f"{where}: does not take {' or '.join(sorted(lost))} any more"
            if not sent and (gained := after - before - ({"integer"} if "number" in before else set())):
                yield f"{where}: can be {' or '.join(sorted(gained))} now"
        elif sent and before != after and after:
            yield f"{where}: takes only {' or '.join(sorted(after))} now"
        values, there = _values(old), _values(new)
        if sent and there and (not values or values - there):
            lost_values = (
                sorted(map(str, values - there)) if values else ["others than " + ", ".join(sorted(map(str, there)))]
            )
            yield f"{where}: does not take {', '.join(lost_values)} any more"
        if sent:
            yield from _tighter(where, old, new)
        yield from self._fields(where, old, new, sent=sent, seen=seen)
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", old["items"], new["items"], sent=sent, seen=seen)

    def _fields(
        self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], *, sent: bool, seen: frozenset[str]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required, requires = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            if name not in after:
                if not (sent and new.get("additionalProperties", True) is not False and not after):
                    yield f"{where}.{name}: is gone"
                continue
            if sent and name in requires - required:
                yield f"{where}.{name}: became required"
            if not sent and name in required - requires:
                yield f"{where}.{name}: may be missing now"
            yield from self._schema(f"{where}.{name}", schema, after[name], sent=sent, seen=seen)
        if sent:
            yield from (f"{where}.{name}: is new and required" for name in sorted(requires - before.keys()) if before)

    def _whole(self, document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema with what it refers to and what its alternatives have."""
        if "$ref" in schema:
            return self._whole(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        parts = [self._whole(document, one) for one in schema.get("allOf", ())]
        choices = [self._whole(document, one) for one in schema.get("anyOf", schema.get("oneOf", ()))]
        if not parts and not choices:
            return schema
        made: dict[str, Any] = {
            name: value for name, value in schema.items() if name not in ("allOf", "anyOf", "oneOf")
        }
        for one in parts:
            made["properties"] = {**made.get("properties", {}), **one.get("properties", {})}
            made["required"] = [*made.get("required", ()), *one.get("required", ())]
            made.setdefault("type", one.get("type"))
        if choices:
            some = [_types(one) for one in choices]
            made["type"] = sorted(set().union(*some)) if all(some) else []
            real = [one for one in choices if _types(one) != {"null"}]
            for one in real:
                made["properties"] = {**one.get("properties", {}), **made.get("properties", {})}
                if "items" in one:
                    made.setdefault("items", one["items"])
            made["required"] = list(set.intersection(*(set(one.get("required", ())) for one in real))) if real else []
            listed = [_values(one) for one in real]
            if listed and all(listed):
                made["enum"] = [*set().union(*listed), *([None] if len(real) < len(choices) else [])]
            if len(real) == 1:
                made |= {name: real[0][name] for name in (*UPPER, *LOWER, "pattern") if name in real[0]}
        return made


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Its types; empty: any."""
    given = schema.get("type")
    if given is None and "const" in schema:
        given = {str: "string", bool: "boolean", int: "integer", type(None): "null"}.get(type(schema["const"]))
    return set() if given is None else {given} if isinstance(given, str) else set(given)


def _values(schema: Mapping[str, Any]) -> set[Any]:
    """The values that it lists; empty: any."""
    if "const" in schema:
        return {schema["const"]}
    return {value for value in schema.get("enum", ()) if isinstance(value, str | int | bool | None)}


def _tighter(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in (*UPPER, *LOWER):
        if name not in new or (name in old and old[name] == new[name]):
            continue
        if name not in old or (new[name] < old[name]) is (name in UPPER):
            yield f"{where}: {name} is {new[name]} now, was {old.get(name, 'open')}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where}: its pattern is another now"


def newest() -> Path:
    """The document of the last release."""
    return max(RELEASED.glob("openapi-*.json"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)])


def meant() -> dict[str, str]:
    """Breaks that were meant, with their reasons; ``*`` in a line stands for anything."""
    lines = MEANT.read_text("utf-8").splitlines() if MEANT.is_file() else []
    pairs = [line.split(" -- ", 1) for line in lines if line.strip() and not line.startswith("#")]
    return {break_.strip(): reason.strip() for break_, reason in pairs}


def bare(value: Any, named: bool = False) -> Any:
    """A document without words and examples, which break nothing. ``named``: the keys are names of ours."""
    if isinstance(value, dict):
        inside = {"properties", "schemas", "paths", "responses", "headers", "webhooks"}
        words = {"example", "examples", "description", "summary", "title"}
        return {k: bare(v, k in inside and not named) for k, v in value.items() if named or k not in words}
    return [bare(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    given = sys.argv[1:]
    if given == ["--keep"]:
        document = describe()
        kept = {**bare(document), "info": {"title": "Treadle", "version": document["info"]["version"]}}
        path = RELEASED / f"openapi-{document['info']['version']}.json"
        path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
        return
    old = json.loads((Path(given[0]) if given else newest()).read_text("utf-8"))
    new = json.loads(Path(given[1]).read_text("utf-8")) if len(given) > 1 else describe()
    wrong = judged(Comparison(old, new).breaks(), {} if given else meant())
    for one in wrong:
        print(one)
    sys.exit(bool(wrong))


def judged(breaks: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """The breaks that nobody meant, and the lines of ``known`` that are of no use."""
    found = list(dict.fromkeys(breaks))
    plain = {line: line.replace("[", "[[]") for line in known}
    fresh = [one for one in found if not any(fnmatchcase(one, line) for line in plain.values())]
    unused = [line for line, pattern in plain.items() if not any(fnmatchcase(one, pattern) for one in found)]
    return [*fresh, *(f"{MEANT.name} names what is no break: {line}" for line in unused)]


if __name__ == "__main__":
    main()
