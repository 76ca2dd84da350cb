"""Texts that make an expression work hard, made from the expression itself.

Backtracking becomes dear where a repeat can take what lies before or behind it in several ways and then does not find
what must follow. So: the beginning of the expression up to each repeat, then what the repeat takes, again and again,
then something that fits nowhere; and the same with whole beginnings and with separators in between.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.support.growth import Shape

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants as c
    import sre_parse

SEPARATORS = ("-", "_", " ", "\n", ".", "/", ":", '"', "'", "{", "=", "&", "\\", "<", ">", "#", "(", "@")
TAILS = ("", "!", "\x00", "\n", '"', " ")
MOST_UNITS = 28
_CATEGORIES = {
    c.CATEGORY_DIGIT: "7", c.CATEGORY_NOT_DIGIT: "a", c.CATEGORY_SPACE: " ", c.CATEGORY_NOT_SPACE: "a",
    c.CATEGORY_WORD: "a", c.CATEGORY_NOT_WORD: "-",
}  # fmt: skip


def _member(items: list[Any], which: int) -> str:
    """One of the characters a set takes; ``which`` chooses among its parts."""
    if items and items[0][0] is c.NEGATE:
        taken = re.compile("[" + re.escape("".join(_member([item], 0) for item in items[1:])) + "]")
        return next((ch for ch in 'ax7-_ .:"<\n'[which % 3 :] + "é" if not taken.match(ch)), "é")
    kind, value = items[which % len(items)]
    if kind is c.RANGE:
        return chr(value[0])
    if kind is c.CATEGORY:
        return _CATEGORIES.get(value, "a")
    return chr(value) if kind is c.LITERAL else "a"


def _one(tree: Any, which: int, units: set[str], ahead: str = "") -> str:
    """A text the tree takes (roughly: conditions are not looked at); ``units`` collects what its repeats take."""
    made = ""
    for kind, value in tree:
        if kind is c.LITERAL:
            made += chr(value)
        elif kind is c.NOT_LITERAL:
            made += "b" if chr(value) == "a" else "a"
        elif kind is c.ANY:
            made += "a"
        elif kind is c.IN:
            made += _member(value, which)
        elif kind is c.CATEGORY:
            made += _CATEGORIES.get(value, "a")
        elif kind in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            low, high, inner = value
            unit = _one(inner, which, units, ahead + made)
            if high > 1 and unit:
                units.add(unit)
                units.add(ahead + made + unit)
            made += unit * max(low, 1 if which % 2 else low)
        elif kind is c.SUBPATTERN:
            made += _one(value[3], which, units, ahead + made)
        elif kind is c.ATOMIC_GROUP:
            made += _one(value, which, units, ahead + made)
        elif kind is c.BRANCH:
            made += _one(value[1][which % len(value[1])], which, units, ahead + made)
        elif kind in (c.ASSERT, c.ASSERT_NOT):
            _one(value[1], which, units, ahead + made)
    if made:
        units.add(made)
        units.add(ahead + made)
    return made


def units_of(pattern: str | bytes, flags: int) -> list[str]:
    """What repetitions of can be dear for the expression."""
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    units: set[str] = set()
    for plain in (text, re.sub(r"\\p\{\w+\}", "\U0001f600", text).replace(r"\X", ".")):
        try:
            tree = sre_parse.parse(plain, flags & ~re.DEBUG & (re.I | re.M | re.S | re.X | re.A))
        except re.error:
            continue
        for which in range(12):
            _one(tree, which, units)
        break
    units.discard("")
    short = sorted(units, key=lambda unit: (len(unit), unit))
    return short[: MOST_UNITS // 2] + short[MOST_UNITS // 2 :][-MOST_UNITS // 2 :]


def shapes_of(pattern: str | bytes, flags: int = 0) -> Iterator[Shape]:
    """Every family of texts to try on the expression."""
    units = units_of(pattern, flags)
    for unit in units:
        for tail in TAILS:
            yield Shape("", unit, tail)
        for separator in SEPARATORS:
            yield Shape("", unit + separator, "!")
    few = units[:10]
    for one, other in product(few, few):
        if one != other:
            yield Shape("", one + other, "\x00")
            yield Shape(other, one, "\x00")
    for separator in SEPARATORS:
        yield Shape("", separator, "!")
        yield Shape("", separator, "")
        yield Shape(units[-1] if units else "", separator, "\x00")
