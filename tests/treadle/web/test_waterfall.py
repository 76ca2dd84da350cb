"""The drawings' geometry, and the form's values: pure functions, by properties."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.rules import check_post
from treadle.services.post_history import columns, days_of
from treadle.web.drafts import Draft, DraftPart, from_body, place_of, read_form
from treadle.web.labels import ago, span
from treadle.web.pages.post import runs
from treadle.web.waterfall import waterfall

START = 1_800_000_000.0


def event(at: float, took: float | None, **more: Any) -> dict[str, Any]:
    return {
        "id": more.pop("id", 1),
        "part": 0,
        "attempt": 1,
        "stage": "publish",
        "kind": "call",
        "what": "Asked",
        "outcome": "ok",
        "started_at": datetime.fromtimestamp(at, UTC).isoformat(),
        "duration_s": took,
        **more,
    }


spans = st.lists(st.tuples(st.floats(0, 10**7), st.floats(0, 10**4)), min_size=1, max_size=60)


@given(spans)
def test_every_bar_lies_inside_the_drawing_and_in_order(found: list[tuple[float, float]]) -> None:
    found = sorted(found)
    drawing = waterfall([event(START + at, took, id=n) for n, (at, took) in enumerate(found)], START)
    assert drawing is not None
    bars = [bar for lane in drawing.lanes for bar in lane.bars]
    assert {bar.event_id for bar in bars} == set(range(len(found)))
    for bar in bars:
        assert bar.width > 0
        assert bar.x >= -0.01
        assert bar.x + bar.width <= 100.01
    for before, after in pairwise(bars):
        # Bars that are widened to be seen may be pushed back from the end.
        assert before.x <= after.x + 0.51


def test_a_long_wait_is_folded_and_named() -> None:
    drawing = waterfall([event(START, 0.3), event(START + 7 * 86_400, 0.4, id=2)], START)
    assert drawing is not None
    [fold] = drawing.folds
    assert "7 days" in fold.label
    first, second = drawing.lanes[0].bars
    assert first.width > 30
    assert second.width > 30


def test_what_is_under_way_reaches_to_now() -> None:
    drawing = waterfall([event(START, 1.0), event(START + 1, None, outcome=None, id=2)], START + 11)
    assert drawing is not None
    assert drawing.lanes[0].outcome == "In progress"
    assert drawing.lanes[0].total == "11 s"


def test_parts_and_attempts_have_lanes_of_their_own() -> None:
    events = [
        event(START, 1.0),
        event(START + 1, 1.0, part=1, id=2),
        event(START + 2, 1.0, part=1, attempt=2, outcome="refused", id=3),
    ]
    drawing = waterfall(events, START)
    assert drawing is not None
    labels = [lane.label for lane in drawing.lanes]
    assert labels == [
        "Publishing, part 1 (attempt 1)",
        "Publishing, part 2 (attempt 1)",
        "Publishing, part 2 (attempt 2)",
    ]
    assert drawing.lanes[2].tone == "stop"
    assert waterfall([], START) is None


@given(st.lists(st.floats(START - 40 * 86_400, START), max_size=50), st.sampled_from(["UTC", "Asia/Tokyo"]))
def test_days_are_the_readers_days(times: list[float], zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    days = days_of(zone, START, 30)
    assert len(set(days)) == 30
    drawn = columns(times, days, zone)
    wanted = [t for t in times if datetime.fromtimestamp(t, UTC).astimezone(zone).date() in set(days)]
    assert sum(c.count for c in drawn) == len(wanted)
    for column in drawn:
        assert 0 <= column.y <= 100
        assert (column.height > 0) == (column.count > 0)
        assert column.x + column.width <= 100.01


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (4.21, "4.2 s"),
        (61, "61 s"),
        (600, "10 min"),
        (7500, "2 h 5 min"),
        (9e5, "10 days"),
    ],
)
def test_lengths_of_time_are_said_shortly(seconds: float, said: str) -> None:
    assert span(seconds) == said
    assert ago(1000.0 + 600, 1000.0) == "in 10 min"
    assert ago(1000.0 - 7.7, 1000.0) == "8 s ago"


texts = st.text(max_size=40)
parts = st.builds(
    DraftPart,
    text=texts,
    media=st.lists(
        st.fixed_dictionaries({"id": st.just("med_1"), "alt_text": st.text("abc", min_size=1)}), max_size=3
    ).map(tuple),
    options=st.fixed_dictionaries({}, optional={"topic_tag": st.just("loom"), "is_ghost_post": st.just(True)}),
)


@given(st.lists(parts, min_size=1, max_size=4), st.text("abc, ", max_size=10))
def test_a_draft_survives_being_stored_and_opened_again(given_parts: list[DraftPart], labels: str) -> None:
    draft = Draft(account_id="acc_1", parts=tuple(given_parts), when="at", at="2027-05-01T09:30", zone="Asia/Tokyo",
                  labels=labels)  # fmt: skip
    body = draft.to_body()
    at = datetime(2027, 5, 1, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
    again = from_body(body, ZoneInfo("Asia/Tokyo"), at=at, lateness_s=86_400)
    assert again.to_body() == body


@given(st.integers(0, 5), st.sampled_from([-1, 1]))
def test_moving_a_part_keeps_them_all(index: int, by: int) -> None:
    draft = Draft(parts=tuple(DraftPart(text=str(n)) for n in range(4)))
    assert sorted(p.text for p in draft.moved(index, by).parts) == ["0", "1", "2", "3"]


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=30), max_size=20))
def test_any_form_becomes_a_draft_and_any_draft_can_be_checked(fields: dict[str, str]) -> None:
    draft = read_form(lambda name: fields.get(name, ""), lambda name: [fields[name]] if name in fields else [])
    check_post(draft.to_body())


@pytest.mark.parametrize(
    ("path", "part"),
    [("text", 0), ("media[2].alt_text", 0), ("options.topic_tag", 0), ("replies[0].text", 1), ("replies[11]", 12),
     ("account_id", None), ("publish_at", None), ("replies", None), ("", None)],
)  # fmt: skip
def test_findings_go_to_their_part(path: str, part: int | None) -> None:
    assert place_of(path)[0] == part


def test_options_without_a_field_survive_the_form() -> None:
    """Editing on the page must not lose what came with the post through the API."""
    options = {"topic_tag": "looms", "newer_than_the_form": {"a": 1}}
    part = DraftPart("Hello", (), options)
    fields = {"parts": "1", "part-0-text": "Hello", "part-0-topic_tag": "looms", "part-0-kept": part.kept}
    draft = read_form(lambda name: fields.get(name, ""), lambda name: [fields[name]] if name in fields else [])
    assert draft.parts[0].options == options
    for broken in ("", "{", "[]", '"x"', '{"topic_tag": "other"}'):
        fields["part-0-kept"] = broken
        draft = read_form(lambda name: fields.get(name, ""), lambda name: [fields[name]] if name in fields else [])
        assert draft.parts[0].options == {"topic_tag": "looms"}


def test_a_rhythm_of_many_waits_is_drawn_as_it_was() -> None:
    """Forty looks a minute apart, a week after the post was accepted: the week is folded, the minutes are not."""
    looks = [event(START + 7 * 86_400 + 60 * n, 0.1, id=n + 2, stage="container_status") for n in range(40)]
    drawing = waterfall([event(START, None, kind="state"), *looks], START)
    assert drawing is not None
    assert [fold.label for fold in drawing.folds] == ["7 days"]
    assert drawing.folded == "7 days"
    bars = drawing.lanes[-1].bars
    steps = [after.x - before.x for before, after in pairwise(bars)]
    assert max(steps) - min(steps) < 0.6  # the last may be pushed back from the end
    assert min(steps) > 1.5


def test_a_short_call_beside_a_very_long_one_is_seen() -> None:
    drawing = waterfall([event(START, 0.05), event(START + 0.1, 222.0, id=2), event(START + 222.2, 0.05, id=3)], START)
    assert drawing is not None
    assert not drawing.folds
    widths = [bar.width for bar in drawing.lanes[0].bars]
    assert widths[0] == widths[2] == 0.5
    assert widths[1] > 98


@given(spans)
def test_labels_of_the_axis_do_not_meet(found: list[tuple[float, float]]) -> None:
    drawing = waterfall([event(START + at, took, id=n) for n, (at, took) in enumerate(sorted(found))], START)
    assert drawing is not None
    told = [fold.x + fold.width / 2 for fold in drawing.folds if fold.labeled]
    places = sorted([*told, *(tick.x for tick in drawing.ticks)])
    assert all(after - before > 8.9 for before, after in pairwise(places))
    assert all(len(fold.label) <= 9 for fold in drawing.folds)
    assert len(drawing.folds) <= 6


@pytest.mark.parametrize(("parts_", "attempts", "rows"), [(12, 1, 12), (1, 30, 30), (3, 2, 24), (30, 2, 2)])
def test_a_long_timeline_stays_a_drawing(parts_: int, attempts: int, rows: int) -> None:
    stages = ("create_container", "container_status", "publish", "verify")
    events, at = list[dict[str, Any]](), START
    for attempt in range(1, attempts + 1):
        for part in range(parts_):
            for stage in stages:
                events.append(event(at, 0.3, part=part, attempt=attempt, stage=stage, id=len(events)))
                at += 0.5
    drawing = waterfall(events, START)
    assert drawing is not None
    assert len(drawing.lanes) == rows
    assert sum(len(lane.bars) for lane in drawing.lanes) == len(events)
    labels = [lane.label for lane in drawing.lanes]
    assert len(set(labels)) == rows


@given(st.lists(st.sampled_from(["ok", "ok", "ok", "refused", "lost"]), max_size=40), st.integers(1, 3))
def test_the_pieces_of_a_timeline_are_the_timeline(outcomes: list[str], parts_: int) -> None:
    events = [
        event(START + n, 0.1, id=n, outcome=outcome, part=n % parts_, diagnosis=None, decision=None)
        for n, outcome in enumerate(outcomes)
    ]
    pieces = runs(events)
    assert [e for piece in pieces for e in piece] == events
    for piece in pieces:
        assert len(piece) == 1 or {e["outcome"] for e in piece} == {"ok"}
        assert len({e["part"] for e in piece}) == 1
    if outcomes and set(outcomes) == {"ok"} and parts_ == 1:
        assert len(pieces) == 1
