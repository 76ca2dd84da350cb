"""The guide's prose: Markdown files of the catalogue, with links to patterns, categories and pages by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from markdown_it import MarkdownIt

_LINK = re.compile(r"\]\((pattern|category|page):([a-z0-9_-]+)\)")


@dataclass(frozen=True, slots=True)
class Prose:
    slug: str
    title: str
    description: str
    order: int
    markdown: str

    def links(self) -> list[tuple[str, str]]:
        """The (kind, name) of every link into the guide."""
        return [(m.group(1), m.group(2)) for m in _LINK.finditer(self.markdown)]


@lru_cache(maxsize=1)
def pages() -> tuple[Prose, ...]:
    """All prose pages in their order."""
    folder = resources.files("treadle_diagnosis.catalog") / "prose"
    found = [
        _read(f.name.removesuffix(".md"), f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".md")
    ]
    return tuple(sorted(found, key=lambda page: page.order))


def _read(slug: str, text: str) -> Prose:
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return Prose(slug, fields["title"], fields["description"], int(fields["order"]), body)


def to_html(page: Prose, href: Callable[[str, str], str]) -> str:
    """The page's body as HTML; raw HTML in the Markdown is not let through."""
    text = _LINK.sub(lambda m: f"]({href(m.group(1), m.group(2))})", page.markdown)
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def inline(text: str) -> str:
    """One line of a pattern's text: code spans become code, everything else is escaped."""
    return str(MarkdownIt("zero").enable("backticks").renderInline(text))
