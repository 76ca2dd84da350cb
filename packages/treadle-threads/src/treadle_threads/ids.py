"""What an id on Threads looks like: digits, as text. Meta names no length; today's have 17."""

from __future__ import annotations

from typing import Final

MOST_DIGITS: Final = 40
PATTERN: Final = f"^[0-9]{{1,{MOST_DIGITS}}}$"


def is_id(value: str) -> bool:
    """Whether this may be an id of a post, a reply or a place."""
    return 0 < len(value) <= MOST_DIGITS and value.isascii() and value.isdigit()
