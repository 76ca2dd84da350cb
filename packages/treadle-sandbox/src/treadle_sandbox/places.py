"""Locations one can tag: a few real places, and any other id as a place without a name of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """One location as ``/location_search`` and the ``location`` field answer it."""

    id: str
    name: str
    address: str
    city: str
    country: str
    latitude: float
    longitude: float
    postal_code: str


PLACES = (
    Place("111777151955111", "Menlo Park", "", "Menlo Park", "US", 37.4530, -122.1817, "94025"),
    Place("213385402155113", "Lisbon, Portugal", "", "Lisbon", "PT", 38.7223, -9.1393, "1100-148"),
    Place("106078429431815", "London, United Kingdom", "", "London", "GB", 51.5072, -0.1276, "SW1A 2AA"),
    Place("108424279189115", "New York, New York", "", "New York", "US", 40.7128, -74.0060, "10007"),
    Place("110343502319181", "Copenhagen, Denmark", "", "Copenhagen", "DK", 55.6761, 12.5683, "1550"),
    Place("111085968911361", "Berlin, Germany", "", "Berlin", "DE", 52.5200, 13.4050, "10117"),
    Place("110077955689125", "Hanoi, Vietnam", "", "Hanoi", "VN", 21.0278, 105.8342, "100000"),
    Place("106301412732157", "Seoul, Korea", "", "Seoul", "KR", 37.5665, 126.9780, "04524"),
)
_BY_ID = {place.id: place for place in PLACES}
MENLO_PARK = PLACES[0]


def place(location_id: str) -> dict[str, Any]:
    """A location's fields; an id that is not in the list is a place called by its id."""
    known = _BY_ID.get(location_id) or Place(location_id, f"Place {location_id}", "", "", "", 0.0, 0.0, "")
    return asdict(known)
