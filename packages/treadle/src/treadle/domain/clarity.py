"""Whether a publish may have happened although its answer does not say so. Pure.

The wrong guess either doubles a post or loses it. So a refusal is clear only when the catalogue's table of clear
refusals lists it (:mod:`treadle_diagnosis.clarity`); everything else counts as unclear.
"""

from __future__ import annotations

from typing import Literal

from treadle_diagnosis.clarity import is_clear_refusal
from treadle_threads.results import Failure, Lost, NotSent

Clarity = Literal["clear", "unclear"]


def clarity_of(failure: Failure, *, unclear_before: bool) -> Clarity:
    """Clear: this publish did not happen. After one unclear answer no refusal is clear any more.

    ``unclear_before``: the outcome of an earlier send of this part is, or was, not known.
    """
    if unclear_before or isinstance(failure, Lost):
        return "unclear"
    if isinstance(failure, NotSent):
        return "clear"
    answer = failure.answer
    return "clear" if is_clear_refusal(answer.status, answer.body, unclear_before=False) else "unclear"
