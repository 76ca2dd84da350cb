"""Only time zones and times of day that mean the same everywhere are taken, wherever one is entered."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.cli.conftest import Terminal, at_home, treadle  # noqa: F401
from tests.treadle.http.conftest import Site, data_dir, fresh_database  # noqa: F401
from tests.treadle.web.conftest import sample  # noqa: F401
from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.domain.findings import Finding
from treadle.domain.times import When, parse_when
from treadle.domain.zones import time_of_day, zone_named, zone_names, zone_way_out

# ruff: noqa: F811
OF_THIS_MACHINE = ("posix/UTC", "right/UTC", "right/Europe/Berlin", "localtime", "posixrules", "Factory")


@pytest.mark.parametrize("zone", [*OF_THIS_MACHINE, "europe/berlin", "", " UTC", "../UTC", "Europe"])
def test_a_zone_of_this_machine_alone_is_none(zone: str) -> None:
    assert zone_named(zone) is None
    assert zone not in zone_names()


@given(st.sampled_from(zone_names()))
def test_every_listed_zone_is_taken(zone: str) -> None:
    assert zone_named(zone) == ZoneInfo(zone)
    assert isinstance(parse_when("2026-12-01T09:00:00", zone), When)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("europe/berlin", "Europe/Berlin"), ("Europe/Berln", "Europe/Berlin"), ("posix/Asia/Tokyo", "Asia/Tokyo"),
     ("America/New York", "America/New_York"), ("utc", "UTC")],
)  # fmt: skip
def test_the_nearest_name_is_offered(wrong: str, meant: str) -> None:
    assert meant in zone_way_out(wrong)
    found = parse_when("2026-12-01T09:00:00", wrong)
    assert isinstance(found, Finding)
    assert (found.rule, found.field) == ("unknown_zone", "zone")
    assert meant in found.way_out


TWO_DIGITS = [f"{n:02}" for n in range(60)]
NUMBERS = (st.integers(0, 24) | st.integers(-1, 61)).map("{:02}".format) | st.sampled_from(["7", "٠٩", " 9", "+9"])


@given(
    (st.lists(NUMBERS, min_size=2, max_size=3) | st.lists(NUMBERS, max_size=4)).map(":".join),
    st.sampled_from(["", "", "", "Z", "+01:00", "T"]),
)
def test_a_time_of_day_is_hours_and_minutes(digits: str, beside: str) -> None:
    numbers = digits.split(":")
    right = not beside and 2 <= len(numbers) <= 3 and all(n in TWO_DIGITS for n in numbers) and int(numbers[0]) < 24
    read = time_of_day(digits + beside)
    if right:
        hour, minute, second = [int(number) for number in [*numbers, "0"]][:3]
        assert read == time(hour, minute, second)
    else:
        assert read is None


@pytest.mark.parametrize("zone", OF_THIS_MACHINE)
def test_a_post_and_a_person_cannot_have_one(zone: str, treadle: Terminal, at_home: Site) -> None:
    body = {"account_id": at_home.account, "text": "x", "publish_at": "2040-01-01T09:00", "zone": zone}
    answer = at_home.client("write").post("/v1/posts", json=body)
    assert answer.status_code == 422
    assert [f["rule"] for f in answer.json()["findings"]] == ["unknown_zone"]
    said = treadle("publish", "x", "--at", "2040-01-01T09:00", "--zone", zone)
    assert said.code == 1
    assert "no such time zone" in said.err
    added = treadle("people", "add", "mara@example.org", "--zone", zone, types="a long enough password\n")
    assert added.code == 2
    assert zone in added.err


@pytest.mark.parametrize("zone", OF_THIS_MACHINE)
def test_a_page_offers_and_takes_none(zone: str, sample: SampleSite) -> None:
    offered = sample.client.get("/me").text
    assert 'value="Asia/Tokyo"' in offered
    assert f'value="{zone}"' not in offered
    data = {"csrf": CSRF, "do": "zone", "zone_name": zone}
    answer = sample.client.post("/me", data=data)
    assert "no such time zone" in sample.client.get(answer.headers["location"]).text
