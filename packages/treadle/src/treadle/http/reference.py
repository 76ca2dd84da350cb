"""``/docs``: the API document as a reference with search and calls to try, and the same as files of a static site.

Swagger UI comes from the package ``fastapi-swagger``, which holds its newest files and needs nothing but FastAPI: no
file of it is in this repository, and nothing is asked of anybody else's server. Without script it is a page to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from treadle.http.templating import render

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# The files of the page by their names: the package that holds each, and its path there.
FILES: Final[Mapping[str, tuple[str, str]]] = {
    "swagger-ui.js": ("fastapi_swagger", "resources/swagger-ui-bundle.js"),
    "swagger-ui.css": ("fastapi_swagger", "resources/swagger-ui.css"),
    "tokens.css": ("treadle_diagnosis.guide", "assets/tokens.css"),
    "fonts.css": ("treadle.http", "assets/fonts.css"),
    "reference.css": ("treadle.http", "assets/reference.css"),
    "reference.js": ("treadle.http", "assets/reference.js"),
}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """An example of a good answer: its status, its content type and its text."""

    status: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class RouteShown:
    """One route of the page. ``takes``: content types of the request; ``example``: the text of one."""

    method: str
    path: str
    operation: Mapping[str, Any]
    takes: tuple[str, ...]
    example: str | None
    answers: tuple[ExampleAnswer, ...]

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self.method}{self.path}".lower()).strip("-")


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """The routes with one tag."""

    name: str
    about: str
    routes: tuple[RouteShown, ...]


def page(document: Mapping[str, Any], *, copy: bool = False) -> str:
    """The whole page of an OpenAPI document. ``copy``: one of the documentation, which sends no calls."""
    files = "" if copy else "/docs/"
    return render("reference.html", info=document["info"], groups=list(_groups(document)), copy=copy, files=files)


def file(name: str) -> tuple[bytes, str] | None:
    """A file of the page and its content type."""
    if (found := FILES.get(name)) is None:
        return None
    kind = "text/javascript" if name.endswith(".js") else "text/css"
    return (resources.files(found[0]) / found[1]).read_bytes(), f"{kind}; charset=utf-8"


def static_site(document: Mapping[str, Any]) -> dict[str, bytes]:
    """The reference as files by name, for any static host or a folder; the fonts are those of the reader's system."""
    text = json.dumps(document, ensure_ascii=False)
    files = {name: found[0] for name in FILES if name != "fonts.css" and (found := file(name)) is not None}
    return {
        **files,
        "index.html": page(document, copy=True).encode(),
        "openapi.json": text.encode(),
        "document.js": f"window.treadleDocument = {text};\n".encode(),
    }


def _groups(document: Mapping[str, Any]) -> Iterator[RouteGroup]:
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    by_tag: dict[str, list[RouteShown]] = {name: [] for name in about}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Other"])[0]
                by_tag.setdefault(tag, []).append(_route(method, path, item[method]))
    return (RouteGroup(name, about.get(name, ""), tuple(routes)) for name, routes in by_tag.items() if routes)


def _route(method: str, path: str, operation: Mapping[str, Any]) -> RouteShown:
    content = operation.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    return RouteShown(
        method, path, operation, tuple(content), None if example is None else _text(example), tuple(_answers(operation))
    )


def _answers(operation: Mapping[str, Any]) -> Iterator[ExampleAnswer]:
    for status, answer in operation.get("responses", {}).items():
        for kind, content in answer.get("content", {}).items():
            if status.startswith("2") and content.get("example") is not None:
                yield ExampleAnswer(status, kind, _text(content["example"]))


def _text(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
