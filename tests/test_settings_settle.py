"""A settle time that could double posts is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from treadle.settings import Settings


@pytest.mark.parametrize("values", [{}, {"publish_settle": 300}, {"publish_settle": 10, "time_scale": 1.0}])
def test_a_settle_time_that_is_long_enough_or_a_tests_own_is_taken(values: dict[str, Any]) -> None:
    assert Settings(**values).publish_settle == values.get("publish_settle", 600)


@pytest.mark.parametrize("settle", [0, 10, 299.9])
def test_a_settle_time_under_five_minutes_is_refused(settle: float) -> None:
    with pytest.raises(ValidationError, match="can be published twice"):
        Settings(publish_settle=settle)
