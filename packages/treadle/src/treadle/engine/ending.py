"""How a stage ends: the values a run steers by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from treadle.domain.cause import Cause
from treadle.store.runs import Change
from treadle_diagnosis.catalog.words import BlockerScope
from treadle_diagnosis.types import Diagnosis

Queue = Literal["posts", "media"]


@dataclass(frozen=True, slots=True)
class Continue:
    """There is a next step, at once."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Another run at ``at`` (epoch seconds); the post is in ``state`` until then."""

    at: float
    state: str
    what: str
    queue: Queue = "posts"


@dataclass(frozen=True, slots=True)
class Park:
    """Until a repair. ``key`` names what is blocked: post id, account id, app id, host, or "threads"."""

    scope: BlockerScope
    key: str
    diagnosis: Diagnosis
    why: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Waits for blockers that are open already."""

    blocker_ids: tuple[str, ...]
    cause: Cause | None
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Final, or waiting for a person: ``published``, ``failed``, ``held``, ``checking``, ``blocked``."""

    state: str
    why: str = ""
    met: Park | None = None  # a cause met on the way that stops others: opened as a blocker, though not for this post


Ending: TypeAlias = Continue | Snooze | Park | Blocked | Finish


@dataclass(slots=True)
class Outcome:
    """What a stage returns: what to write, and how it ends."""

    change: Change
    ending: Ending = field(default_factory=Continue)
