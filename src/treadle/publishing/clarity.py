"""Whether a publish may have happened although its answer does not say so. Pure.

The wrong guess either doubles a post or loses it, so everything that is not plainly a refusal counts as unclear.
"""

from __future__ import annotations

from typing import Any, Literal

from treadle.diagnosis.types import Diagnosis
from treadle.threads.results import Failure, Lost, NotSent

Clarity = Literal["clear", "unclear"]

# Seen with posts that were live: 1 and 2 (service errors), 10 (permission, on a publish that had succeeded), and the
# spam answer 4/2207051. -1 and -2 are the same infrastructure's "server error" and "took too long".
UNCLEAR_CODES = frozenset({1, 2, 10, -1, -2})
UNCLEAR_PAIRS = frozenset({(4, 2207051)})
# -1 is also the code of a refused link card, which is a plain refusal.
CLEAR_PAIRS = frozenset({(-1, 4279047)})


def clarity_of(failure: Failure, diagnosis: Diagnosis, *, unclear_before: bool) -> Clarity:
    """Clear: this publish did not happen. Once a send of this container was unclear, no refusal is clear any more.

    ``unclear_before``: an earlier send of the same container is unsettled.
    """
    if unclear_before:
        return "unclear"
    if isinstance(failure, NotSent):
        return "clear"
    if isinstance(failure, Lost):
        return "unclear"
    if failure.answer.status == 429:
        return "clear"
    code, subcode = error_codes(failure.answer.body)
    if (code, subcode) in CLEAR_PAIRS:
        return "clear"
    if failure.answer.status >= 500 or failure.answer.status < 400 or failure.answer.status == 408:
        return "unclear"
    if code is None or code in UNCLEAR_CODES or (code, subcode) in UNCLEAR_PAIRS:
        return "unclear"
    if diagnosis.pattern == "unknown" or "verify_first" in (diagnosis.retry.kind, diagnosis.action):
        return "unclear"
    return "clear"


def error_codes(body: Any) -> tuple[int | None, int | None]:
    """(code, subcode) of Meta's error object, numbers or numeric strings; ``None`` where there is none."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None, None
    return _number(error.get("code")), _number(error.get("error_subcode"))


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
