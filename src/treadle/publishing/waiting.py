"""When to look at a container again. Pure: sizes, ages and what was learned in, seconds out.

A fixed poll is either late or chatty. Here the first look comes when the container is likely to be ready, judged by its
kind and size and by how long containers of this account took before, and the looks that follow are spaced by how far
that judgement can be off. Meta's own advice (once a minute, at most five minutes) is the ceiling, not the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Seconds until ready as (fixed, per MiB), from published observations: text and small images within a few seconds,
# a 14-19 MB video in under 40 s, 100 MB and more in 40-90 s.
PRIOR: Mapping[str, tuple[float, float]] = {
    "TEXT": (0.0, 0.0),
    "IMAGE": (1.5, 0.3),
    "VIDEO": (12.0, 0.6),
    "CAROUSEL": (1.0, 0.0),
}
UNKNOWN_VIDEO_MIB = 20.0
GIVE_UP_S: Mapping[str, float] = {"TEXT": 300.0, "IMAGE": 600.0, "VIDEO": 1800.0, "CAROUSEL": 900.0}
GIVE_UP_PER_MIB_S = 6.0
KEEP = 20  # samples kept of one kind


@dataclass(frozen=True, slots=True)
class Expectation:
    """How long a container is likely to take: seconds, and how far off that may be as a share of it."""

    seconds: float
    spread: float


def expect(kind: str, mebibytes: float | None, learned: Mapping[str, Any]) -> Expectation:
    """What to expect of a container of ``kind`` and size; ``learned`` as :func:`learn` keeps it.

    Learned are ratios of the time taken to the prior's time, so one sample of a small video says something about a
    large one.
    """
    fixed, per_mib = PRIOR.get(kind, PRIOR["VIDEO"])
    size = mebibytes if mebibytes is not None else (UNKNOWN_VIDEO_MIB if kind == "VIDEO" else 1.0)
    prior = fixed + per_mib * size
    ratios = sorted(float(r) for r in learned.get(kind, ()))
    if len(ratios) < 3 or prior <= 0:
        return Expectation(prior, 1.0)
    low, middle, high = ratios[len(ratios) // 10], ratios[len(ratios) // 2], ratios[-1 - len(ratios) // 10]
    spread = max(0.1, (high - low) / (2 * middle)) if middle > 0 else 1.0
    return Expectation(prior * middle, min(1.0, spread))


def next_look(kind: str, mebibytes: float | None, age_s: float, learned: Mapping[str, Any]) -> float:
    """Seconds from now until the next look at a container made ``age_s`` ago and not ready yet."""
    if kind in ("TEXT", "CAROUSEL"):
        return _within(0.25 + 0.5 * age_s, 0.3, 20.0)
    e = expect(kind, mebibytes, learned)
    earliest = e.seconds * max(0.0, 1.0 - e.spread)
    if age_s < earliest:
        return max(0.3, earliest - age_s)
    if age_s <= e.seconds * (1.0 + e.spread):
        return _within(e.seconds * e.spread * 0.12, 0.5, 5.0)
    return _within(0.15 * age_s, 1.0, 60.0)  # later than expected: the longer it took, the less a second matters


def give_up_s(kind: str, mebibytes: float | None) -> float:
    """Age in seconds from which a container that is still processing is taken for stuck and rebuilt once."""
    return GIVE_UP_S.get(kind, 1800.0) + GIVE_UP_PER_MIB_S * (mebibytes or 0.0)


def learn(learned: Mapping[str, Any], kind: str, mebibytes: float | None, took_s: float) -> dict[str, Any]:
    """``learned`` with one more container of ``kind`` that was ready ``took_s`` after it was made."""
    fixed, per_mib = PRIOR.get(kind, PRIOR["VIDEO"])
    size = mebibytes if mebibytes is not None else (UNKNOWN_VIDEO_MIB if kind == "VIDEO" else 1.0)
    prior = fixed + per_mib * size
    if prior <= 0:
        return dict(learned)
    kept = [*learned.get(kind, ()), round(took_s / prior, 4)][-KEEP:]
    return {**learned, kind: kept}


def _within(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
