"""Refusals after the effect, lags up to the settle time, killed workers, all at random: one post each, and no more.

At real times on a clock that is moved. Twice in a row the same seed plays the same history.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.proof import Tally
from tests.support.simulated import Simulation, simulated
from tests.support.threads_stand_in import NOT_FOUND, UNKNOWN_ID, Endpoint, Fault, Profile, meta_error, page
from tests.treadle.engine.conftest import matrix_size

REFUSALS = (
    NOT_FOUND,
    UNKNOWN_ID,
    meta_error(429, 613, None, "Calls to this api have exceeded the rate limit."),
    meta_error(429, 613, 4279002, "Threads API Rate Limit Exceeded", retry_after=240),
    page(429, 120),
    page(429),
    page(400),
    page(403),
    page(403, 60),
    meta_error(400, 506, None, "Duplicate Post"),
    meta_error(400, 20, 1772107, "Something was refused"),
    meta_error(400, 4, 2207051, "We restrict certain activity to protect our community"),
    meta_error(500, 1, None, "An unknown error occurred"),
    meta_error(500, 2, None, "An unexpected error has occurred. Please retry your request later."),
    meta_error(500, 10, None, "Application does not have permission for this action"),
    page(502),
)
READ_FAULTS = (NOT_FOUND, UNKNOWN_ID, page(429, 90), page(502), meta_error(500, 2), meta_error(500, 10))
# What a person has to act on, also when nothing was published: the state says why, and a retry sends it.
AT_ONCE = 12


def play(sim: Simulation, count: int, chance: random.Random) -> Counter[str]:
    """``count`` posts of as many accounts, each with lags of its own; then what a person does, until all are live."""
    settle = sim.settings.publish_settle
    figures: Counter[str] = Counter()
    calm = [False]

    def chaos(profile: Profile, endpoint: Endpoint) -> Fault | None:
        if calm[0]:
            return None
        if endpoint == "publish" and chance.random() < 0.55:
            figures["publish faults"] += 1
            if chance.random() < 0.15:
                return Fault("publish", "lost", after=chance.random() < 0.5)
            return Fault("publish", chance.choice(REFUSALS), after=chance.random() < 0.6)
        if endpoint in ("status", "list", "read", "create") and chance.random() < 0.08:
            figures["other faults"] += 1
            return Fault(endpoint, "lost" if chance.random() < 0.3 else chance.choice(READ_FAULTS))
        return None

    sim.threads.chaos = chaos
    sim.kill = lambda where: not calm[0] and chance.random() < 0.01
    for start in range(0, count, AT_ONCE):
        calm[0] = False
        trials: list[tuple[str, Profile, list[str]]] = []
        for number in range(start, min(count, start + AT_ONCE)):
            lags: dict[str, Any] = {
                "status_lag_s": chance.uniform(0, settle - 1),
                "list_lag_s": chance.uniform(0, settle - 1),
            }
            if chance.random() < 0.5:
                lags = dict.fromkeys(lags, chance.choice([0.0, 30.0, 60.0, settle - 1]))
            account, profile = sim.account(**lags)
            texts = [f"post {number}"] + ([f"reply {number}"] if chance.random() < 0.2 else [])
            body = {"text": texts[0], **({"replies": [{"text": texts[1]}]} if texts[1:] else {})}
            trials.append((sim.post(account, **body), profile, texts))
        for _ in range(3):
            sim.pass_time(2 * 3600.0)
            by_hand(sim, [post_id for post_id, _, _ in trials], figures, chance)
        calm[0] = True
        for _ in range(40):
            sim.pass_time(3600.0)
            if not by_hand(sim, [post_id for post_id, _, _ in trials], figures, chance):
                break
        for post_id, profile, texts in trials:
            figures["posts"] += 1
            live = sim.threads.live(profile)
            assert len(live) == len(set(live)), f"two live posts: {live}\n{sim.story(post_id)}"
            assert live == texts, f"not live: {live}\n{sim.story(post_id)}"
            assert sim.read(post_id)["state"] == "published", sim.story(post_id)
            early = [line for line in sim.threads.in_a_limit if profile.id in line]
            assert early == [], f"{early}\n{sim.story(post_id)}"
    figures["kills"] = sim.kills
    return figures


def by_hand(sim: Simulation, post_ids: list[str], figures: Counter[str], chance: random.Random) -> int:
    """A person tries again what stopped; returns how many posts are not live yet."""
    waiting = 0
    for post_id in post_ids:
        post = sim.read(post_id)
        if post["state"] == "published":
            continue
        waiting += 1
        if post["state"] in ("failed", "blocked"):
            figures["retries by hand"] += 1
            sim.repair(post["account_id"])
            if sim.read(post_id)["state"] in ("failed", "blocked"):
                sim.act("retry", post_id)
        elif post["state"] == "held":
            sim.act("confirm", post_id)
    return waiting


def test_late_refusals_double_nothing(tmp_path: Path, migrated_url: str, tally: Tally) -> None:
    with simulated(tmp_path / "data", migrated_url, seed=tally.chance.randrange(2**32)) as sim:
        figures = play(sim, matrix_size(12, 12), tally.chance)
    for name, value in figures.items():
        tally.add(name, value)
    tally.expect(posts=1)


@pytest.mark.long
def test_many_late_refusals_double_nothing(tmp_path: Path, migrated_url: str, tally: Tally) -> None:
    count = matrix_size(150, 300)
    with simulated(tmp_path / "data", migrated_url, seed=tally.chance.randrange(2**32)) as sim:
        figures = play(sim, count, tally.chance)
    for name, value in figures.items():
        tally.add(name, value)
    tally.expect(posts=count)
