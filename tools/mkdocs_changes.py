"""MkDocs: the page ``changes.md`` is the repository's CHANGELOG.md, so that there is one text of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the changelog in place of the page, with its links seen from there."""
    if page.file.src_uri != "changes.md":
        return markdown
    return CHANGELOG.read_text(encoding="utf-8").replace("](docs/", "](")
