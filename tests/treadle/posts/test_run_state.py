"""Causes, progress and updates: to and from what is stored, of this release and of the first."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain import cause as causes
from treadle.domain.cause import Cause
from treadle.domain.progress import NONE_YET, OF_ONE_SEND, Content, PartProgress
from treadle.domain.quota import Quota
from treadle.domain.run_state import UNSET, AccountUpdate, AccountView, PartUpdate, PartView, PostUpdate, PostView
from treadle.store.runs import Change, part_columns, post_columns
from treadle.store.tables import accounts, parts, posts
from treadle.store.timeline import Note
from treadle_diagnosis import diagnose
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.engine import from_pattern
from treadle_diagnosis.types import Evidence
from treadle_threads.results import Call, Lost

TIMES = st.none() | st.floats(0, 4e9)
PROGRESS = st.builds(
    PartProgress,
    looks=st.integers(0, 99),
    finished=st.integers(0, 3),
    misses=st.integers(0, 3),
    missed_at=TIMES,
    wish=st.sampled_from([None, "replace", "send again"]),
    not_before=TIMES,
    listed_after=TIMES,
    found_live=st.booleans(),
    list_unread=st.booleans(),
    restored=TIMES,
    conservative=st.booleans(),
    was=st.none() | st.builds(Content, st.sampled_from(["TEXT", "IMAGE"]), st.just({"text": "x"}), st.booleans()),
    find_tries=st.integers(0, 50),
    permalink_tries=st.integers(0, 9),
    permalink_given_up=st.booleans(),
    address_tries=st.integers(0, 9),
    address_at=st.floats(0, 4e9),
    removed=TIMES,
)


def test_every_diagnosis_of_the_server_speaks_to_the_owner() -> None:
    evidence = Evidence(stage="create", body={"error": {"code": 190}})
    for_developers = diagnose(evidence)
    assert for_developers.owner_step not in ("", for_developers.next_step)
    lost = Lost("reset", "", Call("GET", "/me", {}), 0.1)
    for found in (
        causes.diagnose(evidence),
        causes.from_pattern(for_developers.pattern, evidence),
        causes.diagnose_failure(lost, "create"),
    ):
        assert found.next_step == found.owner_step != ""


@given(PROGRESS)
def test_progress_is_read_back_as_it_was(progress: PartProgress) -> None:
    assert PartProgress.from_json(json.loads(json.dumps(progress.to_json()))) == progress


def test_a_fresh_part_stores_nothing() -> None:
    assert NONE_YET.to_json() == {}
    assert PartProgress.from_json({}) is PartProgress.from_json(None) is NONE_YET


@pytest.mark.parametrize(
    ("stored", "progress"),
    [
        ({"looks": 3, "finished": 1}, PartProgress(looks=3, finished=1)),
        ({"looks": 1, "found_live": True, "find_tries": 2}, PartProgress(looks=1, found_live=True, find_tries=2)),
        ({"permalink_tries": 4, "permalink_given_up": True}, PartProgress(permalink_tries=4, permalink_given_up=True)),
        ({"restored": 1764460800.5, "list_unread": True}, PartProgress(restored=1764460800.5, list_unread=True)),
        ({"address_tries": 2, "address_at": 1764460800}, PartProgress(address_tries=2, address_at=1764460800.0)),
        ({"conservative": True, "removed": 1764460800.0}, PartProgress(conservative=True, removed=1764460800.0)),
        ({"missed_at": None, "misses": 0, "of a later release": 1}, NONE_YET),
    ],
)
def test_what_version_1_stored_is_read(stored: dict[str, Any], progress: PartProgress) -> None:
    assert PartProgress.from_json(stored) == progress


def test_a_new_send_forgets_the_last_one_and_keeps_the_part() -> None:
    kept = {"restored", "list_unread", "conservative", "was", "find_tries", "permalink_tries", "permalink_given_up"}
    kept |= {"address_tries", "address_at", "removed", "named_asked", "named_misses", "named_missed_at"}
    kept |= {"live", "story", "below_root", "origin"}  # of what is live, of a person's choice, of the next container
    assert OF_ONE_SEND.keys() == {field.name for field in fields(PartProgress)} - kept


@given(
    st.builds(
        Quota,
        *([st.none() | st.integers(0, 10_000).map(float)] * 4),
        at=TIMES,
        cause=st.none() | st.just(Cause(diagnose({"error": {"code": 4}}))),
    )
)
def test_a_quota_is_read_back_as_it_was(quota: Quota) -> None:
    assert Quota.from_json(json.loads(json.dumps(quota.to_json()))) == quota


def test_the_quota_that_version_1_stored_is_read() -> None:
    cause = diagnose({"error": {"code": 4}}).to_json()
    stored = {
        "posts_used": 3,
        "posts_total": 250,
        "replies_used": None,
        "replies_total": 1000,
        "at": 17.5,
        "cause": cause,
    }
    assert Quota.from_json(stored) == Quota(3.0, 250.0, None, 1000.0, 17.5, Cause.from_json(cause))
    assert Quota.from_json(stored).to_json() == stored
    assert Quota.from_json({"at": 1, "cause": None}) == Quota(at=1.0)
    assert Quota.from_json({}) == Quota.from_json(None) == Quota()


@pytest.mark.parametrize("pattern", [pattern.id for pattern in load().patterns])
def test_every_cause_is_read_back_as_it_was(pattern: str) -> None:
    cause = Cause(from_pattern(pattern, Evidence(stage="publish", body={"error": {"code": 1}})))
    stored = json.loads(json.dumps(cause.to_json()))
    assert Cause.from_json(stored) == cause
    assert Cause.from_json({**stored, "stage": "publish"}) == Cause(cause.diagnosis, "publish")
    found = (cause.pattern, cause.lane, cause.scope, cause.action, cause.who)
    assert found == tuple(stored[name] for name in ("pattern", "lane", "scope", "action", "who"))


def test_a_cause_of_another_release_is_read_as_far_as_it_goes() -> None:
    stored = {"pattern": "gone_since", "lane": "content", "retry": {"kind": "never", "new": 1}, "told": "x"}
    cause = Cause.from_json(stored)
    assert cause is not None
    assert (cause.pattern, cause.lane, cause.scope, cause.retry.kind) == ("gone_since", "content", "post", "never")
    assert Cause.from_json(None) is Cause.from_json({}) is Cause.from_json({"lane": "content"}) is None


def test_the_three_columns_of_a_cause_are_written_together() -> None:
    diagnosis = diagnose({"error": {"code": 190, "error_subcode": 463}})
    met = post_columns(PostUpdate().met(Cause(diagnosis), "It ended."))
    assert met == {
        "cause": diagnosis.to_json(),
        "cause_pattern": diagnosis.pattern,
        "cause_lane": diagnosis.lane,
        "why": "It ended.",
    }
    assert post_columns(PostUpdate().calm()) == dict.fromkeys(("cause", "cause_pattern", "cause_lane", "why"))
    assert post_columns(PostUpdate(state="held")) == {"state": "held"}


def test_every_field_of_an_update_is_a_column_and_a_field_of_the_view() -> None:
    for update, view, table in (
        (PostUpdate, PostView, posts),
        (PartUpdate, PartView, parts),
        (AccountUpdate, AccountView, accounts),
    ):
        names = set(update.__annotations__)
        assert names - {"why"} <= {field.name for field in fields(view)}  # type: ignore[arg-type]
        assert {"checks" if name == "progress" else name for name in names} <= set(table.c.keys())


def test_an_update_says_only_what_changes_and_the_later_one_counts() -> None:
    update = PartUpdate(state="ready", cause=None).merge(PartUpdate(state="failed", sends=0))
    assert update.changes() == {"state": "failed", "cause": None, "sends": 0}
    update.cause = UNSET
    assert part_columns(update) == {"state": "failed", "sends": 0}
    assert part_columns(PartUpdate(progress=PartProgress(looks=2))) == {"checks": {"looks": 2}}


def test_what_was_gathered_from_two_reads_is_what_both_changed_and_the_later_one_counts() -> None:
    first = Change([Note("container_status", "call", "Asked", 0)]).on(
        0, PartUpdate(container_status="FINISHED", polls=1)
    )
    first.post.stage = "container_status"
    later = Change([Note("publish", "call", "Listed", 0)], outage_at="publish", differs=(0,))
    later.on(0, PartUpdate(seen_before=["1"], polls=2)).on(1, PartUpdate(state="ready"))
    later.post.stage = "publish"
    both = first.then(later)
    assert [note.what for note in both.notes] == ["Asked", "Listed"]
    assert both.part(0).changes() == {"container_status": "FINISHED", "polls": 2, "seen_before": ["1"]}
    assert both.part(1).changes() == {"state": "ready"}
    assert (both.post.changes(), both.outage_at, both.differs) == ({"stage": "publish"}, "publish", (0,))
