"""Looking at a container neither too often nor too late."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.poll_budget import PollBudget, busiest
from treadle.domain.waiting import KEEP, PATIENCE_S, THRIFTY_S, give_up_s, learn, likely_s, next_look

KINDS = st.sampled_from(["TEXT", "IMAGE", "VIDEO", "CAROUSEL"])
SIZES = st.none() | st.floats(0.001, 1024)
TOOK = st.lists(st.tuples(SIZES, st.floats(0.0, 1800)), max_size=KEEP + 10)


def taught(kind: str, took: list[tuple[float | None, float]]) -> dict[str, Any]:
    learned: dict[str, Any] = {}
    for size, seconds in took:
        learned = learn(learned, kind, size, seconds)
    return learned


def looks(kind: str, size: float | None, takes_s: float, learned: dict[str, Any]) -> tuple[int, float]:
    """(how many looks, seconds between ready and noticed) when the container is ready after ``takes_s``."""
    age, count = 0.0, 0
    while True:
        age += next_look(kind, size, age, learned)
        count += 1
        if age >= takes_s:
            return count, age - takes_s
        assert count < 10_000


@given(KINDS, SIZES, st.floats(0, 1e6), TOOK, st.floats(0.01, 10))
def test_the_next_look_is_always_soon_enough_and_never_at_once(
    kind: str, size: float | None, age: float, took: list[tuple[float | None, float]], patience: float
) -> None:
    assert 0.25 <= next_look(kind, size, age, taught(kind, took), patience) <= 60.0


@given(KINDS, SIZES, st.floats(0.0, 1800), TOOK)
def test_a_wait_ends_with_a_bounded_number_of_looks(
    kind: str, size: float | None, takes_s: float, took: list[tuple[float | None, float]]
) -> None:
    count, late = looks(kind, size, takes_s, taught(kind, took))
    assert count <= 10 + takes_s / 0.3
    assert late <= 60.0


@given(st.floats(1, 500), st.floats(1, 500), TOOK)
def test_larger_videos_are_given_more_time(one: float, other: float, took: list[tuple[float | None, float]]) -> None:
    small, large = sorted((one, other))
    learned = taught("VIDEO", took)
    assert likely_s("VIDEO", small, learned) <= likely_s("VIDEO", large, learned)
    assert give_up_s("VIDEO", small) <= give_up_s("VIDEO", large)


@given(st.lists(st.floats(0.5, 200), min_size=8, max_size=KEEP + 10))
def test_what_was_learned_bends_the_expectation_and_stays_small(times: list[float]) -> None:
    learned = taught("VIDEO", [(10.0, took) for took in times])
    assert len(learned["VIDEO"]["seen"]) <= KEEP
    assert len(json.dumps(learned)) < 2_000
    kept = sorted(times[-KEEP:])
    assert kept[0] * 0.99 <= likely_s("VIDEO", 10.0, learned) <= kept[-1] * 1.01


@pytest.mark.parametrize("size", [2.0, 20.0, 200.0])
def test_where_an_account_s_videos_take_their_usual_time_few_looks_do(size: float) -> None:
    usual = 1.7 * (12.0 + 0.6 * size)
    factors = (0.98, 1.0, 1.02, 1.0, 0.99) * 4
    count, late = looks("VIDEO", size, usual, taught("VIDEO", [(size, usual * factor) for factor in factors]))
    assert count <= 20
    assert late <= 0.05 * usual


def test_what_size_does_to_time_is_learned_from_other_sizes() -> None:
    learned = taught("VIDEO", [(size, 5.0 + 0.9 * size) for size in (4.0, 8.0, 15.0, 22.0, 40.0, 55.0, 70.0, 90.0)])
    assert likely_s("VIDEO", 30.0, learned) == pytest.approx(5.0 + 0.9 * 30.0, rel=0.1)


def test_on_times_nobody_can_foresee_a_tenth_of_a_fixed_poll_s_waste_takes_at_most_eight_times_its_looks() -> None:
    rng = random.Random(4)
    times = [math.exp(rng.uniform(0.0, math.log(90))) for _ in range(300)]
    learned: dict[str, Any] = {}
    count, late = 0, 0.0
    for took in times:
        size = rng.uniform(1, 100)
        made, unnoticed = looks("VIDEO", size, took, learned)
        count, late = count + made, late + unnoticed
        learned = learn(learned, "VIDEO", size, took + unnoticed)
    polls = [math.ceil(took / 20) for took in times]
    waste = sum(20 * n - took for n, took in zip(polls, times, strict=True))
    assert late <= 0.1 * waste
    assert count <= 8 * sum(polls)


def test_kinds_that_are_ready_at_once_learn_nothing() -> None:
    assert learn({}, "TEXT", None, 3.0) == {}
    assert learn({}, "CAROUSEL", 3.0, 3.0) == {}


def test_the_busiest_figure_of_all_usage_headers_counts() -> None:
    app = {"X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":35}'}
    business = {"x-business-use-case-usage": '{"17":[{"call_count":3,"estimated_time_to_regain_access":99}]}'}
    account = {"x-ad-account-usage": '{"acc_id_util_pct": 61.5}', "x-other": '{"call_count": 99}'}
    assert [busiest(headers) for headers in ({}, business, app, app | business, app | account)] == [
        None,
        3,
        35,
        35,
        61.5,
    ]


ODD = st.floats() | st.integers() | st.none() | st.booleans() | st.text(max_size=5) | st.floats().map(str)
FIELDS = ["call_count", "total_time", "total_cputime", "acc_id_util_pct", "estimated_time_to_regain_access"]
ROWS = st.dictionaries(st.sampled_from(FIELDS), ODD, min_size=1)
ODD_JSON = (ROWS | st.lists(ROWS, max_size=2).map(lambda rows: {"17": rows}) | ODD).map(json.dumps)
USAGE_HEADERS = ["x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"]


@given(st.dictionaries(st.sampled_from(USAGE_HEADERS), st.text() | ODD_JSON))
def test_odd_usage_headers_are_no_trouble(headers: dict[str, str]) -> None:
    assert (found := busiest(headers)) is None or 0 <= found < float("inf")


def test_looks_become_rarer_as_meta_says_that_calls_run_out_and_come_back_when_it_says_nothing_more() -> None:
    budget = PollBudget()
    assert budget.patience_s(0.0) == PATIENCE_S
    patience = []
    for percent in (10, 60, 75, 100):
        budget.saw({"x-app-usage": json.dumps({"call_count": percent, "total_time": 1, "total_cputime": 1})}, 1000.0)
        budget.saw({"content-type": "application/json"}, 1001.0)
        patience.append(budget.patience_s(1002.0))
    assert patience[0] == PATIENCE_S
    assert patience == sorted(set(patience))
    assert patience[-1] == pytest.approx(THRIFTY_S)
    assert budget.patience_s(1000.0 + 301.0) == PATIENCE_S
