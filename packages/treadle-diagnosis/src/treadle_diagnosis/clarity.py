"""Which answers to a publish say plainly that nothing was published. Pure.

The catalogue's table ``clear_refusals.toml`` decides, and nothing else: the engine, which must not send twice, and the
diagnosis, which must not advise it, ask the same function. An answer that is not in the table leaves the outcome open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import ClearRefusal
from treadle_diagnosis.facts import number
from treadle_diagnosis.record import Record, replaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# 408 says that the server gave up waiting, 409 that another request for the same thing is at work.
_OPEN_STATUS = frozenset({408, 409})
# "Param text must be ...", "The parameter creation_id is required": a word that is a parameter's name follows.
_PARAMETER = re.compile(r"\bparam(?:eter)?s?:?\s{1,3}[\"'`\[(]{0,2}([a-z][a-z0-9_]{0,40})\b")
_NO_NAME = frozenset(
    (
        "a", "an", "and", "are", "at", "be", "can", "error", "errors", "for", "has", "have", "in", "is", "it", "must",
        "not", "of", "on", "or", "provided", "should", "that", "the", "this", "to", "value", "values", "was", "were",
        "which", "with", "you", "your",
    )
)  # fmt: skip


class Codes(Record):
    """What Meta's error object says: its code, its subcode, its message in lower case."""

    code: int | None
    subcode: int | None
    message: str = ""


def clear_refusal(codes: Codes, *, unclear_before: bool) -> ClearRefusal | None:
    """The entry of the table that these codes meet. ``unclear_before``: an earlier answer left the outcome open."""
    if codes.code is None:
        return None
    for entry in load().clear_refusals:
        if entry.first_send_only and unclear_before:
            continue
        in_range = entry.code_range is not None and entry.code_range[0] <= codes.code <= entry.code_range[1]
        if not (codes.code in entry.code or in_range) or not _subcode_fits(entry.subcode, codes.subcode):
            continue
        if entry.names_parameter and not names_parameter(codes.message):
            continue
        return entry
    return None


def is_clear_refusal(status: int, body: Any, *, unclear_before: bool) -> bool:
    """Whether a whole answer says that this publish did not happen.

    It has to be Meta's own JSON error object with an HTTP status of 4xx. After an unclear answer none is clear.
    """
    if unclear_before or not may_be_clear(status):
        return False
    return clear_refusal(codes_of(body), unclear_before=False) is not None


def may_be_clear(status: int) -> bool:
    """Whether a refusal with this HTTP status can be clear at all."""
    return 400 <= status < 500 and status not in _OPEN_STATUS


def codes_of(body: Any) -> Codes:
    """Code, subcode and message of Meta's own error object; without one, nothing."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Codes(None, None)
    subcode = error.get("error_subcode")
    read_subcode = number(subcode)
    if read_subcode is None and subcode is not None:
        return Codes(None, None)  # not a number: no answer that anybody knows
    message = error.get("message")
    return Codes(
        number(error.get("code")), read_subcode or None, message.lower()[:4000] if isinstance(message, str) else ""
    )


def names_parameter(message: str) -> bool:
    """Whether a message, in lower case, names the parameter that was refused."""
    return any(hit.group(1) not in _NO_NAME for hit in _PARAMETER.finditer(message))


def _subcode_fits(wanted: Collection[int | str], subcode: int | None) -> bool:
    if "any" in wanted:
        return True
    if subcode is None:
        return "none" in wanted or "known" in wanted
    return subcode in wanted or ("known" in wanted and subcode in _known_subcodes())


@lru_cache(maxsize=1)
def _known_subcodes() -> frozenset[int]:
    return frozenset(subcode for p in load().patterns for m in p.matches for subcode in m.subcode)


def names_clear_refusal(pattern_id: str, message: str) -> bool:
    """Whether text that was recognized as this pattern by its words names a clear refusal."""
    needs_parameter = _clear_patterns().get(pattern_id)
    return needs_parameter is False or (needs_parameter is True and names_parameter(message))


@lru_cache(maxsize=1)
def _clear_patterns() -> dict[str, bool]:
    """Patterns whose own codes are in the table, by id; true when only a message that names a parameter is clear."""
    found: dict[str, bool] = {}
    for pattern in load().patterns:
        if pattern.lane == "meta_token":
            found[pattern.id] = False  # however a dead token is told, to Meta it is code 190
        for match in pattern.matches:
            subcodes: tuple[int | None, ...] = match.subcode or (None,)
            pairs = [Codes(code, subcode) for code in match.code for subcode in subcodes]
            pairs += [Codes(code, subcode) for subcode in match.subcode for code in _codes_with(subcode)]
            if any(clear_refusal(pair, unclear_before=False) for pair in pairs):
                found[pattern.id] = False
            elif any(clear_refusal(replaced(pair, message="param x"), unclear_before=False) for pair in pairs):
                found.setdefault(pattern.id, True)
    return found


def belongs_beside(code: int, subcodes: Collection[int]) -> bool:
    """Whether the table names one of ``subcodes`` beside ``code``: text that gives the code alone may have lost it."""
    return any(clear_refusal(Codes(code, subcode), unclear_before=False) for subcode in subcodes)


def _codes_with(subcode: int) -> tuple[int, ...]:
    """Codes beside which the table names this subcode."""
    return tuple(code for entry in load().clear_refusals if subcode in entry.subcode for code in entry.code)
