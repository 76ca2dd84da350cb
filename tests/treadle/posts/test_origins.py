"""Where the next container's files come from after Meta could not fetch these."""

from __future__ import annotations

from treadle.domain.origins import Origin, next_origin
from treadle.domain.part_files import PreparedFile

LINKED = PreparedFile(kind="IMAGE", url="https://example.com/a.jpg", alt_text=None, size=None)
UPLOADED = PreparedFile(kind="IMAGE", url="https://here.example/a.jpg", alt_text=None, size=1, media_id="med_1")


def test_copies_are_taken_once_and_then_the_given_addresses_again() -> None:
    origin: Origin = "given"
    seen = [origin]
    while (following := next_origin(origin, [LINKED, UPLOADED], reachable=True)) is not None:
        origin = following
        seen.append(origin)
    assert seen == ["given", "copies", "given again"]


def test_without_another_origin_it_stays() -> None:
    assert next_origin("given", [UPLOADED], reachable=True) is None
    assert next_origin("given", [LINKED], reachable=False) is None


def test_from_copies_that_were_asked_for_it_goes_back_to_the_source_once() -> None:
    assert next_origin("given", [UPLOADED], reachable=True, copied=True) == "given again"
    assert next_origin("given", [UPLOADED], reachable=False, copied=True) == "given again"
    assert next_origin("given again", [LINKED], reachable=True, copied=True) is None
