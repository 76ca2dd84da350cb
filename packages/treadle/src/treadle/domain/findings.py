"""What a check says about a request before Threads is asked, as a value."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from treadle.domain.patterns import PATTERN_OF
from treadle.domain.sentences import SENTENCES

Severity = Literal["error", "warning"]
"""``error``: Threads would refuse it, or nobody could tell what is meant. ``warning``: it goes, and may not go well."""

GIVEN_LIMIT = 300  # characters of a given value that are shown again


class ParameterName(str):
    """The name of a parameter among the arguments of a sentence: a face may have its own word for it."""

    __slots__ = ()


class ParameterNames(tuple[ParameterName, ...]):
    """Several parameters among the arguments of a sentence, listed with ``between`` between them."""

    between: str

    def __new__(cls, names: Iterable[str], between: str = ", ") -> ParameterNames:
        made = super().__new__(cls, (ParameterName(name) for name in names))
        made.between = between
        return made

    def __str__(self) -> str:
        return self.between.join(self)

    def __format__(self, spec: str) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one field breaks.

    ``field`` is a path into the request: ``text``, ``media[2].alt_text``,
    ``replies[0].options.poll_attachment.option_b``; a name that is not a plain word is quoted (``options["a b"]``), the
    request itself is the empty path. What is missing is named where it should be. ``rule`` is a stable snake_case name;
    ``message`` says what is wrong, ``way_out`` what to do. ``given`` and ``limit`` are the compared values, ``None``
    when the rule has none. ``pattern`` is the id of the catalogue's pattern that explains it, empty when there is
    nothing more to tell.

    ``code`` and ``args`` are what it says: an entry of :data:`treadle.domain.sentences.SENTENCES` and its arguments,
    from which :func:`finding` made ``message`` and ``way_out``, and a face may make its own words. A finding that a
    page makes in words of its own has no code.
    """

    field: str
    rule: str
    message: str
    way_out: str
    severity: Severity = "error"
    given: Any = None
    limit: Any = None
    pattern: str = ""
    code: str = ""
    args: Mapping[str, Any] = dataclasses.field(default_factory=dict)

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


def finding(
    path: str, code: str, *, given: Any = None, limit: Any = None, pattern: str | None = None, **args: Any
) -> Finding:
    """What :data:`SENTENCES` says under ``code``, about the field at ``path``; ``args`` fill its sentence.

    ``limit`` is one of the arguments, and so is ``rule`` where the rule's name depends on what it is about.
    """
    sentence = SENTENCES[code]
    args["limit"] = limit
    rule = str(args.get("rule") or sentence.rule or code)
    return Finding(
        path,
        rule,
        sentence.message.format_map(args),
        sentence.way_out.format_map(args),
        "warning" if sentence.warning else "error",
        given,
        limit,
        PATTERN_OF.get(rule, "") if pattern is None else pattern,
        code,
        args,
    )


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
