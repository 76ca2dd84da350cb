"""Kill -9 at any moment, any number of times: nothing lost, nothing doubled, the timeline complete.

A few kills on both databases; the whole matrix is in ``crashes.py``.
"""

from __future__ import annotations

import pytest

from tests.support.proof import Tally
from tests.treadle.engine import crashes
from tests.treadle.engine.conftest import matrix_size
from tests.treadle.engine.killing import REQUESTS_OF_A_TEXT, kill_at, kill_at_random, places_of, some, texts
from tests.treadle.engine.shop import Shop
from tests.treadle.engine.traps import Trap

PLACES = (
    *crashes.RECOVERY,
    *crashes.RECOVERY_ALONE,
    *crashes.SHARED,
    *crashes.GROUPS,
    *crashes.MEDIA,
    *crashes.RELEASE,
    *crashes.PROBED,
)


@pytest.mark.parametrize("target", sorted({place.target for place in PLACES}))
def test_the_place_at_which_a_worker_dies_is_there(target: str) -> None:
    """The whole matrix runs seldom; a function that was moved or renamed is noticed here."""
    holder, name = Trap(target).place()
    assert callable(getattr(holder, name))


def test_killed_at_some_stage_boundaries(workerless: Shop, tally: Tally) -> None:
    """Some requests of a text post, before their effect, after it, or after their answer: the worker dies there."""
    places = places_of(REQUESTS_OF_A_TEXT)
    kill_at(workerless, some(places, matrix_size(5, len(places)), tally), texts(1), tally)


def test_killed_at_some_random_moments(workerless: Shop, tally: Tally) -> None:
    kill_at_random(workerless, matrix_size(5, 20), tally)
