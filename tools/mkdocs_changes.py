"""MkDocs: the page ``changes.md`` is the repository's CHANGELOG.md, so that there is one text of it; and the built API
reference, which MkDocs does not know, has a link where pages name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REFERENCE = "site/reference/index.html"  # as the pages name it for readers of the repository
CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the changelog in place of the page, with its links seen from there, and link the API reference."""
    if page.file.src_uri != "changes.md":
        return markdown.replace(f"`{REFERENCE}`", f'<a href="{REFERENCE.removeprefix("site/")}">reference</a>')
    return CHANGELOG.read_text(encoding="utf-8").replace("](docs/", "](")
