"""How long a ready container lies unnoticed, and how many calls that takes: Treadle's spacing against fixed polls.

Simulated, since only the spacing differs: every contender sees the same containers with the same processing times. A
look costs one call; the waste is the time from ready to the look that notices.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.measure import Bench, Outcome, Row, Samples
from treadle.domain.waiting import THRIFTY_S, learn, next_look


@dataclass(frozen=True, slots=True)
class Container:
    mebibytes: float | None
    ready_s: float


def fixed(first: float, then: float) -> Callable[[list[Container]], tuple[float, float]]:
    """A poll that looks ``first`` seconds after making a container and every ``then`` seconds after that."""

    def run(containers: list[Container]) -> tuple[float, float]:
        waste, calls = [], 0
        for container in containers:
            looks = 1 + max(0, math.ceil((container.ready_s - first) / then))
            calls += looks
            waste.append(first + (looks - 1) * then - container.ready_s)
        return statistics.mean(waste), calls / len(containers)

    return run


def treadle(look: Callable[[float | None, float, dict[str, Any]], float]) -> Callable[..., tuple[float, float]]:
    """Treadle's looks, learning on the way as it does on one account."""

    def run(containers: list[Container]) -> tuple[float, float]:
        learned: dict[str, Any] = {}
        waste, calls = [], 0
        for container in containers:
            age = 0.0
            while True:
                age += look(container.mebibytes, age, learned)
                calls += 1
                if age >= container.ready_s:
                    break
            waste.append(age - container.ready_s)
            learned = learn(learned, "VIDEO", container.mebibytes, age)
        return statistics.mean(waste), calls / len(containers)

    return run


# Who polls how, by their sources and documents.
RIVALS: dict[str, Callable[[list[Container]], tuple[float, float]]] = {
    "Meta's sample, 5 s": fixed(5, 5),
    "Postiz, 20 s": fixed(20, 20),
    "denim, 30 s then 60 s": fixed(30, 60),
    "threadspipepy, 35 s": fixed(35, 35),
    "Meta's document, 60 s": fixed(60, 60),
}
YARDSTICK = "Postiz, 20 s"


def mixed(rng: random.Random, count: int) -> list[Container]:
    """Processing times of 1 to 90 s, short ones more often, that the size says nothing about."""
    return [Container(rng.uniform(1, 100), math.exp(rng.uniform(0, math.log(90)))) for _ in range(count)]


def even(rng: random.Random, count: int) -> list[Container]:
    """Processing times of 1 to 90 s, all as likely: the least there is to learn."""
    return [Container(rng.uniform(1, 100), rng.uniform(1, 90)) for _ in range(count)]


def predictable(rng: random.Random, count: int) -> list[Container]:
    """Processing times of 1 to 90 s that the size predicts within 30 %, by a rule that is not the built-in guess."""
    made: list[Container] = []
    while len(made) < count:
        size = math.exp(rng.uniform(math.log(2), math.log(100)))
        time = (4 + 0.75 * size) * rng.uniform(0.7, 1.3)
        if 1 <= time <= 90:
            made.append(Container(size, time))
    return made


# World -> (title, reach as people read it, at most this share of the yardstick's waste, of its calls)
WORLDS = {
    mixed: ("most quick, any size takes any time", "0.1 or less, calls 8 or less", 0.1, 8.0),
    even: ("1 to 90 s all as likely, any size", "", None, None),
    predictable: ("size predicts time within 30 %", "0.5 or less, calls 1 or less", 0.5, 1.0),
}


def run(bench: Bench) -> Outcome:
    outcome = Outcome()
    count = bench.pick(2000, 400)
    for world, (title, reach, waste_limit, call_limit) in WORLDS.items():
        contenders = {"Treadle": treadle(partial(next_look, "VIDEO")), **RIVALS}
        if world is predictable:  # the reach is about equal calls: as when Meta says that calls run out
            contenders["Treadle"] = treadle(partial(next_look, "VIDEO", patience_s=THRIFTY_S))
        waste: dict[str, list[float]] = {name: [] for name in contenders}
        calls: dict[str, list[float]] = {name: [] for name in contenders}
        for seed in range(bench.rounds):
            containers = world(random.Random(seed), count)
            for name, contender in contenders.items():
                w, c = contender(containers)
                waste[name].append(w)
                calls[name].append(c)
        looks = {name: Samples(name, "looks", tuple(values)) for name, values in calls.items()}
        ours = Samples("Treadle", "s", tuple(waste["Treadle"]))
        for name in RIVALS:
            theirs = Samples(f"{name} ({looks[name].median:.1f} looks)", "s", tuple(waste[name]))
            met = None
            if name == YARDSTICK and waste_limit is not None and call_limit is not None:
                few_enough = looks["Treadle"].median <= call_limit * looks[name].median
                met = ours.median <= waste_limit * theirs.median and few_enough
            row_title = f"ready, unnoticed: {title} ({looks['Treadle'].median:.1f} looks)"
            outcome.rows.append(Row(row_title, ours, theirs, "" if met is None else reach, met))
    return outcome
