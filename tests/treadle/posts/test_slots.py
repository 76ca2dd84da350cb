"""The slots of a queue, in any zone and across clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.slots import Slot, next_free, slot_of, upcoming

SLOTS = st.sets(st.builds(Slot, st.integers(0, 6), st.integers(0, 1439)), min_size=1, max_size=9)
ZONES = st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"])
TIMES = st.floats(1.7e9, 2.0e9)


@given(SLOTS, ZONES, TIMES)
def test_slots_are_in_order_later_and_on_their_minute(slots: set[Slot], name: str, after: float) -> None:
    zone = ZoneInfo(name)
    found = list(upcoming(slots, zone, after, 14))
    assert found == sorted(set(found))
    assert all(at > after for at in found)
    for at in found:
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        minute = local.hour * 60 + local.minute
        near = {(slot.minute - minute) % 1440 for slot in slots if slot.weekday == local.weekday()}
        assert near & {0, 30, 1410, 60, 1380}  # on it, or moved by a clock change


@given(SLOTS, ZONES, TIMES, st.integers(0, 12))
def test_the_next_free_slot_is_the_first_that_is_not_taken(
    slots: set[Slot], name: str, after: float, taken: int
) -> None:
    zone = ZoneInfo(name)
    every = [at for at, _ in zip(upcoming(slots, zone, after), range(taken + 1), strict=False)]
    assert next_free(slots, zone, every[:taken], after) == every[taken]


def test_what_is_a_slot() -> None:
    assert slot_of("mon", "09:05") == Slot(0, 545)
    assert [slot_of(*one) for one in (("monday", "09:00"), ("mon", "9:00"), ("mon", "24:00"), ("", ""))] == [None] * 4


def test_there_is_none_without_slots() -> None:
    assert next_free((), ZoneInfo("UTC"), (), 1.8e9) is None


def test_a_skipped_hour_is_moved_and_a_doubled_one_comes_once() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2027, 3, 27, 12, tzinfo=zone).timestamp()
    (spring,) = upcoming([slot_of("sun", "02:30")], zone, before, 1)  # type: ignore[list-item]
    assert datetime.fromtimestamp(spring, UTC).astimezone(zone).strftime("%H:%M") == "03:30"
    before = datetime(2027, 10, 30, 12, tzinfo=zone).timestamp()
    assert len(list(upcoming([slot_of("sun", "02:30")], zone, before, 1))) == 1  # type: ignore[list-item]
