"""Where the sandbox fetches what clients call by a public name: ``https://cdn.example.com=http://127.0.0.1:9000,...``."""

from __future__ import annotations

from functools import lru_cache


def check_map(text: object) -> str | None:
    """What is wrong with a ``media_map`` option, or nothing."""
    if not isinstance(text, str):
        return f"Option 'media_map' takes text, not {text!r}."
    for row in _rows(text):
        if len(row) != 2 or not all(part.startswith(("http://", "https://")) for part in row):
            return "Option 'media_map' takes https://NAME=http://ADDRESS, more of them after a comma."
    return None


def mapped(url: str, text: str) -> str:
    """``url`` with the longest prefix that ``text`` maps replaced; a prefix ends where a part of the address does."""
    for prefix, target in _by_length(text) if text else ():
        rest = url[len(prefix) :]
        if url.startswith(prefix) and (not rest or rest[0] in "/?#" or prefix.endswith("/")):
            return target + rest
    return url


def _rows(text: str) -> list[tuple[str, ...]]:
    return [tuple(part.strip().rstrip("/") for part in row.split("=", 1)) for row in text.split(",") if row.strip()]


@lru_cache(maxsize=8)
def _by_length(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(((row[0], row[1]) for row in _rows(text)), key=lambda row: -len(row[0])))
