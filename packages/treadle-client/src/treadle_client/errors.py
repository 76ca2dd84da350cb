"""What can go wrong with a call, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TreadleError(Exception):
    """Anything this client raises about a call."""


class ConnectionFailed(TreadleError):
    """No answer came: the server was not reached, or the connection broke. ``__cause__`` is the transport's error."""


class SignatureError(TreadleError):
    """A webhook that its sender did not sign with this secret, or too old a one."""


class ApiError(TreadleError):
    """The server answered that it did not do it (RFC 9457).

    ``status`` is the HTTP status, ``code`` stable and for programs (empty: the answer was not Treadle's, but of
    something between), ``problem`` the whole document.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.headers = headers
        self.code: str = problem.get("code", "")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.way_out: str = problem.get("way_out", "")
        self.who: str = problem.get("who", "")
        self.findings: list[dict[str, Any]] = problem.get("findings") or []
        self.request_id: str = headers.get("request-id", "")
        text = " ".join(word for word in (str(status), self.code, self.detail or self.title) if word)
        super().__init__(f"{text} ({self.request_id})" if self.request_id else text)

    @property
    def retryable(self) -> bool:
        """Whether the same request, sent again later, can work although nobody changes anything."""
        retryable = self.problem.get("retryable")
        return retryable if isinstance(retryable, bool) else self.status in (429, 502, 503, 504)
