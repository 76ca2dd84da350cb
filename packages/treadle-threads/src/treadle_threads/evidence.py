"""From a call that did not work to evidence for the diagnosis, and whether it is clear that nothing happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from treadle_diagnosis import diagnose_evidence
from treadle_diagnosis.clarity import is_clear_refusal
from treadle_diagnosis.types import Diagnosis, Evidence
from treadle_threads.results import Failure, Lost, NotSent, Refused

Clarity = Literal["clear", "unclear"]

# How a diagnosis calls what broke. Without an entry: the caller's own guard, or a request that could not be made.
_TRANSPORT: Mapping[str, str] = {
    "dns": "dns",
    "connect": "connect",
    "tls": "tls",
    "timeout": "timeout",
    "reset": "reset",
    "protocol": "reset",
    "truncated": "truncated",
}


def evidence_of(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Evidence:
    """What is known of one failed call. ``stage`` is a stage of :class:`Evidence`."""
    known = dict(context or {})
    match failure:
        case Refused(answer=answer):
            return Evidence(
                stage=stage, http_status=answer.status, headers=answer.headers, body=answer.body, context=known
            )
        case NotSent() | Lost():
            partial = failure.answer if isinstance(failure, Lost) else None
            return Evidence(
                stage=stage,
                http_status=partial.status if partial is not None else None,
                exception=f"{failure.kind}: {failure.detail}",
                context={**known, "transport": "lost" if isinstance(failure, Lost) else "not_sent"},
                transport=_TRANSPORT.get(failure.kind),
            )


def diagnose_failure(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Diagnosis:
    return diagnose_evidence(evidence_of(failure, stage, context))


def clarity_of(failure: Failure, *, unclear_before: bool) -> Clarity:
    """Clear: this publish did not happen. After one unclear answer no refusal is clear any more.

    The wrong guess either doubles a post or loses it. So a refusal is clear only when the catalogue's table of clear
    refusals lists it (:mod:`treadle_diagnosis.clarity`); everything else counts as unclear. ``unclear_before``: the
    outcome of an earlier send of this part is, or was, not known.
    """
    if unclear_before or isinstance(failure, Lost):
        return "unclear"
    if isinstance(failure, NotSent):
        return "clear"
    answer = failure.answer
    return "clear" if is_clear_refusal(answer.status, answer.body, unclear_before=False) else "unclear"
