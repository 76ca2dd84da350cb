"""Showing a diagnosis or a pattern on a terminal, in plain text that also reads well in a log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def width() -> int:
    return max(50, min(columns(), 100))


def columns() -> int:
    """As shutil.get_terminal_size says, whose import brings every kind of archive with it; 96 where nothing says."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 96  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 96


def bold(text: str) -> str:
    """Bold on a terminal that can and may show it, bare elsewhere."""
    plain = not sys.stdout.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR")
    return text if plain else f"\x1b[1m{text}\x1b[0m"


def field(label: str, text: str) -> str:
    """``Label   text`` with the text wrapped beside it; nothing when there is no text."""
    if not text:
        return ""
    gap = 16
    body = _wrap(text, width() - gap)
    lines = [f"{label:<{gap}}{body[0]}", *(" " * gap + line for line in body[1:])]
    return "\n".join(lines)


def _wrap(text: str, most: int) -> list[str]:
    """Lines of at most ``most`` characters, broken between words only. textwrap compiles more than this line needs."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return lines


def steps(label: str, items: Iterable[str]) -> str:
    """A numbered list beside a label."""
    out = [field(label if n == 1 else "", f"{n}. {item}") for n, item in enumerate(items, 1)]
    return "\n".join(out)


def write(*blocks: str) -> None:
    """Print the blocks that are not empty, one after the other."""
    sys.stdout.write("\n".join(block for block in blocks if block) + "\n")
