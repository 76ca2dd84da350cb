"""The templates of the pages: escaped by default; a missing value may be tested, never printed."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, select_autoescape

from treadle.web import labels


class _Absent(StrictUndefined):
    """A missing value: it may be tested (``{% if part.options.x %}``); printing it is an error."""

    __slots__ = ()
    __bool__ = Undefined.__bool__  # type: ignore[assignment]
    __iter__ = Undefined.__iter__  # type: ignore[assignment]
    __eq__ = Undefined.__eq__  # type: ignore[assignment]
    __ne__ = Undefined.__ne__  # type: ignore[assignment]
    __hash__ = Undefined.__hash__  # type: ignore[assignment]


@cache
def environment() -> Environment:
    """The templates with their filters and labels; compiled once for all servers of a process."""
    templates = Environment(
        loader=PackageLoader("treadle.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=_Absent,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    labels.install(templates)
    return templates
