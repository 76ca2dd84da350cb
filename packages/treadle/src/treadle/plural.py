"""A number with its noun: ``1 post``, ``2 posts``, ``1,200 posts go``."""

from __future__ import annotations


def plural(n: int, one: str, many: str | None = None) -> str:
    """``n`` with the noun for one, or for many (``one`` with an s, unless said)."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
