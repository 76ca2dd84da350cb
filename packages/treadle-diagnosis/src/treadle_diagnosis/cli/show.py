"""Showing a diagnosis or a pattern on a terminal, in plain text that also reads well in a log."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable


def width() -> int:
    return max(50, min(shutil.get_terminal_size((96, 24)).columns, 100))


def bold(text: str) -> str:
    """Bold on a terminal that can and may show it, bare elsewhere."""
    plain = not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def field(label: str, text: str) -> str:
    """``Label   text`` with the text wrapped beside it; nothing when there is no text."""
    if not text:
        return ""
    gap = 16
    body = textwrap.wrap(text, width() - gap, break_long_words=False, break_on_hyphens=False) or [""]
    lines = [f"{label:<{gap}}{body[0]}", *(" " * gap + line for line in body[1:])]
    return "\n".join(lines)


def steps(label: str, items: Iterable[str]) -> str:
    """A numbered list beside a label."""
    out = [field(label if n == 1 else "", f"{n}. {item}") for n, item in enumerate(items, 1)]
    return "\n".join(out)


def write(*blocks: str) -> None:
    """Print the blocks that are not empty, one after the other."""
    sys.stdout.write("\n".join(block for block in blocks if block) + "\n")
