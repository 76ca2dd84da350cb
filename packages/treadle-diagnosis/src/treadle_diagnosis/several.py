"""Several errors in one paste: the one that stops the work decides, and the answer says that there were several.

Normally that is the last one. A dead token, a blocked account or a dead file outranks an answer that only asks to
wait, whatever came after it; after a success, the errors before it are history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from treadle_diagnosis.facts import Facts, Known
from treadle_diagnosis.objects import read_object
from treadle_diagnosis.record import Record, replaced
from treadle_diagnosis.texts import clip, read_line, split_at_pairs
from treadle_diagnosis.types import REPEATS, Diagnosis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_ERRORS = 40  # of one paste; of a longer log the last ones are compared
_MAX_LINES = 400
_MAX_FAILED_OBJECTS = 12
_STOPPING = frozenset(
    ("meta_token", "account_restricted", "permission_app_review", "media_validation", "media_fetch", "media_processing")
)
_RESULT = frozenset(
    ("id", "success", "permalink", "shortcode", "timestamp", "access_token", "token_type", "expires_in")
)
_ID = re.compile(r"\d{8,25}\Z")
# What a line needs to be looked at: a number, a constant of Meta's, a container's state.
_MARK = re.compile(r"\d|__|_[A-Z]|\b(?:ERROR|EXPIRED|FINISHED|PUBLISHED)\b")

Key = tuple[int | None, int | None, str, str]


class Piece(Record):
    """One error of a paste, or one success: what holds it, and what tells it from the others."""

    body: Any
    key: Key
    success: bool = False


def pieces_of(body: Any, known: Known) -> list[Piece]:
    """The errors and successes in text or in a list of answers, in order; equal neighbours count once."""
    if isinstance(body, str):
        if "\n" not in body and body.count("{") < 2 and len(split_at_pairs(body[:2000], known)) < 2:
            return []
        return _merged(_in_text(clip(body), known))
    if isinstance(body, Mapping) and isinstance(body.get("errors"), list):
        body = body["errors"]
    if isinstance(body, (list, tuple)) and len(body) > 1:
        return _merged(_in_list(body[-MAX_ERRORS:], known))
    return []


def errors_in(pieces: Iterable[Piece]) -> int:
    """How many different errors there are."""
    return len({piece.key for piece in pieces if not piece.success})


def after_last_success(pieces: Sequence[Piece]) -> Sequence[Piece]:
    """The errors that no success has made history."""
    at = max((index for index, piece in enumerate(pieces) if piece.success), default=-1)
    return pieces[at + 1 :]


def deciding(diagnoses: Sequence[Diagnosis]) -> Diagnosis:
    """The one that stops the work: the last, unless it only waits and an earlier one cannot pass by waiting.

    One after which a post may be live is such a one.
    """
    last = diagnoses[-1]
    if last.retry.kind in REPEATS:
        for earlier in reversed(diagnoses):
            if earlier.lane in _STOPPING and earlier.retry.kind not in REPEATS and earlier.confidence != "guess":
                return earlier
        for earlier in reversed(diagnoses):
            if earlier.retry.kind == "verify_first":
                return earlier
    return last


def with_count(diagnosis: Diagnosis, errors: int) -> Diagnosis:
    """``diagnosis``, saying that it is about one of ``errors`` errors."""
    return replaced(
        diagnosis,
        what_happened=f"There are {errors} different errors here; this is the one that stops the work. "
        f"{diagnosis.what_happened}",
        matched=(*diagnosis.matched, f"errors={errors}"),
    )


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    for piece in pieces:
        last = kept[-1] if kept else None
        if last is None or last.success or piece.success or not _agree(last.key, piece.key):
            kept.append(piece)
        elif last.key == piece.key:
            kept[-1] = piece
        else:  # the same error, told in two ways
            key: Any = tuple(a or b for a, b in zip(piece.key, last.key, strict=True))
            whole = f"{last.body}\n{piece.body}" if isinstance(piece.body, str) else piece.body
            kept[-1] = Piece(whole, key)
    return kept[-MAX_ERRORS:]


def _agree(one: Key, other: Key) -> bool:
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def _key(facts: Facts) -> Key:
    return (facts.code, facts.subcode, facts.constant, facts.container)


def _in_list(items: Sequence[Any], known: Known) -> Iterator[Piece]:
    for item in items:
        if isinstance(item, Mapping):
            if _is_result(item):
                yield Piece(item, (None, None, "", ""), success=True)
            elif (key := _key_of_object(item)) is not None:
                yield Piece(item, key)
        elif isinstance(item, str):
            yield from _in_text(clip(item), known)


def _key_of_object(node: Mapping[str, Any]) -> Key | None:
    facts = Facts("threads", "unknown", None, {})
    if not read_object(node, facts) or facts.success:
        return None
    key = _key(facts)
    return key if any(key) else None


def _is_result(node: Mapping[str, Any]) -> bool:
    """Whether an object is a good answer of Meta's and nothing else, so that errors before it are over."""
    if not node or not _RESULT.issuperset(node):
        return False
    made = node.get("id")
    return node.get("success") is True or (isinstance(made, str) and _ID.match(made) is not None)


def _in_text(text: str, known: Known) -> Iterator[Piece]:
    """Objects with an error or a result in them, and lines between them that name an error."""
    begin = position = failed = 0
    while failed < _MAX_FAILED_OBJECTS and (at := text.find("{", position)) >= 0:
        node, end = _object_at(text, at)
        position = end
        if not isinstance(node, dict):
            failed += 1
            continue
        line = text.rfind("\n", begin, at) + 1 or begin
        if _is_result(node) and not text[line:at].strip(" \t>[,"):
            yield from _in_lines(text[begin:line], known)
            yield Piece(text[line:end], (None, None, "", ""), success=True)
        elif (key := _key_of_object(node)) is not None:
            yield from _in_lines(text[begin:line], known)
            yield Piece(text[line:end], key)
        else:
            continue
        begin = end
    yield from _in_lines(text[begin:], known)


def _in_lines(text: str, known: Known) -> Iterator[Piece]:
    """Lines that name an error; those that add to each other are one, a line that contradicts begins the next."""
    group: list[str] = []
    key: Any = (None, None, "", "")
    marked = (line[:2000] for line in text.split("\n", _MAX_LINES)[:_MAX_LINES] if _MARK.search(line))
    for line in (part for whole in marked for part in split_at_pairs(whole, known)):
        facts = Facts("threads", "unknown", None, {})
        read_line(line, facts, known)
        found = _key(facts)
        if not _names_an_error(facts, line):
            continue
        if group and not _agree(key, found):
            yield Piece("\n".join(group), key)
            group, key = [], (None, None, "", "")
        group.append(line)
        key = tuple(a or b for a, b in zip(found, key, strict=True))
    if group:
        yield Piece("\n".join(group), key)


def _names_an_error(facts: Facts, line: str) -> bool:
    """Whether a line names one for certain: "exit code 1" and "status code 200" do not."""
    if facts.subcode or facts.constant or facts.container:
        return True
    return facts.code is not None and bool(facts.type or "(#" in line)


def _object_at(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins there and where it ends; ``None`` for what is none or is nested too deeply."""
    if text.count("{", at, at + 4000) >= 200:
        return None, at + 1
    try:
        return json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at + 1
