"""What came of one call to Threads, as a value.

Four outcomes matter to a publisher, because each allows something else: the call worked (:class:`Ok`), Meta refused it
(:class:`Refused`), it never left this machine (:class:`NotSent`: nothing can have happened over there), or the request
was written and no whole answer came back (:class:`Lost`: it may have happened). No call of the client raises for any
of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """The request, without its secrets: fit for a timeline."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Meta's answer as it came. ``body`` is parsed JSON, or text when it was not JSON, or ``None`` when empty.

    ``headers`` has lower-case names and only those worth keeping (content-type, retry-after, x-app-usage,
    x-business-use-case-usage, x-fb-*, date, www-authenticate).
    """

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    value: T
    answer: Answer
    call: Call
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """A whole answer that is not what was asked for: an HTTP error, or a 200 without the expected content."""

    answer: Answer
    call: Call
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request was not written: name not found, connection refused, TLS failed, or the caller's guard said no."""

    kind: Literal["dns", "connect", "tls", "guard", "invalid"]
    detail: str
    call: Call
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """The request was (or may have been) written, and no whole answer came back."""

    kind: Literal["timeout", "reset", "truncated", "protocol"]
    detail: str
    call: Call
    elapsed_s: float = 0.0
    answer: Answer | None = None


Failure: TypeAlias = Refused | NotSent | Lost
Result: TypeAlias = Ok[T] | Refused | NotSent | Lost
