"""Retried is only what can succeed, within a budget, and never sooner than Meta asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.domain.policy import (
    ANSWERLESS_ATTEMPTS,
    DEFAULT_ATTEMPTS,
    PATIENT_ATTEMPTS,
    REBUILDS,
    AwaitRepair,
    Decision,
    Fail,
    RebuildAt,
    RetryAt,
    Situation,
    WaitUntil,
    answerless,
    decide,
)
from treadle_diagnosis import Diagnosis, Evidence, diagnose, from_pattern
from treadle_diagnosis.catalog import load

NOW = 1_800_000_000.0
PATTERNS = [pattern.id for pattern in load().patterns]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
MOST = 150  # more retries of one cause than this are a loop


def diagnosis(pattern: str) -> Diagnosis:
    return from_pattern(pattern, Evidence())


def decided(found: Diagnosis, situation: Situation, met: int, random01: float = 0.5, scale: float = 1.0) -> Decision:
    return decide(found, situation, {found.pattern: met}, now=NOW, random01=random01, scale=scale)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_pattern_comes_to_an_end_in_every_situation(pattern: str, situation: Situation) -> None:
    found = diagnosis(pattern)
    for met in range(MOST + 1):
        decision = decided(found, situation, met)
        if isinstance(decision, AwaitRepair | Fail):
            return
        if isinstance(decision, WaitUntil):
            assert found.lane == "rate_limit"
            return
    pytest.fail(f"{pattern} is tried again for ever")


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).retry.kind in ("never", "when_repaired")])
def test_what_cannot_succeed_is_not_tried_again(pattern: str) -> None:
    for situation in SITUATIONS:
        assert isinstance(decided(diagnosis(pattern), situation, 0), AwaitRepair | Fail)


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).retry.kind == "when_repaired"])
def test_what_somebody_can_repair_waits_for_that(pattern: str) -> None:
    for situation in SITUATIONS:
        assert isinstance(decided(diagnosis(pattern), situation, 0), AwaitRepair)


WIDER = [
    pattern
    for pattern in PATTERNS
    if diagnosis(pattern).scope in ("account", "app", "media_host") and diagnosis(pattern).lane != "rate_limit"
]


@pytest.mark.parametrize("pattern", WIDER)
def test_a_cause_wider_than_the_post_parks_at_its_scope(pattern: str) -> None:
    found = diagnosis(pattern)
    decision = decided(found, "create", MOST)
    assert isinstance(decision, AwaitRepair)
    assert decision.scope == found.scope


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).scope in ("post", "platform")])
def test_a_cause_of_one_post_or_of_the_platform_parks_no_other_post(pattern: str) -> None:
    decision = decided(diagnosis(pattern), "create", MOST)
    assert isinstance(decision, Fail | WaitUntil) or decision == AwaitRepair("post", decision.why)


def test_meta_s_catch_all_answer_is_outlasted_for_an_hour_at_least_and_not_for_ever() -> None:
    found = diagnosis("unknown_error")
    at, asked = NOW, 0
    while isinstance(decision := decide(found, "create", {found.pattern: asked}, now=at, random01=0.0), RetryAt):
        at, asked = decision.at, asked + 1
    assert at - NOW > 3600.0
    assert asked <= 12


@pytest.mark.parametrize("pattern", [p.id for p in load().patterns if p.scope == "media_host"])
def test_a_host_in_trouble_is_soon_left_to_one_probe_for_all_posts(pattern: str) -> None:
    found = diagnosis(pattern)
    asked = next(met for met in range(MOST) if not isinstance(decided(found, "media", met), RetryAt))
    assert asked <= 1
    assert decided(found, "media", asked) == AwaitRepair("media_host", decided(found, "media", asked).why)


def test_an_unknown_answer_is_not_repeated_for_ever_and_not_parked_for_everybody() -> None:
    found = diagnose(Evidence(stage="create_container", http_status=400, body={"error": {"code": 987654}}))
    assert found.pattern == "unknown"
    assert isinstance(decided(found, "create", 0), Fail)


@given(st.sampled_from(PATTERNS), st.sampled_from(SITUATIONS), st.integers(0, 60), st.floats(0, 1), st.floats(0.001, 1))
@settings(max_examples=300)
def test_nothing_is_due_in_the_past_or_in_a_year(
    pattern: str, situation: Situation, met: int, random01: float, scale: float
) -> None:
    decision = decided(diagnosis(pattern), situation, met, random01, scale)
    at = getattr(decision, "at", NOW)
    assert NOW <= at <= NOW + 366 * 86_400
    assert decision.why


@given(st.floats(1, 86_400), st.floats(0, 1), st.floats(0.001, 1), st.integers(0, 3))
def test_a_hint_of_meta_s_is_kept_and_not_scaled(hint: float, random01: float, scale: float, met: int) -> None:
    found = diagnose(
        Evidence(
            stage="create_container",
            http_status=429,
            headers={"retry-after": str(hint)},
            body={"error": {"message": "Application request limit reached", "code": 4}},
        )
    )
    assert found.lane == "rate_limit"
    decision = decided(found, "create", met, random01, scale)
    assert isinstance(decision, WaitUntil)
    assert decision.at >= NOW + hint - 0.01  # advice is kept to the millisecond


def test_a_new_container_is_made_a_few_times_only() -> None:
    found = next(d for d in map(diagnosis, PATTERNS) if d.retry.kind == "new_container")
    made = [decided(found, "status", met) for met in range(10)]
    assert isinstance(made[0], RebuildAt)
    assert sum(isinstance(d, RebuildAt) for d in made) <= REBUILDS
    assert not isinstance(made[-1], RebuildAt | RetryAt)


def test_a_missing_answer_is_asked_for_again_with_growing_gaps() -> None:
    quick: list[Any] = [answerless(met, now=NOW, random01=1.0) for met in range(ANSWERLESS_ATTEMPTS)]
    times = [d.at - NOW for d in quick]
    assert times == sorted(times)
    last = ANSWERLESS_ATTEMPTS + PATIENT_ATTEMPTS
    patient: list[Any] = [answerless(met, now=NOW, random01=0.5) for met in range(ANSWERLESS_ATTEMPTS, last)]
    assert sum(d.at - NOW for d in patient) >= 86_400  # an outage of a day loses no post that was alone in it
    assert isinstance(answerless(last, now=NOW, random01=1.0), Fail)


def test_a_publish_proven_absent_is_sent_again_only_for_trouble_that_passes() -> None:
    passing = replace(diagnosis("service_unavailable"), retry=diagnosis("outcome_unknown").retry)
    assert passing.retry.kind == "verify_first"
    assert isinstance(decided(passing, "publish", 0), RetryAt)
    assert not isinstance(decided(passing, "publish", DEFAULT_ATTEMPTS), RetryAt)
    lasting = replace(passing, lane="account_restricted", scope="account")
    assert isinstance(decided(lasting, "publish", 0), AwaitRepair)
