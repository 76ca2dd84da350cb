"""Write the parts of both clients that follow from the API's document: types and operations.

    .venv/bin/python tools/build_clients.py            # writes them
    .venv/bin/python tools/build_clients.py --check    # fails when what is written is not what the document says

Written by hand are sending, retries, waiting, uploads, the stream of changes and webhook verification.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.http.server import describe

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / "packages" / "treadle-client" / "src" / "treadle_client"
SCRIPT = ROOT / "js" / "client"
# These have a form of their own in the clients: a stream, a file, lines, or pages for machines.
BY_HAND = frozenset({"events.stream", "media.upload", "posts.export_csv", "workspaces.export"})
HEAD = "Made of the API's document by tools/build_clients.py; do not edit."
WIDTH = 110


@dataclass(frozen=True)
class Parameter:
    name: str
    python: str
    script: str


@dataclass(frozen=True)
class Operation:
    """One route. ``body``: name of the model of its body; ``item``: of a page's entry, where it has pages."""

    resource: str
    name: str
    method: str
    path: str
    about: str
    ids: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    headers: tuple[str, ...]
    body: str
    body_required: bool
    answer_python: str
    answer_script: str
    item: str
    once: bool


class Model:
    """The document, read for the clients."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: Mapping[str, Any] = document["components"]["schemas"]

    def name(self, schema: str) -> str:
        """``Post`` for ``PostOut``, unless that is another one's."""
        short = schema.removesuffix("Out")
        return short if short not in self.schemas or short == schema else schema

    def python(self, schema: Mapping[str, Any]) -> str:
        if "$ref" in schema:
            return self.name(schema["$ref"].rpartition("/")[2])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            each = sorted(dict.fromkeys(self.python(one) for one in choices), key=lambda kind: kind == "None")
            return "Any" if "Any" in each else " | ".join(each)
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            return f"Literal[{', '.join(map(repr, schema['enum']))}]"
        match schema.get("type"):
            case "string":
                return "str"
            case "integer":
                return "int"
            case "number":
                return "float"
            case "boolean":
                return "bool"
            case "null":
                return "None"
            case "array":
                return f"list[{self.python(schema.get('items', {}))}]"
            case "object":
                inside = schema.get("additionalProperties")
                return f"dict[str, {self.python(inside) if isinstance(inside, dict) else 'Any'}]"
        return "Any"

    def script(self, schema: Mapping[str, Any]) -> str:
        if "$ref" in schema:
            return self.name(schema["$ref"].rpartition("/")[2])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return " | ".join(dict.fromkeys(self.script(one) for one in choices))
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return " | ".join(map(json.dumps, schema["enum"]))
        match schema.get("type"):
            case "string" | "boolean" | "null" as plain:
                return str(plain)
            case "integer" | "number":
                return "number"
            case "array":
                return f"Array<{self.script(schema.get('items', {}))}>"
            case "object":
                inside = schema.get("additionalProperties")
                return f"Record<string, {self.script(inside) if isinstance(inside, dict) else 'unknown'}>"
        return "unknown"

    def operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                resource, _, name = operation["operationId"].partition(".")
                if resource == "operating" or operation["operationId"] in BY_HAND:
                    continue
                yield self._operation(resource, name, method, path, operation)

    def _parameter(self, given: Mapping[str, Any]) -> Parameter:
        python = self.python(given["schema"]).replace("list[", "Sequence[")  # a method is called list
        return Parameter(given["name"], python, self.script(given["schema"]))

    def _id(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> Parameter:
        """A part of the path; one that is a number is taken as text too."""
        number = any(p["name"] == name and p["schema"].get("type") == "integer" for p in parameters)
        return Parameter(name, "int | str" if number else "str", "number | string" if number else "string")

    def _operation(self, resource: str, name: str, method: str, path: str, operation: Mapping[str, Any]) -> Operation:
        parameters = operation.get("parameters", [])
        good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        contents: list[Mapping[str, Any]] = [*good.get("content", {}).values(), {}]
        schema: Mapping[str, Any] | None = contents[0].get("schema")
        body = operation.get("requestBody", {})
        wanted: Mapping[str, Any] = body.get("content", {}).get("application/json", {}).get("schema", {})
        wanted = next((one for one in wanted.get("anyOf", ()) if "$ref" in one), wanted)
        item = ""
        query = [one for one in parameters if one["in"] == "query"]
        if schema and "$ref" in schema and any(one["name"] == "after" for one in query):
            page = self.schemas[schema["$ref"].rpartition("/")[2]]
            item = self.name(page["properties"]["data"]["items"]["$ref"].rpartition("/")[2])
        return Operation(
            resource,
            name,
            method.upper(),
            path,
            operation["summary"],
            tuple(self._id(id_, parameters) for id_ in re.findall(r"{(\w+)}", path)),
            tuple(map(self._parameter, query)),
            tuple(one["name"] for one in parameters if one["in"] == "header" and one["name"] != "Idempotency-Key"),
            self.name(wanted["$ref"].rpartition("/")[2]) if wanted else "",
            bool(body.get("required")),
            self.python(schema) if schema else "None",
            self.script(schema) if schema else "void",
            item,
            any(one["name"] == "Idempotency-Key" for one in parameters),
        )


def described(field: Mapping[str, Any]) -> str:
    return " ".join(str(field.get("description", "")).split())


def python_types(model: Model) -> str:
    """Every schema as a TypedDict: requests as they are sent, answers as they come."""
    lines = [f'"""What requests and answers hold. {HEAD}"""', "", "from __future__ import annotations", ""]
    lines += ["from typing import Any, Literal, NotRequired, TypedDict", ""]
    for schema, content in sorted(model.schemas.items()):
        name, fields = model.name(schema), content.get("properties", {})
        required = set(content.get("required", ()))
        about = described(content).replace("``", "`")
        if any(not field.isidentifier() or keyword.iskeyword(field) for field in fields):
            kinds = {field: model.python(meaning) for field, meaning in fields.items()}
            inside = ", ".join(
                f'"{field}": {(kind if field in required else f"NotRequired[{kind}]")!r}'
                for field, kind in kinds.items()
            )
            lines += ["", f'{name} = TypedDict("{name}", {{{inside}}})', *([f'"""{about}"""'] if about else []), ""]
            continue
        lines += ["", f"class {name}(TypedDict):"]
        if about:
            lines += [f'    """{about}"""', ""]
        for field, meaning in fields.items():
            kind = model.python(meaning)
            lines.append(f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}")
            if words := described(meaning):
                lines.append('    """' + words.replace("\\", "\\\\") + (' """' if words.endswith('"') else '"""'))
        if not fields and not about:
            lines.append("    pass")
        lines.append("")
    return "\n".join(lines)


def python_operations(model: Model, asynchronous: bool) -> str:
    """One class a resource, with a method an operation."""
    a, w = ("async ", "await ") if asynchronous else ("", "")
    every = list(model.operations())
    prefix = "Async" if asynchronous else ""
    lines = [f'"""The operations of the API{", awaited" if asynchronous else ""}. {HEAD}"""', ""]
    names = "AsyncIterator, Awaitable, Callable, Sequence" if asynchronous else "Callable, Iterator, Sequence"
    lines += [
        "from __future__ import annotations",
        "",
        f"from collections.abc import {names}",
    ]
    lines += ["from typing import Any, Unpack, cast", "", "from treadle_client import types"]
    lines += ["from treadle_client.calls import Call, address", ""]
    kind = "Awaitable[Any]" if asynchronous else "Any"
    lines += ["", "class Operations:", f"    def __init__(self, send: Callable[[Call], {kind}]) -> None:"]
    lines += ["        self._send = send", ""]
    for resource in dict.fromkeys(one.resource for one in every):
        lines += ["", f"class {prefix}{resource.title().replace('_', '')}Operations(Operations):"]
        for one in (each for each in every if each.resource == resource):
            lines += [*_python_method(model, one, a, w), ""]
            if one.item:
                lines += [*_python_iterate(one, a, w), ""]
    return "\n".join(lines)


def _typed(kind: str, model: Model) -> str:
    """With the names of models in their module."""
    names = {model.name(schema) for schema in model.schemas}
    return re.sub(r"\b[A-Z]\w+\b", lambda found: f"types.{found[0]}" if found[0] in names else found[0], kind)


def _arguments(one: Operation, model: Model) -> tuple[list[str], str]:
    """The arguments behind ``self``, and how the body is spelled in the call."""
    fields = set(model.schemas[_schema_of(model, one.body)].get("properties", {})) if one.body else set()
    whole = bool(fields & {q.name for q in one.query}) or (one.body and not one.body_required)
    arguments, body = [f"{id_.name}: {id_.python}" for id_ in one.ids], ""
    if one.body and whole:
        arguments.append(f"body: types.{one.body}" + ("" if one.body_required else " | None = None"))
        body = "body"
    if arguments:
        arguments.append("/")
    named = [f"{q.name}: {q.python}" + ("" if "None" in q.python else " | None") + " = None" for q in one.query]
    named += [f"{name.lower().replace('-', '_')}: str | None = None" for name in one.headers]
    named += ["idempotency_key: str | None = None"] if one.once else []
    if named:
        arguments += ["*", *named]
    if one.body and not whole:
        arguments.append(f"**body: Unpack[types.{one.body}]")
        body = "body"
    return arguments, body


def _schema_of(model: Model, name: str) -> str:
    return next(schema for schema in model.schemas if model.name(schema) == name)


def _python_method(model: Model, one: Operation, a: str, w: str) -> Iterator[str]:
    arguments, body = _arguments(one, model)
    answer = _typed(one.answer_python, model)
    yield f"    {a}def {one.name}(self, {', '.join(arguments)}) -> {answer}:".replace("(self, )", "(self)")
    yield f'        """{one.about.removesuffix(".")}: ``{one.method} {one.path}``."""'
    path = f'address("{one.path}", {", ".join(id_.name for id_ in one.ids)})' if one.ids else f'"{one.path}"'
    words = [f'"{one.method}"', path]
    if one.query:
        words.append("query={" + ", ".join(f'"{q.name}": {q.name}' for q in one.query) + "}")
    if body:
        words.append("body=body")
    for name in one.headers:
        short = name.lower().replace("-", "_")
        words.append(f'headers={{"{name}": {short}}} if {short} else {{}}')
    if one.once:
        words += ["once=True", "key=idempotency_key"]
    call = f"{w}self._send(Call({', '.join(words)}))"
    if one.answer_python == "None":
        yield f"        {call}"
    else:
        yield f'        return cast("{answer}", {call})'


def _python_iterate(one: Operation, a: str, w: str) -> Iterator[str]:
    name = one.name.replace("list", "iterate", 1)
    rest = [q for q in one.query if q.name != "after"]
    arguments = [f"{id_.name}: {id_.python}" for id_ in one.ids] + (["/"] if one.ids else [])
    arguments += ["*"] + [f"{q.name}: {q.python}" + ("" if "None" in q.python else " | None") + " = None" for q in rest]
    handed = [*(id_.name for id_ in one.ids), *(f"{q.name}={q.name}" for q in rest), "after=after"]
    kind = "AsyncIterator" if a else "Iterator"
    yield f"    {a}def {name}(self, {', '.join(arguments)}) -> {kind}[types.{one.item}]:"
    yield '        """The same, entry by entry through all pages; ``limit`` is that of one page."""'
    yield "        after: str | None = None"
    yield "        while True:"
    yield f"            page = {w}self.{one.name}({', '.join(handed)})"
    yield '            for entry in page["data"]:'
    yield "                yield entry"
    yield '            after = page["next"]'
    yield "            if after is None:"
    yield "                return"


# From the awaited client to the one that waits.
_SYNC = (
    (
        "The client, awaited: :class:`AsyncTreadle`. ``client.py`` is made of this file by",
        "The client that waits for each answer: :class:`Treadle`. Made of async_client.py by",
    ),
    ("import asyncio\n", ""),
    ("asyncio.sleep", "time.sleep"),
    ("async_operations", "operations"),
    ("async ", ""),
    ("await ", ""),
    ("AsyncTreadle", "Treadle"),
    ("AsyncClient", "Client"),
    ("AsyncIterator", "Iterator"),
    ("aclose", "close"),
    ("__aenter__", "__enter__"),
    ("__aexit__", "__exit__"),
    ("aread", "read"),
    ("aiter_lines", "iter_lines"),
    ("operations.Async", "operations."),
)


def python_sync(text: str) -> str:
    for awaited, waiting in _SYNC:
        text = text.replace(awaited, waiting)
    return text


def script_types(model: Model) -> str:
    lines = [f"// What requests and answers hold, and the operations. {HEAD}", ""]
    for schema, content in sorted(model.schemas.items()):
        required = set(content.get("required", ()))
        if about := described(content):
            lines.append(f"/** {about.replace('*/', '* /')} */")
        lines.append(f"export interface {model.name(schema)} {{")
        for field, meaning in content.get("properties", {}).items():
            if words := described(meaning):
                lines.append(f"  /** {words.replace('*/', '* /')} */")
            lines.append(f"  {field}{'' if field in required else '?'}: {model.script(meaning)};")
        if content.get("additionalProperties") is True:
            lines.append("  [more: string]: unknown;")
        lines += ["}", ""]
    every = list(model.operations())
    for resource in dict.fromkeys(one.resource for one in every):
        lines.append(f"export interface {resource.title().replace('_', '')}Operations {{")
        for one in (each for each in every if each.resource == resource):
            options = [f"{q.name}?: {q.script}" for q in one.query]
            options += [f"{_camel(name)}?: string" for name in one.headers]
            options += ["idempotencyKey?: string"] if one.once else []
            kind = f"CallOptions & {{ {'; '.join(options)} }}" if options else "CallOptions"
            arguments = [f"{_camel(id_.name)}: {id_.script}" for id_ in one.ids]
            if one.body:
                arguments.append(f"body{'' if one.body_required else '?'}: {one.body}")
            lines.append(f"  /** {one.about.removesuffix('.')}: `{one.method} {one.path}`. */")
            lines.append(
                f"  {_camel(one.name)}({', '.join([*arguments, f'options?: {kind}'])}): Promise<{one.answer_script}>;"
            )
            if one.item:
                name = _camel(one.name.replace("list", "iterate", 1))
                ids = arguments[: len(one.ids)]
                lines.append("  /** The same, entry by entry through all pages. */")
                lines.append(f"  {name}({', '.join([*ids, f'options?: {kind}'])}): AsyncGenerator<{one.item}>;")
        lines += ["}", ""]
    return "\n".join(lines)


def script_operations(model: Model) -> str:
    """The table from which the client makes its methods."""
    lines = ["// The operations: method, path, query, headers, has a body, heeds idempotency keys, has pages."]
    lines.append(f"// {HEAD}")
    lines.append("export const OPERATIONS = {")
    for one in model.operations():
        row = [
            one.method,
            one.path,
            [q.name for q in one.query],
            list(one.headers),
            bool(one.body),
            one.once,
            bool(one.item),
        ]
        lines.append(f"  {json.dumps(f'{one.resource}.{_camel(one.name)}')}: {json.dumps(row)},")
    return "\n".join([*lines, "};", ""])


def _camel(name: str) -> str:
    first, *rest = re.split(r"[-_]", name)
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in rest)


def files() -> dict[Path, str]:
    """Every file with its text; Python as ruff formats it."""
    model = Model(describe())
    return {
        PYTHON / "types.py": python_types(model),
        PYTHON / "operations.py": python_operations(model, asynchronous=False),
        PYTHON / "async_operations.py": python_operations(model, asynchronous=True),
        PYTHON / "client.py": python_sync((PYTHON / "async_client.py").read_text("utf-8")),
        SCRIPT / "types.d.ts": script_types(model),
        SCRIPT / "operations.js": script_operations(model),
    }


def formatted(path: Path, text: str) -> str:
    """Python as ``ruff format`` writes it."""
    if path.suffix != ".py":
        return text
    import subprocess

    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(path), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def main() -> None:
    wanted = {path: formatted(path, text) for path, text in files().items()}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            sys.exit(f"not what the API's document says: {names}; run tools/build_clients.py")
        return
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")


if __name__ == "__main__":
    main()
