"""Answers that say no: RFC 9457 problem details whose ``type`` is an address with the way out.

What each code means is in :mod:`treadle.services.refusals`; ``/problems/<code>`` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse
from structlog.contextvars import get_contextvars

from treadle.domain.answers import Conflict, Missing, Rejected
from treadle.domain.findings import Finding
from treadle.http.templating import render
from treadle.services.refusals import KINDS, ProblemDetails, details_of, invalid_details, missing_details
from treadle_diagnosis.types import Diagnosis

PROBLEM_JSON = "application/problem+json"


@dataclass
class Problem(ProblemDetails, Exception):
    """A refusal on its way to the client."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, public_url: str, instance: str = "") -> JSONResponse:
        body = self.body(public_url, instance)
        if request_id := get_contextvars().get("request_id"):
            body["request_id"] = request_id
        return JSONResponse(body, body["status"], dict(self.headers), PROBLEM_JSON)


def refusal(answer: Rejected | Missing | Conflict) -> Problem:
    """A refusal of a use case as a problem."""
    return Problem(**vars(details_of(answer)))


def invalid(findings: Sequence[Finding]) -> Problem:
    """The request breaks rules; every one of them is in the answer."""
    return Problem(**vars(invalid_details(findings)))


def threads_refused(cause: Diagnosis, more: Mapping[str, Any] | None = None) -> Problem:
    """Threads did not do what it was asked for; ``more`` is added to the answer."""
    pattern = cause.pattern if cause.pattern != "unknown" else ""
    return Problem(
        "threads_refused", cause.next_step, pattern=pattern, extra={"cause": cause.to_json(), **(more or {})}
    )


def not_found(what: str = "post") -> Problem:
    return Problem(**vars(missing_details(what)))


def page(code: str | None) -> str:
    """The page behind a problem's ``type``: all of them, or one."""
    title = "Problems" if code is None else f"Problem: {code}"
    kinds = KINDS if code is None else {code: KINDS[code]}
    return render("problems.html", title=title, all=code is None, kinds=kinds)
