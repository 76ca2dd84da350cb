"""What a check says about a request before Threads is asked, as a value."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
"""``error``: Threads would refuse it, or nobody could tell what is meant. ``warning``: it goes, and may not go well."""

GIVEN_LIMIT = 300  # characters of a given value that are shown again


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one field breaks.

    ``field`` is a path into the request: ``text``, ``media[2].alt_text``,
    ``replies[0].options.poll_attachment.option_b``; a name that is not a plain word is quoted (``options["a b"]``), the
    request itself is the empty path. What is missing is named where it should be. ``rule`` is a stable snake_case name;
    ``message`` says what is wrong, ``way_out`` what to do. ``given`` and ``limit`` are the compared values, ``None``
    when the rule has none. ``pattern`` is the id of the catalogue's pattern that explains it, empty when there is
    nothing more to tell.
    """

    field: str
    rule: str
    message: str
    way_out: str
    severity: Severity = "error"
    given: Any = None
    limit: Any = None
    pattern: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON; a long given value is shortened."""
        return {
            "field": self.field,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "way_out": self.way_out,
            "given": shown(self.given),
            "limit": self.limit,
            "pattern": self.pattern,
        }


def shown(value: Any) -> Any:
    """``value`` as it may be shown again: short, JSON-able, UTF-8, without characters a database refuses."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**18 else _cut(_digits(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _cut(value)
    try:
        # The pure encoder of `json` recurses; what nests deeper than it can is told by its kind alone.
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return "an object" if isinstance(value, Mapping) else "a list"
    return json.loads(text, parse_constant=str) if len(text) <= GIVEN_LIMIT and _clean(text) == text else _cut(text)


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to print more than 4300 digits
        return "a very long number"


def _clean(text: str) -> str:
    text = text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    return text.replace("\\u0000", "\ufffd")


def _cut(text: str) -> str:
    return _clean(text if len(text) <= GIVEN_LIMIT else text[:GIVEN_LIMIT] + " …")
