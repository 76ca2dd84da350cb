"""Times are read exactly or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.posts.test_findings import JSON_VALUES
from treadle.domain.findings import Finding
from treadle.domain.times import When, parse_duration, parse_when


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2026-12-01T09:00:00+01:00", None, "2026-12-01T08:00:00+00:00"),
        ("2026-12-01T09:00:00Z", "Europe/Berlin", "2026-12-01T09:00:00+00:00"),
        ("2026-12-01T09:00", "Europe/Berlin", "2026-12-01T08:00:00+00:00"),
        ("2026-07-01 09:00", "Europe/Berlin", "2026-07-01T07:00:00+00:00"),
        ("20261201T090000Z", None, "2026-12-01T09:00:00+00:00"),
        ("1999-01-01T00:00:00Z", None, "1999-01-01T00:00:00+00:00"),
        ("2026-12-01T09:00:00.250Z", None, "2026-12-01T09:00:00.250000+00:00"),
    ],
)
def test_times_are_read(text: str, zone: str | None, at: str) -> None:
    when = parse_when(text, zone)
    assert isinstance(when, When)
    assert when.at == datetime.fromisoformat(at).timestamp()
    assert when.text == text
    assert when.warnings == ()


@pytest.mark.parametrize(
    ("text", "zone", "rule"),
    [
        ("tomorrow", None, "not_a_time"),
        ("", None, "not_a_time"),
        ("{'a': 1}", None, "not_a_time"),
        ("1764579600", None, "not_a_time"),
        ("2026-13-01T00:00:00Z", None, "not_a_time"),
        ("2026-12-01", "Europe/Berlin", "no_time_of_day"),
        ("2026-12-01T09:00", None, "no_zone"),
        ("2026-12-01T09:00", "Mars/Base", "unknown_zone"),
        ("2026-12-01T09:00", "../../etc/passwd", "unknown_zone"),
        ("2026-12-01T09:00", "\x00", "unknown_zone"),
        ("0001-01-01T00:00:00+14:00", None, None),
        ("0001-01-01T00:00", "Asia/Tokyo", None),
        ("9999-12-31T23:59:59", "America/New_York", None),
    ],
)
def test_what_is_no_time_is_a_finding(text: str, zone: str | None, rule: str | None) -> None:
    finding = parse_when(text, zone)
    if rule is None:  # at the edges of the calendar: an answer of either kind, and no exception
        assert isinstance(finding, Finding | When)
        return
    assert isinstance(finding, Finding)
    assert finding.rule == rule
    assert finding.field == ("zone" if rule == "unknown_zone" else "publish_at")


def test_a_time_that_comes_twice_names_both_readings() -> None:
    finding = parse_when("2026-10-25T02:30", "Europe/Berlin")
    assert isinstance(finding, Finding)
    assert finding.rule == "doubled_time"
    assert "2026-10-25T02:30:00+02:00" in finding.message
    assert "2026-10-25T02:30:00+01:00" in finding.message


def test_a_time_that_is_skipped_names_both_readings() -> None:
    finding = parse_when("2026-03-29T02:30", "Europe/Berlin")
    assert isinstance(finding, Finding)
    assert finding.rule == "skipped_time"
    assert "2026-03-29T01:30:00+01:00" in finding.message
    assert "2026-03-29T03:30:00+02:00" in finding.message


def test_an_offset_settles_a_doubled_time() -> None:
    early, late = parse_when("2026-10-25T02:30+02:00", "Europe/Berlin"), parse_when("2026-10-25T02:30+01:00", None)
    assert isinstance(early, When)
    assert isinstance(late, When)
    assert late.at - early.at == 3600


def test_far_ahead_is_a_warning_on_a_time_that_counts() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    far = parse_when("2028-01-01T00:00:00Z", None, now=now)
    assert isinstance(far, When)
    assert [w.severity for w in far.warnings] == ["warning"]
    near = parse_when("2026-12-31T00:00:00Z", None, now=now)
    assert isinstance(near, When)
    assert near.warnings == ()


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Africa/Cairo"]
    ),
)
def test_a_local_time_is_read_only_when_it_reads_back_as_itself_and_nothing_else_does(
    local: datetime, zone: str
) -> None:
    read = parse_when(local.isoformat(), zone)
    place = ZoneInfo(zone)
    readings = set()
    for hours in range(-15, 16):
        for minutes in (0, 15, 30, 45):
            moment = (local - timedelta(hours=hours, minutes=minutes)).replace(tzinfo=UTC)
            if moment.astimezone(place).replace(tzinfo=None) == local:
                readings.add(moment.timestamp())
    # Zones had offsets with odd seconds long ago; from 1971 on these do not.
    if len(readings) == 1:
        assert isinstance(read, When)
        assert read.at == pytest.approx(readings.pop(), abs=1e-3)
    else:
        assert isinstance(read, Finding)
        assert read.rule == ("skipped_time" if not readings else "doubled_time")


@given(st.text(), st.none() | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str, zone: str | None) -> None:
    assert isinstance(parse_when(text, zone, now=0.0), When | Finding)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("PT24H", 86_400),
        ("P1D", 86_400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
        ("PT1H30M15S", 5_415),
        ("PT0.5S", 0.5),
        ("pt5m", 300),
        (90, 90),
        (0, 0),
        ("3600", 3600),
    ],
)
def test_durations_are_read(value: object, seconds: float) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    "value", ["", "P", "PT", "P1DT", "P1Y", "P1M", "24H", "-PT1H", -1, True, None, [], 1e30, "soon"]
)
def test_what_is_no_duration_is_a_finding(value: object) -> None:
    finding = parse_duration(value)
    assert isinstance(finding, Finding)
    assert finding.rule == "duration"


@given(JSON_VALUES)
def test_any_value_is_a_duration_or_refused(value: object) -> None:
    read = parse_duration(value)
    assert isinstance(read, Finding) or read >= 0
