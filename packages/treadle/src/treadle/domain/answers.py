"""What is answered to somebody who asks for something to be done with a post: values, never exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from treadle.domain.findings import Finding


@dataclass(frozen=True, slots=True)
class Created:
    """A stored post; ``again``: an earlier request with the same idempotency key and body stored it.

    ``warnings`` are findings that did not keep it from being stored.
    """

    post_id: str
    again: bool = False
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request cannot become a post as it is; every reason at once."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """No such post (or account, media) in this workspace."""

    what: str = "post"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Right in itself, not possible now. ``code`` is stable; ``message`` says why and what to do instead."""

    code: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """It was done. ``post_id`` is the id of what it was done to; ``detail`` is plain JSON."""

    post_id: str
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


Answer: TypeAlias = Done | Rejected | Missing | Conflict
