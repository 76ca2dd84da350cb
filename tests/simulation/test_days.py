"""Simulated days: the same seed is the same history, they are as large as is said, and crashes come everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from simulation.chance import Dice
from simulation.day import RESTS
from simulation.plan import plan_day
from simulation.seeds import parse
from simulation.shrink import Played, play
from simulation.weather import CLEAR, LATER, LATEST, Weather, weather_of
from tests.support.sources import ROOT

PRINT_TRACE = """
from simulation.plan import plan_day
from simulation.shrink import play
print(play(plan_day(5, posts=15)).record.trace)
"""


def trace_of(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PRINT_TRACE]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_seed_is_the_same_history_under_any_hash_seed() -> None:
    first = trace_of("1")
    assert len(first) == 64
    assert first == trace_of("2")


def test_the_same_seed_is_the_same_history_twice_in_one_process() -> None:
    first, second = play(plan_day(6, posts=12)), play(plan_day(6, posts=12))
    assert first.record.trace == second.record.trace
    assert first.record.trace != play(plan_day(7, posts=12)).record.trace


def test_a_day_is_as_large_as_is_said() -> None:
    for seed in (1, 2, 3):
        plan = plan_day(seed)
        assert len(plan.posts) >= 200
        assert len({post.account for post in plan.posts}) == 20
        assert plan.workers == 3
        threads = sum(len(post.parts) > 1 for post in plan.posts)
        media = sum(any(part.content.items for part in post.parts) for post in plan.posts)
        assert threads >= 200 / 3 - 12
        assert media >= 200 / 3 - 12
        assert any(post.acts for post in plan.posts)


def test_on_a_clear_day_every_post_is_out_soon_and_nothing_is_faulted() -> None:
    played = play(plan_day(3, CLEAR, posts=30))
    assert played.verdict.violations == ()
    assert [post["state"] for post in played.record.history] == ["published"] * 30
    assert not any(sent.faulted and sent.operation == "publish" for sent in played.record.ledger.sent)
    assert played.record.kills == []


@pytest.fixture(scope="module")
def rough() -> Played:
    """A day on which workers die all the time."""
    return play(plan_day(11, Weather(crashes=0.03, crashes_at_publish=0.1, pauses=30.0), posts=30))


def test_at_least_a_fifth_of_the_calls_are_faulted(rough: Played) -> None:
    sent = rough.record.ledger.sent
    assert sum(each.faulted for each in sent) >= 0.2 * len(sent)


def test_workers_die_at_every_kind_of_place_and_nothing_is_lost(rough: Played) -> None:
    places = {
        "before a commit", "after a commit", "before a reading", "before call", "written call", "waiting for call",
        "before publish", "written publish", "waiting for publish",
    }  # fmt: skip
    assert places <= set(rough.record.kills)
    assert rough.verdict.violations == ()
    assert rough.record.faults == []


def test_every_rest_is_looked_at_when_it_begins(rough: Played) -> None:
    record = rough.record
    rests = {(each.at, each.subject) for each in record.feed if each.kind in RESTS and each.at < record.ledger.end}
    assert rests
    assert rests <= {(at, post["id"]) for at, posts in record.snapshots for post in posts}


@pytest.mark.parametrize("name", ["detached", "cut", "dropped", "stories", "deleted", "withdrawn", "apps", "expiring"])
def test_what_the_latest_days_know_is_sound_alone_and_happens(name: str) -> None:
    """Nothing else goes wrong, so what does has to be noticed, and is repaired in the end."""
    played = play(plan_day(37, replace(CLEAR, **{name: 1.0}), posts=20, accounts=4))
    record, sent = played.record, played.record.ledger.sent
    assert played.verdict.violations == ()
    assert record.faults == []
    happened = {
        "deleted": any(live.deleted < record.ledger.end for live in record.ledger.live),
        "withdrawn": any(each.answer == "10 withdrawn" for each in sent),
        "apps": any(each.answer == "10/4279067" for each in sent),
        "expiring": any(each.answer == "9004/2207052" for each in sent),
    }
    wrong = {live.wrong for live in record.ledger.live} - {""}
    told = [each for each in record.feed if each.kind == "post.differs"]
    assert happened.get(name, bool(wrong) and bool(told))


def test_chance_depends_on_what_it_is_for_and_on_nothing_before() -> None:
    other = _numbers(Dice(1, "post", 8), 20)
    assert _numbers(Dice(1, "post", 7), 20) == _numbers(Dice(1, "post", 7), 20) != other
    assert len(set(other)) == 20
    assert all(0.0 <= number < 1.0 for number in other)


def _numbers(dice: Dice, count: int) -> list[float]:
    return [dice() for _ in range(count)]


def test_what_a_run_writes_may_be_undone_for_anothers_sake_and_done_once_more() -> None:
    """As on PostgreSQL, where several runs share a commit: here every write of a run is done twice, and its last one
    stores that it has ended."""
    played = play(plan_day(5, replace(Weather(), undone_commits=1.0, joined_ends=1.0), posts=30))
    assert played.verdict.violations == ()
    assert played.record.faults == []


def test_ci_plays_a_hundred_days_with_every_kind_of_weather_among_the_first() -> None:
    seeds = parse("sound")
    assert len(seeds) == len(set(seeds)) == 100
    assert {weather_of(seed) for seed in seeds[:20]} == {Weather(), LATER, LATEST}
    assert 'make simulate PYTHON="$PYTHON" ARGS="--seeds sound ' in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert parse("3,5-7") == [3, 5, 6, 7]
