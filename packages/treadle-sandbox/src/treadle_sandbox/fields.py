"""Field selection: ``id,text,children{id,media_url}``, parsed once for each text."""

from __future__ import annotations

from functools import lru_cache

Selection = tuple[tuple[str, "Selection | None"], ...]


class FieldSyntaxError(ValueError):
    """Where the text stops making sense; ``at`` is a position in it."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.text = text
        self.at = at


@lru_cache(maxsize=512)
def parse_fields(text: str) -> Selection:
    """The fields of ``text``, each with its sub-selection or ``None``; modifiers like ``.limit(3)`` are dropped."""
    selection, at = _list(text, 0, 0)
    if at != len(text):
        raise FieldSyntaxError(text, at)
    return selection


def _list(text: str, at: int, depth: int) -> tuple[Selection, int]:
    if depth > 8:
        raise FieldSyntaxError(text, at)
    found: dict[str, Selection | None] = {}
    while at < len(text):
        start = at
        while at < len(text) and text[at] not in ",{}.()":
            at += 1
        name = text[start:at].strip()
        while at < len(text) and text[at] == ".":
            at = _modifier(text, at)
        sub: Selection | None = None
        if at < len(text) and text[at] == "{":
            sub, at = _list(text, at + 1, depth + 1)
            if at >= len(text) or text[at] != "}" or not name:
                raise FieldSyntaxError(text, at)
            at += 1
            while at < len(text) and text[at].isspace():
                at += 1
        if name:
            found[name] = sub
        if at >= len(text) or text[at] == "}":
            break
        if text[at] != ",":
            raise FieldSyntaxError(text, at)
        at += 1
    return tuple(found.items()), at


def _modifier(text: str, at: int) -> int:
    """Past ``.name(arguments)``."""
    opened = text.find("(", at)
    closed = text.find(")", at)
    if opened == -1 or closed < opened or not text[at + 1 : opened].replace("_", "").isalnum():
        raise FieldSyntaxError(text, at)
    return closed + 1
