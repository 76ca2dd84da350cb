"""Diagnoses for the owners of profiles that Treadle publishes to.

``treadle_diagnosis`` speaks to whoever calls Meta with a program of their own. Here Treadle calls, so that waiting and
trying again are its work, and the next step is the owner's. The server makes its diagnoses here alone; what somebody
pastes (``/v1/diagnose``, the guide, the command) is diagnosed by ``treadle_diagnosis`` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import treadle_diagnosis
from treadle_diagnosis.types import Diagnosis, Evidence
from treadle_diagnosis.wording import for_owner
from treadle_threads import evidence as threads_evidence
from treadle_threads.results import Failure


def diagnose(evidence: Evidence | Mapping[str, Any] | None = None, **known: Any) -> Diagnosis:
    """As :func:`treadle_diagnosis.diagnose`, for the owner."""
    return for_owner(treadle_diagnosis.diagnose(evidence, **known))


def diagnose_failure(failure: Failure, stage: str, context: Mapping[str, Any] | None = None) -> Diagnosis:
    """As :func:`treadle_threads.evidence.diagnose_failure`, for the owner."""
    return for_owner(threads_evidence.diagnose_failure(failure, stage, context))


def from_pattern(name: str, evidence: Evidence | None = None, *, matched: tuple[str, ...] = ()) -> Diagnosis:
    """As :func:`treadle_diagnosis.from_pattern`, for the owner."""
    return for_owner(treadle_diagnosis.from_pattern(name, evidence, matched=matched))
