"""When to look at a container again. Pure: sizes, ages and what was learned in, seconds out.

A fixed poll is either late or chatty. Here looks are dense where a container of this kind and size tends to become
ready, and sparse where it does not. A look is worth :data:`PATIENCE_S` seconds that a ready container would lie
unnoticed, and with that price the best density of looks at an age is ``sqrt(hazard / (2 * price))`` (J. B. Keller,
Optimum Checking Schedules for Systems Subject to Random Failure, 1974). The hazard comes from how long containers of
this account took before, each time divided by what its size made likely; a broad guess stands in until there are some.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

# Seconds until ready as (fixed, per MiB), from published observations: text and small images within a few seconds,
# a 14-19 MB video in under 40 s, 100 MB and more in 40-90 s.
PRIOR: Mapping[str, tuple[float, float]] = {"IMAGE": (1.5, 0.3), "VIDEO": (12.0, 0.6)}
UNKNOWN_MIB: Mapping[str, float] = {"IMAGE": 1.0, "VIDEO": 20.0}
GIVE_UP_S: Mapping[str, float] = {"TEXT": 300.0, "IMAGE": 600.0, "VIDEO": 1800.0, "CAROUSEL": 900.0}
GIVE_UP_PER_MIB_S = 6.0
PATIENCE_S = 0.08  # seconds of unnoticed readiness that one look is worth
THRIFTY_S = 1.2  # the same when calls are dear: about as many looks as a fixed poll of 20 s
LONG_S = 300.0  # of a wait longer than this a second matters less
KEEP = 60  # samples kept of one kind
ENOUGH = 8  # samples from which they say more than the guess

# Shares of the likely time, in steps of equal ratio: a container is in one of them when it becomes ready.
LOWEST, STEP, STEPS = math.log(0.02), 0.12, 58  # 0.02 to 21 times the likely time
EDGES = tuple(math.exp(LOWEST + STEP * n) for n in range(STEPS + 1))
GUESS_AROUND, GUESS_WIDTH, GUESS_WEIGHT = math.log(0.6), 1.2, 2.0


def _guess() -> tuple[float, ...]:
    middles = (LOWEST + STEP * (n + 0.5) for n in range(STEPS))
    heights = [math.exp(-(((middle - GUESS_AROUND) / GUESS_WIDTH) ** 2) / 2) for middle in middles]
    return tuple(GUESS_WEIGHT * height / sum(heights) for height in heights)


GUESS = _guess()


def next_look(
    kind: str, mebibytes: float | None, age_s: float, learned: Mapping[str, Any], patience_s: float = PATIENCE_S
) -> float:
    """Seconds (0.25 to 60) from now until the next look at a container made ``age_s`` ago and not ready yet."""
    if kind not in PRIOR:  # text and carousels of ready children: at once, or something is wrong
        return _within(0.25 + 0.5 * age_s, 0.3, 20.0)
    known = _known(learned, kind)
    likely = likely_s(kind, mebibytes, learned)
    patience_s *= max(1.0, likely / LONG_S)
    chances = _chances(known)
    ahead = sum(chances)
    looks = 0.0  # the density of looks, summed from now on: the next one is due when it reaches one
    for low, high, chance in zip(EDGES, EDGES[1:], chances, strict=False):
        start, end = low * likely, high * likely
        if end <= age_s:
            ahead -= chance
            continue
        hazard = chance / ((end - start) * max(ahead - chance / 2, 1e-9))
        density = math.sqrt(hazard / (2 * patience_s))
        start = max(start, age_s)
        if looks + density * (end - start) >= 1.0:
            return _within(start + (1.0 - looks) / density - age_s, 0.3, 60.0)
        looks += density * (end - start)
        ahead -= chance
    return _within(0.1 * age_s, 1.0, 60.0)  # later than anything seen: the longer it took, the less a second matters


def likely_s(kind: str, mebibytes: float | None, learned: Mapping[str, Any]) -> float:
    """Seconds that an image or video of this size is likely to be processed, on this account."""
    fixed, per_mib = _known(learned, kind).get("line", PRIOR[kind])
    return max(0.1, float(fixed + per_mib * _size(kind, mebibytes)))


def in_words(kind: str, mebibytes: float | None, learned: Mapping[str, Any], age_s: float) -> str:
    """What a post waits for, how long that usually takes, and what follows when it takes too long."""
    likely = likely_s(kind, mebibytes, learned) if kind in PRIOR else 5.0
    from_before = "recently took" if len(_known(learned, kind).get("seen", ())) >= ENOUGH else "usually takes"
    thing = {"VIDEO": "a video of this size", "IMAGE": "an image", "CAROUSEL": "a carousel"}.get(kind, "a post")
    if age_s <= 2.0 * likely:
        return f"Threads is still processing it; {thing} {from_before} about {_about(likely)}."
    longest = give_up_s(kind, mebibytes)
    return (
        f"Threads is still processing it, longer than the {_about(likely)} that {thing} {from_before}. "
        f"After {_about(longest)}, Treadle creates a new container, once."
    )


def _about(seconds: float) -> str:
    if seconds < 90.0:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400.0 else f"{seconds / 3600:.1f} h"


def learn(learned: Mapping[str, Any], kind: str, mebibytes: float | None, took_s: float) -> dict[str, Any]:
    """``learned`` with one more container of ``kind`` that was ready ``took_s`` after it was made.

    Of images and videos are kept: ``seen``, the last :data:`KEEP` as [MiB, seconds], and ``line``, the likely seconds
    as (fixed, per MiB). Other kinds have nothing to learn.
    """
    if kind not in PRIOR:
        return dict(learned)
    before = _known(learned, kind).get("seen", [])
    seen = [*before, [round(_size(kind, mebibytes), 2), round(max(0.05, took_s), 2)]][-KEEP:]
    return {**learned, kind: {"seen": seen, "line": [round(value, 4) for value in _line(kind, seen)]}}


def give_up_s(kind: str, mebibytes: float | None) -> float:
    """Age in seconds from which a container that is still processing is taken for stuck and rebuilt once."""
    return GIVE_UP_S.get(kind, 1800.0) + GIVE_UP_PER_MIB_S * (mebibytes or 0.0)


def _known(learned: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    known = learned.get(kind)
    return known if isinstance(known, Mapping) else {}


def _size(kind: str, mebibytes: float | None) -> float:
    return mebibytes if mebibytes is not None else UNKNOWN_MIB[kind]


def _chances(known: Mapping[str, Any]) -> list[float]:
    """How much speaks for each step of :data:`EDGES`: the guess, and what was seen."""
    seen = known.get("seen", ())
    weight = 1.0 if len(seen) < ENOUGH else 0.25
    chances = [weight * chance for chance in GUESS]
    if not seen:
        return chances
    fixed, per_mib = known["line"]
    steps = [(math.log(took / max(0.1, fixed + per_mib * size)) - LOWEST) / STEP for size, took in seen]
    # A kernel as wide as the scatter asks for: few samples, or far apart, and each speaks for more steps around it.
    ordered = sorted(steps)
    scatter = (ordered[-1 - len(steps) // 8] - ordered[len(steps) // 8]) / 2.3 if len(steps) >= ENOUGH else 5.0
    reach = max(1, round(_within(scatter * len(steps) ** -0.2, 1.0, 5.0)))
    share = 1.0 / (2 * reach + 1)
    for step in steps:
        middle = min(STEPS - 1, max(0, int(step)))
        for near in range(max(0, middle - reach), min(STEPS, middle + reach + 1)):
            chances[near] += share
    return chances


def _line(kind: str, seen: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Seconds as (fixed, per MiB): the prior scaled, fitted, or the bare middle where size says nothing."""
    middle = sorted(took for _, took in seen)[len(seen) // 2]
    if len(seen) < ENOUGH:
        fixed, per_mib = PRIOR[kind]
        ratios = sorted(took / (fixed + per_mib * size) for size, took in seen)
        ratio = ratios[len(ratios) // 2] ** (len(seen) / ENOUGH)  # few samples bend it a little
        return fixed * ratio, per_mib * ratio
    weights = [1.0 / max(1.0, took) ** 2 for _, took in seen]  # errors grow with the time
    total = sum(weights)
    size_mean = sum(w * size for w, (size, _) in zip(weights, seen, strict=True)) / total
    took_mean = sum(w * took for w, (_, took) in zip(weights, seen, strict=True)) / total
    variance = sum(w * (size - size_mean) ** 2 for w, (size, _) in zip(weights, seen, strict=True)) / total
    if variance <= 0.01 * size_mean**2:  # of files too small to have a size, both are nothing
        return middle, 0.0
    common = (
        sum(w * (size - size_mean) * (took - took_mean) for w, (size, took) in zip(weights, seen, strict=True)) / total
    )
    slope = _within(common / variance, 0.0, took_mean / size_mean)
    fitted = (max(0.05, took_mean - slope * size_mean), slope)
    return fitted if _scatter(seen, fitted) < 0.8 * _scatter(seen, (middle, 0.0)) else (middle, 0.0)


def _scatter(seen: Sequence[Sequence[float]], line: tuple[float, float]) -> float:
    logs = sorted(math.log(took / (line[0] + line[1] * size)) for size, took in seen)
    return logs[-1 - len(logs) // 8] - logs[len(logs) // 8]


def _within(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
