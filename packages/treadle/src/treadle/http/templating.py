"""The few pages that the API answers itself, from templates: its reference, problems, connecting an account."""

from __future__ import annotations

import re
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from treadle.plural import plural

_templates: Final = Environment(
    loader=PackageLoader("treadle.http"),
    autoescape=select_autoescape(),
    undefined=ChainableUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, **values: Any) -> str:
    """The template with these values; every one of them is escaped."""
    return _templates.get_template(name).render(**values)


def _inline(text: str) -> Markup:
    """Text with ``code`` in it, as docstrings have it."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _paragraphs(text: str) -> list[Markup]:
    return [_inline(part) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


_templates.filters.update(inline=_inline, paragraphs=_paragraphs, plural=plural)
