"""Regular expressions of Python as JavaScript understands them.

Both match the same: ``\\w``, ``\\d``, ``\\s`` and ``\\b`` know every script, ``.`` and ``$`` know one line end,
possessive repeats give nothing back. The result needs the flag ``u`` and lookbehind (Node.js, and browsers since 2023).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

# Python's own parser of expressions; type checkers do not know these modules.
op: Any = import_module("re._constants")
_parser: Any = import_module("re._parser")

WORD = r"\p{L}\p{N}_"
SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CATEGORIES = {
    op.CATEGORY_DIGIT: (r"\p{Nd}", False),
    op.CATEGORY_NOT_DIGIT: (r"\p{Nd}", True),
    op.CATEGORY_SPACE: (SPACE, False),
    op.CATEGORY_NOT_SPACE: (SPACE, True),
    op.CATEGORY_WORD: (WORD, False),
    op.CATEGORY_NOT_WORD: (WORD, True),
}
_EDGE = f"(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"
_NO_EDGE = f"(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))"
_PLACES = {
    op.AT_BEGINNING: "^",
    op.AT_BEGINNING_STRING: "^",
    op.AT_END_STRING: "$",
    op.AT_BOUNDARY: _EDGE,
    op.AT_NON_BOUNDARY: _NO_EDGE,
}


def javascript(pattern: re.Pattern[str]) -> tuple[str, str]:
    """Source and flags. Raises :class:`ValueError` for what cannot be said in JavaScript."""
    if unknown := pattern.flags & ~(re.UNICODE | re.IGNORECASE | re.MULTILINE):
        raise ValueError(f"no JavaScript for the flags {re.RegexFlag(unknown)!r} of {pattern.pattern!r}")
    writer = _Writer(bool(pattern.flags & re.MULTILINE))
    source = writer.sequence(_parser.parse(pattern.pattern, pattern.flags))
    if writer.atoms and pattern.groups:
        raise ValueError(f"possessive repeats beside groups: {pattern.pattern!r}")
    return source, "ui" if pattern.flags & re.IGNORECASE else "u"


class _Writer:
    def __init__(self, lines: bool) -> None:
        self.lines = lines
        self.atoms = 0

    def sequence(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self.one(kind, value) for kind, value in parsed)

    def one(self, kind: Any, value: Any) -> str:
        if kind is op.LITERAL:
            return _letter(value)
        if kind is op.NOT_LITERAL:
            return f"[^{_letter(value)}]"
        if kind is op.ANY:
            return r"[^\n]"
        if kind is op.IN:
            return _choice(value)
        if kind is op.AT:
            return self.place(value)
        if kind is op.BRANCH:
            return f"(?:{'|'.join(map(self.sequence, value[1]))})"
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self.repeat(kind, *value)
        if kind is op.SUBPATTERN:
            group, add, remove, inner = value
            if add or remove:
                raise ValueError("flags inside an expression have no JavaScript")
            return f"({'' if group else '?:'}{self.sequence(inner)})"
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inner = value
            sign = "=" if kind is op.ASSERT else "!"
            return f"(?{'<' if direction < 0 else ''}{sign}{self.sequence(inner)})"
        raise ValueError(f"no JavaScript for {kind}")

    def repeat(self, kind: Any, least: int, most: int, inner: Any) -> str:
        times = f"{{{least},{'' if most is op.MAXREPEAT else most}}}"
        repeated = f"(?:{self.sequence(inner)}){times}"
        if kind is op.MIN_REPEAT:
            return f"{repeated}?"
        if kind is op.MAX_REPEAT:
            return repeated
        self.atoms += 1  # a lookahead gives nothing back, and what it saw is then taken
        return f"(?=({repeated}))\\{self.atoms}"

    def place(self, at: Any) -> str:
        if at is op.AT_BEGINNING and self.lines:
            return r"(?:^|(?<=\n))"
        if at is op.AT_END:
            return r"(?=\n|$)" if self.lines else r"(?=\n?$)"
        return _PLACES[at]


def _choice(members: list[tuple[Any, Any]]) -> str:
    """A class. Classes that are turned round within it become branches: ``[^\\S\\n]`` is one place, two conditions."""
    negated = members[0][0] is op.NEGATE
    inside, outside = "", []
    for kind, value in members[negated:]:
        if kind is op.LITERAL:
            inside += _letter(value)
        elif kind is op.RANGE:
            inside += f"{_letter(value[0])}-{_letter(value[1])}"
        elif kind is op.CATEGORY:
            known, turned = _CATEGORIES[value]
            if turned:
                outside.append(known)
            else:
                inside += known
        else:
            raise ValueError(f"no JavaScript for {kind} in a class")
    if negated:
        conditions = "".join(f"(?=[{known}])" for known in outside)
        return f"(?:{conditions}[^{inside}])" if outside else f"[^{inside}]"
    choices = [f"[{inside}]"] if inside else []
    choices += [f"[^{known}]" for known in outside]
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _letter(code: int) -> str:
    letter = chr(code)
    if letter.isascii() and letter.isalnum():
        return letter
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{{{code:x}}}"
