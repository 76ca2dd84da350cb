"""From a call that did not work to evidence for the diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle_diagnosis import diagnose_evidence
from treadle_diagnosis.types import Diagnosis, Evidence
from treadle_threads.results import Failure, Lost, NotSent, Refused

_WORDS = {
    "dns": "getaddrinfo failed (dns)",
    "connect": "connection refused (connect)",
    "tls": "TLS handshake failed",
    "timeout": "timed out",
    "reset": "connection reset",
    "truncated": "truncated answer: incomplete read",
    "protocol": "server disconnected: protocol error",
}


def evidence_of(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Evidence:
    """What is known of one failed call. ``stage`` is a stage of :class:`Evidence`."""
    known = dict(context or {})
    match failure:
        case Refused(answer=answer):
            return Evidence(
                stage=stage, http_status=answer.status, headers=answer.headers, body=answer.body, context=known
            )
        case NotSent():
            return Evidence(stage=stage, exception=_exception(failure), context={**known, "transport": "not_sent"})
        case Lost():
            status = failure.answer.status if failure.answer else None
            return Evidence(
                stage=stage,
                http_status=status,
                exception=_exception(failure),
                context={**known, "transport": "lost"},
            )


def diagnose_failure(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Diagnosis:
    return diagnose_evidence(evidence_of(failure, stage, context))


def _exception(failure: NotSent | Lost) -> str:
    return f"{_WORDS.get(failure.kind, failure.kind)}: {failure.detail}"
