"""Answers that say no: RFC 9457 problem details whose ``type`` is an address with the way out.

What each code means is in :mod:`treadle.services.refusals`; ``/problems/<code>`` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from starlette.responses import JSONResponse

from treadle.domain.answers import Missing, Refusal, Rejected
from treadle.domain.findings import Finding
from treadle.services.refusals import KINDS, ProblemDetails, details_of, invalid_details, missing_details

PROBLEM_JSON = "application/problem+json"


@dataclass
class Problem(ProblemDetails, Exception):
    """A refusal on its way to the client."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, public_url: str, instance: str = "") -> JSONResponse:
        body = self.body(public_url, instance)
        return JSONResponse(body, body["status"], dict(self.headers), PROBLEM_JSON)


def refusal(answer: Rejected | Missing | Refusal) -> Problem:
    """A refusal of a use case as a problem."""
    return Problem(**vars(details_of(answer)))


def invalid(findings: Sequence[Finding]) -> Problem:
    """The request breaks rules; every one of them is in the answer."""
    return Problem(**vars(invalid_details(findings)))


def not_found(what: str = "post") -> Problem:
    return Problem(**vars(missing_details(what)))


def page(code: str | None) -> str:
    """The page behind a problem's ``type``: all of them, or one."""
    rows = [
        f'<section id="{escape(name)}"><h2><code>{escape(name)}</code> · {kind.status}</h2>'
        f"<p>{escape(kind.title)}</p><p><strong>Way out:</strong> {escape(kind.way_out)}</p></section>"
        for name, kind in KINDS.items()
        if code in (None, name)
    ]
    title = "Problems" if code is None else f"Problem: {code}"
    back = "" if code is None else '<p><a href="/problems">All problems</a></p>'
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><main><h1>{escape(title)}</h1>{back}{''.join(rows)}</main></html>"
    )
