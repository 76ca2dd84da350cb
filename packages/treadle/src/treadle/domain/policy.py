"""What to do after a failure. Pure: a diagnosis and what was tried so far in, one decision out.

The diagnosis says whether a retry can work; this says when, how often, and what follows. Nothing here looks at codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from treadle_diagnosis.catalog.words import BlockerScope
from treadle_diagnosis.retry import delay_s
from treadle_diagnosis.types import Diagnosis

REBUILDS = 3  # new containers for one part and one cause
DEFAULT_ATTEMPTS = 4
# After the budget of an outage nobody is told that the post is lost: it is tried slowly, for about a day.
# The pauses double from a minute on: three quick misses are not an outage.
PATIENT_ATTEMPTS, PATIENT_S, PATIENT_FIRST_S = 52, 1800.0, 60.0
# An answer of Meta's own trouble that may also be about this one post: slowly for some hours, then it is given up.
PATIENT_WITH_ONE_POST = 7
HOST_ATTEMPTS = 1  # rules out a hiccup; then one probe looks after the host for all posts with files on it
NOBODY_REPAIRS = frozenset({"unknown", "platform_temporary", "rate_limit"})
ANSWERLESS_ATTEMPTS = 8  # calls other than publish whose answer was lost: free to repeat


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Make the same call again, not before ``at`` (epoch seconds)."""

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class RebuildAt:
    """Drop the container and make a new one, not before ``at``."""

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class AwaitRepair:
    """Wait until somebody or something repairs the cause."""

    scope: BlockerScope
    why: str


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing is wrong with the post: a limit was met, and it continues at ``at``. Holds the whole account."""

    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Nothing can be repaired, or the budget is spent."""

    why: str


Decision: TypeAlias = RetryAt | RebuildAt | AwaitRepair | WaitUntil | Fail
Situation = Literal["media", "create", "status", "publish", "read"]


def decide(
    diagnosis: Diagnosis,
    situation: Situation,
    tries: Mapping[str, int],
    *,
    now: float,
    random01: float,
    scale: float = 1.0,
) -> Decision:
    """The decision for a call that plainly did not do what it should (for a publish: one that plainly did not happen).

    ``tries`` counts, per pattern, how often this part met it before. ``scale`` shrinks our own delays, not Meta's.
    """
    advice = diagnosis.retry
    met = tries.get(diagnosis.pattern, 0)
    if advice.kind in ("never", "when_repaired"):
        return _finish(diagnosis)
    if diagnosis.lane == "rate_limit":
        wait = delay_s(advice, met + 1, random01)
        at = now + (wait if advice.hinted else wait * scale)
        return WaitUntil(at, "The account reached a Threads limit. Treadle will continue automatically.")
    if advice.kind == "verify_first" and situation == "publish":
        # The caller has proven that it did not happen; what remains is an ordinary retry, within a budget.
        if diagnosis.lane not in ("platform_temporary", "unknown") or met >= DEFAULT_ATTEMPTS:
            return _finish(diagnosis)
        return RetryAt(now + _backoff(met, random01) * scale, "It wasn't published, so it is safe to send again.")
    if advice.kind == "verify_first" or (advice.kind == "later" and advice.after_s is None):
        if met >= DEFAULT_ATTEMPTS:
            return _finish(diagnosis)
        return RetryAt(now + _backoff(met, random01) * scale, "Nothing was published. Retrying.")
    wait = delay_s(advice, met + 1, random01)
    at = now + (wait if advice.hinted else wait * scale)
    budget = advice.max_attempts or DEFAULT_ATTEMPTS
    if diagnosis.scope == "media_host":
        budget = min(budget, HOST_ATTEMPTS)
    if advice.kind == "new_container":
        if met < min(budget, REBUILDS):
            return RebuildAt(at, "The container can't be used anymore. Creating a new one.")
        return _finish(diagnosis)
    if met < budget:
        return RetryAt(at, "A temporary problem. Retrying.")
    # Reading costs nothing and changes nothing: a container that is made already is not given up for Meta's own fault.
    harmless = situation in ("status", "read") and _passes(diagnosis)
    patience = PATIENT_ATTEMPTS if diagnosis.scope == "platform" or harmless else 0
    if _passes(diagnosis) and advice.then == "when_repaired":
        patience = max(patience, PATIENT_WITH_ONE_POST)
    if met < budget + patience:
        pause = patient_s(met - budget, random01) * scale
        return RetryAt(now + pause, "Threads is still having problems. Retrying now and then.")
    if advice.then == "new_container" and met < budget + REBUILDS and situation != "media":
        return RebuildAt(at, "Waiting didn't help. Creating a new container.")
    return _finish(diagnosis)


def _passes(diagnosis: Diagnosis) -> bool:
    """Whether it is Threads that has to get over it: trouble of its own, or a medium that it still works on."""
    return diagnosis.lane == "platform_temporary" or (
        diagnosis.lane == "media_processing" and diagnosis.retry.kind == "later"
    )


def _finish(diagnosis: Diagnosis) -> Decision:
    if diagnosis.scope in ("account", "app", "media_host"):
        return AwaitRepair(diagnosis.scope, "Other posts with this problem wait too. Treadle doesn't try each of them.")
    somebody_repairs = (
        diagnosis.lane not in NOBODY_REPAIRS and not _passes(diagnosis) and diagnosis.action != "contact_support"
    )
    if somebody_repairs or diagnosis.retry.kind == "when_repaired":
        return AwaitRepair("post", "Will publish automatically once this is fixed.")
    return Fail("Neither Treadle nor you can fix this, or all retries are used up.")


def _backoff(met: int, random01: float) -> float:
    ceiling = min(300.0, 5.0 * float(2**met))
    return 1.0 + random01 * ceiling


def patient_s(before: int, random01: float) -> float:
    """Seconds until the next slow try, after so many slow ones."""
    return min(PATIENT_S, PATIENT_FIRST_S * 2.0 ** min(before, 10)) * (0.75 + 0.5 * random01)


def answerless(met: int, *, now: float, random01: float, scale: float = 1.0) -> Decision:
    """For calls that cost nothing to repeat and whose answer never came.

    A lone post in an outage opens no breaker: it is asked for slowly then, for about a day, before it is given up.
    """
    if met >= ANSWERLESS_ATTEMPTS + PATIENT_ATTEMPTS:
        return Fail("No answer for more than a day.")
    if met >= ANSWERLESS_ATTEMPTS:
        pause = patient_s(met - ANSWERLESS_ATTEMPTS, random01) * scale
        return RetryAt(now + pause, "Still no answer. Retrying now and then.")
    return RetryAt(now + _backoff(met, random01) * scale, "No answer. Asking again is safe.")
