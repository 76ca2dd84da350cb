"""Why a post is not published: a diagnosis made for its owner, as posts, parts, accounts and blockers hold it. Pure.

Here alone the server makes its diagnoses, and a cause becomes the JSON that is stored and is read back from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, cast

import treadle_diagnosis
from treadle_diagnosis.catalog.words import Action, BlockerScope, Lane, Who
from treadle_diagnosis.types import Diagnosis, Evidence, RetryAdvice
from treadle_threads import evidence as threads_evidence
from treadle_threads.results import Failure

_FIELDS = tuple(f.name for f in fields(Diagnosis) if f.name != "retry")
_TUPLES = frozenset({"matched", "plan", "decides"})
_RETRY = tuple(f.name for f in fields(RetryAdvice))
# What a stored cause that lacks a field is read as.
_MISSING: Mapping[str, Any] = {
    **{f.name: "" for f in fields(Diagnosis) if f.default is MISSING and f.name != "retry"},
    "category": "other",
    "lane": "unknown",
    "action": "contact_support",
    "who": "developer",
    "confidence": "guess",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. ``stage``: where it was met, said only by the cause of an open blocker."""

    diagnosis: Diagnosis
    stage: str | None = None

    @property
    def pattern(self) -> str:
        return self.diagnosis.pattern

    @property
    def lane(self) -> Lane:
        return self.diagnosis.lane

    @property
    def scope(self) -> BlockerScope:
        return self.diagnosis.scope

    @property
    def action(self) -> Action:
        return self.diagnosis.action

    @property
    def retry(self) -> RetryAdvice:
        return self.diagnosis.retry

    @property
    def who(self) -> Who:
        return self.diagnosis.who

    def to_json(self) -> dict[str, Any]:
        stored = self.diagnosis.to_json()
        return stored if self.stage is None else {**stored, "stage": self.stage}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Cause | None:
        """``None`` when nothing is stored, or nothing that names a pattern."""
        if not stored or not stored.get("pattern"):
            return None
        given = {name: stored[name] for name in _FIELDS if stored.get(name) is not None}
        for name in _TUPLES & given.keys():
            given[name] = tuple(given[name])
        retry = stored.get("retry") or {}
        advice = RetryAdvice(**{name: retry[name] for name in _RETRY if name in retry})
        return cls(Diagnosis(**{**_MISSING, **given}, retry=advice), cast("str | None", stored.get("stage")))


def of_items(diagnosis: Diagnosis, items: Sequence[int], count: int) -> Diagnosis:
    """The diagnosis, saying which of ``count`` items (counted from 0) it is about; of a single one that is plain."""
    if count < 2 or not items:
        return diagnosis
    which = " and ".join(str(item + 1) for item in items)
    named = f"Item{'s' if len(items) > 1 else ''} {which} of {count}: {diagnosis.what_happened}"
    return replace(diagnosis, what_happened=named, matched=(*diagnosis.matched, f"item={which}"))


# ---------------------------------------------------------------- diagnoses for the owners of profiles
#
# ``treadle_diagnosis`` speaks to whoever calls Meta with a program of their own. Here Treadle calls, so that waiting
# and trying again are its work, and the next step is the owner's. The server makes its diagnoses here alone; what
# somebody pastes (``/v1/diagnose``, the guide, the command) is diagnosed by ``treadle_diagnosis`` itself.


def diagnose(evidence: Evidence | Mapping[str, Any] | None = None, **known: Any) -> Diagnosis:
    """As :func:`treadle_diagnosis.diagnose`, for the owner."""
    return _for_owner(treadle_diagnosis.diagnose(evidence, **known))


def diagnose_failure(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Diagnosis:
    """As :func:`treadle_threads.evidence.diagnose_failure`, for the owner."""
    return _for_owner(threads_evidence.diagnose_failure(failure, stage, context))


def from_pattern(name: str, evidence: Evidence | None = None, *, matched: tuple[str, ...] = ()) -> Diagnosis:
    """As :func:`treadle_diagnosis.from_pattern`, for the owner."""
    return _for_owner(treadle_diagnosis.from_pattern(name, evidence, matched=matched))


def _for_owner(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, next_step=diagnosis.owner_step)
