"""``/docs``: the API document as one page, readable without script and without asking anybody else's server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from treadle.http.templating import render

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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


def page(document: Mapping[str, Any]) -> str:
    """The whole page of an OpenAPI document."""
    return render("reference.html", info=document["info"], groups=list(_groups(document)))


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
