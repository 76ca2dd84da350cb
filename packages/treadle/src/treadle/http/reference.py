"""``/docs``: the API document as one page, readable without script and without asking anybody else's server."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.55 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:minmax(0,16rem) minmax(0,1fr)}
nav{padding:1.5rem 1rem;border-right:1px solid var(--line);position:sticky;top:0;height:100vh;overflow:auto;
box-sizing:border-box}
nav ul{list-style:none;padding:0;margin:.2rem 0 1rem}nav a{text-decoration:none;display:block;padding:.1rem 0}
main{padding:1.5rem 2rem;max-width:56rem}section{border-top:1px solid var(--line);padding:1rem 0}
code,pre{font-family:ui-monospace,monospace;font-size:.88em}pre{background:var(--soft);padding:.8rem;overflow:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;
border-top:1px solid var(--line)}h3{margin:.2rem 0}.method{display:inline-block;min-width:4.5rem;font-weight:700}
@media(max-width:48rem){body{display:block}nav{position:static;height:auto;border:0}main{padding:1rem}}
"""


def page(document: Mapping[str, Any]) -> str:
    """The whole page of an OpenAPI document."""
    tags = [tag["name"] for tag in document.get("tags", ())]
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {name: [] for name in tags}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                by_tag.setdefault((item[method].get("tags") or ["Other"])[0], []).append((method, path, item[method]))
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    menu = "".join(
        f"<strong>{escape(tag)}</strong><ul>"
        + "".join(f'<li><a href="#{_anchor(m, p)}">{escape(op.get("summary", p))}</a></li>' for m, p, op in routes)
        + "</ul>"
        for tag, routes in by_tag.items()
        if routes
    )
    body = "".join(
        f'<h2 id="{escape(tag.lower())}">{escape(tag)}</h2><p>{escape(about.get(tag, ""))}</p>'
        + "".join(_route(method, path, operation) for method, path, operation in routes)
        for tag, routes in by_tag.items()
        if routes
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style><nav aria-label='Routes'>{menu}</nav><main>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>{_text(info.get('description', ''))}"
        '<p>The document to generate clients from: <a href="/openapi.json">/openapi.json</a>. '
        'Every kind of refusal: <a href="/problems">/problems</a>.</p>'
        f"{body}</main></html>"
    )


def _anchor(method: str, path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{method}{path}".lower()).strip("-")


def _route(method: str, path: str, operation: Mapping[str, Any]) -> str:
    return (
        f'<section id="{_anchor(method, path)}"><h3>{escape(operation.get("summary", ""))}</h3>'
        f'<p><span class="method">{method.upper()}</span><code>{escape(path)}</code></p>'
        f"{_text(operation.get('description', ''))}{_parameters(operation)}{_takes(operation)}"
        f"{_answers(operation)}</section>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{_inline(p.get('description') or p.get('schema', {}).get('description') or '')}</td></tr>"
        for p in operation.get("parameters", ())
    )
    return f"<table><caption>Parameters</caption>{rows}</table>" if rows else ""


def _takes(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in content)
    return (f"<p>Takes {kinds}</p>" if kinds else "") + (_json(example) if example is not None else "")


def _answers(operation: Mapping[str, Any]) -> str:
    rows, examples = "", ""
    for status, answer in operation.get("responses", {}).items():
        rows += f"<tr><td><code>{escape(status)}</code></td><td>{_inline(answer.get('description', ''))}</td></tr>"
        for kind, content in answer.get("content", {}).items():
            if status.startswith("2") and content.get("example") is not None:
                example = content["example"]
                examples += f"<p>{escape(status)}, <code>{escape(kind)}</code></p>"
                examples += f"<pre>{escape(example)}</pre>" if isinstance(example, str) else _json(example)
    return f"<table><caption>Answers</caption>{rows}</table>{examples}"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"


def _text(text: str) -> str:
    """Paragraphs with ``code`` in them, as docstrings have them."""
    return "".join(f"<p>{_inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()) if part.strip())


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
