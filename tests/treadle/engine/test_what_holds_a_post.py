"""What holds a post and what lets it go, rule by rule: scope, admission, lateness, and the order of release."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from treadle.domain.admission import RELEASABLE, Candidate, admit
from treadle.domain.lateness import Timing, part_due_at, too_late
from treadle.domain.rechecks import first_check, next_check
from treadle.domain.release_order import Turns, oldest_first
from treadle.domain.scope import (
    FETCH_KEY,
    PLATFORM_KEY,
    Reach,
    concerns,
    is_apps,
    key_of,
    passing,
    state_behind,
    stops,
    stops_reading,
)

NOW = 1_800_000_000.0
REACH = Reach("pst_1", "acc_1", "app_1", "wsp_1", frozenset({"files.example"}), fetches=True)
LATE, SOON = Timing(NOW - 3601.0, 3600.0), Timing(NOW - 3600.0, 3600.0)


# ------------------------------------------------------------------------------------------------------- lateness


def test_a_post_is_too_late_only_beyond_its_time_and_without_an_approval() -> None:
    assert too_late(LATE, NOW)
    assert not too_late(SOON, NOW)
    assert not too_late(replace(LATE, confirmed_at=NOW - 9e6), NOW)


@pytest.mark.parametrize(
    ("last_live_at", "due_at"), [(None, NOW), (NOW - 60.0, NOW), (NOW, NOW), (NOW + 7200.0, NOW + 7200.0)]
)
def test_a_part_is_due_once_the_part_before_it_is_live_and_never_before_the_posts_time(
    last_live_at: float | None, due_at: float
) -> None:
    timing = Timing(NOW, 3600.0, None, last_live_at)
    assert part_due_at(timing) == due_at
    assert not too_late(timing, due_at + 3600.0)
    assert too_late(timing, due_at + 3601.0)


# ------------------------------------------------------------------------------------------------------- admission


@pytest.mark.parametrize(
    ("post", "answer"),
    [
        ({}, "go"),
        ({"timing": LATE}, "too late"),
        ({"paused": True}, "paused"),
        ({"paused": True, "timing": LATE}, "paused"),
        ({"blocked": True}, "blocked"),
        ({"blocked": True, "paused": True, "timing": LATE}, "blocked"),
        ({"connected": False}, "not connected"),
        ({"connected": False, "blocked": True, "in_doubt": True}, "not connected"),
        # What only reads is stopped by neither pause nor lateness, and by what stops reading.
        ({"in_doubt": True, "paused": True, "timing": LATE}, "go"),
        ({"in_doubt": True, "blocked": True}, "blocked"),
        ({"all_live": True, "connected": False, "blocked": True, "paused": True, "timing": LATE}, "go"),
    ],
)
def test_the_first_reason_against_a_post(post: dict[str, Any], answer: str) -> None:
    assert admit(Candidate(**{"timing": SOON, **post}), NOW) == answer


def test_no_repair_lets_go_of_what_is_final_or_waits_for_a_person() -> None:
    assert not RELEASABLE & {"draft", "held", "failed", "canceled", "published"}
    assert {"blocked", "waiting", "checking", "scheduled"} <= RELEASABLE


# ------------------------------------------------------------------------------------------------------- scope


@pytest.mark.parametrize(
    ("scope", "key", "workspace", "about_it"),
    [
        ("post", "pst_1", "wsp_1", True),
        ("post", "pst_2", "wsp_1", False),
        ("account", "acc_1", "wsp_1", True),
        ("account", "acc_2", "wsp_1", False),
        ("app", "app_1", None, True),
        ("app", "app_2", None, False),
        ("platform", PLATFORM_KEY, None, True),
        ("media_host", "files.example", "wsp_1", True),
        ("media_host", "files.example", "wsp_2", False),
        ("media_host", "other.example", "wsp_1", False),
        ("media_host", FETCH_KEY, "wsp_1", True),
        ("media_host", FETCH_KEY, "wsp_2", False),
        ("platform", FETCH_KEY, None, True),
    ],
)
def test_which_causes_are_about_a_post(scope: str, key: str, workspace: str | None, about_it: bool) -> None:
    assert concerns(scope, key, workspace, REACH) is about_it


def test_a_post_whose_files_are_fetched_already_waits_for_no_outage_of_fetching() -> None:
    fetched = replace(REACH, hosts=frozenset(), fetches=False)
    for scope, workspace in (("platform", None), ("media_host", "wsp_1")):
        assert not concerns(scope, FETCH_KEY, workspace, fetched)
    assert not concerns("media_host", "files.example", "wsp_1", fetched)


def test_a_cause_that_a_post_met_is_about_that_post() -> None:
    keys = {"post": "pst_1", "account": "acc_1", "app": "app_1", "platform": PLATFORM_KEY}
    for scope, key in keys.items():
        assert key_of(scope, REACH) == key  # type: ignore[arg-type]
        assert concerns(scope, key, "wsp_1", REACH)
    assert key_of("media_host", REACH, "files.example") == "files.example"
    assert key_of("media_host", REACH) == ""


@pytest.mark.parametrize(
    ("lane", "pattern", "reads_stop"),
    [
        ("meta_token", "token_expired", True),
        ("permission_app_review", "threads_basic_missing", True),
        ("linked_instagram_account", "any", True),
        ("account_restricted", "account_checkpointed", True),
        ("account_restricted", "api_access_blocked", True),
        ("account_restricted", "account_restricted", False),
        ("rate_limit", "spam_block", False),
        ("platform_temporary", "platform_outage", False),
    ],
)
def test_what_stops_a_post_in_doubt_is_what_stops_reading(lane: str, pattern: str, reads_stop: bool) -> None:
    assert stops_reading(lane, pattern) is reads_stop
    assert stops(lane, pattern, None, REACH, in_doubt=True) is reads_stop
    assert stops(lane, pattern, "pst_2", REACH, in_doubt=True) is reads_stop
    assert stops(lane, pattern, None, REACH, in_doubt=False)
    assert stops(lane, pattern, "pst_2", REACH, in_doubt=False)
    for in_doubt in (True, False):  # the post that tests whether the cause is gone
        assert not stops(lane, pattern, "pst_1", REACH, in_doubt=in_doubt)


def test_a_cause_is_the_apps_by_its_own_evidence_or_by_two_witnesses() -> None:
    assert is_apps("app_deactivated", 1)
    assert not is_apps("app_not_reviewed", 1)
    assert is_apps("app_not_reviewed", 2)


def test_only_what_passes_without_anybody_lets_a_post_wait_instead_of_blocking_it() -> None:
    assert [passing(scope, "k") for scope in ("post", "account", "platform")] == ["post", "account", "platform"]
    assert passing("media_host", FETCH_KEY) == "platform"
    assert passing("media_host", "files.example") == "media_host"
    assert state_behind(["platform", "platform"]) == "waiting"
    assert state_behind(["platform", "account"]) == state_behind(["account"]) == "blocked"


# ------------------------------------------------------------------------------------------------------- release


def test_the_oldest_go_first_and_ids_decide_between_equals() -> None:
    rows = [{"id": "b", "due_at": 2.0}, {"id": "c", "due_at": 1.0}, {"id": "a", "due_at": 2.0}]
    assert [row["id"] for row in oldest_first(rows)] == ["c", "a", "b"]


def test_each_account_has_its_own_turns_one_after_the_other() -> None:
    turns = Turns({"acc_2": NOW + 10.0, "acc_3": NOW - 500.0}, spacing_s=2.0, now=NOW)
    assert [turns.take("acc_1") for _ in range(3)] == [NOW, NOW + 2.0, NOW + 4.0]
    # Behind the last one that was let go before, however long ago that was.
    assert [turns.take("acc_2") for _ in range(2)] == [NOW + 12.0, NOW + 14.0]
    assert [turns.take("acc_3") for _ in range(2)] == [NOW + 2.0, NOW + 4.0]


@pytest.mark.parametrize(
    ("scope", "pattern", "gaps"),
    [
        ("account", "x", [120.0, 240.0, 480.0, 21_600.0]),
        ("platform", "x", [120.0, 240.0, 300.0, 300.0]),
        ("media_host", "media_fetch_outage", [60.0, 60.0, 60.0, 60.0]),
    ],
)
def test_causes_are_looked_at_after_growing_gaps(scope: str, pattern: str, gaps: list[float]) -> None:
    found = [next_check(scope, checks, NOW, 1.0, pattern=pattern) - NOW for checks in (1, 2, 3, 30)]
    assert found == gaps
    assert first_check(scope, NOW, 1.0) == NOW + 60.0
    assert first_check("post", NOW, 1.0) is None
